"""Growth: calls, rows and bytes as a directory grows, and what that comes to in a month on Azure.

Bytes are those that Azure bills (https://learn.microsoft.com/rest/api/storageservices/understanding-the-table-service-data-model):
4 for a row, 2 for each character of its keys, and for each property 8, 2 for each character of its name, and its value.
"""

import logging
from collections import Counter
from collections.abc import Sequence

from scim.handlers import Request
from scim.schema import JsonObject
from scim.storage.memory import MemoryTables
from scim.storage.rows import Property, Row
from tests.benchmarks import prices, requests
from tests.benchmarks.charts import Chart
from tests.benchmarks.parts import Say, Table
from tests.benchmarks.requests import Ask
from tests.budgets.counting import CountingTables
from tests.client import ORIGIN, Client, new_client

TITLE = "Growth and cost"
SIZES = (100, 1_000, 10_000, 100_000)
GROUP = 100
"""Members of each group; each user is in one."""
MEASURED = 20
"""Operations of each kind that are counted at each size."""
LOT = 1_000


async def measure(say: Say, *, quick: bool) -> JsonObject:
    """Fill a store in memory and count at each size; nothing here depends on the machine."""
    sizes = SIZES[:2] if quick else SIZES
    tables = CountingTables(MemoryTables())
    client = await new_client(tables=tables)
    logging.getLogger("scim").setLevel(logging.ERROR)
    found: list[JsonObject] = []
    ids: list[str] = []
    for size in sizes:
        say(f"{size:,} users")
        await _fill(client, ids, size)
        table = client.provider.table
        rows = [row async for page in tables.rows(table, table).range("", "\x7f") for row in page]
        found.append({"users": size, **_weighed(rows, table, size), "operations": await _calls(client, tables, ids)})
    await client.app.close()
    return {"sizes": found, "months": [prices.month(users, found[-1]) for users in prices.PROJECTED]}


async def _fill(client: Client, ids: list[str], size: int) -> None:
    """Create users, and a group for each hundred of them."""
    for start in range(len(ids), size, GROUP):
        end = min(start + GROUP, size)
        ids += [(await client.user(requests.name(number), **_attributes(number)))["id"] for number in range(start, end)]
        group = (await client.group(f"Group of {start}"))["id"]
        for at in range(start, end, LOT):
            await _ask(client, requests.add(group, *ids[at : min(at + LOT, end)]))


async def _calls(client: Client, tables: CountingTables, ids: Sequence[str]) -> JsonObject:
    """Mean calls of each of Entra's operations; what they add is taken back, unless it is a change of a value."""
    group = (await client.group("Counted"))["id"]
    for at in range(0, len(ids) // 2, LOT):
        await _ask(client, requests.add(group, *ids[at : min(at + LOT, len(ids) // 2)]))
    counted: dict[str, JsonObject] = {}
    step = max(len(ids) // 2 // MEASURED, 1)
    made: list[str] = []
    for name in requests.SEQUENCE:
        reads = transactions = written = 0
        for number in range(MEASURED):
            identifier = ids[len(ids) // 2 + number * step]
            ask = {
                "filter, miss": requests.equal(-1 - number),
                "create": requests.create(len(ids) + 10_000_000 + number),
                "filter, hit": requests.equal(number),
                "get": requests.get(identifier),
                "PATCH": requests.change(identifier, number),
                "member add": requests.add(group, identifier),
            }[name]
            tables.calls.reset()
            answer = await _ask(client, ask)
            reads += tables.calls.reads
            transactions += len(tables.calls.transactions)
            written += sum(tables.calls.transactions)
            if name == "create":
                made.append(answer["id"])
        counts = {"reads": reads, "transactions": transactions, "rows": written}
        counted[name] = {kind: round(count / MEASURED, 2) for kind, count in counts.items()}
    for identifier in (*(f"/Users/{each}" for each in made), f"/Groups/{group}"):
        assert (await client.delete(identifier)).status == 204
    return counted


async def _ask(client: Client, ask: Ask) -> JsonObject:
    headers = {"authorization": f"Bearer {client.token}", "content-type": "application/scim+json"}
    url = f"{ORIGIN}/scim/{client.provider.name}/v2{ask.path}"
    response = await client.app.handle(Request(ask.method, url, headers, ask.body or b""))
    assert response.status.value == ask.expected, response.body
    answer: JsonObject = requests.decoded(response.body)
    return answer


def _weighed(rows: Sequence[Row], partition: str, users: int) -> JsonObject:
    """Rows and bytes for each user: of the directory as it stands, and of the changes that led to it."""
    count, size = Counter[str](), Counter[str]()
    for row in rows:
        kind = row.key.split(":", 1)[0]
        kind = "change" if kind in {"change", "tombstone"} else "directory"
        count[kind] += 1
        size[kind] += billed(row, partition)
    return {
        "rows_per_user": round(count["directory"] / users, 2),
        "bytes_per_user": round(size["directory"] / users),
        "change_rows_per_user": round(count["change"] / users, 2),
        "bytes_per_change": round(size["change"] / max(count["change"], 1)),
    }


def billed(row: Row, partition: str) -> int:
    """Bytes that Azure bills for a row."""
    values = sum(8 + 2 * len(name) + _value(value) for name, value in row.properties.items())
    return 4 + 2 * (len(partition) + len(row.key)) + values


def _value(value: Property) -> int:
    match value:
        case bool():
            return 1
        case int():
            return 8
        case str():
            return 2 * len(value) + 4
        case _:
            return len(value) + 4


def _attributes(number: int) -> JsonObject:
    return {name: value for name, value in requests.user(number).items() if name != "userName"}


def tables(figures: JsonObject) -> list[Table]:
    """Calls by size, rows by size, then the bill."""
    sizes = figures["sizes"]
    columns = ["users", *requests.SEQUENCE]
    calls = [
        [
            f"{of['users']:,}",
            *(f"{each['reads']:g} + {each['transactions']:g} ({each['rows']:g})" for each in of["operations"].values()),
        ]
        for of in sizes
    ]
    rows = [
        [
            f"{of['users']:,}",
            f"{of['rows_per_user']:.2f}",
            f"{of['bytes_per_user']:,}",
            f"{of['change_rows_per_user']:.2f}",
            f"{of['bytes_per_change']:,}",
        ]
        for of in sizes
    ]
    heads = ["users", "rows per user", "bytes per user", "change records per user", "bytes per record"]
    return [
        Table("Calls of one operation: reads + transactions (rows written)", columns, calls),
        Table("Rows and bytes, as Azure bills them; each user is in one group", heads, rows),
        *(prices.table(month) for month in figures["months"]),
    ]


def charts(figures: JsonObject) -> dict[str, Chart]:
    """Reads of a member add, as the directory grows."""
    bars = [(f"{of['users']:,} users", of["operations"]["member add"]["reads"]) for of in figures["sizes"]]
    return {"growth": Chart("Reads of adding a member to a group of half the users", "reads", bars)}
