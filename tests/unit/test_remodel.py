"""Other schemas for a provider in use: applied where nothing is lost, else refused; and whole again after a crash."""

import asyncio
import random
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace

import pytest

from scim import remodel
from scim.changes import Origin
from scim.custom import Custom
from scim.errors import Unavailable
from scim.messages import BULK_REQUEST
from scim.provider import Provider
from scim.providers import ProviderError
from scim.remodel import SchemasRefused, SchemasUnfinished
from scim.schema import Json, JsonObject
from scim.storage.directory import Directory
from scim.storage.memory import MemoryTables
from scim.storage.rows import Row, Rows, Write
from tests.client import (
    GROUP,
    PATCH_OP,
    USER,
    Client,
    connected,
    lines_of_the_service,
    new_app,
    new_client,
)
from tests.custom import (
    BADGE,
    COST,
    THING,
    assert_in_order,
    attribute,
    client_with,
    extension,
    give,
    schema,
    silent,
    things,
    user_badge,
)
from tests.faults.lossy import Crash

NUMBER = attribute("number", uniqueness="server")


def number(value: str) -> dict[str, Json]:
    return {BADGE: {"number": value}}


async def keys_of(client: Client, low: str, high: str) -> list[str]:
    rows = client.app.tables.rows(client.provider.table, client.provider.table)
    return [row.key async for page in rows.range(low, high) for row in page]


async def refusal(client: Client, file: JsonObject) -> str:
    with pytest.raises(SchemasRefused) as refused:
        await give(client, file)
    return str(refused.value)


async def test_what_was_set_holds_for_every_process_at_the_next_write() -> None:
    tables = MemoryTables()
    client = await new_client("rfc", tables)
    other = replace(client, app=new_app(tables))
    await other.user("ann")
    assert await give(client, user_badge(NUMBER)) == [
        f"User: a new extension, {BADGE}.",
        f"User: {BADGE}:number is unique.",
    ]
    bob = await client.user("bob", **number("1"))
    await other.user("the one that notices")
    cid = await other.user("cid", **number("2"))
    assert (bob[BADGE], cid[BADGE]) == ({"number": "1"}, {"number": "2"})
    again = await other.patch(f"/Users/{cid['id']}", {"op": "add", "path": f"{BADGE}:number", "value": "1"})
    assert again.error == (409, "uniqueness")
    await assert_in_order(client)


@pytest.mark.parametrize("verb", ["POST", "PUT", "PATCH", "DELETE"])
async def test_a_process_that_believes_in_other_schemas_reads_the_provider_anew_before_it_writes(verb: str) -> None:
    tables = MemoryTables()
    client = await new_client("rfc", tables)
    other = replace(client, app=new_app(tables))
    ann = await other.user("ann")
    await give(client, user_badge(NUMBER))
    path = "/Users" if verb == "POST" else f"/Users/{ann['id']}"
    body = {"schemas": ann["schemas"], "userName": "bob"} if verb in {"POST", "PUT"} else None
    if verb == "PATCH":
        body = {
            "schemas": [PATCH_OP],
            "Operations": [{"op": "add", "path": "title", "value": "x"}],
        }
    assert (await other.send(verb, path, body)).status in {200, 201, 204}
    await assert_in_order(client)


async def test_a_bulk_request_is_done_once_more_as_a_whole() -> None:
    tables = MemoryTables()
    client = await new_client("rfc", tables)
    other = replace(client, app=new_app(tables))
    ann = await other.user("ann")
    await give(client, user_badge(NUMBER))
    bob = {"schemas": [USER], "userName": "bob", **number("1")}
    operations: list[Json] = [
        {"method": "PUT", "path": f"/Users/{ann['id']}", "data": {"schemas": [USER], "userName": "ann", **number("2")}},
        {"method": "POST", "path": "/Users", "bulkId": "b", "data": bob},
        {"method": "POST", "path": "/Users", "bulkId": "c", "data": {"schemas": [USER], "userName": "cid"}},
    ]
    first = await other.post("/Bulk", {"schemas": [BULK_REQUEST], "Operations": operations[2:]})
    assert [each["status"] for each in first.json["Operations"]] == ["201"]
    answer = await other.post("/Bulk", {"schemas": [BULK_REQUEST], "Operations": operations[:2]})
    assert [each["status"] for each in answer.json["Operations"]] == ["200", "201"]
    assert (await other.get("/Users")).json["totalResults"] == 3
    await assert_in_order(client)


