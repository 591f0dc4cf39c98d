"""The storage edge: what a call to the store costs the process, by the SDK, by our own codec, and by hand."""

import asyncio
import sys
import time
import uuid
from collections.abc import Awaitable, Callable, Sequence

from scim.local import azurite
from scim.schema import JsonObject
from scim.storage.rows import Create, Properties, Rows
from scim.storage.tables import AzureTables
from tests.benchmarks.charts import Chart
from tests.benchmarks.parts import Say, Table, ms
from tests.benchmarks.replay import Rest
from tests.sdk import SdkTables

TITLE = "The storage edge"
CALLS = {"get": 60, "transaction of 5": 30, "transaction of 50": 8, "page of 1,000": 4}
"""Calls of each kind in a round."""
ROUNDS, QUICK = 12, 2
_WAYS = ("sdk", "ours", "rest")
_PROPERTIES: Properties = {
    "text": '{"userName":"ann.example@contoso.example","name":{"familyName":"Ex","givenName":"Ann"},"active":true}' * 3,
    "members": bytes(range(256)) * 2,
    "type": "user",
    "count": 3,
}

type Call = Callable[[], Awaitable[object]]


async def measure(say: Say, *, quick: bool) -> JsonObject:
    """CPU of this process and time per call, each the least of some rounds that take turns; Azurite is beside it."""
    table = f"t{uuid.uuid4().hex}"
    with azurite.running() as storage:
        ours, sdk, rest = AzureTables(storage), SdkTables(storage), Rest(storage, table)
        await ours.create(table)
        calls = {
            "sdk": _calls(sdk.rows(table, table)),
            "ours": _calls(ours.rows(table, table)),
            "rest": {"get": lambda: rest.get("row:0001"), **_transactions(rest.transact)},
        }
        rows = ours.rows(table, table)
        for start in range(0, 1_000, 100):
            await rows.transact([Create(f"row:{n:04}", _PROPERTIES) for n in range(start, start + 100)])
        found = {
            name: {way: await _least(calls[way], name, 1) for way in _WAYS if name in calls[way]} for name in CALLS
        }
        for number in range(QUICK if quick else ROUNDS):
            say(f"round {number + 1}")
            for name, ways in found.items():
                for way, least in ways.items():
                    took = await _least(calls[way], name, CALLS[name])
                    found[name][way] = {unit: min(least[unit], took[unit]) for unit in took}
        for account in (ours, sdk, rest):
            await account.close()
    return {"calls": found}


def _calls(rows: Rows) -> dict[str, Call]:
    async def page() -> None:
        assert len([row async for page in rows.range("row:", "row;") for row in page]) == 1_000

    return {"get": lambda: rows.get("row:0001"), **_transactions(rows.transact), "page of 1,000": page}


def _transactions(transact: Callable[[Sequence[Create]], Awaitable[object]]) -> dict[str, Call]:
    def creating(number: int) -> Call:
        return lambda: transact([Create(f"new:{uuid.uuid4().hex}", _PROPERTIES) for _ in range(number)])

    return {"transaction of 5": creating(5), "transaction of 50": creating(50)}


async def _least(calls: dict[str, Call], name: str, times: int) -> dict[str, float]:
    cpu, wall = time.process_time(), time.perf_counter()
    for _ in range(times):
        await calls[name]()
    return {"cpu_ms": ms((time.process_time() - cpu) / times), "wall_ms": ms((time.perf_counter() - wall) / times)}


def tables(figures: JsonObject) -> list[Table]:
    """The figures as tables."""
    rows = []
    for name, ways in figures["calls"].items():
        told = (ways.get(way) for way in _WAYS)
        shown = [f"{way['cpu_ms']:.2f} / {way['wall_ms']:.2f}" if way else "" for way in told]
        rows.append([name, *shown, f"{ways['sdk']['cpu_ms'] / ways['ours']['cpu_ms']:.1f}"])
    return [
        Table(
            "CPU of the process / time until the answer, ms per call",
            ("call", "SDK", "ours", "by hand", "SDK's CPU / ours"),
            rows,
            "The least of some rounds that take turns, one call after another, Azurite on the same machine. "
            "By hand: aiohttp, JSON and a signature, and the answers hardly looked at.",
        )
    ]


def charts(figures: JsonObject) -> dict[str, Chart]:
    """CPU of a transaction of five, the commonest write."""
    ways = figures["calls"]["transaction of 5"]
    named = {"sdk": "SDK", "ours": "ours", "rest": "by hand"}
    bars = [(named[way], ways[way]["cpu_ms"]) for way in _WAYS]
    return {"storage-edge": Chart("CPU of a transaction of five rows", "ms", bars)}


if __name__ == "__main__":
    told = asyncio.run(measure(lambda sentence: print(sentence, file=sys.stderr), quick="--quick" in sys.argv))  # noqa: T201
    print("\n\n".join(table.markdown() for table in tables(told)))  # noqa: T201
