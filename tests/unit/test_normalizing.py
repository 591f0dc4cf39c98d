"""Index rows brought to the normal form of another Python: beside writers, after any crash, and only without twins."""

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from itertools import count
from urllib.parse import quote

import pytest

from scim import normal_forms
from scim.errors import NotFound, ScimError, Unavailable, Uniqueness
from scim.schema import Schemas
from scim.storage import keys
from scim.storage.checking import Checking
from scim.storage.directory import Directory
from scim.storage.forms import read
from scim.storage.memory import MemoryTables
from scim.storage.normalizing import Tally, normalize
from scim.storage.records import Head
from scim.storage.rows import Delete, Merge, OtherForm, Row, Rows, SettingsChanged, Write
from tests.client import USER, Client, new_app, new_client
from tests.contract.writing import Writer, founded
from tests.faults.invariants import assert_clean
from tests.faults.lossy import Crash, LossyRows, MortalRows, Weather
from tests.pythons import CAPITAL, EMOJI, GARAY, GARAY_SMALL, NEW, OLD, RULED, SMALL, Python, pythons, running

__all__ = ["pythons"]
pytestmark = pytest.mark.usefixtures("pythons")

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


@pytest.fixture
async def house(schemas: Schemas) -> House:
    return House(await founded(schemas), schemas)


async def test_rows_whose_keys_are_others_are_made_and_then_the_old_ones_go(house: House) -> None:
    await house.filled()
    before = await house.keys()
    with running(NEW):
        tally = await house.normalize()
        assert tally.twins == []
        after = await house.keys()
        assert (tally.made, tally.deleted) == (len({*after} - {*before}), len({*before} - {*after}))
        assert tally.made == tally.deleted == 3 * len(MOVED) + 1
        assert await house.form() == "1/16.0.0"
        await house.assert_clean()
        last = len([change async for change in house.writer().directory.changes()])
        again = await house.normalize()
        assert (again.made, again.deleted) == (0, 0)
        assert len([change async for change in house.writer().directory.changes()]) == last
    await house.normalize()
    assert sorted(await house.keys()) == sorted(before)
    await house.assert_clean()


async def test_a_head_that_says_nothing_is_of_the_form_that_all_wrote_until_it_did(house: House) -> None:
    row = await house.rows.get(keys.HEAD)
    assert row is not None
    unsaid = {name: value for name, value in row.properties.items() if name != "form"}
    assert Head.decode(Row(keys.HEAD, "", unsaid)).form == read(OLD.form)


async def test_what_every_version_compares_alike_is_served_by_all(house: House) -> None:
    ids = await house.filled()
    with running(NEW):
        other = house.writer()
        eve = await other.user("Éve", emails=[{"value": "É@x"}])
        await other.change("User", eve, userName="ÈVE")
        await other.change("User", ids[MOVED[0]], title="Boss", externalId="e1")
        await other.change("User", ids["Ada"], userName="李")
        await other.delete("User", ids["Zoë"])
        with pytest.raises(Uniqueness):
            await other.user("èvE")
    assert await house.writer().find("User", "userName", "ève") == [eve]
    await house.assert_clean()


@pytest.mark.parametrize("other", [NEW, RULED])
async def test_what_may_have_other_keys_is_neither_brought_nor_taken(house: House, other: Python) -> None:
    ids = await house.filled()
    before = await house.keys()
    with running(other):
        writer = house.writer()
        for attempt in (
            lambda: writer.user(f"{EMOJI}!"),
            lambda: writer.user("dan", emails=[{"value": f"{CAPITAL}@y"}]),
            lambda: writer.change("User", ids["Ada"], userName=GARAY),
            lambda: writer.change("User", ids[MOVED[0]], userName="plain"),
            lambda: writer.change("User", ids[MOVED[0]], emails=[{"value": f"{MOVED[0]}@x"}]),
            lambda: writer.delete("User", ids[MOVED[1]]),
        ):
            with pytest.raises(OtherForm, match="scim migrate"):
                await attempt()
    assert await house.keys() == before
    await house.assert_clean()


async def test_a_change_of_our_own_rules_moves_every_key_that_it_concerns(house: House) -> None:
    ann = await house.writer().user("Ann-Lee")
    await house.writer().users(120)
    with running(RULED):
        with pytest.raises(OtherForm):
            await house.writer().user("plain")
        assert not await house.writer().directory.reaches(house.schemas.types["User"].indexes[0], "plain")
        tally = await house.normalize()
        assert (tally.made, tally.deleted) == (1, 1)
        assert await house.writer().find("User", "userName", "annlee") == [ann]
        await house.assert_clean()


