"""Reads that another process's write comes between: the group's row from before it, its buckets from after it."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, replace

import pytest

from scim.errors import NotFound, Unavailable
from scim.resources import Links, Reading
from scim.schema import Schemas
from scim.storage.acts import Edit
from scim.storage.directory import Directory
from scim.storage.members import CAPACITY, Roster
from scim.storage.memory import MemoryTables
from scim.storage.records import Stored
from scim.storage.rows import Row, Rows, Tables
from tests.asking import Asker
from tests.contract.between import Between, Turn
from tests.contract.writing import REQUEST, Writer, adding, exactly, linking, removing

COUNT = 2 * CAPACITY
"""Members that fill two buckets: the next one makes a third."""


@pytest.fixture
async def tables() -> AsyncIterator[Tables]:
    """Memory alone: the turns are what is tested, and they are the same on every kind of tables."""
    account = MemoryTables()
    yield account
    await account.close()


@dataclass(frozen=True, slots=True)
class Crowd:
    """A group of two full buckets, and a user who is not yet in it.

    Attributes:
        other: the process that takes its turn.
    """

    rows: Rows
    other: Writer
    group: str
    users: list[str]
    late: str

    @property
    def moving(self) -> str:
        """A member whom the third bucket takes."""
        return next(user for user in self.users if Roster(0, 3, COUNT + 1).bucket(user) == 2)

    async def split(self) -> None:
        """Add a member, and with it a bucket."""
        await self.other.link(self.group, adding(self.late))

    async def swap(self) -> None:
        """Change the members, but not their number."""
        await self.other.link(self.group, Links(add=adding(self.late).add, remove=frozenset(self.users[:1])))

    async def shrink(self) -> None:
        """Take a member away."""
        await self.other.link(self.group, removing(self.users[0]))

    async def delete(self) -> None:
        """Delete the group."""
        await self.other.delete("Group", self.group)

    def interrupted(self, turn: Turn) -> Directory:
        """The directory as a process has it that is interrupted once it has read the group's row."""
        return Directory(Between(self.rows, f"group:{self.group}", turn), self.other.schemas)


@pytest.fixture
async def crowd(rows: Rows, writer: Writer) -> Crowd:
    users = await writer.users(COUNT + 1)
    return Crowd(rows, writer, await writer.crowd("crowd", users[:-1]), users[:-1], users[-1])


def without(crowd: Crowd) -> Edit:
    """A PATCH that sees all members and leaves out the one who moves."""

    def apply(stored: Stored) -> Reading:
        return Reading(stored.attributes, exactly(*(user for user in stored.members or () if user != crowd.moving)))

    return Edit("modify", apply, needs_members=True)


REMOVALS: list[Callable[[Crowd], Edit]] = [lambda crowd: linking(removing(crowd.moving)), without]


@pytest.mark.parametrize("removal", REMOVALS, ids=["by id", "seeing all members"])
async def test_no_removal_is_lost_while_the_member_moves_to_another_bucket(
    crowd: Crowd, removal: Callable[[Crowd], Edit]
) -> None:
    group = crowd.other.schemas.types["Group"]
    written = await crowd.interrupted(crowd.split).modify(group, crowd.group, removal(crowd), REQUEST)
    assert written.changed
    assert await crowd.other.members(crowd.group) == {*crowd.users, crowd.late} - {crowd.moving}
    assert await crowd.other.groups(crowd.moving) == set()


@pytest.mark.parametrize("turn", [Crowd.split, Crowd.swap, Crowd.shrink])
async def test_a_put_leaves_exactly_its_members_whatever_another_process_did(
    crowd: Crowd, turn: Callable[[Crowd], Awaitable[None]]
) -> None:
    directory = crowd.interrupted(lambda: turn(crowd))
    wanted = [*crowd.users[1:], crowd.users[0]]
    written = await Writer(directory, crowd.other.schemas).link(crowd.group, exactly(*wanted))
    assert written.changed
    assert await crowd.other.members(crowd.group) == set(wanted)


async def test_a_put_that_would_have_changed_nothing_is_not_taken_for_done(crowd: Crowd) -> None:
    group, everybody = crowd.other.schemas.types["Group"], [*crowd.users, crowd.late]

    def put(name: str) -> Edit:
        return Edit("replace", lambda stored: Reading({**stored.attributes, "displayName": name}, exactly(*everybody)))

    async def rename() -> None:
        await crowd.other.directory.modify(group, crowd.group, put("theirs"), REQUEST)

    written = await crowd.interrupted(rename).modify(group, crowd.group, put("crowd"), REQUEST)
    assert written.changed
    stored = await crowd.other.read("Group", crowd.group)
    assert stored.attributes["displayName"] == "crowd"
    assert set(stored.members or ()) == set(everybody)


EDITS: list[tuple[int, Callable[[Crowd], Links]]] = [
    (3, lambda crowd: adding(crowd.late)),
    (3, lambda crowd: removing(crowd.users[0])),
    (3, lambda _: Links(clear=True)),
    (COUNT, lambda crowd: adding(crowd.late)),
    (COUNT, lambda crowd: removing(crowd.users[0])),
]


