"""Repair after any damage, and check and repair while others write."""

import asyncio
import random

import pytest

from scim.schema import Schemas
from scim.storage import deletion, finishing, memory
from scim.storage.checking import Checking
from scim.storage.directory import Directory
from scim.storage.rows import Rows
from tests.contract.histories import Actor
from tests.contract.test_histories import history
from tests.contract.writing import Writer, adding, exactly
from tests.faults.damage import damage
from tests.faults.invariants import assert_clean
from tests.faults.invariants import check as judge
from tests.faults.lossy import LossyRows, Weather
from tests.faults.planted import World
from tests.faults.test_checking import found
from tests.faults.worlds import copied, laid

CALM = Weather(0, 0, 0, 0)


@pytest.mark.parametrize("seed", range(20))
async def test_whatever_is_damaged_is_mended(world: World, schemas: Schemas, seed: int) -> None:
    dice = random.Random(seed)
    rows = await laid(world.held)
    actor = Actor(Writer(Directory(rows, schemas), schemas))
    for step in history(seed, 60):
        await actor.act(step)
    held = await copied(rows)
    done = damage(held, dice, dice.randrange(1, 12))
    print(f"seed {seed}: {done}")
    rows = await laid(held)
    wrong = await judge(rows, schemas) if "head" in held else ["there is no head"]
    assert bool(wrong) == any(problem.fault for problem in await found(rows, schemas))
    told = [each async for each in Checking(rows, schemas).repair()]
    assert await found(rows, schemas) == []
    assert await judge(rows, schemas) == []
    assert all(mended for _, mended in told)
    assert [each async for each in Checking(rows, schemas).repair()] == []
    fresh = Writer(Directory(rows, schemas), schemas)
    await fresh.link(world.small, adding(await fresh.user("someone new")))
    await fresh.delete("Group", world.large)
    await assert_clean(rows, schemas)


async def busy(rows: Rows, schemas: Schemas, world: World, seed: int) -> None:
    """What clients might do, work that takes more than one transaction among it."""
    writer = Writer(Directory(rows, schemas), schemas)
    actor = Actor(writer)
    for step in history(seed, 0 if seed else 40):
        await actor.act(step)
    crowd = await writer.crowd(f"crowd {seed}", world.users[10:240])
    await writer.link(crowd, exactly(*world.users[100:400]))
    await writer.delete("Group", crowd)
    await writer.delete("User", world.users[seed])
    await asyncio.gather(*(writer.user(f"{seed} {number}") for number in range(20)))


@pytest.mark.parametrize("repairing", [False, True])
async def test_no_alarm_is_false_while_others_write(
    world: World,
    schemas: Schemas,
    monkeypatch: pytest.MonkeyPatch,
    *,
    repairing: bool,
) -> None:
    monkeypatch.setattr(memory, "_PAGE", 60)
    monkeypatch.setattr(deletion, "MAX_TRANSACTION_ROWS", 20)
    monkeypatch.setattr(finishing, "_BATCH", 20)
    beneath = await laid(world.held)
    rows = LossyRows(beneath, random.Random(1), CALM)
    work = asyncio.gather(*(busy(rows, schemas, world, seed) for seed in range(2)))
    pending = looked = 0
    while not work.done():
        checking = Checking(rows, schemas)
        if repairing:
            assert [problem async for problem, _ in checking.repair() if problem.fault] == []
        else:
            assert [problem async for problem in checking.check() if problem.fault] == []
        pending += checking.tally.pending
        looked += 1
        await asyncio.sleep(0)
    await work
    assert looked > 1
    assert pending
    assert await found(rows, schemas) == []
    await assert_clean(beneath, schemas)


async def test_what_is_damaged_is_mended_while_others_write(
    world: World,
    schemas: Schemas,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(memory, "_PAGE", 60)
    damage_done = damage(world.held, random.Random(7), 8)
    world.held.setdefault("head", {})
    assert damage_done
    assert world.held["head"]
    beneath = await laid(world.held)
    rows = LossyRows(beneath, random.Random(2), CALM)
    writer = Writer(Directory(rows, schemas), schemas)
    work = asyncio.create_task(writer.users(150, "late"))
    async for _ in Checking(rows, schemas).repair():
        pass
    await work
    assert [each async for each in Checking(rows, schemas).repair() if not each[1]] == []
    assert await found(rows, schemas) == []
    await assert_clean(beneath, schemas)
