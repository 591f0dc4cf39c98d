"""What the parts of a cycle share, and the pool in which they work."""

import asyncio
import itertools
from collections.abc import Awaitable, Callable, Iterable, Iterator
from dataclasses import dataclass, field

from tests.entra.dialects.shared import Dialect
from tests.entra.failures import Failed
from tests.entra.links import Links
from tests.entra.mappings import Mapping
from tests.entra.options import Options
from tests.entra.source import Directory
from tests.entra.wire import Wire

PASSES = 6

type Work = Callable[[str], Awaitable[None]]
type Watch = Callable[[str, int, int], None]


@dataclass(slots=True)
class Job:
    """One provisioning job; the last four fields begin anew with each cycle."""

    options: Options
    wire: Wire
    dialect: Dialect
    mapping: Mapping
    directory: Directory
    links: Links
    watch: Watch
    turns: Iterator[int] = field(default_factory=itertools.count)
    managers: dict[str, str | None] = field(default_factory=dict)
    writes: list[str] = field(default_factory=list)
    oddities: list[str] = field(default_factory=list)
    unresolved: list[str] = field(default_factory=list)

    def begin_cycle(self) -> None:
        """Forget what belonged to the cycle before."""
        self.managers, self.writes, self.oddities, self.unresolved = {}, [], [], []

    async def each(
        self, phase: str, items: Iterable[str], work: Work, limit: int, total: int | None = None
    ) -> set[str]:
        """Work on every item, at most `limit` at a time, trying failed ones again; returns those that failed for good.

        A failure that another try cannot mend is not tried again. `total` is said to the watcher where the items are
        a part of the phase only.
        """
        pending, lost = list(items), set[str]()
        total = total or len(pending)
        for tries_left in reversed(range(PASSES)):
            again: list[str] = []

            async def one(item: str, again: list[str] = again, tries_left: int = tries_left) -> None:
                try:
                    await work(item)
                except Failed as failure:
                    self.wire.tally.failures[failure.code] += 1
                    if failure.temporary and tries_left:
                        again.append(item)
                        return
                    lost.add(item)
                    self.unresolved.append(str(failure))
                self.watch(phase, 1, total)

            await pooled(pending, one, limit)
            pending = again
        return lost


async def pooled(items: Iterable[str], work: Work, limit: int) -> None:
    """Run work over items in `limit` tasks; the first exception ends them all and is raised as it is."""
    queue = iter(items)

    async def worker() -> None:
        for item in queue:
            await work(item)

    try:
        async with asyncio.TaskGroup() as group:
            for _ in range(limit):
                group.create_task(worker())
    except* Exception as errors:  # noqa: BLE001 - unwrapped, whatever it is
        raise errors.exceptions[0] from None
