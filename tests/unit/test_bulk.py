"""Bulk requests, as a client sees what comes of them."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from shutil import copytree
from typing import Any

import pytest

from scim import bulk
from scim.errors import Conflict, NotFound, ScimError
from scim.schema import STANDARD, Json, JsonObject, Schemas
from scim.storage.acts import Act, Written
from scim.storage.directory import Directory
from scim.storage.memory import MemoryTables
from scim.storage.rows import Rows
from tests.client import (
    ENTERPRISE,
    GROUP,
    ORIGIN,
    PATCH_OP,
    PROFILE_NAMES,
    USER,
    Client,
    connected,
    lines_of_the_service,
    new_app,
    new_client,
)
from tests.faults.scripted import Fate, ScriptedRows

BULK_REQUEST = "urn:ietf:params:scim:api:messages:2.0:BulkRequest"
BULK_RESPONSE = "urn:ietf:params:scim:api:messages:2.0:BulkResponse"
NOBODY = "01990000-0000-7000-8000-000000000000"
BASE_URL = f"{ORIGIN}/scim/contoso/v2"


@pytest.fixture(params=PROFILE_NAMES)
async def client(request: pytest.FixtureRequest) -> Client:
    return await new_client(request.param)


def user(name: str, manager: str | None = None, **attributes: Json) -> JsonObject:
    extension = {ENTERPRISE: {"manager": {"value": manager}}} if manager else {}
    data = {"schemas": [USER, *extension], "userName": name, **extension, **attributes}
    return {"method": "POST", "path": "/Users", "bulkId": name, "data": data}


def group(name: str, *members: str, **attributes: Json) -> JsonObject:
    data = {"schemas": [GROUP], "displayName": name, "members": [{"value": member} for member in members], **attributes}
    return {"method": "POST", "path": "/Groups", "bulkId": name, "data": data}


def patch(path: str, *operations: JsonObject, **given: Json) -> JsonObject:
    return {"method": "PATCH", "path": path, "data": {"schemas": [PATCH_OP], "Operations": [*operations]}, **given}


def adding(*members: str) -> JsonObject:
    return {"op": "add", "path": "members", "value": [{"value": member} for member in members]}


def delete(path: str, **given: Json) -> JsonObject:
    return {"method": "DELETE", "path": path, **given}


async def send(client: Client, *operations: JsonObject, **attributes: Json) -> list[JsonObject]:
    """The results of a bulk request that is answered with 200."""
    answer = await client.post("/Bulk", {"schemas": [BULK_REQUEST], "Operations": [*operations], **attributes})
    assert answer.status == 200, answer.content
    assert answer.json.keys() == {"schemas", "Operations"}
    assert answer.json["schemas"] == [BULK_RESPONSE]
    results: list[JsonObject] = answer.json["Operations"]
    return results


def statuses(results: Iterable[JsonObject]) -> list[str]:
    return [result["status"] for result in results]


def identifier(result: JsonObject) -> str:
    return str(result["location"]).rpartition("/")[2]


async def read(client: Client, result: JsonObject) -> Any:  # noqa: ANN401 (JSON)
    """The resource that a result leads to."""
    assert result["location"].startswith(BASE_URL)
    answer = await client.get(result["location"].removeprefix(BASE_URL))
    assert answer.status == 200, answer.content
    return answer.json


async def members(client: Client, result: JsonObject) -> set[str]:
    return {member["value"] for member in (await read(client, result)).get("members", [])}


async def manager(client: Client, result: JsonObject) -> str:
    found: str = (await read(client, result))[ENTERPRISE]["manager"]["value"]
    return found


async def names(client: Client) -> set[str]:
    """The names of all resources."""
    found = await client.send("POST", "/.search", {"schemas": ["urn:ietf:params:scim:api:messages:2.0:SearchRequest"]})
    return {resource.get("userName") or resource["displayName"] for resource in found.json["Resources"]}


# Results


async def test_every_verb_has_its_result_in_the_order_of_the_request(client: Client) -> None:
    ann, bob, eve = [await client.user(name) for name in ("ann", "bob", "eve")]
    results = await send(
        client,
        user("new"),
        {"method": "put", "path": f"/Users/{ann['id']}", "data": {"schemas": [USER], "userName": "anna"}},
        patch(f"/Users/{bob['id']}", {"op": "add", "path": "title", "value": "Boss"}, bulkId="b"),
        delete(f"/Users/{eve['id']}"),
    )
    created, replaced, patched, deleted = results
    assert statuses(results) == ["201", "200", "200", "204"]
    assert [result["method"] for result in results] == ["POST", "PUT", "PATCH", "DELETE"]
    assert [result.get("bulkId") for result in results] == ["new", None, "b", None]
    assert [result.keys() - {"method", "bulkId", "status"} for result in results] == [
        *[{"location", "version"}] * 3,
        {"location"},
    ]
    assert [(await read(client, result))["meta"]["version"] for result in results[:3]] == [
        result["version"] for result in results[:3]
    ]
    assert (await read(client, created))["userName"] == "new"
    assert ((await read(client, replaced))["userName"], (await read(client, patched))["title"]) == ("anna", "Boss")
    assert deleted["location"] == f"{BASE_URL}/Users/{eve['id']}"
    assert (await client.get(f"/Users/{eve['id']}")).status == 404


async def test_each_operation_fails_as_its_request_would(client: Client) -> None:
    ann = await client.user("ann")
    url = f"{BASE_URL}/Users/{NOBODY}"
    sent: list[tuple[JsonObject, str, str | None, str | None]] = [
        (user("ANN"), "409", "uniqueness", None),
        (user("x", active={}), "400", "invalidValue", None),
        (user("y") | {"data": 7}, "400", "invalidSyntax", None),
        (user("z") | {"data": None}, "400", "invalidSyntax", None),
        (group("g", NOBODY), "400", "invalidValue", None),
        ({"method": "PUT", "path": f"/Users/{NOBODY}", "data": user("x")["data"]}, "404", None, url),
        (patch(f"/Users/{NOBODY}", {"op": "remove", "path": "title"}), "404", None, url),
        (patch(f"/Users/{ann['id']}", {"op": "remove", "path": "x["}), "400", None, ann["meta"]["location"]),
        (delete(f"/Users/{NOBODY}"), "404", None, url),
        (delete("/Users/a%20b%2F%C3%A4"), "404", None, f"{BASE_URL}/Users/a%20b%2F%C3%A4"),
        (delete("/Users"), "405", None, None),
        ({"method": "GET", "path": f"/Users/{ann['id']}"}, "405", None, ann["meta"]["location"]),
        (delete("/Nothing/1"), "404", None, None),
        (delete(f"/Users/{ann['id']}?x=y"), "400", "invalidPath", None),
    ]
    results = await send(client, *(operation for operation, *_ in sent))
    for result, (operation, status, scim_type, location) in zip(results, sent, strict=True):
        assert (result["status"], result["response"]["status"]) == (status, status), operation
        assert result["response"]["schemas"] == ["urn:ietf:params:scim:api:messages:2.0:Error"]
        assert result["response"]["detail"]
        assert scim_type is None or result["response"]["scimType"] == scim_type, operation
        assert result.get("location") == location, operation
        assert "version" not in result
    assert await names(client) == {"ann"}


async def test_an_error_changes_nothing_for_the_others(client: Client) -> None:
    results = await send(client, user("ann"), user("ANN") | {"bulkId": "x"}, group("g", "bulkId:ann"), user("bob"))
    assert statuses(results) == ["201", "409", "201", "201"]
    assert await names(client) == {"ann", "bob", "g"}


async def test_an_operation_is_done_only_on_the_version_it_names(client: Client) -> None:
    ann = await client.user("ann")
    title = {"op": "add", "path": "title", "value": "Boss"}
    path, old = f"/Users/{ann['id']}", ann["meta"]["version"]
    (first,) = await send(client, patch(path, title, version=old))
    assert first["status"] == "200"
    stale = await send(
        client,
        patch(path, {"op": "remove", "path": "title"}, version=old),
        {"method": "PUT", "path": path, "data": user("anna")["data"], "version": old},
        delete(path, version=old),
    )
    assert statuses(stale) == ["412"] * 3
    assert (await read(client, first))["title"] == "Boss"
    assert statuses(await send(client, delete(path, version=""))) == ["400"], "none is not any"
    assert statuses(await send(client, delete(path, version=first["version"]))) == ["204"]


# The order of operations, and failures


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


async def test_the_data_of_a_delete_mean_nothing(client: Client) -> None:
    results = await send(
        client,
        group("g"),
        delete("/Groups/bulkId:g", data=group("h", "bulkId:nobody")["data"]),
        delete(f"/Groups/{NOBODY}", data={"members": [{"value": "bulkId:g"}]}),
    )
    assert statuses(results) == ["201", "204", "404"]


async def test_names_become_free_in_the_order_of_the_request(client: Client) -> None:
    ann = await client.user("ann")
    results = await send(
        client,
        group("g", "bulkId:a2"),
        delete(f"/Users/{ann['id']}"),
        user("ann") | {"bulkId": "a2"},
        patch("/Users/bulkId:a2", {"op": "replace", "path": "userName", "value": "bea"}),
        user("ann") | {"bulkId": "a3"},
        user("ANN") | {"bulkId": "a4"},
    )
    assert statuses(results) == ["201", "204", "201", "200", "201", "409"]
    assert await names(client) == {"g", "bea", "ann"}


@pytest.mark.parametrize(("limit", "done"), [(1, 2), (2, 4), (3, 5), (4, 6), (None, 6), (0, 6)])
async def test_so_many_errors_end_the_request_and_what_was_done_stays(
    client: Client, limit: int | None, done: int
) -> None:
    await client.user("ann")
    sent = [user("bob"), user("ann"), user("eve"), delete(f"/Users/{NOBODY}"), delete("/Users"), user("zoe")]
    results = await send(client, *sent, failOnErrors=limit)
    assert statuses(results) == ["201", "409", "201", "404", "405", "201"][:done]
    assert await names(client) == {"ann", "bob", *(["eve"] if done > 2 else []), *(["zoe"] if done > 5 else [])}


async def test_what_waits_beyond_the_last_error_is_not_in_the_answer(client: Client) -> None:
    results = await send(client, group("g", "bulkId:ann"), delete("/Users"), user("ann"), failOnErrors=1)
    assert [(result["method"], result["status"]) for result in results] == [("DELETE", "405")]
    assert await names(client) == set()


async def test_operations_after_too_long_a_time_are_for_another_request(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bulk, "PATIENCE", -1.0)
    results = await send(client, user("ann"), user("bob", "bulkId:ann"))
    assert statuses(results) == ["503", "503"]
    assert await names(client) == set()


# Circles


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


# Large operations, other types, and dry runs


async def test_what_takes_several_transactions_alone_takes_them_in_a_bulk_request(client: Client) -> None:
    ann = await client.user("ann")
    for n in range(120):
        await client.group(f"g{n}", ann["id"])
    results = await send(client, user("bob"), delete(f"/Users/{ann['id']}"), user("ann"), patch("/Users/bulkId:ann"))
    assert statuses(results[:3]) == ["201", "204", "201"]
    assert (await client.get(f"/Users/{ann['id']}")).status == 404
    assert not [group for group in (await client.get("/Groups?count=200")).json["Resources"] if "members" in group]


async def test_what_takes_more_than_a_transaction_is_done_in_its_turn(client: Client) -> None:
    users = [user(f"u{n}") for n in range(150)]
    crowd = group("crowd", *(f"bulkId:u{n}" for n in range(150)))
    results = await send(client, *users, crowd, group("g", "bulkId:u0", "bulkId:u149"), group("h", "bulkId:crowd"))
    assert statuses(results) == ["201"] * 153


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


async def test_memberships_are_resources_like_any_other() -> None:
    client = await connected(Client, new_app(), group_memberships="on")
    urn = "urn:ietf:params:scim:schemas:core:2.0:GroupMembership"
    data = {"schemas": [urn], "group": {"value": "bulkId:g"}, "member": {"value": "bulkId:ann"}}
    membership = {"method": "POST", "path": "/GroupMemberships", "bulkId": "m", "data": data}
    sent = [membership, user("ann"), group("g"), membership | {"bulkId": "again"}]
    results = await send(client, *sent)
    assert statuses(results) == ["201", "201", "201", "409"]
    assert await members(client, results[2]) == {identifier(results[1])}
    assert (await read(client, results[0]))["member"]["value"] == identifier(results[1])
    gone = await send(client, delete(f"/GroupMemberships/{identifier(results[0])}"))
    assert statuses(gone) == ["204"]
    assert await members(client, results[2]) == set()
    both = await send(client, membership, user("bob"), group("h"), delete("/GroupMemberships/bulkId:m"))
    assert statuses(both) == ["400", "201", "201", "409"]


async def test_a_circle_of_what_is_required_cannot_be_opened(keeper: Client) -> None:
    results = await send(keeper, device("a", "bulkId:b"), device("b", "bulkId:a"), user("ann"))
    assert statuses(results) == ["409", "409", "201"]
    assert "required" in results[0]["response"]["detail"]
    assert (await keeper.get("/Devices")).json["totalResults"] == 0


async def test_a_dry_run_is_answered_as_the_real_one_and_writes_nothing(client: Client) -> None:
    ann = await client.user("ann")
    sent = [
        group("g", "bulkId:bob", "bulkId:h"),
        user("bob", ann["id"]),
        group("h", "bulkId:g"),
        user("ANN") | {"bulkId": "x"},
        group("i", "bulkId:x"),
        patch("/Groups/bulkId:h", adding("bulkId:bob")),
        delete(f"/Users/{ann['id']}"),
        user("ann") | {"bulkId": "y"},
        *(user(name, f"bulkId:{other}") for name, other in (("p", "q"), ("q", "r"), ("r", "p"))),
    ]
    sent[-1]["data"]["userName"] = "bob"
    body = {"schemas": [BULK_REQUEST], "Operations": sent}
    dry = await client.send("POST", "/Bulk", body, prefer="dry-run")
    assert (dry.status, dry.headers["Preference-Applied"]) == (200, "dry-run")
    assert await names(client) == {"ann"}
    real = await send(client, *sent)
    expected = ["201", "201", "201", "409", "409", "204", "204", "201", "409", "409", "409"]
    assert statuses(dry.json["Operations"]) == statuses(real) == expected
    assert [result.keys() for result in dry.json["Operations"]] == [result.keys() for result in real]
    assert await names(client) == {"g", "bob", "h", "ann"}


# Operations that are decided more than once


class Scripted(MemoryTables):
    """A storage account in memory, on the way to which transactions meet what a script says."""

    def __init__(self, calm: MemoryTables, *fates: Fate) -> None:
        self._calm = calm
        self._fates = fates

    def rows(self, table: str, partition: str) -> Rows:
        """A partition with the whole script before it."""
        return ScriptedRows(self._calm.rows(table, partition), *self._fates)


@pytest.mark.parametrize("fate", ["request lost", "answer lost", "comes late", "refused without a place"])
async def test_what_comes_late_is_told_as_it_came(fate: Fate) -> None:
    tables = MemoryTables()
    client = await new_client("rfc", tables)
    ann, bob = await client.user("ann"), await client.user("bob")
    unlucky = replace(client, app=new_app(Scripted(tables, fate)))
    title = {"op": "add", "path": "title", "value": "Boss"}
    results = await send(
        unlucky, delete(f"/Users/{ann['id']}", bulkId="a"), patch(f"/Users/{bob['id']}", title), user("eve", "bulkId:a")
    )
    assert statuses(results) == ["204", "200", "201"]
    assert (await read(client, results[1]))["title"] == "Boss"
    assert await names(client) == {"bob", "eve"}


async def test_what_stood_against_an_operation_when_it_was_first_decided_is_forgotten(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    ann = await client.user("ann")
    empty = client.app.providers.directory((await client.as_other("fabrikam")).provider)
    write_each = Directory.write_each

    async def again(self: Directory, wanted: Sequence[Act]) -> AsyncIterator[Written | ScimError]:
        assert [type(outcome) async for outcome in empty.try_each(wanted)] == [NotFound, Conflict, Conflict]
        async for outcome in write_each(self, wanted):
            yield outcome

    monkeypatch.setattr(Directory, "write_each", again)
    title = {"op": "add", "path": "title", "value": "Boss"}
    sent = [patch(f"/Users/{ann['id']}", title, bulkId="a"), user("bob", "bulkId:a"), group("g", "bulkId:bob")]
    results = await send(client, *sent)
    assert statuses(results) == ["200", "201", "201"]
    assert await members(client, results[2]) == {identifier(results[1])}


async def test_requests_at_the_same_time_do_not_mix(client: Client) -> None:
    sent = [
        [group(f"g{n}", *(f"bulkId:u{n}.{m}" for m in range(30))), *(user(f"u{n}.{m}") for m in range(30))]
        for n in range(4)
    ]
    answers = await asyncio.gather(*(send(client, *operations, user("same") | {"bulkId": "x"}) for operations in sent))
    assert sorted(results[-1]["status"] for results in answers) == ["201", "409", "409", "409"]
    for results in answers:
        assert statuses(results[:-1]) == ["201"] * 31
        assert await members(client, results[0]) == {identifier(result) for result in results[1:-1]}


# The request as a whole


@pytest.mark.parametrize(
    ("body", "status", "detail"),
    [
        ([], 400, "The body must be a JSON object: a BulkRequest."),
        ({"schemas": [BULK_REQUEST], "Operations": {}}, 400, "Operations must be an array of operations."),
        ({"schemas": [BULK_REQUEST], "Operations": [{}]}, 400, "Operations[0].method is missing"),
        ({"schemas": [BULK_REQUEST], "Operations": [user("a"), user("a")]}, 400, "Operations[1].bulkId"),
        ({"schemas": [BULK_REQUEST], "Operations": [user("a") | {"bulkId": None}]}, 400, "Operations[0].bulkId"),
        ({"schemas": [BULK_REQUEST], "Operations": [{}] * 1_001}, 413, "maxOperations is 1,000"),
    ],
)
async def test_a_request_that_is_no_bulk_request_is_refused_whole(
    client: Client, body: Json, status: int, detail: str
) -> None:
    answer = await client.post("/Bulk", body)
    assert answer.error == (status, "invalidSyntax" if status == 400 else None)
    assert detail in answer.json["detail"]
    assert await names(client) == set()


async def test_the_limits_are_announced_and_named(client: Client) -> None:
    small = await new_client("rfc", operations_max=1, group_body_max=10_000)
    assert (await small.get("/ServiceProviderConfig")).json["bulk"] == {
        "supported": True,
        "maxOperations": 1,
        "maxPayloadSize": 10_000,
    }
    many = await small.post("/Bulk", {"schemas": [BULK_REQUEST], "Operations": [user("a"), user("b")]})
    assert (many.status, many.json["detail"]) == (413, "Operations has 2 entries; maxOperations is 1.")
    large = await small.send("POST", "/Bulk", content=b" " * 10_001)
    assert (large.status, large.json["detail"]) == (413, "The body has 10001 bytes; maxPayloadSize is 10000.")
    config = (await client.get("/ServiceProviderConfig")).json["bulk"]
    assert config == {"supported": True, "maxOperations": 1_000, "maxPayloadSize": 24_000_000}


async def test_a_profile_may_let_a_request_be_empty_or_without_schemas() -> None:
    strict, entra = await new_client("rfc"), await new_client("entra")
    bodies: list[JsonObject] = [
        {"Operations": []},
        {"schemas": [BULK_REQUEST], "Operations": []},
        {"Operations": [user("ann")]},
    ]
    for body in bodies:
        assert (await strict.post("/Bulk", body)).error == (400, "invalidSyntax")
        with lines_of_the_service() as lines:
            assert (await entra.post("/Bulk", body)).status == 200
        assert lines[-1]["quirks"]


async def test_a_request_is_one_line_in_the_log_with_the_quirks_of_all_operations(client: Client) -> None:
    with lines_of_the_service() as lines:
        await send(
            client,
            user("ann", nosuch=1),
            user("bob", password="secret-1"),
            patch("/Users/bulkId:ann", {"op": "add", "value": {"x": 1}}),
        )
    (line,) = lines
    assert (line["endpoint"], line["status"], line["method"]) == ("/Bulk", 200, "POST")
    assert line["quirks"] == ["password_dropped", "unknown_attribute"]


async def test_a_token_that_may_only_read_may_not_send_bulk(client: Client) -> None:
    reader = await client.with_scope("read")
    answer = await reader.post("/Bulk", {"schemas": [BULK_REQUEST], "Operations": [user("ann")]})
    assert answer.error == (403, None)


async def test_each_operation_has_its_own_change_record(client: Client) -> None:
    await send(client, user("ann"), group("g", "bulkId:ann"), delete(f"/Users/{NOBODY}"), delete("/Users/bulkId:ann"))
    directory = client.app.providers.directory(client.provider)
    changes = [(change.kind, change.type) async for change in directory.changes()]
    assert changes[-3:] == [("create", "User"), ("create", "Group"), ("delete", "User")]


async def test_a_thousand_operations_fit_into_one_request(client: Client) -> None:
    users = [user(f"user{n}", f"bulkId:user{n + 1}" if n % 99 < 98 else None) for n in range(990)]
    groups = [group(f"g{n}", *(f"bulkId:user{m}" for m in range(n, 990, 99))) for n in range(10)]
    results = await send(client, *groups, *users)
    assert statuses(results) == ["201"] * 1_000
    assert await manager(client, results[10]) == identifier(results[11])
    assert await members(client, results[9]) == {identifier(results[10 + n]) for n in range(9, 990, 99)}
