"""What the service says of itself."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from scim import discovery
from scim.errors import NotFound
from scim.profiles import PROFILES
from scim.schema import STANDARD, Json, JsonObject, Schemas
from scim.settings import Settings

SCHEMAS = Schemas.load()
BASE = "https://scim.example.com/scim/p1/v2"
SETTINGS = Settings.model_validate(
    {"storage": "UseDevelopmentStorage=true", "public_url": BASE, "page_default": 50, "operations_max": 7}
)
RFC, ENTRA = PROFILES["rfc"], PROFILES["entra"]
USER = "urn:ietf:params:scim:schemas:core:2.0:User"
GROUP = "urn:ietf:params:scim:schemas:core:2.0:Group"
ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"


def everything() -> list[JsonObject]:
    return [
        discovery.service_provider_config(BASE, SETTINGS, None),
        discovery.service_provider_config(BASE, SETTINGS, "https://docs.example.com"),
        *discovery.resource_types(SCHEMAS, BASE)["Resources"],
        *discovery.schema_list(SCHEMAS, RFC, BASE)["Resources"],
        *discovery.schema_list(SCHEMAS, ENTRA, BASE)["Resources"],
    ]


def values(value: Json) -> Iterator[Json]:
    yield value
    inner: list[Any] = list(value.values()) if isinstance(value, dict) else value if isinstance(value, list) else []
    for each in inner:
        yield from values(each)


def test_nothing_is_null_or_empty() -> None:
    assert [value for answer in everything() for value in values(answer) if value in (None, "", [], {})] == []


def test_every_answer_says_what_it_is_and_where_it_is() -> None:
    paths = {answer["meta"]["location"].removeprefix(BASE) for answer in everything()}
    assert paths == {
        "/ServiceProviderConfig",
        "/ResourceTypes/User",
        "/ResourceTypes/Group",
        *(f"/Schemas/{urn}" for urn in SCHEMAS.schemas),
    }
    for answer in everything():
        assert answer["schemas"] == [f"urn:ietf:params:scim:schemas:core:2.0:{answer['meta']['resourceType']}"]


def test_every_answer_holds_what_its_own_schema_requires_and_nothing_it_does_not_know() -> None:
    for answer in everything():
        described = SCHEMAS.schemas[answer["schemas"][0]]
        known = {attribute.name for attribute in described.attributes}
        required = {attribute.name for attribute in described.attributes if attribute.required}
        assert required <= answer.keys() <= known | {"schemas", "id", "meta"}


def test_the_service_says_what_it_can_do() -> None:
    config = discovery.service_provider_config(BASE, SETTINGS, "https://docs.example.com")
    supported = {name for name, value in config.items() if isinstance(value, dict) and value.get("supported")}
    assert supported == {"patch", "bulk", "filter", "sort", "etag"}
    assert config["filter"]["maxResults"] == 500
    assert (config["bulk"]["maxOperations"], config["bulk"]["maxPayloadSize"]) == (7, 24_000_000)
    assert schemes(config) == ["oauthbearertoken"]
    assert config["documentationUri"] == "https://docs.example.com"


def schemes(config: JsonObject) -> list[str]:
    return [scheme["type"] for scheme in config["authenticationSchemes"]]


def test_clients_are_announced_where_the_service_issues_tokens() -> None:
    issuing = SETTINGS.model_copy(update={"signing_keys": "keys.pem"})
    config = discovery.service_provider_config(BASE, issuing, None)
    assert schemes(config) == ["oauthbearertoken", "oauth2"]
    assert [scheme["primary"] for scheme in config["authenticationSchemes"]] == [True, False]


def test_the_service_says_how_it_pages() -> None:
    assert discovery.service_provider_config(BASE, SETTINGS, None)["pagination"] == {
        "cursor": True,
        "index": True,
        "defaultPaginationMethod": "index",
        "defaultPageSize": 50,
        "maxPageSize": 500,
        "cursorTimeout": 3_600,
    }


def test_resource_types_are_listed_with_users_first() -> None:
    listed = discovery.resource_types(SCHEMAS, BASE)
    assert listed["totalResults"] == 2
    assert [kind["endpoint"] for kind in listed["Resources"]] == ["/Users", "/Groups"]


def test_a_resource_type_names_its_schema_and_extensions() -> None:
    user = discovery.resource_type(SCHEMAS, BASE, "User")
    assert (user["id"], user["name"], user["schema"]) == ("User", "User", USER)
    assert user["schemaExtensions"] == [{"schema": ENTERPRISE, "required": False}]
    assert "schemaExtensions" not in discovery.resource_type(SCHEMAS, BASE, "Group")


def test_an_unknown_resource_type_or_schema_is_not_found() -> None:
    with pytest.raises(NotFound, match="'Printer', only User, Group"):
        discovery.resource_type(SCHEMAS, BASE, "Printer")
    with pytest.raises(NotFound, match="'urn:example:none'; /Schemas lists"):
        discovery.schema(SCHEMAS, RFC, BASE, "urn:example:none")


@pytest.mark.parametrize("urn", [ENTERPRISE, ENTERPRISE.upper()])
def test_a_schema_is_found_by_its_urn_in_any_case(urn: str) -> None:
    assert discovery.schema(SCHEMAS, RFC, BASE, urn)["id"] == ENTERPRISE


@pytest.mark.parametrize("path", sorted(STANDARD.glob("*.schema.json")), ids=lambda path: path.name)
def test_rfc_schemas_are_served_exactly_as_their_files_have_them(path: Path) -> None:
    written: JsonObject = json.loads(path.read_text(encoding="utf-8"))
    served = discovery.schema(SCHEMAS, RFC, BASE, written["id"])
    assert {name: value for name, value in served.items() if name not in {"schemas", "meta"}} == written


def test_the_schema_list_holds_every_schema() -> None:
    listed = discovery.schema_list(SCHEMAS, RFC, BASE)
    assert listed["totalResults"] == len(SCHEMAS.schemas) == len(listed["Resources"])
    assert {schema["id"] for schema in listed["Resources"]} == SCHEMAS.schemas.keys()
    assert discovery.schema(SCHEMAS, RFC, BASE, USER) in listed["Resources"]


def test_a_group_name_that_need_not_be_unique_is_served_so() -> None:
    relaxed = SCHEMAS.without_uniqueness("Group", "displayName")
    served = discovery.schema(relaxed, RFC, BASE, GROUP)["attributes"]
    assert next(each for each in served if each["name"] == "displayName")["uniqueness"] == "none"


def flat(attributes: list[JsonObject]) -> Iterator[JsonObject]:
    for attribute in attributes:
        yield attribute
        yield from flat(attribute.get("subAttributes", []))


def test_plain_schemas_list_no_write_only_attribute_and_no_reference_but_links() -> None:
    for served in discovery.schema_list(SCHEMAS, ENTRA, BASE)["Resources"]:
        for attribute in flat(served["attributes"]):
            assert attribute["mutability"] != "writeOnly"
            assert (attribute["type"] == "reference") == (attribute["name"] == "$ref")
            assert ("referenceTypes" in attribute) == (attribute["type"] == "reference")


@pytest.mark.parametrize(("urn", "times"), [(USER, 1), (GROUP, 1), (ENTERPRISE, 0)])
def test_plain_schemas_list_the_external_id_of_resources_once(urn: str, times: int) -> None:
    served = discovery.schema(SCHEMAS, ENTRA, BASE, urn)["attributes"]
    assert [attribute["name"] for attribute in served].count("externalId") == times


def mapping_targets(listed: JsonObject, urn: str, prefix: str = "") -> set[str]:
    """The names a schema offers for mapping, in lower case, by the rules of Microsoft's own tools."""
    served = next(schema for schema in listed["Resources"] if schema["id"] == urn)
    return {f"{prefix}{name}".lower() for attribute in served["attributes"] for name in flattened(attribute)}


