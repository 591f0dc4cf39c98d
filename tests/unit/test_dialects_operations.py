"""PATCH operations as clients really write them: each quirk alone, and what happens where its switch is off."""

import copy

import pytest

from scim import dialects
from scim.errors import InvalidFilter, InvalidPath, InvalidSyntax, InvalidValue, PayloadTooLarge
from scim.filters import render
from scim.messages import Operation
from scim.profiles import PROFILES, Profile
from scim.resources import Note
from scim.schema import Json, Schemas

SCHEMAS = Schemas.load()
USER = SCHEMAS.types["User"]
GROUP = SCHEMAS.types["Group"]
ENT = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
RFC, ENTRA = PROFILES["rfc"], PROFILES["entra"]


def only(switch: str) -> Profile:
    return RFC.override({switch: "on"})


type Given = dict[str, Json]
STEPS: list[tuple[str, Given, list[tuple[str, str, str | None, Json]], list[Note]]] = [
    (
        "boolean_strings",
        {"op": "replace", "path": "active", "value": "False"},
        [("replace", "active", None, False)],
        [Note("string_boolean", "active")],
    ),
    (
        "boolean_strings",
        {"op": "replace", "path": 'roles[primary eq "True"].value', "value": "True"},
        [("replace", "roles.value", "primary eq true", "True")],
        [Note("string_boolean", "roles.primary")],
    ),
    (
        "bare_extension_names",
        {"op": "add", "path": "Manager", "value": {"value": "m"}},
        [("add", f"{ENT}:manager", None, {"value": "m"})],
        [Note("bare_extension_name", f"{ENT}:Manager")],
    ),
    (
        "bare_extension_names",
        {"op": "add", "path": f"{ENT}.department", "value": "d"},
        [("add", f"{ENT}:department", None, "d")],
        [Note("bare_extension_name", f"{ENT}:department")],
    ),
    (
        "bare_extension_names",
        {"op": "replace", "value": {"department": "d", "manager.value": "m"}},
        [("replace", f"{ENT}:department", None, "d"), ("replace", f"{ENT}:manager.value", None, "m")],
        [Note("bare_extension_name", f"{ENT}:department"), Note("bare_extension_name", f"{ENT}:manager.value")],
    ),
    (
        "loose_values",
        {"op": "add", "path": f"{ENT}:manager", "value": [{"$ref": None, "value": "m"}]},
        [("add", f"{ENT}:manager", None, {"$ref": None, "value": "m"})],
        [Note("array_for_single", f"{ENT}:manager")],
    ),
    (
        "loose_values",
        {"op": "add", "path": 'emails[type eq "work"]', "value": "a"},
        [("add", "emails", 'type eq "work"', {"value": "a"})],
        [Note("bare_value", "emails")],
    ),
    (
        "empty_unassigns",
        {"op": "replace", "path": f"{ENT}:manager", "value": {"value": ""}},
        [("replace", f"{ENT}:manager", None, None)],
        [Note("empty_string", f"{ENT}:manager.value"), Note("empty_value", f"{ENT}:manager")],
    ),
    (
        "remove_values",
        {"op": "remove", "path": "emails", "value": [{"value": "a", "type": "work", "display": "A"}, {"type": "home"}]},
        [("remove", "emails", 'value eq "a" and type eq "work" or type eq "home"', None)],
        [Note("remove_values", "emails")],
    ),
    (
        "remove_values",
        {"op": "remove", "path": 'emails[type eq "work"].value', "value": "old"},
        [("remove", "emails.value", 'type eq "work"', None)],
        [Note("remove_values", "emails.value")],
    ),
    (
        "remove_values",
        {"op": "remove", "path": "title", "value": "old"},
        [("remove", "title", None, None)],
        [Note("remove_values", "title")],
    ),
    ("remove_values", {"op": "remove", "path": "emails", "value": []}, [], [Note("remove_values", "emails")]),
    (
        "ignore_unknown_schemas",
        {"op": "add", "path": "schemas", "value": ["urn:x", ENT]},
        [("add", "schemas", None, [ENT])],
        [Note("unknown_schemas", "urn:x")],
    ),
    (
        "ignore_unknown_schemas",
        {"op": "add", "value": {"urn:x:y": 1, "title": "t"}},
        [("add", "title", None, "t")],
        [Note("unknown_schemas", "urn:x:y")],
    ),
    (
        "unquoted_literals",
        {"op": "remove", "path": "emails[type eq work]"},
        [("remove", "emails", 'type eq "work"', None)],
        [Note("unquoted_literal", "emails")],
    ),
]


