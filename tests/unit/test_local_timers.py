"""When a timer function is due."""

from datetime import UTC, datetime

import pytest

from scim.local.failure import Failure
from scim.local.timers import Schedule

START = datetime(2026, 11, 26, 11, 0, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "due"),
    [
        ("* * * * * *", "2026-11-26T11:00:31"),
        ("0 * * * * *", "2026-11-26T11:01:00"),
        ("*/20 * * * * *", "2026-11-26T11:00:40"),
        ("0 */5 * * * *", "2026-11-26T11:05:00"),
        ("0 30 9 * * Mon-Fri", "2026-11-27T09:30:00"),
        ("5 0 0 1 Jan *", "2027-01-01T00:00:05"),
        ("*/5 * * * *", "2026-11-26T11:05:00"),
        ("0 0 0 13 * Fri", "2027-08-13T00:00:00"),
    ],
)
def test_a_schedule_counts_seconds_first(text: str, due: str) -> None:
    assert Schedule("tick", text).next(START.timestamp()) == datetime.fromisoformat(due + "Z").timestamp()


def test_a_schedule_may_be_in_a_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EVERY", "0 * * * * *")
    assert Schedule("tick", "%EVERY%").next(START.timestamp()) == START.timestamp() + 30


@pytest.mark.parametrize("text", ["", "0 * * *", "x * * * * *", "60 * * * * *", "* * * * * * * *", "0 0 0 31 2 *"])
def test_what_is_no_schedule_is_refused(text: str) -> None:
    with pytest.raises(Failure, match="is no NCRONTAB expression"):
        Schedule("tick", text)
