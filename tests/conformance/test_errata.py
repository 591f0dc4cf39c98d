"""Errata to RFC 7643 and RFC 7644 by their numbers, each with what comes of it.

7644's 5050 and 7916 are about the shape of a bulk request and its answer, and stand with bulk.
"""

import pytest

from scim import resources
from scim.errors import InvalidValue, Sensitive
from scim.filters import Comparison, parse, parse_path
from scim.schema import Attribute, JsonObject, Schemas
from tests.client import new_client

SCHEMAS = Schemas.load()
USER, GROUP = SCHEMAS.types["User"], SCHEMAS.types["Group"]
CORE = "urn:ietf:params:scim:schemas:core:2.0"
ENT = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
REFERENCES = ("profileUrl", "photos.value", "groups.$ref", "members.$ref", f"{ENT}:manager.$ref")


def attribute(path: str) -> Attribute:
    found = USER.resolve(path) or GROUP.resolve(path)
    assert found is not None
    return found.leaf


async def served(urn: str) -> dict[str, JsonObject]:
    """The attributes of a schema as ``/Schemas`` shows them, by name; sub-attributes by their paths."""
    client = await new_client("rfc")
    shown = (await client.get(f"/Schemas/{urn}")).json["attributes"]
    subs = {f"{a['name']}.{sub['name']}": sub for a in shown for sub in a.get("subAttributes", ())}
    return {a["name"]: a for a in shown} | subs


def test_5368_a_group_has_a_display_name() -> None:
    with pytest.raises(InvalidValue, match="displayName is required"):
        resources.read(GROUP, {"schemas": [GROUP.schema.id]})


@pytest.mark.parametrize("path", [*REFERENCES, "x509Certificates.value"])
def test_6001_references_and_binary_values_are_compared_with_case(path: str) -> None:
    assert attribute(path).case_exact


@pytest.mark.parametrize("urn", [f"{CORE}:User", f"{CORE}:Group", ENT, f"{CORE}:ResourceType"])
async def test_6004_complex_attributes_have_no_uniqueness(urn: str) -> None:
    attributes = await served(urn)
    assert [path for path, shown in attributes.items() if shown["type"] == "complex" and "uniqueness" in shown] == []
    assert [path for path, shown in attributes.items() if shown["type"] == "string" and "uniqueness" not in shown] == []


async def test_8471_what_a_user_is_a_member_of_is_a_group() -> None:
    assert (await served(f"{CORE}:User"))["groups.$ref"]["referenceTypes"] == ["Group"]
    assert (await served(f"{CORE}:Group"))["members.$ref"]["referenceTypes"] == ["User", "Group"]


@pytest.mark.parametrize("path", [f"{ENT}:manager.value", "groups.value", "members.value"])
def test_8472_ids_of_other_resources_are_compared_with_case(path: str) -> None:
    assert attribute(path).case_exact


async def test_8475_no_two_resource_types_share_a_name_or_an_endpoint() -> None:
    attributes = await served(f"{CORE}:ResourceType")
    assert [attributes[name]["uniqueness"] for name in ("name", "endpoint")] == ["server", "server"]


def test_6893_a_query_that_is_too_sensitive_for_a_uri_is_forbidden() -> None:
    assert (Sensitive.status, Sensitive.scim_type) == (403, "sensitive")


async def test_7898_an_error_is_sound_json_and_says_what_a_put_may_not_change() -> None:
    client = await new_client("rfc")
    user = await client.user("bjensen@example.com")
    refused = await client.patch(f"/Users/{user['id']}", {"op": "replace", "path": "id", "value": "123"})
    assert refused.error == (400, "mutability")
    assert refused.json["detail"] == "id is readOnly; it cannot be changed."


def test_an_example_without_a_blank_after_eq_is_read_as_it_is_meant() -> None:
    meant = Comparison("value", "eq", "2819c223")
    assert parse('value eq"2819c223"') == meant
    assert parse_path('members[value eq"2819c223"]').filter == meant