def shown(operations: list[Operation], profile: Profile) -> tuple[list[tuple[str, str, str | None, Json]], list[Note]]:
    steps, notes = dialects.operations(USER, operations, profile)
    return [(s.op, str(s.target), render(s.filter) if s.filter else None, s.value) for s in steps], [*notes]


@pytest.mark.parametrize(("switch", "given", "steps", "notes"), STEPS)
def test_an_operation_is_bent_by_one_switch_and_the_quirk_named(
    switch: str, given: Given, steps: list[tuple[str, str, str | None, Json]], notes: list[Note]
) -> None:
    assert shown([Operation(**given)], only(switch)) == (steps, notes)


REFUSED: list[tuple[Given, type[Exception], str]] = [
    ({"op": "add", "path": "manager", "value": "m"}, InvalidPath, "User has no attribute manager."),
    ({"op": "add", "path": f"{ENT}.department", "value": "d"}, InvalidPath, "User has no attribute urn:"),
    ({"op": "add", "path": "nope", "value": "d"}, InvalidPath, "User has no attribute nope."),
    (
        {"op": "add", "path": 'emails[type eq "x"].nope', "value": "d"},
        InvalidPath,
        "User has no attribute emails.nope.",
    ),
    ({"op": "add", "path": 'title[value eq "x"]', "value": "d"}, InvalidPath, "title has no elements"),
    (
        {"op": "add", "path": 'name.givenName[value eq "x"]', "value": "d"},
        InvalidPath,
        "name.givenName has no elements",
    ),
    ({"op": "add", "path": "emails[type eq work]", "value": {}}, InvalidFilter, "At character"),
    ({"op": "remove", "path": "emails", "value": [{"value": "a"}]}, InvalidValue, "A remove has no value;"),
    ({"op": "remove", "path": "title", "value": "old"}, InvalidValue, "A remove has no value;"),
    ({"op": "add", "value": {"urn:x:y": 1}}, InvalidValue, "'urn:x:y' is no attribute or extension of User."),
    ({"op": "add", "value": {"__class__": 1}}, InvalidSyntax, "'__class__' is not the name of an attribute."),
    ({"op": "add", "value": {"a.__b__": 1}}, InvalidSyntax, "'__b__' is not the name of an attribute."),
    ({"op": "add", "value": {"title": "a", "TITLE": "b"}}, InvalidSyntax, "In the body, "),
    ({"op": "add", "value": {ENT: {"division": "a", "Division": "b"}}}, InvalidSyntax, "In urn:"),
    ({"op": "add", "value": {ENT: "x"}}, InvalidValue, "urn:"),
    ({"op": "add", "value": "x"}, InvalidValue, "Without a path, the value of an operation must be an object"),
    ({"op": "replace"}, InvalidValue, "Without a path, the value of an operation must be an object"),
    ({"op": "replace", "path": "title"}, InvalidValue, "The operation needs a value; null unassigns an attribute."),
]


@pytest.mark.parametrize(("given", "error", "detail"), REFUSED)
def test_without_its_switch_an_operation_is_refused_with_the_reason(
    given: Given, error: type[Exception], detail: str
) -> None:
    with pytest.raises(error) as refusal:
        shown([Operation(**given)], RFC)
    assert str(refusal.value).startswith(detail)


BOTH: list[tuple[Given, list[tuple[str, str, str | None, Json]], list[Note]]] = [
    (
        {"op": "replace", "value": {"displayName": "B", "name.givenName": "K", f"{ENT}:employeeNumber": "1"}},
        [
            ("replace", "displayName", None, "B"),
            ("replace", "name.givenName", None, "K"),
            ("replace", f"{ENT}:employeeNumber", None, "1"),
        ],
        [],
    ),
    (
        {"op": "add", "value": {ENT.lower(): {"Department": "d", "manager": {"value": "m"}}}},
        [("add", f"{ENT}:department", None, "d"), ("add", f"{ENT}:manager", None, {"value": "m"})],
        [],
    ),
    ({"op": "replace", "path": ENT, "value": {"division": "d"}}, [("replace", f"{ENT}:division", None, "d")], []),
    ({"op": "replace", "path": ENT, "value": None}, [("remove", ENT, None, None)], []),
    (
        {"op": "add", "value": {'emails[type eq "work"].value': "a"}},
        [("add", "emails.value", 'type eq "work"', "a")],
        [],
    ),
    (
        {"op": "replace", "value": {"id": "1", "Meta": {}, "groups": [], "title": "t"}},
        [("replace", "title", None, "t")],
        [],
    ),
    ({"op": "replace", "value": {f"{ENT}:manager.displayName": "x"}}, [], []),
    (
        {"op": "add", "value": {"nope": 1, "name.nope": 2, "x[y eq 1].z": 3, f"{ENT}:nope": 4, ENT: {"no": 5}}},
        [],
        [Note("unknown_attribute", n) for n in ("nope", "name.nope", "x.z", f"{ENT}:nope", f"{ENT}:no")],
    ),
    ({"op": "remove", "path": "emails", "value": None}, [("remove", "emails", None, None)], []),
    ({"op": "add", "path": "USERNAME", "value": "a"}, [("add", "userName", None, "a")], []),
]


