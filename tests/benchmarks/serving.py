"""Servers in processes of their own: ours on Azurite, and a peer in memory."""

import logging
import os
import subprocess
import sys
import uuid
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from scim.app import App
from scim.local.options import REPOSITORY
from scim.provider import Provider
from scim.settings import Settings
from scim.storage.rows import Tables
from tests.benchmarks.load import Target


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
def hosted(storage: str, workers: int = 1) -> Iterator[Host]:
    """Run function_app.py in Microsoft's runtime, in so many processes on one port."""
    with TemporaryDirectory() as folder:
        said = Path(folder) / "stderr"
        with (
            said.open("w") as errors,
            subprocess.Popen(  # noqa: S603 - our own command
                [sys.executable, "-m", "tests.integration.host", str(workers)],
                cwd=REPOSITORY,
                env=os.environ | {"ROLLCALL_STORAGE": storage},
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
                process.wait(60)


@dataclass(frozen=True, slots=True)
class Operator:
    """The operator of a service on a store, in this process; ``target`` is a new provider of it."""

    storage: str
    app: App
    provider: Provider
    target: Target


@asynccontextmanager
async def operated(storage: str, url: str, tables: Tables | None = None) -> AsyncIterator[Operator]:
    """Make a provider on a store, for the service that answers at a URL."""
    app = App.build(Settings.model_validate({"storage": storage, "public_url": url}), tables)
    logging.getLogger("scim").setLevel(logging.ERROR)  # the lines of this process are nobody's
    try:
        await app.providers.prepare()
        provider = await app.providers.create(f"b{uuid.uuid4().hex[:12]}", "entra", {})
        token = (await app.providers.issue(provider.name)).text
        yield Operator(storage, app, provider, Target(app.base_url(provider.name), token))
    finally:
        await app.close()
