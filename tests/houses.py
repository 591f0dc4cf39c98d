"""A directory in memory whose index rows are brought from one normal form to another."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence

import pytest

from scim.schema import Schemas
from scim.storage import keys
from scim.storage.checking import Checking
from scim.storage.directory import Directory
from scim.storage.normalizing import Tally, normalize
from scim.storage.rows import Row, Rows, Write
from tests.contract.writing import Writer, founded
from tests.faults.invariants import assert_clean
from tests.pythons import CAPITAL, EMOJI, GARAY

MOVED = [f"{CAPITAL}da", f"bob {GARAY}", f"x{CAPITAL}" * 40]
STAYING = ["Ada", "Zoë", "李小龍", f"cid {EMOJI}"]


class House:
    """A directory made on one Python."""

    def __init__(self, rows: Rows, schemas: Schemas) -> None:
        self.rows = rows
        self.schemas = schemas

    def writer(self, rows: Rows | None = None) -> Writer:
        """Another process that writes there."""
        return Writer(Directory(rows or self.rows, self.schemas), self.schemas)

    async def filled(self) -> dict[str, str]:
        """Users with names of all kinds, in all their indexes; gives their ids by name."""
        writer = self.writer()
        ids = {
            name: await writer.user(name, displayName=name, emails=[{"value": f"{name}@x"}, {"value": f"2{name}@x"}])
            for name in [*STAYING, *MOVED]
        }
        await writer.group(f"{GARAY}taff", *ids.values())
        return ids

    async def keys(self) -> list[str]:
        """The keys of all index rows."""
        return [row.key async for page in self.rows.range("", "~") for row in page if "." in row.key.partition(":")[0]]

    async def form(self) -> str:
        """What the head says of the form."""
        row = await self.rows.get(keys.HEAD)
        assert row is not None
        return str(row.properties["form"])

    async def normalize(self, rows: Rows | None = None, *, rehearsal: bool = False) -> Tally:
        """Bring it to the form of the Python that is running."""
        return await normalize(rows or self.rows, self.schemas, lambda _: None, rehearsal=rehearsal)

    async def assert_clean(self) -> None:
        """Fail if anything is wrong with it for the Python that is running."""
        await assert_clean(self.rows, self.schemas)
        assert [problem async for problem in Checking(self.rows, self.schemas).check()] == []


class Meddling:
    """Rows with which something else happens just before one transaction."""

    def __init__(self, rows: Rows, before: int, happens: Callable[[], Awaitable[object]]) -> None:
        self._rows = rows
        self._left = before
        self._happens = happens

    async def get(self, key: str) -> Row | None:
        """A read."""
        return await self._rows.get(key)

    async def range(
        self, low: str, high: str, limit: int | None = None, *, keys_only: bool = False
    ) -> AsyncIterator[list[Row]]:
        """Pages."""
        async for page in self._rows.range(low, high, limit, keys_only=keys_only):
            yield page

    async def transact(self, writes: Sequence[Write]) -> list[str]:
        """A transaction, and the other thing before it."""
        self._left -= 1
        if not self._left:
            await self._happens()
        return await self._rows.transact(writes)


@pytest.fixture
async def house(schemas: Schemas) -> House:
    return House(await founded(schemas), schemas)
