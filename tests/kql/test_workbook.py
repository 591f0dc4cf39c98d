"""What the workbook's queries make of rows whose answers are known."""

import pytest

from tests.kql.evaluating import Record, Workspace
from tests.kql.files import queries
from tests.kql.test_alerts import line, metric, requests

QUERIES = queries()


def ask(name: str, *metrics: Record) -> list[Record]:
    workspace = Workspace()
    workspace.add("AppMetrics", metrics)
    return workspace.ask(QUERIES[name])


def writes(total: float, status: int, method: str = "POST", endpoint: str = "/Users") -> Record:
    """So many requests of one kind."""
    return metric("requests", total, provider="contoso", method=method, endpoint=endpoint, status=status)


@pytest.mark.parametrize(
    ("rows", "risk", "percent"),
    [
        ([writes(1000, 201)], "low", 0.0),
        ([writes(600, 201), writes(400, 409)], "low", 1.0),
        ([writes(599, 201), writes(401, 409)], "watch", 8.0),
        ([writes(3000, 201), writes(2500, 400)], "high", 50.0),
        ([writes(7499, 201), writes(5000, 500)], "quarantine", 100.0),
        ([writes(7500, 201), writes(5000, 500)], "watch", 12.5),
        ([writes(900_000, 201), writes(39_999, 409)], "high", 100.0),
        ([writes(900_000, 201), writes(40_000, 409)], "quarantine", 100.0),
        ([writes(900_000, 201), writes(30_000, 409)], "high", 75.0),
        ([writes(9000, 204), writes(20_000, 400, "PATCH", "/Groups/{id}")], "watch", 33.3),
        ([writes(900_000, 201), writes(60_000, 404, "PATCH", "/Groups/{id}")], "quarantine", 100.0),
        ([writes(100, 201), writes(9000, 429), writes(9000, 404, "GET", "/Users/{id}")], "low", 0.0),
        ([writes(100, 201), writes(9000, 400, "POST", "/Users/.search")], "low", 0.0),
    ],
)
def test_the_risk_of_quarantine(rows: list[Record], risk: str, percent: float) -> None:
    (found,) = ask("quarantine", *rows)
    assert (found["risk"], found["percent"]) == (risk, percent)


def test_cycles_begin_after_a_pause_and_the_gaps_between_them_are_told() -> None:
    times = [1, 3, 6, 41, 44, 81, 84, 201]
    (found,) = ask("cycles", *[requests(5, 200, minutes=minutes) for minutes in times])
    assert found["cycles_begun"] == 4
    assert found["typical_gap"] == pytest.approx(40, abs=5)
    assert found["longest_gap"] == pytest.approx(117, abs=5)
    assert found["late"] == 1


def test_providers_are_told_apart_and_those_that_were_not_chosen_are_left_out() -> None:
    rows = [requests(30, 200, "contoso", 90), requests(30, 200, "fabrikam"), requests(30, 500, "fabrikam")]
    found = ask("health", *rows, requests(9, 200, "other"))
    assert [(each["provider"], each["state"], each["error_ratio"]) for each in found] == [
        ("contoso", "silent", 0.0),
        ("fabrikam", "failing", 0.5),
    ]


def test_the_first_row_of_each_kind_counts_without_any_before_it() -> None:
    assert ask("cycles", requests(1, 200)) == []
    (found,) = ask("health", requests(1, 404))
    assert found["requests_per_hour"] == 1


def test_latencies_are_of_lines_of_requests_alone() -> None:
    workspace = Workspace()
    other = {"TimeGenerated": line(1)["TimeGenerated"], "Message": '{"message":"housekeeping","duration_ms":9000.0}'}
    workspace.add("AppTraces", [*(line(number) for number in range(1, 101)), other])
    (found,) = workspace.ask(QUERIES["latency"])
    assert (found["requests"], found["longest"]) == (100, 100)
    assert found["p50"] == pytest.approx(50, abs=1)
    assert found["p95"] == pytest.approx(95, abs=1)
