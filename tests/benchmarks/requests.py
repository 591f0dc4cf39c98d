"""What Microsoft Entra ID asks of a service provider for each user that it provisions, in the order it asks."""

import json
from dataclasses import dataclass

from scim.schema import Json, JsonObject
from tests.client import ENTERPRISE, GROUP, PATCH_OP, USER

SEQUENCE = ("filter, miss", "create", "filter, hit", "get", "PATCH", "member add")
"""The operations, by the names that the tables give them."""


@dataclass(frozen=True, slots=True)
class Ask:
    """One request; the path is relative to the Base URL, and encoded."""

    method: str
    path: str
    body: bytes | None = None
    expected: int = 200


def create(number: int) -> Ask:
    """A user as Entra's default mapping makes one."""
    return Ask("POST", "/Users", encoded(user(number)), 201)


def get(identifier: str) -> Ask:
    """A user by its id."""
    return Ask("GET", f"/Users/{identifier}")


def equal(number: int) -> Ask:
    """The user of a userName."""
    return Ask("GET", f"/Users?filter=userName+eq+%22{name(number)}%22")


def listed(start: int) -> Ask:
    """A page of a hundred users."""
    return Ask("GET", f"/Users?startIndex={start}&count=100")


def change(identifier: str, number: int, operations: int = 1) -> Ask:
    """A PATCH of a user by one operation or by five."""
    values = (
        ("title", f"Title {number}"),
        ("displayName", f"Display {number}"),
        ("name.givenName", f"Given {number}"),
        ("active", number % 2 == 0),
        (f"{ENTERPRISE}:department", f"Department {number}"),
    )[:operations]
    return _patch("Users", identifier, *({"op": "replace", "path": path, "value": value} for path, value in values))


def add(group: str, *members: str) -> Ask:
    """Members for a group."""
    return _patch("Groups", group, {"op": "add", "path": "members", "value": [{"value": each} for each in members]})


def remove(group: str, member: str) -> Ask:
    """One member less."""
    return _patch("Groups", group, {"op": "remove", "path": f'members[value eq "{member}"]'})


def new_group(title: str) -> Ask:
    """A group without members."""
    return Ask("POST", "/Groups", encoded({"schemas": [GROUP], "displayName": title}), 201)


def bulk(bodies: list[JsonObject], path: str = "/Users") -> Ask:
    """Many resources in one request."""
    operations: list[Json] = [
        {"method": "POST", "path": path, "bulkId": str(number), "data": body} for number, body in enumerate(bodies)
    ]
    schemas = ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"]
    return Ask("POST", "/Bulk", encoded({"schemas": schemas, "Operations": operations}))


def name(number: int) -> str:
    """The userName of a user."""
    return f"user{number}@example.com"


def user(number: int) -> JsonObject:
    """The attributes of a user."""
    return {
        "schemas": [USER, ENTERPRISE],
        "userName": name(number),
        "externalId": f"e{number}",
        "active": True,
        "displayName": f"User {number}",
        "name": {"givenName": "User", "familyName": str(number)},
        "emails": [{"value": name(number), "type": "work", "primary": True}],
        ENTERPRISE: {"department": "Sales", "employeeNumber": str(number)},
    }


def encoded(body: Json) -> bytes:
    """A body on the wire."""
    return json.dumps(body).encode()


def _patch(endpoint: str, identifier: str, *operations: JsonObject) -> Ask:
    body = encoded({"schemas": [PATCH_OP], "Operations": list(operations)})
    return Ask("PATCH", f"/{endpoint}/{identifier}", body, 204 if endpoint == "Groups" else 200)


def decoded(body: bytes) -> JsonObject:
    """An answer's body; empty where there is none."""
    answer: JsonObject = json.loads(body or b"{}")
    return answer
