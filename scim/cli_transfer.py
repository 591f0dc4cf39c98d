"""``python -m scim export`` and ``import``: a directory as JSON lines, and back."""

import argparse
import asyncio
import os
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from scim import bulk_lines, exporting
from scim.app import App
from scim.bulk_lines import Header, LinesError
from scim.changes import Origin
from scim.errors import Unavailable
from scim.exporting import Export, Turn
from scim.importing import Import, Progress
from scim.provider import Provider
from scim.providers import ProviderError
from scim.representation import Representation
from scim.service import Service

_EXPORT = """\
Write a provider's resources into a file: JSON lines, each of them a SCIM bulk request. The file holds personal data;
only you may read it, and what becomes of it is up to you. Others may write meanwhile: each resource is as it was at one
moment. If the export breaks off, --resume goes on where the file ends. A file whose name ends in .gz is compressed;
that cannot be resumed.
"""
_IMPORT = """\
Do the operations in a file of 'export', or in any JSON lines of SCIM bulk requests or operations. Resources get new
ids, unless --keep-ids says otherwise; externalId stays. How far it is stands in FILE.progress: run the command again
when it breaks off, and each operation is done once. The exit status is 1 if any was refused, or if the file is not
whole.
"""
_GO_ON = "What is done is kept; run the same command again to go on."
_EVERY = 2.0
"""Seconds between two words on how far it is."""
_SHOWN = 20
"""Failures that are told one by one."""


def add_export(parser: argparse.ArgumentParser) -> None:
    """Add what ``export`` takes."""
    parser.description = _EXPORT
    parser.add_argument("name", metavar="PROVIDER", help="the provider's name, as in its Base URL")
    parser.add_argument("file", metavar="FILE", type=Path, help="the file to write; it must not be there yet")
    parser.add_argument("--resume", action="store_true", help="go on where the file ends")
    parser.set_defaults(command=_export)


def add_import(parser: argparse.ArgumentParser) -> None:
    """Add what ``import`` takes."""
    parser.description = _IMPORT
    parser.add_argument("name", metavar="PROVIDER", help="the provider's name, as in its Base URL")
    parser.add_argument("file", metavar="FILE", type=Path, help="the file to read")
    parser.add_argument(
        "--dry-run", action="store_true", help="change nothing; try what each line creates, without the lines before it"
    )
    parser.add_argument(
        "--fail-on-errors", metavar="N", type=int, help="begin no other line once N operations were refused"
    )
    parser.add_argument(
        "--keep-ids", action="store_true", help="give resources the ids that they had; only where there never were any"
    )
    parser.set_defaults(command=_import)


async def _export(app: App, options: argparse.Namespace) -> None:
    provider, path = await app.providers.get(options.name), options.file
    representation = _representation(app, provider)
    export = Export(representation)
    if options.resume and path.exists():
        if path.name.endswith(bulk_lines.COMPRESSED):
            raise LinesError(f"{path} is compressed, and nothing can be added to it; delete it and export anew")
        _see_that_it_is_of(provider, path)
        os.truncate(path, export.recall(path))
        file = path.open("ab")
    else:
        file = bulk_lines.create(path)
    with file:
        if not file.tell():
            file.write(await exporting.header(provider, representation.directory))
        if not export.ended:
            await _write(export, file)
    print(f"{path} is whole: {_told(export.counts)}", file=sys.stderr)


def _see_that_it_is_of(provider: Provider, path: Path) -> None:
    _, first = next(bulk_lines.whole_lines(path), (0, b""))
    header = Header.read(first)
    if first and (header is None or header.table != provider.table):
        raise LinesError(f"{path} is no export of {provider.name!r}, so nothing can be added to it")
    if header is not None and header.schemas != bulk_lines.digest(provider.custom):
        raise LinesError(f"{path} was begun while {provider.name!r} had other schemas; export it anew")


async def _write(export: Export, file: BinaryIO) -> None:
    """Write what is left, and that it is all."""
    representation = export.representation
    types = representation.schemas.types
    total = sum([await representation.directory.total(types[name]) for name in export.counts])
    speaking = _Speaking(2 * total)
    seen, begun = 0, sum(export.counts.values())

    def told(turn: Turn) -> None:
        nonlocal seen
        seen += 1
        doing = "looked through for references" if turn == "complete" else "written"
        speaking.say(
            seen, seen, f"{seen + begun if turn == 'create' else seen + begun - total:,} of {total:,} are {doing}"
        )

    async for lines in exporting.lines(export, told):
        file.write(lines)
        file.flush()
    os.fsync(file.fileno())