async def test_a_write_is_503_only_while_the_change_is_under_way() -> None:
    client = await client_with(user_badge())
    provider = await client.app.providers.get("contoso")
    after = replace(provider, custom=Custom.model_validate(user_badge(NUMBER)).text)
    await client.app.providers.opened(after).take_over(remodel._OPERATOR)  # noqa: SLF001 (another process, half way)
    with lines_of_the_service() as lines:
        refused = await client.post("/Users", {"schemas": ["x"], "userName": "ann"})
        refused = await client.post("/Groups", {"schemas": [GROUP], "displayName": "Staff"})
    assert refused.error == (503, None)
    assert refused.headers["Retry-After"] == "30"
    assert lines[-1]["status"] == 503
    assert (await client.get("/Users")).status == 200
    await give(client, user_badge(NUMBER))
    await client.user("ann", **number("1"))
    await assert_in_order(client)


async def test_a_change_that_stands_against_stored_resources_is_refused_with_their_ids() -> None:
    client = await client_with(user_badge(NUMBER, attribute("colour")))
    ids = [(await client.user(f"user{n}", **number(str(n))))["id"] for n in range(7)]
    await client.user("none", **{BADGE: {"colour": "red"}})
    said = await refusal(client, user_badge(attribute("colour")))
    assert said == (
        f"User: {BADGE}:number is removed, and there are 7 resources with a value: {', '.join(ids[:5])}, …. "
        "Remove the values first, or leave it as it is."
    )
    assert (await client.get(f"/Schemas/{BADGE}")).json["attributes"][0]["name"] == "number"
    await client.user("later", **number("9"))
    await assert_in_order(client)


async def test_it_is_allowed_once_the_resources_are_put_right() -> None:
    client = await client_with(user_badge(NUMBER))
    ann = await client.user("ann", **number("1"))
    assert "there is 1 resource with a value" in await refusal(client, user_badge())
    await client.patch(f"/Users/{ann['id']}", {"op": "remove", "path": BADGE})
    await give(client, user_badge())
    assert (await client.user("bob", **number("1"))).keys() & {BADGE} == set()
    await assert_in_order(client)


async def test_everything_that_stands_against_it_is_said_at_once() -> None:
    file = user_badge(NUMBER, attribute("colour"))
    file["schemas"].append(schema(COST, attribute("centre")))
    file["extensions"].append(extension(COST, "Group"))
    client = await client_with(file)
    await client.user("ann", **{BADGE: {"number": "1", "colour": "red"}})
    await client.group("Staff", **{COST: {"centre": "7"}})
    said = (await refusal(client, user_badge(attribute("number", "integer")))).splitlines()
    assert len(said) == 3
    assert said[-1].startswith(f"Group: the extension {COST} is removed, and there is 1 resource with it")


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


async def test_a_type_that_is_removed_leaves_nothing_and_can_come_back() -> None:
    client = await client_with(things(attribute("size"), indexes=("size",)))
    made = [(await client.post("/Things", {"schemas": [THING], "size": "1"})).json["id"] for _ in range(501)]
    assert "of this type" in await refusal(client, {})
    for identifier in made:
        await client.delete(f"/Things/{identifier}")
    assert await keys_of(client, "head:runs:thing", "head:runs:thing~") == ["head:runs:thing"]
    assert await give(client, {}) == ["Thing: the resource type is removed."]
    assert (await client.get("/Things")).status == 404
    assert await keys_of(client, "head:runs:thing", "head:runs:thing~") == []
    await assert_in_order(client)
    await give(client, things(attribute("size")))
    assert (await client.get("/Things")).json["totalResults"] == 0
    assert (await client.post("/Things", {"schemas": [THING], "size": "1"})).status == 201
    assert len((await client.get("/Things")).ids) == 1
    await assert_in_order(client)


async def test_setting_what_holds_already_changes_nothing() -> None:
    client = await client_with(user_badge(NUMBER))
    rows = client.app.tables.rows(client.provider.table, client.provider.table)
    before = await rows.get("head")
    assert await give(client, user_badge(NUMBER)) == []
    assert await rows.get("head") == before


