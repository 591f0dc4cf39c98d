"""References between the operations of a bulk request, in circles too."""

import json
from pathlib import Path
from shutil import copytree

import pytest

from scim.schema import STANDARD, JsonObject, Schemas
from tests.bulk import (
    NOBODY,
    adding,
    delete,
    group,
    identifier,
    manager,
    members,
    names,
    patch,
    read,
    send,
    statuses,
    user,
)
from tests.client import (
    ENTERPRISE,
    PROFILE_NAMES,
    Client,
    new_client,
)


@pytest.fixture(params=PROFILE_NAMES)
async def client(request: pytest.FixtureRequest) -> Client:
    return await new_client(request.param)


async def test_a_reference_is_resolved_wherever_its_resource_is_created(client: Client) -> None:
    results = await send(
        client, group("g", "bulkId:ann", "bulkId:bob"), user("ann", "bulkId:bob"), group("h", "bulkId:g"), user("bob")
    )
    assert statuses(results) == ["201"] * 4
    outer, ann, nested, bob = results
    assert await members(client, outer) == {identifier(ann), identifier(bob)}
    assert await members(client, nested) == {identifier(outer)}
    assert await manager(client, ann) == identifier(bob)
    assert [g["value"] for g in (await read(client, bob))["groups"]] == [identifier(outer)]


async def test_a_bulk_id_may_stand_in_paths_and_in_filters(client: Client) -> None:
    ann = await client.user("ann")
    staff = await client.group("Staff", ann["id"])
    results = await send(
        client,
        patch(
            "/Groups/bulkId:g",
            adding("bulkId:bob", ann["id"]),
            {"op": "replace", "path": "displayName", "value": "Crew"},
        ),
        patch("/Groups/bulkId:g", {"op": "remove", "path": 'members[value eq "bulkId:bob"]'}, bulkId="p"),
        group("g"),
        user("bob"),
        patch(f"/Groups/{staff['id']}", {"op": "add", "value": {"members": [{"value": "bulkId:bob"}]}}),
        {"method": "PUT", "path": "/Users/bulkId:bob", "data": user("Bob", "bulkId:p")["data"]},
        delete("/Users/bulkId:eve"),
        user("eve"),
    )
    assert statuses(results) == ["204", "204", "201", "201", "204", "200", "204", "201"]
    assert (await read(client, results[0]))["displayName"] == "Crew"
    assert await members(client, results[0]) == {ann["id"]}
    assert await members(client, results[4]) == {ann["id"], identifier(results[3])}
    assert await manager(client, results[3]) == identifier(results[2])
    assert results[6]["location"] == results[7]["location"]
    assert await names(client) == {"ann", "Bob", "Crew", "Staff"}


async def test_a_text_that_looks_like_a_reference_stays(client: Client) -> None:
    text: JsonObject = {"displayName": "bulkId:ann", "title": "see bulkId:ann", "emails": [{"value": "bulkId:ann"}]}
    (result,) = await send(client, user("ann", **text))
    assert (await read(client, result)).items() >= text.items()


@pytest.mark.parametrize(
    "operation",
    [
        user("ann", "bulkId:nobody"),
        group("g", "bulkId:nobody"),
        group("g", "BULKID:nobody", NOBODY),
        patch("/Users/bulkId:nobody", {"op": "remove", "path": "title"}),
        delete("/Users/bulkId:nobody"),
    ],
)
async def test_a_reference_to_nothing_fails_the_operation(client: Client, operation: JsonObject) -> None:
    first, second = await send(client, operation, user("bob"))
    assert (first["status"], first["response"]["scimType"]) == ("400", "invalidValue")
    assert "bulkId:nobody" in first["response"]["detail"].replace("BULKID", "bulkId")
    assert second["status"] == "201"
    assert await names(client) == {"bob"}


async def test_what_refers_to_a_failed_operation_fails_with_it(client: Client) -> None:
    await client.user("ann")
    results = await send(
        client,
        group("h", "bulkId:g"),
        group("g", "bulkId:ann"),
        patch("/Groups/bulkId:g", adding()),
        user("bob", "bulkId:ann"),
        user("ann"),
        user("eve"),
    )
    assert statuses(results) == ["409"] * 5 + ["201"]
    assert [result["response"].get("scimType") for result in results[:5]] == [None] * 4 + ["uniqueness"]
    assert "bulkId:ann" in results[1]["response"]["detail"]
    assert all("location" not in result for result in results[:5])
    assert await names(client) == {"ann", "eve"}


async def test_what_refers_to_a_failed_change_fails_with_it(client: Client) -> None:
    results = await send(client, delete(f"/Users/{NOBODY}", bulkId="d"), user("ann", "bulkId:d"))
    assert statuses(results) == ["404", "409"]


async def test_what_refers_to_what_was_deleted_meanwhile_fails(client: Client) -> None:
    results = await send(
        client, user("ann"), delete("/Users/bulkId:ann"), user("bob", "bulkId:ann"), delete("/Users/bulkId:ann")
    )
    assert statuses(results) == ["201", "204", "409", "404"]


