"""One line for each request, and nothing in it of whom it was about."""

import asyncio
import json
import logging
import uuid
from collections.abc import Iterator
from typing import Any

import pytest

from scim import telemetry

SECRET = "ann@example.com"


class Lines(logging.Handler):
    """A handler of the process that keeps what it is given."""

    def __init__(self) -> None:
        super().__init__()
        self.records: list[logging.LogRecord] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.records.append(record)

    @property
    def texts(self) -> list[str]:
        return [self.format(record) for record in self.records]

    def only(self) -> dict[str, Any]:
        (text,) = self.texts
        line: dict[str, Any] = json.loads(text)
        return line


@pytest.fixture
def quiet() -> Iterator[None]:
    """Loggers as they are in a new process, and as they were again afterwards."""
    loggers = [logging.getLogger(name) for name in (None, "scim", "azure", "azure.core")]
    before = [(logger.handlers[:], logger.level, logger.propagate) for logger in loggers]
    for logger in loggers:
        logger.handlers[:] = []
        logger.setLevel(logging.NOTSET)
    logging.getLogger().setLevel(logging.WARNING)
    yield
    for logger, (handlers, level, propagate) in zip(loggers, before, strict=True):
        logger.handlers[:], logger.propagate = handlers, propagate
        logger.setLevel(level)


@pytest.fixture
def lines(request: pytest.FixtureRequest) -> Lines:
    request.getfixturevalue("quiet")
    handler = Lines()
    logging.getLogger().addHandler(handler)
    telemetry.configure()
    return handler


def fail(text: str) -> None:
    raise ValueError(text)


def test_a_request_leaves_one_line_with_all_that_was_learnt(lines: Lines) -> None:
    with telemetry.request("PATCH", {"x-request-id": "r-1"}) as trace:
        trace.endpoint = "/Groups/{id}"
        trace.provider = "p1"
        trace.status = 204
        trace.quirks.update(["operation_case", "boolean_string"])
        telemetry.count("reads")
        telemetry.count("reads", 3)
        telemetry.count("transactions")
    line = lines.only()
    assert line.pop("time").endswith("+00:00")
    assert line.pop("duration_ms") >= 0
    assert line == {
        "level": "INFO",
        "request_id": "r-1",
        "provider": "p1",
        "method": "PATCH",
        "endpoint": "/Groups/{id}",
        "status": 204,
        "scim_type": None,
        "storage_calls": {"reads": 4, "transactions": 1},
        "quirks": ["boolean_string", "operation_case"],
        "error": [],
    }


@pytest.mark.parametrize(
    ("status", "level"),
    [(200, "INFO"), (404, "INFO"), (409, "INFO"), (500, "ERROR"), (501, "INFO"), (503, "ERROR"), (None, "ERROR")],
)
def test_the_level_tells_whether_the_service_is_at_fault(lines: Lines, status: int | None, level: str) -> None:
    with telemetry.request("GET", {}) as trace:
        trace.status = status
    assert lines.only()["level"] == level
    assert lines.records[0].levelname == level


def test_an_escaping_exception_is_written_and_goes_on(lines: Lines) -> None:
    with pytest.raises(ValueError, match=SECRET), telemetry.request("GET", {}):
        fail(SECRET)
    (error,) = lines.only()["error"]
    assert error["type"] == "ValueError"
    assert error["frames"][-1].startswith(f"{__name__}:fail:")
    assert lines.only()["level"] == "ERROR"
    assert telemetry.current() is None


def test_an_exception_that_was_dealt_with_can_be_noted(lines: Lines) -> None:
    with telemetry.request("GET", {}) as trace:
        trace.status = 409
        try:
            fail(SECRET)
        except ValueError as error:
            trace.fail(error)
    assert (lines.only()["level"], lines.only()["error"][0]["type"]) == ("ERROR", "ValueError")
    assert SECRET not in lines.texts[0]


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({"x-ms-client-request-id": "a.B-c_9"}, "a.B-c_9"),
        ({"x-request-id": "abc"}, "abc"),
        ({"x-request-id": "abc", "x-ms-client-request-id": "def"}, "def"),
        ({"x-request-id": "abc", "x-ms-client-request-id": SECRET}, "abc"),
        ({"x-request-id": "x" * 64}, "x" * 64),
    ],
)
def test_the_clients_own_request_id_is_taken_over(headers: dict[str, str], expected: str) -> None:
    assert telemetry.correlation_id(headers) == expected


@pytest.mark.parametrize("unfit", ["", "x" * 65, "a b", "a\n", "ä", '"', SECRET, "a/b"])
def test_an_unfit_request_id_gives_way_to_a_new_uuid(unfit: str) -> None:
    first, second = (telemetry.correlation_id({"x-request-id": unfit}) for _ in range(2))
    assert str(uuid.UUID(first)) == first != second


async def test_tasks_of_a_request_count_for_it_and_requests_do_not_mix(lines: Lines) -> None:
    async def read(times: int) -> None:
        for _ in range(times):
            await asyncio.sleep(0)
            telemetry.count("reads")

    async def answer(times: int) -> None:
        with telemetry.request("GET", {"x-request-id": f"r{times}"}):
            await asyncio.gather(read(times), read(times))

    await asyncio.gather(answer(1), answer(5))
    told = {line["request_id"]: line["storage_calls"] for line in map(json.loads, lines.texts)}
    assert told == {"r1": {"reads": 2}, "r5": {"reads": 10}}


def test_counting_outside_a_request_is_no_error() -> None:
    telemetry.count("transactions")
    assert telemetry.current() is None


def test_the_current_trace_is_the_innermost(lines: Lines) -> None:
    with telemetry.request("POST", {}) as outer:
        with telemetry.request("GET", {}) as inner:
            assert telemetry.current() is inner
        assert telemetry.current() is outer
    assert len(lines.records) == 2


def test_other_messages_are_lines_too_without_arguments_or_texts_of_exceptions(lines: Lines) -> None:
    logger = logging.getLogger("scim.storage")
    with telemetry.request("GET", {"x-request-id": "r-1"}) as trace:
        trace.status = 200
        try:
            fail(SECRET)
        except ValueError:
            logger.exception("settled %s", SECRET)
    line = json.loads(lines.texts[0])
    assert (line["logger"], line["message"], line["request_id"]) == ("scim.storage", "settled %s", "r-1")
    assert line["error"][0]["type"] == "ValueError"
    logger.warning(ValueError(SECRET))
    assert json.loads(lines.texts[2])["message"] == "ValueError"
    assert SECRET not in "".join(lines.texts)


@pytest.mark.usefixtures("quiet")
def test_without_a_handler_of_the_process_lines_go_to_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    logging.getLogger().handlers.clear()
    telemetry.configure()
    telemetry.configure()
    with telemetry.request("GET", {}) as trace:
        trace.status = 200
    (line,) = capsys.readouterr().err.splitlines()
    assert json.loads(line)["status"] == 200


def test_configuring_twice_does_not_double_the_lines(lines: Lines) -> None:
    telemetry.configure()
    with telemetry.request("GET", {}) as trace:
        trace.status = 200
    assert len(lines.records) == 1


@pytest.mark.parametrize("name", ["azure", "azure.core", "azure.core.pipeline.policies.http_logging_policy"])
def test_the_sdks_own_lines_are_silenced(lines: Lines, name: str) -> None:
    logging.getLogger().setLevel(logging.INFO)
    logging.getLogger(name).info("Request URL: %s", SECRET)
    assert lines.texts == []
