"""``Prefer: dry-run``: the answer of the real request, and nothing written."""

import pytest

from scim.schema import JsonObject
from tests.client import PATCH_OP, USER, Client, new_client

DRY = "dry-run"


@pytest.fixture
async def client() -> Client:
    return await new_client("entra")


async def changes(client: Client) -> int:
    return len([change async for change in client.app.providers.directory(client.provider).changes()])


def without_marks(resource: JsonObject) -> JsonObject:
    """A resource without what differs from one write to the next: its id, times and version."""
    return {name: value for name, value in resource.items() if name not in {"id", "meta"}}


async def test_a_creation_is_answered_as_the_real_one_and_not_done(client: Client) -> None:
    body = {"schemas": [USER], "userName": "ann", "active": "True", "emails": [{"type": "work", "value": "a@b.org"}]}
    dry = await client.send("POST", "/Users", body, prefer=DRY)
    assert (dry.status, dry.headers["Preference-Applied"]) == (201, DRY)
    assert dry.headers["Location"].endswith(dry.json["id"])
    assert await changes(client) == 0
    assert (await client.get(f"/Users/{dry.json['id']}")).status == 404
    real = await client.post("/Users", body)
    assert "Preference-Applied" not in real.headers
    assert without_marks(real.json) == without_marks(dry.json)


async def test_what_would_be_refused_is_refused(client: Client) -> None:
    user = await client.user("ann")
    before = await changes(client)
    taken = await client.send("POST", "/Users", {"schemas": [USER], "userName": "ANN"}, prefer=DRY)
    assert (taken.error, taken.headers["Preference-Applied"]) == ((409, "uniqueness"), DRY)
    group = {"displayName": "Staff", "members": [{"value": "nobody"}]}
    assert (await client.send("POST", "/Groups", group, prefer=DRY)).error == (400, "invalidValue")
    stale = await client.send("DELETE", f"/Users/{user['id']}", prefer=DRY, if_match='"stale"')
    assert stale.error == (412, None)
    assert (await client.send("DELETE", "/Users/nobody", prefer=DRY)).error == (404, None)
    assert (await client.send("POST", "/Users", {"userName": ""}, prefer=DRY)).error == (400, "invalidValue")
    assert await changes(client) == before


async def test_an_edit_shows_what_would_become_of_the_resource(client: Client) -> None:
    user = await client.user("ann")
    path, before = f"/Users/{user['id']}", await changes(client)
    patch = {"schemas": [PATCH_OP], "Operations": [{"op": "Replace", "path": "active", "value": "False"}]}
    dry = await client.send("PATCH", path, patch, prefer=DRY)
    assert (dry.status, dry.json["active"]) == (200, False)
    assert dry.headers["ETag"] != user["meta"]["version"]
    assert (await client.send("PUT", path, {"userName": "anna"}, prefer=DRY)).json["userName"] == "anna"
    assert (await client.send("DELETE", path, prefer=DRY)).status == 204
    assert ((await client.get(path)).json, await changes(client)) == (user, before)


async def test_a_group_is_shown_with_the_members_that_it_would_have(client: Client) -> None:
    ann, bob = await client.user("ann"), await client.user("bob")
    group = await client.group("Staff", ann["id"])
    add = {"schemas": [PATCH_OP], "Operations": [{"op": "add", "path": "members", "value": [{"value": bob["id"]}]}]}
    path = f"/Groups/{group['id']}"
    assert (await client.send("PATCH", path, add, prefer=DRY)).status == 204
    dry = await client.send("PATCH", f"{path}?attributes=members", add, prefer=DRY)
    assert {member["value"] for member in dry.json["members"]} == {ann["id"], bob["id"]}
    assert [member["value"] for member in (await client.get(path)).json["members"]] == [ann["id"]]


@pytest.mark.parametrize("prefer", ["dry-run", "Dry-Run", "respond-async, dry-run;x=1", " dry-run "])
async def test_the_preference_may_be_written_in_any_way_that_http_allows(client: Client, prefer: str) -> None:
    await client.send("POST", "/Users", {"userName": "ann"}, prefer=prefer)
    assert await changes(client) == 0


@pytest.mark.parametrize("prefer", ["", "return=minimal", "dry-runs", "x=dry-run"])
async def test_another_preference_is_none(client: Client, prefer: str) -> None:
    answer = await client.send("POST", "/Users", {"userName": "ann"}, prefer=prefer)
    assert ("Preference-Applied" in answer.headers, await changes(client)) == (False, 1)


async def test_a_question_is_not_run_dry(client: Client) -> None:
    answer = await client.send("GET", "/Users", prefer=DRY)
    assert (answer.status, "Preference-Applied" in answer.headers) == (200, False)
