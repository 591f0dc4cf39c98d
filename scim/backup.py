"""Backup: each night every provider's directory, and what the account says of providers, to where backups go.

A file is there as a whole or not at all, and one that is there is not written again. So it does not matter how often a
night is begun, how many are at it, or where they end: the next run does what is left.
"""

import asyncio
import json
import random
import time
import zlib
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime

from scim import exporting, inventory, rounds, timers
from scim.exporting import Export
from scim.places import Place
from scim.provider import Provider
from scim.providers import Providers
from scim.representation import Representation
from scim.storage.rows import TableNotFound, Tables

BEGIN, END = 20 * 60.0, 28 * 60.0
"""Seconds after which a run begins no other export, and breaks off those that go on: the host ends it at 30 minutes."""
_TOGETHER = 2
"""Exports that go on at the same time: few, for clients are served meanwhile."""
_GZIP = 31
"""What tells zlib to write gzip."""
ACCOUNT = "_account"
"""In place of a provider's name, which cannot be this."""


def of_provider(name: str, night: str) -> str:
    """What a provider's export of a night is called."""
    return f"{name}/{night}.jsonl.gz"


def of_account(night: str) -> str:
    """What the account's inventory of a night is called."""
    return f"{ACCOUNT}/{night}.jsonl.gz"


def _done(night: str) -> str:
    """What says of a night that all its exports are there."""
    return f"{ACCOUNT}/{night}.done"


@dataclass(slots=True)
class Tally:
    """What came of a run.

    Attributes:
        night: the day, in UTC, whose exports were due, or another name for them; blank where nothing was.
        written: files that were written.
        resources: resources in them.
        bytes: bytes of them.
        left: providers whose export is still due.
        errors: what went wrong, one for each file with which something did.
    """

    night: str = ""
    written: int = 0
    resources: int = 0
    bytes: int = 0
    left: int = 0
    errors: list[Exception] = field(default_factory=list)

    def counts(self) -> dict[str, object]:
        """All of it but the errors."""
        return {name: getattr(self, name) for name in self.__slots__ if name != "errors"}


class Backup:
    """Runs, each of which does what is left of the night.

    Args:
        place: where files go; None: nothing is exported.
        base_url: gives a provider's Base URL.
        clock: gives Unix time in seconds.
    """

    def __init__(
        self,
        tables: Tables,
        providers: Providers,
        place: Place | None,
        base_url: Callable[[str], str],
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.place = place
        self._tables = tables
        self._providers = providers
        self._base_url = base_url
        self._clock = clock
        self._night = ""

    async def round(self, begin: float = BEGIN, end: float = END, name: str = "") -> Tally:
        """Do what is left of the night; raises nothing, and logs one line.

        Args:
            begin: seconds after which no other export is begun.
            end: seconds after which those that go on are broken off.
            name: what stands in the place of the day in names of files, for a backup beside the night's.
        """
        with timers.run("backup") as run:
            tally = await self._round(begin, end, name)
            run.errors, run.counts = tally.errors, tally.counts()
        return tally

    async def _round(self, begin: float, end: float, name: str) -> Tally:
        started, tally = time.monotonic(), Tally()
        night = name or datetime.fromtimestamp(self._clock(), UTC).date().isoformat()
        if self.place is not None and night != self._night:
            try:
                await self._run(_Run(self.place, night, started + begin, started + end, tally))
            except Exception as error:  # noqa: BLE001 (the next run does it)
                tally.errors.append(error)
        return tally

    async def _run(self, run: "_Run") -> None:
        if await run.place.has(_done(run.night)):
            self._night = run.night
            return
        tally, found = run.tally, list[Provider]()
        tally.night = run.night
        await self._account(run)  # first, so that every provider in it has a file, unless it is deleted meanwhile
        with suppress(TableNotFound):  # nobody has made a provider yet
            found = await self._providers.all()
        random.shuffle(found)
        tally.left = len(found)

        async def export(provider: Provider) -> None:
            with suppress(TableNotFound):  # it has just been deleted
                async with asyncio.timeout(run.end - time.monotonic()):
                    await self._one(run, provider)
            tally.left -= 1

        await rounds.visit(found, export, tally.errors, run.begin, _TOGETHER)
        if not tally.left and not tally.errors:
            await run.place.put(_done(run.night), _whole({"providers": len(found), **tally.counts()}))
            self._night = run.night

    async def _account(self, run: "_Run") -> None:
        name = of_account(run.night)
        try:
            if not await run.place.has(name):
                with suppress(TableNotFound):
                    run.tally.written += await run.put(name, inventory.lines(self._tables))
        except Exception as error:  # noqa: BLE001 (directories are exported none the less)
            run.tally.errors.append(error)

    async def _one(self, run: "_Run", provider: Provider) -> None:
        name = of_provider(provider.name, run.night)
        if await run.place.has(name):
            return
        directory, schemas = self._providers.directory(provider), self._providers.schemas(provider)
        export = Export(Representation(directory, schemas, self._base_url(provider.name)))
        written = await run.put(name, _lines(provider, export))
        run.tally.written += written
        run.tally.resources += sum(export.counts.values())


@dataclass(frozen=True, slots=True)
class _Run:
    """One run: for which night, and until when it may begin exports and go on with them."""

    place: Place
    night: str
    begin: float
    end: float
    tally: Tally

    async def put(self, name: str, lines: AsyncIterator[bytes]) -> bool:
        """Write lines, compressed."""
        return await self.place.put(name, _compressed(lines, self.tally))


async def _lines(provider: Provider, export: Export) -> AsyncIterator[bytes]:
    yield await exporting.header(provider, export.representation.directory)
    async for lines in exporting.lines(export, lambda _: None):
        yield lines


async def _compressed(lines: AsyncIterator[bytes], tally: Tally) -> AsyncIterator[bytes]:
    packer = zlib.compressobj(wbits=_GZIP)
    async for line in lines:
        if piece := packer.compress(line):
            tally.bytes += len(piece)
            yield piece
    piece = packer.flush()
    tally.bytes += len(piece)
    yield piece


async def _whole(content: dict[str, object]) -> AsyncIterator[bytes]:
    yield json.dumps(content).encode() + b"\n"
