"""``python -m scim`` in forks of a process that has imported it: the import takes longer than most commands.

A command gets the folder, the environment, the arguments and the files of whoever calls it, and is otherwise what it is
anywhere: ``scim/__main__.py``, run in a process of its own.
"""

import importlib
import json
import os
import runpy
import shlex
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.docs.described import ROOT

_CALL = """\
import json, os, socket, sys
with socket.socket(socket.AF_UNIX) as server:
    server.connect(sys.argv[1])
    told = json.dumps([os.getcwd(), dict(os.environ), sys.argv[2:]]).encode()
    socket.send_fds(server, [told], [0, 1, 2])
    server.shutdown(socket.SHUT_WR)
    status = server.recv(1)
sys.exit(status[0] if status else 70)
"""


@contextmanager
def forking(folder: Path) -> Iterator[Path]:
    """A program that can stand for ``.venv/bin/python``, as long as this lasts."""
    place, call, program = folder / "socket", folder / "call.py", folder / "python"
    call.write_text(_CALL)
    python = shlex.quote(sys.executable)
    program.write_text(
        f'#!/bin/sh\nif [ "$1 $2" = "-m scim" ]; then shift 2; exec {python} -I -S {call} {place} "$@"; fi\n'
        f'exec {python} "$@"\n'
    )
    program.chmod(0o755)
    command = [sys.executable, "-m", "tests.docs.forks", str(place)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE) as server:  # noqa: S603 (our own command)
        assert server.stdout is not None
        server.stdout.readline()
        try:
            yield program
        finally:
            server.kill()


def _serve(place: str) -> None:
    importlib.import_module("scim.cli")
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody here waits for a command; who called it does
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(place)
        listener.listen()
        print("ready", flush=True)  # noqa: T201 (who started it waits for this)
        while True:
            caller, _ = listener.accept()
            with caller:
                if os.fork() == 0:
                    _run(caller)


def _run(caller: socket.socket) -> None:
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    told, files, _, _ = socket.recv_fds(caller, 2**20, 3)
    while more := caller.recv(2**20):
        told += more
    folder, environment, arguments = json.loads(told)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    for number, file in enumerate(files):
        os.dup2(file, number)
    sys.argv = ["scim", *arguments]
    status = 1
    try:
        runpy.run_module("scim", run_name="__main__", alter_sys=True)
    except SystemExit as ended:
        status = ended.code if isinstance(ended.code, int) else 1
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        caller.sendall(bytes([status]))
        os._exit(status)


if __name__ == "__main__":
    _serve(sys.argv[1])
