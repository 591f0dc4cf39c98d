"""Attributes, what paths lead to, and the form in which values are compared."""

import json
from pathlib import Path

import pytest
from pydantic import ValidationError

from scim.normal_forms import normal
from scim.schema import STANDARD, Attribute, JsonObject, ResourceType, Schemas, Target

SCHEMAS = Schemas.load()
USER = SCHEMAS.types["User"]
GROUP = SCHEMAS.types["Group"]
CORE = "urn:ietf:params:scim:schemas:core:2.0:User"
ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"


def target(path: str, resource_type: ResourceType = USER) -> Target:
    found = resource_type.resolve(path)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("userName", "userName"),
        ("USERNAME", "userName"),
        ("id", "id"),
        ("meta.lastmodified", "meta.lastModified"),
        ("name.givenName", "name.givenName"),
        ("emails.VALUE", "emails.value"),
        ("groups.$ref", "groups.$ref"),
        (f"{CORE}:userName", "userName"),
        (f"{CORE}:name.givenName", "name.givenName"),
        (f"{CORE}:id", "id"),
        (ENTERPRISE, ENTERPRISE),
        (f"{ENTERPRISE}:department", f"{ENTERPRISE}:department"),
        (f"{ENTERPRISE.upper()}:MANAGER.VALUE", f"{ENTERPRISE}:manager.value"),
    ],
)
def test_a_path_leads_to_an_attribute_in_any_case(path: str, name: str) -> None:
    assert str(target(path)) == name


@pytest.mark.parametrize(
    "path",
    [
        "",
        "nope",
        "department",
        "userName.value",
        "name.nope",
        "name.",
        ".name",
        "name.givenName.x",
        CORE,
        f"{CORE}:department",
        f"{CORE}.userName",
        f"{ENTERPRISE}:userName",
        f"{ENTERPRISE}:",
        f"{ENTERPRISE}x:department",
        "urn:example:userName",
        "__class__",
    ],
)
def test_a_path_that_the_schema_does_not_know_leads_nowhere(path: str) -> None:
    assert USER.resolve(path) is None


def test_the_longest_urn_that_fits_is_taken_off_a_path() -> None:
    inner = SCHEMAS.schemas[ENTERPRISE]
    urn = f"{CORE}:userName"
    fields = {name: getattr(USER, name) for name in USER.__dataclass_fields__}
    user = ResourceType(**(fields | {"extensions": {urn: inner.model_copy(update={"id": urn})}}))
    assert str(target(f"{urn}:department", user)) == f"{urn}:department"
    assert target(urn, user).attribute is None
    assert str(target(f"{CORE}:title", user)) == "title"


BARBARA: JsonObject = {
    "userName": "bjensen",
    "name": {"givenName": "Barbara"},
    "emails": [{"value": "a@b", "type": "work"}, {"value": "c@d"}],
    ENTERPRISE: {"manager": {"value": "5"}},
}


@pytest.mark.parametrize(
    ("path", "values"),
    [
        ("userName", ["bjensen"]),
        ("title", []),
        ("name.givenName", ["Barbara"]),
        ("name.familyName", []),
        ("emails", [{"value": "a@b", "type": "work"}, {"value": "c@d"}]),
        ("emails.value", ["a@b", "c@d"]),
        ("emails.type", ["work"]),
        ("phoneNumbers.value", []),
        (ENTERPRISE, [{"manager": {"value": "5"}}]),
        (f"{ENTERPRISE}:manager.value", ["5"]),
        (f"{ENTERPRISE}:department", []),
    ],
)
def test_a_target_finds_its_values_in_a_resource(path: str, values: list[object]) -> None:
    assert target(path).values(BARBARA) == values


@pytest.mark.parametrize("path", [ENTERPRISE, f"{ENTERPRISE}:manager", f"{ENTERPRISE}:manager.value"])
def test_an_absent_extension_holds_no_values(path: str) -> None:
    assert target(path).values({"userName": "bjensen"}) == []
    assert target(path).holder({"userName": "bjensen"}) == {}


