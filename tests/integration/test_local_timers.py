"""The local host runs timer functions as Azure does: on time, in one process, and to no hindrance of its end."""

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from tests.integration.local_process import await_end, descendants, make_app, start

APP = """
import asyncio, os, pathlib
import azure.functions as func

app = func.FunctionApp()
log = pathlib.Path(__file__).with_name("log")

def note(timer):
    with log.open("a") as file:
        print(type(timer).__name__, timer.past_due, os.getpid(), file=file)

@app.timer_trigger(schedule="%EVERY%", arg_name="timer", run_on_startup=RUN_ON_STARTUP)
BODY

@app.route(route="other")
async def other(req: func.HttpRequest) -> func.HttpResponse:
    return func.HttpResponse("answer")

@app.queue_trigger(arg_name="message", queue_name="jobs", connection="AzureWebJobsStorage")
async def jobs(message: func.QueueMessage) -> None: ...
"""

ASYNC = """async def tick(timer: func.TimerRequest) -> None:
    note(timer)"""
BLOCKING = """def tick(timer: func.TimerRequest) -> None:
    note(timer)"""
FAILING = """async def tick(timer: func.TimerRequest) -> None:
    note(timer)
    raise RuntimeError("inside")"""
LONG = """async def tick(timer: func.TimerRequest) -> None:
    note(timer)
    await asyncio.sleep(3600)"""

EACH_SECOND = {"EVERY": "* * * * * *"}
ONCE_A_YEAR = {"EVERY": "0 0 0 1 1 *"}


def app(folder: Path, body: str, *, at_once: bool = False) -> Path:
    return make_app(folder, APP.replace("BODY", body).replace("RUN_ON_STARTUP", str(at_once)))


def until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def runs(folder: Path) -> list[list[str]]:
    log = folder / "log"
    return [line.split() for line in log.read_text().splitlines()] if log.exists() else []


@pytest.mark.parametrize("body", [ASYNC, BLOCKING, FAILING])
def test_a_function_runs_each_time_it_is_due(tmp_path: Path, body: str) -> None:
    running = start(app(tmp_path, body), environment=EACH_SECOND).await_answer()
    until(lambda: len(runs(tmp_path)) >= 3)
    assert running.stop() == 0
    assert {(kind, past_due) for kind, past_due, _ in runs(tmp_path)} == {("TimerRequest", "False")}
    said = running.errors.read_text()
    assert ("The function tick failed" in said) == ("RuntimeError: inside" in said) == (body == FAILING)
    assert "The function jobs (queueTrigger) does not run here" in said


def test_of_several_workers_one_runs_it_and_another_when_that_is_gone(tmp_path: Path) -> None:
    running = start(app(tmp_path, ASYNC), "--workers", "2", environment=EACH_SECOND).await_answer()
    until(lambda: len(runs(tmp_path)) >= 3)
    (first,) = {int(pid) for *_, pid in runs(tmp_path)}
    assert first in descendants(running.process.pid)
    os.kill(first, signal.SIGKILL)
    until(lambda: len({pid for *_, pid in runs(tmp_path)}) == 2)
    assert running.stop() == 0


@pytest.mark.parametrize("at_once", [False, True])
def test_it_runs_at_the_start_if_it_says_so(tmp_path: Path, at_once: bool) -> None:
    folder = app(tmp_path, ASYNC, at_once=at_once)
    running = start(folder, "--workers", "2", environment=ONCE_A_YEAR).await_answer()
    until(lambda: len(runs(tmp_path)) >= at_once)
    assert running.stop() == 0
    assert len(runs(tmp_path)) == at_once


@pytest.mark.parametrize("workers", [1, 2])
def test_a_run_that_takes_long_neither_overlaps_nor_keeps_the_host_from_its_end(tmp_path: Path, workers: int) -> None:
    running = start(app(tmp_path, LONG), "--workers", str(workers), environment=EACH_SECOND).await_answer()
    until(lambda: len(runs(tmp_path)) == 1)
    below = descendants(running.process.pid)
    time.sleep(1.5)
    assert running.stop() == 0
    assert await_end(below) == set()
    assert len(runs(tmp_path)) == 1
    assert "Traceback" not in running.errors.read_text()


def test_it_runs_when_told_to_and_one_run_after_the_other(tmp_path: Path) -> None:
    running = start(
        app(tmp_path, ASYNC.replace("note(timer)", "note(timer); await asyncio.sleep(0.5)")), environment=ONCE_A_YEAR
    )
    running.await_answer()
    for name, status in (("tick", 202), ("TICK", 202), ("other", 404), ("", 404)):
        assert httpx.post(f"{running.url}/admin/functions/{name}", json={"input": ""}).status_code == status
    assert len(runs(tmp_path)) <= 1
    until(lambda: len(runs(tmp_path)) == 2)
    assert httpx.get(f"{running.url}/admin/functions/tick").status_code == 404
    assert running.stop() == 0


@pytest.mark.parametrize(
    ("environment", "sentence"),
    [
        ({}, "The schedule of the function tick is in the setting EVERY, which is not set."),
        ({"EVERY": "each minute"}, "The schedule of the function tick, 'each minute', is no NCRONTAB expression"),
    ],
)
def test_a_schedule_that_is_none_stops_the_start_with_a_sentence(
    tmp_path: Path, environment: dict[str, str], sentence: str
) -> None:
    running = start(app(tmp_path, ASYNC), environment=environment)
    assert running.end() == 1
    said = running.errors.read_text()
    assert sentence in said
    assert "Traceback" not in said
