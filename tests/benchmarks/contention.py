"""Contention: many writers of one directory, in one process and in many, on Azurite.

Each process has the directory to itself, but for the store: what a host with several workers or instances does. Half
of the writes create a user, half change one of those. Afterwards the total of users and the number of change records
must be what was acknowledged.
"""

import argparse
import asyncio
import json
import random
import sys
import time
import uuid
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, cast

from scim.errors import Unavailable
from scim.local import azurite
from scim.local.options import REPOSITORY
from scim.schema import JsonObject, Schemas
from scim.storage.directory import Directory
from scim.storage.rows import Row, Rows, Write
from scim.storage.tables import AzureTables
from tests.benchmarks.charts import Chart
from tests.benchmarks.parts import Say, Table
from tests.contract.writing import Writer
from tests.entra.tally import percentile

TITLE = "Contention"

PACE = 25.0
"""Requests a second that Entra sends for one provider, about."""


@dataclass(frozen=True, slots=True)
class Load:
    """What each process does.

    Attributes:
        writers: how many it has; each sends its next write when the one before is answered.
        rate: writes a second that come whether or not those before are answered, in place of ``writers``.
        seconds: for how long.
    """

    writers: int
    rate: float
    seconds: float


@dataclass(slots=True)
class Counted:
    """Rows that count their transactions."""

    rows: Rows
    transactions: int = 0
    reads: int = 0

    async def get(self, key: str) -> Row | None:
        """A read."""
        self.reads += 1
        return await self.rows.get(key)

    def range(
        self, low: str, high: str, limit: int | None = None, *, keys_only: bool = False
    ) -> AsyncIterator[list[Row]]:
        """Pages, not counted."""
        return self.rows.range(low, high, limit, keys_only=keys_only)

    async def transact(self, writes: Sequence[Write]) -> list[str]:
        """A transaction."""
        self.transactions += 1
        return await self.rows.transact(writes)


@asynccontextmanager
async def _directory(storage: str, table: str) -> AsyncIterator[tuple[Counted, Writer]]:
    tables, schemas = AzureTables(storage), Schemas.load()
    rows = Counted(tables.rows(table, table))
    try:
        yield rows, Writer(Directory(rows, schemas), schemas)
    finally:
        await tables.close()


class _Process:
    """What one process does and sees."""

    def __init__(self, writer: Writer) -> None:
        self._writer = writer
        self._users: list[str] = []
        self.took: list[float] = []
        self.created = 0
        self.refused = 0

    async def once(self) -> None:
        """One write."""
        started = time.perf_counter()
        try:
            if self.created > len(self.took) // 2:
                await self._writer.change("User", random.choice(self._users), title=uuid.uuid4().hex)  # noqa: S311
            else:
                self.created += 1
                try:
                    self._users.append(await self._writer.user(uuid.uuid4().hex))
                except Unavailable:
                    self.created -= 1
                    raise
        except Unavailable:
            self.refused += 1
        else:
            self.took.append(time.perf_counter() - started)

    async def closed(self, load: Load) -> None:
        """Each writer sends its next write when the one before is answered."""
        until = time.perf_counter() + load.seconds

        async def writer() -> None:
            while time.perf_counter() < until:
                await self.once()

        await asyncio.gather(*(writer() for _ in range(load.writers)))

    async def paced(self, load: Load) -> None:
        """Writes come at their times."""
        started = time.perf_counter()
        async with asyncio.TaskGroup() as tasks:
            for number in range(int(load.rate * load.seconds)):
                await asyncio.sleep(max(0, started + number / load.rate - time.perf_counter()))
                tasks.create_task(self.once())