async def test_resources_may_refer_to_each_other_in_a_circle(client: Client) -> None:
    results = await send(
        client,
        user("boss", "bulkId:boss"),
        user("ann", "bulkId:bob", title="A"),
        group("g", "bulkId:h", "bulkId:ann"),
        user("bob", "bulkId:ann", title="B"),
        group("h", "bulkId:i", "bulkId:g"),
        group("i", "bulkId:g", "bulkId:i"),
    )
    assert statuses(results) == ["201"] * 6
    boss, ann, g, bob, h, i = results
    assert await manager(client, boss) == identifier(boss)
    assert (await manager(client, ann), await manager(client, bob)) == (identifier(bob), identifier(ann))
    assert ((await read(client, ann))["title"], (await read(client, bob))["title"]) == ("A", "B")
    assert await members(client, g) == {identifier(h), identifier(ann)}
    assert await members(client, h) == {identifier(i), identifier(g)}
    assert await members(client, i) == {identifier(g), identifier(i)}


async def test_a_circle_is_closed_before_anything_else_happens_to_it(client: Client) -> None:
    results = await send(
        client,
        user("ann", "bulkId:bob"),
        patch("/Users/bulkId:ann", {"op": "remove", "path": f"{ENTERPRISE}:manager"}),
        user("bob", "bulkId:ann"),
    )
    assert statuses(results) == ["201", "200", "201"]
    assert ENTERPRISE not in await read(client, results[0])
    assert await manager(client, results[2]) == identifier(results[0])


@pytest.mark.parametrize("place", [0, 1, 2])
async def test_if_one_in_a_circle_fails_none_is_left(client: Client, place: int) -> None:
    await client.user("taken")
    circle = [user("ann", "bulkId:bob"), user("bob", "bulkId:eve"), user("eve", "bulkId:ann")]
    circle[place]["data"]["userName"] = "taken"
    results = await send(client, group("g", "bulkId:ann"), *circle, user("zoe"))
    assert statuses(results) == ["409", "409", "409", "409", "201"]
    kinds = [result["response"].get("scimType") for result in results[:4]]
    assert [kind == "uniqueness" for kind in kinds] == [at == place + 1 for at in range(4)]
    assert all("location" not in result for result in results[:4])
    assert await names(client) == {"taken", "zoe"}


async def test_if_a_circle_cannot_be_closed_none_is_left(client: Client) -> None:
    results = await send(client, group("g", "bulkId:h", NOBODY), group("h", "bulkId:g"), user("ann"))
    assert statuses(results) == ["400", "409", "201"]
    assert await names(client) == {"ann"}


async def test_a_circle_counts_as_a_whole_for_the_end(client: Client) -> None:
    await client.user("ann")
    results = await send(client, user("bob", "bulkId:ann"), user("ann", "bulkId:bob"), user("eve"), failOnErrors=1)
    assert statuses(results) == ["409", "409"]
    skipped = await send(client, delete("/Users"), user("x", "bulkId:y"), user("y", "bulkId:x"), failOnErrors=1)
    assert statuses(skipped) == ["405"]
    assert await names(client) == {"ann"}


def device(name: str, owner: str | None = None, peer: str | None = None) -> JsonObject:
    links = {"owner": {"value": owner}} | ({"peers": [{"value": peer}]} if peer else {}) if owner else {}
    data = {"schemas": ["urn:x:Device"], "displayName": name, **links}
    return {"method": "POST", "path": "/Devices", "bulkId": name, "data": data}


@pytest.fixture
async def keeper(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Client:
    """The client of a provider that keeps devices too: each has an owner, and may have peers."""
    reference = [{"name": "value"}, {"name": "$ref", "type": "reference", "referenceTypes": ["User", "Device"]}]
    attributes = [
        {"name": "displayName", "required": True},
        {"name": "owner", "type": "complex", "required": True, "subAttributes": reference},
        {"name": "peers", "type": "complex", "multiValued": True, "subAttributes": reference},
    ]
    kind = {"name": "Device", "description": "", "endpoint": "/Devices", "schema": "urn:x:Device", "alias": "device"}
    copytree(STANDARD, tmp_path, dirs_exist_ok=True)
    schema = {"id": "urn:x:Device", "name": "Device", "attributes": attributes}
    (tmp_path / "Device.schema.json").write_text(json.dumps(schema))
    (tmp_path / "Device.type.json").write_text(json.dumps(kind | {"schemaExtensions": []}))
    load, schemas = Schemas.load, Schemas.load(tmp_path)
    monkeypatch.setattr("scim.app.Schemas.load", lambda *folder: load(*folder) if folder else schemas)
    return await new_client("rfc")


async def test_a_type_that_is_only_a_file_is_referred_to_like_any_other(keeper: Client) -> None:
    results = await send(
        keeper,
        device("a", "bulkId:ann", "bulkId:b"),
        device("b", "bulkId:ann", "bulkId:a"),
        user("ann", "bulkId:a"),
        patch("/Devices/bulkId:a", {"op": "add", "path": "peers", "value": [{"value": "bulkId:a"}]}),
    )
    assert statuses(results) == ["201", "201", "201", "200"]
    a, b, ann = (identifier(result) for result in results[:3])
    shown = await read(keeper, results[0])
    assert (shown["owner"]["value"], [peer["value"] for peer in shown["peers"]]) == (ann, [b, a])
    assert (await read(keeper, results[1]))["peers"] == [{"value": a}]
    assert await manager(keeper, results[2]) == a


async def test_a_circle_of_what_is_required_cannot_be_opened(keeper: Client) -> None:
    results = await send(keeper, device("a", "bulkId:b"), device("b", "bulkId:a"), user("ann"))
    assert statuses(results) == ["409", "409", "201"]
    assert "required" in results[0]["response"]["detail"]
    assert (await keeper.get("/Devices")).json["totalResults"] == 0
