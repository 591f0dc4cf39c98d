"""End to end over HTTP on Azurite: each of Entra's operations beside the bare calls to the store that it makes."""

import asyncio
import itertools
import json
import time
import uuid
from array import array
from collections.abc import Awaitable, Callable, Iterator, Sequence
from random import Random

from scim.handlers import Request
from scim.local import azurite
from scim.schema import JsonObject
from scim.storage.tables import AzureTables
from tests.benchmarks import requests
from tests.benchmarks.charts import Chart
from tests.benchmarks.load import Connection, Record, closed, latencies, open_loop
from tests.benchmarks.parts import Say, Table
from tests.benchmarks.replay import Call, RecordingTables, Replayer, Rest, Sdk, Store
from tests.benchmarks.requests import Ask
from tests.benchmarks.serving import Operator, operated
from tests.hosting import hosted

TITLE = "End to end on Azurite"
SIZES = (1_000, 10_000)
CONCURRENCY = (1, 16, 64)
SECONDS = 1.5
"""How long each operation is measured at each concurrency."""
QUICK = ((200,), (1, 16), 0.2)
"""The same three for a first look."""
GROUP = 300
"""Members of the group that grows when it begins: more than are kept in the group's own row."""
HELD, HELD_SECONDS = 100, 60
"""Requests per second that one process must hold, and for how long."""
BULK = 500


async def measure(say: Say, *, quick: bool) -> JsonObject:
    """Per size: fill, record the calls, then the service, the SDK and REST in turn; at the end the steady load."""
    sizes, concurrency, seconds = QUICK if quick else (SIZES, CONCURRENCY, SECONDS)
    found: list[JsonObject] = []
    steady: JsonObject = {}
    for size in sizes:
        with azurite.running() as storage, hosted(storage) as host:
            tables = RecordingTables(AzureTables(storage))
            async with operated(storage, host.url, tables) as operator:
                people = _People(operator, await _filled(say, operator, size), Random(size))  # noqa: S311 - a load
                recorded = {name: await _recorded(tables, people, name) for name in requests.SEQUENCE}
                for name in requests.SEQUENCE:
                    say(f"{name} at {size:,} users")
                    found += [
                        {"users": size, "operation": name, "concurrency": each, "calls": _counted(recorded[name])}
                        | await _beside(people, name, recorded[name], each, seconds)
                        for each in concurrency
                    ]
                if size == sizes[-1]:
                    steady = await _held(say, people, 1 if quick else HELD_SECONDS)
    return {"operations": found, "held": steady}


class _People:
    """The users of one provider and one group, and requests about them."""

    def __init__(self, operator: Operator, ids: Sequence[str], rng: Random) -> None:
        self.operator = operator
        self.ids = ids[:-1]
        self.group = ids[-1]
        self._rng = rng
        self._new = itertools.count(len(ids))
        self._outside = iter(self.ids[GROUP:])

    def ask(self, operation: str) -> Ask:
        """A request of one kind, about somebody at random; new members are those not in the group yet."""
        number = self._rng.randrange(len(self.ids))
        match operation:
            case "filter, miss":
                return requests.equal(-number - 1)
            case "create":
                return requests.create(next(self._new))
            case "filter, hit":
                return requests.equal(number)
            case "get":
                return requests.get(self.ids[number])
            case "PATCH":
                return requests.change(self.ids[number], self._rng.randrange(1 << 30))
            case _:
                member = next(self._outside, None)
                return (
                    requests.remove(self.group, self.ids[number])
                    if member is None
                    else requests.add(self.group, member)
                )


