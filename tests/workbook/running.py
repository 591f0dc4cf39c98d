"""Cycles of two providers against the true host, with some trouble, and all telemetry of them.

The cycles are run one after the other and told as 40 minutes apart, the last one as of now: nothing else is changed. So
that something happens in each, it consists of some of the simulator's own, which come one after the other anyway.
"""

import asyncio
import random
import tempfile
import uuid
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx

from scim.app import App
from scim.local import azurite
from scim.local.ports import LOOPBACK
from scim.settings import Settings
from tests.client import Client, connected
from tests.entra import simulation
from tests.entra.options import Options
from tests.faults.processes import port_of
from tests.faults.proxy import NO_FAULTS, Faults, Proxy
from tests.hosting import Host, hosted
from tests.kql.evaluating import Workspace
from tests.sink import Sink, sink
from tests.workbook.arriving import rows

CYCLES = 6
GAP = timedelta(minutes=40)
TROUBLED = Faults(refused=0.12, delayed=0.05)
"""The store in one of the cycles: busy, and slow now and then."""
GUESSES = 24
_EACH = 6
"""Cycles of the simulator in each after the first: one without a change, four with changes, one without."""
_SETTLED = 2.5  # seconds: metrics are sent each second

type Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class _Job:
    """One provider's job at its identity provider."""

    options: Options
    misses: frozenset[int]

    async def cycle(self, number: int) -> None:
        """One cycle, unless it is one that this job misses."""
        if number not in self.misses:
            await simulation.run(replace(self.options, cycles=_EACH) if number else self.options)


async def collect(say: Say, cycles: int = CYCLES) -> Workspace:
    """Run so many cycles; gives the workspace in which all that was told of them has arrived."""
    workspace = Workspace()
    with tempfile.TemporaryDirectory() as folder, azurite.running() as storage, sink() as place:
        port = port_of(storage)
        async with Proxy(port, random.Random(1)) as proxy:
            through = storage.replace(f"{LOOPBACK}:{port}", f"{LOOPBACK}:{proxy.port}")
            given = place.azure_environment | {"ROLLCALL_REQUESTS_PER_SECOND": "25"}
            with hosted(through, 1, **given) as host:
                jobs = await _jobs(storage, host, Path(folder))
                for number in range(cycles):
                    say(f"cycle {number + 1} of {cycles}")
                    trouble = _bad_weather(proxy) if number == cycles - 3 else _guess(host, number == cycles - 2)
                    began = datetime.now(UTC)
                    await asyncio.gather(trouble, *(job.cycle(number) for job in jobs))
                    proxy.faults = NO_FAULTS
                    await asyncio.sleep(_SETTLED)
                    _arrive(place, workspace, datetime.now(UTC) - (cycles - 1 - number) * GAP - began)
    return workspace


async def _jobs(storage: str, host: Host, folder: Path) -> list[_Job]:
    """Two providers: one that misses a cycle, and one whose client writes as Entra did of old."""
    app = App.build(Settings.model_validate({"storage": storage, "public_url": host.url}))
    await app.providers.prepare()
    made = [await connected(Client, app, name) for name in ("contoso", "fabrikam")]
    await app.close()
    common = Options(base_url=host.url, token="t", users=40, groups=6, memberships=120, cycles=1, seed=1, quiet=True)
    options = [
        replace(
            common,
            base_url=client.app.base_url(client.provider.name),
            token=client.token,
            dialect=dialect,
            state=folder / f"{client.provider.name}.json",
        )
        for client, dialect in zip(made, ("flag", "legacy"), strict=True)
    ]
    return [_Job(options[0], frozenset()), _Job(options[1], frozenset({2}))]


async def _bad_weather(proxy: Proxy) -> None:
    """The store is busy, slow now and then, and for some seconds not there at all."""
    proxy.faults = TROUBLED
    await asyncio.sleep(_SETTLED)
    await proxy.vanish()
    await asyncio.sleep(_SETTLED)
    await proxy.listen()


async def _guess(host: Host, at_all: bool) -> None:
    """Somebody tries tokens."""
    async with httpx.AsyncClient() as http:
        for _ in range(GUESSES if at_all else 0):
            wrong = {"Authorization": f"Bearer rollcall_{uuid.uuid4().hex}"}
            await http.get(f"{host.url}/scim/contoso/v2/Users", headers=wrong)


def _arrive(place: Sink, workspace: Workspace, later: timedelta) -> None:
    told = [*rows(place.envelopes, later)]
    place.bodies.clear()
    for table in ("AppMetrics", "AppTraces"):
        workspace.add(table, [row for name, row in told if name == table])
