"""What keeps the local host from starting is told in one line."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from scim.local import ports
from scim.local.options import REPOSITORY
from tests.integration.local_process import APP, make_app, run_main, start

START_ONLY = """
import asyncio, os, sys
from scim.local import host
os.environ["AzureWebJobsScriptRoot"] = sys.argv[1]
async def receive(): return {"type": "lifespan.startup"}
async def send(message): print(message["type"])
asyncio.run(host.create()({"type": "lifespan"}, receive, send))
"""


@pytest.mark.parametrize(
    ("source", "sentence"),
    [
        (
            "import no_such_module",
            r"ModuleNotFoundError: No module named 'no_such_module' \(function_app\.py, line 1\)\.",
        ),
        ("x = 1\ny = (", r"SyntaxError: .* \(function_app\.py, line 2\)\."),
        ("raise ValueError('first\\nsecond')", r"ValueError: first \(function_app\.py, line 1\)\."),
        ("", r"ValueError: Could not find top level function app instances in function_app\.py\."),
        (
            APP.replace("things/.search", "things/{id}"),
            r"The functions a_thing and b_search have the same route 'things/\{id\}' for the same method",
        ),
    ],
)
def test_a_broken_function_app_is_told_in_one_line(tmp_path: Path, source: str, sentence: str) -> None:
    command = [sys.executable, "-c", START_ONLY, str(make_app(tmp_path, source))]
    ended = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=True)  # noqa: S603 - our own
    (line,) = [line for line in ended.stderr.splitlines() if " INFO " not in line]
    assert re.search(sentence, line)
    assert ended.stdout == "lifespan.startup.failed\n"


@pytest.mark.parametrize("workers", [1, 3])
def test_a_broken_function_app_ends_everything_and_is_told_once(tmp_path: Path, workers: int) -> None:
    running = start(make_app(tmp_path, "import no_such_module"), "--workers", str(workers))
    assert running.end() == 1
    (line,) = running.errors.read_text().splitlines()
    assert "No module named 'no_such_module'" in line


def test_a_missing_function_app_and_a_taken_port_are_told_in_one_line(tmp_path: Path) -> None:
    with ports.listen(0) as listener:
        missing = start(tmp_path)
        taken = start(make_app(tmp_path / "app"), "--port", str(ports.number(listener)))
        assert [missing.end(), taken.end()] == [1, 1]
    assert missing.errors.read_text() == f"There is no host.json in {tmp_path}.\n"
    assert re.fullmatch(r"Port \d+ is taken; .*\n", taken.errors.read_text())


def test_a_connection_file_that_cannot_be_written_stops_the_host_in_one_line(tmp_path: Path) -> None:
    full = """
import errno
from scim.local import connection
def write(*_): raise OSError(errno.ENOSPC, "No space left on device", "connection.env")
connection.write = write
"""
    process = run_main(tmp_path, full, "--port", "0", "--app", str(make_app(tmp_path / "app")))
    _, errors = process.communicate(timeout=30)
    assert process.returncode == 1
    assert errors.splitlines()[-1] == "The disk is full (connection.env)."
    assert "Traceback" not in errors


def test_a_limit_of_bodies_that_is_no_number_is_told_in_one_line(tmp_path: Path) -> None:
    running = start(make_app(tmp_path), environment={"FUNCTIONS_REQUEST_BODY_SIZE_LIMIT": "100 MB"})
    assert running.end() == 1
    assert running.errors.read_text() == "FUNCTIONS_REQUEST_BODY_SIZE_LIMIT must be a number of bytes, not '100 MB'.\n"


@pytest.mark.parametrize(
    ("variable", "text", "sentence"),
    [
        ("ROLLCALL_PAGE_DEFAULT", "0", "ROLLCALL_PAGE_DEFAULT is not what it must be: write resources in a page"),
        ("ROLLCALL_PUBLIC_URL", "localhost", "ROLLCALL_PUBLIC_URL is not what it must be: write the URL"),
        ("ROLLCALL_PAGE_MAXIMUM", "7", "ROLLCALL_PAGE_MAXIMUM is no setting: did you mean ROLLCALL_PAGE_MAX?"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:1", "--trace prints what OTEL_EXPORTER_OTLP_ENDPOINT"),
    ],
)
def test_a_wrong_setting_is_told_in_one_line_before_anything_is_started(
    tmp_path: Path, variable: str, text: str, sentence: str
) -> None:
    failing = "from scim.local import azurite; azurite.running = None"
    process = run_main(tmp_path, failing, "--port", "0", "--trace", **{variable: text})
    told, errors = process.communicate(timeout=60)
    assert (process.returncode, told) == (1, "")
    (line,) = errors.splitlines()
    assert line.startswith(sentence)
