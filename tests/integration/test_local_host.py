"""The local host from outside: real processes, real HTTP, real signals."""

import http.client
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from azure.data.tables import TableServiceClient

from scim.local import azurite, install, node, ports
from scim.local.failure import Failure

REPOSITORY = Path(__file__).parents[2]

APP = """
import json, os
import azure.functions as func

app = func.FunctionApp(http_auth_level=func.AuthLevel.FUNCTION)

def seen(req):
    return func.HttpResponse(json.dumps({
        "method": req.method, "url": req.url, "query": dict(req.params), "route": dict(req.route_params),
        "headers": dict(req.headers), "body": req.get_body().decode(), "setting": os.environ.get("SETTING"),
    }), mimetype="application/scim+json", headers={"X-Frame-Options": "DENY"})

@app.route(route="scim/{provider}/v2/Users/{*rest}")
async def users(req: func.HttpRequest) -> func.HttpResponse:
    return seen(req)

@app.route(route="blocking", methods=["GET", "HEAD"])
def blocking(req: func.HttpRequest) -> func.HttpResponse:
    return seen(req)

@app.route(route="things/{id}", methods=["GET"])
async def a_thing(req: func.HttpRequest) -> func.HttpResponse:
    return func.HttpResponse("thing")

@app.route(route="things/.search", methods=["GET", "POST"])
async def b_search(req: func.HttpRequest) -> func.HttpResponse:
    return func.HttpResponse("search")

@app.route(route="raises")
async def raises(req: func.HttpRequest) -> func.HttpResponse:
    raise RuntimeError("inside")

@app.route(route="none")
async def none(req: func.HttpRequest) -> func.HttpResponse:
    return None

@app.route(route="status/{code:int}")
async def status(req: func.HttpRequest) -> func.HttpResponse:
    return func.HttpResponse("body", status_code=int(req.route_params["code"]))

@app.timer_trigger(schedule="0 0 * * * *", arg_name="timer")
async def tick(timer: func.TimerRequest) -> None: ...
"""

HOST_JSON = {"extensions": {"http": {"routePrefix": "", "customHeaders": {"X-Frame-Options": "no", "X-Extra": "yes"}}}}


@dataclass
class Running:
    """A local host in a process of its own."""

    process: subprocess.Popen[str]
    folder: Path
    errors: Path
    url: str = ""

    @property
    def port(self) -> int:
        return int(self.url.rsplit(":", 1)[1])

    def stop(self, how: signal.Signals = signal.SIGTERM) -> int:
        self.process.send_signal(how)
        return self.end()

    def end(self) -> int:
        self.process.communicate(timeout=30)
        return self.process.returncode

    def await_answer(self) -> "Running":
        assert self.process.stdout is not None
        for line in self.process.stdout:
            found = re.search(r"http://127\.0\.0\.1:\d+", line)
            if found:
                self.url = found.group()
                return self
        raise AssertionError(self.errors.read_text())


def make_app(folder: Path, source: str = APP) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "function_app.py").write_text(source)
    (folder / "host.json").write_text(json.dumps(HOST_JSON))
    return folder


def start(folder: Path, *arguments: str, environment: dict[str, str] | None = None) -> Running:
    errors = folder / "stderr"
    with errors.open("w") as stream:
        process = subprocess.Popen(  # noqa: S603 - our own command
            [sys.executable, "-m", "scim.local", "--app", folder, "--port", "0", *arguments],
            cwd=REPOSITORY,
            env=os.environ | (environment or {}),
            stdout=subprocess.PIPE,
            stderr=stream,
            text=True,
            start_new_session=True,
        )
    return Running(process, folder, errors)


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    folder = make_app(tmp_path_factory.mktemp("app"))
    (folder / "local.settings.json").write_text('{"Values": {"SETTING": "from the file"}}')
    running = start(folder, environment={"FUNCTIONS_REQUEST_BODY_SIZE_LIMIT": "1000"})
    try:
        yield running.await_answer()
    finally:
        running.stop()


@pytest.fixture
def client(host: Running) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=host.url) as client:
        yield client


