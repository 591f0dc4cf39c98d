"""Memberships as resources of their own: created, retrieved, replaced, modified and deleted, and what is left."""

import pytest

from tests.client import GROUP, PATCH_OP, Client, connected, new_app

MEMBERSHIP = "urn:ietf:params:scim:schemas:core:2.0:GroupMembership"
NOBODY = "00000000-0000-7000-8000-000000000000"


def body(group: object, member: object, **more: object) -> dict[str, object]:
    """The body that creates a membership."""
    return {"schemas": [MEMBERSHIP], "group": {"value": group}, "member": {"value": member}, **more}


@pytest.fixture(params=["rfc", "entra"])
async def client(request: pytest.FixtureRequest) -> Client:
    """The client of a provider that serves memberships, under each profile."""
    return await connected(Client, new_app(), profile=request.param, group_memberships="on")


@pytest.fixture
async def strict() -> Client:
    """The same under the profile of the standard."""
    return await connected(Client, new_app(), profile="rfc", group_memberships="on")


async def members(client: Client, group: str) -> list[str]:
    return [member["value"] for member in (await client.get(f"/Groups/{group}")).json.get("members", [])]


async def groups(client: Client, user: str) -> list[str]:
    return [group["value"] for group in (await client.get(f"/Users/{user}")).json.get("groups", [])]


# What there is


async def test_without_the_switch_there_are_no_memberships() -> None:
    client = await connected(Client, new_app(), profile="rfc")
    ann = (await client.user("ann"))["id"]
    group = (await client.group("Staff", ann))["id"]
    for method, path in (
        ("GET", "/GroupMemberships"),
        ("POST", "/GroupMemberships"),
        ("POST", "/GroupMemberships/.search"),
        ("GET", f"/GroupMemberships/{group}.{ann}"),
        ("DELETE", f"/GroupMemberships/{group}.{ann}"),
    ):
        answer = await client.send(method, path, body(group, ann) if method == "POST" else None)
        assert answer.error == (404, None)
        assert "/Users, /Groups." in answer.json["detail"]
    assert [kind["id"] for kind in (await client.get("/ResourceTypes")).json["Resources"]] == ["User", "Group"]
    assert MEMBERSHIP not in (await client.get("/Schemas")).ids


async def test_discovery_tells_of_memberships_and_that_they_are_experimental(client: Client) -> None:
    listed = (await client.get("/ResourceTypes")).json["Resources"]
    assert [kind["id"] for kind in listed] == ["User", "Group", "GroupMembership"]
    kind = (await client.get("/ResourceTypes/GroupMembership")).json
    assert (kind["endpoint"], kind["schema"]) == ("/GroupMemberships", MEMBERSHIP)
    assert "Experimental" in kind["description"]
    schema = (await client.get(f"/Schemas/{MEMBERSHIP}")).json
    assert {each["name"]: each["mutability"] for each in schema["attributes"]} == dict.fromkeys(
        ["group", "member"], "immutable"
    )
    assert "Experimental" in schema["description"]
    assert MEMBERSHIP in (await client.get("/Schemas")).ids


# Create


async def test_a_membership_is_created_by_its_two_ids(client: Client) -> None:
    ann = (await client.user("ann"))["id"]
    group = (await client.group("Staff"))["id"]
    answer = await client.post("/GroupMemberships", body(group, ann))
    base = f"https://scim.example/scim/{client.provider.name}/v2"
    assert answer.status == 201
    assert answer.json == {
        "schemas": [MEMBERSHIP],
        "id": f"{group}.{ann}",
        "group": {"value": group, "$ref": f"{base}/Groups/{group}"},
        "member": {"value": ann, "type": "User", "$ref": f"{base}/Users/{ann}"},
        "meta": {
            "resourceType": "GroupMembership",
            "location": f"{base}/GroupMemberships/{group}.{ann}",
            "version": answer.headers["ETag"],
        },
    }
    assert answer.headers["Location"] == answer.json["meta"]["location"]
    assert (await client.get(f"/GroupMemberships/{group}.{ann}")).json == answer.json
    assert await members(client, group) == [ann]
    assert await groups(client, ann) == [group]


