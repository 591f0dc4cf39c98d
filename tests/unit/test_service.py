"""The verbs of RFC 7644 on a directory, as a client sees them."""

from typing import Any

import pytest

from tests.client import ENTERPRISE, GROUP, ORIGIN, PROFILE_NAMES, USER, Client, new_client

NOBODY = "01990000-0000-7000-8000-000000000000"


@pytest.fixture(params=PROFILE_NAMES)
async def client(request: pytest.FixtureRequest) -> Client:
    return await new_client(request.param)


def members(*ids: str) -> list[dict[str, str]]:
    return [{"value": identifier} for identifier in ids]


async def ids_of(client: Client, group: dict[str, Any]) -> set[str]:
    shown = (await client.get(f"/Groups/{group['id']}")).json
    return {member["value"] for member in shown.get("members", [])}


# Representation


async def test_a_resource_is_shown_with_its_schemas_and_meta_and_without_what_is_empty(client: Client) -> None:
    user = await client.user(
        "Ann", emails=[{"value": "a@x.example", "primary": True}], phoneNumbers=[], title=None, password="secret-1"
    )
    identifier = user["id"]
    meta = user.pop("meta")
    assert user == {
        "schemas": [USER],
        "id": identifier,
        "userName": "Ann",
        "emails": [{"value": "a@x.example", "primary": True}],
    }
    assert meta["resourceType"] == "User"
    assert meta["location"] == f"{ORIGIN}/scim/contoso/v2/Users/{identifier}"
    assert meta["created"] == meta["lastModified"]
    assert meta["created"].endswith("Z")
    assert meta["version"].startswith('W/"')


async def test_a_group_is_shown_with_members_and_a_user_with_its_groups(client: Client) -> None:
    ann = await client.user("ann")
    inner = await client.group("Inner")
    outer = await client.group("Outer", ann["id"], inner["id"])
    base = f"{ORIGIN}/scim/contoso/v2"
    assert sorted(outer["members"], key=lambda member: str(member["type"])) == [
        {"value": inner["id"], "type": "Group", "$ref": f"{base}/Groups/{inner['id']}"},
        {"value": ann["id"], "type": "User", "$ref": f"{base}/Users/{ann['id']}"},
    ]
    shown = (await client.get(f"/Users/{ann['id']}")).json
    assert shown["groups"] == [{"value": outer["id"], "type": "direct", "$ref": f"{base}/Groups/{outer['id']}"}]


async def test_an_inactive_user_is_shown_found_and_stays_a_member(client: Client) -> None:
    ann = await client.user("ann", active=True)
    group = await client.group("Staff", ann["id"])
    disabled = await client.patch(f"/Users/{ann['id']}", {"op": "replace", "path": "active", "value": False})
    assert disabled.json["active"] is False
    assert (await client.get("/Users?filter=userName+eq+%22ANN%22")).json["Resources"][0]["active"] is False
    assert (await client.get("/Users")).ids == [ann["id"]]
    assert await ids_of(client, group) == {ann["id"]}


async def test_the_version_moves_with_what_is_shown_and_lastModified_with_own_attributes(client: Client) -> None:  # noqa: N802 (the attribute's name)
    ann = await client.user("ann")
    path = f"/Users/{ann['id']}"
    same = await client.patch(path, {"op": "replace", "path": "userName", "value": "ann"})
    assert same.json == ann
    group = await client.group("Staff", ann["id"])
    joined = (await client.get(path)).json
    assert joined["meta"]["version"] > ann["meta"]["version"]
    assert joined["meta"]["lastModified"] == ann["meta"]["lastModified"]
    renamed = (await client.patch(path, {"op": "replace", "path": "title", "value": "Boss"})).json
    assert renamed["meta"]["version"] > joined["meta"]["version"]
    assert (await client.get(f"/Groups/{group['id']}")).json == group
    await client.delete(f"/Groups/{group['id']}")
    left = (await client.get(path)).json
    assert "groups" not in left
    assert left["meta"]["version"] > renamed["meta"]["version"]


# Create and replace


