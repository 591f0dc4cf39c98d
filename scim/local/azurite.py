"""Azurite, Microsoft's storage emulator, for as long as it is needed."""

import fcntl
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

from scim.local import install, node, ports
from scim.local.failure import Failure

TABLES: Mapping[str, int] = {"table": 0}
"""Tables alone, on any port: what the service itself needs."""

EVERYTHING: Mapping[str, int] = {"blob": 10000, "queue": 10001, "table": 10002}
"""All three services, on their standard ports where these are free: what Azure's own tools look for."""

_ACCOUNT = "devstoreaccount1"
_KEY = (
    "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="  # public, ever the same
)
_LISTENING = " successfully "  # in the line that it writes for each service
_ATTEMPTS = 3  # another program may take a port after we found it free
_PATIENCE = 60.0  # for the first start on a slow disk
_GLANCE = 0.2  # how often to look whether it still runs
_GRACE = 6.0  # a little more than exit_with_parent.cjs allows


@contextmanager
def running(
    services: Mapping[str, int] = TABLES, data: Path | None = None, *, when_it_ends: Callable[[], None] | None = None
) -> Iterator[str]:
    """Run Azurite, installing it when this is the first time, and give its connection string.

    Args:
        services: The services and the ports they would like, 0 for any.
        data: Where to keep the data; without it they are in memory and gone at the end.
        when_it_ends: Called, from a thread, when Azurite ends by itself while it is needed.

    Raises:
        Failure: Azurite cannot be had, or has ended by itself; the latter is raised on leaving.
    """
    programs = install.azurite()
    with ExitStack() as stack:
        if data is not None:
            stack.enter_context(_claimed(data))
        program, chosen = stack.enter_context(_started(programs, services, data))
        stack.enter_context(_needed(program, when_it_ends))
        yield connection_string(chosen)


def connection_string(chosen: Mapping[str, int]) -> str:
    """What a storage client needs to reach Azurite: by address, for the SDK takes `localhost` for Cosmos DB."""
    endpoints = "".join(
        f"{service.capitalize()}Endpoint=http://{ports.LOOPBACK}:{port}/{_ACCOUNT};" for service, port in chosen.items()
    )
    return f"DefaultEndpointsProtocol=http;AccountName={_ACCOUNT};AccountKey={_KEY};{endpoints}"


@contextmanager
def _claimed(data: Path) -> Iterator[None]:
    data.mkdir(parents=True, exist_ok=True)
    with (data / "in-use.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Failure(
                f"The data in {data} are in use by another Azurite; stop it or name another folder."
            ) from None
        yield


@contextmanager
def _started(
    programs: Path, services: Mapping[str, int], data: Path | None
) -> Iterator[tuple[node.Program, Mapping[str, int]]]:
    script = programs / ("table/main.js" if services.keys() == {"table"} else "azurite.js")
    for attempt in range(1, _ATTEMPTS + 1):
        chosen = {service: ports.free(preferred) for service, preferred in services.items()}
        with node.running(script, _arguments(chosen, data), folder=programs, patience=_GRACE) as program:
            if _listens(program, len(services)):
                yield program, chosen
                return
            said = program.said()
        if "EADDRINUSE" not in said or attempt == _ATTEMPTS:
            raise Failure(f"Azurite ended as soon as it was started: {_last_words(said)}.")


@contextmanager
def _needed(program: node.Program, when_it_ends: Callable[[], None] | None) -> Iterator[None]:
    over, said_before = threading.Event(), len(program.said())

    def watch(tell: Callable[[], None]) -> None:
        while not over.wait(_GLANCE):
            if program.ended:
                tell()
                return

    if when_it_ends:
        threading.Thread(target=watch, args=(when_it_ends,), daemon=True).start()
    try:
        yield
    finally:
        over.set()
        if program.ended:
            said = program.said()[said_before:]
            raise Failure(f"Azurite, which holds the data, ended while it was needed; {_last_words(said)}.")


def _arguments(chosen: Mapping[str, int], data: Path | None) -> list[str]:
    arguments = ["--silent", "--disableTelemetry", "--skipApiVersionCheck"]
    for service, port in chosen.items():
        # Azurite closes idle connections after 5 s unless told otherwise, and clients do not retry a write on one.
        arguments += [
            f"--{service}Host",
            ports.LOOPBACK,
            f"--{service}Port",
            str(port),
            f"--{service}KeepAliveTimeout",
            "60",
        ]
    return [*arguments, *(["--inMemoryPersistence"] if data is None else ["--location", str(data)])]


def _listens(program: node.Program, services: int) -> bool:
    """Whether it comes to listen; by its own word, for on its ports another program may be the one that answers."""
    deadline = time.monotonic() + _PATIENCE
    while program.said().count(_LISTENING) < services:
        if program.ended:
            return False
        if time.monotonic() > deadline:
            raise Failure(f"Azurite did not listen within {_PATIENCE:.0f} s.")
        time.sleep(0.02)
    return True


def _last_words(said: str) -> str:
    if "ENOSPC" in said:
        return "the disk is full"
    lines = said.strip().splitlines()
    return lines[-1].rstrip(".") if lines else "it gave no reason"
