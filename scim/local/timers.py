"""The functions of an app that time triggers: in one process of the host, as Azure runs them on one instance."""

import asyncio
import fcntl
import logging
import os
import re
import time
from collections.abc import Iterable
from contextlib import suppress
from datetime import UTC, datetime

from croniter import croniter  # type: ignore[import-untyped] # it comes without types

from scim.local import wire, worker
from scim.local.failure import Failure

TURN = "SCIM_LOCAL_TIMERS"
"""The environment variable with the path of the file that the process which runs timers holds locked."""

_SETTING = re.compile(r"%(.+)%")
_FIELDS = 6
_logger = logging.getLogger(__name__)


class Schedule:
    """An NCRONTAB expression, in UTC: six fields with seconds first, or five without.

    Raises:
        Failure: it is none, or the application setting between its percent signs does not exist.
    """

    def __init__(self, function: str, text: str) -> None:
        setting = _SETTING.fullmatch(text)
        if setting and setting[1] not in os.environ:
            raise Failure(f"The schedule of the function {function} is in the setting {setting[1]}, which is not set.")
        self._text = os.environ[setting[1]] if setting else text
        try:
            self.next(0)
        except (ValueError, IndexError):
            raise Failure(
                f"The schedule of the function {function}, {self._text!r}, is no NCRONTAB expression such as "
                "'0 */5 * * * *' (second, minute, hour, day, month, weekday)."
            ) from None

    def next(self, after: float) -> float:
        """The next time, after another, both in seconds since 1970."""
        seconds_first = len(self._text.split()) == _FIELDS
        start = datetime.fromtimestamp(after, UTC)
        return float(croniter(self._text, start, second_at_beginning=seconds_first, day_or=False).get_next(float))


class Timers:
    """Runs functions when it is time, or when told to; a function's own runs never overlap, as in Azure."""

    def __init__(self, functions: Iterable[worker.TimerFunction]) -> None:
        self._functions = [(function, Schedule(function.name, function.schedule)) for function in functions]
        self._alone = {function.name.lower(): asyncio.Lock() for function, _ in self._functions}
        self._tasks: list[asyncio.Task[None]] = []
        self._turn = _Turn(os.environ.get(TURN))

    def start(self) -> None:
        """Begin to wait for the times."""
        self._tasks = [asyncio.create_task(self._keep(function, schedule)) for function, schedule in self._functions]

    async def stop(self) -> None:
        """Wait for no time any more; a function that is running is interrupted."""
        for task in self._tasks:
            task.cancel()
        for task in self._tasks:
            with suppress(asyncio.CancelledError):
                await task
        self._turn.give_up()

    def run(self, name: str) -> bool:
        """Run a function at once, whatever its schedule says; nobody waits for it. False if there is none."""
        for function, _ in self._functions:
            if function.name.lower() == name.lower():
                self._tasks = [
                    *(task for task in self._tasks if not task.done()),
                    asyncio.create_task(self._run(function)),
                ]
                return True
        return False

    async def _keep(self, function: worker.TimerFunction, schedule: Schedule) -> None:
        if function.run_on_startup and self._turn.ours():
            await self._run(function)
        due = 0.0
        while True:
            due = schedule.next(max(due, time.time()))
            await asyncio.sleep(due - time.time())
            if self._turn.ours():
                await self._run(function)

    async def _run(self, function: worker.TimerFunction) -> None:
        async with self._alone[function.name.lower()]:
            await _run(function)


async def _run(function: worker.TimerFunction) -> None:
    started = time.perf_counter()
    try:
        await worker.run(function)
    except wire.FunctionError as error:
        _logger.error("The function %s failed: %s", function.name, error)  # noqa: TRY400 - the worker's own trace
    else:
        _logger.debug("The function %s ran for %.1f s.", function.name, time.perf_counter() - started)


class _Turn:
    """Which of several processes it is that runs the timers: that which holds the lock, until it ends."""

    def __init__(self, path: str | None) -> None:
        self._lock = os.open(path, os.O_RDONLY) if path else None

    def ours(self) -> bool:
        if self._lock is None:
            return True
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def give_up(self) -> None:
        if self._lock is not None:
            os.close(self._lock)
