"""The work that goes on behind requests: to its end, by one at a time in a process, and no longer than that lives."""

import asyncio

import pytest

from scim.schema import Schemas
from scim.storage import finishing
from scim.storage.commit import unix_milliseconds
from scim.storage.directory import Directory
from scim.storage.rows import Rows
from tests.contract.writing import Writer, founded
from tests.faults.lossy import Crash, MortalRows


@pytest.fixture
async def rows(schemas: Schemas) -> Rows:
    return await founded(schemas)


@pytest.fixture
def writer(rows: Rows, schemas: Schemas, monkeypatch: pytest.MonkeyPatch) -> Writer:
    """The client waits for nothing that can be done behind its request."""
    monkeypatch.setattr(finishing, "FOLLOW_FOR", 0)
    return Writer(Directory(rows, schemas), schemas)


async def test_what_a_client_does_not_wait_for_is_done_behind_its_request(writer: Writer) -> None:
    users = await writer.users(300)
    group = await writer.group("g", *users)
    assert await writer.directory.unfinished() == (group,)
    async with asyncio.timeout(60):
        while await writer.directory.unfinished():  # noqa: ASYNC110 (the store tells nobody)
            await asyncio.sleep(0.01)
    assert [await writer.groups(user) for user in users] == [{group}] * 300


async def test_a_process_that_ends_leaves_it_to_others(
    writer: Writer, rows: Rows, schemas: Schemas, monkeypatch: pytest.MonkeyPatch
) -> None:
    group = await writer.group("g", *await writer.users(300))
    await writer.directory.finishing.close()
    await asyncio.sleep(0)
    assert await writer.directory.unfinished() == (group,)
    monkeypatch.setattr(finishing, "_ABANDONED", -(1 << 40))
    assert await Directory(rows, schemas).finishing.sweep(60) > 1
    assert await writer.directory.unfinished() == ()


async def test_one_intent_is_worked_on_by_one_at_a_time(writer: Writer, monkeypatch: pytest.MonkeyPatch) -> None:
    group = await writer.group("g", *await writer.users(300))
    mine = writer.directory.finishing
    await mine.close()
    monkeypatch.setattr(finishing, "_ABANDONED", -(1 << 40))
    begun, under_way, ended = list[str](), asyncio.Event(), asyncio.Event()

    async def finish(identifier: str, *_: object, **__: object) -> int:
        begun.append(identifier)
        under_way.set()
        await ended.wait()
        return 1

    monkeypatch.setattr(mine, "finish", finish)
    first = asyncio.create_task(mine.sweep(60))
    await under_way.wait()
    async with asyncio.timeout(60):
        assert await mine.sweep(60) == 0
        await mine.help()
        await mine.follow(group)
    assert begun == [group]
    ended.set()
    assert await first == 1
    assert await mine.sweep(60) == 1, "the next one may"


async def test_what_a_process_with_a_fast_clock_has_left_is_done_by_others_as_soon(
    rows: Rows, schemas: Schemas
) -> None:
    now, second = unix_milliseconds(), 1_000
    fast = Writer(Directory(rows, schemas, lambda: now + 3_600 * second), schemas)
    other = Directory(rows, schemas, lambda: now)
    users = await fast.users(300)
    with pytest.raises(Crash):
        await Writer(Directory(MortalRows(rows, 1, applies=True), schemas, lambda: now), schemas).group("g", *users)
    assert len(await other.unfinished()) == 1
    assert await other.finishing.sweep(60) == 0
    now += 29 * second
    assert await other.finishing.sweep(60) == 0, "whoever began it may be at it"
    now += 2 * second
    assert await other.finishing.sweep(60) > 1
    assert await other.unfinished() == ()
