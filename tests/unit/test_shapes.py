"""Resources and messages as JSON Schema."""

import jsonschema_rs
import pytest

from scim import shapes
from scim.profiles import PROFILES, Profile
from scim.schema import Attribute, Json, JsonObject, ResourceType, Schemas
from tests.client import ENTERPRISE, GROUP, PATCH_OP, SEARCH_REQUEST, USER

SCHEMAS = Schemas.load()
BENT = "urn:example:Unknown"


def components(profile: Profile) -> JsonObject:
    return shapes.components(SCHEMAS, profile, ())


def fits(component: str, value: Json, profile: str = "rfc") -> bool:
    document = {"schemas": components(PROFILES[profile])}
    return jsonschema_rs.is_valid({"$ref": f"#/components/schemas/{component}", "components": document}, value)


def user(**attributes: Json) -> JsonObject:
    return {"schemas": [USER], "userName": "ada", **attributes}


def patch(**operation: Json) -> JsonObject:
    return {"schemas": [PATCH_OP], "Operations": [operation]}


@pytest.mark.parametrize("kind", SCHEMAS.types.values(), ids=lambda kind: kind.name)
def test_an_answer_has_every_attribute_but_those_never_returned(kind: ResourceType) -> None:
    shape = components(PROFILES["rfc"])[kind.name]
    returned = {attribute.name for attribute in kind.attributes if attribute.returned != "never"}
    assert shape["properties"].keys() == returned | kind.extensions.keys()
    assert shape["required"] == ["schemas", "id"]


@pytest.mark.parametrize("kind", SCHEMAS.types.values(), ids=lambda kind: kind.name)
def test_a_request_has_every_attribute_but_those_that_are_read_only(kind: ResourceType) -> None:
    shape = components(PROFILES["rfc"])[f"{kind.name}Request"]
    taken = {attribute.name for attribute in kind.attributes if attribute.mutability != "readOnly"}
    assert shape["properties"].keys() == taken | kind.extensions.keys()


def test_characteristics_are_said_beside_the_shape() -> None:
    taken = components(PROFILES["rfc"])
    name, password = (taken["UserRequest"]["properties"][each] for each in ("userName", "password"))
    assert name["x-scim"] == {
        "mutability": "readWrite",
        "returned": "default",
        "caseExact": False,
        "uniqueness": "server",
    }
    assert name["description"].endswith("Compared without regard to case.")
    assert password["writeOnly"] is True
    assert taken["User"]["properties"]["groups"]["readOnly"] is True
    assert taken["User"]["properties"]["emails"]["items"]["properties"]["type"]["examples"] == ["work", "home", "other"]
    assert taken["User"]["properties"]["meta"]["properties"]["created"]["format"] == "date-time"


@pytest.mark.parametrize(
    "attributes",
    [
        {"userName": None},
        {"userName": " "},
        {"active": "True"},
        {"name": "Ada"},
        {"emails": {"value": "a"}},
        {"emails": ["a"]},
        {"schemas": [USER, BENT]},
        {"schemas": [ENTERPRISE]},
        {BENT: {}},
        {"no name": 1},
        {ENTERPRISE: {"manager": "42"}},
    ],
)
def test_what_the_standard_refuses_does_not_fit(attributes: JsonObject) -> None:
    assert not fits("UserRequest", user() | attributes)


@pytest.mark.parametrize(
    "attributes",
    [
        {"title": None, "emails": None, "name": None},
        {"emails": []},
        {"nosuch": {"a": 1}},
        {"schemas": [USER, ENTERPRISE], ENTERPRISE: {"manager": {"value": "42"}, "department": None}},
        {"x509Certificates": [{"value": "c2NpbQ=="}]},
    ],
)
def test_what_the_standard_takes_fits_for_every_profile(attributes: JsonObject) -> None:
    assert all(fits("UserRequest", user() | attributes, profile) for profile in PROFILES)


@pytest.mark.parametrize(
    ("switch", "component", "value"),
    [
        ("boolean_strings", "UserRequest", user(active="True")),
        ("loose_values", "UserRequest", user(**{ENTERPRISE: {"manager": "42"}})),
        ("loose_values", "GroupRequest", {"schemas": [GROUP], "displayName": "a", "members": ["42"]}),
        ("ignore_unknown_schemas", "UserRequest", user(**{BENT: {}})),
        ("ignore_unknown_schemas", "UserRequest", {"schemas": [USER, BENT], "userName": "ada"}),
        ("allow_missing_schemas", "UserRequest", {"userName": "ada"}),
        ("allow_missing_schemas", "SearchRequest", {}),
        ("allow_empty_operations", "PatchOp", {"schemas": [PATCH_OP], "Operations": []}),
    ],
)
def test_a_switch_widens_what_fits(switch: str, component: str, value: Json) -> None:
    assert fits(component, value, "entra")
    unbent = components(PROFILES["entra"].override({switch: "off"}))
    shape = {"$ref": f"#/components/schemas/{component}", "components": {"schemas": unbent}}
    assert not jsonschema_rs.is_valid(shape, value)


@pytest.mark.parametrize(
    ("operation", "right"),
    [
        ({"op": "remove", "path": "title"}, True),
        ({"op": "remove"}, False),
        ({"op": "add", "path": "title", "value": "Boss"}, True),
        ({"op": "add", "path": "title"}, False),
        ({"op": "replace", "value": {"title": None}}, True),
        ({"op": "replace", "value": "Boss"}, False),
        ({"op": "move", "path": "title", "value": 1}, False),
    ],
)
def test_an_operation_has_one_of_three_forms(operation: JsonObject, right: bool) -> None:
    assert fits("PatchOp", patch(**operation)) is right


def test_a_member_names_a_resource() -> None:
    group: JsonObject = {"schemas": [GROUP], "displayName": "Team"}
    assert fits("GroupRequest", group | {"members": [{"value": "42", "type": None}]})
    wrong: list[Json] = [{}, {"value": None}, {"value": ""}, {"type": "User"}]
    assert not any(fits("GroupRequest", group | {"members": [member]}) for member in wrong)


def test_a_query_asks_for_attributes_or_leaves_some_out() -> None:
    search = {"schemas": [SEARCH_REQUEST], "attributes": ["id"]}
    assert fits("SearchRequest", search)
    assert not fits("SearchRequest", search | {"excludedAttributes": ["name"]})


def test_parameters_that_the_service_passes_over_are_left_out() -> None:
    taken = shapes.components(SCHEMAS, PROFILES["rfc"], {"sortBy", "cursor"})
    assert not taken["SearchRequest"]["properties"].keys() & {"sortBy", "cursor"}


@pytest.mark.parametrize("kind", ["string", "boolean", "decimal", "integer", "dateTime", "reference", "binary"])
def test_every_type_of_attribute_has_a_shape(kind: str) -> None:
    attribute = Attribute.model_validate({"name": "a", "type": kind})
    schema = SCHEMAS.types["Group"].schema.model_copy(update={"attributes": (attribute,)})
    found = shapes.components(Schemas({schema.id: schema}, {}), PROFILES["rfc"], ())
    assert found["Group"]["properties"]["a"]["type"] in {"string", "boolean", "number", "integer"}
