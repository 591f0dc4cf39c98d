"""``/Me``: the user that a token was issued for (RFC 7644 §3.11)."""

from dataclasses import replace

import pytest

from scim.errors import Unavailable
from scim.providers import ProviderError
from scim.schema import JsonObject
from scim.storage.directory import Directory
from tests.client import PATCH_OP, USER, Client, new_client


async def own(client: Client, **attributes: str) -> tuple[Client, JsonObject]:
    """A user, and a client with a token of the user's own."""
    user = await client.user("ann", **attributes)
    token = await client.app.providers.issue(client.provider.name, user=user["id"])
    return replace(client, token=token.text), user


async def test_me_is_the_user_of_the_token_at_the_users_own_address() -> None:
    client, user = await own(await new_client("rfc"))
    answer = await client.get("/Me")
    assert (answer.status, answer.json) == (200, user)
    assert answer.json["meta"]["location"].endswith(f"/Users/{user['id']}")
    assert answer.headers["ETag"] == user["meta"]["version"]
    assert (await client.get("/me?attributes=userName")).json["userName"] == "ann"


async def test_me_can_be_changed_and_deleted() -> None:
    client, user = await own(await new_client("rfc"))
    title = {"op": "replace", "path": "title", "value": "Poet"}
    assert (await client.patch("/Me", title)).json["title"] == "Poet"
    assert (await client.put("/Me", {"schemas": [USER], "userName": "anna"})).json["userName"] == "anna"
    stale = await client.send("PATCH", "/Me", {"schemas": [PATCH_OP], "Operations": [title]}, if_match='"stale"')
    assert stale.error == (412, None)
    assert (await client.delete("/Me")).status == 204
    assert (await client.get("/Me")).error == (404, None)
    assert (await client.get(f"/Users/{user['id']}")).status == 404


@pytest.mark.parametrize(
    ("method", "body", "status"),
    [
        ("GET", None, 200),
        ("HEAD", None, 200),
        ("PUT", {"schemas": [USER], "userName": "anna"}, 200),
        ("PUT", {"schemas": [USER]}, 400),
        ("PATCH", {"schemas": [PATCH_OP], "Operations": [{"op": "add", "path": "title", "value": "x"}]}, 200),
        ("DELETE", None, 204),
        ("POST", {"schemas": [USER], "userName": "bob"}, 501),
    ],
)
async def test_every_answer_tells_which_user_me_is(method: str, body: JsonObject | None, status: int) -> None:
    client, user = await own(await new_client("rfc"))
    answer = await client.send(method, "/Me", body)
    assert (answer.status, answer.headers["Location"]) == (status, user["meta"]["location"])


async def test_an_answer_that_me_has_not_changed_tells_so_too() -> None:
    client, user = await own(await new_client("rfc"))
    answer = await client.send("GET", "/Me", if_none_match=user["meta"]["version"])
    assert (answer.status, answer.headers["Location"]) == (304, user["meta"]["location"])


async def test_an_error_that_several_hear_tells_nobody_of_another(monkeypatch: pytest.MonkeyPatch) -> None:
    client, user = await own(await new_client("rfc"))
    shared = Unavailable("Those who share a transaction share what becomes of it.", retry_after=5)

    async def fail(*_: object) -> None:
        raise shared

    monkeypatch.setattr(Directory, "write", fail)
    assert (await client.delete("/Me")).headers["Location"] == user["meta"]["location"]
    other = await client.delete("/Users/somebody-else")
    assert (other.error, other.headers["Retry-After"]) == ((503, None), "5")
    assert "Location" not in other.headers


async def test_nobody_can_be_created_as_me() -> None:
    client, _ = await own(await new_client("rfc"))
    assert (await client.post("/Me", {"schemas": [USER], "userName": "bob"})).error == (501, None)


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE"])
async def test_a_token_issued_for_nobody_is_told_so(method: str) -> None:
    client = await new_client("rfc")
    answer = await client.send(method, "/Me")
    assert (answer.error, "token" in answer.json["detail"]) == ((501, None), True)


async def test_a_token_that_may_only_read_may_not_change_its_user() -> None:
    client = await new_client("rfc")
    user = await client.user("ann")
    token = await client.app.providers.issue(client.provider.name, "read", user["id"])
    reader = replace(client, token=token.text)
    assert (await reader.get("/Me")).json == user
    assert (await reader.delete("/Me")).error == (403, None)


async def test_a_token_is_issued_for_a_user_who_is_there() -> None:
    client = await new_client("rfc")
    with pytest.raises(ProviderError, match="no user with the id 'nobody'"):
        await client.app.providers.issue(client.provider.name, user="nobody")
