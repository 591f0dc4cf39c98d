"""PATCH of a group's members: changed without a look at them, wherever that can be."""

import pytest

from scim.errors import InvalidPath, Mutability
from scim.messages import Operation
from scim.patch import Plan, plan
from scim.profiles import PROFILES, Profile
from scim.resources import NO_LINKS, Links, Member, Note
from scim.schema import Json, JsonObject, Schemas

GROUP = Schemas.load().types["Group"]
RFC, ENTRA = PROFILES["rfc"], PROFILES["entra"]
TEAM: JsonObject = {"schemas": [GROUP.schema.id], "displayName": "team"}

type Given = dict[str, Json]


def planned(*operations: Given, profile: Profile = RFC) -> Plan:
    return plan(GROUP, [Operation(**operation) for operation in operations], profile)


LINKS: list[tuple[list[Given], Links]] = [
    ([{"op": "add", "path": "members", "value": [{"value": "1"}]}], Links({"1": Member("1", None)})),
    (
        [{"op": "add", "value": {"MEMBERS": [{"value": "1", "type": "Group"}, {"value": "2", "$ref": "x/Users/2"}]}}],
        Links({"1": Member("1", "Group"), "2": Member("2", "User")}),
    ),
    ([{"op": "remove", "path": 'members[value eq "1"]'}], Links(remove=frozenset("1"))),
    ([{"op": "remove", "path": 'members[value eq "1" or VALUE eq "2"]'}], Links(remove=frozenset("12"))),
    ([{"op": "remove", "path": "members"}], Links(clear=True)),
    ([{"op": "replace", "path": "members", "value": []}], Links(clear=True)),
    ([{"op": "replace", "path": "members", "value": None}], Links(clear=True)),
    ([{"op": "replace", "path": 'members[value eq "1"]', "value": None}], Links(remove=frozenset("1"))),
    ([{"op": "replace", "path": "members", "value": [{"value": "1"}]}], Links({"1": Member("1", None)}, clear=True)),
    (
        [
            {"op": "add", "path": "members", "value": [{"value": "1"}, {"value": "2"}]},
            {"op": "remove", "path": 'members[value eq "1"]'},
        ],
        Links({"2": Member("2", None)}, frozenset("1")),
    ),
    (
        [
            {"op": "remove", "path": 'members[value eq "1"]'},
            {"op": "add", "path": "members", "value": [{"value": "1"}]},
        ],
        Links({"1": Member("1", None, 1)}),
    ),
    (
        [
            {"op": "add", "path": "members", "value": [{"value": "1"}]},
            {"op": "remove", "path": "members"},
            {"op": "add", "path": "members", "value": [{"value": "2"}]},
            {"op": "remove", "path": 'members[value eq "3"]'},
        ],
        Links({"2": Member("2", None, 2)}, clear=True),
    ),
    ([{"op": "replace", "path": "displayName", "value": "x"}], NO_LINKS),
]


@pytest.mark.parametrize(("operations", "links"), LINKS)
def test_members_are_changed_without_a_look_at_them(operations: list[Given], links: Links) -> None:
    made = planned(*operations)
    assert (made.links, made.needs_members) == (links, False)


def test_other_attributes_of_a_group_change_beside_its_links() -> None:
    made = planned(
        {"op": "replace", "path": "displayName", "value": "x"},
        {"op": "add", "path": "members", "value": [{"value": "1"}]},
    )
    assert made.apply(TEAM) == TEAM | {"displayName": "x"}


def test_a_filter_on_anything_but_ids_needs_the_members() -> None:
    held = [{"value": "1", "type": "User", "$ref": "a"}, {"value": "2", "type": "Group"}]
    made = planned(
        {"op": "add", "path": "members", "value": [{"value": "1"}, {"value": "3", "type": "User"}]},
        {"op": "remove", "path": 'members[type eq "Group"]'},
    )
    assert (made.links, made.needs_members) == (NO_LINKS, True)
    assert made.apply(TEAM | {"members": held})["members"] == [held[0], {"value": "3", "type": "User"}]
    cleared = planned({"op": "remove", "path": "members[value pr]"}).apply(TEAM | {"members": held})
    assert cleared == TEAM


@pytest.mark.parametrize(
    "given",
    [
        {"op": "replace", "path": 'members[value eq "1"].value', "value": "2"},
        {"op": "remove", "path": "members.type"},
        {"op": "replace", "path": 'members[value eq "1"]', "value": {"value": "2"}},
        {"op": "add", "path": 'members[value eq "1"]', "value": {"type": "User"}},
    ],
)
def test_a_member_cannot_be_changed(given: Given) -> None:
    with pytest.raises(Mutability, match="members are added and removed, not changed"):
        planned(given)


def test_a_member_cannot_be_changed_after_an_operation_that_looks_at_them_either() -> None:
    looking = {"op": "remove", "path": 'members[type eq "Group"]'}
    for changing in (
        {"op": "replace", "path": 'members[value eq "1"]', "value": ""},
        {"op": "remove", "path": "members.type"},
    ):
        with pytest.raises(Mutability):
            planned(looking, changing)


def test_a_name_that_members_do_not_have_is_an_unknown_path() -> None:
    display = {"op": "replace", "path": 'members[value eq "1"].display', "value": "x"}
    rename = {"op": "replace", "path": "displayName", "value": "x"}
    with pytest.raises(InvalidPath, match=r"Group has no attribute members\.display\."):
        planned(display, rename)
    made = planned(display, rename, profile=ENTRA)
    assert made.notes == (Note("unknown_path", "members.display"),)
    assert made.apply(TEAM) == TEAM | {"displayName": "x"}