async def _filled(say: Say, operator: Operator, size: int) -> list[str]:
    """Create users by bulk, and a group with some of them; gives the ids, the group's last."""
    say(f"creating {size:,} users")
    ids: list[str] = []
    for start in range(0, size, BULK):
        bodies = [requests.user(number) for number in range(start, min(start + BULK, size))]
        answer = json.loads(await _handled(operator, requests.bulk(bodies)))
        ids += [each["location"].rsplit("/", 1)[1] for each in answer["Operations"]]
    group: str = json.loads(await _handled(operator, requests.new_group("Everyone")))["id"]
    members = ids[: min(GROUP, size // 2)]
    for start in range(0, len(members), 40):
        await _handled(operator, requests.add(group, *members[start : start + 40]))
    return [*ids, group]


async def _handled(operator: Operator, ask: Ask) -> bytes:
    """Ask the service in this process."""
    headers = {"authorization": f"Bearer {operator.target.token}", "content-type": "application/scim+json"}
    url = operator.target.url + ask.path
    response = await operator.app.handle(Request(ask.method, url, headers, ask.body or b""))
    assert response.status.value == ask.expected, response.body
    return response.body


async def _recorded(tables: RecordingTables, people: _People, operation: str) -> list[Call]:
    """The calls of one operation in a process that is warm."""
    for _ in range(2):
        tables.calls.reset()
        await _handled(people.operator, people.ask(operation))
    assert not tables.calls.ranges, operation
    return tables.calls.made


def _counted(calls: Sequence[Call]) -> JsonObject:
    transactions = [call for call in calls if isinstance(call, tuple)]
    return {
        "reads": len(calls) - len(transactions),
        "transactions": len(transactions),
        "rows": sum(map(len, transactions)),
    }


async def _beside(
    people: _People, operation: str, calls: Sequence[Call], concurrency: int, seconds: float
) -> JsonObject:
    """Service, SDK and REST at one concurrency, one after another."""
    await closed(people.operator.target, 1, lambda connection, record: _once(connection, record, people.ask(operation)))
    storage, ends = people.operator.storage, time.perf_counter() + seconds

    async def work(connection: Connection, record: Record) -> bool:
        await record.ask(connection, operation, people.ask(operation))
        return time.perf_counter() < ends

    figures = (await closed(people.operator.target, concurrency, work)).figures()
    service = {name: figures[name] for name in ("per_second", "p50_ms", "p99_ms", "failures")}
    table = f"t{uuid.uuid4().hex}"
    await people.operator.app.tables.create(table)
    sdk = await _replayed(Sdk(storage, table), calls, concurrency, seconds)
    rest = await _replayed(Rest(storage, table), calls, concurrency, seconds)
    await people.operator.app.tables.drop(table)
    return {"service": service, "sdk": sdk, "rest": rest}


async def _once(connection: Connection, record: Record, ask: Ask) -> bool:
    await record.ask(connection, "", ask)
    return False


async def _replayed(store: Store, calls: Sequence[Call], concurrency: int, seconds: float) -> JsonObject:
    replayers = [await Replayer(calls, store).prepare() for _ in range(concurrency)]
    times = array("d")
    started = time.perf_counter()

    async def go_on(turn: Callable[[], Awaitable[None]]) -> None:
        while (before := time.perf_counter()) < started + seconds or not times:
            await turn()
            times.append(time.perf_counter() - before)

    await asyncio.gather(*(go_on(each.turn) for each in replayers))
    lasted = time.perf_counter() - started
    await store.close()
    return {"per_second": round(len(times) / lasted, 1), **latencies(times)}


async def _held(say: Say, people: _People, seconds: int) -> JsonObject:
    say(f"{HELD} requests per second for {seconds} s")

    def asks() -> Iterator[tuple[str, Ask]]:
        for name in itertools.cycle(requests.SEQUENCE):
            yield name, people.ask(name)

    record = await open_loop(people.operator.target, HELD, asks(), seconds)
    return {"offered": HELD, "seconds": seconds, "users": len(people.ids), **record.figures()}


def tables(figures: JsonObject) -> list[Table]:
    """Latency and throughput beside the bare calls, then the steady load."""
    columns = [
        "operation",
        "users",
        "at once",
        "calls",
        "ms",
        "p99",
        "SDK, ms",
        "REST, ms",
        "/ SDK",
        "/ REST",
        "per s",
        "SDK",
        "REST",
    ]
    rows = [
        [
            each["operation"],
            f"{each['users']:,}",
            str(each["concurrency"]),
            f"{each['calls']['reads']} + {each['calls']['transactions']} ({each['calls']['rows']})",
            *(f"{value:.1f}" for value in (each["service"]["p50_ms"], each["service"]["p99_ms"])),
            *(f"{each[kind]['p50_ms']:.1f}" for kind in ("sdk", "rest")),
            *(f"{ratio(each, kind):.2f}" for kind in ("sdk", "rest")),
            *(f"{each[kind]['per_second']:,.0f}" for kind in ("service", "sdk", "rest")),
        ]
        for each in figures["operations"]
    ]
    held = figures["held"]
    load = [
        [
            f"{held['offered']} for {held['seconds']} s",
            f"{held['per_second']:.0f}",
            f"{held['p50_ms']:.1f}",
            f"{held['p99_ms']:.1f}",
            str(sum(held["failures"].values())),
        ]
    ]
    note = "Calls are reads + transactions (rows written). Times are medians; bare calls follow one another."
    title = f"One process, a steady load at {held['users']:,} users"
    return [
        Table("Each operation beside the bare calls that it makes", columns, rows, note),
        Table(title, ["requests/s offered", "answered", "p50, ms", "p99, ms", "failures"], load),
    ]


def ratio(each: JsonObject, kind: str) -> float:
    """The service's median over that of the bare calls."""
    return float(each["service"]["p50_ms"] / each[kind]["p50_ms"])


def charts(figures: JsonObject) -> dict[str, Chart]:
    """Latency at the largest size, one request at a time."""
    users = max(each["users"] for each in figures["operations"])
    alone = [each for each in figures["operations"] if each["users"] == users and each["concurrency"] == 1]
    kinds = (("service", "Rollcall"), ("sdk", "SDK"), ("rest", "REST"))
    bars = [(f"{each['operation']}: {name}", each[kind]["p50_ms"]) for each in alone for kind, name in kinds]
    return {"end_to_end": Chart(f"Median ms of an operation and of its bare calls, {users:,} users", "ms", bars)}
