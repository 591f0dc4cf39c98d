"""The simulator's initial cycle: a whole directory provisioned the way Entra does it, into one process on Azurite."""

import json
from collections import Counter
from itertools import islice

from scim.local import azurite
from scim.schema import JsonObject
from tests.benchmarks.charts import Chart
from tests.benchmarks.parts import Say, Table
from tests.benchmarks.serving import operated
from tests.entra import Options, run
from tests.hosting import Host, hosted

TITLE = "Entra's initial cycle"
SIZE = {"users": 10_000, "groups": 500, "memberships": 50_000}
QUICK = {"users": 40, "groups": 4, "memberships": 80}


async def measure(say: Say, *, quick: bool) -> JsonObject:
    """One cycle of a job, everything new, and the check of what is there afterwards."""
    size = QUICK if quick else SIZE
    objects = size["users"] + size["groups"]
    with azurite.running() as storage, hosted(storage) as host:
        async with operated(storage, host.url) as operator:
            options = Options(base_url=operator.target.url, token=operator.target.token, cycles=1, seed=1, **size)  # type: ignore[arg-type] # all are numbers
            report = await run(options, watch=_watching(say))
        cycle = report.cycles[0]
        calls = _storage_calls(host, cycle.requests)
    return {
        **size,
        "requests": cycle.requests,
        "methods": cycle.methods,
        "seconds": cycle.seconds,
        "requests_per_second": cycle.per_second,
        "objects_per_hour": round(objects / cycle.seconds * 3600),
        "p50_ms": cycle.p50,
        "p99_ms": cycle.p99,
        "failures": len(cycle.failures),
        "differences": len(cycle.differences),
        "storage_calls": dict(calls),
        "storage_calls_per_request": round(calls.total() / cycle.requests, 2),
        "storage_calls_per_object": round(calls.total() / objects, 2),
    }


class _watching:  # noqa: N801 - called like a function
    """Says now and then how far the cycle is."""

    def __init__(self, say: Say) -> None:
        self._say = say
        self._done: Counter[str] = Counter()

    def __call__(self, phase: str, done: int, total: int) -> None:
        before, self._done[phase] = self._done[phase], self._done[phase] + done
        step = max(total // 10, 1)
        if before // step != self._done[phase] // step:
            self._say(f"{phase}: {self._done[phase]:,} of {total:,}")


def _storage_calls(host: Host, requests: int) -> Counter[str]:
    """What the service's own lines say of its calls to the store, in so many first requests: the others check."""
    calls = Counter[str]()
    lines = (json.loads(line) for line in host.said.read_text().splitlines() if line.startswith('{"time"'))
    for said in islice((each for each in lines if "storage_calls" in each), requests):
        calls.update(said["storage_calls"])
    return calls


def tables(figures: JsonObject) -> list[Table]:
    """One row for each figure."""
    calls = figures["storage_calls"]
    rows = [
        ["objects per hour", f"{figures['objects_per_hour']:,}"],
        ["requests", f"{figures['requests']:,}"],
        ["requests/s", f"{figures['requests_per_second']:,.0f}"],
        ["p50, ms", f"{figures['p50_ms']:.1f}"],
        ["p99, ms", f"{figures['p99_ms']:.1f}"],
        ["failures, differences", f"{figures['failures']}, {figures['differences']}"],
        ["storage reads, transactions", f"{calls.get('reads', 0):,}, {calls.get('transactions', 0):,}"],
        ["storage calls per request", f"{figures['storage_calls_per_request']:.2f}"],
        ["storage calls per object", f"{figures['storage_calls_per_object']:.1f}"],
    ]
    size = f"{figures['users']:,} users, {figures['groups']:,} groups, {figures['memberships']:,} memberships"
    note = "The client is the simulator, in Python, on the same machine."
    return [Table(size, ["", "figure"], rows, note)]


def charts(_figures: JsonObject) -> dict[str, Chart]:
    """None."""
    return {}
