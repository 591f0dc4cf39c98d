"""A trial: many workers, several processes of the service, one provider, and a bad network in front of the store."""

import asyncio
import random
import uuid
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass, field
from itertools import count
from pathlib import Path
from time import monotonic

import httpx

from scim.app import App
from scim.settings import Settings
from tests.client import GROUP
from tests.faults.insisting import Account, Client
from tests.faults.processes import Service, port_of, services
from tests.faults.proxy import BAD_WEATHER, NO_FAULTS, Faults, Proxy
from tests.faults.verdict import Ground
from tests.faults.workers import Worker

SHARED = 6


@dataclass(frozen=True, slots=True)
class Plan:
    """What to try.

    Attributes:
        faults: what the proxies do, once all is ready.
        progress: told, now and then, how many operations are done.
    """

    operations: int
    seed: int
    processes: int = 4
    workers: int = 16
    faults: Faults = BAD_WEATHER
    progress: Callable[[int], None] = lambda _: None


@dataclass(slots=True)
class Result:
    """What came of it.

    Attributes:
        seconds: for the operations alone.
        settling: seconds, and writes, until nothing was left to do afterwards.
        fates: what the proxies did to requests.
        wrong: what must not be, in sentences.
    """

    plan: Plan
    seconds: float
    settling: tuple[float, int]
    fates: Counter[str]
    done: Counter[str]
    account: Account
    wrong: list[str] = field(default_factory=list)

    def figures(self) -> dict[str, object]:
        """All of it for JSON."""
        return {
            "operations": self.plan.operations,
            "seed": self.plan.seed,
            "processes": self.plan.processes,
            "workers": self.plan.workers,
            "faults": asdict(self.plan.faults),
            "took": round(self.seconds, 1),
            "settling": round(self.settling[0], 1),
            "proxy": dict(self.fates.most_common()),
            "operations_by_kind": dict(self.done.most_common()),
            **self.account.figures(),
            "wrong": self.wrong,
        }


@dataclass(frozen=True, slots=True)
class Field:
    """Everything that a trial needs, ready: the processes, a provider, and its rows without faults in between."""

    running: list[Service]
    proxies: list[Proxy]
    provider: str
    token: str
    ground: Ground
    http: httpx.AsyncClient
    account: Account

    def client(self, number: int) -> Client:
        """A client of one of the processes."""
        service = self.running[number % len(self.running)]
        return Client(self.http, self.provider, self.token, lambda: service.url, self.account)

    def weather(self, faults: Faults) -> None:
        """Let all proxies do so from now on."""
        for proxy in self.proxies:
            proxy.faults = faults

    async def shared(self) -> list[str]:
        """Groups for all workers."""
        client, made = self.client(0), []
        for number in range(SHARED):
            body = {"schemas": [GROUP], "displayName": f"shared-{number}"}
            answer, _ = await client.insist("POST", "/Groups", body, "shared")
            made.append(str(answer.json["id"]))
        return made


@asynccontextmanager
async def ready(
    storage: str, folder: Path, processes: int, chance: random.Random, *, direct: int = 0
) -> AsyncIterator[Field]:
    """Make all ready on a store that runs, ``processes`` behind a proxy and ``direct`` ones without.

    None of them may have failed unforeseen at the end.
    """
    app = App.build(Settings.model_validate({"storage": storage, "public_url": "http://127.0.0.1"}))
    await app.providers.prepare()
    provider = await app.providers.create(f"t{uuid.uuid4().hex[:12]}", "entra", {})
    token = (await app.providers.issue(provider.name)).text
    ground = Ground(app.tables.rows(provider.table, provider.table), app.providers.schemas(provider))
    proxies = [Proxy(port_of(storage), random.Random(chance.random())) for _ in range(processes)]
    account = Account()
    try:
        for proxy in proxies:
            await proxy.listen()
        async with (
            services(storage, [*proxies, *[None] * direct], folder) as running,
            httpx.AsyncClient(timeout=120, limits=httpx.Limits(max_connections=64)) as http,
        ):
            yield Field(running, proxies, provider.name, token, ground, http, account)
            for service in running:
                if "Traceback" in service.said.read_text():
                    account.wrong.append(f"{service.said}: a traceback")
    finally:
        for proxy in proxies:
            await proxy.vanish()
        await app.close()


async def work(plan: Plan, workers: list[Worker]) -> None:
    """Let the workers share the operations."""
    left, done = iter(range(plan.operations)), count(1)

    async def one(worker: Worker) -> None:
        for _ in left:
            await worker.step()
            plan.progress(next(done))

    async with asyncio.TaskGroup() as tasks:
        for worker in workers:
            tasks.create_task(one(worker))


async def run(plan: Plan, storage: str, folder: Path) -> Result:
    """Try it."""
    chance = random.Random(plan.seed)
    async with ready(storage, folder, plan.processes, chance) as field:
        shared = await field.shared()
        workers = [Worker(at, field.client(at), random.Random(chance.random()), shared) for at in range(plan.workers)]
        field.weather(plan.faults)
        began = monotonic()
        await work(plan, workers)
        seconds = monotonic() - began
        field.weather(NO_FAULTS)
        for proxy in field.proxies:
            await proxy.arrive()
        settling = await field.ground.settle(field.client(0))
        wrong = await field.ground.verdict([worker.model for worker in workers], shared)
        fates, done = Counter[str](), Counter[str]()
        for proxy in field.proxies:
            fates += proxy.done
        for worker in workers:
            done += worker.done
    return Result(plan, seconds, settling, fates, done, field.account, [*field.account.wrong, *wrong])