def test_the_leaf_is_the_last_attribute_named() -> None:
    assert target("emails.value").leaf.name == "value"
    assert target("emails").leaf.name == "emails"
    with pytest.raises(LookupError, match="whole extension"):
        _ = target(ENTERPRISE).leaf


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("BJensen", "bjensen"),
        ("Straße", "STRASSE"),
        ("e\u0301", "\u00c9"),
        ("\uff21\uff22", "ab"),
        (" a b ", "a b"),
        ("\u212a", "k"),
        ("\u1e9e", "ss"),
    ],
)
def test_values_that_differ_in_case_form_or_outer_blanks_compare_equal(left: str, right: str) -> None:
    loose = Attribute(name="userName")
    assert normal(loose, left) == normal(loose, right)
    assert normal(loose, normal(loose, left)) == normal(loose, left)


@pytest.mark.parametrize(("left", "right"), [("a b", "ab"), ("a", "á"), ("1", "l"), ("a", "")])
def test_values_that_differ_in_letters_compare_different(left: str, right: str) -> None:
    loose = Attribute(name="userName")
    assert normal(loose, left) != normal(loose, right)


@pytest.mark.parametrize("value", ["BJensen", " a ", "e\u0301", ""])
def test_a_case_exact_value_compares_as_it_is(value: str) -> None:
    assert normal(Attribute(name="id", case_exact=True), value) == value


def test_indexes_have_short_aliases_and_know_their_uniqueness() -> None:
    assert [(index.alias, index.unique) for index in USER.indexes + GROUP.indexes] == [
        ("user.userName", True),
        ("user.externalId", False),
        ("user.emails.value", False),
        ("group.displayName", True),
        ("group.externalId", False),
    ]


def test_uniqueness_can_be_taken_from_one_attribute_of_one_type() -> None:
    shared = SCHEMAS.without_uniqueness("Group", "displayName")
    relaxed = shared.types["Group"]
    assert [index.unique for index in relaxed.indexes] == [False, False]
    assert shared.schemas[relaxed.schema.id] is relaxed.schema
    assert shared.types["User"] is USER
    assert [index.unique for index in GROUP.indexes] == [True, False]
    assert (relaxed.members, relaxed.endpoint) == (GROUP.members, GROUP.endpoint)


@pytest.mark.parametrize(("endpoint", "name"), [("/Users", "User"), ("/groups", "Group"), ("/USERS", "User")])
def test_a_resource_type_is_found_at_its_endpoint(endpoint: str, name: str) -> None:
    found = SCHEMAS.at(endpoint)
    assert found is not None
    assert found.name == name


@pytest.mark.parametrize("endpoint", ["", "/", "Users", "/User", "/Users/", "/Schemas"])
def test_no_resource_type_is_found_elsewhere(endpoint: str) -> None:
    assert SCHEMAS.at(endpoint) is None


def test_a_resource_type_knows_its_urns() -> None:
    assert USER.urns == {CORE.lower(), ENTERPRISE.lower()}
    assert USER.extension(ENTERPRISE.upper()) is SCHEMAS.schemas[ENTERPRISE]
    assert USER.extension(CORE) is None
    assert GROUP.extension(ENTERPRISE) is None


def test_attributes_are_found_in_any_case() -> None:
    user_name = USER.attribute("USERNAME")
    assert user_name is not None
    assert user_name.name == "userName"
    assert USER.attribute("META") is USER.attribute("meta")
    assert USER.attribute("department") is None
    assert SCHEMAS.schemas[ENTERPRISE].attribute("Department") is not None


CHARACTERISTICS: list[tuple[str, JsonObject]] = [
    ("id", {"mutability": "readOnly", "returned": "always", "case_exact": True, "uniqueness": "server"}),
    ("schemas", {"multi_valued": True, "returned": "always", "required": True}),
    ("externalId", {"mutability": "readWrite", "case_exact": True, "uniqueness": "none"}),
    ("meta", {"mutability": "readOnly", "type": "complex"}),
    ("meta.created", {"mutability": "readOnly", "type": "dateTime"}),
    ("userName", {"required": True, "uniqueness": "server", "case_exact": False}),
    ("password", {"mutability": "writeOnly", "returned": "never"}),
    ("active", {"type": "boolean", "required": False}),
    ("profileUrl", {"type": "reference", "reference_types": ("external",)}),
    ("emails", {"type": "complex", "multi_valued": True}),
    ("emails.primary", {"type": "boolean"}),
    ("photos.value", {"type": "reference", "case_exact": True}),
    ("x509Certificates.value", {"type": "binary"}),
    ("groups", {"mutability": "readOnly", "multi_valued": True}),
    (f"{ENTERPRISE}:manager.value", {"required": False, "case_exact": True}),
    (f"{ENTERPRISE}:manager.displayName", {"mutability": "readOnly"}),
]


