"""Each run of a timer leaves one line, however it ends."""

import asyncio

import pytest

from scim import telemetry, timers
from tests.client import lines_of_the_service


@pytest.fixture(autouse=True)
def _as_in_the_service() -> None:
    telemetry.configure()


def test_a_run_tells_what_came_of_it() -> None:
    with lines_of_the_service() as lines, timers.run("retention") as run:
        run.counts = {"read": 3}
    (line,) = lines
    assert line.pop("duration_ms") >= 0
    assert line == {
        "message": "retention",
        "timer": "retention",
        "outcome": "ok",
        "read": 3,
        "failed": 0,
        "error": [],
    }


def test_a_run_with_errors_has_failed_and_names_the_first_by_its_type() -> None:
    with lines_of_the_service() as lines, timers.run("backup") as run:
        run.errors = [LookupError("ada@example.com"), KeyError()]
    assert (lines[0]["outcome"], lines[0]["failed"], lines[0]["error"][0]["type"]) == ("failed", 2, "LookupError")
    assert "ada@" not in str(lines)


def test_a_run_that_is_ended_has_failed() -> None:
    with lines_of_the_service() as lines, pytest.raises(asyncio.CancelledError), timers.run("backup"):
        raise asyncio.CancelledError
    assert (lines[0]["outcome"], lines[0]["failed"]) == ("failed", 1)
