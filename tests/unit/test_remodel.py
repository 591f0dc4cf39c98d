"""Other schemas for a provider in use: applied where nothing is lost, else refused."""

from dataclasses import replace

import pytest

from scim import remodel
from scim.custom import Custom
from scim.messages import BULK_REQUEST
from scim.providers import ProviderError
from scim.schema import Json
from scim.storage.memory import MemoryTables
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
    NUMBER,
    THING,
    assert_in_order,
    attribute,
    client_with,
    extension,
    give,
    keys_of,
    number,
    refusal,
    schema,
    silent,
    things,
    user_badge,
)


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
