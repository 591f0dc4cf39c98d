"""A storage account whose rows pass through something that watches them."""

from collections.abc import Callable

from scim.storage.rows import Rows, Tables


class ThroughTables:
    """Another account, each of whose partitions is wrapped; what is done to tables passes unseen."""

    def __init__(self, tables: Tables, wrap: Callable[[Rows], Rows]) -> None:
        self._tables = tables
        self._wrap = wrap

    def rows(self, table: str, partition: str) -> Rows:
        """A partition, wrapped."""
        return self._wrap(self._tables.rows(table, partition))

    async def create(self, table: str) -> None:
        """Create a table."""
        await self._tables.create(table)

    async def drop(self, table: str) -> None:
        """Delete a table."""
        await self._tables.drop(table)

    async def close(self) -> None:
        """Close what lies below."""
        await self._tables.close()
