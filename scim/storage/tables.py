"""Rows in Azure Table Storage (or Cosmos DB for Table): the only module that knows ``azure.data.tables``."""

import logging
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import suppress
from functools import cached_property
from typing import Any, NoReturn
from urllib.parse import urlsplit

from azure.core import MatchConditions
from azure.core.exceptions import (
    AzureError,
    ClientAuthenticationError,
    HttpResponseError,
    ResourceNotFoundError,
)
from azure.data.tables import RequestTooLargeError, TableTransactionError, UpdateMode
from azure.data.tables.aio import TableClient, TableServiceClient

from scim import telemetry
from scim.errors import PayloadTooLarge
from scim.storage.rows import (
    Create,
    Merge,
    Properties,
    Refused,
    Row,
    Rows,
    TableNotFound,
    Unreachable,
    Unsettled,
    Write,
)

_PAGE = 1_000
_READ_RETRIES: dict[str, Any] = {"retry_total": 3, "retry_backoff_factor": 0.2}
_SERVER_ERROR = 500
_ASKS_FOR_TIME = {408, 429}
_NOT_LET_IN = {401, 403}
_logger = logging.getLogger("scim")


class AzureTables:
    """A storage account, over one client that all requests of the process share.

    Writes are sent once: the SDK's own retry can turn a write that succeeded into a conflict with itself.
    """

    def __init__(self, storage: str) -> None:
        """Reach an account by its connection string, or by its tables' URL with the process's managed identity."""
        self._account = _Account(storage)

    def rows(self, table: str, partition: str) -> Rows:
        """A partition of a table; no call is made."""
        return AzureRows(self._account, table, partition)

    async def create(self, table: str) -> None:
        """Create a table, if it is not there."""
        service = self._account.service
        try:
            await service.create_table_if_not_exists(table)
        except HttpResponseError as error:
            if error.status_code is None or _shut_out(error) or _passing(error.status_code):
                self._account.failed(error)
            status = f"the store at {self._account.host} answers {error.status_code}"
            raise Unreachable(f"{status}: see that ROLLCALL_STORAGE names the account's tables") from error
        except AzureError as error:
            self._account.failed(error)

    async def drop(self, table: str) -> None:
        """Delete a table with all it holds, if it is there."""
        service = self._account.service
        with suppress(TableNotFound):
            try:
                await service.delete_table(table)
            except AzureError as error:
                self._account.failed(error)

    async def close(self) -> None:
        """Close the connections."""
        await self._account.close()


class AzureRows:
    """One partition of one table."""

    def __init__(self, account: "_Account", table: str, partition: str) -> None:
        self._account = account
        self._table = table
        self._partition = partition

    @cached_property
    def _client(self) -> TableClient:
        return self._account.service.get_table_client(self._table)

    async def get(self, key: str) -> Row | None:
        """A point read."""
        telemetry.count("reads")
        try:
            return _row(await self._client.get_entity(self._partition, key, **_READ_RETRIES))
        except AzureError as error:
            if isinstance(error, ResourceNotFoundError) and not _table_missing(error):
                return None
            self._account.failed(error)

    async def range(
        self, low: str, high: str, limit: int | None = None, *, keys_only: bool = False
    ) -> AsyncIterator[list[Row]]:
        """A query on the row key; the service may cut a page short, so only the token ends it."""
        query = f"PartitionKey eq '{self._partition}' and RowKey ge '{low}' and RowKey lt '{high}'"
        left = limit
        try:
            pages = self._client.query_entities(
                query,
                select=["RowKey"] if keys_only else None,
                results_per_page=min(limit or _PAGE, _PAGE),
                **_READ_RETRIES,
            )
            async for page in pages.by_page():
                telemetry.count("reads")
                rows = [_row(entity) async for entity in page]
                yield rows if left is None else rows[:left]
                left = None if left is None else left - len(rows)
                if left is not None and left <= 0:
                    return
        except AzureError as error:
            self._account.failed(error)

    async def transact(self, writes: Sequence[Write]) -> list[str]:
        """An entity group transaction, sent once."""
        telemetry.count("transactions")
        try:
            results = await self._client.submit_transaction([self._operation(write) for write in writes])
        except RequestTooLargeError as error:
            raise PayloadTooLarge("The request is larger than one transaction of the store takes (4 MiB).") from error
        except AzureError as error:
            if _passing(_status(error)) and not _shut_out(error):
                raise Unsettled from error
            if isinstance(error, TableTransactionError) and not _table_missing(error):
                _refused(error)
            self._account.failed(error)
        if len(results) != len(writes):
            raise Unsettled
        return [str(result.get("etag") or "") for result in results]

    def _operation(self, write: Write) -> Any:  # noqa: ANN401 (one of the SDK's tuple shapes)
        entity = {"PartitionKey": self._partition, "RowKey": write.key}
        if isinstance(write, Create):
            return "create", {**entity, **write.properties}
        if isinstance(write, Merge):
            condition = {"etag": write.etag, "match_condition": MatchConditions.IfNotModified}
            return "update", {**entity, **write.properties}, {"mode": UpdateMode.MERGE, **condition}
        if write.etag is None:
            return "delete", entity
        return "delete", entity, {"etag": write.etag, "match_condition": MatchConditions.IfNotModified}


