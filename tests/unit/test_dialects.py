"""How clients really write SCIM: each quirk alone, and what happens to it where its switch is off."""

import copy
import json

import pytest

from scim import dialects, quirks
from scim.filters import parse, render
from scim.messages import PATCH_OP
from scim.profiles import PROFILES, SWITCHES, Profile
from scim.resources import Note
from scim.schema import Json, JsonObject, Schemas

SCHEMAS = Schemas.load()
USER = SCHEMAS.types["User"]
GROUP = SCHEMAS.types["Group"]
ENT = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
RFC, ENTRA = PROFILES["rfc"], PROFILES["entra"]
ROLE_TEXT = json.dumps({"id": "06b0", "value": "Admin", "displayName": "Administrator"})


def only(switch: str) -> Profile:
    return RFC.override({switch: "on"})


BODIES: list[tuple[str, str, JsonObject, JsonObject, str]] = [
    ("boolean_strings", "string_boolean", {"active": "True"}, {"active": True}, "active"),
    ("boolean_strings", "string_boolean", {"Active": "false"}, {"Active": False}, "active"),
    (
        "boolean_strings",
        "string_boolean",
        {"roles": [{"primary": "True", "value": "r"}]},
        {"roles": [{"primary": True, "value": "r"}]},
        "roles.primary",
    ),
    ("loose_values", "bare_value", {ENT: {"manager": "m"}}, {ENT: {"manager": {"value": "m"}}}, f"{ENT}:manager"),
    ("loose_values", "bare_value", {"emails": ["a"]}, {"emails": [{"value": "a"}]}, "emails"),
    ("loose_values", "array_for_single", {"title": ["t"]}, {"title": "t"}, "title"),
    ("loose_values", "array_for_single", {"name": [{"givenName": "g"}]}, {"name": {"givenName": "g"}}, "name"),
    ("loose_values", "single_for_array", {"emails": {"value": "a"}}, {"emails": [{"value": "a"}]}, "emails"),
    ("loose_values", "object_for_simple", {"title": {"$ref": None, "Value": "t"}}, {"title": "t"}, "title"),
    (
        "loose_values",
        "json_text",
        {"roles": [{"value": ROLE_TEXT, "primary": True}]},
        {"roles": [{"value": "Admin", "display": "Administrator", "primary": True}]},
        "roles",
    ),
    ("empty_unassigns", "empty_string", {"title": ""}, {"title": None}, "title"),
    ("empty_unassigns", "empty_string", {"emails": ""}, {"emails": None}, "emails"),
    ("empty_unassigns", "empty_value", {ENT: {"manager": {"value": None}}}, {ENT: {"manager": None}}, f"{ENT}:manager"),
    (
        "last_primary_wins",
        "two_primaries",
        {"emails": [{"value": "a", "Primary": True}, {"value": "b", "primary": True}, {"value": "c"}]},
        {"emails": [{"value": "a", "Primary": False}, {"value": "b", "primary": True}, {"value": "c"}]},
        "emails",
    ),
    ("allow_missing_schemas", "missing_schemas", {}, {"schemas": [USER.schema.id]}, "schemas"),
    ("allow_missing_schemas", "missing_schemas", {"Schemas": None}, {"Schemas": [USER.schema.id]}, "schemas"),
    ("allow_missing_schemas", "missing_schemas", {"schemas": [ENT]}, {"schemas": [ENT, USER.schema.id]}, "schemas"),
    ("ignore_unknown_schemas", "unknown_schemas", {"schemas": [ENT, "urn:x"]}, {"schemas": [ENT]}, "urn:x"),
    ("ignore_unknown_schemas", "unknown_schemas", {"urn:x": {"a": 1}, "title": "t"}, {"title": "t"}, "urn:x"),
    ("bare_extension_names", "top_level_extension", {"manager": None}, {ENT: {"manager": None}}, "User"),
    ("bare_extension_names", "top_level_extension", {f"{ENT}:division": "d"}, {ENT: {"division": "d"}}, "User"),
    (
        "bare_extension_names",
        "top_level_extension",
        {"Department": "d", "division": "x", ENT.lower(): {"Division": "y"}},
        {ENT.lower(): {"Division": "y", "department": "d"}},
        "User",
    ),
]


@pytest.mark.parametrize(("switch", "quirk", "written", "meant", "attribute"), BODIES)
def test_a_body_is_bent_by_one_switch_and_the_quirk_named(
    switch: str, quirk: str, written: JsonObject, meant: JsonObject, attribute: str
) -> None:
    before = copy.deepcopy(written)
    assert dialects.body(USER, written, only(switch)) == (meant, (Note(quirk, attribute),))
    assert written == before


