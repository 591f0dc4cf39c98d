"""Commit: retries, unknown outcomes, and what a transaction looks like."""

import asyncio
from collections.abc import Callable, Sequence

import pytest

from scim.changes import Origin, instant
from scim.errors import NotFound, PayloadTooLarge, Unavailable, Uniqueness
from scim.schema import Schemas
from scim.storage import commit
from scim.storage.commit import ATTEMPTS, Commit
from scim.storage.directory import Directory
from scim.storage.drafts import Draft, TooLarge, View
from scim.storage.memory import MemoryTables
from scim.storage.records import Head
from scim.storage.rows import Create, Delete, Merge, Refused, Row, Rows, Write
from tests.contract.writing import Writer, adding, founded
from tests.faults.invariants import assert_clean
from tests.faults.scripted import Fate, ScriptedRows

HEAD = Row("head", "etag", Head().encode())
HARD_FATES: list[tuple[Fate, ...]] = [
    ("request lost",),
    ("answer lost",),
    ("comes late",),
    ("request lost", "answer lost"),
    ("comes late", "comes late"),
    ("request lost", "comes late", "request lost"),
]


@pytest.fixture
async def rows(schemas: Schemas) -> Rows:
    return await founded(schemas)


@pytest.fixture
def process(rows: Rows, schemas: Schemas) -> Callable[..., tuple[ScriptedRows, Writer]]:
    def start(*fates: Fate) -> tuple[ScriptedRows, Writer]:
        scripted = ScriptedRows(rows, *fates)
        return scripted, Writer(Directory(scripted, schemas), schemas)

    return start


type Process = Callable[..., tuple[ScriptedRows, Writer]]


@pytest.mark.parametrize("fates", HARD_FATES)
async def test_a_write_of_unknown_outcome_is_done_once_and_answered_as_if_nothing_had_happened(
    process: Process, rows: Rows, schemas: Schemas, fates: tuple[Fate, ...]
) -> None:
    scripted, writer = process()
    user, group = await writer.user("user"), await writer.group("group")
    scripted.fates = list(fates)
    another = await writer.user("another")
    scripted.fates = list(fates)
    assert (await writer.change("User", user, title="x")).changed
    scripted.fates = list(fates)
    assert (await writer.link(group, adding(user, another))).changed
    scripted.fates = list(fates)
    await writer.delete("User", another)
    assert await writer.kinds() == ["create", "create", "create", "modify", "modify", "delete"]
    assert await writer.members(group) == {user}
    await assert_clean(rows, schemas)


async def test_a_settled_write_answers_with_what_it_wrote(process: Process) -> None:
    scripted, writer = process("comes late")
    user = await writer.user("user")
    assert (await writer.read("User", user)).id == user
    scripted.fates = ["answer lost"]
    written = await writer.change("User", user, title="x")
    assert await writer.read("User", user) == written.stored


async def test_a_conflict_is_no_phantom_when_somebody_else_has_the_name(process: Process) -> None:
    for fate in ("request lost", "comes late"):
        scripted, writer = process()
        await writer.user(f"seen {fate}")
        other = process()[1]
        await other.user(f"taken {fate}")
        scripted.fates = [fate]
        with pytest.raises(Uniqueness):
            await writer.user(f"Taken {fate}")


async def test_a_process_that_did_not_see_the_last_write_reads_everything_anew(process: Process) -> None:
    scripted, writer = process()
    user = await writer.user("user")
    await process()[1].user("other")
    scripted.read.clear()
    await writer.change("User", user, title="x")
    read = [key.partition(":")[0] for key in scripted.read]
    assert read == ["user", "change", "head", "user"], "its change record, to see whether a copy of it was refused"


async def test_forty_stale_rows_are_read_anew_at_once(process: Process, rows: Rows, schemas: Schemas) -> None:
    scripted, writer = process()
    users, group = await writer.users(40), await writer.group("group")
    other = process()[1]
    theirs = await other.group("theirs")

    class Meddling(ScriptedRows):
        async def get(self, key: str) -> Row | None:
            row = await super().get(key)
            if key == f"user:{users[39]}" and self.read.count(key) == 1:
                await other.link(theirs, adding(*users))
            return row

    meddled = Meddling(rows)
    await Writer(Directory(meddled, schemas), schemas).link(group, adding(*users))
    assert len(meddled.sent) == 2
    assert await writer.members(group) == await writer.members(theirs) == set(users)
    assert scripted.sent


async def test_a_refusal_without_a_place_is_traced_to_the_name_that_is_taken(process: Process) -> None:
    _, writer = process()
    await writer.user("taken")
    scripted, other = process("refused without a place")
    with pytest.raises(Uniqueness):
        await other.user("taken")
    await writer.user("between")
    scripted.fates = ["refused without a place"]
    assert await other.user("free")


async def test_after_many_attempts_the_client_is_asked_to_come_back(process: Process) -> None:
    scripted, writer = process(*["request lost"] * 20)
    with pytest.raises(Unavailable) as raised:
        await writer.user("user")
    assert 1 <= int(raised.value.headers["Retry-After"]) <= 5
    assert len(scripted.sent) == ATTEMPTS
    scripted.fates = []
    await writer.user("user")


