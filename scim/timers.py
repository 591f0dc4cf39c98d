"""The work that is due by time and asked for by nobody: each run of it passes through here, and leaves one line."""

import logging
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from scim import observing
from scim.describing import describe

_logger = logging.getLogger("scim")


@dataclass(slots=True)
class Run:
    """One run of a timer.

    Attributes:
        errors: what went wrong; none: it went well.
        counts: what came of it, by name; nothing personal.
    """

    errors: Sequence[BaseException] = ()
    counts: Mapping[str, object] = field(default_factory=dict)

    @property
    def failed(self) -> bool:
        """Whether anything went wrong."""
        return bool(self.errors)


@contextmanager
def run(timer: str) -> Iterator[Run]:
    """A run of a timer, whose name is that of its function; an exception that escapes is what went wrong."""
    started, current = time.perf_counter(), Run()
    with observing.follow("work", f"timer {timer}") as followed:
        try:
            yield current
        except BaseException as error:
            current.errors = [error]
            raise
        finally:
            followed.failed = current.failed
            _tell(timer, current, time.perf_counter() - started)


def _tell(timer: str, ended: Run, seconds: float) -> None:
    outcome = "failed" if ended.failed else "ok"
    observing.count("timer.runs", {"timer": timer, "outcome": outcome})
    fields = {
        "message": timer,
        "timer": timer,
        "outcome": outcome,
        **ended.counts,
        "failed": len(ended.errors),
        "duration_ms": round(seconds * 1000, 1),
        "error": describe(ended.errors[0]) if ended.failed else [],
    }
    _logger.log(logging.ERROR if ended.failed else logging.INFO, timer, extra={"fields": fields})
