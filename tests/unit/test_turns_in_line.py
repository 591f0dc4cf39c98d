"""Who goes together, in which order, and who is told what: turns at a desk that does nothing else."""

import asyncio
from collections.abc import Sequence
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

import pytest

from scim.errors import Unavailable
from scim.storage.commit import busy
from scim.storage.drafts import Decide, Draft, Foreseen, View
from scim.storage.memory import MemoryTables
from scim.storage.turns import Turns

VISITOR = ContextVar("VISITOR", default="nobody")


@dataclass(frozen=True, slots=True)
class Wish:
    """An operation that is only there to be told from others."""

    name: str

    async def __call__(self, _: View, draft: Draft) -> str:
        """Never done."""
        raise AssertionError(draft)


@dataclass(slots=True)
class Desk:
    """Serves those who come together once its door is open.

    Attributes:
        served: the names of the operations that came together, each time.
        most: outcomes to give at a time.
        fault: what those meet who are the first to come with others.
        inside: how many are served at this moment; at most one may be.
    """

    door: asyncio.Event = field(default_factory=asyncio.Event)
    served: list[list[str]] = field(default_factory=list)
    reads: list[list[str]] = field(default_factory=list)
    until: list[float] = field(default_factory=list)
    visitors: list[str] = field(default_factory=list)
    most: int = 100
    fault: Exception | None = None
    inside: int = 0

    async def serve(
        self, decides: Sequence[Decide[Any]], foreseen: Sequence[Foreseen], until: float, _: View | None
    ) -> list[str]:
        """The names of the first operations."""
        self.inside += 1
        assert self.inside == 1, "one transaction is under way at a time"
        names = [decide.name for decide in decides if isinstance(decide, Wish)]
        self.served.append(names)
        self.reads.append([key for each in foreseen for key in each.keys])
        self.until.append(until)
        self.visitors.append(VISITOR.get())
        await self.door.wait()
        await asyncio.sleep(0)
        self.inside -= 1
        if self.fault is not None and len(names) > 1:
            fault, self.fault = self.fault, None
            raise fault
        return names[: self.most]

    async def opens_once(self) -> None:
        """Let those in who are first, and keep those who are next waiting inside."""
        await asyncio.sleep(0)
        self.door.set()
        await asyncio.sleep(0)
        self.door.clear()
        for _ in range(5):
            await asyncio.sleep(0)


@pytest.fixture
def desk() -> Desk:
    return Desk()


@dataclass(slots=True)
class Line:
    """Those who have come to a desk."""

    desk: Desk
    most: int = 100
    tasks: list[asyncio.Task[list[Any]]] = field(default_factory=list)
    turns: Turns = field(init=False)

    def __post_init__(self) -> None:
        self.turns = Turns(self.desk.serve, self.most, busy)

    def come(self, *names: str, patience: float = 60, view: View | None = None) -> None:
        """Somebody comes with some operations."""

        async def visit() -> list[Any]:
            VISITOR.set(names[0])
            return await self.turns.take(
                [Wish(name) for name in names], [Foreseen((f"row {names[0]}",))], patience, view
            )

        self.tasks.append(asyncio.create_task(visit()))

    async def outcomes(self) -> list[list[Any] | BaseException]:
        """What all have been told, once the door is open."""
        await asyncio.sleep(0)
        self.desk.door.set()
        async with asyncio.timeout(5):
            return await asyncio.gather(*self.tasks, return_exceptions=True)


async def test_those_who_come_meanwhile_go_together_and_each_hears_its_own(desk: Desk) -> None:
    line = Line(desk)
    for names in (["first"], ["a"], ["b", "c"], ["d"]):
        line.come(*names)
    assert await line.outcomes() == [["first"], ["a"], ["b", "c"], ["d"]]
    assert desk.served == [["first"], ["a", "b", "c", "d"]]
    assert desk.reads == [["row first"], ["row a", "row b", "row d"]]


async def test_who_is_not_served_keeps_its_place(desk: Desk) -> None:
    line = Line(desk)
    desk.most = 2
    for names in (["first"], ["a"], ["b"], ["c"], ["d"]):
        line.come(*names)
    assert await line.outcomes() == [["first"], ["a"], ["b"], ["c"], ["d"]]
    assert desk.served == [["first"], ["a", "b", "c", "d"], ["c", "d"]]


