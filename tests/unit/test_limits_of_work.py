"""What one request may cost: rows read, transactions made, bytes sent; more is refused before it is begun."""

import asyncio
import logging
from collections.abc import Sequence

import pytest

from scim.errors import PayloadTooLarge, Unavailable
from scim.resources import Links
from scim.schema import Schemas
from scim.storage import drafts, intents, linking
from scim.storage.commit import unix_milliseconds
from scim.storage.directory import Directory
from scim.storage.drafts import PARALLEL, Draft, TooLarge
from scim.storage.records import Head
from scim.storage.rows import MAX_ROW_BYTES, MAX_TRANSACTION_BYTES, Create, Row, Rows, Write, size, small, wire_size
from tests.client import new_client
from tests.contract.writing import Writer, adding, exactly, founded, removing
from tests.faults.lossy import Crash, MortalRows
from tests.faults.scripted import ScriptedRows


class Watched(ScriptedRows):
    """Rows that know how many point reads there were, how many at once, and which transaction is to fail.

    Attributes:
        most: point reads under way at the same time, at most.
        last: transactions that apply; the next ones fail, and in no way that a client is meant to see.
    """

    def __init__(self, rows: Rows, last: int | None = None) -> None:
        super().__init__(rows)
        self.most = self._now = 0
        self.last = last

    async def get(self, key: str) -> Row | None:
        """A read that lets others begin theirs."""
        self._now += 1
        self.most = max(self.most, self._now)
        await asyncio.sleep(0)
        self._now -= 1
        return await super().get(key)

    async def transact(self, writes: Sequence[Write]) -> list[str]:
        """A transaction, or a failure."""
        if self.last is not None and len(self.sent) >= self.last:
            raise RuntimeError
        return await super().transact(writes)


@pytest.fixture
async def rows(schemas: Schemas) -> Rows:
    return await founded(schemas)


@pytest.fixture
def writer(rows: Rows, schemas: Schemas) -> Writer:
    return Writer(Directory(rows, schemas), schemas)


async def cut_short(rows: Rows, schemas: Schemas, group: str) -> None:
    """Delete a large group in a process that ends once the intent is written."""
    with pytest.raises(Crash):
        await Writer(Directory(MortalRows(rows, 1, applies=True), schemas), schemas).delete("Group", group)


def later(rows: Rows, schemas: Schemas) -> Writer:
    """A process that comes when intents of now count as abandoned."""
    return Writer(Directory(rows, schemas, lambda: unix_milliseconds() + 31_000), schemas)


async def test_a_large_edit_reads_each_member_it_concerns_once_and_fifty_at_a_time(
    rows: Rows, schemas: Schemas, writer: Writer
) -> None:
    users = await writer.users(600)
    group = await writer.crowd("everybody", users[:400])
    for links, concerned in ((exactly(*users[300:]), 500), (Links(clear=True), 300), (adding(*users[:300]), 300)):
        watched = Watched(rows)
        await Writer(Directory(watched, schemas), schemas).link(group, links)
        assert len([key for key in watched.read if key.startswith("user:")]) == concerned
        assert watched.most <= PARALLEL == 50
        assert {len(sent) <= 100 for sent in watched.sent} == {True}
    assert await writer.members(group) == set(users[:300])


async def test_no_more_than_fifty_rows_are_read_at_once(rows: Rows, schemas: Schemas, writer: Writer) -> None:
    users = await writer.users(90)
    watched = Watched(rows)
    await Writer(Directory(watched, schemas), schemas).group("g", *users)
    assert len(watched.read) >= 90
    assert watched.most == 50


async def test_after_many_deletions_cut_short_a_write_still_makes_few_transactions(
    rows: Rows, schemas: Schemas, writer: Writer
) -> None:
    users = await writer.users(90)
    for number in range(30):
        await cut_short(rows, schemas, await writer.group(f"g{number}", *users))
    watched = Watched(rows)
    process = later(watched, schemas)
    user = await process.user("somebody")
    assert 2 <= len(watched.sent) <= 6
    assert (await process.read("User", user)).id == user
    for number in range(30):
        await process.change("User", user, title=str(number))
    assert await writer.groups(users[0]) == set()


async def test_a_write_that_is_done_is_answered_though_helping_others_fails(
    rows: Rows, schemas: Schemas, writer: Writer, caplog: pytest.LogCaptureFixture
) -> None:
    group = await writer.group("g", *await writer.users(90))
    await cut_short(rows, schemas, group)
    watched = Watched(rows, last=1)
    process = later(watched, schemas)
    with caplog.at_level(logging.WARNING, "scim"):
        user = await process.user("somebody")
    assert await writer.find("User", "userName", "somebody") == [user]
    assert "an intent could not be finished" in caplog.text
    watched.last = None
    await process.change("User", user, title="x")
    assert "follow" in await writer.kinds()


def drafted(text: str) -> Draft:
    draft = Draft(Head(), 1 << 16)
    for number in range(12):
        draft.create(f"row {number}", {f"text{piece}": text for piece in range(4)})
    return draft


