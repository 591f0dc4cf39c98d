"""`make run ARGS="--trace"`: a request and its calls as a tree."""

import re
from collections.abc import Iterator

import pytest

from scim import observing, telemetry
from scim.local import traces


@pytest.fixture(autouse=True)
def _shown() -> Iterator[None]:
    traces.show()
    yield
    observing.observe(None)


def test_a_request_is_printed_with_its_calls_below_it(capsys: pytest.CaptureFixture[str]) -> None:
    with telemetry.request("PATCH", {}) as trace:
        trace.endpoint, trace.status = "/Users/{id}", 200
        with telemetry.call("get", "user"):
            observing.answered(200)
            observing.retried()
        with telemetry.call("transact", "3 rows"):
            observing.answered(202)
    lines = [line for line in capsys.readouterr().err.splitlines() if " ms  " in line]
    assert [re.sub(r"^ +[\d.]+ +[\d.]+ ms  ", "", line) for line in lines] == [
        "PATCH /Users/{id}  status=200",
        "├─ get user  status=200 retries=1",
        "└─ transact 3 rows  status=202",
    ]
