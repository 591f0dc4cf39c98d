"""A process that ends in the middle of a long deletion: another one finishes it."""

from contextlib import suppress

import pytest

from scim.schema import Schemas
from scim.storage import deletion, finishing, intents, linking
from scim.storage.commit import unix_milliseconds
from scim.storage.directory import Directory
from scim.storage.rows import Rows
from tests.contract.writing import Writer, adding, exactly, founded, removing
from tests.faults.invariants import assert_clean
from tests.faults.lossy import Crash, MortalRows
from tests.faults.raw import read

ABANDONED = 31_000


@pytest.fixture(autouse=True)
def _small_transactions(monkeypatch: pytest.MonkeyPatch) -> None:
    """Deletions need an intent early, and many steps."""
    monkeypatch.setattr(deletion, "MAX_TRANSACTION_ROWS", 20)
    monkeypatch.setattr(finishing, "_BATCH", 40)


@pytest.fixture
async def rows(schemas: Schemas) -> Rows:
    return await founded(schemas)


def later(rows: Rows, schemas: Schemas, milliseconds: int) -> Writer:
    """Another process, some time after."""
    return Writer(Directory(rows, schemas, lambda: unix_milliseconds() + milliseconds), schemas)


def mortal(rows: Rows, schemas: Schemas, last: int, *, applies: bool = True) -> Writer:
    """A process that ends at its ``last`` transaction."""
    return Writer(Directory(MortalRows(rows, last, applies=applies), schemas), schemas)


async def crashes(writer: Writer, kind: str, identifier: str) -> bool:
    """Whether a process ends before it is through with a deletion."""
    try:
        await writer.delete(kind, identifier)
    except Crash:
        return True
    return False


async def finished(writer: Writer, rows: Rows) -> int:
    """Write until no intent is left; how many writes it took."""
    for number in range(100):
        if not (await read(rows, writer.schemas))[1].intents:
            return number
        await writer.user(f"late {number}")
        await assert_clean(rows, writer.schemas)
    raise AssertionError("the intents stay open")


@pytest.mark.parametrize("applies", [False, True])
@pytest.mark.parametrize("last", range(1, 12))
async def test_a_group_deletion_that_was_cut_short_is_finished(
    rows: Rows, schemas: Schemas, last: int, *, applies: bool
) -> None:
    writer = Writer(Directory(rows, schemas), schemas)
    users = await writer.users(250)
    group = await writer.crowd("large", users)
    parents = [await writer.group(f"parent {number}", group, users[0]) for number in range(3)]
    cut = await crashes(mortal(rows, schemas, last, applies=applies), "Group", group)
    await assert_clean(rows, schemas)
    assert cut is (last <= 8) or last in {9, 10}  # as evenly as the members lie in the buckets
    if (last, applies) == (1, False):
        assert await writer.members(group) == set(users)
        await writer.delete("Group", group)
    else:
        assert await writer.directory.get(schemas.types["Group"], group, members=True) is None
        await writer.link(parents[0], adding(users[1]))
        await finished(later(rows, schemas, ABANDONED), rows)
    assert await writer.groups(users[0]) == set(parents)
    assert await writer.groups(users[249]) == set()
    assert [await writer.members(parent) for parent in parents] == [{*users[:2]}, {users[0]}, {users[0]}] or last == 1
    await assert_clean(rows, schemas)


@pytest.mark.parametrize("last", range(1, 4))
async def test_a_user_deletion_that_was_cut_short_is_finished(rows: Rows, schemas: Schemas, last: int) -> None:
    writer = Writer(Directory(rows, schemas), schemas)
    user, other = await writer.users(2)
    groups = [await writer.group(f"group {number}", user, other) for number in range(50)]
    assert await crashes(mortal(rows, schemas, last), "User", user)
    assert await writer.directory.get(schemas.types["User"], user, members=False) is None
    await writer.user("USER0")
    await writer.link(groups[49], removing(user))
    await writer.delete("Group", groups[48])
    assert await finished(later(rows, schemas, ABANDONED), rows) <= 3
    for group in groups[:48]:
        assert await writer.members(group) == {other}
    await assert_clean(rows, schemas)