async def test_two_that_become_equal_stop_it_before_anything_is_taken_away(house: House) -> None:
    writer = house.writer()
    big, small = await writer.user(f"{GARAY}1"), await writer.user(f"{GARAY_SMALL}1")
    old, new = await writer.user(SMALL), await writer.user(CAPITAL)
    before = await house.keys()
    with running(NEW):
        tally = await house.normalize()
        assert sorted(sorted(twins.ids) for twins in tally.twins) == sorted([sorted([big, small]), sorted([old, new])])
        assert (tally.made, tally.deleted) == (0, 0)
        assert await house.keys() == before
        served = house.writer()
        await served.user("plain")
        await served.change("User", big, userName=f"{GARAY}2")
        await served.delete("User", new)
        with pytest.raises(Uniqueness):
            await served.user(f"{GARAY}2")
        assert (await house.normalize()).twins == []
        await house.assert_clean()


async def test_the_version_before_can_take_it_back_where_it_stopped(house: House) -> None:
    await house.filled()
    await house.writer().user(f"{GARAY}1")
    await house.writer().user(f"{GARAY_SMALL}1")
    before = await house.keys()
    with running(NEW):
        assert len((await house.normalize()).twins) == 1
        dan = await house.writer().user(f"dan {GARAY}")
    with pytest.raises(OtherForm):
        await house.writer().delete("User", dan)
    assert (await house.normalize()).twins == []
    await house.writer().delete("User", dan)
    assert sorted(await house.keys()) == sorted(before)
    await house.assert_clean()


async def test_a_rehearsal_writes_nothing_and_tells_the_same(house: House) -> None:
    await house.filled()
    before = await house.keys(), await house.rows.get(keys.HEAD)
    with running(NEW):
        tried = await house.normalize(rehearsal=True)
        assert (await house.keys(), await house.rows.get(keys.HEAD)) == before
        done = await house.normalize()
        assert (tried.made, tried.deleted, tried.twins) == (done.made, done.deleted, done.twins)


@pytest.mark.parametrize("applies", [False, True])
@pytest.mark.parametrize("way", [(OLD, NEW), (NEW, OLD), (OLD, RULED)])
async def test_it_can_die_at_any_transaction(schemas: Schemas, way: tuple[Python, Python], *, applies: bool) -> None:
    for last in count(1):
        with running(way[0]):
            house = House(await founded(schemas), schemas)
            await house.filled()
            await house.writer().user("an-na")
        with running(way[1]):
            died = False
            try:
                await house.normalize(MortalRows(house.rows, last, applies=applies))
            except Crash:
                died = True
                await _assert_served(house)
            await house.normalize()
            await house.assert_clean()
            assert await house.form() == normal_forms.form()
        if not died:
            break
    assert last > 3


async def _assert_served(house: House) -> None:
    """What is no matter of forms is served meanwhile."""
    writer = house.writer()
    ids = [stored.id async for stored in writer.directory.scan(house.schemas.types["User"])]
    await writer.change("User", ids[0], title="Boss")
    await writer.change("User", ids[4], title="Boss")


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


async def test_another_version_that_is_at_it_puts_an_end_to_it(house: House) -> None:
    await house.filled()

    async def taken_back() -> None:
        with running(OLD):
            await house.normalize()

    with running(NEW), pytest.raises(SettingsChanged):
        await house.normalize(Meddling(house.rows, 2, taken_back))
    assert await house.form() == OLD.form
    await house.assert_clean()


async def test_a_row_that_is_not_wanted_any_more_when_its_turn_comes_is_not_made(house: House) -> None:
    ann = await house.writer().user(GARAY)
    with running(NEW):
        renamed = Meddling(house.rows, 2, lambda: house.writer().change("User", ann, userName="ann"))
        assert (await house.normalize(renamed)).made == 0
        await house.assert_clean()


async def test_a_row_that_is_another_ones_when_its_turn_comes_is_not_deleted(house: House) -> None:
    await house.writer().user(CAPITAL)
    with running(NEW):
        await house.normalize()

    async def handed_on() -> None:
        head, row = await house.rows.get(keys.HEAD), await house.rows.get("user.userName:=c6=9b")
        assert head is not None
        assert row is not None
        await house.rows.transact([Merge(keys.HEAD, head.etag, {}), Delete(row.key, row.etag)])
        await house.writer().user(SMALL)

    assert (await house.normalize(Meddling(house.rows, 3, handed_on))).deleted == 0
    await house.assert_clean()


def _names(dice: random.Random) -> Iterator[str]:
    while True:
        letters = [CAPITAL, SMALL, GARAY, GARAY_SMALL, EMOJI, "a", "A", "é", "-"]
        yield "".join(dice.choices(letters, k=dice.randint(1, 2)))


