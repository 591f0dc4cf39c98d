"""uvicorn, with one process or several."""

import os
import signal
import socket
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from multiprocessing import resource_tracker
from typing import override

import uvicorn
from uvicorn.supervisors import Multiprocess
from uvicorn.supervisors.multiprocess import Process

from scim.local import timers

_GRACE = 5  # seconds for requests under way when we are told to stop


def serve(listener: socket.socket, workers: int) -> bool:
    """Serve until told to stop and close the listener; False when the app could not be started, after saying why."""
    with closing(listener), tempfile.NamedTemporaryFile(prefix="rollcall-") as turn:
        os.environ[timers.TURN] = turn.name
        return _serve(listener, workers)


def _serve(listener: socket.socket, workers: int) -> bool:
    config = uvicorn.Config(
        "scim.local.host:create",
        factory=True,
        workers=workers,
        loop="asyncio",  # as in Azure's worker; with uvloop the same CPU was measured
        http="httptools",
        lifespan="on",
        ws="none",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=_GRACE,
    )
    if workers > 1:
        supervisor = _Supervisor(config, [listener])
        supervisor.run()
        return not supervisor.failed
    server = uvicorn.Server(config)
    try:
        server.run([listener])
    except KeyboardInterrupt:  # uvicorn has stopped in good order and passes the signal on
        return True
    except SystemExit:
        return False
    return True


class _Supervisor(Multiprocess):
    """uvicorn's supervisor, but one worker must have started before there are more, so that a fault is told once.

    Workers are deaf to Ctrl-C, which the terminal sends to all of a group: the supervisor ends them in its own time.
    """

    failed = False

    @override
    def init_processes(self) -> None:
        self._add_workers(1)
        first = self.processes[0]
        while not first.wait_until_ready(timeout=1, should_exit=self.should_exit):
            self.handle_signals()
            if self.should_exit.is_set():
                return
            if not first.process.is_alive():
                self.failed = True
                self.should_exit.set()
                return
        self.handle_signals()
        if not self.should_exit.is_set():
            self._add_workers(self.processes_num - 1)

    @override
    def keep_subprocess_alive(self) -> None:
        with _deaf_children():
            super().keep_subprocess_alive()

    @override
    def handle_hup(self) -> None:
        self.should_exit.set()

    def _add_workers(self, count: int) -> None:
        with _deaf_children():
            for _ in range(count):
                process = Process(self.config, self.sockets)
                process.start()
                self.processes.append(process)


@contextmanager
def _deaf_children() -> Iterator[None]:
    resource_tracker.ensure_running()  # which, when a child's start brings it up, lets Ctrl-C through again
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
