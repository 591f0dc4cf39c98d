"""The service in processes of its own, started and stopped: function_app.py in Microsoft's runtime."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from scim.local.options import REPOSITORY


@dataclass(frozen=True, slots=True)
class Host:
    """Our service in processes of its own.

    Attributes:
        url: where it answers.
        storage: the connection string of its store.
        said: the file of all that it logs.
        pid: the process, or the one above its workers.
    """

    url: str
    storage: str
    said: Path
    pid: int


@contextmanager
def hosted(storage: str, workers: int = 1, **environment: str) -> Iterator[Host]:
    """Run function_app.py in Microsoft's runtime, in so many processes on one port; it must end without trouble."""
    with TemporaryDirectory() as folder:
        said = Path(folder) / "stderr"
        with (
            said.open("w") as errors,
            subprocess.Popen(  # noqa: S603 (our own command)
                [sys.executable, "-m", "tests.integration.host", str(workers)],
                cwd=REPOSITORY,
                env=os.environ | environment | {"ROLLCALL_STORAGE": storage},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
            ) as process,
        ):
            assert process.stdin is not None
            assert process.stdout is not None
            port = process.stdout.readline().strip()
            if not port:
                raise RuntimeError(said.read_text())
            try:
                yield Host(f"http://127.0.0.1:{port}", storage, said, process.pid)
            finally:
                process.stdin.close()
                status = process.wait(60)
        if status or "Traceback" in said.read_text():
            raise RuntimeError(said.read_text())