def flattened(attribute: JsonObject) -> list[str]:
    name = attribute["name"]
    if name in {"manager", "members"}:
        return [name]
    if attribute["type"] != "complex":
        return [] if attribute["type"] == "reference" else [name]
    subs = attribute["subAttributes"]
    if not attribute["multiValued"]:
        return [f"{name}.{sub['name']}" for sub in subs if sub["type"] not in {"complex", "reference"}]
    kinds: list[str] = next((sub.get("canonicalValues", []) for sub in subs if sub["name"] == "type"), [])
    if kinds:
        plain = [sub["name"] for sub in subs if sub["name"] not in {"type", "primary"}]
        return [f'{name}[type eq "{kind}"].{sub}' for kind in kinds for sub in plain]
    return [f'{name}[primary eq "True"].{sub["name"]}' for sub in subs]


USER_TARGETS = [
    "userName", "active", "displayName", "title", "preferredLanguage", "externalId",
    "nickName", "userType", "locale", "timezone", "profileUrl",
    *(f"name.{part}" for part in (
        "givenName", "familyName", "formatted", "middleName", "honorificPrefix", "honorificSuffix",
    )),
    *(f'emails[type eq "{kind}"].value' for kind in ("work", "home", "other")),
    *(f'phoneNumbers[type eq "{kind}"].value' for kind in ("work", "mobile", "fax", "home", "other", "pager")),
    *(f'addresses[type eq "{kind}"].{part}' for kind in ("work", "other") for part in (
        "Formatted", "streetAddress", "locality", "region", "postalCode", "country",
    )),
    *(f'roles[primary eq "True"].{part}' for part in ("display", "type", "value")),
    *(f"{ENTERPRISE}:{name}" for name in (
        "employeeNumber", "department", "manager", "costCenter", "organization", "division",
    )),
]  # fmt: skip
GROUP_TARGETS = ["displayName", "externalId", "members"]


def test_every_attribute_that_entra_maps_for_users_is_offered() -> None:
    listed = discovery.schema_list(SCHEMAS, ENTRA, BASE)
    offered = mapping_targets(listed, USER) | mapping_targets(listed, ENTERPRISE, f"{ENTERPRISE}:")
    assert [target for target in USER_TARGETS if target.lower() not in offered] == []


def test_every_attribute_that_entra_maps_for_groups_is_offered() -> None:
    offered = mapping_targets(discovery.schema_list(SCHEMAS, ENTRA, BASE), GROUP)
    assert [target for target in GROUP_TARGETS if target.lower() not in offered] == []


def test_the_standards_own_schemas_would_not_offer_all_of_them() -> None:
    listed = discovery.schema_list(SCHEMAS, RFC, BASE)
    offered = mapping_targets(listed, USER) | mapping_targets(listed, ENTERPRISE, f"{ENTERPRISE}:")
    assert {target for target in USER_TARGETS if target.lower() not in offered} == {"externalId", "profileUrl"}
