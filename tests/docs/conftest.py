"""The site, built once; and the service, with the providers that the pages speak of, for their commands to run on."""

import os
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from scim.app import App
from scim.local import azurite
from scim.settings import Settings
from tests.docs.described import ROOT
from tests.docs.forks import forking
from tests.docs.world import World
from tests.hosting import Host, hosted


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the built site; mkdocs.yml is strict, so a warning is a failure."""
    folder = tmp_path_factory.mktemp("site")
    done = subprocess.run(  # noqa: S603 (our own command)
        [sys.executable, "-m", "mkdocs", "build", "--site-dir", str(folder)],
        cwd=ROOT,
        env=os.environ | {"NO_MKDOCS_2_WARNING": "true"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "WARNING" not in done.stderr
    return folder


@pytest.fixture(scope="session")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Host, Path]]:
    """The service, which looks at each request what operators have changed; and the file of its signing keys.

    Its storage is its own: pages speak of providers by plain names, which other tests may have, too.
    """
    keys = tmp_path_factory.mktemp("keys") / "signing-keys.pem"
    with (
        azurite.running() as storage,
        hosted(storage, ROLLCALL_CACHE_SECONDS="0", ROLLCALL_SIGNING_KEYS=str(keys)) as host,
    ):
        yield host, keys


@pytest.fixture(scope="session")
def python(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """What stands for `.venv/bin/python`."""
    with forking(tmp_path_factory.mktemp("forks")) as program:
        yield program


@pytest.fixture
async def world(service: tuple[Host, Path], python: Path, tmp_path: Path) -> AsyncIterator[World]:
    """What a page's commands find."""
    host, keys = service
    settings = {"storage": host.storage, "public_url": host.url, "signing_keys": str(keys)}
    app = App.build(Settings.model_validate(settings))
    await app.providers.prepare()
    world = World(app, tmp_path, python)
    yield world
    await world.end()
    await app.close()
