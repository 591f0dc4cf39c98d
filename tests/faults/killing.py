"""Killing: ``kill -9`` of a process inside a write, again and again, and another process at work beside it."""

import asyncio
import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic

from scim.storage.directory import Directory
from tests.client import Answer
from tests.faults.blows import LARGE, Blow, Quarry, kinds
from tests.faults.invariants import check
from tests.faults.processes import Service
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


class Trap:
    """Kills a process, once."""

    def __init__(self, victim: Service) -> None:
        self.victim = victim
        self.sprung = False

    def shut(self) -> None:
        """Kill it."""
        if not self.sprung:
            self.sprung = True
            self.victim.kill()

    async def spring(self) -> None:
        """Kill it, and see it dead."""
        self.shut()
        await self.victim.ended()


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
        blow, mark, since = await self.quarry.any(kind), f"request-q-{number}", await self._last()
        trap = Trap(self.field.running[0])
        moment = self._lay(trap, 5 if kind in LARGE else 2, mark)
        steps = [asyncio.create_task(worker.step()) for worker in self.workers]
        answer = await self.field.client(0).once(blow.method, blow.path, blow.body, mark)
        inside = trap.sprung
        self.field.proxies[0].ambush = None
        await trap.spring()
        await trap.victim.start()
        await asyncio.gather(*steps)
        self.deaths.moments[moment if inside else "too late"] += 1
        await self._judge(f"death {number}, {kind}, {moment}", blow, mark, since, answer)
        return inside

    def _lay(self, trap: "Trap", transactions: int, mark: str) -> str:
        """Choose the moment: before, during or after one of the next transactions, or at some time.

        Half of those transactions are counted from the one that does the deed, which bears the request's mark.
        """
        moment: str = self.chance.choice([*MOMENTS, "some time"])
        if moment == "some time":
            asyncio.get_running_loop().call_later(self.chance.uniform(0, 0.2), trap.shut)
        else:
            at = self.chance.choice([1, *range(1, transactions + 1)])
            aim = self.chance.choice([b"", mark.encode()])
            self.field.proxies[0].ambush = Ambush(at, moment, trap.spring, aim)  # type: ignore[arg-type] # it is one of them
        return moment

    async def _judge(self, name: str, blow: Blow, mark: str, since: int, answer: Answer | None) -> None:
        """Hold what is there against the answer, and learn from it whether a write without one was heard."""
        ground, wrong = self.field.ground, self.deaths.wrong
        changes = [change async for change in Directory(ground.rows, ground.schemas).changes(since)]
        found, all_of_it = sum(change.origin.request == mark for change in changes), len(blow.heard)
        for heard in blow.heard[:found]:
            heard()
        self.quarry.model.changes[mark] = found
        await self.quarry.identify()
        if answer is None:
            self.deaths.heard["none" if not found else "all" if found == all_of_it else "some"] += 1
        elif answer.status >= 300 or found != all_of_it:
            wrong.append(f"{name}: {answer.status}, and {found} of {all_of_it} changes")
        self.deaths.open += bool(await ground.intents())
        wrong += [f"{name}: {sentence}" for sentence in await check(ground.rows, ground.schemas)]

    async def _last(self) -> int:
        head = await self.field.ground.rows.get("head")
        assert head is not None
        return int(str(head.properties["number"]), 16)


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
        for at, kind in enumerate(kinds(chance)):
            progress(deaths.inside)
            if deaths.inside == number:
                break
            deaths.inside += await hunt.death(at, kind)
        deaths.seconds = monotonic() - began
        deaths.settling, _ = await place.ground.settle(place.client(0))
        models = [quarry.model, *(worker.model for worker in workers)]
        deaths.wrong += [*place.account.wrong, *await place.ground.verdict(models, shared)]
    return deaths