async def test_a_group_can_be_the_member(client: Client) -> None:
    inner, outer = (await client.group("Inner"))["id"], (await client.group("Outer"))["id"]
    answer = await client.post("/GroupMemberships", body(outer, inner))
    assert (answer.status, answer.json["member"]["type"]) == (201, "Group")
    assert answer.json["member"]["$ref"].endswith(f"/Groups/{inner}")
    assert await members(client, outer) == [inner]


async def test_what_is_read_only_in_the_body_is_ignored(client: Client) -> None:
    ann = (await client.user("ann"))["id"]
    group = (await client.group("Staff"))["id"]
    given = body(group, ann, id="mine", meta={"resourceType": "User"})
    given["member"] = {"value": ann, "type": "Group", "$ref": "https://elsewhere.example/Users/1"}
    answer = await client.post("/GroupMemberships", given)
    assert (answer.status, answer.json["id"], answer.json["member"]["type"]) == (201, f"{group}.{ann}", "User")


async def test_creating_moves_the_group_and_is_recorded_as_its_change(client: Client) -> None:
    ann = (await client.user("ann"))["id"]
    group = (await client.group("Staff"))["id"]
    before, user = (await client.get(f"/Groups/{group}")).json["meta"], (await client.get(f"/Users/{ann}")).json["meta"]
    await client.post("/GroupMemberships", body(group, ann))
    after = (await client.get(f"/Groups/{group}")).json["meta"]
    assert after["version"] != before["version"]
    assert (await client.get(f"/Users/{ann}")).json["meta"]["version"] == after["version"] != user["version"]
    directory = client.app.providers.directory(client.provider)
    change = [change async for change in directory.changes()][-1]
    assert (change.kind, change.type, change.id, change.values) == (
        "modify",
        "Group",
        group,
        {"members": {"added": [ann]}},
    )
    assert change.origin.credential in client.token


@pytest.mark.parametrize("size", [1, 200])
async def test_creating_what_is_there_is_a_conflict_and_changes_nothing(client: Client, size: int) -> None:
    ids = [(await client.user(f"user{number}"))["id"] for number in range(size)]
    group = (await client.group("Staff"))["id"]
    for start in range(0, size, 40):
        linked = [{"value": each} for each in ids[start : start + 40]]
        await client.patch(f"/Groups/{group}", {"op": "add", "path": "members", "value": linked})
    before = (await client.get(f"/Groups/{group}?excludedAttributes=members")).json
    directory = client.app.providers.directory(client.provider)
    changes = len([change async for change in directory.changes()])
    answer = await client.post("/GroupMemberships", body(group, ids[-1], colour="green"))
    assert answer.error == (409, "uniqueness")
    assert ids[-1] in answer.json["detail"]
    assert (await client.get(f"/Groups/{group}?excludedAttributes=members")).json == before
    assert len([change async for change in directory.changes()]) == changes


@pytest.mark.parametrize("identifier", [NOBODY, "no id of ours", "x" * 500])
async def test_an_unknown_group_or_member_is_refused_by_the_name_of_its_attribute(
    client: Client, identifier: str
) -> None:
    ann = (await client.user("ann"))["id"]
    group = (await client.group("Staff"))["id"]
    for given, name in ((body(identifier, ann), "group.value"), (body(group, identifier), "member.value")):
        answer = await client.post("/GroupMemberships", given)
        assert answer.error == (400, "invalidValue")
        assert answer.json["detail"].startswith(f"{name}: ")
        assert len(answer.json["detail"]) < 300
    refused = await client.post("/GroupMemberships", body(ann, group))
    assert refused.error == (400, "invalidValue"), "a user is no group"


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ({"schemas": [MEMBERSHIP]}, "group"),
        ({"schemas": [MEMBERSHIP], "group": {"value": NOBODY}}, "member"),
        ({"schemas": [MEMBERSHIP], "group": {}, "member": {"value": NOBODY}}, "group"),
        ({"schemas": [MEMBERSHIP], "group": {"value": NOBODY}, "member": {"type": "User"}}, "member"),
        ({"schemas": [MEMBERSHIP], "group": {"value": 5}, "member": {"value": NOBODY}}, "group.value"),
        (body(" ", NOBODY), "group.value"),
    ],
)
async def test_a_membership_needs_its_group_and_its_member(client: Client, given: dict[str, object], name: str) -> None:
    answer = await client.post("/GroupMemberships", given)
    assert answer.error == (400, "invalidValue")
    assert answer.json["detail"].startswith(name)


