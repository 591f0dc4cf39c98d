"""Memberships, on every kind of tables: seen from the group and from the member, from one to many buckets."""

import pytest

from scim.errors import InvalidValue
from scim.resources import Links, Reading
from scim.storage.acts import Edit
from scim.storage.records import Stored
from tests.contract.writing import REQUEST, TOLERANT, Writer, adding, exactly, other_ids, removing

[NOBODY, NO_ONE] = other_ids(2)


@pytest.fixture
async def users(writer: Writer) -> list[str]:
    return await writer.users(4)


async def test_a_membership_is_seen_from_both_sides(writer: Writer, users: list[str]) -> None:
    one, two = await writer.group("one", *users[:2]), await writer.group("two", users[0])
    assert (await writer.read("Group", one)).members == dict.fromkeys(users[:2], "user")
    assert await writer.groups(users[0]) == {one, two}
    await writer.link(one, Links(add=adding(users[2]).add, remove=frozenset(users[:1])))
    assert await writer.members(one) == {users[1], users[2]}
    assert [await writer.groups(user) for user in users] == [{two}, {one}, {one}, set()]


async def test_a_put_leaves_exactly_the_members_it_names(writer: Writer, users: list[str]) -> None:
    group = await writer.group("g", *users[:3])
    written = await writer.link(group, exactly(users[2], users[3]))
    assert written.stored.members == dict.fromkeys(users[2:], "user")
    assert await writer.members(group) == {users[2], users[3]}
    assert not (await writer.link(group, exactly(users[2], users[3]))).changed
    await writer.link(group, exactly())
    assert await writer.members(group) == set()
    assert [await writer.groups(user) for user in users] == [set()] * 4


async def test_a_write_gives_members_in_the_order_in_which_they_are_read(writer: Writer, users: list[str]) -> None:
    inner = await writer.group("inner")
    group = await writer.group("g", users[3])
    for member in (users[2], inner, users[0]):
        written = await writer.link(group, adding(member))
        read = await writer.read("Group", group)
        assert list(written.stored.members or ()) == list(read.members or ())


async def test_a_member_moves_with_its_version_but_not_its_last_modified(writer: Writer, users: list[str]) -> None:
    group = await writer.group("g", users[0])
    before = {user: await writer.read("User", user) for user in users[:2]}
    written = await writer.link(group, adding(users[1]))
    joined, bystander = await writer.read("User", users[1]), await writer.read("User", users[0])
    assert (joined.number, joined.modified) == (written.stored.number, before[users[1]].modified)
    assert bystander == before[users[0]]
    stored = await writer.read("Group", group)
    assert stored == written.stored
    assert stored.number > before[users[1]].number
    change = [change async for change in writer.directory.changes()][-1]
    assert {identifier: alias for alias, identifier in change.moved} == {users[1]: "user", group: "group"}
    assert change.values == {"members": {"added": [users[1]]}}


async def test_an_attribute_and_a_last_modified_move_together(writer: Writer, users: list[str]) -> None:
    group = await writer.group("g", *users)
    before = await writer.read("User", users[0])
    renamed = await writer.change("Group", group, displayName="h")
    assert await writer.read("User", users[0]) == before
    changed = await writer.change("User", users[0], title="x")
    assert changed.stored.created == before.created
    assert changed.stored.number > renamed.stored.number
    assert (await writer.read("Group", group)).number == renamed.stored.number
    assert changed.stored.modified >= before.modified


@pytest.mark.parametrize("known", [0, 1])
async def test_unknown_members_are_refused_by_name(writer: Writer, users: list[str], known: int) -> None:
    group = await writer.group("g")
    for links in (adding(*users[:known], NOBODY), adding(*users[:known], "nonsense"), adding(users[0], kind="Group")):
        with pytest.raises(InvalidValue, match="members: no resource has the id"):
            await writer.link(group, links)
    with pytest.raises(InvalidValue, match=NOBODY):
        await writer.group("h", NOBODY)
    assert await writer.members(group) == set()


async def test_unknown_members_are_passed_over_where_another_is_known(writer: Writer, users: list[str]) -> None:
    group = await writer.group("g", users[0], NOBODY, request=TOLERANT)
    written = await writer.link(group, adding(users[0], users[1], NOBODY, "nonsense"), TOLERANT)
    assert [note.quirk for note in written.notes] == ["unknown_member_skipped"]
    assert await writer.members(group) == set(users[:2])
    written = await writer.link(group, adding(users[0], NOBODY), TOLERANT)
    assert not written.changed
    assert (await writer.kinds())[-1] == "skipped"
    with pytest.raises(InvalidValue, match=f"{NOBODY}, {NO_ONE}"):
        await writer.link(group, adding(NOBODY, NO_ONE), TOLERANT)


