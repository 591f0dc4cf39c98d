"""Each alert rings where it should and stays silent where it should not."""

import json
from collections.abc import Iterable, Iterator
from datetime import timedelta

import pytest

from tests.kql.evaluating import Record, Workspace
from tests.kql.files import ALERTS


def ago(minutes: float) -> timedelta:
    """So many minutes before it is asked for."""
    return timedelta(minutes=minutes)


def metric(name: str, total: float, minutes: float = 5, **marks: str | int) -> Record:
    """So many of something, so many minutes ago; values of dimensions arrive as text."""
    dimensions = {each: str(mark) for each, mark in marks.items()}
    return {
        "TimeGenerated": ago(minutes),
        "Name": f"rollcall.{name}",
        "Sum": total,
        "Properties": dimensions,
    }


def requests(total: float, status: int, provider: str = "contoso", minutes: float = 5) -> Record:
    """So many requests of a provider, or without one."""
    return metric("requests", total, minutes, status=status, **({"provider": provider} if provider else {}))


def line(milliseconds: float, provider: str | None = "contoso", minutes: float = 5) -> Record:
    """The line of a request."""
    fields = {"level": "INFO", "provider": provider, "method": "GET", "duration_ms": milliseconds}
    return {"TimeGenerated": ago(minutes), "Message": json.dumps(fields, separators=(",", ":"))}


def lines(number: int, milliseconds: float, **more: object) -> Iterator[Record]:
    """Lines of requests that took as long."""
    return (line(milliseconds, **more) for _ in range(number))  # type: ignore[arg-type]


def run(timer: str, minutes: float, outcome: str = "ok") -> Record:
    """A run of a timer."""
    return metric("timer.runs", 1, minutes, timer=timer, outcome=outcome)


def rings(alert: str, metrics: Iterable[Record] = (), traces: Iterable[Record] = ()) -> list[Record]:
    """The rows with which an alert rings."""
    workspace = Workspace()
    workspace.add("AppMetrics", metrics)
    workspace.add("AppTraces", traces)
    return workspace.ask(ALERTS[alert])


NIGHTLY = [run("retention", 700), run("backup", 690), run("housekeeping", 2500), run("housekeeping", 1)]


@pytest.mark.parametrize(
    ("alert", "rows", "whom"),
    [
        ("server-errors", [requests(100, 200), requests(3, 500)], {"contoso"}),
        ("server-errors", [requests(1, 500), requests(2, 503)], {"contoso"}),
        ("server-errors", [requests(9, 500, "a"), requests(9, 500, "b"), requests(9, 200, "c")], {"a", "b"}),
        ("server-errors", [requests(3, 500, "")], {""}),
        ("server-errors", [requests(100, 200), requests(2, 500)], set()),
        ("server-errors", [requests(1000, 200), requests(9, 500)], set()),
        ("server-errors", [requests(1000, 200), requests(12, 500)], {"contoso"}),
        ("server-errors", [requests(50, 404), requests(50, 501)], set()),
        ("server-errors", [requests(9, 500, minutes=20)], set()),
        ("unauthorized", [requests(12, 401, ""), requests(8, 401, "", 10)], {None}),
        ("unauthorized", [requests(19, 401, ""), requests(500, 403)], set()),
        ("unauthorized", [requests(40, 401, "", 16)], set()),
        ("throttled", [requests(100, 200), requests(10, 429)], {"contoso"}),
        ("throttled", [requests(10, 429, "")], {""}),
        ("throttled", [requests(9, 429)], set()),
        ("throttled", [requests(300, 200), requests(12, 429)], set()),
        ("throttled", [requests(180, 200), requests(10, 429)], {"contoso"}),
        ("throttled", [requests(300, 429, minutes=16)], set()),
        ("silent", [requests(5, 200, "a", 81), requests(5, 200, "b", 79)], {"a"}),
        ("silent", [requests(5, 200, "a", 6 * 24 * 60)], {"a"}),
        ("silent", [requests(5, 200, "a", 8 * 24 * 60), requests(5, 401, "", 300)], set()),
        ("silent", [requests(500, 200, "smoke-1234", 200)], set()),
        ("silent", [requests(5, 200, "a", 200), requests(1, 500, "a", 3)], set()),
        ("conflicts", [metric("storage.commits", 20), metric("storage.conflicts", 11)], {None}),
        ("conflicts", [metric("storage.conflicts", 20)], {None}),
        ("conflicts", [metric("storage.commits", 20), metric("storage.conflicts", 10)], set()),
        ("conflicts", [metric("storage.commits", 8), metric("storage.conflicts", 7)], set()),
        ("conflicts", [metric("storage.conflicts", 90, 16), metric("storage.commits", 30)], set()),
    ],
)
def test_alerts_about_numbers(alert: str, rows: list[Record], whom: set[str | None]) -> None:
    assert {each.get("provider") for each in rings(alert, rows)} == whom


@pytest.mark.parametrize(
    ("rows", "whom"),
    [
        ([*lines(18, 20), *lines(2, 5001)], {"contoso"}),
        ([*lines(20, 9000, provider=None), *lines(20, 100)], {""}),
        ([*lines(200, 20), *lines(5, 20_000)], set()),
        ([*lines(19, 9000)], set()),
        ([*lines(20, 9000, minutes=16)], set()),
        (
            [{"TimeGenerated": ago(1), "Message": '{"message":"housekeeping","duration_ms":40000.0}'}] * 30,
            set(),
        ),
    ],
)
def test_the_alert_about_latency(rows: list[Record], whom: set[str]) -> None:
    assert {each["provider"] for each in rings("latency", traces=rows)} == whom


@pytest.mark.parametrize(
    ("rows", "which"),
    [
        (NIGHTLY, set()),
        ([metric("requests", 1, timer="housekeeping", outcome="ok")], {"housekeeping", "retention", "backup"}),
        ([*NIGHTLY[:2], metric("requests", 1, timer="housekeeping", outcome="ok")], {"housekeeping"}),
        ([], {"housekeeping", "retention", "backup"}),
        ([run("housekeeping", 1)], set()),
        ([run("housekeeping", 14)], set()),
        ([run("housekeeping", 16)], {"housekeeping"}),
        ([run("housekeeping", 20), run("housekeeping", 1, "failed")], {"housekeeping"}),
        ([run("housekeeping", 2), run("housekeeping", 1, "failed")], set()),
        ([*NIGHTLY, run("backup", 30, "failed")], {"backup"}),
        ([*NIGHTLY, run("backup", 720, "failed")], set()),
        ([*NIGHTLY[:1], run("backup", 27 * 60), *NIGHTLY[2:]], {"backup"}),
        ([run("housekeeping", 1), run("housekeeping", 27 * 60)], {"retention", "backup"}),
    ],
)
def test_the_alert_about_timers(rows: list[Record], which: set[str]) -> None:
    assert {each["timer"] for each in rings("timers", rows)} == which