async def test_the_body_must_say_what_it_is(strict: Client) -> None:
    assert (await strict.post("/GroupMemberships", {})).error == (400, "invalidSyntax")
    assert (await strict.post("/GroupMemberships", [])).error == (400, "invalidSyntax")
    other = {**body(NOBODY, NOBODY), "schemas": [GROUP]}
    assert (await strict.post("/GroupMemberships", other)).error == (400, "invalidValue")


async def test_an_unknown_attribute_is_left_out_and_recorded(client: Client) -> None:
    ann = (await client.user("ann"))["id"]
    group = (await client.group("Staff"))["id"]
    answer = await client.post("/GroupMemberships", body(group, ann, externalId="42"))
    assert answer.status == 201
    assert "externalId" not in answer.json
    directory = client.app.providers.directory(client.provider)
    change = [change async for change in directory.changes()][-1]
    assert [(note.quirk, note.attribute) for note in change.notes] == [("unknown_attribute", "externalId")]


# Retrieve


async def test_what_is_no_membership_is_not_found(client: Client) -> None:
    ann, bob = (await client.user("ann"))["id"], (await client.user("bob"))["id"]
    group = (await client.group("Staff", ann))["id"]
    absent = (f"{group}.{bob}", f"{NOBODY}.{ann}", f"{ann}.{group}", group, f"{group}.", f"{group}.{ann}.", "x")
    for identifier in (*absent, f"{group}.{ann}".upper()):
        for method in ("GET", "DELETE", "PUT", "PATCH"):
            given = {"PUT": body(group, bob), "PATCH": {"schemas": [PATCH_OP], "Operations": [ADD_NOTHING]}}.get(method)
            answer = await client.send(method, f"/GroupMemberships/{identifier}", given)
            assert answer.error == (404, None), (method, identifier)
            assert answer.json["detail"].startswith("There is no GroupMembership with the id ")


ADD_NOTHING = {"op": "add", "value": {}}


async def test_a_membership_shows_what_is_asked_for(client: Client) -> None:
    ann = (await client.user("ann"))["id"]
    group = (await client.group("Staff", ann))["id"]
    path = f"/GroupMemberships/{group}.{ann}"
    asked = (await client.get(f"{path}?attributes=member.value,group")).json
    assert asked.keys() == {"schemas", "id", "group", "member"}
    assert asked["member"] == {"value": ann}
    left = (await client.get(f"{path}?excludedAttributes=group,meta,member.$ref")).json
    assert left.keys() == {"schemas", "id", "member"}
    assert left["member"] == {"value": ann, "type": "User"}
    created = await client.send(
        "POST", "/GroupMemberships?attributes=id", body(group, (await client.user("bob"))["id"])
    )
    assert created.json.keys() == {"schemas", "id"}


async def test_one_provider_does_not_see_the_memberships_of_another(client: Client) -> None:
    ann = (await client.user("ann"))["id"]
    group = (await client.group("Staff", ann))["id"]
    other = await connected(Client, client.app, "fabrikam", "rfc", group_memberships="on")
    assert (await other.get(f"/GroupMemberships/{group}.{ann}")).status == 404
    assert (await other.get("/GroupMemberships")).json["totalResults"] == 0


