"""Killing: ``kill -9`` of a process inside a write, again and again, and another process at work beside it."""

import asyncio
import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import cycle
from pathlib import Path
from time import monotonic

from scim.storage.directory import Directory
from tests.faults.blows import KINDS, LARGE, Quarry
from tests.faults.invariants import check
from tests.faults.proxy import Ambush, Moment
from tests.faults.trial import Field, ready
from tests.faults.workers import Worker

MOMENTS: tuple[Moment, ...] = ("before", "during", "after")


@dataclass(slots=True)
class Deaths:
    """What came of it.

    Attributes:
        inside: how often the process was killed inside a write.
        moments: how often the process was killed when.
        heard: of writes that got no answer, how many left all, some or none of their changes.
        open: after how many deaths something was left to do.
        settling: seconds until nothing was, at the end.
    """

    seed: int
    inside: int = 0
    seconds: float = 0
    settling: float = 0
    moments: Counter[str] = field(default_factory=Counter)
    heard: Counter[str] = field(default_factory=Counter)
    open: int = 0
    wrong: list[str] = field(default_factory=list)

    def figures(self) -> dict[str, object]:
        """All of it for JSON."""
        return {
            "deaths": self.inside,
            "seed": self.seed,
            "took": round(self.seconds, 1),
            "settling": round(self.settling, 1),
            "moments": dict(self.moments),
            "unanswered_writes": dict(self.heard),
            "deaths_that_left_work": self.open,
            "wrong": self.wrong,
        }


@dataclass(slots=True)
class Hunt:
    """One process is killed, the other one works on."""

    field: Field
    chance: random.Random
    quarry: Quarry
    workers: list[Worker]
    deaths: Deaths

    async def death(self, number: int, kind: str) -> bool:
        """Kill the process inside a write of a kind, while others write beside it, and let it start again.

        Gives whether it was inside.
        """
        blow = await self.quarry.any(kind)
        mark = f"request-q-{number}"
        since = await self._last()
        victim, proxy = self.field.running[0], self.field.proxies[0]
        struck = asyncio.Event()

        async def strike() -> None:
            if not struck.is_set():
                struck.set()
                await victim.kill()

        async def revive() -> None:
            await struck.wait()
            await victim.start()

        moment = self.chance.choice([*MOMENTS, "some time"])
        strikes = asyncio.create_task(asyncio.sleep(0))
        if moment in MOMENTS:
            countdown = self.chance.choice([1, 2, 3, 4, 5] if kind in LARGE else [1, 1, 2])
            proxy.ambush = Ambush(countdown, moment, strike)
        else:
            strikes = asyncio.create_task(_later(self.chance.uniform(0, 0.2), strike))
        revived = asyncio.create_task(revive())
        steps = [asyncio.create_task(worker.step()) for worker in self.workers]
        answer = await self.field.client(0).once(blow.method, blow.path, blow.body, mark)
        in_time = struck.is_set()
        proxy.ambush = None
        await strikes
        await strike()
        await asyncio.gather(revived, *steps)
        self.deaths.moments[moment if in_time else "too late"] += 1
        changes = [
            change async for change in Directory(self.field.ground.rows, self.field.ground.schemas).changes(since)
        ]
        found = sum(change.origin.request == mark and change.kind != "follow" for change in changes)
        for heard in blow.heard[:found]:
            heard()
        self.quarry.model.changes[mark] = found
        await self.quarry.identify()
        if answer is None:
            extent = "none" if not found else "all" if found == len(blow.heard) else "some"
            self.deaths.heard[extent] += 1
            if extent == "some" and kind != "bulk":
                self.deaths.wrong.append(f"{kind}: {found} changes")
        elif answer.status < 300 and found != len(blow.heard):
            self.deaths.wrong.append(f"{kind}: {answer.status}, and {found} of {len(blow.heard)} changes")
        self.deaths.open += bool(await self.field.ground.intents())
        self.deaths.wrong += [
            f"death {number}, {kind}, {moment}: {sentence}"
            for sentence in await check(self.field.ground.rows, self.field.ground.schemas)
        ]
        return in_time

    async def _last(self) -> int:
        head = await self.field.ground.rows.get("head")
        assert head is not None
        return int(str(head.properties["number"]), 16)


async def _later(seconds: float, strike: Callable[[], object]) -> None:
    await asyncio.sleep(seconds)
    await strike()  # type: ignore[misc]


async def run(
    number: int, seed: int, storage: str, folder: Path, progress: Callable[[int], None] = lambda _: None
) -> Deaths:
    """Kill so many times."""
    chance, deaths = random.Random(seed), Deaths(seed)
    async with ready(storage, folder, 2, chance) as place:
        shared = await place.shared()
        workers = [Worker(at, place.client(at), random.Random(chance.random()), shared) for at in range(6)]
        quarry = Quarry(place.client(1), chance)
        await quarry.prepare()
        began = monotonic()
        hunt = Hunt(place, chance, quarry, workers, deaths)
        for at, kind in enumerate(cycle(KINDS)):
            progress(deaths.inside)
            if deaths.inside == number:
                break
            deaths.inside += await hunt.death(at, kind)
        deaths.seconds = monotonic() - began
        deaths.settling, _ = await place.ground.settle(place.client(0))
        models = [quarry.model, *(worker.model for worker in workers)]
        deaths.wrong += [*place.account.wrong, *await place.ground.verdict(models, shared)]
    return deaths
