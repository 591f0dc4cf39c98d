"""Over HTTP, in one run: the sequence that Entra makes for each user, ours on Azurite beside a peer in memory."""

import json

from scim.local import azurite
from scim.schema import JsonObject
from tests.benchmarks import peers, requests
from tests.benchmarks.charts import Chart
from tests.benchmarks.load import Connection, Record, Target, closed
from tests.benchmarks.parts import Say, Table
from tests.benchmarks.serving import operated
from tests.hosting import hosted

TITLE = "Entra's sequence over HTTP"
USERS = 500
CONNECTIONS = (1, 16)
WORKERS = (1, 2)
OURS, SHIPPED, UVICORN = "Rollcall on Azurite", f"{peers.NAME}, its own server", f"{peers.NAME} on uvicorn"

MEASURED_ELSEWHERE: dict[str, tuple[int, int]] = {
    f"{peers.NAME}, in memory": (141, 158),
    "the fastest SCIM server known, Node, in memory": (478, 730),
}
"""Requests per second of the same sequence at 1 and 16 connections on another machine: for orientation only."""


async def measure(say: Say, *, quick: bool) -> JsonObject:
    """Every contestant in turn, each on an empty store, by the same client."""
    users = 20 if quick else USERS
    runs: list[JsonObject] = []
    with azurite.running() as storage:
        for workers in WORKERS:
            with hosted(storage, workers) as host:
                for connections in CONNECTIONS:
                    say(f"{OURS}, {workers} process(es), {connections} connection(s)")
                    async with operated(storage, host.url) as operator:
                        record = await sequence(operator.target, users, connections)
                    name = f"{OURS}, {workers} {'process' if workers == 1 else 'processes'}"
                    runs.append({"name": name, "connections": connections, **record.figures()})
    for name, start in ((SHIPPED, peers.shipped), (UVICORN, peers.on_uvicorn)):
        for connections in CONNECTIONS:
            say(f"{name}, {connections} connection(s)")
            with start(say) as target:
                record = await sequence(target, users, connections)
            runs.append({"name": name, "connections": connections, **record.figures()})
    return {"users": users, "runs": runs, "elsewhere": {name: list(each) for name, each in MEASURED_ELSEWHERE.items()}}


async def sequence(target: Target, users: int, connections: int) -> Record:
    """Provision users as Entra does, each into one group that grows, after a few that do not count."""
    connection = Connection(target)
    group = json.loads(await Record().ask(connection, "group", requests.new_group("Everyone")))["id"]
    for number in range(users, users + 5):
        await _provision(connection, Record(), number, group)
    connection.close()
    numbers = iter(range(users))

    async def work(connection: Connection, record: Record) -> bool:
        number = next(numbers, None)
        if number is not None:
            await _provision(connection, record, number, group)
        return number is not None

    return await closed(target, connections, work)


async def _provision(connection: Connection, record: Record, number: int, group: str) -> None:
    miss, create, hit, get, patch, add = requests.SEQUENCE
    await record.ask(connection, miss, requests.equal(number))
    identifier = json.loads(await record.ask(connection, create, requests.create(number)) or b"{}").get("id", "none")
    await record.ask(connection, hit, requests.equal(number))
    await record.ask(connection, get, requests.get(identifier))
    await record.ask(connection, patch, requests.change(identifier, number))
    await record.ask(connection, add, requests.add(group, identifier))


def tables(figures: JsonObject) -> list[Table]:
    """Throughput, then the latency of each operation."""
    runs = figures["runs"]
    columns = ["server", "connections", "requests/s", "p50, ms", "p99, ms", "failures"]
    rows = [
        [
            run["name"],
            str(run["connections"]),
            f"{run['per_second']:,.0f}",
            f"{run['p50_ms']:.1f}",
            f"{run['p99_ms']:.1f}",
            str(sum(run["failures"].values())),
        ]
        for run in runs
    ]
    rows += [
        [f"*{name}, measured elsewhere*", str(connections), f"*{each:,}*", "", "", ""]
        for name, both in figures["elsewhere"].items()
        for connections, each in zip(CONNECTIONS, both, strict=True)
    ]
    cost = max(run["client_cpu_ms"] for run in runs)
    note = f"{figures['users']} users. The client shares the machine and takes at most {cost:.2f} ms of CPU a request."
    by_operation = [
        [
            f"{run['name']}, {run['connections']}",
            *(f"{run['operations'][name]['p50_ms']:.1f}" for name in requests.SEQUENCE),
        ]
        for run in runs
    ]
    return [
        Table("Requests per second", columns, rows, note),
        Table("Median latency in ms", ["server, connections", *requests.SEQUENCE], by_operation),
    ]


def charts(figures: JsonObject) -> dict[str, Chart]:
    """Requests per second."""
    bars = [(f"{run['name']}, {run['connections']} conn.", run["per_second"]) for run in figures["runs"]]
    return {"over_http": Chart("Entra's sequence over HTTP, requests per second", "requests/s", bars)}
