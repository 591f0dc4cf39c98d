"""The page on what the service tells its operator: the fields of its log, the quirks it may name, and its metrics."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

from opentelemetry import metrics, trace

from scim import quirks, telemetry
from scim.instruments import Instruments
from scim.quirks import Quirk
from tests.docs.described import ROOT, events, listed, markdown, noted, sentence, table


def sources() -> Iterator[Path]:
    """The product's modules."""
    return iter(sorted((ROOT / "scim").rglob("*.py")))


def fields() -> dict[str, str]:
    """The fields of a request's line, and what each says."""
    told = listed(telemetry.Trace) | _MEASURED
    return {name: told.get(name, "") for name in telemetry.Trace("", "GET", trace_id="0").fields()}


class Meter:
    """Keeps what it is asked to make.

    Attributes:
        made: name, kind, unit and description of each instrument.
    """

    def __init__(self) -> None:
        self.made: list[tuple[str, str, str, str]] = []

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 (a method that makes whatever instrument)
        """What makes an instrument of a kind."""
        kind = name.removeprefix("create_").removeprefix("observable_").replace("_", " ")

        def make(name: str, *told: object, **further: object) -> None:
            unit, description = [text for text in (*told, *further.values()) if isinstance(text, str)]
            self.made.append((name, kind, unit, description))

        return make


def instruments() -> list[tuple[str, str, str, str]]:
    """The metrics: name, kind, unit and description."""
    meter = Meter()
    Instruments(trace.NoOpTracer(), cast(metrics.Meter, meter), None)
    return sorted(meter.made)


def bent() -> dict[str, str]:
    """What a request's line may name as quirks, and what each means."""
    own = {quirk.name: quirk for quirk in vars(quirks).values() if isinstance(quirk, Quirk)}
    told = {name: sentence(quirk.bend.__doc__) for name, quirk in own.items()}
    for path in sources():
        for name in noted(path):
            function = getattr(quirks, name, None)
            told.setdefault(name, _NOTES.get(name) or sentence(function.__doc__ if function else ""))
    return dict(sorted(told.items()))


def page() -> str:
    spoken = (
        (f"`{message}`", markdown(told), ", ".join(f"`{name}`" for name in names))
        for path in sources()
        for message, told, names in events(path)
    )
    measured = (
        (f"`{name}`", kind, unit, markdown(description), _MARKS[name])
        for name, kind, unit, description in instruments()
    )
    return (
        _TELEMETRY
        + table(("Field", "What it says"), ((f"`{name}`", told) for name, told in fields().items()))
        + _EVENTS
        + table(("Message", "When", "Further fields"), spoken)
        + _QUIRKS
        + table(("Quirk", "What was read so"), ((f"`{name}`", told) for name, told in bent().items()))
        + _METRICS
        + table(("Metric", "Kind", "Unit", "What it tells", "Apart by"), measured)
    )


_MEASURED = {
    "duration_ms": "milliseconds from its arrival to its answer.",
    "error": "what went wrong inside: names of types and places in the code, never a text.",
}
"""Fields that are no attribute of the trace, or that its attributes tell in the code's own words."""

_OF_REQUEST = "`provider`, `endpoint`, `method`, `status`"
_OF_PROVIDER = "`provider`"
_MARKS = {
    "rollcall.requests": _OF_REQUEST,
    "rollcall.request.duration": _OF_REQUEST,
    "rollcall.storage.calls": "`operation`, `outcome`",
    "rollcall.storage.commits": "nothing",
    "rollcall.storage.conflicts": "nothing",
    "rollcall.storage.retries": "nothing",
    "rollcall.quirks": "`provider`, `quirk`",
    "rollcall.intents": _OF_PROVIDER,
    "rollcall.timer.runs": "`timer`, `outcome`: ok or failed",
}
"""The attributes of each metric."""

_NOTES = {
    "create_unmatched": "A value path matched nothing, and created the element that it describes.",
    "empty_operations": "A PATCH without operations.",
    "membership_limit_dropped": "A resource is in as many groups as it can be; it did not stay in one more.",
    "never_returned_dropped": "A value that is never returned was not stored.",
    "password_dropped": "A password was not stored.",
    "remove_values": "`remove` of `members` with a list of members: just those.",
    "replace_members": "`replace` of `members` with some: they are added, and no other goes.",
    "unknown_attribute": "An attribute that the schema does not have was ignored.",
    "unknown_member_skipped": "A member that no resource is was skipped.",
    "unknown_path": "An operation on an unknown path was skipped.",
    "unknown_schemas": "URNs in `schemas`, and extension objects, that are not of this resource type.",
    "unquoted_literal": "`externalId eq 42a` in a filter: the text.",
}
"""Notes that no function of the same name tells of to whoever reads the log."""

_TELEMETRY = """\
# Log and metrics

One line of JSON for each request, on the logger `scim`; in Azure, a row of `AppTraces`. The line says what was asked
and how it went, and nothing of whom it was about. Its `request_id` is the one that the client got as `X-Request-Id`,
and that `python -m scim changes --json` shows.

"""
_EVENTS = """
## Other lines

Each run of a timer leaves one: `message` and `timer` are its name, `outcome` is ok or failed; then what came of it in
numbers, `failed`, `duration_ms` and `error`.

"""
_QUIRKS = """
## Quirks

What `quirks` may name, and the notes of change records; [switches](switches.md) allow most of them.

"""
_METRICS = """
## Metrics

Of the meter `rollcall`; in Azure, rows of `AppMetrics`.

"""