def raw(host: Running, method: str, target: str, headers: list[tuple[str, str]] = []) -> tuple[int, bytes]:  # noqa: B006 - only read
    """A request sent as it is written: no client library tidies it up."""
    connection = http.client.HTTPConnection("127.0.0.1", host.port)
    connection.putrequest(method, target, skip_accept_encoding=True)
    for name, value in headers:
        connection.putheader(name, value)
    connection.endheaders()
    response = connection.getresponse()
    answer = response.status, response.read()
    connection.close()
    return answer


def test_a_function_sees_the_request_as_azure_hands_it_over(host: Running, client: httpx.Client) -> None:
    seen = client.post(
        "/scim/P1/v2/Users/a%20b/c/?filter=&Count=1&count=2",
        content=b'{"a": 1}',
        headers=[("X-Many", "1"), ("x-many", "2"), ("Authorization", "Bearer t")],
    ).json()
    assert seen["method"] == "POST"
    assert seen["url"] == f"{host.url}/scim/P1/v2/Users/a%20b/c/?filter=&Count=1&count=2"
    assert seen["query"] == {"Count": "1,2"}
    assert seen["route"] == {"provider": "P1", "rest": "a b/c/"}
    assert seen["body"] == '{"a": 1}'
    assert (seen["headers"]["x-many"], seen["headers"]["authorization"]) == ("1,2", "Bearer t")


@pytest.mark.parametrize(
    ("target", "rest", "path"),
    [
        ("/scim/p/v2/Users", None, "/scim/p/v2/Users"),
        ("/SCIM/p/v2/users/", None, "/SCIM/p/v2/users/"),
        ("/scim/p/v2/Users/a%2Fb%C3%A9", "a%2Fbé", "/scim/p/v2/Users/a%2Fb%C3%A9"),
        ("/scim/p/v2/Groups/../Users/./1", "1", "/scim/p/v2/Users/1"),
    ],
)
def test_a_path_reaches_a_function_decoded_and_tidied(host: Running, target: str, rest: str | None, path: str) -> None:
    _, body = raw(host, "GET", target)
    seen = json.loads(body)
    assert seen["route"].get("rest") == rest
    assert seen["url"] == host.url + path


def test_the_scheme_and_host_are_those_the_front_end_names(host: Running) -> None:
    headers = [("X-Forwarded-Proto", "https"), ("DISGUISED-HOST", "rollcall.example")]
    _, body = raw(host, "GET", "/blocking", headers)
    assert json.loads(body)["url"] == "https://rollcall.example/blocking"


@pytest.mark.parametrize(
    ("method", "path", "status", "content"),
    [
        ("GET", "/things/.search", 200, b"thing"),
        ("POST", "/things/.search", 200, b"search"),
        ("DELETE", "/things/.search", 404, b""),
        ("GET", "/nowhere", 404, b""),
        ("GET", "/scim/p/v2//Users", 404, b""),
        ("GET", "/admin/functions", 404, b""),
        ("GET", "/", 204, b""),
        ("GET", "/raises", 500, b""),
        ("GET", "/none", 500, b""),
        ("GET", "/status/204", 204, b""),
        ("GET", "/status/304", 304, b""),
        ("GET", "/status/418", 418, b"body"),
        ("GET", "/status/x", 404, b""),
        ("HEAD", "/blocking", 200, b""),
        ("GET", "/a%00b", 400, b""),
        ("GET", "/scim/p/v2/Users?f=" + "x" * 4077, 200, None),
        ("GET", "/scim/p/v2/Users?f=" + "x" * 4078, 414, b""),
    ],
)
def test_the_host_answers_as_azures_does(
    host: Running, method: str, path: str, status: int, content: bytes | None
) -> None:
    answered, body = raw(host, method, path)
    assert answered == status
    assert content is None or body == content


def test_custom_headers_are_added_where_absent_and_length_is_told_only_for_nothing(client: httpx.Client) -> None:
    with_body, without = client.get("/blocking"), client.get("/nowhere")
    assert with_body.headers["x-frame-options"] == "DENY"
    assert with_body.headers["transfer-encoding"] == "chunked"
    assert with_body.headers["content-type"] == "application/scim+json"
    assert without.headers["x-frame-options"] == "no"
    assert without.headers["content-length"] == "0"
    assert {answer.headers["x-extra"] for answer in (with_body, without)} == {"yes"}


