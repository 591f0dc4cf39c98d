"""Whether a stored resource matches, and what is read of its members to know."""

import pytest

from scim.asking import members_asked
from scim.filters import parse
from scim.judging import Judge
from scim.representation import Representation
from scim.schema import Schemas
from scim.storage.directory import Directory
from scim.storage.members import CAPACITY
from scim.storage.memory import MemoryTables
from tests.asking import URL
from tests.budgets.counting import CountingTables
from tests.contract.writing import Writer

SCHEMAS = Schemas.load()
GROUP = SCHEMAS.types["Group"]


class House:
    """A directory whose calls are counted, with a group of several buckets, a small one and an empty one."""

    def __init__(self, tables: CountingTables) -> None:
        self.tables = tables
        self.directory = Directory(tables.rows("p", "p"), SCHEMAS)
        self.writer = Writer(self.directory, SCHEMAS)
        self.groups: list[str] = []
        self.users: list[str] = []

    async def fill(self) -> None:
        await self.directory.found()
        self.users = await self.writer.users(CAPACITY + 2)
        self.groups = [
            await self.writer.crowd("large", self.users),
            await self.writer.group("small", *self.users[:2]),
            await self.writer.group("empty"),
        ]

    async def verdicts(self, text: str | None) -> tuple[list[bool], int]:
        """Which of the groups match, and how many reads it took to know."""
        judge = Judge(Representation(self.directory, SCHEMAS, URL), GROUP, parse(text) if text else None)
        stored = await self.directory.many(GROUP, self.groups)
        self.tables.calls.reset()
        return [verdict.matches for verdict in await judge.verdicts(stored)], self.tables.calls.reads


@pytest.fixture
async def house() -> House:
    tables = CountingTables(MemoryTables())
    await tables.create("p")
    made = House(tables)
    await made.fill()
    return made


async def test_what_is_not_about_members_is_judged_without_them(house: House) -> None:
    assert await house.verdicts('displayName sw "l"') == ([True, False, False], 0)
    assert await house.verdicts(None) == ([True, True, True], 0)


async def test_whether_there_are_members_is_known_from_their_number(house: House) -> None:
    for text, expected in (
        ("members pr", [True, True, False]),
        ("not (members pr)", [False, False, True]),
        ("members eq null", [False, False, True]),
        ('members pr and displayName eq "small"', [False, True, False]),
    ):
        assert await house.verdicts(text) == (expected, 0), text


async def test_a_member_is_looked_for_where_it_must_be(house: House) -> None:
    first, last = house.users[0], house.users[-1]
    for text, expected in (
        (f'members eq "{first}"', [True, True, False]),
        (f'members.value eq "{last}"', [True, False, False]),
        (f'not (members eq "{last}")', [False, True, True]),
        (f'members[value eq "{first}" and type eq "User"]', [True, True, False]),
        (f'members[value eq "{first}" and type eq "Group"]', [False, False, False]),
        (f'members eq "{house.groups[0]}"', [False, False, False]),
    ):
        assert await house.verdicts(text) == (expected, 1), text
    assert await house.verdicts('members eq "nobody"') == ([False, False, False], 0)


async def test_for_more_than_that_all_members_are_read(house: House) -> None:
    for text, expected in (
        ('members.type eq "User"', [True, True, False]),
        (f'members ne "{house.users[0]}"', [True, True, True]),
        (" or ".join(f'members eq "{user}"' for user in house.users[5:35]), [True, False, False]),
    ):
        assert await house.verdicts(text) == (expected, 1), "one range for the large group"


async def test_a_judge_says_how_many_it_takes_at_once_and_what_they_cost(house: House) -> None:
    representation = Representation(house.directory, SCHEMAS, URL)
    one, two = house.users[:2]
    for text, at_a_time in (
        ("displayName pr", 10),
        (f'members eq "{one}"', 50),
        (f'members eq "{one}" or members eq "{two}"', 25),
        ("members.type pr", 1),
    ):
        assert Judge(representation, GROUP, parse(text)).at_a_time == at_a_time
    judge = Judge(representation, GROUP, parse("members.type pr"))
    stored = await house.directory.many(GROUP, house.groups)
    assert [verdict.members for verdict in await judge.verdicts(stored)] == [CAPACITY + 2, 2, 0]


@pytest.mark.parametrize("text", ['members eq "{}"', "members.type pr"])
async def test_a_group_that_was_deleted_meanwhile_does_not_match(house: House, text: str) -> None:
    filter_ = parse(text.format(house.users[0]))
    judge = Judge(Representation(house.directory, SCHEMAS, URL), GROUP, filter_)
    stored = await house.directory.many(GROUP, house.groups)
    await house.writer.delete("Group", house.groups[0])
    assert [verdict.matches for verdict in await judge.verdicts(stored)] == [False, True, False]
    assert members_asked(filter_, GROUP) is None or house.users[0] in text.format(house.users[0])
