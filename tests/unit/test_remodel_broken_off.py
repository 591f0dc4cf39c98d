"""Changes of schemas that break off, or come at the same time: the next one makes the directory whole."""

import asyncio
from collections.abc import AsyncIterator, Sequence

import pytest

from scim import remodel
from scim.changes import Origin
from scim.custom import Custom
from scim.errors import Unavailable
from scim.provider import Provider
from scim.providers import ProviderError
from scim.remodel import SchemasRefused, SchemasUnfinished
from scim.schema import JsonObject
from scim.storage.directory import Directory
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
    silent,
    things,
    user_badge,
)
from tests.faults.lossy import Crash


@pytest.mark.parametrize("again", ["new", "old"])
@pytest.mark.parametrize("applies", [False, True])
async def test_whatever_call_the_building_of_an_index_breaks_off_at_the_next_one_makes_it_whole(
    applies: bool, again: str
) -> None:
    old, new = user_badge(attribute("number")), user_badge(NUMBER)
    for last in range(1, 200):
        tables = MemoryTables()
        client = await client_with(old, tables=tables)
        ann, bob, *_ = [await client.user(name, **number(name)) for name in ("ann", "bob", "cid", "dan")]
        crashed = False
        try:
            dying = new_app(_MortalTables(tables, _Life(last, applies=applies)))
            await remodel.apply(dying.providers, "contoso", Custom.model_validate(new), silent)
        except Crash:
            crashed = True
        rename = {"op": "replace", "path": f"{BADGE}:number", "value": "x"}
        assert (await client.patch(f"/Users/{ann['id']}", rename)).status in {200, 503}
        assert (await client.delete(f"/Users/{bob['id']}")).status in {204, 503}
        await give(client, new if again == "new" else old)
        await client.user("eve", **number("eve"))
        assert (await client.app.providers.get("contoso")).coming == ""
        await assert_in_order(client)
        if not crashed:
            assert last > 12
            return
    raise AssertionError("it never ends")


async def test_a_provider_that_somebody_else_changes_meanwhile_is_left_to_them(monkeypatch: pytest.MonkeyPatch) -> None:
    client = await client_with(user_badge(NUMBER))
    await client.user("ann")
    original = client.app.providers.replace

    async def replaced(before: Provider, after: Provider) -> None:
        if before != after:
            await client.app.providers.set("contoso", {"boolean_strings": "on"})
        await original(before, after)

    monkeypatch.setattr(client.app.providers, "replace", replaced)
    with pytest.raises(ProviderError, match="somebody else changed the provider at the same time"):
        await give(client, user_badge())
    await client.user("bob", **number("1"))
    await assert_in_order(client)


