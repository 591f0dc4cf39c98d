"""Writers that wait for each other: what they share, and what each keeps for itself."""

import asyncio
import random
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace

import pytest

from scim.errors import ScimError, Unavailable, Uniqueness
from scim.resources import NO_LINKS, Reading
from scim.schema import Schemas
from scim.storage import keys
from scim.storage.acts import Edit, Written
from scim.storage.commit import Commit
from scim.storage.directory import Directory
from scim.storage.drafts import Draft, Foreseen, TooLarge, View
from scim.storage.records import Stored
from scim.storage.rows import Create, Row, Rows, SettingsChanged, Write
from tests.contract.writing import ORIGIN, REQUEST, Writer, founded
from tests.faults.invariants import assert_clean
from tests.faults.lossy import LossyRows, Weather
from tests.faults.scripted import ScriptedRows

SEEDS = range(12)


class Gated:
    """Rows whose transactions wait for a gate; knows what was sent, and may fail."""

    def __init__(self, rows: Rows) -> None:
        self._rows = rows
        self.gate = asyncio.Event()
        self.sent: list[list[str]] = []
        self.failure: BaseException | None = None
        self.get, self.range = rows.get, rows.range

    async def transact(self, writes: Sequence[Write]) -> list[str]:
        """A transaction, once the gate is open."""
        self.sent.append([write.key for write in writes if isinstance(write, Create)])
        await self.gate.wait()
        failure, self.failure = self.failure, None
        if failure is not None:
            raise failure
        return await self._rows.transact(writes)


@pytest.fixture
async def rows(schemas: Schemas) -> Rows:
    return await founded(schemas)


@pytest.fixture
def gated(rows: Rows) -> Gated:
    return Gated(rows)


class Making:
    """An operation that makes rows, and counts how often it is decided."""

    def __init__(self, key: str, many: int = 1, error: Exception | None = None) -> None:
        self.key = key
        self.many = many
        self.error = error

    async def __call__(self, _: View, draft: Draft) -> str:
        """Make them; raises what there is to raise."""
        for number in range(self.many):
            draft.create(f"{self.key}:{number}", {}, Uniqueness(self.key))
        if self.error is not None:
            raise self.error
        return self.key


async def together(gated: Gated, *operations: Making) -> list[str | BaseException]:
    """What comes of operations that all wait behind another one."""
    commit = Commit(gated)
    tasks = [asyncio.create_task(commit.write(each)) for each in (Making("first"), *operations)]
    for _ in range(3):
        await asyncio.sleep(0)
    gated.gate.set()
    async with asyncio.timeout(5):
        return (await asyncio.gather(*tasks, return_exceptions=True))[1:]


async def test_those_who_wait_share_a_transaction(gated: Gated) -> None:
    assert await together(gated, Making("a"), Making("b"), Making("c")) == ["a", "b", "c"]
    assert gated.sent == [["first:0"], ["a:0", "b:0", "c:0"]]


async def test_one_that_fails_in_any_way_is_no_hindrance_to_the_others(gated: Gated) -> None:
    bug, refused = KeyError("bug"), Uniqueness("no")
    found = await together(gated, Making("a", error=bug), Making("b"), Making("c", error=refused), Making("d"))
    assert found == [bug, "b", refused, "d"]
    assert gated.sent == [["first:0"], ["b:0", "d:0"]]


async def test_one_that_is_too_large_is_so_alone(gated: Gated) -> None:
    a, large, b = await together(gated, Making("a", 50), Making("large", 120), Making("b"))
    assert (a, b) == ("a", "b")
    assert isinstance(large, TooLarge)


async def test_a_name_that_is_taken_fails_its_claimant_alone(gated: Gated, rows: Rows) -> None:
    await rows.transact([Create("b:0", {})])
    a, b, c = await together(gated, Making("a"), Making("b"), Making("c"))
    assert (a, c) == ("a", "c")
    assert isinstance(b, Uniqueness)
    assert [await rows.get(f"{key}:0") is not None for key in "abc"] == [True] * 3