def test_a_draft_is_measured_as_it_is_on_the_wire() -> None:
    head = Row("head", "etag", Head().encode())
    emoji, ascii_ = drafted("😀" * 10_000), drafted("x" * 40_000)
    assert len(ascii_.writes(head)) == 13
    with pytest.raises(TooLarge, match=f"57.* bytes, and {MAX_TRANSACTION_BYTES} are the limit"):
        emoji.writes(head)


@pytest.mark.parametrize("character", ["😀", "é", '"', "\n", "x"])
def test_what_counts_as_small_needs_no_measuring(character: str) -> None:
    names = [f"property{number:02}" for number in range(15)]
    rows: list[Write] = [Create("k" * 200, dict.fromkeys(names, 0)) for _ in range(99)]
    most = next(n for n in range(20_000, 100_000, 100) if not small([*rows, Create("", {"text": character * n})]))
    whole: list[Write] = [*rows, Create("", {"text": character * (most - 100)})]
    assert small(whole)
    assert max(sum(map(wire_size, whole)), sum(map(size, whole))) < MAX_ROW_BYTES


async def test_a_deletion_is_sent_in_pieces_that_fit_on_the_wire(rows: Rows, schemas: Schemas, writer: Writer) -> None:
    user = await writer.user("user")
    groups = [await writer.group(f"g{number}", user, externalId="😀" * 40_000) for number in range(12)]
    watched = Watched(rows)
    await Writer(Directory(watched, schemas), schemas).delete("User", user)
    assert sum(size(write) for sent in watched.sent[1:] for write in sent) < MAX_TRANSACTION_BYTES < 12 * 12 * 40_000
    assert max(sum(map(wire_size, sent)) for sent in watched.sent) <= MAX_TRANSACTION_BYTES
    assert [await writer.members(group) for group in groups] == [set()] * 12


async def test_a_piece_is_halved_down_to_one_row_and_then_given_up(
    rows: Rows, schemas: Schemas, writer: Writer, monkeypatch: pytest.MonkeyPatch
) -> None:
    group = await writer.group("g", *await writer.users(90))
    await cut_short(rows, schemas, group)
    watched = Watched(rows)
    directory = Directory(watched, schemas)
    monkeypatch.setattr(drafts, "small", lambda _: False)
    monkeypatch.setattr(drafts, "MAX_TRANSACTION_BYTES", 1)
    async with asyncio.timeout(10):
        with pytest.raises(TooLarge):
            await directory.finishing.finish(group)
    assert watched.read.count(f"intent:{group}") == 7, "batches of 90, 45, 22, 11, 5, 2 and 1"
    assert watched.sent == []
    monkeypatch.undo()
    await directory.finishing.finish(group)


async def test_a_resource_is_in_no_more_groups_than_its_row_can_list(
    writer: Writer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(linking, "MAX_MEMBERSHIPS", 3)
    user = await writer.user("user")
    groups = [await writer.group(f"g{number}", user) for number in range(3)]
    empty = await writer.group("empty")
    for call in (writer.group("fourth", user), writer.link(empty, adding(user)), writer.link(empty, exactly(user))):
        with pytest.raises(PayloadTooLarge, match=f"{user} is in 3 groups, which is the limit"):
            await call
    assert await writer.groups(user) == set(groups)
    assert not (await writer.link(groups[0], adding(user))).changed
    await writer.link(groups[0], removing(user))
    assert (await writer.link(empty, adding(user))).changed


async def test_no_more_intents_are_open_than_the_head_can_list(
    rows: Rows, schemas: Schemas, writer: Writer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(intents, "MAX_INTENTS", 1)
    users = await writer.users(90)
    one, two = [await writer.group(name, *users) for name in ("one", "two")]
    await cut_short(rows, schemas, one)
    with pytest.raises(Unavailable, match="Too much large work"):
        await writer.delete("Group", two)
    assert await writer.members(two) == set(users)
    await writer.directory.finishing.finish(one)
    await writer.delete("Group", two)
    assert await writer.groups(users[0]) == set()


@pytest.mark.parametrize("profile", ["rfc", "entra"])
async def test_a_filter_that_looks_at_too_many_members_is_too_many(
    monkeypatch: pytest.MonkeyPatch, profile: str
) -> None:
    client = await new_client(profile)
    users = [(await client.user(f"u{number}"))["id"] for number in range(6)]
    one = (await client.group("one", *users[:5]))["id"]
    two = (await client.group("two", *users[:5]))["id"]
    asked = '/Groups?filter=members.type+eq+"User"'
    monkeypatch.setattr("scim.selection.MAX_MEMBERS", 10)
    assert (await client.get(asked)).ids == [one, two]
    await client.group("three", users[5])
    refused = await client.get(asked)
    assert refused.error == (400, "tooMany")
    assert "more than 10 members" in refused.json["detail"]
    assert (await client.get(f'{asked}+and+displayName+eq+"two"')).ids == [two]
    assert (await client.get(f'/Groups?filter=members.value+eq+"{users[0]}"')).ids == [one, two]
