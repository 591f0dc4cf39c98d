"""Pacing: how much of one process a provider may have, so that no customer starves another."""

import asyncio
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from math import ceil

from scim.errors import TooManyRequests

BURST = 10
"""Seconds' worth of requests that may come at once after a time of rest."""
_WORTH = 2_000
"""Bytes of a body that count as one more request."""
LARGE = 20_000
"""Bytes of a body from which on reading it would keep others waiting: a few ms."""


async def fairly[**P, T](size: int, work: Callable[P, T], *given: P.args, **named: P.kwargs) -> T:
    """Do work on a body of so many bytes; on a large one in a thread, whence others get their turn every few ms."""
    return work(*given, **named) if size < LARGE else await asyncio.to_thread(work, *given, **named)


@dataclass(slots=True)
class _Bucket:
    """What a provider may still have: requests that may begin now, counted at a time, and those being answered."""

    tokens: float
    at: float
    under_way: int = 0


class Pace:
    """A token bucket for each provider, and a limit on its requests under way.

    Args:
        per_second: requests that may begin in a second, on average; 0: as many as come.
        at_once: requests that may be under way at the same time; 0: as many as come.
        clock: gives seconds.
    """

    def __init__(self, per_second: int, at_once: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._per_second = per_second
        self._at_once = at_once
        self._clock = clock
        self._buckets: dict[str, _Bucket] = {}

    @contextmanager
    def admit(self, provider: str, size: int = 0) -> Iterator[None]:
        """Count a request of a provider while it is answered.

        A large body counts as several requests, for which later ones wait: so many operations, or members, are in it.

        Args:
            provider: whose request it is.
            size: bytes in its body.

        Raises:
            TooManyRequests: the provider has had its share; says when the next request may come.
        """
        bucket = self._bucket(provider)
        if self._at_once and bucket.under_way >= self._at_once:
            raise _too_many(f"{self._at_once} requests of this provider are being answered, which is the limit", 1)
        if self._per_second and bucket.tokens < 1:
            wait = ceil((1 - bucket.tokens) / self._per_second)
            raise _too_many(f"This provider may send {self._per_second} requests in a second", wait)
        bucket.tokens -= 1 + size // _WORTH
        bucket.under_way += 1
        try:
            yield
        finally:
            bucket.under_way -= 1

    def _bucket(self, provider: str) -> _Bucket:
        now, most = self._clock(), float(self._per_second * BURST)
        bucket = self._buckets.setdefault(provider, _Bucket(most, now))
        bucket.tokens = min(most, bucket.tokens + (now - bucket.at) * self._per_second)
        bucket.at = now
        return bucket


def _too_many(reason: str, wait: int) -> TooManyRequests:
    return TooManyRequests(f"{reason}; send the request again in {wait} s.", wait)
