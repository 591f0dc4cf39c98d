"""Tables that know which directories were looked at, and of which one may be out of reach."""

from typing import override

from scim.errors import Unavailable
from scim.storage import keys
from scim.storage.memory import MemoryTables
from scim.storage.rows import Row, Rows
from tests.faults.scripted import ScriptedRows


class Watched(MemoryTables):
    """Tables that are watched.

    Attributes:
        looks: the tables of directories whose head was read, in turn.
        down: the table whose head is out of reach.
    """

    def __init__(self) -> None:
        super().__init__()
        self.looks: list[str] = []
        self.down = ""

    @override
    def rows(self, table: str, partition: str) -> Rows:
        return _Told(super().rows(table, partition), self, table)


class _Told(ScriptedRows):
    def __init__(self, rows: Rows, tables: Watched, table: str) -> None:
        super().__init__(rows)
        self._tables = tables
        self._table = table

    @override
    async def get(self, key: str) -> Row | None:
        if key == keys.HEAD:
            self._tables.looks.append(self._table)
            if self._tables.down == self._table:
                raise Unavailable("ada@example.com", retry_after=1)
        return await super().get(key)
