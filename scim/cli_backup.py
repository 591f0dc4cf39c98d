"""``python -m scim backup`` and ``restore``: to where backups go, and back from there."""

import argparse
import asyncio
import gzip
import math
import os
import re
import sys
from argparse import Namespace
from collections.abc import Callable
from pathlib import Path

from scim import backup, cli_transfer
from scim.app import App
from scim.bulk_lines import LinesError
from scim.inventory import Inventory
from scim.places import Place, PlaceError
from scim.provider import Provider
from scim.providers import ProviderError

_NAME = re.compile(r"[0-9A-Za-z][0-9A-Za-z.-]{0,39}")
_BACKUP = """\
Write what the timer writes each night to where ROLLCALL_BACKUPS says: each provider's directory, as 'export' does, and
the inventory of the account. What is there already is not written again. The exit status is 1 if anything is missing.
"""
_RESTORE = """\
Take a night's backup to an account that has nothing yet: make its providers with the settings, schemas, tokens and
allowed networks that they had, import their directories, and enable them. Run it again when it breaks off. A provider
that has resources already is left alone, and fails. One that fails does not stop the others: the exit status is 1, and
it stays disabled, with what could be restored, until 'providers enable' says otherwise.

Base URLs, tokens and the ids of resources stay as they were. Restart provisioning in Entra, which then sends what the
backup does not have yet. Versions are new, and change records are not restored.
"""


def add(add_parser: Callable[..., argparse.ArgumentParser]) -> None:
    """Add the commands, each by a call that makes its parser."""
    raw = argparse.RawDescriptionHelpFormatter
    added = add_parser("backup", help="write this night's backup now", description=_BACKUP, formatter_class=raw)
    added.add_argument("--as", dest="name", metavar="NAME", type=_name, help="a backup beside the night's")
    added.set_defaults(command=_backup)
    added = add_parser("restore", help="take a backup to a new account", description=_RESTORE, formatter_class=raw)
    added.add_argument("night", metavar="DATE", type=_name, help="the backup's day, such as 2026-11-26, or its name")
    added.add_argument("--into", metavar="FOLDER", type=Path, required=True, help="where files are kept meanwhile")
    added.add_argument("--provider", metavar="PROVIDER", help="only this one")
    added.set_defaults(command=_restore)


def _place(app: App) -> Place:
    if app.backup.place is None:
        raise PlaceError("ROLLCALL_BACKUPS is not set, so there is no place for backups")
    return app.backup.place


def _name(text: str) -> str:
    if not _NAME.fullmatch(text):
        raise argparse.ArgumentTypeError("write a date, or up to 40 letters, digits, hyphens and dots")
    return text


async def _backup(app: App, options: Namespace) -> None:
    await _place(app).ready()
    tally = await app.backup.round(math.inf, math.inf, options.name or "")
    if not tally.night:
        print("this backup is whole already; --as NAME makes one beside it")
        return
    print(f"{tally.night}: {tally.written:,} files of {tally.bytes:,} bytes, with {tally.resources:,} resources")
    if tally.errors:
        first = tally.errors[0]
        why = str(first) if isinstance(first, PlaceError) else getattr(first, "detail", type(first).__name__)
        raise PlaceError(f"{tally.left:,} providers are not exported, or the inventory is missing: {why}")


async def _restore(app: App, options: Namespace) -> None:
    place, folder = _place(app), options.into
    await asyncio.to_thread(folder.mkdir, mode=0o700, parents=True, exist_ok=True)
    kept = folder / f"{backup.ACCOUNT}.{options.night}.jsonl.gz"
    await _fetched(place, backup.of_account(options.night), kept)
    with gzip.open(kept) as lines:
        found = Inventory.read(lines)
    wanted = [each for each in found.providers if options.provider in {None, each.name}]
    if not wanted:
        raise PlaceError(f"there is no provider {options.provider!r} in the backup of {options.night}")
    left = 0
    for provider in wanted:
        try:
            await _restore_one(app, found, provider, options)
        except (LinesError, PlaceError, ProviderError) as error:
            print(f"{provider.name}: {error}", file=sys.stderr)
            left += 1
    if left:
        raise ProviderError(
            f"{left:,} of {len(wanted):,} providers are not restored, or not wholly; what is there of them stays "
            "disabled until 'providers enable'"
        )


async def _restore_one(app: App, found: Inventory, provider: Provider, options: Namespace) -> None:
    name, file = provider.name, options.into / f"{provider.name}.{options.night}.jsonl.gz"
    await _fetched(_place(app), backup.of_provider(name, options.night), file)
    made = await found.found(app.tables, app.providers, provider)
    begun = Path(f"{file}.progress").exists()  # noqa: ASYNC240 (nobody else waits)
    if not made and not begun and await app.providers.directory(provider).last():
        raise ProviderError("it has resources already that are not of this restore, and is left alone")
    await cli_transfer.bring_in(app, name, file)
    if provider.enabled:
        await app.providers.enable(name, enabled=True)
    print(f"{name} is restored, under {app.base_url(name)}")


async def _fetched(place: Place, name: str, file: Path) -> None:
    """Take a file of the backup to this machine, where nobody else may read it."""
    fresh = file.with_name(f"{file.name}.part")
    if not file.exists():  # noqa: ASYNC240 (nobody else waits)
        fresh.unlink(missing_ok=True)
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as written:
            async for piece in place.get(name):
                await asyncio.to_thread(written.write, piece)
        fresh.replace(file)