def test_a_chunked_body_arrives_empty_and_the_developer_is_told(host: Running, client: httpx.Client) -> None:
    seen = client.post("/scim/p/v2/Users", content=iter([b"a", b"b"])).json()
    assert seen["body"] == ""
    assert client.get("/blocking").status_code == 200, "the connection can be used again"
    assert "without Content-Length" in host.errors.read_text()


@pytest.mark.parametrize(("size", "status"), [(1000, 200), (1001, 413)])
def test_a_body_beyond_the_limit_is_refused(client: httpx.Client, size: int, status: int) -> None:
    assert client.post("/scim/p/v2/Users", content=b"x" * size).status_code == status


def test_local_settings_reach_the_function(client: httpx.Client) -> None:
    assert client.get("/blocking").json()["setting"] == "from the file"


def test_the_developer_is_told_what_failed_and_what_does_not_run(host: Running, client: httpx.Client) -> None:
    client.get("/raises")
    log = host.errors.read_text()
    assert "RuntimeError: inside" in log
    assert "tick (timerTrigger) does not run here" in log
    assert "Function name:" not in log, "the worker library's line for every call"


def test_the_connection_file_is_for_its_owner_only(host: Running) -> None:
    file = host.folder / ".local" / "connection.env"
    assert file.read_text() == f"BASE_URL={host.url}\nTOKEN=\n"
    assert file.stat().st_mode & 0o777 == 0o600


def ps(*arguments: str) -> str:
    return subprocess.run(["ps", "-ww", *arguments], capture_output=True, text=True, check=False).stdout  # noqa: S603, S607 - where ps is differs


def descendants(pid: int) -> set[int]:
    """The processes below one, by the system's own list."""
    pairs = [tuple(map(int, line.split())) for line in ps("-A", "-o", "pid=,ppid=").splitlines()]
    found = {pid}
    while True:
        grown = found | {child for child, parent in pairs if parent in found}
        if grown == found:
            return {process for process in found - {pid} if alive(process)}
        found = grown


def alive(pid: int) -> bool:
    shown = ps("-o", "stat=", "-p", str(pid))
    return bool(shown.strip()) and not shown.startswith("Z")


def await_end(processes: set[int]) -> set[int]:
    """Those that are still alive when patience is over."""
    deadline = time.monotonic() + 10
    while (left := {pid for pid in processes if alive(pid)}) and time.monotonic() < deadline:
        time.sleep(0.05)
    return left


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


def test_a_missing_function_app_and_a_taken_port_are_told_in_one_line(tmp_path: Path, host: Running) -> None:
    missing = start(tmp_path)
    taken = start(make_app(tmp_path / "app"), "--port", str(host.port))
    assert [missing.end(), taken.end()] == [1, 1]
    assert missing.errors.read_text() == f"There is no host.json in {tmp_path}.\n"
    assert re.fullmatch(r"Port \d+ is taken; .*\n", taken.errors.read_text())


def test_azurite_only_tells_its_connection_string_and_waits() -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "scim.local", "--azurite-only"], cwd=REPOSITORY, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    told = next(line for line in process.stdout if "ROLLCALL_STORAGE" in line)
    found = re.search(r'"ROLLCALL_STORAGE": "(.+)"', told)
    assert found
    assert [service for service in ("Blob", "Queue", "Table") if f"{service}Endpoint=" not in found.group(1)] == []
    with TableServiceClient.from_connection_string(found.group(1)) as tables:
        assert list(tables.list_tables()) == []
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=30)
    assert process.returncode == 0


def test_azurite_keeps_its_data_in_a_folder_and_lets_one_at_a_time_have_it(tmp_path: Path) -> None:
    with azurite.running(data=tmp_path) as storage, TableServiceClient.from_connection_string(storage) as tables:
        tables.create_table("kept")
        with pytest.raises(Failure, match="in use"), azurite.running(data=tmp_path):
            pass
    with azurite.running(data=tmp_path) as storage, TableServiceClient.from_connection_string(storage) as tables:
        assert [table.name for table in tables.list_tables()] == ["kept"]


def test_an_azurite_that_ends_at_once_is_told_with_its_last_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "table").mkdir()
    (tmp_path / "table" / "main.js").write_text("console.error('no memory'); process.exit(1);")
    monkeypatch.setattr(install, "azurite", lambda: tmp_path)
    with pytest.raises(Failure, match="ended as soon as it was started: no memory"), azurite.running():
        pass