async def test_changes_are_on_record() -> None:
    client = await client_with(user_badge(NUMBER))
    directory = client.app.providers.directory(await client.app.providers.get("contoso"))
    (change,) = [change async for change in directory.changes()]
    assert (change.kind, change.origin.credential) == ("settings", "operator")
    assert change.values is not None
    assert change.values["unique"]["after"].startswith("user.userName user.badge.number group.displayName custom=")


async def test_a_provider_without_unique_group_names_can_have_schemas_of_its_own() -> None:
    client = await connected(Client, new_app(cache_seconds=0), profile="rfc", unique_group_names="off")
    await give(client, user_badge(NUMBER))
    await client.group("Staff")
    await client.group("Staff")
    await client.user("ann", **number("1"))
    await assert_in_order(client)


async def test_schemas_of_one_provider_are_unknown_to_another() -> None:
    client = await client_with(user_badge(NUMBER))
    other = await client.as_other("fabrikam", "rfc")
    assert (await other.get(f"/Schemas/{BADGE}")).status == 404
    answer = await other.post("/Users", {"schemas": [USER], "userName": "a"} | number("1"))
    assert answer.error == (400, "invalidValue")


async def test_checking_tells_the_same_and_changes_nothing() -> None:
    client = await client_with(user_badge(NUMBER))
    ann = await client.user("ann", **number("1"))
    rows = client.app.tables.rows(client.provider.table, client.provider.table)
    before = await rows.get("head")
    proposal = await remodel.check(client.app.providers, "contoso", Custom.model_validate(user_badge()), silent)
    assert proposal.changes == [f"User: {BADGE}:number is removed."]
    assert [obstacle.ids for obstacle in proposal.obstacles] == [[ann["id"]]]
    assert (await remodel.check(client.app.providers, "contoso", Custom(), silent)).obstacles != []
    assert await rows.get("head") == before


async def test_progress_is_told_of_each_thousand(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remodel, "_STEP", 2)
    client = await client_with(user_badge(NUMBER))
    for n in range(5):
        await client.user(f"user{n}")
    heard: list[tuple[str, int, int]] = []
    file = Custom.model_validate(user_badge())
    await remodel.apply(client.app.providers, "contoso", file, lambda *told: heard.append(told))
    assert heard == [("User", 2, 5), ("User", 4, 5)]


async def test_schemas_that_do_not_fit_into_a_row_are_refused_with_the_limit() -> None:
    client = await new_client("rfc", cache_seconds=0)
    long = user_badge(*[attribute(f"a{n}", description="x" * 5_000) for n in range(100)])
    with pytest.raises(ProviderError, match="bytes with these schemas, and 480,000 are the limit"):
        await give(client, long)
    fits = user_badge(*[attribute(f"a{n}", description="é" * 2_000) for n in range(90)])
    await give(client, fits)
    assert len((await client.get(f"/Schemas/{BADGE}")).json["attributes"]) == 90
    await give(client, user_badge(NUMBER))
    assert len((await client.get(f"/Schemas/{BADGE}")).json["attributes"]) == 1


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


# Crashes


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


async def test_a_group_has_extensions_too() -> None:
    file = {
        "schemas": [schema(COST, attribute("centre", "integer"))],
        "extensions": [extension(COST, "Group", indexes=["centre"])],
    }
    client = await client_with(file)
    ann = await client.user("ann")
    group = await client.group("Staff", ann["id"], **{COST: {"centre": 7}})
    found = await client.get(f"/Groups?filter={COST}:centre%20eq%207")
    assert found.ids == [group["id"]]
    changed = await client.send(
        "PATCH",
        f"/Groups/{group['id']}?attributes={COST}:centre",
        {
            "schemas": [PATCH_OP],
            "Operations": [{"op": "replace", "path": f"{COST}:centre", "value": 8}],
        },
    )
    assert changed.json[COST] == {"centre": 8}
    assert (await client.get(f"/Groups/{group['id']}")).json["members"][0]["value"] == ann["id"]
    body = {"schemas": [GROUP], "displayName": "Crew", "members": [{"value": ann["id"]}]}
    assert COST not in (await client.put(f"/Groups/{group['id']}", body)).json
    types = (await client.get("/ResourceTypes/Group")).json
    assert types["schemaExtensions"] == [{"schema": COST, "required": False}]
    await assert_in_order(client)
