"""A store that counts its calls, as the budgets count them."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field

from scim.storage.rows import Row, Rows, Tables, Write
from tests.through import ThroughTables


@dataclass(slots=True)
class Calls:
    """Calls to the store since the last reset.

    Attributes:
        keys: the keys asked for; of a page of a range, its lower bound.
        ranged: rows that ranges gave.
        transactions: the number of rows in each transaction sent.
        rounds: how often a call was made while no other was under way: what a client waits for, one after another.
    """

    keys: list[str] = field(default_factory=list)
    ranged: int = 0
    transactions: list[int] = field(default_factory=list)
    rounds: int = 0
    _under_way: int = 0

    @property
    def reads(self) -> int:
        """Rows asked for by key, and pages of ranges."""
        return len(self.keys)

    def reset(self) -> None:
        """Count from zero."""
        self.keys, self.ranged, self.transactions, self.rounds = [], 0, [], 0

    async def begin(self) -> None:
        """A call is sent; others may be sent before its answer comes."""
        self.rounds += not self._under_way
        self._under_way += 1
        await asyncio.sleep(0)

    def end(self) -> None:
        """A call is answered."""
        self._under_way -= 1


class CountingTables(ThroughTables):
    """A storage account whose calls are counted, over another one; those of operators, who create tables, are not."""

    def __init__(self, tables: Tables) -> None:
        self.calls = Calls()
        super().__init__(tables, lambda rows: CountingRows(rows, self.calls))


class CountingRows:
    """A partition whose calls are counted."""

    def __init__(self, rows: Rows, calls: Calls) -> None:
        self._rows = rows
        self._calls = calls

    async def get(self, key: str) -> Row | None:
        """One read."""
        self._calls.keys.append(key)
        await self._calls.begin()
        try:
            return await self._rows.get(key)
        finally:
            self._calls.end()

    async def range(
        self, low: str, high: str, limit: int | None = None, *, keys_only: bool = False
    ) -> AsyncIterator[list[Row]]:
        """One read for each page that is taken."""
        async for page in self._rows.range(low, high, limit, keys_only=keys_only):
            self._calls.keys.append(low)
            self._calls.ranged += len(page)
            await self._calls.begin()
            self._calls.end()
            yield page

    async def transact(self, writes: Sequence[Write]) -> list[str]:
        """One transaction of so many rows."""
        self._calls.transactions.append(len(writes))
        await self._calls.begin()
        try:
            return await self._rows.transact(writes)
        finally:
            self._calls.end()
