"""Local hosts in processes of their own, what they serve, and the processes below them."""

import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from scim.local.options import REPOSITORY

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
"""


HOST_JSON = {"extensions": {"http": {"routePrefix": "", "customHeaders": {"X-Frame-Options": "no", "X-Extra": "yes"}}}}


@dataclass
class Running:
    """A local host in a process of its own.

    Attributes:
        errors: the file of all that it writes to stderr.
        url: where it answers, once it does.
    """

    process: subprocess.Popen[str]
    folder: Path
    errors: Path
    url: str = ""

    @property
    def port(self) -> int:
        """The port on which it listens."""
        return int(self.url.rsplit(":", 1)[1])

    def stop(self, how: signal.Signals = signal.SIGTERM) -> int:
        """Send it a signal and wait for its exit code."""
        self.process.send_signal(how)
        return self.end()

    def end(self) -> int:
        """Wait for its exit code."""
        self.process.communicate(timeout=30)
        return self.process.returncode

    def await_answer(self) -> "Running":
        """Wait until it says that it answers."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            found = re.search(r"http://127\.0\.0\.1:\d+", line)
            if found:
                self.url = found.group()
                return self
        raise AssertionError(self.errors.read_text())


def make_app(folder: Path, source: str = APP) -> Path:
    """Write a function app."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "function_app.py").write_text(source)
    (folder / "host.json").write_text(json.dumps(HOST_JSON))
    return folder


def start(folder: Path, *arguments: str, environment: dict[str, str] | None = None) -> Running:
    """Start a local host for the function app in a folder, on a free port."""
    handle, name = tempfile.mkstemp(prefix="stderr-", dir=folder)
    with os.fdopen(handle, "w") as stream:
        process = subprocess.Popen(  # noqa: S603 - our own command
            [sys.executable, "-m", "scim.local", "--app", folder, "--port", "0", *arguments],
            cwd=REPOSITORY,
            env=os.environ | (environment or {}),
            stdout=subprocess.PIPE,
            stderr=stream,
            text=True,
            start_new_session=True,
        )
    return Running(process, folder, Path(name))


def run_main(tmp_path: Path, prelude: str, *arguments: str, **environment: str) -> subprocess.Popen[str]:
    """The command with parts of it replaced beforehand."""
    code = f"""
import sys
from pathlib import Path
tmp = Path({str(tmp_path)!r})
{prelude}
from scim.local.run import main
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


def ps(*arguments: str) -> str:
    """What the system says of its processes."""
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
    """Whether a process is there and no zombie."""
    shown = ps("-o", "stat=", "-p", str(pid))
    return bool(shown.strip()) and not shown.startswith("Z")


def await_end(processes: set[int]) -> set[int]:
    """Those that are still alive when patience is over."""
    deadline = time.monotonic() + 10
    while (left := {pid for pid in processes if alive(pid)}) and time.monotonic() < deadline:
        time.sleep(0.05)
    return left
