"""How a process gives way to others that write to the same provider, with a clock and dice that do as they are told."""

import asyncio
import random
from dataclasses import dataclass
from types import SimpleNamespace

import pytest

from scim.schema import Schemas
from scim.storage import rivals
from scim.storage.commit import Commit
from scim.storage.drafts import Draft, Torn, View
from scim.storage.rivals import Rivals
from tests.contract.writing import founded
from tests.faults.scripted import ScriptedRows
from tests.observed import observed


@dataclass(slots=True)
class Clock:
    """The time, in seconds."""

    now: float = 1_000.0

    def monotonic(self) -> float:
        """As ``time`` tells it."""
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """A clock that stands still, and dice that fall to the longest gap."""
    found = Clock()
    monkeypatch.setattr(rivals, "time", found)
    monkeypatch.setattr(rivals, "random", SimpleNamespace(uniform=lambda _, most: most))
    return found


def gaps(others: Rivals, count: int) -> list[float]:
    """The gaps of a process that has just committed, before attempts that are all in vain."""
    others.committed()
    found = list[float]()
    for _ in range(count):
        others.met()
        found.append(others.gap(0))
    return found


def test_a_process_that_has_met_nobody_never_waits(clock: Clock) -> None:
    alone = Rivals()
    for _ in range(3):
        assert not alone.about
        assert alone.gap(0) == 0
        alone.committed()
        clock.now += 0.001


@pytest.mark.usefixtures("clock")
def test_the_gap_doubles_with_each_attempt_in_vain_up_to_a_bound() -> None:
    assert gaps(Rivals(), 8) == pytest.approx([0.02, 0.04, 0.08, 0.16, 0.32, 0.32, 0.32, 0.32])


def test_the_gap_halves_with_each_commit_and_is_left_for_as_long_as_others_are_about(clock: Clock) -> None:
    others = Rivals()
    gaps(others, 5)
    found = list[float]()
    for _ in range(6):
        others.committed()
        found.append(others.gap(0))
    assert found == pytest.approx([0.16, 0.08, 0.04, 0.02, 0.02, 0.02])
    clock.now += 29.9
    others.committed()
    assert others.about
    assert others.gap(0) == pytest.approx(0.02)
    clock.now += 0.2
    others.committed()
    assert (others.about, others.gap(0)) == (False, 0)


def test_time_without_a_commit_is_part_of_the_gap(clock: Clock) -> None:
    others = Rivals()
    gaps(others, 5)
    others.committed()
    clock.now += 0.1
    assert others.gap(0) == pytest.approx(0.06)
    clock.now += 0.1
    assert others.gap(0) == 0


@pytest.mark.usefixtures("clock")
def test_a_write_that_has_waited_for_long_hardly_waits_more() -> None:
    others = Rivals()
    gaps(others, 5)
    assert [others.gap(waited) for waited in (0, 1, 1.5, 2, 10)] == pytest.approx([0.32, 0.16, 0.08, 0.02, 0.02])


@pytest.mark.usefixtures("clock")
def test_an_attempt_that_nobody_answered_is_in_vain_too_and_tells_of_nobody() -> None:
    others = Rivals()
    others.committed()
    for _ in range(3):
        others.failed()
    assert not others.about
    assert others.gap(0) == pytest.approx(0.08)
    others.committed()
    assert others.gap(0) == 0


@pytest.mark.usefixtures("clock")
def test_gaps_are_spread_at_random(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rivals, "random", random)
    found = [gaps(Rivals(), 5)[-1] for _ in range(50)]
    assert 0 <= min(found) < 0.16 < max(found) <= 0.32


# What a process does of it


@pytest.fixture
def waits(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> list[float]:  # noqa: ARG001 (which stands still)
    """How long writes have waited between their attempts; it takes no time."""
    found, sleep = list[float](), asyncio.sleep

    async def wait(seconds: float) -> None:
        found.extend([seconds] if seconds else [])
        await sleep(0)

    monkeypatch.setattr(asyncio, "sleep", wait)
    return found


@dataclass(slots=True)
class Making:
    """An operation that makes a row; first, it finds what it reads torn."""

    key: str
    torn: int = 0

    async def __call__(self, _: View, draft: Draft) -> str:
        """Make it."""
        self.torn -= 1
        if self.torn >= 0:
            raise Torn
        draft.create(self.key, {})
        return self.key


async def test_a_process_that_has_met_others_reads_the_head_anew_and_leaves_a_gap(
    schemas: Schemas, waits: list[float]
) -> None:
    rows = ScriptedRows(await founded(schemas))
    commit, other = Commit(rows), Commit(rows)
    for key in ("a", "b"):
        await commit.write(Making(key))
    assert (rows.read, waits) == (["head"], [])
    await other.write(Making("c"))
    await commit.write(Making("d"))
    assert waits == pytest.approx([0.02], rel=0.2)
    rows.read.clear()
    for key in ("e", "f"):
        await commit.write(Making(key))
    assert rows.read == ["head", "head"], "though nobody else has written"
    assert waits == pytest.approx([0.02] * 3, rel=0.2)


async def test_what_nobody_answers_is_sent_again_after_longer_and_longer_gaps(
    schemas: Schemas, waits: list[float]
) -> None:
    rows = ScriptedRows(await founded(schemas))
    commit = Commit(rows)
    await commit.write(Making("a"))
    rows.fates = ["request lost"] * 4
    await commit.write(Making("b"))
    assert waits == pytest.approx([0.02, 0.04, 0.08, 0.16])
    await commit.write(Making("c"))
    assert len(waits) == 4, "it was nobody's doing"


async def test_what_is_torn_was_written_to_by_others(schemas: Schemas, waits: list[float]) -> None:
    commit = Commit(await founded(schemas))
    with observed() as seen:
        await commit.write(Making("a"))
        await commit.write(Making("b", torn=2))
    assert waits == pytest.approx([0.02, 0.04], rel=0.2)
    assert seen.count("rollcall.storage.conflicts") == 2