def _told(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{count:,} of the type {name}" for name, count in counts.items())


async def bring_in(app: App, name: str, path: Path) -> None:
    """Do what ``import`` does with a file of a directory that is lost; raises as it does."""
    await _import(app, argparse.Namespace(name=name, file=path, dry_run=False, fail_on_errors=None, keep_ids=True))


async def _import(app: App, options: argparse.Namespace) -> None:
    provider, path = await app.providers.get(options.name), options.file
    header = _header(provider, path)
    representation = _representation(app, provider)
    settings, origin = app.settings, Origin("import", "")
    kept, last = ":memory:" if options.dry_run else f"{path}.progress", await representation.directory.last()
    if options.keep_ids and last and not Path(kept).exists():  # noqa: ASYNC240 (nobody else waits)
        raise ProviderError(f"{provider.name!r} has or had resources, so that others cannot keep their ids there")
    told = {"dry_run": options.dry_run, "keep_ids": options.keep_ids}
    service = Service(representation, provider.profile, settings, origin, set(), **told)
    progress = Progress.open(kept, path, provider.table, last)
    doing = Import(service, progress, options.fail_on_errors)
    try:
        await doing.recall()
        await _run(doing, path, bulk_lines.size(path))
        failures = progress.failures
    except Unavailable as error:
        raise ProviderError(f"{error} {_GO_ON}") from None
    except asyncio.CancelledError:
        print(f"Stopped. {_GO_ON}", file=sys.stderr)
        raise
    finally:
        progress.close()
    for failure in failures[:_SHOWN]:
        print(f"line {failure.line}, operation {failure.place}: {failure.reason}", file=sys.stderr)
    if failures:
        raise ProviderError(f"{len(failures):,} operations were refused" + (", …" if len(failures) > _SHOWN else ""))
    if header is not None and not progress.ended:
        raise LinesError(f"{path} is not whole: the export broke off; 'export --resume' goes on with it")


def _header(provider: Provider, path: Path) -> Header | None:
    """What the file says of itself, if it is an export; the provider must have the schemas it was made with."""
    _, first = next(bulk_lines.whole_lines(path), (0, b""))
    header = Header.read(first)
    if header is not None and header.schemas not in {"", bulk_lines.digest(provider.custom)}:
        raise ProviderError(
            f"{header.provider!r}, of which {path} is an export, has schemas of its own that {provider.name!r} has "
            "not; 'schemas show' prints them, and 'schemas set' puts them in force"
        )
    return header


async def _run(doing: Import, path: Path, size: int) -> None:
    progress = doing.progress
    begun, done = progress.byte, progress.done
    speaking = _Speaking(size - begun)

    def tell() -> str:
        return f"{progress.done:,} operations are done, {progress.failed:,} were refused"

    await doing.run(path, lambda: speaking.say(progress.byte - begun, progress.done - done, tell()))
    speaking.end(tell())


def _representation(app: App, provider: Provider) -> Representation:
    providers = app.providers
    return Representation(providers.directory(provider), providers.schemas(provider), app.base_url(provider.name))


@dataclass(slots=True)
class _Speaking:
    """Tells on stderr how far a work is, how fast, and how long it will take.

    Attributes:
        total: the whole of it, in whatever it is measured in.
    """

    total: int
    _begun: float = field(default_factory=time.monotonic)
    _said: float = field(default_factory=time.monotonic)

    def say(self, through: int, done: int, sentence: str) -> None:
        """Say it, if it was not said just now.

        Args:
            through: the part that is through, measured as the total is.
            done: what has been done in this process.
            sentence: how far that is.
        """
        now = time.monotonic()
        if now - self._said < _EVERY:
            return
        self._said = now
        took = now - self._begun
        left = took * max(self.total - through, 0) / max(through, 1)
        print(f"{sentence}; {done / took:,.0f} a second, about {_minutes(left)} left", file=sys.stderr, flush=True)

    def end(self, sentence: str) -> None:
        """Say what it came to."""
        print(f"{sentence}, in {time.monotonic() - self._begun:,.1f} seconds", file=sys.stderr)


def _minutes(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"
