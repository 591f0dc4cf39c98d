"""Index rows brought to the normal form of another Python: beside writers, after any crash, and only without twins."""

from dataclasses import replace
from itertools import count
from urllib.parse import quote

import pytest

from scim import normal_forms
from scim.errors import Unavailable, Uniqueness
from scim.schema import Schemas
from scim.storage import keys
from scim.storage.checking import Checking
from scim.storage.forms import read
from scim.storage.memory import MemoryTables
from scim.storage.normalizing import normalize
from scim.storage.records import Head
from scim.storage.rows import Merge, OtherForm, Row
from tests.client import USER, Client, new_app, new_client
from tests.contract.writing import founded
from tests.faults.lossy import Crash, MortalRows
from tests.houses import MOVED, House, house
from tests.pythons import CAPITAL, EMOJI, GARAY, GARAY_SMALL, NEW, OLD, RULED, SMALL, Python, pythons, running

__all__ = ["house", "pythons"]
pytestmark = pytest.mark.usefixtures("pythons")


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
