"""Programs from npm, each installed once into a folder of its own that git ignores."""

import fcntl
import json
import re
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from scim.local import node
from scim.local.failure import Failure
from scim.local.options import REPOSITORY

STATE = REPOSITORY / ".local"

_MARKER = "installed-version"
_UNREACHABLE = frozenset({"EAI_AGAIN", "ECONNREFUSED", "ECONNRESET", "ENETUNREACH", "ENOTFOUND", "ETIMEDOUT"})


@dataclass(frozen=True, slots=True)
class Package:
    """A package of npm.

    Attributes:
        name: npm's name for it, without a scope's ``@scope/``.
        version: the one version that is used here.
        megabytes: about how much it takes on the disk, with all that it needs.
        scope: whose it is, such as ``@microsoft/``.
    """

    name: str
    version: str
    megabytes: int
    scope: str = ""

    @property
    def home(self) -> Path:
        """The folder in which it is installed."""
        return STATE / self.name

    @property
    def installed(self) -> bool:
        """Whether it is there, whole and in this version."""
        marker = self.home / _MARKER
        return marker.is_file() and marker.read_text().strip() == self.version


AZURITE = Package("azurite", "3.37.0", 250)


def azurite() -> Path:
    """The folder of Azurite's programs."""
    return folder_of(AZURITE) / "dist" / "src"


def folder_of(package: Package) -> Path:
    """The folder of a package, after installing it when this is the first time.

    An installation grows beside its place and is moved there whole: one that was cut short is never used. Of several
    that are wanted at once one is made, and the others wait for it.

    Raises:
        Failure: it cannot be installed.
    """
    if not package.installed:
        STATE.mkdir(parents=True, exist_ok=True)
        with _alone(package):
            if not package.installed:
                _install(package)
    return package.home / "node_modules" / f"{package.scope}{package.name}"


def _install(package: Package) -> None:
    title, began = package.name.capitalize(), time.monotonic()
    print(f"Installing {title} {package.version} from npm, once, about {package.megabytes} MB ...", flush=True)
    _remove_unfinished(package)
    growing = Path(tempfile.mkdtemp(prefix=f"{package.name}-", dir=STATE))
    try:
        _npm_install(package, growing)
        _put_in_place(package, growing)
    finally:
        _remove_unfinished(package)
    print(f"Installed {title} in {time.monotonic() - began:.0f} s.", flush=True)


@contextmanager
def _alone(package: Package) -> Iterator[None]:
    """Nobody else installs it meanwhile; the lock of one that was killed is free."""
    with package.home.with_name(f"{package.name}.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print(f"Waiting for another installation of {package.name.capitalize()} ...", flush=True)
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _remove_unfinished(package: Package) -> None:
    for folder in STATE.glob(f"{package.name}-*"):
        shutil.rmtree(folder, ignore_errors=True)


def _npm_install(package: Package, folder: Path) -> None:
    (folder / "package.json").write_text(json.dumps({"private": True}))
    wanted = f"{package.scope}{package.name}@{package.version}"
    arguments = ["install", wanted, "--ignore-scripts", "--no-audit", "--no-fund", "--no-update-notifier"]
    retries = ["--fetch-retry-mintimeout=1000", "--fetch-retry-maxtimeout=5000"]
    with node.running(node.npm(), arguments + retries, folder=folder, patience=2) as npm:
        if npm.process.wait() != 0:
            raise Failure(f"{package.name.capitalize()} could not be installed: {why_npm_failed(npm.said())}")
    (folder / _MARKER).write_text(package.version)


def why_npm_failed(output: str) -> str:
    """What npm's output says went wrong, in words for someone who does not know npm."""
    found = re.search(r"^npm (?:error|ERR!) code (\w+)", output, re.MULTILINE)
    code = found.group(1) if found else "unknown"
    if code == "ENOSPC":
        return "the disk is full."
    if code in _UNREACHABLE:
        return f"npm's registry cannot be reached ({code}); check the network and npm's proxy settings."
    told = re.findall(r"^npm (?:error|ERR!) (?!code )(.+)", output, re.MULTILINE)
    return f"npm failed with {code}{': ' + told[0] if told else ''}."


def _put_in_place(package: Package, grown: Path) -> None:
    if package.home.exists():
        package.home.rename(grown.with_name(f"{grown.name}-outdated"))
    grown.rename(package.home)