async def test_groups_have_groups_as_members(writer: Writer, users: list[str]) -> None:
    inner = await writer.group("inner", users[0])
    outer = await writer.group("outer", inner, users[1])
    assert (await writer.read("Group", outer)).members == {inner: "group", users[1]: "user"}
    assert (await writer.read("Group", inner)).memberships == (outer,)
    await writer.delete("Group", outer)
    assert (await writer.read("Group", inner)).memberships == ()


async def test_a_group_may_be_its_own_member(writer: Writer, users: list[str]) -> None:
    group = await writer.group("g", users[0])
    await writer.link(group, adding(group, users[1]))
    assert await writer.members(group) == {group, *users[:2]}
    await writer.change("Group", group, displayName="h")
    await writer.link(group, removing(group))
    assert (await writer.read("Group", group)).memberships == ()
    await writer.link(group, adding(group))
    await writer.delete("Group", group)
    assert await writer.groups(users[0]) == set()


async def test_groups_may_be_members_of_each_other(writer: Writer, users: list[str]) -> None:
    one, two = await writer.group("one", users[0]), await writer.group("two")
    await writer.link(one, adding(two))
    await writer.link(two, adding(one))
    await writer.delete("Group", one)
    assert await writer.members(two) == set()
    assert (await writer.read("Group", two)).memberships == ()


async def test_a_group_grows_into_buckets_and_shrinks_again(writer: Writer) -> None:
    users = await writer.users(200)
    group = await writer.crowd("g", users[:192])
    assert (await writer.read("Group", group)).roster.buckets == 0
    await writer.link(group, adding(users[192]))
    stored = await writer.read("Group", group)
    assert (stored.roster.buckets, stored.roster.count) == (2, 193)
    for strange in (adding("nonsense"), adding(users[0], "nonsense"), adding(NOBODY)):
        with pytest.raises(InvalidValue):
            await writer.link(group, strange)
    for nothing in (removing("nonsense"), removing(NOBODY, users[199]), adding(*users[:90])):
        assert not (await writer.link(group, nothing)).changed
    await writer.link(group, Links(add=adding(*users[190:200]).add, remove=frozenset(users[:30])))
    assert await writer.members(group) == set(users[30:])
    await writer.link(group, removing(*users[30:70]))
    await writer.link(group, exactly(*users[130:]))
    assert await writer.members(group) == set(users[130:])
    await writer.link(group, exactly())
    stored = await writer.read("Group", group)
    assert (stored.members, stored.roster.count, stored.roster.buckets) == ({}, 0, 2)
    await writer.link(group, adding(users[0]))
    assert await writer.groups(users[0]) == {group}
    assert await writer.groups(users[199]) == set()


@pytest.mark.parametrize("count", [3, 200])
async def test_an_edit_that_must_see_the_members_sees_them_all(writer: Writer, count: int) -> None:
    users = await writer.users(count)
    group = await writer.crowd("g", users)
    kind = writer.schemas.types["Group"]
    seen: list[set[str]] = []

    def apply(stored: Stored) -> Reading:
        seen.append(set(stored.members or ()))
        return Reading(stored.attributes, exactly(*users[1:]))

    written = await writer.directory.modify(kind, group, Edit("modify", apply, needs_members=True), REQUEST)
    assert {frozenset(members) for members in seen} == {frozenset(users)}
    assert written.stored.roster.count == count - 1
    assert await writer.members(group) == set(users[1:])
    renamed = Edit("modify", lambda stored: Reading({**stored.attributes, "displayName": "h"}), needs_members=True)
    assert (await writer.directory.modify(kind, group, renamed, REQUEST)).changed
    assert await writer.members(group) == set(users[1:])


async def test_a_group_that_shrank_goes_with_its_buckets(writer: Writer) -> None:
    users = await writer.users(200)
    group = await writer.crowd("g", users)
    for start in range(0, 190, 40):
        await writer.link(group, removing(*users[start : min(start + 40, 190)]))
    await writer.delete("Group", group)
    assert (await writer.kinds())[-1] == "delete"
    assert await writer.groups(users[199]) == set()
