"""Ports on the loopback address, the only one the local host uses."""

import errno
import socket

from scim.local.failure import Failure

LOOPBACK = "127.0.0.1"


def listen(port: int) -> socket.socket:
    """Take a port, 0 for any, before anything else starts: a taken one is told at once, and early clients wait."""
    # With the protocol spelled out asyncio sends without delay; without it every answer waits 40 ms for a TCP timer.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((LOOPBACK, port))
        listener.listen(2048)
    except OSError as error:
        listener.close()
        if error.errno == errno.EADDRINUSE:
            raise Failure(f"Port {port} is taken; stop what uses it or choose another with --port.") from error
        if error.errno == errno.EACCES:
            raise Failure(
                f"Port {port} is reserved to the administrator; choose one above 1023 with --port."
            ) from error
        raise
    return listener


def number(listener: socket.socket) -> int:
    """The port on which a socket listens."""
    port: int = listener.getsockname()[1]
    return port


def free(preferred: int = 0) -> int:
    """A port that is free now: the preferred one when it is."""
    for port in (preferred, 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((LOOPBACK, port))
            except OSError:
                continue
            return number(probe)
    raise Failure("This machine has no free port left.")
