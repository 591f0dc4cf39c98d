"""Outages: the store refuses connections, or stays silent, or is stopped and started, while clients work on."""

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from math import inf
from pathlib import Path
from time import monotonic

from tests.faults.processes import Store
from tests.faults.proxy import NO_FAULTS, Faults
from tests.faults.trial import Field, ready
from tests.faults.workers import Worker

_READS = {"GET"}


@dataclass(frozen=True, slots=True)
class Outage:
    """One time that the store was away.

    Attributes:
        statuses: the answers of that time.
        longest: seconds that one of its 503 took.
        first_read, first_write: seconds from its return to the first success.
        all_again: seconds from its return until no client waits any more.
    """

    name: str
    away: float
    statuses: Counter[int]
    longest: float
    first_read: float
    first_write: float
    all_again: float

    def figures(self) -> dict[str, object]:
        """All of it for JSON."""
        return {
            "name": self.name,
            "away": round(self.away, 1),
            "statuses": {str(status): self.statuses[status] for status in sorted(self.statuses)},
            "longest_503": round(self.longest, 2),
            "first_read": round(self.first_read, 2),
            "first_write": round(self.first_write, 2),
            "all_again": round(self.all_again, 2),
        }


@dataclass(slots=True)
class Outages:
    """What came of all of them."""

    seed: int
    outages: list[Outage] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)

    def figures(self) -> dict[str, object]:
        """All of it for JSON."""
        return {"seed": self.seed, "outages": [each.figures() for each in self.outages], "wrong": self.wrong}


async def run(
    seconds: float, rounds: int, seed: int, folder: Path, progress: Callable[[int], None] = lambda _: None
) -> Outages:
    """Take the store away in each way, for so many seconds, so many times."""
    chance, found, store = random.Random(seed), Outages(seed), Store(folder / "data")
    await store.start()
    try:
        async with ready(store.storage, folder, 2, chance, direct=1) as place:
            shared = await place.shared()
            workers = [Worker(at, place.client(at), random.Random(chance.random()), shared) for at in range(9)]
            for number in range(rounds):
                for way in (_refused, _silent, _stopped):
                    await _steps(workers, 3)
                    found.outages.append(await _outage(way.__name__.strip("_"), way(place, store), seconds, workers))
                    progress(number)
            await _steps(workers, 3)
            await place.ground.settle(place.client(0))
            verdict = await place.ground.verdict([worker.model for worker in workers], shared)
            found.wrong += [*place.account.wrong, *verdict]
    finally:
        await store.stop()
    return found


async def _outage(name: str, way: AsyncIterator[None], seconds: float, workers: list[Worker]) -> Outage:
    """Work through one outage; each worker goes on until it, and a read and a write, have been through after it."""
    heard = workers[0].client.account.heard
    known, over, returned = len(heard), asyncio.Event(), inf

    def through(*, read: bool) -> list[float]:
        """When what was asked after the return was answered well."""
        good = (each for each in heard[known:] if each.at > returned and 200 <= each.status < 300)
        return [each.at for each in good if (each.method in _READS) is read]

    async def persist(worker: Worker) -> None:
        while not over.is_set():
            await worker.step()
        await worker.step()
        while not (through(read=True) and through(read=False)):
            await worker.step()

    async with asyncio.TaskGroup() as tasks:
        for worker in workers:
            tasks.create_task(persist(worker))
        await asyncio.sleep(0.2)
        began = monotonic()
        await anext(way)
        away = monotonic()
        await asyncio.sleep(seconds)
        await anext(way, None)
        returned = monotonic()
        over.set()
    during = [each for each in heard[known:] if each.at > away and each.at - each.seconds < returned]
    return Outage(
        name,
        returned - began,
        Counter(each.status for each in during if each.at < returned),
        max((each.seconds for each in during if each.status == 503), default=0),
        min(through(read=True)) - returned,
        min(through(read=False)) - returned,
        monotonic() - returned,
    )


async def _refused(place: Field, _: Store) -> AsyncIterator[None]:
    """Connections are refused; those of the process without a proxy are not."""
    for proxy in place.proxies:
        await proxy.vanish()
    yield
    for proxy in place.proxies:
        await proxy.listen()


async def _silent(place: Field, _: Store) -> AsyncIterator[None]:
    """Requests arrive, and nothing comes back."""
    place.weather(Faults(hung=1))
    yield
    place.weather(NO_FAULTS)


async def _stopped(_: Field, store: Store) -> AsyncIterator[None]:
    """The store's own process ends and is started again on what it has written to disk."""
    await store.stop()
    yield
    await store.start()


async def _steps(workers: list[Worker], each: int) -> None:
    """Let each worker do some steps, all at once."""

    async def some(worker: Worker) -> None:
        for _ in range(each):
            await worker.step()

    await asyncio.gather(*(some(worker) for worker in workers))