# Replace and modify


async def test_a_put_of_what_is_so_is_answered_and_changes_nothing(client: Client) -> None:
    ann = (await client.user("ann"))["id"]
    group = (await client.group("Staff", ann))["id"]
    path, before = f"/GroupMemberships/{group}.{ann}", (await client.get(f"/Groups/{group}")).json
    shown = (await client.get(path)).json
    for given in (body(group, ann), shown, {**shown, "id": "other"}):
        answer = await client.put(path, given)
        assert (answer.status, answer.json) == (200, shown)
    assert (await client.get(f"/Groups/{group}")).json == before


async def test_a_membership_cannot_become_another(client: Client) -> None:
    ann, bob = (await client.user("ann"))["id"], (await client.user("bob"))["id"]
    group, other = (await client.group("Staff", ann))["id"], (await client.group("Crew"))["id"]
    path = f"/GroupMemberships/{group}.{ann}"
    for given, name in ((body(group, bob), "member"), (body(other, ann), "group")):
        answer = await client.put(path, given)
        assert answer.error == (400, "mutability")
        assert answer.json["detail"].startswith(f"{name} is immutable")
    for operation in (
        {"op": "replace", "path": "member.value", "value": bob},
        {"op": "replace", "path": "group", "value": {"value": other}},
        {"op": "replace", "value": {"member": {"value": bob}}},
        {"op": "remove", "path": "member"},
        {"op": "remove", "path": "group.value"},
        {"op": "replace", "path": "member.type", "value": "Group"},
        {"op": "replace", "path": "id", "value": "x"},
    ):
        assert (await client.patch(path, operation)).error == (400, "mutability"), operation
    assert (await client.get(path)).status == 200
    assert await members(client, group) == [ann]


async def test_a_patch_that_says_what_is_so_is_answered(client: Client) -> None:
    ann = (await client.user("ann"))["id"]
    group = (await client.group("Staff", ann))["id"]
    path = f"/GroupMemberships/{group}.{ann}"
    for operation in (
        {"op": "replace", "path": "member.value", "value": ann},
        {"op": "add", "value": {"group": {"value": group}}},
        {"op": "add", "path": "member.type", "value": "User"},
    ):
        answer = await client.patch(path, operation)
        assert (answer.status, answer.json) == (200, (await client.get(path)).json)
    assert (await client.patch(path, {"op": "add", "path": "colour", "value": "x"})).error == (400, "invalidPath")


async def test_what_a_put_had_to_leave_out_is_recorded(client: Client) -> None:
    ann = (await client.user("ann"))["id"]
    group = (await client.group("Staff", ann))["id"]
    before = (await client.get(f"/Groups/{group}")).json
    assert (await client.put(f"/GroupMemberships/{group}.{ann}", body(group, ann, colour="x"))).status == 200
    directory = client.app.providers.directory(client.provider)
    change = [change async for change in directory.changes()][-1]
    assert (change.kind, change.id, change.notes[0].attribute) == ("skipped", group, "colour")
    assert (await client.get(f"/Groups/{group}")).json == before


# Delete


async def test_a_deleted_membership_is_gone_from_both_sides(client: Client) -> None:
    ann, bob = (await client.user("ann"))["id"], (await client.user("bob"))["id"]
    group = (await client.group("Staff", ann, bob))["id"]
    path = f"/GroupMemberships/{group}.{ann}"
    answer = await client.delete(path)
    assert (answer.status, answer.content) == (204, b"")
    assert await members(client, group) == [bob]
    assert await groups(client, ann) == []
    assert (await client.get(path)).status == 404
    assert (await client.delete(path)).status == 404
    assert (await client.post("/GroupMemberships", body(group, ann))).status == 201


