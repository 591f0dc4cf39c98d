"""Bulk requests, as tests write them, and read what comes of them."""

from collections.abc import Iterable
from typing import Any

from scim.schema import Json, JsonObject
from tests.client import (
    ENTERPRISE,
    GROUP,
    ORIGIN,
    PATCH_OP,
    USER,
    Client,
)

BULK_REQUEST = "urn:ietf:params:scim:api:messages:2.0:BulkRequest"
BULK_RESPONSE = "urn:ietf:params:scim:api:messages:2.0:BulkResponse"
NOBODY = "01990000-0000-7000-8000-000000000000"
BASE_URL = f"{ORIGIN}/scim/contoso/v2"


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