async def test_what_another_change_has_done_since_the_provider_was_read_is_not_touched(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    client = await client_with({})
    original, first = Directory.take_over, True

    async def late(directory: Directory, origin: Origin) -> None:
        nonlocal first
        if first:
            first = False
            await give(client, user_badge(NUMBER))
            await client.user("ann", **number("1"))
        await original(directory, origin)

    monkeypatch.setattr(Directory, "take_over", late)
    with pytest.raises(ProviderError, match="somebody else changed the provider at the same time"):
        await give(client, user_badge(attribute("colour")))
    assert await keys_of(client, "user.badge", "user.badgf") == ["user.badge.number:1"]
    await client.user("bob", **number("2"))
    await assert_in_order(client)


async def test_two_changes_at_once_leave_one_of_them_and_a_directory_that_can_be_written() -> None:
    client = await client_with(user_badge(NUMBER))
    for n in range(20):
        await client.user(f"user{n}")
    files = [user_badge(attribute("colour")), things(attribute("size")), user_badge(NUMBER, attribute("x"))]
    outcomes = await asyncio.gather(*(give(client, file) for file in files), return_exceptions=True)
    assert any(isinstance(outcome, list) for outcome in outcomes)
    assert all(isinstance(outcome, list | ProviderError) for outcome in outcomes)
    await client.user("ann")
    await assert_in_order(client)


class _Mortal:
    """Rows of a process that ends at a certain call to the store, before it is done or after."""

    def __init__(self, rows: Rows, life: "_Life") -> None:
        self._rows = rows
        self._life = life

    async def get(self, key: str) -> Row | None:
        self._life.step()
        return await self._rows.get(key)

    async def range(
        self, low: str, high: str, limit: int | None = None, *, keys_only: bool = False
    ) -> AsyncIterator[list[Row]]:
        self._life.step()
        async for page in self._rows.range(low, high, limit, keys_only=keys_only):
            yield page

    async def transact(self, writes: Sequence[Write]) -> list[str]:
        if self._life.applies and self._life.left == 1:
            await self._rows.transact(writes)
        self._life.step()
        return await self._rows.transact(writes)


class _Life:
    def __init__(self, calls: int, *, applies: bool) -> None:
        self.left = calls
        self.applies = applies

    def step(self) -> None:
        self.left -= 1
        if self.left <= 0:
            raise Crash


class _MortalTables(MemoryTables):
    """The tables of another process, which ends at a certain call."""

    def __init__(self, tables: MemoryTables, life: _Life) -> None:
        super().__init__()
        self._of = tables
        self._life = life

    def rows(self, table: str, partition: str) -> Rows:
        return _Mortal(self._of.rows(table, partition), self._life)


OLD = user_badge(attribute("number"), attribute("size", "integer"), attribute("colour"), indexes=("number", "size"))
FINE = user_badge(attribute("number"), attribute("size", "integer"), indexes=("size",))
BAD = user_badge(attribute("colour"))


@pytest.mark.parametrize("again", ["new", "old"])
@pytest.mark.parametrize("applies", [False, True])
@pytest.mark.parametrize("new", [FINE, BAD], ids=["allowed", "refused"])
async def test_whatever_call_a_change_breaks_off_at_the_next_one_makes_it_whole(
    new: JsonObject, applies: bool, again: str
) -> None:
    for last in range(1, 100):
        tables = MemoryTables()
        client = await client_with(OLD, tables=tables)
        await client.user("ann", **{BADGE: {"number": "1", "size": 1}})
        dying = new_app(_MortalTables(tables, _Life(last, applies=applies)))
        crashed = False
        try:
            await remodel.apply(dying.providers, "contoso", Custom.model_validate(new), silent)
        except Crash:
            crashed = True
        except SchemasRefused:
            assert new is BAD
        written = await client.post("/Users", {"schemas": [USER], "userName": "b"})
        assert written.status in {201, 503}
        assert (await client.get("/Users")).status == 200
        file = new if again == "new" else OLD
        try:
            await give(client, file)
        except SchemasRefused:
            holds = (await client.app.providers.get("contoso")).custom
            assert file is BAD or holds == Custom.model_validate(FINE).text
        await client.user("cid", **{BADGE: {"size": 2}})
        await assert_in_order(client)
        if not crashed:
            assert last > 8
            return
    raise AssertionError("it never ends")


async def test_a_store_that_fails_while_resources_are_read_leaves_everything_as_it_was() -> None:
    client = await client_with(user_badge(NUMBER))
    await client.user("ann")
    scans = 0

    def away(_: str, __: int, ___: int) -> None:
        nonlocal scans
        scans += 1
        raise Unavailable("away", retry_after=1)

    file = Custom.model_validate(user_badge())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(remodel, "_STEP", 1)
        with pytest.raises(Unavailable):
            await remodel.apply(client.app.providers, "contoso", file, away)
    assert scans == 1
    await client.user("bob", **number("1"))
    await assert_in_order(client)


async def test_a_change_that_cannot_be_taken_back_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    client = await client_with(user_badge(NUMBER))
    providers = client.app.providers
    original, calls = providers.get, 0

    async def get(name: str) -> object:
        nonlocal calls
        calls += 1
        if calls > 1:
            raise Unavailable("away", retry_after=1)
        return await original(name)

    async def fails(_: object, __: object) -> None:
        raise Unavailable("away", retry_after=1)

    monkeypatch.setattr(providers, "get", get)
    monkeypatch.setattr(providers, "replace", fails)
    with pytest.raises(SchemasUnfinished, match="cannot write until 'schemas set' has run once more"):
        await give(client, user_badge())