@pytest.mark.parametrize(("count", "edit"), EDITS)
async def test_an_edit_of_a_group_that_goes_meanwhile_finds_nothing(
    crowd: Crowd, count: int, edit: Callable[[Crowd], Links]
) -> None:
    brief = replace(crowd, group=await crowd.other.crowd("brief", crowd.users[:count]))
    edited = Writer(brief.interrupted(brief.delete), crowd.other.schemas)
    with pytest.raises(NotFound, match=brief.group):
        await edited.link(brief.group, edit(brief))
    assert await crowd.other.groups(crowd.late) == set()
    assert await crowd.other.members(crowd.group) == set(crowd.users)


@pytest.mark.parametrize("turn", [Crowd.split, Crowd.swap, Crowd.shrink])
async def test_the_members_shown_are_those_of_the_version_shown(
    crowd: Crowd, turn: Callable[[Crowd], Awaitable[None]]
) -> None:
    reader = Writer(crowd.interrupted(lambda: turn(crowd)), crowd.other.schemas)
    before = await crowd.other.read("Group", crowd.group)
    shown = await reader.read("Group", crowd.group)
    after = await crowd.other.read("Group", crowd.group)
    assert before.version != after.version
    assert shown == after


async def test_a_group_that_goes_while_it_is_read_is_not_there(crowd: Crowd) -> None:
    with pytest.raises(NotFound, match=crowd.group):
        await Writer(crowd.interrupted(crowd.delete), crowd.other.schemas).read("Group", crowd.group)


@pytest.mark.parametrize("filter_", [None, "members pr", 'members.type eq "User"'])
async def test_a_list_leaves_out_a_group_that_goes_while_it_is_read(
    crowd: Crowd, schemas: Schemas, filter_: str | None
) -> None:
    remaining = await crowd.other.group("remaining", crowd.late)
    asker = Asker.of(crowd.interrupted(crowd.delete), schemas)
    listed = await asker.ask("Group", **({"filter": filter_} if filter_ else {}))
    assert [(group["id"], len(group["members"])) for group in listed["Resources"]] == [(remaining, 1)]


@pytest.mark.parametrize("turn", [Crowd.split, Crowd.swap, Crowd.shrink])
async def test_a_member_is_found_in_the_group_whatever_happens_meanwhile(
    crowd: Crowd, turn: Callable[[Crowd], Awaitable[None]]
) -> None:
    asker = Asker.of(crowd.interrupted(lambda: turn(crowd)), crowd.other.schemas)
    moving = f'id eq "{crowd.group}" and members eq "{crowd.moving}"'
    found = await asker.ids("Group", filter=moving, excludedAttributes=["members"])
    is_member = crowd.moving in await crowd.other.members(crowd.group)
    assert found == ([crowd.group] if is_member else [])


async def test_a_member_is_not_found_in_a_group_that_goes_meanwhile(crowd: Crowd) -> None:
    asker = Asker.of(crowd.interrupted(crowd.delete), crowd.other.schemas)
    assert await asker.ids("Group", filter=f'id eq "{crowd.group}" and members eq "{crowd.moving}"') == []


class Paged:
    """Rows whose buckets come one to a page; after each first one of them another process has its turn."""

    def __init__(self, rows: Rows, turn: Turn) -> None:
        self._rows = rows
        self._turn = turn
        self.get, self.transact = rows.get, rows.transact

    async def range(
        self, low: str, high: str, limit: int | None = None, *, keys_only: bool = False
    ) -> AsyncIterator[list[Row]]:
        """The rows of what were pages, one by one."""
        found = [row async for page in self._rows.range(low, high, limit, keys_only=keys_only) for row in page]
        for row in found:
            now = [row async for page in self._rows.range(row.key, f"{row.key}!", 1) for row in page]
            yield now
            if row is found[0] and row.key.startswith("members:"):
                await self._turn()


async def test_members_of_no_moment_are_never_shown(crowd: Crowd) -> None:
    swapped: list[str] = [crowd.late]

    async def swap() -> None:
        """Change a member of each bucket."""
        members = await crowd.other.members(crowd.group)
        leaving = [next(user for user in members if Roster(0, 2, COUNT).bucket(user) == at) for at in (0, 1)]
        joining = [(await crowd.other.user(f"another {len(swapped) + at}")) for at in (0, 1)]
        swapped.extend(joining)
        await crowd.other.link(crowd.group, Links(add=adding(*joining).add, remove=frozenset(leaving)))

    reader = Writer(Directory(Paged(crowd.rows, swap), crowd.other.schemas), crowd.other.schemas)
    with pytest.raises(Unavailable, match="changing all the time") as refused:
        await reader.read("Group", crowd.group)
    assert refused.value.headers == {"Retry-After": "1"}
    assert len(swapped) > 3