async def test_a_write_that_waits_too_long_for_the_others_gives_up(rows: Rows, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(commit, "PATIENCE", 0.02)
    writes, go = Commit(rows), asyncio.Event()

    async def slow(_view: View, _draft: Draft) -> None:
        await go.wait()

    async def quick(_view: View, _draft: Draft) -> None:
        pass

    first = asyncio.create_task(writes.write(slow))
    await asyncio.sleep(0)
    with pytest.raises(Unavailable):
        await writes.write(quick)
    go.set()
    await first
    await writes.write(quick)


async def test_a_write_before_which_others_always_come_ends_by_time(
    rows: Rows, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Beaten(ScriptedRows):
        async def transact(self, writes: Sequence[Write]) -> list[str]:
            self.sent.append(writes)
            raise Refused(0, "stale")

    monkeypatch.setattr(commit, "PATIENCE", 0.5)
    beaten = Beaten(rows)

    async def one_row(_view: View, draft: Draft) -> None:
        draft.create("one", {})

    async with asyncio.timeout(10):
        with pytest.raises(Unavailable):
            await Commit(beaten).write(one_row)
    assert beaten.sent


async def test_a_silent_store_is_unavailable_and_the_next_write_finds_out(process: Process) -> None:
    scripted, writer = process()
    user = await writer.user("user")
    scripted.fates, scripted.silent = ["answer lost"], True
    with pytest.raises(Unavailable):
        await writer.user("doubtful")
    scripted.silent = False
    with pytest.raises(Uniqueness):
        await writer.user("doubtful")
    await writer.change("User", user, title="x")
    assert await writer.kinds() == ["create", "create", "modify"]


async def test_a_write_that_is_late_already_is_not_begun(rows: Rows, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(commit, "PATIENCE", -1)

    async def never(_view: View, _draft: Draft) -> None:
        raise AssertionError

    with pytest.raises(Unavailable):
        await Commit(rows).write(never)


async def test_an_error_leaves_the_way_free(process: Process) -> None:
    _, writer = process()
    for _ in range(2):
        with pytest.raises(NotFound):
            await writer.delete("User", "00000000-0000-7000-8000-000000000000")
    await writer.user("user")


async def test_without_a_head_nothing_can_be_written(schemas: Schemas) -> None:
    tables = MemoryTables()
    await tables.create("p")
    with pytest.raises(Unavailable, match="not ready"):
        await Writer(Directory(tables.rows("p", "p"), schemas), schemas).user("user")


async def test_numbers_ascend_and_hold_the_time_unless_the_clock_goes_back(rows: Rows, schemas: Schemas) -> None:
    times = [5_000_000, 5_000_000, 4_000_000, 6_000_000]
    clock = iter(times)
    writer = Writer(Directory(rows, schemas, lambda: next(clock)), schemas)
    users = [await writer.user(f"user {number}") for number in range(4)]
    numbers = [(await writer.read("User", user)).number for user in users]
    assert numbers == [5_000_000 << 16, (5_000_000 << 16) + 1, (5_000_000 << 16) + 2, 6_000_000 << 16]
    assert users == sorted(users)
    created = [(await writer.read("User", user)).created for user in users]
    assert created == [instant(number) for number in numbers]


def draft() -> Draft:
    return Draft(Head(), 1 << 16, "mark")


def test_a_transaction_begins_with_the_head_and_shows_a_stale_row_before_a_name_that_is_taken() -> None:
    made = draft()
    made.create("name", {})
    made.drop("old name")
    made.merge(Row("one", "1", {}), {"a": 1})
    made.delete(Row("two", "2", {}))
    writes = made.writes(HEAD)
    assert [(type(write), write.key) for write in writes] == [
        (Merge, "head"),
        (Merge, "one"),
        (Delete, "two"),
        (Create, "name"),
        (Delete, "old name"),
    ]
    assert [getattr(write, "etag", None) for write in writes] == ["etag", "1", "2", None, None]


def test_a_transaction_names_each_row_once() -> None:
    made, row = draft(), Row("one", "1", {})
    made.merge(row, {"a": 1, "b": 1})
    made.merge(row, {"b": 2})
    assert made.writes(HEAD)[1:] == [Merge("one", "1", {"a": 1, "b": 2})]
    made.delete(row)
    assert made.writes(HEAD)[1:] == [Delete("one", "1")]


def test_a_draft_is_empty_until_it_writes_or_records() -> None:
    assert draft().empty
    made = draft()
    made.record("skipped", ("User", "id"), Origin("", ""))
    assert not made.empty
    record = made.writes(HEAD)[1]
    assert isinstance(record, Create)
    assert (record.key, record.properties["transaction"]) == (f"change:{1 << 16:016x}", "mark")


def test_what_does_not_fit_into_a_transaction_or_a_row_is_refused() -> None:
    rows = draft()
    for number in range(99):
        rows.create(f"row {number}", {})
    assert len(rows.writes(HEAD)) == 100
    rows.create("one more", {})
    with pytest.raises(TooLarge):
        rows.writes(HEAD)
    large = draft()
    for number in range(5):
        large.create(f"row {number}", {"a": bytes(350_000)})
    with pytest.raises(TooLarge):
        large.writes(HEAD)
    wide = draft()
    wide.create("row", {"a": "x" * 480_000})
    with pytest.raises(PayloadTooLarge, match="480000"):
        wide.writes(HEAD)
