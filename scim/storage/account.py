"""A storage account: who lets us in, over which connections, how long, how often, and what a failure means."""

import asyncio
import hashlib
import hmac
import logging
import random
from base64 import b64decode, b64encode
from collections.abc import Mapping
from email.utils import formatdate
from functools import cached_property
from io import BytesIO
from typing import Any, NoReturn
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import aiohttp
from azure.core.credentials import AzureNamedKeyCredential, AzureSasCredential
from azure.core.exceptions import AzureError, ClientAuthenticationError, HttpResponseError
from azure.core.pipeline import AsyncPipeline, PipelineRequest
from azure.core.pipeline.policies import (
    AsyncBearerTokenCredentialPolicy,
    AsyncHTTPPolicy,
    AzureSasCredentialPolicy,
    SansIOHTTPPolicy,
)
from azure.core.pipeline.transport import AioHttpTransport
from azure.core.rest import AsyncHttpResponse, HttpRequest
from azure.data.tables.aio import TableServiceClient

from scim import observing, telemetry
from scim.storage import wire
from scim.storage.rows import TableNotFound, Unreachable, Unsettled

CONNECT, READ, CALL = 5, 10, 15
"""Seconds to wait at most: for a connection, for the next bytes of an answer, and for all of a call."""
CONNECTIONS = 64
"""Open at once: a process has one CPU, which is busy with some thirty calls when each takes 10 ms."""
_IDLE = {"https": 30, "http": 4}
"""Seconds to keep an idle connection, less than the service does: only emulators speak HTTP, and Azurite waits 5."""
PAUSES = (0.2, 0.4, 0.8)
"""Seconds before a read is tried again."""
_LONGEST_PAUSE = 2.0
_MUCH = 2**20
"""Bytes that are sent piece by piece, for others to have their turn."""
_OK, _NOT_FOUND, _SERVER_ERROR = 200, 404, 500
_ASKS_FOR_TIME = {408, 429}
NOT_LET_IN = {401, 403}

GONE = {"TableNotFound", "TableBeingDeleted"}
"""What the service says of a table that is not there, or soon will not be."""
_COPY = "copy the connection string from the account's access keys into ROLLCALL_STORAGE"
_ROLE = "the role 'Storage Table Data Contributor' on the storage account"
type Entry = SansIOHTTPPolicy[Any, Any] | AsyncHTTPPolicy[Any, Any]
_logger = logging.getLogger("scim")


