"""References to resources that a bulk request creates: where they are read, and where the same text is only text."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scim import references
from scim.errors import InvalidValue
from scim.profiles import PROFILES, Profile
from scim.schema import Attribute, Json, JsonObject, ResourceType, Schema, Schemas
from tests.client import ENTERPRISE, GROUP, PATCH_OP

TYPES = Schemas.load().types
USERS, GROUPS = TYPES["User"], TYPES["Group"]
RFC, ENTRA = PROFILES["rfc"], PROFILES["entra"]
MANAGER = f"{ENTERPRISE}:manager"

REFERENCE = Attribute(name="$ref", type="reference", reference_types=("Device",))
DEVICES = ResourceType(
    name="Device",
    description="",
    endpoint="/Devices",
    schema=Schema(
        id="urn:x:Device",
        name="Device",
        attributes=(
            Attribute(name="owner", type="complex", required=True, sub_attributes=(Attribute(name="value"), REFERENCE)),
            Attribute(
                name="gateways", type="complex", multi_valued=True, sub_attributes=(Attribute(name="value"), REFERENCE)
            ),
            Attribute(
                name="origin",
                type="complex",
                mutability="immutable",
                sub_attributes=(Attribute(name="value"), REFERENCE),
            ),
            Attribute(
                name="ports",
                type="complex",
                multi_valued=True,
                sub_attributes=(
                    Attribute(name="number", type="integer"),
                    Attribute(name="peer", type="reference", reference_types=("Device",)),
                    Attribute(name="peers", type="reference", reference_types=("Device",), multi_valued=True),
                ),
            ),
            Attribute(name="twin", type="reference", reference_types=("Device",)),
            Attribute(name="manual", type="reference", reference_types=("external",)),
        ),
    ),
    extensions={},
    required_extensions=frozenset(),
    common=USERS.common,
    alias="device",
)


def ids(name: str) -> str:
    return {"u1": "id-1", "u2": "id-2"}.get(name) or refuse(name)


def refuse(name: str) -> str:
    raise InvalidValue(name)


def body(kind: ResourceType, given: JsonObject, profile: Profile = RFC) -> Json:
    return references.in_body(kind, given, profile, ids)


def operation(kind: ResourceType, given: Json, profile: Profile = RFC) -> Json:
    return references.in_patch(kind, {"Operations": [given]}, profile, ids)["Operations"][0]


def mentioned(kind: ResourceType, given: JsonObject) -> list[str]:
    found: list[str] = []
    references.in_body(kind, given, RFC, listing(found))
    return found


def listing(found: list[str]) -> references.Resolve:
    def resolve(name: str) -> str:
        found.append(name)
        return ""

    return resolve


@pytest.mark.parametrize(
    ("segment", "name"),
    [("bulkId:u1", "u1"), ("BULKID:U1", "U1"), ("bulkId:", ""), ("bulkId:a/b:c", "a/b:c"), ("u1", None), ("", None)],
)
def test_an_id_in_a_path_may_be_a_bulk_id(segment: str, name: str | None) -> None:
    assert references.of_path(segment) == name


@pytest.mark.parametrize(
    ("kind", "given", "expected"),
    [
        (GROUPS, {"members": [{"value": "bulkId:u1"}]}, {"members": [{"value": "id-1"}]}),
        (GROUPS, {"Members": [{"Value": "bulkid:u1"}]}, {"Members": [{"Value": "id-1"}]}),
        (GROUPS, {"members": {"value": "bulkId:u1"}}, {"members": {"value": "id-1"}}),
        (GROUPS, {"members": "bulkId:u1"}, {"members": "id-1"}),
        (GROUPS, {"members": ["bulkId:u1", "x", 4, None]}, {"members": ["id-1", "x", 4, None]}),
        (
            GROUPS,
            {"members": [{"value": "bulkId:u1", "$ref": "../Users/bulkId:u1", "display": "bulkId:u1"}]},
            {"members": [{"value": "id-1", "$ref": "../Users/id-1", "display": "bulkId:u1"}]},
        ),
        (
            GROUPS,
            {"members": [{"$ref": "https://x.example/Users/bulkId:u%31"}]},
            {"members": [{"$ref": "https://x.example/Users/id-1"}]},
        ),
        (USERS, {ENTERPRISE: {"manager": {"value": "bulkId:u1"}}}, {ENTERPRISE: {"manager": {"value": "id-1"}}}),
        (USERS, {ENTERPRISE.upper(): {"MANAGER": "bulkId:u1"}}, {ENTERPRISE.upper(): {"MANAGER": "id-1"}}),
        (DEVICES, {"twin": "bulkId:u1"}, {"twin": "id-1"}),
        (DEVICES, {"twin": "/Devices/bulkId:u1"}, {"twin": "/Devices/id-1"}),
        (DEVICES, {"ports": [{"number": 1, "peer": "bulkId:u1"}]}, {"ports": [{"number": 1, "peer": "id-1"}]}),
        (DEVICES, {"ports": [{"peers": ["bulkId:u2", "bulkId:u1"]}]}, {"ports": [{"peers": ["id-2", "id-1"]}]}),
        (DEVICES, {"gateways": [{"value": "bulkId:u2"}]}, {"gateways": [{"value": "id-2"}]}),
    ],
)
def test_a_reference_gives_way_to_the_id(kind: ResourceType, given: JsonObject, expected: JsonObject) -> None:
    assert body(kind, given) == expected


@pytest.mark.parametrize(
    ("kind", "given"),
    [
        (USERS, {"displayName": "bulkId:u1", "userName": "bulkId:u1", "externalId": "bulkId:u1"}),
        (USERS, {"displayName": "he is bulkId:u1", "emails": [{"value": "bulkId:u1"}], "name": "bulkId:u1"}),
        (USERS, {"groups": [{"value": "bulkId:u1"}], "id": "bulkId:u1", "profileUrl": "bulkId:u1"}),
        (USERS, {"unknown": "bulkId:u1", "manager": "bulkId:u1", ENTERPRISE: "bulkId:u1"}),
        (USERS, {ENTERPRISE: {"division": "bulkId:u1", "manager": {"displayName": "bulkId:u1"}}}),
        (GROUPS, {"displayName": "bulkId:u1", "members": [{"value": "my bulkId:u1"}, {"value": None}]}),
        (DEVICES, {"manual": "bulkId:u1", "ports": [{"number": "bulkId:u1"}]}),
    ],
)
def test_the_same_text_anywhere_else_is_text(kind: ResourceType, given: JsonObject) -> None:
    assert body(kind, given) == given
    assert mentioned(kind, given) == []


@pytest.mark.parametrize("given", [None, [], "bulkId:u1", 4])
def test_a_body_that_is_no_object_is_for_others_to_refuse(given: Json) -> None:
    assert body(USERS, given) == given
    assert references.cut(USERS, given, RFC, {"u1"}).body == given


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"path": "members", "value": [{"value": "bulkId:u1"}]}, {"path": "members", "value": [{"value": "id-1"}]}),
        ({"path": "members", "value": {"value": "bulkId:u1"}}, {"path": "members", "value": {"value": "id-1"}}),
        ({"Path": "MEMBERS", "VALUE": [{"value": "bulkId:u1"}]}, {"Path": "MEMBERS", "VALUE": [{"value": "id-1"}]}),
        ({"path": f"{GROUP}:members", "value": "bulkId:u1"}, {"path": f"{GROUP}:members", "value": "id-1"}),
        ({"value": {"members": [{"value": "bulkId:u1"}]}}, {"value": {"members": [{"value": "id-1"}]}}),
        (
            {"op": "remove", "path": 'members[value eq "bulkId:u1"]'},
            {"op": "remove", "path": 'members[value eq "id-1"]'},
        ),
        (
            {"path": 'members[not (value eq "bulkId:u1") or type eq "bulkId:u1" and $ref ew "/bulkId:u2"]'},
            {"path": 'members[not (value eq "id-1") or type eq "bulkId:u1" and $ref ew "/id-2"]'},
        ),
    ],
)
def test_a_patch_refers_in_values_and_in_the_filters_of_its_paths(given: JsonObject, expected: JsonObject) -> None:
    assert operation(GROUPS, given) == expected


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"path": MANAGER, "value": "bulkId:u1"}, {"path": MANAGER, "value": "id-1"}),
        ({"path": f"{MANAGER}.value", "value": "bulkId:u1"}, {"path": f"{MANAGER}.value", "value": "id-1"}),
        (
            {"path": f'{MANAGER}[value eq "bulkId:u1"].value', "value": "bulkId:u2"},
            {"path": f'{MANAGER}[value eq "id-1"].value', "value": "id-2"},
        ),
        ({"value": {MANAGER: {"value": "bulkId:u1"}}}, {"value": {MANAGER: {"value": "id-1"}}}),
        ({"value": {f"{MANAGER}.value": "bulkId:u1"}}, {"value": {f"{MANAGER}.value": "id-1"}}),
        ({"value": {ENTERPRISE: {"manager": "bulkId:u1"}}}, {"value": {ENTERPRISE: {"manager": "id-1"}}}),
        (
            {"path": ENTERPRISE, "value": {"manager.value": "bulkId:u1"}},
            {"path": ENTERPRISE, "value": {"manager.value": "id-1"}},
        ),
        (
            {"value": {f'{MANAGER}[value eq "bulkId:u1"].value': "bulkId:u2"}},
            {"value": {f'{MANAGER}[value eq "id-1"].value': "id-2"}},
        ),
        (
            {"path": f"{MANAGER}.value", "value": {"value": ["bulkId:u1"]}},
            {"path": f"{MANAGER}.value", "value": {"value": ["id-1"]}},
        ),
    ],
)
def test_a_patch_of_an_extension_refers_too(given: JsonObject, expected: JsonObject) -> None:
    assert operation(USERS, given) == expected


@pytest.mark.parametrize(
    "given",
    [
        {"path": "displayName", "value": "bulkId:u1"},
        {"path": 'emails[value eq "bulkId:u1"].display', "value": "bulkId:u1"},
        {"path": 'emails[value eq "bulkId:u1"]', "value": {"value": "bulkId:u1"}},
        {"path": f"{MANAGER}.displayName", "value": "bulkId:u1"},
        {"path": "manager", "value": "bulkId:u1"},
        {"path": "nosuch", "value": "bulkId:u1"},
        {"path": 'nosuch[value eq "bulkId:u1"]', "value": "bulkId:u1"},
        {"path": "groups", "value": [{"value": "bulkId:u1"}]},
        {"path": 'manager[value eq "bulkId:u1"', "value": "bulkId:u1"},
        {"path": 4, "value": "bulkId:u1"},
        {"value": "bulkId:u1"},
        {"value": {"displayName": "bulkId:u1", "emails": [{"value": "bulkId:u1"}]}},
        "bulkId:u1",
        None,
    ],
)
def test_a_patch_of_anything_else_stays_as_it_was_written(given: Json) -> None:
    assert operation(USERS, given) == given


def test_names_that_a_profile_takes_for_an_extensions_refer_as_well() -> None:
    assert body(USERS, {"manager": "bulkId:u1"}, ENTRA) == {"manager": "id-1"}
    found = operation(USERS, {"path": "manager[value eq bulkId:u1]", "value": "bulkId:u2"}, ENTRA)
    assert found == {"path": 'manager[value eq "id-1"]', "value": "id-2"}


def test_a_bare_array_of_operations_is_a_patch() -> None:
    found = references.in_patch(GROUPS, [{"op": "add", "path": "members", "value": "bulkId:u1"}], RFC, ids)
    assert found == {"schemas": [PATCH_OP], "Operations": [{"op": "add", "path": "members", "value": "id-1"}]}


@pytest.mark.parametrize("given", [{"schemas": ["x"]}, {"Operations": "bulkId:u1"}, "bulkId:u1", None])
def test_a_patch_without_operations_is_for_others_to_refuse(given: Json) -> None:
    assert references.in_patch(GROUPS, given, RFC, ids) == given


def test_a_reference_to_nothing_is_never_left_standing() -> None:
    with pytest.raises(InvalidValue, match="u9"):
        body(GROUPS, {"members": [{"value": "bulkId:u9"}]})
    with pytest.raises(InvalidValue):
        operation(GROUPS, {"op": "remove", "path": 'members[value eq "bulkId:u9"]'})
    with pytest.raises(InvalidValue):
        body(GROUPS, {"members": [{"value": "bulkId:"}]})


def cut(kind: ResourceType, given: JsonObject, *missing: str) -> tuple[Json, Sequence[JsonObject], bool]:
    found = references.cut(kind, given, RFC, missing)
    return found.body, found.later, found.whole


def test_what_refers_to_nothing_yet_is_cut_out_and_brought_later() -> None:
    given = {"displayName": "A", "members": [{"value": "bulkId:u1"}, {"value": "bulkId:u2"}, {"value": "x"}]}
    first = {"displayName": "A", "members": [{"value": "bulkId:u2"}, {"value": "x"}]}
    later = {"op": "add", "path": "members", "value": given["members"]}
    assert cut(GROUPS, given, "u1") == (first, (later,), True)
    assert cut(GROUPS, given, "u9") == (given, (), True)


def test_a_single_value_is_cut_out_whole() -> None:
    manager = {"value": "bulkId:u1", "displayName": "A"}
    given = {"userName": "a", ENTERPRISE: {"division": "d", "manager": manager}}
    first = {"userName": "a", ENTERPRISE: {"division": "d"}}
    assert cut(USERS, given, "u1") == (first, ({"op": "replace", "path": MANAGER, "value": manager},), True)


def test_a_sub_attribute_is_cut_out_of_its_element() -> None:
    ports = [{"number": 1, "peer": "bulkId:u1"}, {"number": 2}]
    first, later, whole = cut(DEVICES, {"ports": ports}, "u1")
    assert first == {"ports": [{"number": 1}, {"number": 2}]}
    assert (later, whole) == (({"op": "replace", "path": "ports", "value": ports},), True)


def test_what_may_be_set_once_is_set_when_it_is_whole() -> None:
    origin = {"value": "bulkId:u2", "$ref": "/Devices/bulkId:u1"}
    assert cut(DEVICES, {"origin": origin}, "u1") == ({}, ({"op": "replace", "path": "origin", "value": origin},), True)


def test_a_body_cannot_do_without_what_is_required() -> None:
    assert cut(DEVICES, {"owner": {"value": "bulkId:u1"}}, "u1")[2] is False
    assert cut(DEVICES, {"gateways": [{"value": "bulkId:u1"}]}, "u1")[2] is True


TEXTS = st.sampled_from(["bulkId:u1", "BULKID:u2", "/Users/bulkId:u1", "x", "", "bulkId", "a bulkId:u1"])
ELEMENTS = st.dictionaries(st.sampled_from(["value", "$ref", "Value", "type", "display"]), TEXTS)
BODIES = st.dictionaries(
    st.sampled_from(["members", "MEMBERS", "displayName", "externalId", "x", f"{GROUP}:members"]),
    TEXTS | ELEMENTS | st.lists(TEXTS | ELEMENTS, max_size=4) | st.none(),
)


@given(BODIES, st.sets(st.sampled_from(["u1", "u2"])))
def test_both_parts_of_a_cut_body_say_what_the_whole_said(given: JsonObject, missing: set[str]) -> None:
    found = references.cut(GROUPS, given, RFC, missing)
    first = mentioned(GROUPS, found.body)
    assert not missing & {*first}
    later: list[str] = []
    references.in_patch(GROUPS, [*found.later], RFC, listing(later))
    assert {*mentioned(GROUPS, given)} == {*first, *later}
    assert bool(found.later) == bool(missing & {*mentioned(GROUPS, given)})


@given(BODIES)
def test_no_reference_is_left_once_ids_are_in_place(given: JsonObject) -> None:
    assert mentioned(GROUPS, body(GROUPS, given)) == []