async def _work(storage: str, table: str, load: Load) -> None:
    """Be one of the processes: begin on a line from above, and print what came of it."""
    async with _directory(storage, table) as (rows, writer):
        process = _Process(writer)
        await process.once()
        rows.transactions = rows.reads = 0
        sys.stdout.write("\n")
        sys.stdout.flush()
        await asyncio.to_thread(sys.stdin.readline)
        started = time.perf_counter()
        await (process.paced(load) if load.rate else process.closed(load))
        seconds = time.perf_counter() - started
    told = {
        "took": process.took,
        "created": process.created,
        "refused": process.refused,
        "seconds": seconds,
        "transactions": rows.transactions,
        "reads": rows.reads,
    }
    sys.stdout.write(json.dumps(told))


async def contend(storage: str, processes: int, load: Load) -> JsonObject:
    """Let so many processes write into one new directory; gives what they saw."""
    table = f"c{uuid.uuid4().hex}"
    tables = AzureTables(storage)
    await tables.create(table)
    schemas = Schemas.load()
    directory = Directory(tables.rows(table, table), schemas)
    await directory.found()
    command = [
        sys.executable,
        "-m",
        "tests.benchmarks.contention",
        "--work",
        storage,
        table,
        str(load.writers),
        str(load.rate),
        str(load.seconds),
    ]
    started = [
        await asyncio.create_subprocess_exec(*command, cwd=REPOSITORY, stdin=PIPE, stdout=PIPE)
        for _ in range(processes)
    ]
    try:
        for each in started:
            assert each.stdout is not None
            await each.stdout.readline()
        told = await asyncio.gather(*(each.communicate(b"\n") for each in started))
    finally:
        for each in started:
            if each.returncode is None:
                each.kill()
    saw = [json.loads(out) for out, _ in told]
    total = await directory.total(schemas.types["User"])
    records = len([None async for _ in directory.changes()])
    await tables.drop(table)
    await tables.close()
    took = sorted(each for one in saw for each in one["took"])
    done, acknowledged = sum(len(one["took"]) - 1 for one in saw), sum(one["created"] for one in saw)
    by_process = [(len(one["took"]) - 1) for one in saw]
    return {
        "processes": processes,
        "writers": load.writers,
        "rate": load.rate,
        "writes per second": round(done / max(one["seconds"] for one in saw), 1),
        "transactions per write": round(sum(one["transactions"] for one in saw) / max(done, 1), 2),
        "reads per write": round(sum(one["reads"] for one in saw) / max(done, 1), 2),
        "p50": round(percentile(took, 0.5), 1),
        "p99": round(percentile(took, 0.99), 1),
        "worst": round(took[-1] * 1000, 1),
        "refused": sum(one["refused"] for one in saw),
        "least of a process": min(by_process),
        "most of a process": max(by_process),
        "exact": total == acknowledged and records == len(took),
    }


async def measure(say: Say, *, quick: bool) -> JsonObject:
    """Measure; every row of the table is a run of its own."""
    seconds = 2.0 if quick else 8.0
    numbers = (1, 2, 4) if quick else (1, 2, 4, 8, 16)
    loads = [
        *((1, Load(writers, 0, seconds)) for writers in (1, 16, 64)),
        *((number, Load(1, 0, seconds)) for number in numbers),
        *((number, Load(16, 0, seconds)) for number in numbers[1:]),
        *((number, Load(0, PACE, seconds)) for number in numbers[:4]),
    ]
    runs: list[JsonObject] = []
    with azurite.running() as storage:
        for processes, load in dict.fromkeys(loads):
            runs.append(await contend(storage, processes, load))
            say(_sentence(runs[-1]))
    return {"seconds": seconds, "runs": cast(Any, runs)}


def _sentence(run: JsonObject) -> str:
    return ", ".join(f"{name}: {value}" for name, value in run.items())


def tables(figures: JsonObject) -> list[Table]:
    """One row for each run."""
    runs = cast(list[JsonObject], figures["runs"])
    return [Table("Writers of one directory", list(runs[0]), [[str(value) for value in run.values()] for run in runs])]


def charts(_: JsonObject) -> dict[str, Chart]:
    """None."""
    return {}


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--work", nargs=5)
    given = parser.parse_args().work
    asyncio.run(_work(given[0], given[1], Load(int(given[2]), float(given[3]), float(given[4]))))
