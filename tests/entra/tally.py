"""What was sent and how it was answered, counted as it happens."""

from array import array
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from time import perf_counter


@dataclass(slots=True)
class Tally:
    """The requests of one cycle; `writes` are the changing ones that were really sent."""

    started: float = field(default_factory=perf_counter)
    statuses: Counter[tuple[str, str]] = field(default_factory=Counter)
    latencies: array[float] = field(default_factory=lambda: array("d"))
    retries: int = 0
    injected: int = 0
    failures: Counter[str] = field(default_factory=Counter)

    def answered(self, method: str, outcome: int | str, seconds: float) -> None:
        """Count one request; the outcome is a status or a word such as `timeout`."""
        self.statuses[method, str(outcome)] += 1
        self.latencies.append(seconds)

    def count(self, method: str) -> int:
        """Return how many requests of a method were sent."""
        return sum(number for (each, _), number in self.statuses.items() if each == method)

    @property
    def requests(self) -> int:
        """Return how many requests were sent."""
        return self.statuses.total()

    @property
    def seconds(self) -> float:
        """Return the time since the tally began."""
        return perf_counter() - self.started


def percentile(latencies: Sequence[float], share: float) -> float:
    """Return the latency, in milliseconds, that this share of requests stayed below."""
    if not latencies:
        return 0.0
    ordered = sorted(latencies)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] * 1000
