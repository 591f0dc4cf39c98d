"""What was recorded of a deleted resource is erased, and the records stay."""

import asyncio
import json
import random

import pytest

from scim.changes import Origin
from scim.schema import Schemas
from scim.storage.directory import Directory
from scim.storage.erasing import Erasure, NeverThere, StillThere, begun
from scim.storage.rows import Rows
from tests.contract.writing import Writer, founded, other_ids
from tests.faults.invariants import assert_clean
from tests.faults.lossy import Crash, LossyRows, MortalRows, Weather
from tests.faults.test_checking import found
from tests.faults.worlds import copied

OPERATOR = Origin("operator", "")


@pytest.fixture
async def rows(schemas: Schemas) -> Rows:
    return await founded(schemas)


@pytest.fixture
def writer(rows: Rows, schemas: Schemas) -> Writer:
    return Writer(Directory(rows, schemas), schemas)


async def erase(rows: Rows, schemas: Schemas, identifier: str) -> int:
    erasure = Erasure(rows, schemas, identifier, OPERATOR)
    read = [number async for number in erasure()]
    assert read[-1] == erasure.read
    return erasure.erased


async def test_no_value_of_the_resource_is_left_and_every_record_is(
    rows: Rows, writer: Writer, schemas: Schemas
) -> None:
    secret = "Ada Lovelace " + "x" * 70_000  # in more than one property
    ada = await writer.user("ada@example.org", displayName=secret)
    bob = await writer.user("bob")
    group = await writer.group("staff", ada, bob)
    await writer.change("User", ada, nickName="Countess")
    await writer.delete("User", ada)
    before = [change async for change in writer.directory.changes()]
    assert "Lovelace" in str(await copied(rows))

    assert await erase(rows, schemas, ada) == 3
    held = str(await copied(rows))
    for value in ("ada@", "Lovelace", "Countess", "xxxx"):
        assert value not in held
    assert "bob" in held
    after = [change async for change in writer.directory.changes()]
    assert [(c.number, c.kind, c.id, c.moved, c.origin) for c in after[:-1]] == [
        (c.number, c.kind, c.id, c.moved, c.origin) for c in before
    ]
    assert [c.id for c in after if c.erased] == [ada] * 3
    assert [c.values is None for c in after if c.id == ada] == [True] * 4
    assert (after[-1].kind, after[-1].id, after[-1].origin) == ("erase", ada, OPERATOR)
    assert json.dumps(after[2].values)  # of the group
    assert await writer.members(group) == {bob}
    await assert_clean(rows, schemas)
    assert await found(rows, schemas) == []

    assert await erase(rows, schemas, ada) == 0
    assert len([change async for change in writer.directory.changes()]) == len(after)


async def test_an_erasure_that_broke_off_is_begun_again(rows: Rows, writer: Writer, schemas: Schemas) -> None:
    ada = await writer.user("ada")
    for number in range(250):
        await writer.change("User", ada, displayName=f"Ada {number}")
    await writer.delete("User", ada)
    with pytest.raises(Crash):
        await erase(MortalRows(rows, 3, applies=True), schemas, ada)
    assert await begun(rows) == [ada]
    assert await found(rows, schemas) == []
    assert await erase(rows, schemas, ada) == 52
    assert await begun(rows) == []
    assert "Ada" not in str(await copied(rows))
    assert (await writer.kinds())[-1] == "erase"


@pytest.mark.parametrize("applies", [False, True])
@pytest.mark.parametrize("at", range(1, 6))
async def test_wherever_an_erasure_breaks_off_another_ends_it_and_records_it_once(
    rows: Rows, writer: Writer, schemas: Schemas, at: int, applies: bool
) -> None:
    ada = await writer.user("ada")
    for number in range(250):
        await writer.change("User", ada, displayName=f"Ada {number}")
    await writer.delete("User", ada)
    with pytest.raises(Crash):
        await erase(MortalRows(rows, at, applies=applies), schemas, ada)
    await assert_clean(rows, schemas)
    ended = at == 5 and applies  # begun, three lots, and the record
    assert await begun(rows) == ([] if ended or (at == 1 and not applies) else [ada])
    await asyncio.gather(erase(rows, schemas, ada), erase(rows, schemas, ada))
    assert "Ada" not in str(await copied(rows))
    assert (await writer.kinds()).count("erase") == 1
    assert await begun(rows) == []
    await assert_clean(rows, schemas)


async def test_records_are_erased_through_a_bad_network(rows: Rows, writer: Writer, schemas: Schemas) -> None:
    ada = await writer.user("ada")
    for number in range(250):
        await writer.change("User", ada, displayName=f"Ada {number}")
    await writer.delete("User", ada)
    lossy = LossyRows(rows, random.Random(3), Weather(0.2, 0.2, 0.2, 0))
    assert await erase(lossy, schemas, ada) == 252
    await lossy.arrive()
    assert "Ada" not in str(await copied(rows))
    await assert_clean(rows, schemas)


async def test_what_is_there_and_what_never_was_are_not_erased(rows: Rows, writer: Writer, schemas: Schemas) -> None:
    ada = await writer.user("ada")
    with pytest.raises(StillThere, match="User"):
        await erase(rows, schemas, ada)
    for strange in (*other_ids(1), "ada", ""):
        with pytest.raises(NeverThere):
            await erase(rows, schemas, strange)
    assert "ada" in str(await copied(rows))
