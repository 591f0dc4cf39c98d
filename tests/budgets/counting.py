"""A store that counts its calls, as the budgets count them."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field

from scim.storage.rows import Row, Rows, Tables, Write


@dataclass(slots=True)
class Calls:
    """Calls to the store since the last reset.

    Attributes:
        reads: rows asked for by key, and pages of ranges.
        keys: the keys of the former, and the lower bounds of the latter.
        transactions: the number of rows in each transaction sent.
    """

    keys: list[str] = field(default_factory=list)
    pages: list[int] = field(default_factory=list)
    transactions: list[int] = field(default_factory=list)

    @property
    def reads(self) -> int:
        """Rows asked for by key, and pages of ranges."""
        return len(self.keys)

    def reset(self) -> None:
        """Count from zero."""
        self.keys.clear()
        self.pages.clear()
        self.transactions.clear()


class CountingTables:
    """A storage account whose calls are counted, over another one."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables
        self.calls = Calls()

    def rows(self, table: str, partition: str) -> Rows:
        """A partition that counts."""
        return CountingRows(self._tables.rows(table, partition), self.calls)

    async def create(self, table: str) -> None:
        """Not counted: only operators create tables."""
        await self._tables.create(table)

    async def drop(self, table: str) -> None:
        """Not counted, as above."""
        await self._tables.drop(table)

    async def close(self) -> None:
        """Close what lies below."""
        await self._tables.close()


class CountingRows:
    """A partition whose calls are counted."""

    def __init__(self, rows: Rows, calls: Calls) -> None:
        self._rows = rows
        self._calls = calls

    async def get(self, key: str) -> Row | None:
        """One read."""
        self._calls.keys.append(key)
        return await self._rows.get(key)

    async def range(self, low: str, high: str, limit: int | None = None) -> AsyncIterator[list[Row]]:
        """One read for each page that is taken."""
        async for page in self._rows.range(low, high, limit):
            self._calls.keys.append(low)
            self._calls.pages.append(len(page))
            yield page

    async def transact(self, writes: Sequence[Write]) -> list[str]:
        """One transaction of so many rows."""
        self._calls.transactions.append(len(writes))
        return await self._rows.transact(writes)
