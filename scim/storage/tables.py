"""Rows in Azure Table Storage (or Cosmos DB for Table)."""

import re
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import suppress
from typing import Literal

from azure.core.exceptions import AzureError, HttpResponseError

from scim import telemetry
from scim.errors import PayloadTooLarge
from scim.storage import keys, wire
from scim.storage.account import GONE, NOT_LET_IN, Account, passing, status_of
from scim.storage.rows import Refused, Row, Rows, TableNotFound, Unreachable, Unsettled, Write

_OF_DIRECTORY = re.compile("p[0-9a-f]{32}")
_PAGE = 1_000
_ACCEPTED = 202
_TOO_LARGE = 413
_CAUSES: Mapping[int, Literal["exists", "missing", "stale"]] = {409: "exists", 404: "missing", 412: "stale"}


class AzureTables:
    """A storage account.

    The SDK creates and deletes tables. What is done all day is asked for in our own words: the SDK's cost many times
    as much (docs/decisions/0016).
    """

    def __init__(self, storage: str) -> None:
        """Reach an account by its connection string, or by its tables' URL with the process's managed identity."""
        self._account = Account(storage)

    def rows(self, table: str, partition: str) -> Rows:
        """A partition of a table; no call is made."""
        return AzureRows(self._account, table, partition)

    async def create(self, table: str) -> None:
        """Create a table, if it is not there."""
        service = self._account.service
        try:
            await service.create_table_if_not_exists(table)
        except AzureError as error:
            status = status_of(error)
            if status is None or status in NOT_LET_IN or passing(status):
                self._account.failed(error)
            said = f"the store at {self._account.host} answers {status}"
            raise Unreachable(f"{said}: see that ROLLCALL_STORAGE names the account's tables") from error

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

    def __init__(self, account: Account, table: str, partition: str) -> None:
        self._account = account
        self._table = table
        self._partition = partition

    async def get(self, key: str) -> Row | None:
        """A point read."""
        with telemetry.call("get", self._kind(key)):
            answer = await self._account.read(self._table + wire.address(self._partition, key))
        return wire.row(answer.content) if answer else None

    async def range(
        self, low: str, high: str, limit: int | None = None, *, keys_only: bool = False
    ) -> AsyncIterator[list[Row]]:
        """A query on the row key; the service may cut a page short, even to nothing: only the token ends it."""
        left, following = limit, ""
        asked = wire.query(self._partition, low, high, min(limit or _PAGE, _PAGE), keys_only=keys_only)
        while True:
            with telemetry.call("range", self._kind(low)):
                answer = await self._account.read(f"{self._table}()?{asked}{following}")
                if answer is None:
                    raise TableNotFound
            rows = wire.rows(answer.content)
            yield rows if left is None else rows[:left]
            left = None if left is None else left - len(rows)
            following = wire.following(answer.headers)
            if not following or (left is not None and left <= 0):
                return

    async def transact(self, writes: Sequence[Write]) -> list[str]:
        """An entity group transaction, sent once."""
        with telemetry.call("transact", f"{len(writes)} rows"):
            return await self._transact(writes)

    async def _transact(self, writes: Sequence[Write]) -> list[str]:
        table = self._account.url + self._table
        kind, content = wire.transaction(table, self._partition, writes, tunnel=self._account.is_cosmos)
        answer = await self._account.write("$batch", kind, content)
        accepted = answer.status_code == _ACCEPTED
        came = wire.etags(answer.content) if accepted else wire.fault(answer.status_code, answer.content)
        if isinstance(came, wire.Fault):
            if accepted and came.status in _CAUSES and came.code not in GONE:
                raise Refused(came.index, _CAUSES[came.status])
            if passing(came.status):
                raise Unsettled
            if came.status == _TOO_LARGE:
                raise PayloadTooLarge("The request is larger than one transaction of the store takes (4 MiB).")
            self._account.failed(HttpResponseError(f"{came.status} {came.code}", answer), came)
        if len(came) != len(writes):
            raise Unsettled
        return came

    def _kind(self, key: str) -> str:
        """What kind of row a key is of, in words that name nobody: elsewhere than in directories the table's name."""
        return keys.kind(key) if _OF_DIRECTORY.fullmatch(self._table) else self._table