def _row(entity: Mapping[str, Any]) -> Row:
    properties: Properties = {name: value for name, value in entity.items() if name not in {"PartitionKey", "RowKey"}}
    return Row(entity["RowKey"], entity.metadata["etag"], properties)  # type: ignore[attr-defined] # a TableEntity


def _refused(error: TableTransactionError) -> None:
    """Say what stood against a transaction, and where, if it is one of the things that may."""
    match error.status_code:
        case 409:
            raise Refused(error.index, "exists") from error
        case 404:
            raise Refused(error.index, "missing") from error
        case 412:
            raise Refused(error.index, "stale") from error
        case 413:
            raise PayloadTooLarge("The request is larger than the store takes.") from error


def _status(error: AzureError) -> int | None:
    return error.status_code if isinstance(error, HttpResponseError) else None


def _passing(status: int | None) -> bool:
    """Whether an answer is about the service's condition, and not about the request."""
    return status is None or status in _ASKS_FOR_TIME or status >= _SERVER_ERROR


def _shut_out(error: AzureError) -> bool:
    """Whether we were not let in, or had nothing to be let in with."""
    return isinstance(error, ClientAuthenticationError) or _status(error) in _NOT_LET_IN


def _table_missing(error: AzureError) -> bool:
    return getattr(error, "error_code", None) in {"TableNotFound", "TableBeingDeleted"}


_COPY = "copy the connection string from the account's access keys into ROLLCALL_STORAGE"
_ROLE = "the role 'Storage Table Data Contributor' on the storage account"


class _Account:
    """A storage account, reached when it is first asked something; knows what stands between it and an answer."""

    def __init__(self, storage: str) -> None:
        self._storage = storage
        self._by_identity = storage.lower().startswith("https://")
        self._credential: Any = None

    @cached_property
    def service(self) -> TableServiceClient:
        """The client; it fails as a call does, so that whoever calls learns what is wrong."""
        try:
            return self._connect()
        except ValueError as error:
            self._unreachable(f"ROLLCALL_STORAGE is neither a connection string nor a tables' URL: {_COPY}", error)

    @property
    def host(self) -> str:
        """Host and port, and nothing else of the address."""
        return urlsplit(self.service.url).netloc.rpartition("@")[2]

    def failed(self, error: AzureError) -> NoReturn:
        """Raise what a failed call means: the table is not there, or the store is out of reach, or a fault of ours."""
        status = _status(error)
        if _table_missing(error):
            raise TableNotFound from error
        if _shut_out(error):
            self._unreachable(self._how_to_get_in(status), error)
        if not _passing(status):
            raise error
        if status is None:
            advice = "see that it runs, and that ROLLCALL_STORAGE names it rightly"
            self._unreachable(f"the store at {self.host} does not answer: {advice}", error)
        self._unreachable(f"the store at {self.host} answers {status}: try again in a moment", error)

    async def close(self) -> None:
        """Close the connections, if there are any."""
        if "service" in vars(self):
            await self.service.close()
        if self._credential is not None:
            await self._credential.close()

    def _connect(self) -> TableServiceClient:
        options: dict[str, Any] = {"retry_total": 0, "connection_timeout": 5, "read_timeout": 10}
        if not self._by_identity:
            return TableServiceClient.from_connection_string(self._storage, **options)
        from azure.identity.aio import DefaultAzureCredential  # noqa: PLC0415 (heavy, and for deployments only)

        self._credential = self._credential or DefaultAzureCredential()
        return TableServiceClient(self._storage, credential=self._credential, **options)

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
