"""Turns: writers of one process do not meet each other in the store; those that wait go together.

One transaction is under way at a time. Whoever comes meanwhile waits, and as many of them as fit share the next one.
A turn belongs to no request: one that is given up leaves the others', and what was sent, as they are.
"""

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from contextvars import Context, copy_context
from dataclasses import dataclass, field
from typing import Any

from scim.storage.drafts import Decide, Foreseen, View

type Work = Callable[[Sequence[Decide[Any]], Sequence[Foreseen], float, View | None], Awaitable[list[Any]]]
"""Gives the outcomes of the first of several operations, at least one; also takes what ``Turns.take`` says."""


@dataclass(eq=False, slots=True)
class _Writer:
    """Somebody who waits: the operations, the rows they are sure to read, and what is told of them."""

    decides: Sequence[Decide[Any]]
    foreseen: Sequence[Foreseen]
    until: float
    view: View | None
    outcomes: asyncio.Future[list[Any]]
    context: Context = field(default_factory=copy_context)
    begun: bool = False

    def tell(self, outcomes: list[Any]) -> None:
        """Give outcomes, if anybody still wants them."""
        if not self.outcomes.done():
            self.outcomes.set_result(outcomes)

    def fail(self, error: BaseException) -> None:
        """Say that no outcome will come."""
        if self.outcomes.done():
            return
        if isinstance(error, asyncio.CancelledError):
            self.outcomes.cancel()
        else:
            self.outcomes.set_exception(error)

    def give_up(self, error: Exception) -> None:
        """Wait no longer, unless the turn has come."""
        if not self.begun:
            self.fail(error)


class Turns:
    """The writers of one partition in this process, first come, first served.

    Args:
        work: what decides and commits operations together.
        most: operations that go together, at most.
        late: what to raise where the turn has not come in time.
    """

    def __init__(self, work: Work, most: int, late: Callable[[], Exception]) -> None:
        self._work = work
        self._most = most
        self._late = late
        self._waiting: deque[_Writer] = deque()
        self._turn: asyncio.Task[None] | None = None

    async def take(
        self, decides: Sequence[Decide[Any]], foreseen: Sequence[Foreseen], patience: float, view: View | None = None
    ) -> list[Any]:
        """The outcomes of the first of some operations, at least one, once their turn has come.

        Args:
            decides: the operations.
            foreseen: rows that they are sure to read, which are read in parallel.
            patience: seconds to wait, and to work.
            view: rows that were read before; such operations go alone.
        """
        loop = asyncio.get_running_loop()
        writer = _Writer(decides, foreseen, time.monotonic() + patience, view, loop.create_future())
        self._waiting.append(writer)
        if self._turn is None:
            self._turn = asyncio.Task(self._take_turn(), loop=loop, context=writer.context, eager_start=True)
            if self._turn.done():
                self._turn = None
        if writer.begun:
            return await writer.outcomes
        timer = loop.call_later(patience, lambda: writer.give_up(self._late()))
        try:
            return await writer.outcomes
        finally:
            timer.cancel()

    async def _take_turn(self) -> None:
        """Work for those who go together; then it is the turn of those who have come since."""
        together = self._next()
        try:
            outcomes = await self._outcomes(together)
        except BaseException as error:  # noqa: BLE001 (nobody may wait for ever)
            for writer in [*together, *(self._waiting if isinstance(error, asyncio.CancelledError) else ())]:
                writer.fail(error)
        else:
            for writer in together:
                mine, outcomes = outcomes[: len(writer.decides)], outcomes[len(writer.decides) :]
                if mine:
                    writer.tell(mine)
            self._waiting.extendleft(writer for writer in reversed(together) if not writer.outcomes.done())
        while self._waiting and self._waiting[0].outcomes.done():
            self._waiting.popleft()
        self._turn = None
        if self._waiting:
            self._turn = asyncio.create_task(self._take_turn(), context=self._waiting[0].context)

    async def _outcomes(self, together: Sequence[_Writer]) -> list[Any]:
        if not together:
            return []
        decides = [decide for writer in together for decide in writer.decides]
        foreseen = [each for writer in together for each in writer.foreseen]
        return await self._work(decides, foreseen, together[0].until, together[0].view)

    def _next(self) -> list[_Writer]:
        """Take those who go together out of the line."""
        together: list[_Writer] = []
        operations = 0
        while self._waiting and operations < self._most:
            writer = self._waiting[0]
            if together and (writer.view is not None or together[0].view is not None):
                break
            self._waiting.popleft()
            if not writer.begun and writer.until < time.monotonic():
                writer.give_up(self._late())
            if not writer.outcomes.done():
                writer.begun = True
                together.append(writer)
                operations += len(writer.decides)
        return together
