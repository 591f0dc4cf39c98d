"""Conditional requests over HTTP: ETag, If-Match and If-None-Match on every verb (RFC 7644 §3.14)."""

from typing import Any

import pytest

from scim.schema import JsonObject
from tests.client import USER, Client, new_client

STALE = 'W/"0000000000000001"'
TITLE = {"op": "replace", "path": "title", "value": "Poet"}


@pytest.fixture
async def client() -> Client:
    return await new_client("rfc")


async def state(client: Client, path: str) -> tuple[JsonObject, int]:
    """A resource, and how many changes there are."""
    changes = [change async for change in client.app.providers.directory(client.provider).changes()]
    return (await client.get(path)).json, len(changes)


async def test_every_answer_about_one_resource_has_its_version_for_an_etag(client: Client) -> None:
    created = await client.post("/Users", {"schemas": [USER], "userName": "ann"})
    path = f"/Users/{created.json['id']}"
    patched = await client.patch(path, TITLE)
    replaced = await client.put(path, {"schemas": [USER], "userName": "anna"})
    found = await client.get(path)
    for answer in (created, patched, replaced, found):
        assert answer.headers["ETag"] == answer.json["meta"]["version"]
    assert found.headers["ETag"] == replaced.headers["ETag"]
    assert len({answer.headers["ETag"] for answer in (created, patched, replaced)}) == 3
    hidden = await client.get(f"{path}?excludedAttributes=meta")
    assert (hidden.headers["ETag"], "meta" in hidden.json) == (found.headers["ETag"], False)
    group = await client.group("Staff")
    quiet = await client.patch(f"/Groups/{group['id']}", {"op": "replace", "path": "displayName", "value": "Crew"})
    assert (quiet.status, quiet.headers["ETag"]) == (204, (await client.get(f"/Groups/{group['id']}")).headers["ETag"])


@pytest.mark.parametrize("tags", ["{version}", "*", 'W/"x", {version}'])
async def test_a_version_that_the_client_has_is_not_sent_again(client: Client, tags: str) -> None:
    user = await client.user("ann")
    tag = tags.format(version=user["meta"]["version"])
    for method in ("GET", "HEAD"):
        answer = await client.send(method, f"/Users/{user['id']}", if_none_match=tag)
        assert (answer.status, answer.content, answer.headers["ETag"]) == (304, b"", user["meta"]["version"])
    assert (await client.send("GET", f"/Users/{user['id']}", if_none_match=STALE)).status == 200
    assert (await client.send("GET", f"/Users/{user['id']}", if_match=STALE)).error == (412, None)


@pytest.mark.parametrize("headers", [{"if_match": STALE}, {"if_none_match": "*"}, {"if_match": f'{STALE}, "x"'}])
@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE"])
async def test_a_stale_condition_changes_nothing(client: Client, method: str, headers: dict[str, Any]) -> None:
    user = await client.user("ann")
    path = f"/Users/{user['id']}"
    before = await state(client, path)
    body = {
        "PUT": {"schemas": [USER], "userName": "anna"},
        "PATCH": {"schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "Operations": [TITLE]},
    }.get(method)
    answer = await client.send(method, path, body, **headers)
    assert answer.error == (412, None)
    assert user["meta"]["version"] in answer.json["detail"]
    assert await state(client, path) == before


async def test_a_stale_patch_that_would_change_nothing_is_stale_all_the_same(client: Client) -> None:
    user = await client.user("ann", title="Poet")
    body = {"schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "Operations": [TITLE]}
    assert (await client.send("PATCH", f"/Users/{user['id']}", body, if_match=STALE)).error == (412, None)


@pytest.mark.parametrize("tags", ["{version}", "*", '{strong}, "x"'])
async def test_the_right_condition_lets_every_verb_pass(client: Client, tags: str) -> None:
    user = await client.user("ann")
    path = f"/Users/{user['id']}"
    body = {"schemas": [USER], "userName": "anna"}
    patch = {"schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "Operations": [TITLE]}
    version = user["meta"]["version"]
    for method, given in (("GET", None), ("PUT", body), ("PATCH", patch), ("DELETE", None)):
        tag = tags.format(version=version, strong=version.removeprefix("W/"))
        answer = await client.send(method, path, given, if_match=tag)
        assert answer.status in {200, 204}
        version = answer.headers.get("ETag", version)


@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "DELETE"])
async def test_what_is_not_there_is_not_found_whatever_the_condition(client: Client, method: str) -> None:
    body = {
        "PUT": {"schemas": [USER], "userName": "anna"},
        "PATCH": {"schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "Operations": [TITLE]},
    }.get(method)
    for identifier in ("nobody", "00000000-0000-7000-8000-000000000000"):
        for tag in (STALE, "*"):
            answer = await client.send(method, f"/Users/{identifier}", body, if_match=tag)
            assert answer.error == (404, None)


async def test_a_condition_that_cannot_be_read_is_refused_by_name(client: Client) -> None:
    user = await client.user("ann")
    answer = await client.send("DELETE", f"/Users/{user['id']}", if_match='"unclosed')
    assert (answer.error, "If-Match" in answer.json["detail"]) == ((400, None), True)
    assert (await client.get(f"/Users/{user['id']}")).status == 200


async def test_collections_have_no_version_to_be_conditional_on(client: Client) -> None:
    assert (await client.send("GET", "/Users", if_none_match="*")).status == 200
    created = await client.send("POST", "/Users", {"schemas": [USER], "userName": "ann"}, if_match=STALE)
    assert created.status == 201


async def test_of_two_writers_with_one_version_the_second_is_told(client: Client) -> None:
    user = await client.user("ann")
    path, tag = f"/Users/{user['id']}", user["meta"]["version"]
    for name, status in (("anna", 200), ("annie", 412)):
        assert (await client.send("PUT", path, {"schemas": [USER], "userName": name}, if_match=tag)).status == status
    assert (await client.get(path)).json["userName"] == "anna"
