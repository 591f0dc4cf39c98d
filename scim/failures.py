"""Failures: whoever guesses waits for each answer, and nobody else does.

Right credentials are never kept waiting or turned away for what others, or the same client, sent before: they would
lock a customer out. Only the answers to wrong ones come later and later.
"""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass

from scim.addresses import neighbourhood
from scim.errors import TooManyRequests

FREE = 10
"""Failures of one address at one provider that are answered at once; they are forgiven, one each few seconds."""
_FORGIVEN_EVERY = 6.0
_LONGEST = 2.0
"""Seconds that an answer is kept back, at most."""
_KEPT_BACK = 8
"""Answers that are kept back at a time: an instance answers some thirty requests at once, and others need theirs."""
_MAX_KNOWN = 10_000
_LONGEST_NAME = 64


@dataclass(slots=True)
class _Count:
    """Failures, less those forgiven, at a time."""

    number: float
    at: float


class Failures:
    """The failed attempts of one process, by provider and address."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._counts: dict[tuple[str, str], _Count] = {}
        self._kept_back = 0

    def failed(self, provider: str, address: str) -> float:
        """Count a failure; gives the seconds for which its answer is to be kept back."""
        now = self._clock()
        if len(self._counts) >= _MAX_KNOWN:
            self._forgive_all(now)
        count = self._counts.setdefault((provider[:_LONGEST_NAME], neighbourhood(address)), _Count(0, now))
        count.number = max(count.number - (now - count.at) / _FORGIVEN_EVERY, 0) + 1
        count.at = now
        return min(0.05 * 2 ** min(count.number - FREE, 10), _LONGEST) if count.number > FREE else 0

    async def slow(self, provider: str, address: str) -> None:
        """Keep the answer to a failure back.

        Raises:
            TooManyRequests: too many answers are being kept back already.
        """
        seconds = self.failed(provider, address)
        if not seconds:
            return
        if self._kept_back >= _KEPT_BACK:
            raise TooManyRequests("Too many attempts with wrong credentials; see that the right ones are used.", 30)
        self._kept_back += 1
        try:
            await asyncio.sleep(seconds)
        finally:
            self._kept_back -= 1

    def _forgive_all(self, now: float) -> None:
        """Forget those who have been forgiven; if all are at it, all."""
        old = {key for key, count in self._counts.items() if count.number < (now - count.at) / _FORGIVEN_EVERY}
        self._counts = {key: count for key, count in self._counts.items() if key not in old} if old else {}
