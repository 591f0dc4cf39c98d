"""What a month costs on Azure at its list prices, with the arithmetic, from the counts that were measured.

Prices are those of pay-as-you-go in US dollars, region East US, as last seen quoted for tables in 2026 and for
functions in May 2025; what holds today is at https://azure.microsoft.com/pricing/details/storage/tables/ and
https://azure.microsoft.com/pricing/details/functions/.
"""

from scim.schema import JsonObject
from tests.benchmarks.parts import Table

PROJECTED = (10_000, 1_000_000)
GIGABYTE_MONTH = 0.045
"""Tables, locally redundant."""
TEN_THOUSAND = 0.00036
"""Ten thousand transactions of tables, of any kind."""
GIGABYTE_SECOND = 0.000026
"""Functions, Flex Consumption, on demand."""
MILLION_EXECUTIONS = 0.40
FREE_GIGABYTE_SECONDS, FREE_EXECUTIONS = 100_000, 250_000
"""Given free each month to a subscription."""

DAYS = 30
CYCLE_MINUTES = 40
CHANGED_A_DAY, JOINED_A_DAY = 0.01, 0.01
"""Shares of the users of whom an attribute changes, and who join or leave a group, each day."""
RETENTION_DAYS = 90
"""How long change records keep the values that make them long."""
INSTANCE_GIGABYTES, LEAST_SECONDS = 2, 1
"""The smallest common instance, and what an execution is billed for at least when it is alone."""
GB = 2**30


def month(users: int, of: JsonObject) -> JsonObject:
    """A month of incremental cycles for so many users, by the counts of one size."""
    calls = of["operations"]
    changed, joined, cycles = users * CHANGED_A_DAY * DAYS, users * JOINED_A_DAY * DAYS, DAYS * 24 * 60 / CYCLE_MINUTES
    requests = {"filter, miss": cycles, "filter, hit": changed, "get": changed, "PATCH": changed, "member add": joined}
    reads = sum(number * calls[name]["reads"] for name, number in requests.items())
    rows = sum(number * calls[name]["rows"] for name, number in requests.items())
    transactions = sum(number * calls[name]["transactions"] for name, number in requests.items())
    records = (changed + joined) * RETENTION_DAYS / DAYS + users * of["change_rows_per_user"]
    stored = (users * of["bytes_per_user"] + records * of["bytes_per_change"]) / GB
    executions = sum(requests.values())
    seconds = executions * LEAST_SECONDS * INSTANCE_GIGABYTES
    initial = {"filter, miss": users, "create": users, "member add": users}
    load = sum(number * (calls[name]["reads"] + calls[name]["rows"]) for name, number in initial.items())
    return {
        "users": users,
        "cycles": round(cycles),
        "requests": round(executions),
        "reads": round(reads),
        "transactions": round(transactions),
        "rows_written": round(rows),
        "stored_gb": round(stored, 3),
        "storage_usd": round(stored * GIGABYTE_MONTH, 4),
        "transactions_least_usd": round((reads + transactions) / 10_000 * TEN_THOUSAND, 4),
        "transactions_most_usd": round((reads + rows) / 10_000 * TEN_THOUSAND, 4),
        "gigabyte_seconds": round(seconds),
        "compute_usd": round(max(seconds - FREE_GIGABYTE_SECONDS, 0) * GIGABYTE_SECOND, 2),
        "executions_usd": round(max(executions - FREE_EXECUTIONS, 0) / 1_000_000 * MILLION_EXECUTIONS, 4),
        "initial_load_usd": round(load / 10_000 * TEN_THOUSAND, 2),
    }


def table(of: JsonObject) -> Table:
    """The bill with its arithmetic."""
    rows = [
        ["storage", f"{of['stored_gb']:.2f} GB × {_usd(GIGABYTE_MONTH)}", f"{of['storage_usd']:.2f}"],
        [
            "transactions, each counted once",
            f"({of['reads']:,} reads + {of['transactions']:,}) ÷ 10,000 × {_usd(TEN_THOUSAND)}",
            f"{of['transactions_least_usd']:.2f}",
        ],
        [
            "or each row counted",
            f"({of['reads']:,} reads + {of['rows_written']:,} rows) ÷ 10,000 × {_usd(TEN_THOUSAND)}",
            f"{of['transactions_most_usd']:.2f}",
        ],
        [
            "compute, each request alone",
            f"({of['gigabyte_seconds']:,} - {FREE_GIGABYTE_SECONDS:,} free, at least 0) GB-s × {_usd(GIGABYTE_SECOND)}",
            f"{of['compute_usd']:.2f}",
        ],
        [
            "executions",
            f"({of['requests']:,} - {FREE_EXECUTIONS:,} free, at least 0) ÷ 1,000,000 × {_usd(MILLION_EXECUTIONS)}",
            f"{of['executions_usd']:.2f}",
        ],
        ["once: the initial cycle, each row counted", "", f"{of['initial_load_usd']:.2f}"],
    ]
    note = (
        f"{of['cycles']:,} cycles a month (one every {CYCLE_MINUTES} minutes, each of which asks once for nothing). "
        f"A day, {CHANGED_A_DAY:.0%} of the users change an attribute (filter, get, PATCH) and {JOINED_A_DAY:.0%} join "
        f"or leave a group; change records are kept whole for {RETENTION_DAYS} days. Whether Azure bills a transaction "
        "once or by its rows is not documented, hence both. Compute is an upper bound: "
        f"{LEAST_SECONDS} s on {INSTANCE_GIGABYTES} GB for each request, as if no two ever met in an instance. List "
        "prices in US dollars, East US, as last seen quoted (tables 2026, functions May 2025)."
    )
    return Table(f"A month with {of['users']:,} users", ["", "arithmetic", "$"], rows, note)


def _usd(price: float) -> str:
    return f"${price:f}".rstrip("0")
