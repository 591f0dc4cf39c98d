"""The processes of a run: the service's, each behind a proxy of its own, and Azurite's, which comes and goes."""

import asyncio
import os
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from scim.local import azurite, ports
from scim.local.options import REPOSITORY
from tests.faults.proxy import Proxy

_GRACE = 30


@dataclass(slots=True)
class Service:
    """The service in a process of its own, that can be killed and started again.

    Attributes:
        proxy: what stands between it and the store; None where nothing does.
        said: the file of all that it logs.
        url: where it answers; another one after each start.
    """

    storage: str
    proxy: Proxy | None
    said: Path
    url: str = ""
    process: Process | None = None

    async def start(self) -> Self:
        """Start it; it takes connections from now on, and answers soon."""
        with self.said.open("a") as errors:
            self.process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                "tests.faults.host",
                cwd=REPOSITORY,
                env=os.environ | {"ROLLCALL_STORAGE": self.storage, "ROLLCALL_CACHE_SECONDS": "1"},
                stdin=PIPE,
                stdout=PIPE,
                stderr=errors,
            )
        assert self.process.stdout is not None
        port = (await self.process.stdout.readline()).decode().strip()
        assert port, self.said.read_text()
        self.url = f"http://{ports.LOOPBACK}:{port}"
        return self

    def kill(self) -> None:
        """End it at once, unless it has ended: ``kill -9``."""
        assert self.process is not None
        if self.process.returncode is None:
            self.process.kill()

    async def ended(self) -> None:
        """Wait for its end."""
        assert self.process is not None
        await self.process.wait()

    async def stop(self) -> None:
        """End it in good order, unless it has ended."""
        assert self.process is not None
        assert self.process.stdin is not None
        self.process.stdin.close()
        try:
            await asyncio.wait_for(self.ended(), _GRACE)
        finally:
            self.kill()
            await self.ended()


def behind(storage: str, port: int) -> str:
    """A connection string that leads through another port."""
    return storage.replace(f":{port_of(storage)}/", f":{port}/")


def port_of(storage: str) -> int:
    """The port in Azurite's connection string."""
    return int(storage.partition("TableEndpoint=http://")[2].partition(":")[2].partition("/")[0])


@asynccontextmanager
async def services(storage: str, proxies: list[Proxy | None], folder: Path) -> AsyncIterator[list[Service]]:
    """A process of the service behind each proxy; for None, one that reaches the store directly."""
    found = [
        Service(behind(storage, proxy.port) if proxy else storage, proxy, folder / f"service-{number}")
        for number, proxy in enumerate(proxies)
    ]
    try:
        yield list(await asyncio.gather(*(service.start() for service in found)))
    finally:
        await asyncio.gather(*(service.stop() for service in found if service.process is not None))


class Store:
    """Azurite with its data on disk, on one port for all its lives."""

    def __init__(self, data: Path) -> None:
        self._data = data
        self._lives = ExitStack()
        self._port = 0
        self.storage = ""

    async def start(self) -> None:
        """Start it, or start it again on the same data."""
        life = azurite.running({"table": self._port}, self._data)
        self.storage = await asyncio.to_thread(self._lives.enter_context, life)
        assert self._port in {0, port_of(self.storage)}, "another program has taken the port"
        self._port = port_of(self.storage)

    async def stop(self) -> None:
        """Stop it in good order, if it runs."""
        await asyncio.to_thread(self._lives.close)
