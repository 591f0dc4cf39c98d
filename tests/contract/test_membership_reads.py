"""Memberships read one by one, on every kind of tables: alone, by member, by group, and on from where one stopped."""

import asyncio

import pytest

from scim.errors import NotFound
from scim.resources import Links, Reading
from scim.storage.acts import Edit
from scim.storage.members import CAPACITY, place
from scim.storage.membership import Membership, parse_id
from tests.contract.walking import bare, in_order, one, walked
from tests.contract.writing import REQUEST, Writer, adding, other_ids, removing

[NOBODY, NO_ONE] = other_ids(2)


async def test_one_membership_is_there_or_not(writer: Writer) -> None:
    users = await writer.users(3)
    inner = await writer.group("inner")
    group = await writer.crowd("g", [*users[:-1], inner])
    assert await one(writer, group, users[0]) == Membership(group, users[0], "user")
    assert await one(writer, group, inner) == Membership(group, inner, "group")
    for member in (users[-1], group, NOBODY, "nonsense", ""):
        assert await one(writer, group, member) is None
    for other in (inner, NOBODY, users[0], "nonsense", ""):
        assert await one(writer, other, users[0]) is None
    await writer.link(group, removing(users[0]))
    assert await one(writer, group, users[0]) is None


def test_the_id_of_a_membership_names_both() -> None:
    assert parse_id(Membership(NOBODY, NO_ONE, "user").id) == (NOBODY, NO_ONE)
    for strange in ("", NOBODY, f"{NOBODY}.", f".{NOBODY}", f"{NOBODY}.{NO_ONE}.", f"{NOBODY}:{NO_ONE}", "a.b"):
        assert parse_id(strange) is None


async def test_the_memberships_of_a_member_are_in_the_order_of_the_groups(writer: Writer) -> None:
    users = await writer.users(2)
    inner = await writer.group("inner")
    groups = [await writer.group(f"g{number}", users[0], inner) for number in range(5)]
    of = writer.directory.memberships_of
    assert await of(users[0]) == [Membership(group, users[0], "user") for group in groups]
    assert await of(inner) == [Membership(group, inner, "group") for group in groups]
    for nobody in (users[1], groups[0], NOBODY, "nonsense", ""):
        assert await of(nobody) == []


@pytest.mark.parametrize("size", [0, 5, CAPACITY + 1])
async def test_a_walk_meets_every_member_once_and_goes_on_from_any(writer: Writer, size: int) -> None:
    users = await writer.users(size)
    inner = await writer.group("inner")
    group = await writer.crowd("g", [*users[1:], inner])
    expected = in_order([*users[1:], inner])
    stored = await bare(writer, group)
    everyone = await writer.directory.all_memberships(stored)
    assert [each.member for each in everyone] == expected
    assert await walked(writer.directory, stored) == expected
    for at in range(0, len(expected), 67):
        assert await one(writer, group, expected[at]) == everyone[at]
        assert await walked(writer.directory, stored, expected[at]) == expected[at + 1 :]
    absent = users[0] if users else NOBODY
    assert await walked(writer.directory, stored, absent) == [m for m in expected if place(m) > place(absent)]


async def test_groups_are_walked_from_an_id_on(writer: Writer) -> None:
    users = await writer.users(1)
    groups = [await writer.group(f"g{number}", *users) for number in range(4)]

    async def ids(first: str = "") -> list[str]:
        return [stored.id async for stored in writer.directory.groups(first)]

    assert await ids() == groups
    assert await ids(groups[2]) == groups[2:]
    await writer.delete("Group", groups[2])
    assert await ids(groups[2]) == groups[3:]


@pytest.mark.parametrize("size", [2, CAPACITY + 1])
async def test_an_edit_that_must_change_something_says_who_joined_or_is_refused(writer: Writer, size: int) -> None:
    users = await writer.users(size)
    inner = await writer.group("inner")
    group = await writer.crowd("g", users[1:])
    kind = writer.schemas.types["Group"]

    def must(links: Links) -> Edit:
        return Edit("modify", lambda stored: Reading(stored.attributes, links), unchanged=NotFound("as it was"))

    written = await writer.directory.modify(kind, group, must(adding(users[0], users[1], inner)), REQUEST)
    assert written.added == {users[0]: "user", inner: "group"}
    changes = await writer.kinds()
    for links in (adding(users[0]), removing(NOBODY)):
        with pytest.raises(NotFound, match="as it was"):
            await writer.directory.modify(kind, group, must(links), REQUEST)
    assert await writer.kinds() == changes


async def test_of_two_who_add_the_same_member_one_is_refused(writers: list[Writer]) -> None:
    writer = writers[0]
    users = await writer.users(1)
    group = await writer.group("g")
    kind = writer.schemas.types["Group"]
    edit = Edit("modify", lambda s: Reading(s.attributes, adding(*users)), unchanged=NotFound("there already"))
    outcomes = await asyncio.gather(
        *(each.directory.modify(kind, group, edit, REQUEST) for each in writers), return_exceptions=True
    )
    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["NotFound"] * 3 + ["Written"]
    assert await writer.members(group) == set(users)
