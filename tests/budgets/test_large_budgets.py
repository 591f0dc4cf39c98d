"""What edits of many members cost until they are visible, in calls to the store."""

import uuid
from itertools import batched

import pytest

from scim.schema import Schemas
from scim.storage import finishing, keys
from scim.storage.directory import Directory
from scim.storage.finishing import Finishing
from scim.storage.memory import MemoryTables
from scim.storage.rows import Create
from tests.budgets.counting import Calls, CountingRows
from tests.contract.writing import Writer, adding, exactly

USERS = 100_000


class House:
    """A directory of many users, whose calls are counted."""

    def __init__(self, writer: Writer, users: list[str], calls: Calls) -> None:
        self.writer = writer
        self.users = users
        self.calls = calls


@pytest.fixture
async def house(schemas: Schemas, monkeypatch: pytest.MonkeyPatch) -> House:
    monkeypatch.setattr(finishing, "FOLLOW_FOR", 0)
    monkeypatch.setattr(Finishing, "_go_on", _nothing)
    tables = MemoryTables()
    await tables.create("p")
    rows, calls = tables.rows("p", "p"), Calls()
    await Directory(rows, schemas).found()
    users = [str(uuid.UUID(int=number << 80 | 7 << 76 | 2 << 62 | number)) for number in range(USERS)]
    text = {"resource": "{}", "created": "", "modified": "", "number": f"{0:016x}"}
    for some in batched(users, 100, strict=True):
        await rows.transact([Create(keys.resource("user", user), text) for user in some])
    return House(Writer(Directory(CountingRows(rows, calls), schemas), schemas), users, calls)


async def test_a_hundred_thousand_members_are_visible_after_ten_transactions(house: House) -> None:
    writer, calls = house.writer, house.calls
    group = await writer.group("everybody")
    pages = USERS // 1_000 + 2
    calls.reset()
    await writer.link(group, exactly(*house.users))
    assert len(calls.transactions) <= 10
    assert max(calls.transactions) <= 100
    assert calls.reads <= pages + 6
    assert (await writer.read("Group", group)).roster.count == USERS

    for count in (46, 1_000):  # the buckets of all these are too many from some hundred on
        others = await writer.group(f"all but {count}", *house.users[count:])
        calls.reset()
        await writer.link(others, adding(*house.users[:count]))
        built = count > 100  # their buckets are too many for one transaction
        assert (len(calls.transactions) > 1) is built
        assert len(calls.transactions) <= (9 if built else 1)
        assert calls.reads <= 3 * count + 10
        assert (await writer.read("Group", others)).roster.count == USERS


async def _nothing(*_: object) -> None:
    """Leave it to others."""
