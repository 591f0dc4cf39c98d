"""Finishing: the work that intents leave is done behind requests, by whoever began it or by whoever comes upon it.

A request that leaves work behind goes on with it while its client waits, and in a task of its own afterwards. What a
process that is gone has left is finished by others: a few pieces behind each request, the rest by housekeeping.
"""

import asyncio
import logging
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from math import inf

from scim import observing
from scim.errors import PayloadTooLarge
from scim.schema import Schemas
from scim.storage import keys
from scim.storage.building import GiveUp
from scim.storage.commit import Clock, Commit
from scim.storage.drafts import TooLarge
from scim.storage.following import Follow
from scim.storage.records import Head
from scim.storage.rows import Rows
from scim.storage.ways import Way

_BATCH = 90
"""Rows of other resources that one transaction of an intent changes, at most."""
FOLLOW_FOR = 10.0
"""Seconds that a client waits, at most, while the work behind its request is finished."""
_HELP = 5
"""Pieces of another's abandoned intent that a request does behind its own work: few, for somebody waits for it."""
_ABANDONED = 30_000 << 16
"""Age, in the measure of change numbers (30 s), at which another process's intent counts as abandoned."""
_logger = logging.getLogger("scim")


class Finishing:
    """The work behind the requests of one provider's directory, as far as this process does it.

    Args:
        commit: what the requests themselves are written by.
    """

    def __init__(self, rows: Rows, schemas: Schemas, commit: Commit, clock: Clock) -> None:
        self._rows = rows
        self._schemas = schemas
        self._commit = commit
        self._clock = clock
        self._following: set[str] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._ahead: dict[int, int] = {}

    async def follow(self, identifier: str) -> None:
        """Work on an intent while the client waits, and go on without it if that takes long."""
        if identifier in self._following:
            return
        async with self._alone(identifier):
            await self._finish_quietly(identifier, patience=FOLLOW_FOR)
        if identifier in self._commit.intents:
            task = asyncio.create_task(self._go_on(identifier))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def help(self) -> None:
        """Do a few pieces of what others abandoned, one helper at a time; the request itself is done already."""
        left = _HELP
        for identifier, touched in self._commit.intents.items():
            if left <= 0 or not self.abandoned(touched) or identifier in self._following:
                continue
            async with self._alone(identifier):
                left -= await self._finish_quietly(identifier, left, abandoned=True) or 1

    async def give_up(self, way: Way) -> None:
        """Leave to the intent what an act has built and does not use."""
        if way.building is not None:
            built, way.building = way.building, None
            with suppress(Exception):  # whoever finds the intent abandoned does it
                await self._commit.write(GiveUp(built.intent, built.roster.name))
                await self.follow(built.intent)

    async def finish(
        self, identifier: str, most: int | None = None, *, patience: float = inf, abandoned: bool = False
    ) -> int:
        """Do what is left of an intent, or its next ``most`` pieces, or as many as can be begun in a time.

        Args:
            identifier: the intent's.
            most: pieces to do, if this process did not begin the work.
            patience: seconds.
            abandoned: whether its process is gone, and what that was building is of no use.

        Returns:
            How many pieces were done.
        """
        until = time.monotonic() + patience
        step = Follow(self._schemas, identifier, _BATCH, own=most is None, abandoned=abandoned)
        done, pieces = False, 0
        while not done and pieces != most and time.monotonic() < until:
            try:
                done = await self._commit.write(step)
                pieces += 1
            except (TooLarge, PayloadTooLarge):
                if step.batch == 1:
                    raise
                step = replace(step, batch=step.batch // 2)
        return pieces

    async def sweep(self, patience: float) -> int:
        """Finish what others abandoned, for so many seconds; gives the number of pieces done."""
        until = time.monotonic() + patience
        head, pieces = await self._rows.get(keys.HEAD), 0
        intents = self._commit.see(Head.decode(head)).intents if head else {}
        for identifier, touched in intents.items():
            if self.abandoned(touched) and identifier not in self._following:
                async with self._alone(identifier):
                    left = until - time.monotonic()
                    pieces += await self._finish_quietly(identifier, patience=left, abandoned=True)
        return pieces

    @property
    def intents(self) -> int:
        """How many intents were open when this process last saw the head; nothing is read."""
        return len(self._commit.intents)

    @property
    def knows_of_work(self) -> bool:
        """Whether there was work to be done behind requests when this process last saw the head; nothing is read."""
        return self.intents > 0

    async def close(self) -> None:
        """Leave what goes on behind requests to others."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def abandoned(self, touched: int) -> bool:
        """Whether nobody has worked for long on an intent that was last touched at a number."""
        now = self._clock() << 16
        if touched > now:  # a clock ahead of ours; how long it has been so here is all that can be told
            current = self._commit.intents.values()
            self._ahead = {number: since for number, since in self._ahead.items() if number in current}
            touched = self._ahead.setdefault(touched, now)
        return now - touched > _ABANDONED

    async def _go_on(self, identifier: str) -> None:
        with observing.follow("work", "finish intent"):
            async with self._alone(identifier):
                await self._finish_quietly(identifier)

    async def _finish_quietly(
        self, identifier: str, most: int | None = None, *, patience: float = inf, abandoned: bool = False
    ) -> int:
        """Work on an intent whose deed is done already, so that no fault here can undo it."""
        try:
            return await self.finish(identifier, most, patience=patience, abandoned=abandoned)
        except Exception:  # noqa: BLE001 (whoever asked for something else must not pay for it)
            _logger.warning("an intent could not be finished; the next request tries again")
            return 0

    @asynccontextmanager
    async def _alone(self, identifier: str) -> AsyncIterator[None]:
        """Keep others in this process from working on the same intent."""
        self._following.add(identifier)
        try:
            yield
        finally:
            self._following.discard(identifier)
