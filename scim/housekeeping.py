"""Finishing what requests left behind; nobody waits for it, so a timer sees that it is done."""

import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field

from scim import observing, rounds, timers
from scim.provider import Provider
from scim.providers import Providers
from scim.storage.rows import TableNotFound

_TOGETHER = 16
"""Providers that are looked after at the same time."""
_ROUND = 45.0
"""Seconds after which a round takes up no other provider: the next one comes a minute after it began."""
_LEAST, _MOST = 10.0, 40.0
"""Seconds of a round that one provider may have: the more, the fewer of them are due."""
_SOON, _LATE = 50.0, 15 * 60.0
"""Seconds for which a provider is left alone at first and at most; from look to look they double."""


@dataclass(slots=True)
class Tally:
    """What came of a round.

    Attributes:
        looked_at: the number of providers that were due and whose turn came.
        pieces: the number of transactions that took unfinished work further.
        errors: what went wrong, one for each provider with which something did.
    """

    looked_at: int = 0
    pieces: int = 0
    errors: list[Exception] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Rest:
    """Until when a provider is left alone, and for how many seconds in all."""

    until: float = 0.0
    seconds: float = 0.0


class Housekeeping:
    """Rounds of all providers, in which one without unfinished work is left alone for longer and longer.

    A look at such a provider reads one row. One whose work is unfinished, though its process may still be at it, is
    looked at in each round, and so is one of which this process knows that it has such work. Rounds in several
    processes, and requests, may come upon the same work: whoever commits a piece of it first has done it.
    """

    def __init__(self, providers: Providers, clock: Callable[[], float] = time.monotonic) -> None:
        self._providers = providers
        self._clock = clock
        self._rests: dict[str, _Rest] = {}

    async def round(self) -> Tally:
        """Look after all providers that are due, the longest neglected first; raises nothing, and logs one line."""
        with timers.run("housekeeping") as run:
            tally = await self._round()
            run.errors, run.counts = tally.errors, {"looked_at": tally.looked_at, "pieces": tally.pieces}
        return tally

    async def _round(self) -> Tally:
        started, tally = self._clock(), Tally()
        try:
            due = await self._due(started)
        except Exception as error:  # noqa: BLE001 (the next round asks again)
            due = []
            tally.errors.append(error)
        share = min(max(_ROUND * _TOGETHER / max(len(due), 1), _LEAST), _MOST)

        async def look(provider: Provider) -> None:
            await self._look_after(provider, share, tally)

        await rounds.visit(due, look, tally.errors, started + _ROUND, _TOGETHER, self._clock)
        return tally

    async def _due(self, now: float) -> list[Provider]:
        providers: list[Provider] = []
        with suppress(TableNotFound):  # nobody has made a provider yet
            providers = await self._providers.all()
        self._rests = {each.table: self._rests.get(each.table, _Rest()) for each in providers}
        due = [each for each in providers if self._rests[each.table].until <= now or self._unfinished(each)]
        return sorted(due, key=lambda each: self._rests[each.table].until)

    def _unfinished(self, provider: Provider) -> bool:
        """Whether this process has itself seen, in a look or while it wrote, that there is work; nothing is read."""
        directory = self._providers.open_directory(provider)
        return directory is not None and directory.finishing.knows_of_work

    async def _look_after(self, provider: Provider, seconds: float, tally: Tally) -> None:
        tally.looked_at += 1
        pieces = 0
        try:
            finishing = self._providers.directory(provider).finishing
            pieces = await finishing.sweep(seconds)
            observing.see_intents(provider.name, finishing.intents)
        finally:
            tally.pieces += pieces
            before = self._rests.get(provider.table, _Rest())  # another round may find the provider gone meanwhile
            rest = 0.0 if pieces else min(max(2 * before.seconds, _SOON), _LATE)
            self._rests[provider.table] = _Rest(self._clock() + rest, rest)