async def test_a_name_is_taken_whatever_its_case_and_free_again_once_deleted(client: Client) -> None:
    ann = await client.user("Ann@Example.com")
    for name in ("ann@example.com", "ANN@EXAMPLE.COM", " Ann@example.com "):
        answer = await client.post("/Users", {"schemas": [USER], "userName": name})
        assert answer.error == (409, "uniqueness")
        assert "userName" in answer.json["detail"]
        assert "ann" not in answer.json["detail"].lower()
    await client.delete(f"/Users/{ann['id']}")
    await client.user("ann@example.com")


async def test_a_rename_takes_a_name_and_frees_another(client: Client) -> None:
    ann, bob = await client.user("ann"), await client.user("bob")
    rename = {"op": "replace", "path": "userName", "value": "BOB"}
    assert (await client.patch(f"/Users/{ann['id']}", rename)).error == (409, "uniqueness")
    assert (await client.patch(f"/Users/{bob['id']}", rename)).json["userName"] == "BOB"
    assert (await client.put(f"/Users/{bob['id']}", {"schemas": [USER], "userName": "eve"})).status == 200
    assert (await client.patch(f"/Users/{ann['id']}", rename)).json["userName"] == "BOB"
    assert (await client.get("/Users?filter=userName+eq+%22bob%22")).ids == [ann["id"]]
    assert (await client.get("/Users?filter=userName+eq+%22ann%22")).ids == []


async def test_a_put_replaces_everything_but_keeps_the_id_and_creation(client: Client) -> None:
    ann = await client.user("ann", title="Boss", **{ENTERPRISE: {"department": "IT"}})
    body = {"schemas": [USER], "userName": "ann", "nickName": "A", "id": NOBODY, "meta": {"created": "x"}}
    replaced = (await client.put(f"/Users/{ann['id']}", body)).json
    assert replaced.keys() == {"schemas", "id", "userName", "nickName", "meta"}
    assert (replaced["id"], replaced["meta"]["created"]) == (ann["id"], ann["meta"]["created"])
    assert (await client.put(f"/Users/{NOBODY}", body)).error == (404, None)


async def test_a_put_sets_a_groups_members_exactly(client: Client) -> None:
    ann, bob, eve = [await client.user(name) for name in ("ann", "bob", "eve")]
    group = await client.group("Staff", ann["id"], bob["id"])
    body = {"schemas": [GROUP], "displayName": "Staff", "members": members(bob["id"], eve["id"])}
    assert (await client.put(f"/Groups/{group['id']}", body)).status == 200
    assert await ids_of(client, group) == {bob["id"], eve["id"]}
    assert (await client.put(f"/Groups/{group['id']}", {"schemas": [GROUP], "displayName": "Staff"})).status == 200
    assert await ids_of(client, group) == set()


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ({"schemas": [USER]}, (400, "invalidValue")),
        ({"schemas": [USER], "userName": " "}, (400, "invalidValue")),
        ({"schemas": [USER], "userName": 5}, (400, "invalidValue")),
        ({"schemas": [USER], "userName": "a", "active": "perhaps"}, (400, "invalidValue")),
        ({"schemas": [USER], "userName": "a", "emails": "x"}, (400, "invalidValue")),
        ({"schemas": [USER], "userName": "a", "USERNAME": "b"}, (400, "invalidSyntax")),
        ({"schemas": [USER], "userName": "a", "__class__": 1}, (400, "invalidSyntax")),
        ({"schemas": "x", "userName": "a"}, (400, "invalidSyntax")),
    ],
)
async def test_a_body_that_is_no_user_is_refused_and_says_why(body: dict[str, Any], error: tuple[int, str]) -> None:
    client = await new_client("rfc")
    assert (await client.post("/Users", body)).error == error
    assert (await client.get("/Users")).ids == []


# Modify


