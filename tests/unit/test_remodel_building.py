"""The indexes that other schemas bring with them, built while clients write."""

import asyncio
import random
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace

import pytest

from scim import remodel
from scim.custom import Custom
from scim.storage.memory import MemoryTables
from scim.storage.rows import Row, Rows, Write
from tests.client import (
    USER,
    new_app,
)
from tests.custom import (
    BADGE,
    NUMBER,
    assert_in_order,
    attribute,
    client_with,
    give,
    keys_of,
    number,
    refusal,
    user_badge,
)


async def test_an_index_is_made_for_values_that_are_there_unless_two_share_one() -> None:
    client = await client_with(user_badge(attribute("number")))
    people = [await client.user(f"user{n}", **number(str(n % 120))) for n in range(121)]
    before = (await client.app.providers.get("contoso")).custom
    refused = await refusal(client, user_badge(NUMBER))
    assert "becomes unique, and there is 1 resource with a value that another one has" in refused
    assert people[120]["id"] in refused
    provider = await client.app.providers.get("contoso")
    assert (provider.custom, provider.coming) == (before, "")
    assert await keys_of(client, "user.badge", "user.badgf") == []
    await client.user("two", **number("1"))
    await assert_in_order(client)
    await give(client, user_badge(attribute("number"), indexes=("number",)))
    assert len(await keys_of(client, "user.badge", "user.badgf")) == 122
    await assert_in_order(client)
    found = await client.get(f"/Users?filter={BADGE}:number%20eq%20%221%22")
    assert [user["userName"] for user in found.json["Resources"]] == ["user1", "two"]


async def test_a_unique_index_that_was_built_refuses_twins() -> None:
    client = await client_with(user_badge(attribute("number")))
    ann = await client.user("ann", **number("1"))
    assert f"User: {BADGE}:number becomes unique." in await give(client, user_badge(NUMBER))
    twin = {"schemas": [USER], "userName": "bob", **number("1")}
    assert (await client.post("/Users", twin)).error == (409, "uniqueness")
    await client.delete(f"/Users/{ann['id']}")
    assert (await client.post("/Users", twin)).status == 201
    await assert_in_order(client)


async def test_a_resource_with_too_many_values_keeps_an_index_from_being_built() -> None:
    many = attribute("number", multiValued=True)
    client = await client_with(user_badge(many))
    await client.user("ann", **{BADGE: {"number": [str(n) for n in range(51)]}})
    assert "1 resource with more than 50 values" in await refusal(client, user_badge(many, indexes=("number",)))
    await assert_in_order(client)


_FEW = 20


class _Slow:
    """Rows at whose calls others get a turn, and a long one before a large transaction."""

    def __init__(self, rows: Rows, pause: float) -> None:
        self._rows = rows
        self._pause = pause

    async def get(self, key: str) -> Row | None:
        await asyncio.sleep(0)
        return await self._rows.get(key)

    async def range(
        self, low: str, high: str, limit: int | None = None, *, keys_only: bool = False
    ) -> AsyncIterator[list[Row]]:
        async for page in self._rows.range(low, high, limit, keys_only=keys_only):
            await asyncio.sleep(0)
            yield page

    async def transact(self, writes: Sequence[Write]) -> list[str]:
        await asyncio.sleep(self._pause if len(writes) > _FEW else 0)
        return await self._rows.transact(writes)


class _SlowTables(MemoryTables):
    def __init__(self, tables: MemoryTables, pause: float = 0) -> None:
        super().__init__()
        self._of = tables
        self._pause = pause

    def rows(self, table: str, partition: str) -> Rows:
        return _Slow(self._of.rows(table, partition), self._pause)


@pytest.mark.parametrize("unique", [False, True])
async def test_clients_write_while_an_index_is_built(unique: bool) -> None:
    """None of them waits for it, and the index is what they have made of it."""
    seed = random.randrange(1 << 32)  # noqa: S311
    chance = random.Random(seed)  # noqa: S311
    tables = MemoryTables()
    client = await client_with(user_badge(attribute("number")), tables=tables)
    people = [(await client.user(f"user{n}", **number(str(n))))["id"] for n in range(400)]
    builder = new_app(_SlowTables(tables, 0.02))
    new = user_badge(NUMBER) if unique else user_badge(attribute("number"), indexes=("number",))
    ended, told = asyncio.Event(), list[int]()

    mine = replace(client, app=new_app(_SlowTables(tables)))

    async def write(name: str) -> int:
        written = 0
        while not ended.is_set():
            at = chance.randrange(len(people))
            fresh = f"{name}{written}"
            match chance.randrange(4):
                case 0:
                    answer = await mine.post("/Users", {"schemas": [USER], "userName": fresh, **number(fresh)})
                case 1:
                    answer = await mine.delete(f"/Users/{people[at]}")
                case 2:
                    gone = {"op": "remove", "path": f"{BADGE}:number"}
                    answer = await mine.patch(f"/Users/{people[at]}", gone)
                case _:
                    change = {"op": "replace", "path": f"{BADGE}:number", "value": fresh}
                    answer = await mine.patch(f"/Users/{people[at]}", change)
            assert answer.status in {200, 201, 204, 404, 503}, f"seed {seed}: {answer.content!r}"
            written += answer.status < 300
            await asyncio.sleep(0.002)
        return written

    async def build() -> None:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(remodel, "_STEP", 1)
            await remodel.apply(
                builder.providers, "contoso", Custom.model_validate(new), lambda _, read, __: told.append(read)
            )
        ended.set()

    _, *written = await asyncio.gather(build(), write("a"), write("b"))
    assert min(written) > 3, f"seed {seed}"
    assert len(told) > 100
    await assert_in_order(client)


async def test_an_index_that_is_given_up_leaves_no_rows_and_can_come_back() -> None:
    size = attribute("size", "integer")
    client = await client_with(user_badge(attribute("number"), size, indexes=("number", "size")))
    users = [await client.user(f"user{n}", **{BADGE: {"number": "1", "size": n}}) for n in range(120)]
    await give(client, user_badge(attribute("number"), size, indexes=("size",)))
    assert await keys_of(client, "user.badge.number", "user.badge.number;") == []
    assert len(await keys_of(client, "user.badge.size", "user.badge.size;")) == 120
    await assert_in_order(client)
    for user in users:
        await client.delete(f"/Users/{user['id']}")
    await give(client, user_badge(NUMBER))
    await client.user("ann", **number("1"))
    await assert_in_order(client)


async def test_rows_left_over_from_a_change_before_are_deleted_before_an_index_comes_back() -> None:
    client = await client_with(user_badge(NUMBER))
    ann = await client.user("ann", **number("1"))
    provider = await client.app.providers.get("contoso")
    without = replace(provider, custom=Custom.model_validate(user_badge(attribute("number"))).text)
    await client.app.providers.opened(without).take_over(remodel._OPERATOR)  # noqa: SLF001 (as a process that died)
    await client.app.providers.replace(provider, without)
    assert await keys_of(client, "user.badge", "user.badgf") == ["user.badge.number:1"]
    await client.delete(f"/Users/{ann['id']}")
    await give(client, user_badge(NUMBER))
    assert await keys_of(client, "user.badge", "user.badgf") == []
    await client.user("bob", **number("1"))
    await assert_in_order(client)
