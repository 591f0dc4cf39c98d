"""``python -m scim schemas``: a provider's own schemas, shown, checked and set."""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from scim import remodel
from scim.app import App
from scim.custom import Custom
from scim.providers import ProviderError

_ABOUT = """\
A provider can have schemas of its own: extensions of User and Group, and new resource types. They are one JSON file:

  {"schemas": [...],          as in RFC 7643, section 7, and as /Schemas shows them
   "resourceTypes": [...],    as in RFC 7643, section 6, with "indexes": [paths]
   "extensions": [{"resourceType": "User", "schema": "urn:...", "required": false, "indexes": ["badgeNumber"]}]}

docs/schemas.md tells all about it, and docs/schemas/device.json is an example.
"""
_FILE = "the JSON file; '-' reads it from standard input; '{}' in it means none of its own"
_QUIET_STEP = 10_000


def add(parser: argparse.ArgumentParser) -> None:
    """Add the commands to their parser."""
    parser.description = _ABOUT
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    show = commands.add_parser("show", help="print the file", description="Print a provider's own schemas as a file.")
    check = commands.add_parser(
        "check",
        help="what a file would change, and what stands against it",
        description="Tell what a file would change for a provider, and which resources stand against it. Nothing is "
        "changed; the exit status is 1 if 'set' would refuse.",
    )
    change = commands.add_parser(
        "set",
        help="put a file in force",
        description="Put a file in force, or refuse if a resource would lose something or would no longer be right. "
        "New indexes are built while clients write; while resources are looked through for what stands against a "
        "change, clients can read but not write. If the command breaks off, run it again, with this file or with the "
        "one before. A running service follows within 60 seconds.",
    )
    for command, function in ((show, _show), (check, _check), (change, _set)):
        command.add_argument("name", metavar="PROVIDER", help="the provider's name, as in its Base URL")
        if command is not show:
            command.add_argument("file", metavar="FILE", help=_FILE)
        command.set_defaults(command=function)


async def _show(app: App, options: argparse.Namespace) -> None:
    provider = await app.providers.get(options.name)
    print(json.dumps(json.loads(provider.custom or "{}"), indent=2, ensure_ascii=False))


async def _check(app: App, options: argparse.Namespace) -> None:
    proposal = await remodel.check(app.providers, options.name, _read(options.file), progress)
    _tell(proposal.changes)
    if proposal.obstacles:
        raise ProviderError("\n".join(map(str, proposal.obstacles)))
    if proposal.changes:
        print("Nothing stands against it.")


async def _set(app: App, options: argparse.Namespace) -> None:
    _tell(await remodel.apply(app.providers, options.name, _read(options.file), progress))


def _read(name: str) -> Custom:
    try:
        content = sys.stdin.buffer.read() if name == "-" else Path(name).read_bytes()
    except OSError as error:
        raise ProviderError(f"{name} cannot be read: {error.strerror}") from None
    return Custom.read(content)


def _tell(changes: Sequence[str]) -> None:
    print("\n".join(changes) or "Nothing changes.")


def progress(type_name: str, read: int, total: int) -> None:
    """Tell on stderr how far a reading is."""
    line = f"{read:,} of {total:,} resources of the type {type_name} are read"
    if sys.stderr.isatty():
        print(f"\r{line}", end="" if read < total else "\n", file=sys.stderr, flush=True)
    elif read % _QUIET_STEP == 0:
        print(line, file=sys.stderr)