@pytest.mark.parametrize(("switch", "quirk", "written"), [row[:3] for row in BODIES])
def test_a_body_is_left_alone_where_the_switch_is_off(switch: str, quirk: str, written: JsonObject) -> None:
    assert dialects.body(USER, written, RFC) == (written, ())
    _, notes = dialects.body(USER, written, ENTRA.override({switch: "off"}))
    assert quirk not in {note.quirk for note in notes}


def test_a_body_of_the_rfcs_form_is_not_bent_by_any_switch() -> None:
    body = {
        "schemas": [USER.schema.id, ENT],
        "userName": "ann",
        "active": False,
        "name": {"givenName": "Ann"},
        "emails": [{"value": "a", "primary": True}, {"value": "b", "primary": False}],
        "roles": [{"value": "Admin"}],
        "nickName": "True",
        "meta": {"resourceType": "User"},
        ENT: {"manager": {"value": "m"}},
    }
    assert dialects.body(USER, body, ENTRA) == (body, ())


@pytest.mark.parametrize("body", [None, [], "x", 5])
def test_what_is_no_object_is_left_to_be_refused(body: Json) -> None:
    assert dialects.body(USER, body, ENTRA) == (body, ())
    assert dialects.message(PATCH_OP, body, ENTRA) == (body, ())


@pytest.mark.parametrize(
    "written",
    [
        {"roles": [{"value": "{not json"}]},
        {"roles": [{"value": "Admin"}]},
        {"entitlements": [{"value": ROLE_TEXT}]},
        {"roles": [{"value": "{" * 100_000}]},
        {"title": ["a", "b"]},
        {"active": "yes"},
        {"title": "True"},
        {"groups": "x"},
        {"password": ""},
    ],
)
def test_what_is_not_meant_otherwise_stays(written: JsonObject) -> None:
    assert dialects.body(USER, written, ENTRA.override({"allow_missing_schemas": "off"})) == (written, ())


def test_a_message_without_schemas_gets_them_where_that_is_allowed() -> None:
    assert dialects.message(PATCH_OP, {"Operations": []}, RFC) == ({"Operations": []}, ())
    assert dialects.message(PATCH_OP, {"Operations": []}, ENTRA) == (
        {"Operations": [], "schemas": [PATCH_OP]},
        (Note("missing_schemas", "schemas"),),
    )
    complete = {"schemas": [PATCH_OP.upper()], "Operations": []}
    assert dialects.message(PATCH_OP, complete, ENTRA) == (complete, ())


FILTERS = [
    ('active eq "True"', "active eq true"),
    ('roles[primary eq "True" and value eq "True"]', 'roles[primary eq true and value eq "True"]'),
    ('not (roles.primary ne "false") or active pr', "not (roles.primary ne false) or active pr"),
    ('id eq "1" and manager eq "2"', f'id eq "1" and {ENT}:manager eq "2"'),
    ('manager.value eq "2"', f'{ENT}:manager.value eq "2"'),
    ("department pr", f"{ENT}:department pr"),
    (f'{ENT}.department eq "d"', f'{ENT}:department eq "d"'),
    ('userName eq "True"', 'userName eq "True"'),
    ("externalId eq 4711", 'externalId eq "4711"'),
    ("manager eq 4711", f'{ENT}:manager eq "4711"'),
    ("emails[value sw 4711]", 'emails[value sw "4711"]'),
    ("title eq true", "title eq true"),
    ("title eq 1.5", "title eq 1.5"),
    ('nope[x eq "True"] and nope eq "True"', 'nope[x eq "True"] and nope eq "True"'),
]


@pytest.mark.parametrize(("written", "meant"), FILTERS)
def test_a_filter_is_bent_as_far_as_the_profile_lets_it(written: str, meant: str) -> None:
    assert render(dialects.filter_(USER, parse(written), ENTRA)[0]) == meant
    assert render(dialects.filter_(USER, parse(written), RFC)[0]) == written


def test_a_filter_of_five_hundred_levels_is_bent_without_running_out_of_stack() -> None:
    deep = parse("not (" * 499 + 'active eq "True"' + ")" * 499)
    assert "eq true" in render(dialects.filter_(USER, deep, ENTRA)[0])


def test_every_switch_is_known_to_the_profile() -> None:
    assert set(SWITCHES) >= quirks.VALUE_SWITCHES
