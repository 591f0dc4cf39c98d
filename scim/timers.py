"""The work that is due by time and asked for by nobody: each run of it passes through here, and leaves one line."""

import logging
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from scim import telemetry

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
    try:
        yield current
    except BaseException as error:
        current.errors = [error]
        raise
    finally:
        fields = {
            "message": timer,
            "timer": timer,
            "outcome": "failed" if current.failed else "ok",
            **current.counts,
            "failed": len(current.errors),
            "duration_ms": round((time.perf_counter() - started) * 1000, 1),
            "error": telemetry.describe(current.errors[0]) if current.failed else [],
        }
        _logger.log(logging.ERROR if current.failed else logging.INFO, timer, extra={"fields": fields})