async def test_memberships_go_with_the_group_and_with_the_member(client: Client) -> None:
    ann, bob = (await client.user("ann"))["id"], (await client.user("bob"))["id"]
    one, two = (await client.group("one", ann, bob))["id"], (await client.group("two", ann))["id"]
    await client.delete(f"/Groups/{two}")
    assert (await client.get(f"/GroupMemberships/{two}.{ann}")).status == 404
    await client.delete(f"/Users/{ann}")
    assert (await client.get(f"/GroupMemberships/{one}.{ann}")).status == 404
    assert (await client.get("/GroupMemberships")).ids == [f"{one}.{bob}"]


# Conditions, and trying out


async def test_a_version_that_never_changes_is_a_condition_like_any_other(client: Client) -> None:
    ann = (await client.user("ann"))["id"]
    group = (await client.group("Staff", ann))["id"]
    path = f"/GroupMemberships/{group}.{ann}"
    tag = (await client.get(path)).headers["ETag"]
    await client.patch(f"/Groups/{group}", {"op": "replace", "path": "displayName", "value": "Crew"})
    assert (await client.get(path)).headers["ETag"] == tag
    assert (await client.send("GET", path, if_none_match=tag)).status == 304
    assert (await client.send("PUT", path, body(group, ann), if_match='W/"1"')).error == (412, None)
    assert (await client.send("DELETE", path, if_match='W/"1"')).error == (412, None)
    assert await members(client, group) == [ann]
    assert (await client.send("DELETE", path, if_match=tag)).status == 204


@pytest.mark.parametrize("size", [1, 200])
async def test_a_dry_run_of_a_membership_writes_nothing(client: Client, size: int) -> None:
    ids = [(await client.user(f"user{number}"))["id"] for number in range(size + 1)]
    group = (await client.group("Staff"))["id"]
    for start in range(0, size, 40):
        linked = [{"value": each} for each in ids[start : min(start + 40, size)]]
        await client.patch(f"/Groups/{group}", {"op": "add", "path": "members", "value": linked})
    before = (await client.get(f"/Groups/{group}")).json
    tried = await client.send("POST", "/GroupMemberships", body(group, ids[-1]), prefer="dry-run")
    assert (tried.status, tried.json["id"]) == (201, f"{group}.{ids[-1]}")
    assert (await client.send("POST", "/GroupMemberships", body(group, ids[0]), prefer="dry-run")).status == 409
    assert (await client.send("DELETE", f"/GroupMemberships/{group}.{ids[0]}", prefer="dry-run")).status == 204
    assert (await client.send("DELETE", f"/GroupMemberships/{group}.{ids[-1]}", prefer="dry-run")).status == 404
    assert (await client.get(f"/Groups/{group}")).json == before


# Who may


async def test_a_token_for_reading_reads_memberships_and_writes_none(client: Client) -> None:
    ann, bob = (await client.user("ann"))["id"], (await client.user("bob"))["id"]
    group = (await client.group("Staff", ann))["id"]
    reader = await client.with_scope("read")
    path = f"/GroupMemberships/{group}.{ann}"
    assert (await reader.get(path)).status == 200
    assert (await reader.get("/GroupMemberships")).ids == [f"{group}.{ann}"]
    for method, where, given in (
        ("POST", "/GroupMemberships", body(group, bob)),
        ("PUT", path, body(group, ann)),
        ("PATCH", path, {"schemas": [PATCH_OP], "Operations": [ADD_NOTHING]}),
        ("DELETE", path, None),
    ):
        assert (await reader.send(method, where, given)).error == (403, None)
    assert await members(client, group) == [ann]


async def test_other_methods_are_not_answered(client: Client) -> None:
    for method, path, allowed in (
        ("DELETE", "/GroupMemberships", "GET, POST"),
        ("POST", f"/GroupMemberships/{NOBODY}.{NOBODY}", "GET, PUT, PATCH, DELETE"),
        ("GET", "/GroupMemberships/.search", "POST"),
    ):
        answer = await client.send(method, path)
        assert (answer.error, answer.headers["Allow"]) == ((405, None), allowed)
