"""Paging by place, on every kind of tables: exact at any start, whatever was deleted before."""

import random

import pytest

from scim.schema import Schemas
from scim.storage.directory import Directory
from scim.storage.memory import MemoryTables
from scim.storage.rows import Rows
from tests.contract.writing import Writer, founded
from tests.faults.invariants import assert_clean
from tests.faults.moving import move


@pytest.fixture
async def peopled(rows: Rows, schemas: Schemas) -> tuple[Writer, list[str]]:
    """A directory of 1,203 users: two closed runs and an open one."""
    tables = MemoryTables()
    await tables.create("p")
    source = tables.rows("p", "p")
    directory = Directory(source, schemas)
    await directory.found()
    users = await Writer(directory, schemas).users(1_203)
    await move(source, rows)
    return Writer(Directory(rows, schemas), schemas), users


async def page(writer: Writer, start: int, count: int) -> tuple[int, list[str]]:
    total, found = await writer.directory.page(writer.schemas.types["User"], start, count)
    return total, [stored.id for stored in found]


async def same(writer: Writer, users: list[str]) -> None:
    """Every page is the slice of the list that it must be."""
    for start in (1, 499, 501, 1_000, len(users) - 1, len(users), len(users) + 1, 9_999):
        for count in (0, 3, 500):
            assert await page(writer, start, count) == (len(users), users[start - 1 :][:count])


async def test_any_page_is_the_slice_it_must_be(
    peopled: tuple[Writer, list[str]], rows: Rows, schemas: Schemas
) -> None:
    writer, users = peopled
    await same(writer, users)
    for gone in (0, 499, 500, 998, 999, 1_000, 1_202):
        await writer.delete("User", users[gone])
    left = [user for at, user in enumerate(users) if at not in {0, 499, 500, 998, 999, 1_000, 1_202}]
    await same(writer, left)
    left.append(await writer.user("late"))
    await same(writer, left)
    assert [stored.id async for stored in writer.directory.scan(schemas.types["User"])] == left
    assert await writer.directory.total(schemas.types["User"]) == len(left)
    assert await writer.directory.total(schemas.types["Group"]) == 0
    await assert_clean(rows, schemas)


async def test_a_run_that_is_emptied_is_gone(schemas: Schemas) -> None:
    rows = await founded(schemas)
    writer = Writer(Directory(rows, schemas), schemas)
    users = await writer.users(1_001)
    for user in users[500:]:
        await writer.delete("User", user)
    await same(writer, users[:500])
    users = [*users[:500], *await writer.users(2, "late")]
    await same(writer, users)
    for user in users[:500]:
        await writer.delete("User", user)
    await same(writer, users[500:])
    for user in users[500:]:
        await writer.delete("User", user)
    await same(writer, [])
    await writer.user("last")
    assert (await page(writer, 1, 1))[0] == 1
    await assert_clean(rows, schemas)


@pytest.mark.parametrize("seed", range(3))
async def test_pages_stay_right_while_users_come_and_go(schemas: Schemas, seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311 (a test's dice)
    tables = MemoryTables()
    await tables.create("p")
    rows = tables.rows("p", "p")
    directory = Directory(rows, schemas)
    await directory.found()
    writer = Writer(directory, schemas)
    users = await writer.users(1_030)
    for step in range(300):
        if chance.random() < 0.6:
            at = chance.choice([chance.randrange(len(users)), 0, -1, len(users) // 2])
            await writer.delete("User", users.pop(at))
        else:
            users.append(await writer.user(f"late{step}"))
        start, count = chance.randrange(1, len(users) + 3), chance.randrange(12)
        assert await page(writer, start, count) == (len(users), users[start - 1 :][:count]), f"seed {seed}"
    await same(writer, users)
    await assert_clean(rows, schemas)