class Account:
    """A storage account, reached when it is first asked something, over connections that all of the process shares.

    Reads are tried again, writes are sent once: a write sent anew can meet its own success, and take it for a conflict.
    """

    def __init__(self, storage: str) -> None:
        """Know an account by its connection string, or by its tables' URL with the process's managed identity."""
        self._storage = storage
        self._by_identity = storage.lower().startswith("https://")
        self._identity: Any = None
        self._pipeline: AsyncPipeline[HttpRequest, AsyncHttpResponse]
        self.is_cosmos = False

    @cached_property
    def service(self) -> TableServiceClient:
        """The SDK's client; it fails as a call does, so that whoever calls learns what is wrong."""
        try:
            return self._connect()
        except ValueError as error:
            self._unreachable(f"ROLLCALL_STORAGE is neither a connection string nor a tables' URL: {_COPY}", error)

    @property
    def url(self) -> str:
        """Where its tables are, with a slash at the end."""
        return f"{self.service.url}/"

    @property
    def host(self) -> str:
        """Host and port, and nothing else of the address."""
        return urlsplit(self.service.url).netloc.rpartition("@")[2]

    async def read(self, path: str) -> AsyncHttpResponse | None:
        """The answer about what is at a path, None where nothing is; asked for again while the service is busy.

        Raises:
            Unavailable: the table is gone, or no such answer came.
        """
        try:
            async with asyncio.timeout(CALL):
                answer = await self._asked(HttpRequest("GET", self.url + path, headers={"Accept": wire.JSON}))
        except (AzureError, TimeoutError) as error:
            self.failed(error)
        if answer.status_code != _OK:
            fault = wire.fault(answer.status_code, answer.content)
            if answer.status_code == _NOT_FOUND and fault.code not in GONE:
                return None
            self.failed(HttpResponseError(f"{fault.status} {fault.code}", answer), fault)
        return answer

    async def _asked(self, request: HttpRequest) -> AsyncHttpResponse:
        for pause in PAUSES:
            try:
                answer = await self._sent(request)
            except AzureError as error:
                if isinstance(error, ClientAuthenticationError):
                    raise
                asked = 0.0
            else:
                asked = _asked_for(answer.headers)
                if not passing(answer.status_code) or asked > _LONGEST_PAUSE:
                    return answer
            await asyncio.sleep(max(pause * random.uniform(0.5, 1), asked))  # noqa: S311 (no secret)
            observing.retried()
        return await self._sent(request)

    async def write(self, path: str, kind: str, content: bytes) -> AsyncHttpResponse:
        """Send content once; gives an answer about it.

        Raises:
            Unsettled: none came.
            Unreachable: we are not let in.
        """
        length = str(len(content))
        headers = {"Content-Type": kind, "Content-Length": length, "Accept": wire.JSON, "DataServiceVersion": "3.0"}
        body = content if len(content) < _MUCH else BytesIO(content)
        try:
            async with asyncio.timeout(CALL):
                return await self._sent(HttpRequest("POST", self.url + path, headers=headers, content=body))
        except ClientAuthenticationError as error:
            self.failed(error)
        except (AzureError, TimeoutError) as error:
            raise Unsettled from error

    async def _sent(self, request: HttpRequest) -> AsyncHttpResponse:
        request.headers.update({"x-ms-version": self.service.api_version, "x-ms-date": formatdate(usegmt=True)})
        answer = (await self._pipeline.run(request)).http_response
        observing.answered(answer.status_code)
        return answer

    def failed(self, error: AzureError | TimeoutError, fault: wire.Fault | None = None) -> NoReturn:
        """Raise what a failed call means: the table is not there, or the store is out of reach, or a fault of ours."""
        status, code = (fault.status, fault.code) if fault else (status_of(error), getattr(error, "error_code", None))
        if code in GONE:
            raise TableNotFound from error
        if isinstance(error, ClientAuthenticationError) or status in NOT_LET_IN:
            self._unreachable(self._how_to_get_in(status), error)
        if status is None:
            advice = "see that it runs, and that ROLLCALL_STORAGE names it rightly"
            self._unreachable(f"the store at {self.host} does not answer: {advice}", error)
        if not passing(status):
            raise error
        self._unreachable(f"the store at {self.host} answers {status}: try again in a moment", error)

    async def close(self) -> None:
        """Close the connections, if there are any."""
        if "service" in vars(self):
            await self.service.close()
        if self._identity is not None:
            await self._identity.close()

    def _connect(self) -> TableServiceClient:
        transport = AioHttpTransport(connection_timeout=CONNECT, read_timeout=READ)
        options: dict[str, Any] = {"transport": transport, "retry_total": 0}
        if self._by_identity:
            from azure.identity.aio import DefaultAzureCredential  # noqa: PLC0415 (heavy, and for deployments only)

            self._identity = self._identity or DefaultAzureCredential()
            service = TableServiceClient(self._storage, credential=self._identity, **options)
        else:
            service = TableServiceClient.from_connection_string(self._storage, **options)
        self.is_cosmos = ".table.cosmos" in service.url
        transport.session = _session(service.url)
        self._pipeline = AsyncPipeline(transport, [self._entry(service)])
        return service

    def _entry(self, service: TableServiceClient) -> Entry:
        """What a request carries to be let in, by the kind of credential that the SDK has found."""
        match service.credential:
            case AzureNamedKeyCredential() as credential:
                return _SharedKeyLite(credential)
            case AzureSasCredential() as credential:
                return AzureSasCredentialPolicy(credential)
        scope = "https://cosmos.azure.com/.default" if self.is_cosmos else "https://storage.azure.com/.default"
        return AsyncBearerTokenCredentialPolicy(self._identity, scope)

    def _how_to_get_in(self, status: int | None) -> str:
        if not self._by_identity:
            return f"the store at {self.host} refuses the account's key: {_COPY}"
        if status is None:
            return f"nobody is signed in to the store at {self.host}: sign in with 'az login', as one who has {_ROLE}"
        return f"the store at {self.host} does not let this identity in: give it {_ROLE}, and some minutes to count"

    def _unreachable(self, remedy: str, error: Exception) -> NoReturn:
        if telemetry.current() is not None:  # elsewhere the operator is there to be told
            _logger.error(remedy, exc_info=error)
        raise Unreachable(remedy) from error


class _SharedKeyLite(SansIOHTTPPolicy[HttpRequest, AsyncHttpResponse]):
    """The signature of https://learn.microsoft.com/rest/api/storageservices/authorize-with-shared-key."""

    def __init__(self, credential: AzureNamedKeyCredential) -> None:
        self._credential = credential

    def on_request(self, request: PipelineRequest[HttpRequest]) -> None:
        name, key = self._credential.named_key
        asked = request.http_request
        signed = f"{asked.headers['x-ms-date']}\n/{name}{urlsplit(asked.url).path}"
        try:
            signature = b64encode(hmac.digest(b64decode(key), signed.encode(), hashlib.sha256)).decode()
        except ValueError as error:
            raise ClientAuthenticationError("The account's key is not in base64.") from error
        asked.headers["Authorization"] = f"SharedKeyLite {name}:{signature}"


def _session(url: str) -> aiohttp.ClientSession:
    """The connections; the environment is asked once for a proxy, where the SDK asks at each request, on a thread."""
    address = urlsplit(url)
    proxy = None if proxy_bypass(address.hostname or "") else getproxies().get(address.scheme)
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=CONNECTIONS, keepalive_timeout=_IDLE[address.scheme]),
        cookie_jar=aiohttp.DummyCookieJar(),
        proxy=proxy,
    )


def status_of(error: Exception) -> int | None:
    """The status of the answer that an error is about, if it is about one."""
    return error.status_code if isinstance(error, HttpResponseError) else None


def passing(status: int) -> bool:
    """Whether an answer is about the service's condition, and not about the request."""
    return status in _ASKS_FOR_TIME or status >= _SERVER_ERROR


def _asked_for(headers: Mapping[str, str]) -> float:
    """How many seconds an answer asks us to wait."""
    asked = headers.get("Retry-After", "")
    return float(asked) if asked.isdecimal() else 0.0