@pytest.mark.parametrize(("given", "steps", "notes"), BOTH)
@pytest.mark.parametrize("profile", [RFC, ENTRA])
def test_what_every_profile_reads(
    given: Given, steps: list[tuple[str, str, str | None, Json]], notes: list[Note], profile: Profile
) -> None:
    assert shown([Operation(**given)], profile) == (steps, notes)


def test_an_unknown_path_is_skipped_only_where_another_operation_applies() -> None:
    unknown = Operation(op="add", path='nope[a eq "secret"].b', value="x")
    known = Operation(op="add", path="title", value="t")
    skipping = only("skip_unknown_paths")
    assert shown([unknown, known], skipping) == ([("add", "title", None, "t")], [Note("unknown_path", "nope.b")])
    with pytest.raises(InvalidPath, match=r"User has no attribute nope\.b\."):
        shown([unknown], skipping)
    with pytest.raises(InvalidPath):
        shown([unknown, known], RFC)


def test_no_operations_are_allowed_by_their_switch() -> None:
    assert shown([], only("allow_empty_operations")) == ([], [Note("empty_operations", "Operations")])
    with pytest.raises(InvalidSyntax, match="Operations is empty"):
        shown([], RFC)


@pytest.mark.parametrize("value", ["m", {"value": "m"}, [{"value": "m"}], ["m"]])
def test_members_are_written_in_many_ways(value: Json) -> None:
    steps, _ = dialects.operations(GROUP, [Operation(op="add", path="members", value=value)], ENTRA)
    assert [(step.op, step.value) for step in steps] == [("add", [{"value": "m"}])]


@pytest.mark.parametrize(
    ("value", "op"), [([{"value": "m"}], "add"), ([], "replace"), (None, "replace"), ("", "replace")]
)
def test_replacing_members_by_some_adds_them_where_the_profile_says_so(value: Json, op: str) -> None:
    operation = Operation(op="replace", path="members", value=value)
    (step,), notes = dialects.operations(GROUP, [operation], ENTRA)
    assert step.op == op
    assert (Note("replace_members", "members") in notes) is (op == "add")
    (step,), _ = dialects.operations(GROUP, [operation], ENTRA.override({"replace_members": "set"}))
    assert step.op == "replace"


def test_members_to_remove_are_told_by_their_value_alone() -> None:
    value = [{"$ref": None, "value": "1", "type": "User"}, {"value": "2"}]
    (step,), notes = dialects.operations(GROUP, [Operation(op="remove", path="members", value=value)], ENTRA)
    assert step.filter is not None
    assert render(step.filter) == 'value eq "1" or value eq "2"'
    assert notes == (Note("remove_values", "members"),)


def test_a_remove_may_name_a_thousand_values_but_any_number_of_members() -> None:
    value = [{"value": str(n)} for n in range(1001)]
    with pytest.raises(PayloadTooLarge, match=r"The remove of emails names 1,001 values; the limit is 1,000\."):
        dialects.operations(USER, [Operation(op="remove", path="emails", value=value)], ENTRA)
    assert dialects.operations(USER, [Operation(op="remove", path="emails", value=value[:1000])], ENTRA)[0]
    assert dialects.operations(GROUP, [Operation(op="remove", path="members", value=value)], ENTRA)[0]


def test_operations_keep_their_place_and_leave_the_clients_values_alone() -> None:
    given = [
        Operation(op="add", value={"title": "t", "emails": [{"value": "a", "primary": "True"}]}),
        Operation(op="add", path="active", value="True"),
    ]
    before = copy.deepcopy(given)
    steps, _ = dialects.operations(USER, given, ENTRA)
    assert [step.operation for step in steps] == [0, 0, 1]
    assert given == before


def test_notes_never_hold_a_value() -> None:
    operations = [
        Operation(op="replace", path='roles[value eq "secret"].primary', value="True"),
        Operation(op="add", path='nope[value eq "secret"]', value="secret"),
        Operation(op="remove", path="emails", value=[{"value": "secret"}]),
        Operation(op="add", value={'nope[value eq "secret"].x': "secret"}),
    ]
    _, notes = shown(operations, ENTRA)
    assert len(notes) == 4
    assert "secret" not in repr(notes)
