"""Groups of any size in one request: the whole of it or nothing, and the members' own lists after it."""

import asyncio
from collections.abc import AsyncIterator
from urllib.parse import quote

import pytest

from scim.errors import InvalidValue, Uniqueness
from scim.resources import Links
from scim.schema import Schemas
from scim.storage import finishing, linking
from scim.storage.acts import Written
from scim.storage.directory import Directory
from scim.storage.finishing import Finishing
from scim.storage.rows import Rows
from tests.client import Client, new_client
from tests.contract.writing import TOLERANT, Writer, adding, exactly, founded, other_ids, removing
from tests.faults.invariants import assert_clean
from tests.houses import Meddling

FEW = [95, 130, 1_000]
MANY = 20_000


@pytest.fixture
async def memory_rows(schemas: Schemas) -> Rows:
    """Sizes at which Azurite would take too long."""
    return await founded(schemas)


@pytest.fixture
async def memory_client() -> AsyncIterator[Client]:
    """A client of the whole service, in memory."""
    client = await new_client()
    yield client
    await client.app.close()


async def people(writer: Writer, count: int, start: int = 0) -> list[str]:
    """Users, many to a transaction."""
    kind = writer.schemas.types["User"]
    acts = [
        writer.directory.creation(kind, {"schemas": [kind.schema.id], "userName": f"u{n}"}, Links(), TOLERANT)
        for n in range(start, start + count)
    ]
    return [each.stored.id async for each in writer.directory.write_each(acts) if isinstance(each, Written)]


async def agree(writer: Writer, group: str, members: list[str], others: list[str] | None = None) -> None:
    """See that a group and the lists of its members say the same."""
    assert await writer.members(group) == set(members)
    for user in [*members[:3], *members[-3:]]:
        assert group in await writer.groups(user)
    for user in [*(others or [])[:3], *(others or [])[-3:]]:
        assert group not in await writer.groups(user)


