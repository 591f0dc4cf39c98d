"""The command line of ``python -m scim.local``."""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from scim.profiles import PROFILES

REPOSITORY = Path(__file__).resolve().parents[2]

DEFAULT_PROFILE = "entra"

_HIGHEST_PORT = 65_535


@dataclass(frozen=True, slots=True)
class Options:
    """What was asked for on the command line.

    Attributes:
        profile: None where it was left to us.
    """

    port: int
    profile: str | None
    azurite_only: bool
    data: Path | None
    workers: int
    trace: bool
    app: Path | None

    @property
    def app_root(self) -> Path:
        """The folder that holds function_app.py."""
        return self.app or REPOSITORY


def parse(arguments: Sequence[str] | None = None) -> Options:
    """Read the command line; argparse ends the process with code 2 when it makes no sense."""
    parser = argparse.ArgumentParser(
        prog="python -m scim.local",
        description="Run Rollcall on this machine: Azurite, a demo provider and the service, on 127.0.0.1 only.",
    )
    parser.add_argument(
        "--port", type=_port, default=7071, help="port of the service; 0 picks a free one (default: 7071)"
    )
    parser.add_argument(
        "--profile",
        choices=sorted(PROFILES),
        help=f"profile of a new demo provider: how tolerant it is of its client (default: {DEFAULT_PROFILE})",
    )
    parser.add_argument(
        "--azurite-only",
        action="store_true",
        help="start only Azurite with all its services, print the connection string for local.settings.json and wait",
    )
    parser.add_argument(
        "--data",
        type=_folder,
        metavar="DIR",
        help="keep Azurite's data in this folder (default: in memory, gone at the end)",
    )
    parser.add_argument(
        "--workers", type=_count, default=1, metavar="N", help="processes that share the port (default: 1)"
    )
    parser.add_argument(
        "--trace", action="store_true", help="print each request with its calls to the store and their times"
    )
    parser.add_argument("--app", type=_folder, metavar="DIR", help=argparse.SUPPRESS)
    return Options(**vars(parser.parse_args(arguments)))


def _port(text: str) -> int:
    if not text.isdecimal() or int(text) > _HIGHEST_PORT:
        raise argparse.ArgumentTypeError(f"{text!r} is not a port: give a number from 0 to {_HIGHEST_PORT}")
    return int(text)


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of processes: give 1 or more")
    return int(text)


def _folder(text: str) -> Path:
    folder = Path(text).expanduser().resolve()
    if folder.exists() and not folder.is_dir():
        raise argparse.ArgumentTypeError(f"{text!r} is not a folder")
    return folder
