"""Nothing crosses from one provider to another: credentials, ids, cursors, or tricks with paths."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import quote

import pytest

from scim.app import App
from tests.attacks.service import Target, basic
from tests.attacks.test_ended import WAYS
from tests.budgets.counting import CountingTables
from tests.client import ENTERPRISE, GROUP, PATCH_OP, SEARCH_REQUEST, USER, Client

BULK_REQUEST = "urn:ietf:params:scim:api:messages:2.0:BulkRequest"
VERBS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE")


@dataclass(frozen=True, slots=True)
class People:
    """A user and a group of each of the two providers."""

    ours: str
    our_group: str
    theirs: str
    their_group: str


@pytest.fixture
async def people(target: Target) -> People:
    ours = await target.good.user("ann", title="ours")
    theirs = await target.other.user("ben", title="theirs")
    our_group = await target.good.group("Staff", ours["id"])
    their_group = await target.other.group("Board", theirs["id"])
    return People(ours["id"], our_group["id"], theirs["id"], their_group["id"])


async def seen(client: Client) -> list[Any]:
    """All that a provider holds."""
    return [(await client.get(path)).json for path in ("/Users", "/Groups")]


def paths(people: People) -> list[str]:
    return [
        "", "/Users", "/Groups", f"/Users/{people.theirs}", f"/Groups/{people.their_group}", "/.search",
        "/Users/.search", "/Groups/.search", "/Bulk", "/Me", "/Schemas", f"/Schemas/{USER}", "/ResourceTypes",
        "/ResourceTypes/User", "/ServiceProviderConfig", "/openapi.json", "/nothing",
    ]  # fmt: skip


@pytest.mark.parametrize("way", WAYS)
async def test_a_credential_opens_no_other_provider_on_any_endpoint_and_verb(
    target: Target, people: People, way: str
) -> None:
    header, _ = await WAYS[way](target)
    assert (await target.knock(header)).status == 200
    before = await seen(target.other)
    body = json.dumps({"schemas": [USER], "userName": "eve", "Operations": []}).encode()
    for path in paths(people):
        for verb in VERBS:
            told = await target.send(verb, f"/scim/fabrikam/v2{path}", body, authorization=header, x_request_id="same")
            nobody = await target.send(verb, f"/scim/nobody/v2{path}", body, x_request_id="same")
            assert told == nobody, (verb, path)
            assert told.status == 401, (verb, path)
    assert await seen(target.other) == before


async def test_a_token_that_may_only_read_writes_nowhere(target: Target, people: People) -> None:
    reader = await target.good.with_scope("read")
    before = await seen(target.good)
    body = {"schemas": [USER], "userName": "eve"}
    for path in ("/Users", "/Groups", f"/Users/{people.ours}", f"/Groups/{people.our_group}", "/Bulk"):
        for verb in ("POST", "PUT", "PATCH", "DELETE"):
            assert (await reader.send(verb, path, body)).status in {403, 405}, (verb, path)
    assert await seen(target.good) == before


# Ids of the other provider


async def test_ids_of_another_provider_in_paths(target: Target, people: People) -> None:
    patch = {"schemas": [PATCH_OP], "Operations": [{"op": "replace", "path": "title", "value": "x"}]}
    bodies: Mapping[str, Any] = {
        "GET": None,
        "PUT": {"schemas": [USER], "userName": "x"},
        "PATCH": patch,
        "DELETE": None,
    }
    before = await seen(target.other)
    for path in (f"/Users/{people.theirs}", f"/Groups/{people.their_group}"):
        for verb, body in bodies.items():
            unknown = path[:-4] + "0000"
            told, nobody = await target.good.send(verb, path, body), await target.good.send(verb, unknown, body)
            assert told.status == nobody.status
            assert told.status in {400, 404}
            assert "ben" not in str(told.content)
    assert await seen(target.other) == before


async def test_ids_of_another_provider_as_members_and_managers(target: Target, people: People) -> None:
    before = await seen(target.other)
    rfc = await target.good.as_other("strict", "rfc")
    for client in (target.good, rfc):
        for member in (people.theirs, people.their_group):
            value = {"value": member, "$ref": f"https://scim.example/scim/fabrikam/v2/Users/{member}"}
            await client.post("/Groups", {"schemas": [GROUP], "displayName": f"With {member}", "members": [value]})
            group = await client.group(f"Without {member}")
            add = {"op": "add", "path": "members", "value": [value]}
            await client.patch(f"/Groups/{group['id']}", add)
            manager = {ENTERPRISE: {"manager": {"value": member}}}
            await client.post("/Users", {"schemas": [USER, ENTERPRISE], "userName": f"of-{member}", **manager})
        for held in await seen(client):
            for resource in held["Resources"]:
                linked = {each["value"] for each in resource.get("members", [])}
                assert not linked & {people.theirs, people.their_group}
            assert "ben" not in json.dumps(held)
            assert "Board" not in json.dumps(held)
    assert await seen(target.other) == before
    assert (await target.other.get(f"/Users/{people.theirs}")).json.get("groups") is not None


async def test_ids_of_another_provider_in_bulk(target: Target, people: People) -> None:
    before = await seen(target.other)
    patch = {"schemas": [PATCH_OP], "Operations": [{"op": "replace", "path": "title", "value": "x"}]}
    user = {"schemas": [USER], "userName": "eve"}
    operations: list[dict[str, Any]] = []
    for path in (f"/Users/{people.theirs}", f"/../../fabrikam/v2/Users/{people.theirs}", "/../../fabrikam/v2/Users",
                 f"https://scim.example/scim/fabrikam/v2/Users/{people.theirs}"):  # fmt: skip
        operations += [
            {"method": "PUT", "path": path, "data": user},
            {"method": "PATCH", "path": path, "data": patch},
            {"method": "DELETE", "path": path},
        ]
    operations.append({"method": "POST", "path": "/../../fabrikam/v2/Users", "bulkId": "a", "data": user})
    for operation in operations:
        told = await target.good.post("/Bulk", {"schemas": [BULK_REQUEST], "Operations": [operation]})
        if told.status == 200:
            assert [each["status"] for each in told.json["Operations"]] in (["400"], ["404"])
        else:
            assert told.status == 400
    assert await seen(target.other) == before


@pytest.mark.parametrize("attribute", ["id", "members.value", "groups.value", "manager.value"])
async def test_ids_of_another_provider_in_filters(target: Target, people: People, attribute: str) -> None:
    for identifier in (people.theirs, people.their_group):
        for path in ("/.search", "/Users/.search", "/Groups/.search"):
            query = {"schemas": [SEARCH_REQUEST], "filter": f'{attribute} eq "{identifier}"'}
            told = await target.good.post(path, query)
            assert told.status == 400 or told.ids == []


async def test_cursors_of_another_provider(target: Target) -> None:
    strict, other = await target.good.as_other("strict", "rfc"), await target.good.as_other("strict2", "rfc")
    for client in (strict, other):
        for name in ("a", "b", "c"):
            await client.user(name)
    cursor = (await strict.get("/Users?cursor&count=1")).json["nextCursor"]
    assert (await strict.get(f"/Users?count=1&cursor={quote(cursor)}")).status == 200
    assert (await other.get(f"/Users?count=1&cursor={quote(cursor)}")).error == (400, "invalidCursor")
    flipped = cursor[:20] + ("A" if cursor[20] != "A" else "B") + cursor[21:]
    assert (await strict.get(f"/Users?count=1&cursor={quote(flipped)}")).error == (400, "invalidCursor")


# Paths


TRICKS = [
    "/scim/contoso/v2/../../fabrikam/v2/Users/{id}",
    "/scim/contoso/v2/%2e%2e/%2e%2e/fabrikam/v2/Users/{id}",
    "/scim/contoso/v2/%2E%2E%2F%2E%2E%2Ffabrikam%2Fv2%2FUsers%2F{id}",
    "/scim/contoso/v2/..;/..;/fabrikam/v2/Users/{id}",
    "/scim/contoso/v2/Users/..%2f..%2f..%2ffabrikam%2fv2%2fUsers%2f{id}",
    "/scim/contoso/v2/Users/..%5c..%5c..%5cfabrikam%5cv2%5cUsers%5c{id}",
    "/scim/contoso/v2/Users/%252e%252e%252f{id}",
    "/scim/contoso%2f..%2ffabrikam/v2/Users/{id}",
    "/scim/contoso/../fabrikam/v2/Users/{id}",
    "/scim/contoso;/fabrikam/v2/Users/{id}",
    "/scim/fabrikam/v2/Users/{id}",
    "/scim//fabrikam/v2//Users/{id}",
    "//scim/fabrikam/v2/Users/{id}",
    "/scim/./fabrikam/v2/Users/{id}",
    "/scim/FABRIKAM/v2/Users/{id}",
    "/SCIM/fabrikam/v2/Users/{id}",
    "/scim/fabrikam./v2/Users/{id}",
    "/scim/fabrikam%20/v2/Users/{id}",
    "/scim/fabrikam%00/v2/Users/{id}",
    "/scim/fabrikam%0d%0a/v2/Users/{id}",
    "/scim/%66abrikam/v2/Users/{id}",
    "/scim/fabrikam%2523/v2/Users/{id}",
    "/scim/fabrikam/V2.0/Users/{id}",
    "/scim/contoso/fabrikam/v2/Users/{id}",
    "/scim/contoso?/../fabrikam/v2/Users/{id}",
    "/scim/contoso/v2/Users/{id}.",
    "/scim/contoso/v2/Users/{id}%00",
    "/scim/contoso/v2/Users/{id}?provider=fabrikam",
    "@fabrikam/scim/fabrikam/v2/Users/{id}",
]


@pytest.mark.parametrize("trick", TRICKS)
async def test_tricks_with_paths(target: Target, people: People, trick: str) -> None:
    before = await seen(target.other)
    path = trick.replace("{id}", people.theirs)
    for verb in ("GET", "DELETE"):
        told = await target.send(verb, path, authorization=f"Bearer {target.good.token}")
        assert told.status in {400, 401, 404}, (verb, told)
        assert b"ben" not in told.content
    assert await seen(target.other) == before


async def test_names_that_no_provider_can_have(target: Target) -> None:
    tables = CountingTables(target.app.tables)
    attacked = replace(target, app=App.build(target.app.settings, tables))
    access = await target.access()
    for name in ("a/b", "a\\b", "a#b", "a?b", "a\x01b", "é", "x" * 3_000, "a'b", "%", "..", " ", "Entra"):
        encoded = quote(name, safe="")
        for header in (f"Bearer {target.entra.token()}", f"Bearer {access}", basic(name, "x"), "Bearer nothing"):
            assert (await attacked.knock(header, encoded)).status == 401
        assert (await attacked.ask(f"/scim/{encoded}/oauth/token", client_id=name)).status == 401
        assert (await attacked.show(target.entra.token(), f"/scim/{encoded}/oauth/token")).status == 401
    assert tables.calls.keys
    assert all(re.fullmatch("[0-9a-z]{12}", key) for key in tables.calls.keys)
