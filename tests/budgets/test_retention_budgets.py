"""What it costs to take out old values and tombstones: by the thousand, and not by the size of the log."""

from scim.schema import Schemas
from scim.storage.directory import Directory
from scim.storage.retaining import Retention
from tests.budgets.counting import Calls, CountingRows
from tests.contract.writing import Writer, founded

DAY = 86_400_000
START = 1_795_424_400_000


async def cost(writer: Writer, now: int) -> tuple[Retention, Calls]:
    """What it costs to take out all that is older than 90 days."""
    calls = Calls()
    retention = Retention(CountingRows(writer.directory.rows, calls), (now - 90 * DAY) << 16)
    assert await retention()
    return retention, calls


async def test_a_thousand_records_are_one_read_and_ten_transactions_and_no_head_moves(schemas: Schemas) -> None:
    rows = await founded(schemas)
    writer = Writer(Directory(rows, schemas, lambda: START), schemas)
    bob = await writer.user("bob")
    for number in range(1_999):
        await writer.change("User", bob, nickName=f"{number}")
    head = await rows.get("head")
    retention, calls = await cost(writer, START + 91 * DAY)
    assert (retention.read, retention.emptied) == (2_000, 2_000)
    assert calls.reads <= 2 + 3  # the head and the mark, and the pages, perhaps with an empty one behind them
    assert calls.transactions == [*[100] * 10, 1] * 2
    assert await rows.get("head") == head
    retention, calls = await cost(writer, START + 92 * DAY)
    assert (retention.read, calls.reads, calls.transactions) == (0, 3, [])


async def test_a_thousand_deletions_move_the_head_twenty_one_times(schemas: Schemas) -> None:
    writer = Writer(Directory(await founded(schemas), schemas, lambda: START), schemas)
    for each in await writer.users(1_000):
        await writer.delete("User", each)
    retention, calls = await cost(writer, START + 91 * DAY)
    assert (retention.emptied, retention.forgotten) == (2_000, 1_000)
    assert calls.transactions == [*[100] * 10, 1, *[99] * 20, 1 + 2 * 20, 1]
    assert calls.reads <= 2 + 3 + 21
