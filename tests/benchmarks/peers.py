"""``scim2-server``, the peer that is compared with: in an environment of its own, for its needs are not ours."""

import json
import socket
import subprocess
import time
import venv
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from scim.local import ports
from scim.local.options import REPOSITORY
from tests.benchmarks.load import Target
from tests.benchmarks.parts import Say
from tests.benchmarks.requests import Ask

REQUIREMENTS = ("scim2-server==0.8.3", "scim2-models==0.12.3", "pydantic==2.14.4", "uvicorn==0.54.0", "h11==0.16.0")
NAME = "scim2-server 0.8.3"
_SCRIPT = Path(__file__).with_name("peer.py")
_PATIENCE = 30.0


def environment(say: Say) -> Path:
    """The ``bin`` folder of the peer's environment, which the first use makes."""
    folder = REPOSITORY / ".local" / "peers" / "scim2-server"
    made, wanted = folder / "requirements.txt", "\n".join(REQUIREMENTS)
    if not made.exists() or made.read_text() != wanted:
        say(f"Installing {NAME} into an environment of its own ...")
        venv.create(folder, with_pip=True, clear=True)
        command: list[str | Path] = [folder / "bin" / "python", "-m", "pip", "install", "--quiet", *REQUIREMENTS]
        installed = subprocess.run(command, check=False, capture_output=True, text=True)  # noqa: S603 - our own command
        if installed.returncode:
            raise RuntimeError(f"{NAME} cannot be installed: {installed.stderr.strip().splitlines()[-1]}")
        made.write_text(wanted)
    return folder / "bin"


class InProcess:
    """The peer in a process of its own, told line by line what to time."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process

    def do(self, what: str, **arguments: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
        """Give a command and wait for its answer."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps({"do": what, **arguments}) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"{NAME} ended.")
        answer: dict[str, Any] = json.loads(line)
        return answer

    def time(self, asks: Sequence[Ask]) -> tuple[float, list[str]]:
        """Seconds for one of these requests, and the ids that they were answered with."""
        written = [[ask.method, ask.path, (ask.body or b"").decode()] for ask in asks]
        said = self.do("ask", asks=written)
        return said["seconds"] / said["done"], said["ids"]


@contextmanager
def in_process(say: Say) -> Iterator[InProcess]:
    """Run the peer in a process of its own, without a network."""
    with subprocess.Popen(  # noqa: S603 - our own command
        [environment(say) / "python", _SCRIPT, "measure"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin is not None
        try:
            yield InProcess(process)
        finally:
            process.stdin.close()


@contextmanager
def shipped(say: Say) -> Iterator[Target]:
    """Run the peer's own command: its WSGI application, a thread for each request, by the standard library's server."""
    port, script = ports.free(), environment(say) / "scim2-server"
    with _running([script, "--port", str(port), "--bearer-token", "token"], port):
        yield Target(f"http://127.0.0.1:{port}/v2", "token")


@contextmanager
def on_uvicorn(say: Say) -> Iterator[Target]:
    """Run the peer's ASGI application behind the server that carries ours; it asks for no token there."""
    port = ports.free()
    with _running([environment(say) / "python", _SCRIPT, "serve", str(port)], port):
        yield Target(f"http://127.0.0.1:{port}/v2", "token")


@contextmanager
def _running(command: Sequence[str | Path], port: int) -> Iterator[None]:
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:  # noqa: S603 - ours
        try:
            _await(process, port)
            yield
        finally:
            process.terminate()
            process.wait(30)


def _await(process: "subprocess.Popen[bytes]", port: int) -> None:
    deadline = time.monotonic() + _PATIENCE
    while not _answers(port):
        if process.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError(f"{NAME} does not answer.")
        time.sleep(0.05)


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex((ports.LOOPBACK, port)) == 0
