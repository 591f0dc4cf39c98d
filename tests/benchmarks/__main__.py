"""``python -m tests.benchmarks``: what each operation costs in process, on a store in memory.

Times are of this machine and this moment; the ratios are what to look at.
"""

import argparse
import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Sequence

from rich.console import Console
from rich.table import Table

from scim.schema import JsonObject
from tests.client import ENTERPRISE, USER, Client, new_client

SIZES = (10, 1_000, 10_000, 100_000)
LOT = 40


async def main(users: int, largest: int) -> None:
    """Measure, and print two tables."""
    client = await new_client()
    logging.getLogger("scim").setLevel(logging.ERROR)
    ids: list[str] = []

    async def create(number: int) -> None:
        ids.append((await client.user(f"user{number}@example.com", **_attributes(number)))["id"])

    costs = {
        "create a user": await _time(create, range(users)),
        "retrieve a user": await _time(lambda n: client.get(f"/Users/{ids[n]}"), range(users)),
        "filter by userName": await _time(lambda n: client.get(f"/Users?filter={_equal(n)}"), range(users)),
        "change one attribute": await _time(lambda n: client.patch(f"/Users/{ids[n]}", _title(n)), range(users)),
        "list 100 users": await _time(lambda n: client.get(f"/Users?startIndex={n + 1}"), range(0, users, 100)),
    }
    _print("One operation", costs)
    _print("Adding one member to a group of", await _growth(client, create, ids, [s for s in SIZES if s <= largest]))
    await client.app.close()


async def _growth(
    client: Client, create: Callable[[int], Awaitable[None]], ids: list[str], sizes: Sequence[int]
) -> dict[str, float]:
    """What adding one member costs in groups of growing size."""
    for number in range(len(ids), max(sizes) + 200):
        await create(number)
    group = (await client.group("Everyone"))["id"]
    costs: dict[str, float] = {}
    held = 0
    for size in sizes:
        for start in range(held, size, LOT):
            await client.patch(f"/Groups/{group}", _add(ids[start : min(start + LOT, size)]))
        costs[f"{size:,}"] = await _time(
            lambda n: client.patch(f"/Groups/{group}", _add([ids[n]])), range(size, size + 100)
        )
        held = size + 100
    return costs


async def _time(action: Callable[[int], Awaitable[object]], numbers: Sequence[int]) -> float:
    """Seconds that an action takes, on average."""
    started = time.perf_counter()
    for number in numbers:
        await action(number)
    return (time.perf_counter() - started) / len(numbers)


def _print(title: str, costs: dict[str, float]) -> None:
    table = Table("", "µs", "of the first", title=title, title_justify="left")
    first = next(iter(costs.values()))
    for name, cost in costs.items():
        table.add_row(name, f"{cost * 1e6:.0f}", f"{cost / first:.2f}")
    Console().print(table)


def _attributes(number: int) -> JsonObject:
    return {
        "schemas": [USER, ENTERPRISE],
        "externalId": f"e{number}",
        "active": True,
        "displayName": f"User {number}",
        "name": {"givenName": "User", "familyName": str(number)},
        "emails": [{"value": f"user{number}@example.com", "type": "work", "primary": True}],
        ENTERPRISE: {"department": "Sales", "employeeNumber": str(number)},
    }


def _equal(number: int) -> str:
    return f"userName+eq+%22user{number}@example.com%22"


def _title(number: int) -> JsonObject:
    return {"op": "Replace", "path": "title", "value": f"Title {number}"}


def _add(ids: Sequence[str]) -> JsonObject:
    return {"op": "Add", "path": "members", "value": [{"value": identifier} for identifier in ids]}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=main.__doc__)
    parser.add_argument("--users", type=int, default=2_000, metavar="N", help="users to measure with (default 2000)")
    parser.add_argument("--largest", type=int, default=10_000, metavar="N", help="members of the largest group (10000)")
    options = parser.parse_args()
    asyncio.run(main(options.users, options.largest))