@pytest.mark.parametrize("count", FEW)
async def test_a_group_gets_many_members_at_once_and_loses_them(
    writer: Writer, rows: Rows, schemas: Schemas, count: int
) -> None:
    users = await people(writer, count)
    group = await writer.group("created with them", *users)
    await agree(writer, group, users)
    other = await writer.group("given them")
    await writer.link(other, adding(*users))
    await agree(writer, other, users)
    await writer.link(other, exactly(*users[: count // 2]))
    await agree(writer, other, users[: count // 2], users[count // 2 :])
    await writer.link(other, exactly())
    await agree(writer, other, [], users)
    await writer.link(group, removing(*users[1:]))
    await agree(writer, group, users[:1], users[1:])
    await assert_clean(rows, schemas)
    assert "begin" not in await writer.kinds()


async def test_many_unknown_members_are_refused_or_passed_over(writer: Writer, rows: Rows, schemas: Schemas) -> None:
    users = await people(writer, 150)
    unknown = list(other_ids(120))
    group = await writer.group("g", *users[:10])
    with pytest.raises(InvalidValue, match=unknown[0]):
        await writer.link(group, adding(*users, *unknown))
    with pytest.raises(InvalidValue, match="no-id"):
        await writer.link(group, exactly(*users, "no-id"))
    await agree(writer, group, users[:10], users[10:])
    written = await writer.link(group, adding(*users, *unknown), TOLERANT)
    assert [note.quirk for note in written.notes] == ["unknown_member_skipped"]
    await agree(writer, group, users)
    await assert_clean(rows, schemas)


async def test_a_large_group_gets_another_set_of_members_behind_the_scenes(schemas: Schemas, memory_rows: Rows) -> None:
    writer = Writer(Directory(memory_rows, schemas), schemas)
    users = await people(writer, MANY)
    group = await writer.group("everybody", *users)
    assert (await writer.kinds()).count("begin") == 1
    await agree(writer, group, users)
    await writer.link(group, exactly(*users[:150]))
    stored = await writer.read("Group", group)
    assert (stored.roster.buckets, stored.roster.count) == (0, 150), "few members lie in the group's row again"
    await agree(writer, group, users[:150], users[150:])
    await writer.link(group, adding(*users[100:]))
    await agree(writer, group, users)
    await writer.link(group, removing(*users[::2]))
    await agree(writer, group, users[1::2], users[::2])
    await writer.link(group, adding(users[0]))
    await writer.delete("Group", group)
    assert [await writer.groups(user) for user in (users[0], users[1], users[-1])] == [set()] * 3
    await assert_clean(memory_rows, schemas)


async def test_a_name_that_is_taken_leaves_nothing_of_a_large_group(schemas: Schemas, memory_rows: Rows) -> None:
    writer = Writer(Directory(memory_rows, schemas), schemas)
    users = await people(writer, MANY)
    await writer.group("taken")
    with pytest.raises(Uniqueness):
        await writer.group("TAKEN", *users)
    assert await writer.groups(users[0]) == set()
    found = [row.key async for page in memory_rows.range("intent:", "n") for row in page]
    assert found == []
    await assert_clean(memory_rows, schemas)


async def test_small_edits_and_deletions_between_the_pieces_of_a_large_one(
    schemas: Schemas, memory_rows: Rows, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(finishing, "FOLLOW_FOR", 0)
    writer = Writer(Directory(memory_rows, schemas), schemas)
    users = await people(writer, 2_000)
    group = await writer.group("g", *users[:1_000])
    await writer.link(group, exactly(*users[500:1_500]))
    await writer.link(group, removing(users[1_499], users[501]))
    await writer.link(group, adding(users[0], users[1_999]))
    await writer.delete("User", users[1_000])
    await writer.delete("User", users[0])
    await writer.link(group, exactly(*users[600:1_000], users[1_999]))
    await assert_clean(memory_rows, schemas)
    await writer.directory.finishing.finish(group)
    await agree(writer, group, [*users[600:1_000], users[1_999]], [*users[1:600], *users[1_001:1_999]])
    await assert_clean(memory_rows, schemas)
    await writer.directory.finishing.close()


async def test_large_edits_of_one_group_at_the_same_time(writer: Writer, rows: Rows, schemas: Schemas) -> None:
    users = await people(writer, 600)
    group = await writer.group("g")
    other = Writer(Directory(rows, schemas), schemas)
    first, second, *small = await asyncio.gather(
        writer.link(group, adding(*users[:300])),
        other.link(group, adding(*users[300:])),
        other.link(group, removing(users[0])),
        writer.delete("User", users[599]),
        return_exceptions=True,
    )
    assert isinstance(first, Written)
    assert isinstance(second, Written | InvalidValue), "one of its members may have been deleted before"
    assert not [outcome for outcome in small if isinstance(outcome, BaseException)]
    members = await writer.members(group)
    assert members - {users[0]} == {*users[1:300], *(users[300:599] if isinstance(second, Written) else ())}
    await writer.directory.finishing.finish(group)
    for user in users[1:599:50]:
        assert (group in await writer.groups(user)) is (user in members)
    await assert_clean(rows, schemas)


async def test_a_set_that_was_built_for_nothing_is_in_nobodys_way(
    schemas: Schemas, memory_rows: Rows, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(linking, "_OTHER_ROWS", 1_000)
    other = Writer(Directory(memory_rows, schemas), schemas)
    users = await people(other, 200)
    group = await other.group("g", *users)
    gone, remaining = users[:120], users[120:]

    async def delete() -> None:
        for user in gone:
            await other.delete("User", user)

    writer = Writer(Directory(Meddling(memory_rows, 2, delete), schemas), schemas)
    assert not (await writer.link(group, exactly(*remaining))).changed
    assert await writer.directory.unfinished() == ()
    await agree(other, group, remaining)
    await assert_clean(memory_rows, schemas)


async def test_filters_know_what_the_lists_of_members_do_not_yet(
    memory_client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(finishing, "FOLLOW_FOR", 0)
    monkeypatch.setattr(Finishing, "_go_on", _nothing)
    users = [(await memory_client.user(f"u{n}"))["id"] for n in range(150)]
    group = (await memory_client.group("g", *users))["id"]
    other = (await memory_client.group("other", users[0]))["id"]
    for query, count in (
        (f'groups.value eq "{group}"', 150),
        (f'userName eq "u1" and groups.value eq "{group}"', 1),
        (f'groups.value eq "{group}" and userName sw "u"', 150),
        (f'groups.value eq "{group}" and not (userName eq "u3")', 149),
        (f'groups.value eq "{group}" or title pr', 150),
        (f'groups.value eq "{group}" and groups.value eq "{other}"', 1),
        ("groups pr", 150),
    ):
        found = await memory_client.get(f"/Users?filter={quote(query)}")
        assert found.json["totalResults"] == count, query
    found = await memory_client.get(f"/Groups?filter={quote(f'members.value eq "{users[149]}"')}")
    assert [each["id"] for each in found.json["Resources"]] == [group]


async def test_who_is_in_as_many_groups_as_can_be_is_left_out_and_that_is_recorded(
    schemas: Schemas, memory_rows: Rows, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(linking, "MAX_MEMBERSHIPS", 3)
    writer = Writer(Directory(memory_rows, schemas), schemas)
    users = await people(writer, 1_200)
    for number in range(3):
        await writer.group(f"a{number}", users[0])
    group = await writer.group("g", *users)
    await agree(writer, group, users[1:], users[:1])
    notes = [note.quirk async for change in writer.directory.changes() for note in change.notes]
    assert notes == ["membership_limit_dropped"]
    await assert_clean(memory_rows, schemas)


async def _nothing(*_: object) -> None:
    """Leave it to others."""
