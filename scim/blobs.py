"""A container of blobs, as a place for backups."""

import base64
import uuid
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

from azure.core import MatchConditions
from azure.core.exceptions import AzureError, ClientAuthenticationError, HttpResponseError, ResourceNotFoundError

from scim.identity import Identity
from scim.places import PlaceError

_BLOCK = 4 * 2**20
"""Bytes that are sent together: a blob may have 50,000 blocks, which are 200 GB."""
_CONNECT, _READ = 5, 60
"""Seconds to wait at most: for a connection, and for the next bytes of an answer."""
_NEVER = "_ready"
_NOT_FOUND = 404
_TAKEN = {409, 412}
_NOT_LET_IN = {401, 403}


class Container:
    """A container, let in by a SAS in its URL or by an identity; nobody is asked anything before it is needed."""

    def __init__(self, url: str, client_id: str = "") -> None:
        self._url = url
        self._signed = bool(urlsplit(url).query)
        self._identity = Identity(client_id)
        self._client: Any = None

    async def ready(self) -> None:
        """See that it is there, by one call that the SAS of a container allows, too: about a blob that never is."""
        with self._told():
            try:
                await self._container.get_blob_client(_NEVER).get_blob_properties()
            except ResourceNotFoundError as error:
                if _code(error) == "ContainerNotFound":
                    raise PlaceError("the container of ROLLCALL_BACKUPS is not there: create it") from None

    async def has(self, name: str) -> bool:
        """Whether there is a blob of that name."""
        with self._told():
            return bool(await self._container.get_blob_client(name).exists())

    async def put(self, name: str, pieces: AsyncIterator[bytes]) -> bool:
        """Write a blob: blocks that nobody sees, and last the list of them, if no blob has the name by then."""
        blob, run, blocks, waiting = self._container.get_blob_client(name), uuid.uuid4().hex, list[Any](), bytearray()

        async def send() -> None:
            number = base64.b64encode(f"{run}{len(blocks):06}".encode()).decode()
            with self._told():
                await blob.stage_block(number, bytes(waiting))
            blocks.append(_block(number))
            waiting.clear()

        async for piece in pieces:
            waiting += piece
            if len(waiting) >= _BLOCK:
                await send()
        if waiting:  # the service takes no block of nothing
            await send()
        with self._told():
            try:
                await blob.commit_block_list(blocks, match_condition=MatchConditions.IfMissing)
            except HttpResponseError as error:  # another's list has been taken, and these blocks with it
                taken = error.status_code in _TAKEN or _code(error) == "InvalidBlockList"
                if not taken or not await blob.exists():
                    raise
                return False
        return True

    async def get(self, name: str) -> AsyncIterator[bytes]:
        """The pieces of a blob."""
        with self._told(name):
            download = await self._container.download_blob(name)
            async for piece in download.chunks():
                yield piece

    async def close(self) -> None:
        """Close the connections, if there are any."""
        if self._client is not None:
            await self._client.close()
        await self._identity.close()

    @property
    def _container(self) -> Any:  # noqa: ANN401 (a package that is not imported before it is needed)
        if self._client is None:
            from azure.storage.blob.aio import ContainerClient, ExponentialRetry  # noqa: PLC0415 (heavy, seldom needed)

            self._client = ContainerClient.from_container_url(
                self._url,
                credential=None if self._signed else self._identity,
                retry_policy=ExponentialRetry(initial_backoff=1, increment_base=2, retry_total=3),
                connection_timeout=_CONNECT,
                read_timeout=_READ,
            )
        return self._client

    @contextmanager
    def _told(self, name: str = "") -> Iterator[None]:
        """Say of what goes wrong what is to be done; neither the URL, which may hold a SAS, nor the SDK's own words."""
        try:
            yield
        except (AzureError, ValueError) as error:  # of an address that is none, or one that no token must be sent to
            raise PlaceError(self._remedy(error, name)) from error

    def _remedy(self, error: Exception, name: str) -> str:
        status = error.status_code if isinstance(error, HttpResponseError) else None
        if status in _NOT_LET_IN and self._signed:
            return "the SAS in ROLLCALL_BACKUPS is not taken: it must not have ended, and allow to create, write, read"
        if status in _NOT_LET_IN:
            return (
                "the container of ROLLCALL_BACKUPS does not let this identity in: give it the role 'Storage Blob Data "
                "Contributor' on the container, and some minutes to count"
            )
        if isinstance(error, ClientAuthenticationError):
            return "nobody is signed in to the container of ROLLCALL_BACKUPS: see ROLLCALL_IDENTITY"
        if status == _NOT_FOUND:
            what = f"{name} is not in the container" if name else "there is no container"
            return f"{what} of ROLLCALL_BACKUPS"
        return "the container of ROLLCALL_BACKUPS does not answer: see that it names one, and try again"


def _code(error: HttpResponseError) -> str:
    """What the service calls the error."""
    return str(getattr(error, "error_code", ""))


def _block(number: str) -> Any:  # noqa: ANN401 (as above)
    from azure.storage.blob import BlobBlock  # noqa: PLC0415 (as above)

    return BlobBlock(number)
