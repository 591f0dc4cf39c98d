"""Points in time: an xsd:dateTime (RFC 7643 §2.3.5) as something to compare, to sort by and to keep."""

import re
from datetime import UTC, datetime, timedelta

type Instant = tuple[int, str]
"""Seconds since 1970, and the digits of the fraction of the next, however many they are; later is greater."""

_DATE_TIME = re.compile(
    r"(?P<second>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(?P<fraction>\d+))?(?P<offset>Z|[+-]\d\d:\d\d)?",
    re.ASCII | re.IGNORECASE,
)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SECOND = timedelta(seconds=1)


def read(text: str) -> Instant | None:
    """The instant that a dateTime names, in UTC where it has no offset; None if it is no dateTime."""
    found = _DATE_TIME.fullmatch(text)
    if found is None:
        return None
    try:
        second = datetime.fromisoformat((found["second"] + (found["offset"] or "Z")).upper())
    except ValueError:
        return None
    return (second - _EPOCH) // _SECOND, (found["fraction"] or "").rstrip("0")


def milliseconds(instant: Instant) -> int:
    """Whole milliseconds since 1970 that have passed by an instant."""
    second, fraction = instant
    return second * 1000 + int(f"{fraction[:3]:0<3}")