async def test_who_comes_while_others_are_served_comes_behind_those_who_were_not(desk: Desk) -> None:
    line = Line(desk)
    desk.most = 1
    line.come("first")
    line.come("a")
    line.come("b")
    await desk.opens_once()
    line.come("c")
    assert await line.outcomes() == [["first"], ["a"], ["b"], ["c"]]
    assert desk.served == [["first"], ["a", "b"], ["b", "c"], ["c"]]


async def test_who_has_many_is_told_of_those_that_were_done(desk: Desk) -> None:
    line = Line(desk)
    desk.most = 2
    for names in (["first"], ["a"], ["b", "c", "d"], ["e"]):
        line.come(*names)
    assert await line.outcomes() == [["first"], ["a"], ["b"], ["e"]]
    assert desk.served == [["first"], ["a", "b", "c", "d", "e"], ["e"]]


async def test_no_more_go_together_than_may(desk: Desk) -> None:
    line = Line(desk, most=3)
    for names in (["first"], ["a", "b"], ["c"], ["d"], ["e"]):
        line.come(*names)
    await line.outcomes()
    assert desk.served == [["first"], ["a", "b", "c"], ["d", "e"]]


async def test_who_has_read_before_goes_alone(desk: Desk) -> None:
    line, view = Line(desk), View(MemoryTables().rows("t", "p"))
    line.come("first")
    line.come("a")
    line.come("read", view=view)
    line.come("read too", view=view)
    line.come("b")
    line.come("c")
    await line.outcomes()
    assert desk.served == [["first"], ["a"], ["read"], ["read too"], ["b", "c"]]


async def test_the_first_of_them_says_how_long_and_is_charged_for_it(desk: Desk) -> None:
    line = Line(desk)
    line.come("first")
    line.come("short", patience=30)
    line.come("long", patience=90)
    await line.outcomes()
    assert desk.visitors == ["first", "short"]
    assert desk.until[1] < desk.until[0] < desk.until[1] + 60


async def test_who_waits_too_long_is_sent_away_and_not_served(desk: Desk) -> None:
    line = Line(desk)
    line.come("first")
    line.come("patient")
    line.come("impatient", patience=0.01)
    line.come("gone")
    line.come("patient too")
    await asyncio.sleep(0)
    line.tasks[3].cancel()
    await asyncio.wait([line.tasks[2], line.tasks[3]], timeout=5)
    assert isinstance(line.tasks[2].exception(), Unavailable)
    await line.outcomes()
    assert desk.served == [["first"], ["patient", "patient too"]]


async def test_who_is_being_served_is_not_sent_away_nor_is_one_who_was_begun(desk: Desk) -> None:
    line = Line(desk)
    desk.most = 1
    line.come("first", patience=0.01)
    line.come("a", patience=60)
    line.come("b", patience=0.5)
    await desk.opens_once()
    await asyncio.sleep(0.6)
    assert desk.served == [["first"], ["a", "b"]]
    assert await line.outcomes() == [["first"], ["a"], ["b"]]


async def test_an_unforeseen_fault_is_told_to_all_who_went_together_and_to_nobody_else(desk: Desk) -> None:
    line = Line(desk)
    desk.fault = fault = KeyError("bug")
    for name in ("first", "a", "b"):
        line.come(name)
    await desk.opens_once()
    line.come("c")
    assert await line.outcomes() == [["first"], fault, fault, ["c"]]


async def test_who_leaves_while_being_served_takes_nobody_along(desk: Desk) -> None:
    line = Line(desk)
    line.come("first")
    line.come("a")
    await asyncio.sleep(0)
    line.tasks[0].cancel()
    await asyncio.wait([line.tasks[0]], timeout=5)
    line.come("b")
    _, *others = await line.outcomes()
    assert others == [["a"], ["b"]]
    assert desk.served == [["first"], ["a", "b"]]
    line.come("later")
    assert (await line.outcomes())[-1] == ["later"]