async def test_those_before_one_whose_name_is_taken_still_go_together(gated: Gated, rows: Rows) -> None:
    await rows.transact([Create("c:0", {})])
    *found, refused = await together(gated, Making("a"), Making("b"), Making("d"), Making("c"))
    assert found == ["a", "b", "d"]
    assert isinstance(refused, Uniqueness)
    assert gated.sent[1:3] == [["a:0", "b:0", "d:0", "c:0"], ["a:0", "b:0", "d:0"]]


async def test_of_those_who_share_a_transaction_all_hear_of_an_unforeseen_fault(
    gated: Gated, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Crash(BaseException):
        pass

    crash, plain = Crash(), gated.transact

    async def transact(writes: Sequence[Write]) -> list[str]:
        gated.failure = crash if len(gated.sent) == 1 else None
        return await plain(writes)

    monkeypatch.setattr(gated, "transact", transact)
    commit = Commit(gated)
    tasks = [asyncio.create_task(commit.write(Making(key))) for key in "abc"]
    await asyncio.sleep(0)
    gated.gate.set()
    async with asyncio.timeout(5):
        assert await asyncio.gather(*tasks, return_exceptions=True) == ["a", crash, crash]
        assert await commit.write(Making("d")) == "d"


async def test_with_the_turn_itself_all_who_wait_are_cancelled(gated: Gated) -> None:
    gated.failure = asyncio.CancelledError()
    commit = Commit(gated)
    tasks = [asyncio.create_task(commit.write(Making(key))) for key in "abc"]
    await asyncio.sleep(0)
    gated.gate.set()
    done, _ = await asyncio.wait(tasks, timeout=5)
    assert [task.cancelled() for task in tasks] == [True] * len(done) == [True] * 3
    async with asyncio.timeout(5):
        assert await commit.write(Making("d")) == "d"


async def test_who_gives_up_while_waiting_is_not_done_and_who_gives_up_later_is(gated: Gated, rows: Rows) -> None:
    commit = Commit(gated)
    sent, waits, other = (asyncio.create_task(commit.write(Making(key))) for key in ("sent", "waits", "other"))
    for _ in range(3):
        await asyncio.sleep(0)
    sent.cancel()
    waits.cancel()
    await asyncio.wait([sent, waits])
    gated.gate.set()
    assert await other == "other"
    assert await rows.get("sent:0") is not None
    assert await rows.get("waits:0") is None
    assert gated.sent == [["sent:0"], ["other:0"]]


async def test_rows_of_those_who_wait_are_read_at_the_same_time(gated: Gated) -> None:
    reading, most = 0, 0
    plain = gated.get

    async def get(key: str) -> Row | None:
        nonlocal reading, most
        reading += 1
        most = max(most, reading)
        await asyncio.sleep(0)
        reading -= 1
        return await plain(key)

    commit = Commit(gated)
    tasks = [asyncio.create_task(commit.write(Making(key), foreseen=Foreseen((f"row {key}",)))) for key in "abcd"]
    await asyncio.sleep(0)
    gated.get = get
    gated.gate.set()
    assert await asyncio.gather(*tasks) == list("abcd")
    assert most == 3


async def test_no_more_is_read_ahead_than_can_go_together(gated: Gated, rows: Rows) -> None:
    watched = ScriptedRows(rows)
    gated.get = watched.get
    commit = Commit(gated)
    rows_of = {key: tuple(f"row {key} {number}" for number in range(60)) for key in "abcd"}
    tasks = [asyncio.create_task(commit.write(Making(key, 60), foreseen=Foreseen(rows_of[key]))) for key in "abcd"]
    await asyncio.sleep(0)
    gated.gate.set()
    assert await asyncio.gather(*tasks) == list("abcd")
    read = Counter(key for key in watched.read if key.startswith("row"))
    assert set(read.values()) == {1}


async def test_a_row_that_cannot_be_read_fails_its_own_operation_alone(gated: Gated) -> None:
    def unreadable(_: Row) -> list[str]:
        raise KeyError("number")

    commit, head = Commit(gated), Foreseen((keys.HEAD,), unreadable)
    bad = Making("bad", error=KeyError("number"))
    writing = [commit.write(Making("first")), commit.write(bad, foreseen=head), commit.write(Making("good"))]
    tasks = [asyncio.create_task(each) for each in writing]
    await asyncio.sleep(0)
    gated.gate.set()
    first, failed, good = await asyncio.gather(*tasks, return_exceptions=True)
    assert (first, failed, good) == ("first", bad.error, "good")


async def test_those_who_find_other_settings_together_look_at_the_head_anew(rows: Rows, schemas: Schemas) -> None:
    directory, kind = Directory(rows, schemas), schemas.types["User"]
    acts = [
        directory.creation(kind, {"schemas": [kind.schema.id], "userName": name}, NO_LINKS, REQUEST) for name in "ab"
    ]

    async def come_to() -> list[type]:
        return [type(outcome) async for outcome in directory.write_each(acts)]

    meanwhile, afterwards = Directory(rows, replace(schemas, digest="others")), Directory(rows, schemas)
    await meanwhile.take_over(ORIGIN)
    assert await come_to() == [SettingsChanged, SettingsChanged]
    await afterwards.take_over(ORIGIN)
    assert await come_to() == [Written, Written]


def appending(token: str) -> Edit:
    """An edit that loses what others wrote, if it does not see it."""

    def apply(stored: Stored) -> Reading:
        before = str(stored.attributes.get("title", ""))
        return Reading({**stored.attributes, "title": f"{before} {token}".strip()})

    return Edit("modify", apply)


@pytest.mark.parametrize("seed", SEEDS)
async def test_in_bad_weather_each_write_is_done_once_or_said_to_be_doubtful(
    rows: Rows, schemas: Schemas, seed: int
) -> None:
    chance = random.Random(seed)  # noqa: S311 (a seed that can be repeated)
    weather = Weather(0.08, 0.08, 0.08, 0.01)
    writers = [Writer(Directory(LossyRows(rows, chance, weather), schemas), schemas) for _ in range(3)]
    clear = Writer(Directory(rows, schemas), schemas)
    shared = [await clear.user(f"shared {number}") for number in range(2)]
    kind = schemas.types["User"]
    done: dict[str, list[str]] = {user: [] for user in shared}
    doubtful: set[str] = set()
    created: list[str] = []

    async def work(worker: int, writer: Writer) -> None:
        for number in range(6):
            user, token = chance.choice(shared), f"{worker}.{number}"
            modifying = asyncio.create_task(writer.directory.modify(kind, user, appending(token), REQUEST))
            if chance.random() < 0.1:
                asyncio.get_running_loop().call_later(chance.uniform(0, 0.02), modifying.cancel)
            try:
                await modifying
                done[user].append(token)
            except (Unavailable, asyncio.CancelledError):
                doubtful.add(token)
            with suppress(Unavailable):
                created.append(await writer.user(token))
            with pytest.raises(ScimError):
                await writer.user("shared 0")

    async with asyncio.timeout(60):
        await asyncio.gather(*(work(number, writers[number % 3]) for number in range(12)))
    for user in shared:
        tokens = str((await clear.read("User", user)).attributes["title"]).split()
        assert max(Counter(tokens).values()) == 1
        assert set(done[user]) <= set(tokens) <= set(done[user]) | doubtful
        for worker in range(12):
            mine = [token for token in tokens if token.startswith(f"{worker}.")]
            assert mine == sorted(mine)
    assert len(created) == len(set(created))
    for identifier in created:
        assert (await clear.read("User", identifier)).id == identifier
    await assert_clean(rows, schemas)
