"""Rows by the SDK's own calls: the reference that our own requests to the Table service are held to."""

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

from azure.core import MatchConditions
from azure.core.exceptions import HttpResponseError, ResourceNotFoundError
from azure.data.tables import RequestTooLargeError, TableTransactionError, UpdateMode
from azure.data.tables.aio import TableServiceClient

from scim.errors import PayloadTooLarge
from scim.storage.rows import Create, Merge, Refused, Row, Rows, TableNotFound, Write

_GONE = {"TableNotFound", "TableBeingDeleted"}


class SdkTables:
    """A storage account, over azure-data-tables alone."""

    def __init__(self, storage: str) -> None:
        self._service = TableServiceClient.from_connection_string(storage, retry_total=0)

    def rows(self, table: str, partition: str) -> Rows:
        """A partition of a table; no call is made."""
        return SdkRows(self._service, table, partition)

    async def create(self, table: str) -> None:
        """Create a table, if it is not there."""
        await self._service.create_table_if_not_exists(table)

    async def drop(self, table: str) -> None:
        """Delete a table with all it holds, if it is there."""
        await self._service.delete_table(table)

    async def close(self) -> None:
        """Close the connections."""
        await self._service.close()


class SdkRows:
    """One partition of one table."""

    def __init__(self, service: TableServiceClient, table: str, partition: str) -> None:
        self._client = service.get_table_client(table)
        self._partition = partition

    async def get(self, key: str) -> Row | None:
        """A point read."""
        try:
            return _row(await self._client.get_entity(self._partition, key))
        except ResourceNotFoundError as error:
            if _gone(error):
                raise TableNotFound from error
            return None

    async def range(
        self, low: str, high: str, limit: int | None = None, *, keys_only: bool = False
    ) -> AsyncIterator[list[Row]]:
        """A query on the row key."""
        bounds = [text.replace("'", "''") for text in (self._partition, low, high)]
        query = "PartitionKey eq '{}' and RowKey ge '{}' and RowKey lt '{}'".format(*bounds)
        left, select = limit, ["RowKey"] if keys_only else None
        pages = self._client.query_entities(query, select=select, results_per_page=min(limit or 1_000, 1_000))
        try:
            async for page in pages.by_page():
                rows = [_row(entity) async for entity in page]
                yield rows if left is None else rows[:left]
                left = None if left is None else left - len(rows)
                if left is not None and left <= 0:
                    return
        except HttpResponseError as error:
            if _gone(error):
                raise TableNotFound from error
            raise

    async def transact(self, writes: Sequence[Write]) -> list[str]:
        """An entity group transaction."""
        try:
            results = await self._client.submit_transaction([self._operation(write) for write in writes])
        except RequestTooLargeError as error:
            raise PayloadTooLarge("The request is larger than one transaction of the store takes (4 MiB).") from error
        except TableTransactionError as error:
            if _gone(error):
                raise TableNotFound from error
            match error.status_code:
                case 409:
                    raise Refused(error.index, "exists") from error
                case 404:
                    raise Refused(error.index, "missing") from error
                case 412:
                    raise Refused(error.index, "stale") from error
            raise
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
    properties = {name: value for name, value in entity.items() if name not in {"PartitionKey", "RowKey"}}
    return Row(entity["RowKey"], entity.metadata["etag"], properties)  # type: ignore[attr-defined] # a TableEntity


def _gone(error: HttpResponseError) -> bool:
    return getattr(error, "error_code", None) in _GONE
