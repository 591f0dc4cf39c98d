"""Retention: of all providers, what was kept for its time is taken out, and erasures that broke off are ended."""

import random
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field

from scim import rounds, timers
from scim.changes import Origin
from scim.provider import Provider
from scim.providers import Providers
from scim.storage import erasing
from scim.storage.erasing import Erasure, NeverThere
from scim.storage.retaining import Retention
from scim.storage.rows import TableNotFound

ROUND = 25 * 60.0
"""Seconds after which a round goes no further; the next one goes on where this one got to."""
_LEAST = 60.0
"""Seconds that a provider may have at least, however many there are."""
_TOGETHER = 4
"""Providers that are seen to at the same time: few, for their clients are served meanwhile."""
_DAY = 86_400_000
_OPERATOR = Origin("operator", "")


@dataclass(slots=True)
class Tally:
    """What came of a round.

    Attributes:
        providers: the number of providers whose turn came.
        unfinished: how many of them have more to be taken out.
        read: change records that were read.
        emptied: records that lost their values.
        forgotten: tombstones that expired.
        erasures: erasures that were ended.
        errors: what went wrong, one for each provider with which something did.
    """

    providers: int = 0
    unfinished: int = 0
    read: int = 0
    emptied: int = 0
    forgotten: int = 0
    erasures: int = 0
    errors: list[Exception] = field(default_factory=list)

    def counts(self) -> dict[str, object]:
        """All of it but the errors."""
        return {name: getattr(self, name) for name in self.__slots__ if name != "errors"}


class Keeping:
    """Rounds of all providers. Several processes may be at it, and any of them may end in the middle.

    Args:
        clock: gives Unix time in seconds.
    """

    def __init__(self, providers: Providers, clock: Callable[[], float] = time.time) -> None:
        self._providers = providers
        self._clock = clock

    async def round(self, seconds: float = ROUND) -> Tally:
        """See to all providers, in no order that is always the same; raises nothing, and logs one line."""
        with timers.run("retention") as run:
            tally = await self._round(seconds)
            run.errors, run.counts = tally.errors, tally.counts()
        return tally

    async def _round(self, seconds: float) -> Tally:
        started, tally = time.monotonic(), Tally()
        found: list[Provider] = []
        try:
            with suppress(TableNotFound):  # nobody has made a provider yet
                found = await self._providers.all()
        except Exception as error:  # noqa: BLE001 (the next round asks again)
            tally.errors.append(error)
        random.shuffle(found)
        tally.unfinished = len(found)
        until, share = started + seconds, max(seconds * _TOGETHER / max(len(found), 1), _LEAST)

        async def see_to(provider: Provider) -> None:
            tally.providers += 1
            await self.one(provider, min(share, until - time.monotonic()), tally)

        await rounds.visit(found, see_to, tally.errors, until, _TOGETHER)
        return tally

    async def one(self, provider: Provider, seconds: float, tally: Tally) -> None:
        """See to one provider, for so many seconds.

        Raises:
            OtherLayout: another version wrote its rows.
            Unavailable: the store does not answer.
        """
        directory, until = self._providers.directory(provider), time.monotonic() + seconds
        for identifier in await erasing.begun(directory.rows):  # first, for somebody has asked for them
            erasure = Erasure(directory.rows, self._providers.schemas(provider), identifier, _OPERATOR)
            with suppress(NeverThere):  # somebody else has just ended it
                async for _ in erasure():
                    pass
            tally.erasures += 1
        now = int(self._clock() * 1000)
        retention = Retention(directory.rows, max(now - provider.retention_days * _DAY, 0) << 16)
        try:
            ended = await retention(until - time.monotonic())
            tally.unfinished -= ended
        finally:
            tally.read += retention.read
            tally.emptied += retention.emptied
            tally.forgotten += retention.forgotten
