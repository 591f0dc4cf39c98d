"""Rivals: how the processes that write to one partition give way to each other.

Whoever has just committed knows the newest head and would be first again and again, while the others, who must read it,
come too late. So a process that has met others leaves them a gap after each of its commits; one that has not never
waits.
"""

import random
import time

_LEAST, _MOST = 0.02, 0.32
"""Seconds over which attempts are spread at random, once others have been met: it doubles with every attempt in vain,
and halves with every commit."""
_KNOWN = 30.0
"""Seconds for which a process reckons with others after it has met them."""
_URGENT = 2.0
"""Seconds after which a write waits no more than it must."""


class Rivals:
    """What one process knows of the others."""

    def __init__(self) -> None:
        self._spread = 0.0
        self._met = self._committed = -_KNOWN

    @property
    def about(self) -> bool:
        """Whether others are likely to have moved the head."""
        return time.monotonic() - self._met < _KNOWN

    def met(self) -> None:
        """Note that others have come before."""
        self._met = time.monotonic()
        self.failed()

    def failed(self) -> None:
        """Note an attempt in vain."""
        self._spread = min(max(self._spread * 2, _LEAST), _MOST)

    def committed(self) -> None:
        """Note a commit."""
        self._committed = time.monotonic()
        self._spread = max(self._spread / 2, _LEAST) if self.about else 0

    def gap(self, waited: float) -> float:
        """Seconds to leave to others before the next attempt of a write that has waited for some already."""
        urgency = max(1 - waited / _URGENT, _LEAST / _MOST) if self.about else 1
        idle = time.monotonic() - self._committed
        return max(random.uniform(0, self._spread * urgency) - idle, 0)  # noqa: S311 (jitter, not a secret)