def test_the_service_sends_its_answers_without_waiting_for_acknowledgements() -> None:
    with ports.listen(0) as listener:
        assert listener.proto == socket.IPPROTO_TCP  # what asyncio asks before it sets TCP_NODELAY


def test_a_preferred_port_is_given_only_while_it_is_free() -> None:
    with ports.listen(0) as listener:
        taken = ports.number(listener)
        assert ports.free(taken) != taken
    assert ports.free(taken) == taken


def test_a_port_lost_to_another_program_is_chosen_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    offered: list[int] = []
    real = ports.free
    with ports.listen(0) as taken:

        def free(preferred: int = 0) -> int:
            offered.append(ports.number(taken) if not offered else real(preferred))
            return offered[-1]

        monkeypatch.setattr(ports, "free", free)
        with azurite.running() as storage:
            assert f"127.0.0.1:{offered[1]}/" in storage


def run_main(tmp_path: Path, prelude: str, *arguments: str, **environment: str) -> subprocess.Popen[str]:
    """The command with parts of it replaced beforehand."""
    code = f"""
import sys
from pathlib import Path
tmp = Path({str(tmp_path)!r})
{prelude}
from scim.local.__main__ import main
sys.exit(main(sys.argv[1:]))
"""
    return subprocess.Popen(  # noqa: S603 - our own command
        [sys.executable, "-c", code, *arguments],
        cwd=REPOSITORY,
        env=os.environ | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


INSTALL_AGAIN = "from scim.local import install; install.HOME = tmp / 'state' / 'azurite'"


def test_npm_that_cannot_reach_its_registry_is_told_in_one_line(tmp_path: Path) -> None:
    offline = {"npm_config_registry": "http://127.0.0.1:1/", "npm_config_cache": str(tmp_path / "cache")}
    process = run_main(tmp_path, INSTALL_AGAIN, "--port", "0", npm_config_fetch_retries="0", **offline)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 1
    assert re.fullmatch(
        r"Azurite could not be installed: npm's registry cannot be reached \(ECONNREFUSED\).*\n", errors
    )


def test_ctrl_c_while_npm_installs_leaves_nothing_behind(tmp_path: Path) -> None:
    with ports.listen(0) as silent:
        registry = f"http://127.0.0.1:{ports.number(silent)}/"
        process = run_main(tmp_path, INSTALL_AGAIN, "--port", "0", npm_config_registry=registry)
        silent.accept()[0].close()  # npm asks, so it runs
        below = descendants(process.pid)
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=30)
    assert (process.returncode, errors) == (0, "")
    assert below
    assert await_end(below) == set()
    assert list((tmp_path / "state").iterdir()) == []


DEMO = """
from scim.local import install, options, demo
from scim.local.connection import Connection
options.REPOSITORY = tmp
async def create(profile, previous=None):
    token = previous.token if previous else "secret-of-" + profile
    return Connection("http://127.0.0.1:1/scim/p/v2", token)
demo.create = create
"""


def test_the_demo_provider_is_shown_and_taken_up_again_with_the_same_data(tmp_path: Path) -> None:
    make_app(tmp_path)
    file = tmp_path / ".local" / "connection.env"
    for profile in ("rfc", "entra"):
        arguments = ["--port", "0", "--profile", profile, "--data", str(tmp_path / "data")]
        process = run_main(tmp_path, DEMO, *arguments)
        assert process.stdout is not None
        told = "".join(iter(process.stdout.readline, "Stop it with Ctrl-C.\n"))
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=30)
        assert process.returncode == 0
        assert re.search(r"Base URL +http://127.0.0.1:1/scim/p/v2\n +Token +secret-of-rfc\n", told)
        assert f"Profile    {profile}\n" in told
        assert file.read_text() == "BASE_URL=http://127.0.0.1:1/scim/p/v2\nTOKEN=secret-of-rfc\n"


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


def test_a_script_that_ignores_its_end_is_ended(tmp_path: Path) -> None:
    script = tmp_path / "deaf.js"
    script.write_text("process.on('SIGINT', () => {}); setInterval(() => {}, 1000); console.log('up');")
    with node.running(script, [], folder=tmp_path, patience=0.2) as program:
        deadline = time.monotonic() + 10
        while not program.said() and time.monotonic() < deadline:
            time.sleep(0.02)
        assert not program.ended
    assert program.ended