@pytest.mark.parametrize(
    ("operation", "scim_type"),
    [
        ({"op": "move", "path": "title"}, "invalidSyntax"),
        ({"path": "title", "value": "x"}, "invalidSyntax"),
        ({"op": "remove", "path": "emails["}, "invalidFilter"),
        ({"op": "remove", "path": "title x"}, "invalidPath"),
        ({"op": "replace", "path": "nosuch", "value": "x"}, "invalidPath"),
        ({"op": "remove"}, "noTarget"),
        ({"op": "replace", "path": "id", "value": NOBODY}, "mutability"),
        ({"op": "remove", "path": "userName"}, "mutability"),
        ({"op": "replace", "path": "active", "value": {"a": 1}}, "invalidValue"),
        ({"op": "replace", "path": "emails", "value": 7}, "invalidValue"),
    ],
)
async def test_an_operation_that_cannot_be_done_refuses_the_whole_patch(
    client: Client, operation: dict[str, Any], scim_type: str
) -> None:
    ann = await client.user("ann", title="Boss")
    first = {"op": "replace", "path": "title", "value": "Chief"}
    if operation.get("path") != "nosuch":
        answer = await client.patch(f"/Users/{ann['id']}", first, operation)
        assert answer.error == (400, scim_type)
    assert (await client.patch(f"/Users/{ann['id']}", operation)).error == (400, scim_type)
    assert (await client.get(f"/Users/{ann['id']}")).json == ann


async def test_a_members_patch_changes_just_those_it_names(client: Client) -> None:
    users = [await client.user(f"user{number}") for number in range(4)]
    a, b, c, d = [user["id"] for user in users]
    group = await client.group("Staff", a, b)
    path = f"/Groups/{group['id']}"
    assert (await client.patch(path, {"op": "add", "path": "members", "value": members(b, c)})).status == 204
    assert await ids_of(client, group) == {a, b, c}
    assert (await client.patch(path, {"op": "remove", "path": f'members[value eq "{a}"]'})).status == 204
    assert await ids_of(client, group) == {b, c}
    both: list[dict[str, Any]] = [
        {"op": "add", "path": "members", "value": members(d)},
        {"op": "remove", "path": f'members[value eq "{b}"]'},
    ]
    assert (await client.patch(path, *both)).status == 204
    assert await ids_of(client, group) == {c, d}
    assert (await client.patch(path, {"op": "replace", "value": {"displayName": "Crew"}})).status == 204
    assert await ids_of(client, group) == {c, d}
    assert (await client.patch(path, {"op": "remove", "path": "members"})).status == 204
    assert await ids_of(client, group) == set()


async def test_members_selected_by_more_than_their_id_are_found_among_those_there_are(client: Client) -> None:
    ann, inner = await client.user("ann"), await client.group("Inner")
    group = await client.group("Outer", ann["id"], inner["id"])
    remove = {"op": "remove", "path": 'members[type eq "Group"]'}
    assert (await client.patch(f"/Groups/{group['id']}", remove)).status == 204
    assert await ids_of(client, group) == {ann["id"]}


async def test_members_that_do_not_exist_are_named(client: Client) -> None:
    answer = await client.post("/Groups", {"schemas": [GROUP], "displayName": "A", "members": members(NOBODY, "x")})
    assert answer.error == (400, "invalidValue")
    assert NOBODY in answer.json["detail"]
    assert (await client.get("/Groups")).ids == []


async def test_deleting_takes_a_resource_out_of_every_group(client: Client) -> None:
    ann, inner = await client.user("ann"), await client.group("Inner")
    group = await client.group("Outer", ann["id"], inner["id"])
    assert (await client.delete(f"/Users/{ann['id']}")).status == 204
    assert (await client.delete(f"/Groups/{inner['id']}")).status == 204
    assert await ids_of(client, group) == set()


async def test_a_group_has_more_members_than_a_transaction_holds(client: Client) -> None:
    ids = [(await client.user(f"u{number}"))["id"] for number in range(210)]
    big = await client.post("/Groups", {"schemas": [GROUP], "displayName": "Big", "members": members(*ids[:120])})
    assert (big.status, len(big.json["members"])) == (201, 120)
    url = f"/Groups/{big.json['id']}"
    added = await client.patch(url, {"op": "add", "path": "members", "value": members(*ids[100:])})
    assert added.status in {200, 204}
    assert {each["value"] for each in (await client.get(url)).json["members"]} == set(ids)
    put = await client.put(url, {"schemas": [GROUP], "displayName": "Big", "members": members(*ids[:5])})
    assert (put.status, len(put.json["members"])) == (200, 5)
    assert [each["value"] for each in (await client.get(f"/Users/{ids[0]}")).json["groups"]] == [big.json["id"]]
    assert "groups" not in (await client.get(f"/Users/{ids[209]}")).json
