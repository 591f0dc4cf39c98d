"""Azurite from npm, installed once into a folder that git ignores."""

import fcntl
import json
import re
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from scim.local import node
from scim.local.failure import Failure
from scim.local.options import REPOSITORY

VERSION = "3.37.0"
HOME = REPOSITORY / ".local" / "azurite"

_UNFINISHED = "azurite-"
_MARKER = "installed-version"
_UNREACHABLE = frozenset({"EAI_AGAIN", "ECONNREFUSED", "ECONNRESET", "ENETUNREACH", "ENOTFOUND", "ETIMEDOUT"})


def azurite() -> Path:
    """The folder of Azurite's programs, after installing it when this is the first time.

    An installation grows beside its place and is moved there whole: one that was cut short is never used. Of several
    that are wanted at once one is made, and the others wait for it.
    """
    if not _installed():
        HOME.parent.mkdir(parents=True, exist_ok=True)
        with _alone():
            if not _installed():
                _install()
    return HOME / "node_modules" / "azurite" / "dist" / "src"


def _install() -> None:
    print(f"Installing Azurite {VERSION} from npm, once, about 250 MB ...", flush=True)
    began = time.monotonic()
    _remove_unfinished()
    growing = Path(tempfile.mkdtemp(prefix=_UNFINISHED, dir=HOME.parent))
    try:
        _npm_install(growing)
        _put_in_place(growing)
    finally:
        _remove_unfinished()
    print(f"Installed Azurite in {time.monotonic() - began:.0f} s.", flush=True)


@contextmanager
def _alone() -> Iterator[None]:
    """Nobody else installs meanwhile; the lock of one that was killed is free."""
    with HOME.with_name("azurite.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print("Waiting for another installation of Azurite ...", flush=True)
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _remove_unfinished() -> None:
    for folder in HOME.parent.glob(f"{_UNFINISHED}*"):
        shutil.rmtree(folder, ignore_errors=True)


def _installed() -> bool:
    marker = HOME / _MARKER
    return marker.is_file() and marker.read_text().strip() == VERSION


def _npm_install(folder: Path) -> None:
    (folder / "package.json").write_text(json.dumps({"private": True}))
    arguments = ["install", f"azurite@{VERSION}", "--ignore-scripts", "--no-audit", "--no-fund", "--no-update-notifier"]
    retries = ["--fetch-retry-mintimeout=1000", "--fetch-retry-maxtimeout=5000"]
    with node.running(node.npm(), arguments + retries, folder=folder, patience=2) as npm:
        if npm.process.wait() != 0:
            raise Failure(f"Azurite could not be installed: {why_npm_failed(npm.said())}")
    (folder / _MARKER).write_text(VERSION)


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


def _put_in_place(grown: Path) -> None:
    if HOME.exists():
        HOME.rename(grown.with_name(f"{grown.name}-outdated"))
    grown.rename(HOME)
