"""Who is in a group as long as an intent is open: the group itself is asked, and read once if many are asked about."""

from dataclasses import replace
from itertools import batched

import pytest

from scim.schema import Schemas
from scim.storage import behind
from scim.storage.behind import Behind
from scim.storage.directory import Directory
from scim.storage.members import CAPACITY
from scim.storage.memory import MemoryTables
from scim.storage.records import Stored
from tests.budgets.counting import Calls, CountingTables
from tests.contract.writing import Writer

SCHEMAS = Schemas.load()
GROUP = SCHEMAS.types["Group"]


class House:
    """A directory whose calls are counted; a large group holds all users but the last, a small one the first."""

    def __init__(self, tables: CountingTables) -> None:
        self.calls: Calls = tables.calls
        self.directory = Directory(tables.rows("p", "p"), SCHEMAS)
        self.writer = Writer(self.directory, SCHEMAS)
        self.large = self.small = ""
        self.users: list[Stored] = []

    async def fill(self) -> None:
        await self.directory.found()
        ids = await self.writer.users(CAPACITY + 20)
        self.large = await self.writer.crowd("large", ids[:-1])
        self.small = await self.writer.group("small", ids[0])
        self.users = await self.directory.many(SCHEMAS.types["User"], ids)

    async def seen(self, lists: Behind, some: list[Stored]) -> tuple[list[tuple[str, ...]], int]:
        """What groups some users are in, and how many reads it took to know."""
        self.calls.reset()
        return [stored.memberships for stored in await lists.caught_up(some)], self.calls.reads


@pytest.fixture
async def house() -> House:
    tables = CountingTables(MemoryTables())
    await tables.create("p")
    made = House(tables)
    await made.fill()
    return made


async def test_a_group_says_who_is_in_it_whatever_they_say_themselves(house: House) -> None:
    first, last = house.users[0], replace(house.users[-1], memberships=(house.large,))
    lists = Behind(house.directory, GROUP, [house.large])
    seen, reads = await house.seen(lists, [first, last])
    assert seen == [(house.small, house.large), ()]
    assert 2 <= reads <= 3, "its row, and the buckets where they would be"


async def test_a_group_is_read_once_for_many(house: House) -> None:
    unaware = [replace(user, memberships=()) for user in house.users]
    lists = Behind(house.directory, GROUP, [house.large, house.small])
    came = [await house.seen(lists, list(some)) for some in batched(unaware, 10, strict=False)]
    assert [groups for seen, _ in came for groups in seen] == [
        (house.large, house.small),
        *[(house.large,)] * (CAPACITY + 18),
        (),
    ]
    assert [reads for _, reads in came] == [3] + [0] * (len(came) - 1), "two rows, and a range for the large group"


async def test_it_is_read_once_for_many_that_come_one_by_one(house: House) -> None:
    lists = Behind(house.directory, GROUP, [house.large])
    assert [(await house.seen(lists, [user]))[1] for user in house.users[:20]] == [2] * 10 + [0] * 10


async def test_groups_beyond_what_is_kept_are_looked_into(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(behind, "_KEPT", CAPACITY)
    lists = Behind(house.directory, GROUP, [house.large])
    for some in batched(house.users[:-1], 10, strict=False):
        seen, reads = await house.seen(lists, list(some))
        assert all(house.large in groups for groups in seen)
        assert 1 < reads <= 1 + 2


@pytest.mark.parametrize("many", [1, 20])
@pytest.mark.parametrize("meanwhile", [False, True])
async def test_a_group_that_is_gone_has_nobody_in_it(
    house: House, monkeypatch: pytest.MonkeyPatch, many: int, meanwhile: bool
) -> None:
    before = await house.directory.get(GROUP, house.large, members=False)
    await house.writer.delete("Group", house.large)

    async def late(*_: object, **__: object) -> Stored | None:
        return before

    if meanwhile:
        monkeypatch.setattr(house.directory, "get", late)
    lists = Behind(house.directory, GROUP, [house.large])
    some = [replace(user, memberships=(house.large,)) for user in house.users[:many]]
    assert (await house.seen(lists, some))[0] == [()] * many
