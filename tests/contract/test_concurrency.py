"""Many writers at once, on every kind of tables: in one process and in four."""

import asyncio
from collections.abc import Awaitable, Iterable, Iterator
from contextlib import suppress

from scim.errors import Unavailable, Uniqueness
from scim.schema import Schemas
from scim.storage.rows import Rows
from tests.contract.writing import Writer, adding
from tests.faults.invariants import assert_clean


async def outcomes[T](calls: Iterable[Awaitable[T]]) -> list[T | BaseException]:
    return await asyncio.gather(*calls, return_exceptions=True)


async def test_processes_take_turns_at_the_head(writers: list[Writer]) -> None:
    users = [await writers[number % 4].user(f"u{number}") for number in range(12)]
    assert users == sorted(users)
    group = await writers[0].group("g")
    for number, user in enumerate(users):
        await writers[number % 4].link(group, adding(user))
    assert await writers[1].members(group) == set(users)
    assert await writers[2].directory.total(writers[2].schemas.types["User"]) == 12


async def test_of_sixteen_that_want_one_name_one_gets_it(writers: list[Writer], rows: Rows, schemas: Schemas) -> None:
    for turn in range(20):
        names = [f"Name{turn}", f"NAME{turn}", f"name{turn}", f" nAmE{turn}"]
        found = await outcomes(writers[at % 4].user(names[at // 4]) for at in range(16))
        winners = [identifier for identifier in found if isinstance(identifier, str)]
        assert [type(other) for other in found if not isinstance(other, str)] == [Uniqueness] * 15
        assert await writers[0].find("User", "userName", names[0]) == winners
    await assert_clean(rows, schemas)


async def test_of_a_hundred_members_added_at_once_none_is_lost(writers: list[Writer]) -> None:
    users = await writers[0].users(200)
    group = await writers[0].crowd("g", users[:100])
    waiting: Iterator[str] = iter(users[100:])

    async def work(writer: Writer) -> None:
        for user in waiting:
            while not await added(writer, user):
                pass  # a client asked to come back does come back

    async def added(writer: Writer, user: str) -> bool:
        with suppress(Unavailable):
            return (await writer.link(group, adding(user))).changed
        return False

    await asyncio.gather(*(work(writers[at % 4]) for at in range(16)))
    stored = await writers[0].read("Group", group)
    assert set(stored.members or ()) == set(users)
    assert (stored.roster.count, stored.roster.buckets) == (200, 2)


async def test_forty_stale_rows_cost_no_more_attempts_than_one(writers: list[Writer]) -> None:
    one, two, *_ = writers
    users = await one.users(40)
    mine, theirs = await one.group("mine"), await two.group("theirs")
    await outcomes([one.link(mine, adding(*users)), two.link(theirs, adding(*users))])
    assert await one.members(mine) == await one.members(theirs) == set(users)