@pytest.mark.parametrize(("path", "expected"), CHARACTERISTICS)
def test_an_attribute_has_the_characteristics_of_the_standard(path: str, expected: JsonObject) -> None:
    leaf = target(path).leaf
    assert {name: getattr(leaf, name) for name in expected} == expected


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("displayName", {"required": True, "uniqueness": "server"}),
        ("members.value", {"mutability": "immutable", "case_exact": True}),
        ("members.type", {"canonical_values": ("User", "Group")}),
    ],
)
def test_a_groups_attribute_has_the_characteristics_of_the_standard(path: str, expected: JsonObject) -> None:
    leaf = target(path, GROUP).leaf
    assert {name: getattr(leaf, name) for name in expected} == expected


@pytest.mark.parametrize("resource_type", SCHEMAS.types.values(), ids=lambda kind: kind.name)
def test_every_indexed_and_linking_attribute_exists(resource_type: ResourceType) -> None:
    assert len(resource_type.indexes) == len(resource_type.indexed)
    for name in (resource_type.members, resource_type.memberships):
        assert name is None or resource_type.attribute(name) is not None


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the standard's files, to change."""
    for path in STANDARD.glob("*.json"):
        (tmp_path / path.name).write_text(path.read_text(encoding="utf-8"), encoding="utf-8")
    return tmp_path


def change(path: Path, **values: object) -> None:
    content = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    path.write_text(json.dumps(content | values), encoding="utf-8")


def test_a_custom_extension_is_one_more_file(folder: Path) -> None:
    urn = "urn:example:params:scim:schemas:extension:badge:1.0:User"
    change(folder / "Badge.schema.json", id=urn, name="Badge", attributes=[{"name": "colour", "caseExact": True}])
    listed = [{"schema": ENTERPRISE, "required": False}, {"schema": urn, "required": True}]
    change(folder / "User.type.json", schemaExtensions=listed)
    user = Schemas.load(folder).types["User"]
    assert target(f"{urn}:COLOUR", user).leaf.case_exact
    assert user.required_extensions == {urn}
    assert str(target(f"{ENTERPRISE}:department", user)) == f"{ENTERPRISE}:department"


def test_a_resource_type_of_an_unknown_schema_is_refused(folder: Path) -> None:
    change(folder / "User.type.json", schema="urn:example:nope")
    with pytest.raises(KeyError, match="urn:example:nope"):
        Schemas.load(folder)


@pytest.mark.parametrize(
    ("file", "values"),
    [
        ("User.type.json", {"colour": "red"}),
        ("User.type.json", {"endpoint": None}),
        ("Group.schema.json", {"attributes": [{"name": "x", "type": "text"}]}),
        ("Group.schema.json", {"attributes": [{"name": "x", "mutable": True}]}),
        ("Common.json", {"attributes": "none"}),
    ],
)
def test_a_file_that_is_not_of_its_kinds_form_is_refused(folder: Path, file: str, values: JsonObject) -> None:
    change(folder / file, **values)
    with pytest.raises(ValidationError):
        Schemas.load(folder)


@pytest.mark.parametrize("kind", ["reference", "binary"])
def test_a_reference_or_binary_is_case_exact_whatever_is_said(kind: str) -> None:
    for said in ({}, {"caseExact": False}, {"caseExact": True}):
        attribute = Attribute.model_validate({"name": "home", "type": kind, **said})
        assert attribute.case_exact
        assert Attribute.model_validate(attribute.model_dump(by_alias=True, exclude_defaults=True)) == attribute
    assert not Attribute(name="home").case_exact
