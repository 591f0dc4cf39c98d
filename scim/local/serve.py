"""uvicorn, with one process or several."""

import signal
import socket
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import override

import uvicorn
from uvicorn.supervisors import Multiprocess
from uvicorn.supervisors.multiprocess import Process

_GRACE = 5  # seconds for requests under way when we are told to stop


def serve(listener: socket.socket, workers: int) -> bool:
    """Serve until told to stop and close the listener; False when the app could not be started, after saying why."""
    with closing(listener):
        return _serve(listener, workers)


def _serve(listener: socket.socket, workers: int) -> bool:
    config = uvicorn.Config(
        "scim.local.host:create",
        factory=True,
        workers=workers,
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
        return supervisor.started
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

    started = False

    @override
    def init_processes(self) -> None:
        with _deaf_children():
            first = Process(self.config, self.sockets)
            first.start()
            self.processes.append(first)
        while not first.wait_until_ready(timeout=1, should_exit=self.should_exit):
            self.handle_signals()
            if self.should_exit.is_set():
                self.started = True
                return
            if not first.process.is_alive():
                self.should_exit.set()
                return
        self.started = True
        with _deaf_children():
            for _ in range(self.processes_num - 1):
                process = Process(self.config, self.sockets)
                process.start()
                self.processes.append(process)

    @override
    def keep_subprocess_alive(self) -> None:
        with _deaf_children():
            super().keep_subprocess_alive()

    @override
    def handle_hup(self) -> None:
        self.should_exit.set()


@contextmanager
def _deaf_children() -> Iterator[None]:
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
