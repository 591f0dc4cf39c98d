"""Rows in Azure Table Storage (or Cosmos DB for Table): the only module that knows ``azure.data.tables``."""

from collections.abc import AsyncIterator, Awaitable, Mapping, Sequence
from typing import Any, NoReturn

from azure.core import MatchConditions
from azure.core.exceptions import (
    AzureError,
    HttpResponseError,
    ResourceNotFoundError,
    ServiceRequestError,
    ServiceResponseError,
)
from azure.data.tables import RequestTooLargeError, TableTransactionError, UpdateMode
from azure.data.tables.aio import TableClient, TableServiceClient

from scim import telemetry
from scim.errors import PayloadTooLarge, Unavailable
from scim.storage.rows import Create, Merge, Properties, Refused, Row, Rows, Unsettled, Write

_PAGE = 1_000
_READ_RETRIES: dict[str, Any] = {"retry_total": 3, "retry_backoff_factor": 0.2}
_SERVER_ERROR = 500
_ASKS_FOR_TIME = {408, 429}


class AzureTables:
    """A storage account, over one client that all requests of the process share.

    Writes are sent once: the SDK's own retry can turn a write that succeeded into a conflict with itself.
    """

    def __init__(self, storage: str) -> None:
        """Reach an account by its connection string, or by its tables' URL with the process's managed identity."""
        self._service, self._credential = _connect(storage)

    def rows(self, table: str, partition: str) -> Rows:
        """A partition of a table; no call is made."""
        return AzureRows(self._service.get_table_client(table), partition)

    async def create(self, table: str) -> None:
        """Create a table, if it is not there."""
        await _reach(self._service.create_table_if_not_exists(table))

    async def drop(self, table: str) -> None:
        """Delete a table with all it holds, if it is there."""
        await _reach(self._service.delete_table(table))

    async def close(self) -> None:
        """Close the connections."""
        await self._service.close()
        if self._credential is not None:
            await self._credential.close()


class AzureRows:
    """One partition of one table."""

    def __init__(self, client: TableClient, partition: str) -> None:
        self._client = client
        self._partition = partition

    async def get(self, key: str) -> Row | None:
        """A point read."""
        telemetry.count("reads")
        try:
            return _row(await self._client.get_entity(self._partition, key, **_READ_RETRIES))
        except ResourceNotFoundError as error:
            if _table_missing(error):
                _unavailable(error)
            return None
        except AzureError as error:
            _unavailable(error)

    async def range(self, low: str, high: str, limit: int | None = None) -> AsyncIterator[list[Row]]:
        """A query on the row key; the service may cut a page short, so only the token ends it."""
        query = f"PartitionKey eq '{self._partition}' and RowKey ge '{low}' and RowKey lt '{high}'"
        left = limit
        try:
            pages = self._client.query_entities(query, results_per_page=min(limit or _PAGE, _PAGE), **_READ_RETRIES)
            async for page in pages.by_page():
                telemetry.count("reads")
                rows = [_row(entity) async for entity in page]
                yield rows if left is None else rows[:left]
                left = None if left is None else left - len(rows)
                if left is not None and left <= 0:
                    return
        except AzureError as error:
            _unavailable(error)

    async def transact(self, writes: Sequence[Write]) -> list[str]:
        """An entity group transaction, sent once."""
        telemetry.count("transactions")
        try:
            results = await self._client.submit_transaction([self._operation(write) for write in writes])
        except RequestTooLargeError as error:
            raise PayloadTooLarge("The request is larger than one transaction of the store takes (4 MiB).") from error
        except TableTransactionError as error:
            _refused(error)
        except (ServiceRequestError, ServiceResponseError) as error:
            raise Unsettled from error
        except HttpResponseError as error:
            if _passing(error.status_code):
                raise Unsettled from error
            raise
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


def _refused(error: TableTransactionError) -> NoReturn:
    """Say what stood against a transaction, and where."""
    if _table_missing(error):
        _unavailable(error)
    match error.status_code:
        case 409:
            raise Refused(error.index, "exists") from error
        case 404:
            raise Refused(error.index, "missing") from error
        case 412:
            raise Refused(error.index, "stale") from error
        case 413:
            raise PayloadTooLarge("The request is larger than the store takes.") from error
        case status if _passing(status):
            raise Unsettled from error
        case _:
            raise error


def _unavailable(error: AzureError) -> NoReturn:
    """The client should come back: the store does not answer, asks for time, or has no such table."""
    status = error.status_code if isinstance(error, HttpResponseError) else None
    if _table_missing(error) or _passing(status):
        raise Unavailable("The store does not answer; send the request again.", retry_after=5) from error
    raise error


def _passing(status: int | None) -> bool:
    """Whether an answer is about the service's condition, and not about the request."""
    return status is None or status in _ASKS_FOR_TIME or status >= _SERVER_ERROR


def _table_missing(error: AzureError) -> bool:
    return getattr(error, "error_code", None) == "TableNotFound"


async def _reach[T](call: Awaitable[T]) -> T:
    try:
        return await call
    except (ServiceRequestError, ServiceResponseError) as error:
        _unavailable(error)


def _connect(storage: str) -> tuple[TableServiceClient, Any]:
    options: dict[str, Any] = {"retry_total": 0, "connection_timeout": 5, "read_timeout": 10}
    if not storage.lower().startswith("https://"):
        return TableServiceClient.from_connection_string(storage, **options), None
    from azure.identity.aio import DefaultAzureCredential  # noqa: PLC0415 (heavy, and for deployments only)

    credential = DefaultAzureCredential()
    return TableServiceClient(storage, credential=credential, **options), credential
