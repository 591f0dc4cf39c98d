"""Values and tombstones whose time is up are taken out, wherever that breaks off and whoever writes meanwhile."""

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from scim.changes import Origin
from scim.schema import Schemas
from scim.storage import keys
from scim.storage.checking import Checking
from scim.storage.directory import Directory
from scim.storage.erasing import Erasure, NeverThere
from scim.storage.retaining import Retention
from scim.storage.rows import Create, Delete, Merge, OtherLayout, Row, Rows
from tests.budgets.counting import Calls, CountingRows
from tests.contract.writing import Writer, founded
from tests.faults.invariants import assert_clean
from tests.faults.lossy import Crash, LossyRows, MortalRows, Weather
from tests.faults.scripted import ScriptedRows
from tests.faults.test_checking import found
from tests.houses import Meddling

DAY = 86_400_000
SECRETS = ("Ada", "Countess", "bob")


class House:
    """A directory that is written to on one day after another."""

    def __init__(self, rows: Rows, schemas: Schemas) -> None:
        self.now = 1_795_424_400_000
        self.rows, self.schemas = rows, schemas
        self.writer = Writer(Directory(rows, schemas, lambda: self.now), schemas)

    async def retain(self, rows: Rows | None = None, days: int = 90) -> Retention:
        """Take out what is older than so many days."""
        retention = Retention(rows or self.rows, (self.now - days * DAY) << 16)
        assert await retention()
        return retention

    async def old(self) -> tuple[str, str]:
        """People who come, are changed, and go; and one who stays. Gives the ids of one who went, and who stays."""
        ada = await self.writer.user("Ada", displayName="Ada " + "x" * 40_000)
        bob = await self.writer.user("bob")
        await self.writer.group("staff", ada, bob)
        for number in range(120):
            await self.writer.change("User", bob, nickName=f"Countess {number}")
        going = [await self.writer.user(f"Ada {number}") for number in range(60)]
        for each in (*going, ada):
            await self.writer.delete("User", each)
        return ada, bob

    async def values(self) -> str:
        """All values in change records."""
        return str([change.values async for change in self.writer.directory.changes()])

    async def records(self) -> list[tuple[object, ...]]:
        """What must stay of change records."""
        return [
            (c.number, c.place, c.previous, c.kind, c.type, c.id, c.origin, c.moved, c.notes)
            async for c in self.writer.directory.changes()
        ]

    async def tombstones(self) -> list[str]:
        """The ids of what is known to have been deleted."""
        return [r.key.partition(":")[2] async for page in self.rows.range(*keys.span("tombstone")) for r in page]

    async def assert_right(self) -> None:
        """Fail if anything is wrong."""
        await assert_clean(self.rows, self.schemas)
        assert await found(self.rows, self.schemas) == []


@pytest.fixture
async def house(schemas: Schemas) -> AsyncIterator[House]:
    made = House(await founded(schemas), schemas)
    yield made
    await made.assert_right()


async def test_values_go_when_their_time_is_up_and_who_did_what_and_when_stays(house: House) -> None:
    _, bob = await house.old()
    before = await house.records()
    house.now += 91 * DAY
    await house.writer.change("User", bob, title="Countess of today")
    retention = await house.retain()
    assert (retention.read, retention.emptied, retention.forgotten) == (len(before), len(before), 61)
    held = await house.values()
    assert "today" in held
    assert "Ada" not in held
    assert "Countess " not in held.replace("Countess of today", "")
    assert (await house.records())[:-1] == before
    assert await house.tombstones() == []
    changes = [change async for change in house.writer.directory.changes()]
    assert [c.id for c in changes if c.forgotten] == [c.id for c in changes if c.kind == "delete"]
    assert (await house.writer.read("User", bob)).attributes["title"] == "Countess of today"


async def test_what_is_younger_stays_and_nothing_is_read_twice(house: House) -> None:
    await house.old()
    assert (await house.retain()).read == 0
    house.now += 91 * DAY
    await house.retain()
    await house.writer.user("eve")
    calls = Calls()
    assert (await house.retain(CountingRows(house.rows, calls))).read == 0
    assert (calls.reads, calls.transactions) == (3, [])
    house.now += 50 * DAY
    again = await house.retain(days=30)
    assert (again.read, again.emptied, again.forgotten) == (1, 1, 0)


