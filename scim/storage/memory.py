"""Rows in memory: for tests, for trying things out, and as the measure of what the code itself costs."""

from bisect import bisect_left, insort
from collections.abc import AsyncIterator, Sequence
from itertools import count

from scim.storage.rows import Create, Delete, Merge, Refused, Row, Rows, TableNotFound, Write

_PAGE = 1_000


class MemoryTables:
    """A storage account that forgets everything when it goes."""

    def __init__(self) -> None:
        self._tables: dict[str, dict[str, MemoryRows]] = {}

    def rows(self, table: str, partition: str) -> Rows:
        """A partition; that its table exists is asked at each call."""
        return _Partition(self._tables, table, partition)

    async def create(self, table: str) -> None:
        """Create a table, if it is not there."""
        self._tables.setdefault(table, {})

    async def drop(self, table: str) -> None:
        """Delete a table, if it is there."""
        self._tables.pop(table, None)

    async def close(self) -> None:
        """Nothing is held."""


class MemoryRows:
    """One partition: rows by key, and their keys in order."""

    def __init__(self) -> None:
        self._rows: dict[str, Row] = {}
        self._keys: list[str] = []
        self._etags = count(1)

    async def get(self, key: str) -> Row | None:
        """The row of that key."""
        return self._rows.get(key)

    async def range(
        self, low: str, high: str, limit: int | None = None, *, keys_only: bool = False
    ) -> AsyncIterator[list[Row]]:
        """Rows in the order of their keys; a page is read when it is asked for, as from a real table."""
        left = limit
        while left is None or left > 0:
            at = bisect_left(self._keys, low)
            keys = self._keys[at : at + min(left or _PAGE, _PAGE)]
            page = [self._rows[key] for key in keys if key < high]
            yield [Row(row.key, row.etag, {}) for row in page] if keys_only else page
            if len(page) < _PAGE:
                return
            left = None if left is None else left - len(page)
            low = page[-1].key + "\0"

    async def transact(self, writes: Sequence[Write]) -> list[str]:
        """Check every write, then apply them all."""
        for index, write in enumerate(writes):
            self._check(index, write)
        return [self._apply(write) for write in writes]

    def _check(self, index: int, write: Write) -> None:
        row = self._rows.get(write.key)
        if isinstance(write, Create):
            if row is not None:
                raise Refused(index, "exists")
        elif row is None:
            raise Refused(index, "missing")
        elif write.etag is not None and write.etag != row.etag:
            raise Refused(index, "stale")

    def _apply(self, write: Write) -> str:
        if isinstance(write, Delete):
            del self._rows[write.key]
            self._keys.pop(bisect_left(self._keys, write.key))
            return ""
        if isinstance(write, Create):
            insort(self._keys, write.key)
        held = self._rows[write.key].properties if isinstance(write, Merge) else {}
        etag = f'"{next(self._etags)}"'
        self._rows[write.key] = Row(write.key, etag, {**held, **write.properties})
        return etag


class _Partition:
    """A partition named, found anew at each call, since its table may go at any time."""

    def __init__(self, tables: dict[str, dict[str, MemoryRows]], table: str, partition: str) -> None:
        self._tables = tables
        self._table = table
        self._partition = partition

    def _found(self) -> MemoryRows:
        partitions = self._tables.get(self._table)
        if partitions is None:
            raise TableNotFound
        return partitions.setdefault(self._partition, MemoryRows())

    async def get(self, key: str) -> Row | None:
        return await self._found().get(key)

    async def range(
        self, low: str, high: str, limit: int | None = None, *, keys_only: bool = False
    ) -> AsyncIterator[list[Row]]:
        async for page in self._found().range(low, high, limit, keys_only=keys_only):
            yield page

    async def transact(self, writes: Sequence[Write]) -> list[str]:
        return await self._found().transact(writes)
