"""The work that is due by time and asked for by nobody: each run of it passes through here, and leaves one line."""

import logging
from collections.abc import Mapping, Sequence

from scim import telemetry

_logger = logging.getLogger("scim")


def ran(timer: str, seconds: float, errors: Sequence[Exception], counts: Mapping[str, object]) -> None:
    """Say that a timer has run.

    Args:
        timer: its name, which is that of its function.
        seconds: how long it took.
        errors: what went wrong; none: it went well.
        counts: what came of it, by name; nothing personal.
    """
    fields = {
        "message": timer,
        "timer": timer,
        "outcome": "failed" if errors else "ok",
        **counts,
        "failed": len(errors),
        "duration_ms": round(seconds * 1000, 1),
        "error": telemetry.describe(errors[0]) if errors else [],
    }
    _logger.log(logging.ERROR if errors else logging.INFO, timer, extra={"fields": fields})