async def _client(house: House, python: Python, rows: Rows, dice: random.Random) -> None:
    """A process that writes whatever it may."""
    names, writer, mine = _names(dice), house.writer(rows), list[str]()
    with running(python):
        for _ in range(60):
            await asyncio.sleep(0)
            with suppress(OtherForm, Uniqueness, NotFound):
                match dice.randrange(4) if mine else 0:
                    case 0:
                        mine.append(await writer.user(next(names), emails=[{"value": next(names)}]))
                    case 1:
                        await writer.change("User", dice.choice(mine), userName=next(names))
                    case 2:
                        await writer.change("User", dice.choice(mine), emails=[{"value": next(names)} for _ in "12"])
                    case _:
                        await writer.delete("User", mine[-1])
                        mine.pop()


@pytest.mark.parametrize("seed", range(12))
async def test_it_is_done_while_processes_of_both_versions_write(house: House, seed: int) -> None:
    dice = random.Random(seed)  # noqa: S311 (a test's dice)
    before, after = (OLD, NEW) if seed % 3 else (NEW, OLD)
    bad = Weather(lost_request=0.02, lost_answer=0.02, late=0.02, unavailable=0)
    with running(before):
        await house.normalize()
        for name in (SMALL, "a", "ab", EMOJI):
            await house.writer().user(name)
        with suppress(ScimError):
            await house.writer().user(CAPITAL)

    async def migrate() -> None:
        with running(after):
            for _ in range(40):
                await asyncio.sleep(0)
            tally = await house.normalize(LossyRows(house.rows, dice, bad))
            while tally.twins:
                for twins in tally.twins:
                    with suppress(ScimError):
                        await house.writer().delete("User", twins.ids[1])
                tally = await house.normalize(LossyRows(house.rows, dice, bad))

    clients = [
        _client(house, python, LossyRows(house.rows, dice, bad), random.Random(seed * 100 + number))  # noqa: S311
        for number, python in enumerate([before, after, before, after])
    ]
    await asyncio.gather(*clients, migrate())
    with running(after):
        await house.assert_clean()
        assert await house.form() == after.form


FILTERS = (
    f'userName eq "{CAPITAL}DA"',
    f'userName sw "{CAPITAL}"',
    f'emails.value eq "{CAPITAL}da@X"',
    'userName sw "x"',
)


async def test_a_filter_reads_all_resources_where_keys_do_not_tell() -> None:
    tables = MemoryTables()
    old = await new_client(tables=tables)
    new = replace(old, app=new_app(tables))
    ada = (await old.user(f"{CAPITAL}da", emails=[{"type": "work", "value": f"{CAPITAL}da@x"}]))["id"]
    eve = (await old.user(f"x{EMOJI}"))["id"]
    rows = tables.rows(old.provider.table, old.provider.table)

    async def assert_found(*clients: tuple[Client, Python]) -> None:
        for client, python in clients:
            with running(python):
                found = [(await client.get(f"/Users?filter={quote(text)}")).ids for text in FILTERS]
                assert found == [[ada], [ada], [ada], [eve]], python.form

    await assert_found((old, OLD), (new, NEW))
    with running(NEW), pytest.raises(Crash):
        await normalize(MortalRows(rows, 2, applies=True), Schemas.load(), lambda _: None)
    await assert_found((old, OLD), (new, NEW))
    with running(NEW):
        await normalize(rows, Schemas.load(), lambda _: None)
        answer = await new.get(f"/Users?filter={quote(f'userName eq "{SMALL}da"')}")
        assert answer.ids == [ada]
    await assert_found((old, OLD), (new, NEW))
    refused = await old.post("/Users", {"schemas": [USER], "userName": EMOJI})
    assert refused.error == (503, None)
    assert "scim migrate" in refused.json["detail"]


async def test_a_check_waits_for_it_and_says_so(house: House) -> None:
    await house.filled()
    with running(NEW):
        (problem,) = [problem async for problem in Checking(house.rows, house.schemas).check()]
        assert "run 'migrate' first" in problem.what
        assert [mended async for _, mended in Checking(house.rows, house.schemas).repair()] == [False]


async def test_nobody_serves_rows_in_another_layout(house: House) -> None:
    ann = await house.writer().user("ann")
    head = await house.rows.get(keys.HEAD)
    assert head is not None
    await house.rows.transact([Merge(keys.HEAD, head.etag, {"layout": 2})])
    user = house.schemas.types["User"]
    writer = house.writer()
    for attempt in (
        lambda: writer.user("bob"),
        lambda: writer.change("User", ann, title="Boss"),
        lambda: writer.directory.page(user, 1, 10),
        lambda: writer.directory.reaches(user.indexes[0], "ann"),
    ):
        with pytest.raises(Unavailable, match="layout 2"):
            await attempt()
