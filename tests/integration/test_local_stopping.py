"""The local host stops with everything that it started, however it ends."""

import os
import signal
import time
from pathlib import Path

import httpx
import pytest

from scim.local import node
from tests.integration.local_process import await_end, descendants, make_app, ps, start


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_stops_everything_without_a_trace(tmp_path: Path, how: signal.Signals, workers: int) -> None:
    running = start(make_app(tmp_path), "--workers", str(workers)).await_answer()
    assert httpx.get(f"{running.url}/things/1").text == "thing"
    below = descendants(running.process.pid)
    assert len(below) >= workers  # Azurite, and the workers when there are several
    assert running.stop(how) == 0
    assert await_end(below) == set()
    assert "Traceback" not in running.errors.read_text()
    assert not (tmp_path / ".local" / "connection.env").exists()


@pytest.mark.parametrize("workers", [1, 2])
def test_nothing_outlives_a_host_that_is_killed(tmp_path: Path, workers: int) -> None:
    running = start(make_app(tmp_path), "--workers", str(workers)).await_answer()
    below = descendants(running.process.pid)
    assert len(below) >= workers
    running.stop(signal.SIGKILL)
    assert await_end(below) == set()


def test_a_ctrl_c_that_the_whole_terminal_gets_while_workers_start_leaves_no_trace(tmp_path: Path) -> None:
    running = start(make_app(tmp_path), "--workers", "2")
    below: set[int] = set()
    until = time.monotonic() + 30
    while not any("spawn_main" in ps("-o", "args=", "-p", str(pid)) for pid in below):
        assert running.process.poll() is None
        assert time.monotonic() < until
        below = descendants(running.process.pid)
    os.killpg(running.process.pid, signal.SIGINT)
    assert running.end() == 0
    assert await_end(below) == set()
    assert "Traceback" not in running.errors.read_text()


def test_a_script_that_ignores_its_end_is_ended(tmp_path: Path) -> None:
    script = tmp_path / "deaf.js"
    script.write_text("process.on('SIGINT', () => {}); setInterval(() => {}, 1000); console.log('up');")
    with node.running(script, [], folder=tmp_path, patience=0.2) as program:
        deadline = time.monotonic() + 10
        while not program.said() and time.monotonic() < deadline:
            time.sleep(0.02)
        assert not program.ended
    assert program.ended


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_that_comes_while_the_host_is_still_being_imported_leaves_no_trace(
    tmp_path: Path, how: signal.Signals
) -> None:
    (tmp_path / "uvicorn.py").write_text("import time\nprint('importing', flush=True)\ntime.sleep(30)\n")
    running = start(make_app(tmp_path), environment={"PYTHONPATH": str(tmp_path)})
    assert running.process.stdout is not None
    assert running.process.stdout.readline() == "importing\n"
    assert running.stop(how) == 0
    assert running.errors.read_text() == ""


@pytest.mark.parametrize("workers", [1, 2])
def test_the_host_stops_and_says_so_when_azurite_ends_under_it(tmp_path: Path, workers: int) -> None:
    running = start(make_app(tmp_path), "--workers", str(workers)).await_answer()
    below = descendants(running.process.pid)
    (storage,) = [pid for pid in below if "table/main.js" in ps("-o", "args=", "-p", str(pid))]
    os.kill(storage, signal.SIGKILL)
    assert running.end() == 1
    assert await_end(below) == set()
    (line,) = [line for line in running.errors.read_text().splitlines() if " INFO " not in line]
    assert line == "Azurite, which holds the data, ended while it was needed; it gave no reason."
    assert not (tmp_path / ".local" / "connection.env").exists()