async def test_a_deleted_id_is_unknown_before_and_after_its_tombstone_expires(house: House) -> None:
    ada, _ = await house.old()
    kind = house.schemas.types["User"]
    assert await house.writer.directory.get(kind, ada, members=True) is None
    house.now += 91 * DAY
    await house.retain()
    assert await house.writer.directory.get(kind, ada, members=True) is None
    erasure = Erasure(house.rows, house.schemas, ada, Origin("operator", ""))
    with pytest.raises(NeverThere):
        _ = [read async for read in erasure()]


@pytest.mark.parametrize("applies", [False, True])
@pytest.mark.parametrize("at", range(1, 6))
async def test_wherever_it_breaks_off_the_next_run_ends_it(house: House, at: int, applies: bool) -> None:
    _, bob = await house.old()
    before = await house.records()
    house.now += 91 * DAY
    with pytest.raises(Crash):  # two lots of values, two of deletions, and the mark
        await house.retain(MortalRows(house.rows, at, applies=applies))
    await house.assert_right()
    await house.writer.change("User", bob, title="in between")
    await house.retain()
    held = await house.values()
    assert [secret for secret in SECRETS if secret in held] == []
    assert await house.tombstones() == []
    assert (await house.records())[:-1] == before
    assert (await house.retain()).read == 0


async def test_it_is_right_through_a_bad_network_and_with_two_at_it_while_others_write(house: House) -> None:
    _, bob = await house.old()
    house.now += 91 * DAY
    seed = random.randrange(10**6)
    print("seed", seed)
    chance = random.Random(seed)
    lossy = [LossyRows(house.rows, chance, Weather(0.1, 0.1, 0.1, 0)) for _ in range(2)]

    async def write() -> None:
        for number in range(30):
            await house.writer.change("User", bob, title=f"in between {number}")

    await asyncio.gather(*(house.retain(rows) for rows in lossy), write())
    for rows in lossy:
        await rows.arrive()
    await house.retain()
    held = await house.values()
    assert [secret for secret in SECRETS if secret in held] == []
    assert await house.tombstones() == []


@pytest.mark.parametrize("before", range(1, 6))
async def test_nobody_is_told_of_a_fault_that_is_none_while_tombstones_go(house: House, before: int) -> None:
    await house.old()
    house.now += 91 * DAY
    told: list[object] = []

    async def look() -> None:
        told.extend(await found(house.rows, house.schemas))

    await house.retain(Meddling(house.rows, before, look))
    assert told == []


class Between(ScriptedRows):
    """Rows with which something happens after a tombstone was read, and before its deletion's record is."""

    def __init__(self, rows: Rows, happens: Callable[[], Awaitable[object]]) -> None:
        super().__init__(rows)
        self._happens = happens
        self.happened = 0

    async def get(self, key: str) -> Row | None:
        row = await super().get(key)
        if key.startswith("tombstone:") and not self.happened:
            self.happened += 1
            await self._happens()
        return row


async def test_a_deletion_forgotten_while_it_is_looked_at_is_looked_at_again(house: House) -> None:
    ada, _ = await house.old()
    tombstone = await house.rows.get(keys.tombstone(ada))
    assert tombstone is not None
    await house.rows.transact([Merge(tombstone.key, tombstone.etag, {"number": "1"})])
    house.now += 91 * DAY
    rows = Between(house.rows, house.retain)
    assert await found(rows, house.schemas) == []
    assert rows.happened


async def test_a_tombstone_that_is_missing_already_does_not_stand_in_the_way(house: House) -> None:
    ada, _ = await house.old()
    house.now += 91 * DAY
    await house.rows.transact([Delete(keys.tombstone(ada))])
    assert (await house.retain()).forgotten == 61


async def test_a_tombstone_that_outlived_its_time_is_told_and_taken_out(house: House) -> None:
    ada, _ = await house.old()
    kept = await house.rows.get(keys.tombstone(ada))
    assert kept is not None
    house.now += 91 * DAY
    await house.retain()
    await house.rows.transact([Create(kept.key, kept.properties)])
    assert [problem.what for problem in await found(house.rows, house.schemas)] == [
        "a tombstone that is to have expired"
    ]
    assert [mended async for _, mended in Checking(house.rows, house.schemas).repair()] == [True]


async def test_rows_of_another_version_are_left_alone(house: House) -> None:
    await house.old()
    house.now += 91 * DAY
    head = await house.rows.get(keys.HEAD)
    assert head is not None
    (etag,) = await house.rows.transact([Merge(head.key, head.etag, {"layout": 2})])
    with pytest.raises(OtherLayout):
        await house.retain()
    await house.rows.transact([Merge(head.key, etag, {"layout": 1})])
    assert "Ada" in await house.values()