async def test_a_fresh_intent_is_left_to_the_process_that_works_on_it(rows: Rows, schemas: Schemas) -> None:
    writer = Writer(Directory(rows, schemas), schemas)
    [user] = await writer.users(1)
    for number in range(50):
        await writer.group(f"group {number}", user)
    assert await crashes(mortal(rows, schemas, 1), "User", user)
    soon = later(rows, schemas, ABANDONED // 2)
    for number in range(5):
        await soon.user(f"soon {number}")
    assert (await read(rows, schemas))[1].intents.keys() == {user}
    await finished(later(rows, schemas, ABANDONED), rows)


async def test_two_processes_may_finish_the_same_work(rows: Rows, schemas: Schemas) -> None:
    writer = Writer(Directory(rows, schemas), schemas)
    users = await writer.users(200)
    group = await writer.crowd("large", users)
    assert await crashes(mortal(rows, schemas, 1), "Group", group)
    one, two = later(rows, schemas, ABANDONED), later(rows, schemas, ABANDONED)
    for number in range(8):
        await one.user(f"one {number}")
        await two.user(f"two {number}")
        await assert_clean(rows, schemas)
    assert await finished(one, rows) == 0
    await two.directory.finishing.finish(group)
    await assert_clean(rows, schemas)


async def test_a_step_that_does_not_fit_is_made_smaller(
    rows: Rows, schemas: Schemas, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(finishing, "_BATCH", 400)
    writer = Writer(Directory(rows, schemas), schemas)
    users = await writer.users(150)
    group = await writer.crowd("group", users)
    await writer.delete("Group", group)
    assert (await writer.kinds()).count("follow") == 3
    assert await writer.groups(users[149]) == set()
    await assert_clean(rows, schemas)


async def test_the_deleter_itself_may_come_back_and_finish(rows: Rows, schemas: Schemas) -> None:
    writer = Writer(Directory(rows, schemas), schemas)
    users = await writer.users(200)
    group = await writer.crowd("large", users)
    assert await crashes(mortal(rows, schemas, 2, applies=False), "Group", group)
    await writer.directory.finishing.finish(group)
    assert (await read(rows, schemas))[1].intents == {}
    assert await writer.groups(users[7]) == set()
    await assert_clean(rows, schemas)


@pytest.mark.parametrize("applies", [False, True])
@pytest.mark.parametrize("last", range(1, 13))
@pytest.mark.parametrize("build", [False, True])
async def test_a_large_edit_that_was_cut_short_is_done_or_not_begun(  # noqa: PLR0913 (each says where it is cut)
    rows: Rows, schemas: Schemas, monkeypatch: pytest.MonkeyPatch, last: int, *, build: bool, applies: bool
) -> None:
    monkeypatch.setattr(linking, "MAX_TRANSACTION_ROWS", 15 if build else 90)
    monkeypatch.setattr(intents, "QUEUED", 60)
    writer = Writer(Directory(rows, schemas), schemas)
    users = await writer.users(450)
    group = await writer.crowd("g", users[:300])
    for _ in range(10):
        await writer.directory.finishing.finish(group)
    before, after = set(users[:300]), set(users[150:])
    dying = mortal(rows, schemas, last, applies=applies)
    try:
        await dying.link(group, exactly(*users[150:]))
        cut = False
    except Crash:
        cut = True
    assert cut or last > (8 if build else 5)
    await assert_clean(rows, schemas)
    seen = await writer.members(group)
    assert seen in (before, after)
    assert seen == before or ("begin" in await writer.kinds()) is build
    assert seen == after or last <= (4 if build else 1)
    heir = later(rows, schemas, ABANDONED)
    await heir.link(group, adding(users[0]))
    await heir.directory.finishing.sweep(60)
    assert (await read(rows, schemas))[1].intents == {}
    await assert_clean(rows, schemas)
    for user in (users[1], users[200], users[449]):
        assert await writer.groups(user) == ({group} if user in seen else set())


@pytest.mark.parametrize("last", range(1, 8))
async def test_a_large_group_that_was_not_made_leaves_nothing(
    rows: Rows, schemas: Schemas, monkeypatch: pytest.MonkeyPatch, last: int
) -> None:
    monkeypatch.setattr(linking, "MAX_TRANSACTION_ROWS", 15)
    writer = Writer(Directory(rows, schemas), schemas)
    users = await writer.users(450)
    with suppress(Crash):
        await mortal(rows, schemas, last).group("g", *users)
    await assert_clean(rows, schemas)
    found = await writer.find("Group", "displayName", "g")
    heir = later(rows, schemas, ABANDONED)
    await heir.directory.finishing.sweep(60)
    assert (await read(rows, schemas))[1].intents == {}
    assert [await writer.members(group) for group in found] == [set(users)] * len(found)
    if not found:
        assert (await read(rows, schemas))[1].buckets == []
    await assert_clean(rows, schemas)
