"""Azurite, Microsoft's storage emulator, for as long as it is needed."""

import fcntl
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO

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
_ATTEMPTS = 3  # another program may take a port after we found it free
_PATIENCE = 60.0  # for the first start on a slow disk
_GRACE = 6.0  # a little more than exit_with_parent.cjs allows


@contextmanager
def running(services: Mapping[str, int] = TABLES, data: Path | None = None) -> Iterator[str]:
    """Run Azurite, installing it when this is the first time, and give its connection string.

    Args:
        services: The services and the ports they would like, 0 for any.
        data: Where to keep the data; without it they are in memory and gone at the end.
    """
    programs = install.azurite()
    with ExitStack() as stack:
        if data is not None:
            stack.enter_context(_claimed(data))
        output = stack.enter_context(tempfile.TemporaryFile())
        process, chosen = _start(programs, services, data, output)
        stack.callback(node.stop, process, patience=_GRACE)
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


def _start(
    programs: Path, services: Mapping[str, int], data: Path | None, output: IO[bytes]
) -> tuple[subprocess.Popen[bytes], Mapping[str, int]]:
    program = programs / ("table/main.js" if services.keys() == {"table"} else "azurite.js")
    for _ in range(_ATTEMPTS):
        chosen = {service: ports.free(preferred) for service, preferred in services.items()}
        process = node.spawn(program, _arguments(chosen, data), folder=programs, output=output)
        if _listens(process, chosen):
            return process, chosen
        if not _address_was_taken(output):
            break
    raise Failure(f"Azurite ended as soon as it was started: {_last_words(output)}")


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


def _listens(process: subprocess.Popen[bytes], chosen: Mapping[str, int]) -> bool:
    deadline = time.monotonic() + _PATIENCE
    while process.poll() is None:
        if all(ports.answers(port) for port in chosen.values()):
            return True
        if time.monotonic() > deadline:
            node.stop(process, patience=0)
            raise Failure(f"Azurite did not listen within {_PATIENCE:.0f} s.")
        time.sleep(0.02)
    return False


def _address_was_taken(output: IO[bytes]) -> bool:
    output.seek(0)
    return b"EADDRINUSE" in output.read()


def _last_words(output: IO[bytes]) -> str:
    output.seek(0)
    lines = output.read().decode(errors="replace").strip().splitlines()
    if any("ENOSPC" in line for line in lines):
        return "the disk is full."
    return lines[-1] if lines else "it said nothing."
