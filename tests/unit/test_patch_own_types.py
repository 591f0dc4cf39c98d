"""PATCH of a resource type that is only a file: simple multi-valued attributes, immutable ones, and the like."""

import pytest

from scim.characteristics import check
from scim.errors import InvalidValue, Mutability
from scim.messages import Operation
from scim.patch import Plan, plan
from scim.profiles import PROFILES, Profile
from scim.schema import Attribute, Json, JsonObject, ResourceType, Schema, Schemas

RFC, ENTRA = PROFILES["rfc"], PROFILES["entra"]

type Given = dict[str, Json]


def planned(operation: Given, profile: Profile = RFC) -> Plan:
    return plan(SHELF, [Operation(**operation)], profile)


SHELF = ResourceType(
    name="Shelf",
    description="",
    endpoint="/Shelves",
    schema=Schema(
        id="urn:x:Shelf",
        name="Shelf",
        attributes=(
            Attribute(name="tags", multi_valued=True),
            Attribute(name="code", mutability="immutable"),
            Attribute(
                name="labels",
                type="complex",
                multi_valued=True,
                sub_attributes=(Attribute(name="image", type="binary"), Attribute(name="size", type="integer")),
            ),
            Attribute(
                name="box", type="complex", sub_attributes=(Attribute(name="sizes", type="integer", multi_valued=True),)
            ),
        ),
    ),
    extensions={},
    required_extensions=frozenset(),
    common=Schemas.load().types["User"].common,
    alias="shelf",
)
BARE: JsonObject = {"schemas": ["urn:x:Shelf"]}


@pytest.mark.parametrize(
    ("before", "given", "after"),
    [
        ({"tags": ["a", "b"]}, {"op": "remove", "path": 'tags[value eq "A"]'}, {"tags": ["b"]}),
        ({"tags": ["a", "b"]}, {"op": "replace", "path": 'tags[value eq "a"]', "value": "c"}, {"tags": ["c", "b"]}),
        ({"tags": ["a"]}, {"op": "add", "path": "tags", "value": ["b", "a"]}, {"tags": ["a", "b"]}),
        ({"tags": ["a"]}, {"op": "add", "path": "tags", "value": "b"}, {"tags": ["a", "b"]}),
        ({}, {"op": "add", "value": {"tags": "b"}}, {"tags": ["b"]}),
        ({"box": {"sizes": [1]}}, {"op": "add", "path": "box.sizes", "value": 2}, {"box": {"sizes": [1, 2]}}),
        ({}, {"op": "add", "path": 'tags[value eq "a"]', "value": "b"}, {"tags": ["b"]}),
        ({"box": {"sizes": [1]}}, {"op": "add", "path": "box.sizes", "value": [2, 1.0]}, {"box": {"sizes": [1, 2]}}),
        ({"box": {"sizes": [1]}}, {"op": "replace", "path": "box.sizes", "value": [2]}, {"box": {"sizes": [2]}}),
        ({"box": {"sizes": [1]}}, {"op": "remove", "path": "box.sizes"}, {}),
        (
            {},
            {"op": "add", "path": "labels[size eq 2.0].image", "value": "QUI="},
            {"labels": [{"size": 2, "image": "QUI="}]},
        ),
        ({"code": "a"}, {"op": "add", "path": "code", "value": "a"}, {"code": "a"}),
        ({}, {"op": "add", "path": "code", "value": "a"}, {"code": "a"}),
    ],
)
def test_a_type_that_is_only_a_file_is_patched_like_any_other(
    before: JsonObject, given: Given, after: JsonObject
) -> None:
    found = planned(given, ENTRA).apply(BARE | before)
    check(SHELF, BARE | before, found)
    assert found == BARE | after
    assert repr(found.get("labels")) == repr(after.get("labels")), "2 is an integer, 2.0 is none"


def test_an_element_is_not_created_of_what_its_attribute_cannot_hold() -> None:
    with pytest.raises(InvalidValue, match=r"labels\.image must be a string in base64"):
        planned({"op": "add", "path": 'labels[image eq "!"].size', "value": 1}, ENTRA)
    removing = planned({"op": "remove", "path": 'labels[image eq "!"].size'}, ENTRA)
    assert removing.apply(BARE) == BARE


@pytest.mark.parametrize("given", [{"op": "replace", "path": "code", "value": "b"}, {"op": "remove", "path": "code"}])
def test_an_immutable_attribute_that_has_a_value_keeps_it(given: Given) -> None:
    stored = BARE | {"code": "a"}
    with pytest.raises(Mutability, match="code is immutable"):
        check(SHELF, stored, planned(given).apply(stored))
