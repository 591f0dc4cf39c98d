"""PATCH, case by case; the law that ties them together is among the properties."""

import copy
from time import process_time

import pytest

from scim.characteristics import check
from scim.errors import InvalidFilter, InvalidPath, InvalidValue, Mutability, NoTarget, ScimError
from scim.messages import Operation
from scim.patch import Plan, plan
from scim.profiles import PROFILES, Profile
from scim.resources import Note
from scim.schema import Json, JsonObject, ResourceType, Schemas
from scim.values import MAX_VALUES

SCHEMAS = Schemas.load()
USER = SCHEMAS.types["User"]
GROUP = SCHEMAS.types["Group"]
ENT = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
RFC, ENTRA = PROFILES["rfc"], PROFILES["entra"]

type Given = dict[str, Json]

HOME = {"type": "home", "value": "h", "primary": True}
WORK = {"type": "work", "value": "w"}
ANN: JsonObject = {
    "schemas": [USER.schema.id, ENT],
    "userName": "ann",
    "title": "t",
    "name": {"givenName": "Ann", "familyName": "Lee"},
    "emails": [HOME, WORK],
    ENT: {"department": "d", "manager": {"value": "m", "$ref": "../Users/m"}},
}
TEAM: JsonObject = {"schemas": [GROUP.schema.id], "displayName": "team"}


def planned(kind: ResourceType, *operations: Given, profile: Profile = RFC) -> Plan:
    return plan(kind, [Operation(**operation) for operation in operations], profile)


def patched(*operations: Given, resource: JsonObject = ANN, profile: Profile = RFC) -> JsonObject:
    """What the operations change: attributes with their new values, None where they are gone."""
    before = copy.deepcopy(resource)
    after = planned(USER, *operations, profile=profile).apply(resource)
    check(USER, resource, after)
    assert resource == before
    return {name: after.get(name) for name in resource | after if after.get(name) != resource.get(name)}


CHANGES: list[tuple[str, Given, JsonObject]] = [
    ("add to a single attribute replaces", {"op": "add", "path": "title", "value": "u"}, {"title": "u"}),
    ("replace of an absent attribute adds", {"op": "replace", "path": "nickName", "value": "n"}, {"nickName": "n"}),
    ("remove", {"op": "remove", "path": "title"}, {"title": None}),
    ("remove of what is not there", {"op": "remove", "path": "nickName"}, {}),
    ("replace by null", {"op": "replace", "path": "title", "value": None}, {"title": None}),
    ("add of null", {"op": "add", "path": "title", "value": None}, {"title": None}),
    ("the same again", {"op": "replace", "path": "title", "value": "t"}, {}),
    ("an empty string is a value", {"op": "replace", "path": "title", "value": ""}, {"title": ""}),
    ("false is a value", {"op": "add", "path": "active", "value": False}, {"active": False}),
    (
        "replace of a complex attribute merges",
        {"op": "replace", "path": "name", "value": {"GivenName": "Eve", "familyName": None}},
        {"name": {"givenName": "Eve"}},
    ),
    ("replace of a complex attribute by nothing", {"op": "replace", "path": "name", "value": {}}, {}),
    ("add of nothing to a complex attribute", {"op": "add", "path": "name", "value": {}}, {}),
    ("unknown sub-attributes change nothing", {"op": "replace", "path": "name", "value": {"nope": 1}}, {}),
    (
        "readOnly sub-attributes change nothing",
        {"op": "add", "path": f"{ENT}:manager", "value": {"displayName": "x"}},
        {},
    ),
    (
        "a sub-attribute",
        {"op": "replace", "path": "name.givenName", "value": "E"},
        {"name": {"givenName": "E", "familyName": "Lee"}},
    ),
    (
        "add of elements",
        {"op": "add", "path": "emails", "value": [{"value": "x"}]},
        {"emails": [HOME, WORK, {"value": "x"}]},
    ),
    ("add of an element that is there", {"op": "add", "path": "emails", "value": [{"value": "w", "TYPE": "work"}]}, {}),
    (
        "add of an element that is there, and not primary",
        {"op": "add", "path": "emails", "value": [WORK | {"primary": False}]},
        {},
    ),
    ("add of no elements", {"op": "add", "path": "emails", "value": []}, {}),
    ("add of null to many", {"op": "add", "path": "emails", "value": None}, {}),
    ("replace of all elements", {"op": "replace", "path": "emails", "value": [WORK]}, {"emails": [WORK]}),
    ("replace by no elements", {"op": "replace", "path": "emails", "value": []}, {"emails": None}),
    ("remove of all elements", {"op": "remove", "path": "emails"}, {"emails": None}),
    (
        "a new primary clears the old one",
        {"op": "add", "path": "emails", "value": [{"value": "x", "primary": True}]},
        {"emails": [HOME | {"primary": False}, WORK, {"value": "x", "primary": True}]},
    ),
    (
        "a value path that becomes primary clears the old one",
        {"op": "replace", "path": 'emails[type eq "work"].primary', "value": True},
        {"emails": [HOME | {"primary": False}, WORK | {"primary": True}]},
    ),
    (
        "replace of an element replaces it whole",
        {"op": "replace", "path": 'emails[type eq "home"]', "value": {"value": "x"}},
        {"emails": [{"value": "x"}, WORK]},
    ),
    (
        "add to an element merges",
        {"op": "add", "path": 'emails[type eq "home"]', "value": {"value": "x"}},
        {"emails": [HOME | {"value": "x"}, WORK]},
    ),
    ("remove of an element", {"op": "remove", "path": 'emails[type eq "home"]'}, {"emails": [WORK]}),
    ("remove of an element that is not there", {"op": "remove", "path": 'emails[type eq "x"]'}, {}),
    ("remove of the last elements", {"op": "remove", "path": "emails[value pr]"}, {"emails": None}),
    (
        "remove of a sub-attribute",
        {"op": "remove", "path": 'emails[type eq "work"].type'},
        {"emails": [HOME, {"value": "w"}]},
    ),
    ("remove of a sub-attribute nowhere", {"op": "remove", "path": 'emails[type eq "x"].type'}, {}),
    (
        "replace of elements by null",
        {"op": "replace", "path": 'emails[type eq "work"]', "value": None},
        {"emails": [HOME]},
    ),
    ("add of null to elements", {"op": "add", "path": 'emails[type eq "work"]', "value": None}, {}),
    (
        "a sub-attribute of every element",
        {"op": "replace", "path": "emails.display", "value": "x"},
        {"emails": [HOME | {"display": "x"}, WORK | {"display": "x"}]},
    ),
    ("a value path in any case", {"op": "remove", "path": 'EMAILS[Type EQ "HOME"]'}, {"emails": [WORK]}),
    (
        "an extension's attribute",
        {"op": "replace", "path": f"{ENT.upper()}:DEPARTMENT", "value": "x"},
        {ENT: {"department": "x", "manager": {"value": "m", "$ref": "../Users/m"}}},
    ),
    (
        "a filter on a single value",
        {"op": "remove", "path": f'{ENT}:manager[value eq "m"]'},
        {ENT: {"department": "d"}},
    ),
    ("a filter that a single value does not meet", {"op": "remove", "path": f'{ENT}:manager[value eq "x"]'}, {}),
    ("a whole extension", {"op": "remove", "path": ENT}, {ENT: None, "schemas": [USER.schema.id]}),
    ("a password", {"op": "replace", "path": "password", "value": "x"}, {}),
    (
        "readOnly keys without a path",
        {"op": "replace", "value": {"id": "x", "groups": [], "title": "u"}},
        {"title": "u"},
    ),
    ("an extension that is listed already", {"op": "add", "path": "schemas", "value": [ENT]}, {}),
    ("an extension unlisted alone", {"op": "remove", "path": f'schemas[value eq "{ENT}"]'}, {}),
]


@pytest.mark.parametrize(("given", "changed"), [case[1:] for case in CHANGES], ids=[case[0] for case in CHANGES])
@pytest.mark.parametrize("profile", [RFC, ENTRA], ids=["rfc", "entra"])
def test_what_an_operation_changes(given: Given, changed: JsonObject, profile: Profile) -> None:
    if profile is ENTRA:
        changed = ENTRA_DIFFERS.get(str(given), changed)
    assert patched(given, profile=profile) == changed


ENTRA_DIFFERS: dict[str, JsonObject] = {
    str({"op": "replace", "path": "title", "value": ""}): {"title": None},
    str({"op": "replace", "path": 'emails[type eq "home"]', "value": {"value": "x"}}): {
        "emails": [{"type": "home", "value": "x"}, WORK]
    },
}
"""Where a switch of the profile makes something else of the same operation."""


def test_an_element_that_is_no_longer_primary_is_still_there() -> None:
    once_primary = ANN | {"emails": [WORK | {"primary": False}]}
    plan_ = planned(USER, {"op": "add", "path": "emails", "value": [WORK]})
    assert plan_.apply(once_primary) is once_primary


def test_what_changes_nothing_gives_the_same_resource_back() -> None:
    assert planned(USER, {"op": "replace", "path": "title", "value": "t"}).apply(ANN) is ANN


REFUSED: list[tuple[Given, type[ScimError], str]] = [
    ({"op": "add", "path": 'emails[type eq "x"].value', "value": "v"}, NoTarget, "emails.value matches no value;"),
    ({"op": "replace", "path": 'emails[type eq "x"]', "value": {"value": "v"}}, NoTarget, "emails matches no value;"),
    ({"op": "replace", "path": "phoneNumbers.value", "value": "v"}, NoTarget, "phoneNumbers.value matches no value;"),
    ({"op": "replace", "path": 'emails[type eq "x"].value', "value": None}, NoTarget, "emails.value matches no value;"),
    ({"op": "replace", "path": 'emails[type eq "x"]', "value": None}, NoTarget, "emails matches no value;"),
    ({"op": "add", "path": 'emails[type eq "x"]', "value": {}}, NoTarget, "emails matches no value;"),
    ({"op": "remove"}, NoTarget, "A remove needs a path"),
    ({"op": "remove", "path": "userName"}, Mutability, "userName is required"),
    ({"op": "replace", "path": "userName", "value": None}, Mutability, "userName is required"),
    ({"op": "remove", "path": "emails", "value": [WORK]}, InvalidValue, "A remove has no value; its path says which"),
    ({"op": "remove", "path": "groups", "value": []}, InvalidValue, "A remove has no value"),
    ({"op": "remove", "path": "password", "value": "x"}, InvalidValue, "A remove has no value"),
    (
        {"op": "remove", "path": ENT, "value": {}},
        InvalidValue,
        f"A remove has no value; its path says which values of {ENT}",
    ),
    ({"op": "replace", "path": "userName", "value": " "}, InvalidValue, "userName is required, and may not be blank"),
    ({"op": "replace", "path": "id", "value": "x"}, Mutability, "id is readOnly"),
    ({"op": "replace", "path": "meta.version", "value": 0}, Mutability, "meta.version is readOnly"),
    ({"op": "replace", "path": "groups.value", "value": ""}, Mutability, "groups.value is readOnly"),
    ({"op": "remove", "path": "id"}, Mutability, "id is readOnly"),
    ({"op": "remove", "path": "meta"}, Mutability, "meta is readOnly"),
    ({"op": "replace", "path": "meta.version", "value": "x"}, Mutability, "meta.version is readOnly"),
    ({"op": "add", "path": "groups", "value": [{"value": "g"}]}, Mutability, "groups is readOnly"),
    ({"op": "remove", "path": 'groups[value eq "g"]'}, Mutability, "groups is readOnly"),
    (
        {"op": "replace", "path": f"{ENT}:manager.displayName", "value": "x"},
        Mutability,
        f"{ENT}:manager.displayName is",
    ),
    ({"op": "remove", "path": "schemas"}, Mutability, f"{USER.schema.id} cannot leave schemas."),
    ({"op": "remove", "path": f'schemas[value eq "{USER.schema.id}"]'}, Mutability, f"{USER.schema.id} cannot leave"),
    ({"op": "replace", "path": "schemas", "value": [ENT]}, Mutability, f"{USER.schema.id} cannot leave schemas."),
    ({"op": "add", "path": "schemas", "value": ["urn:x"]}, InvalidValue, "'urn:x' is no schema of User."),
    ({"op": "add", "path": "title", "value": 5}, InvalidValue, "title must be a string, not a number."),
    ({"op": "add", "path": "name", "value": "x"}, InvalidValue, "name must be an object, not a string."),
    ({"op": "replace", "path": "emails", "value": {"value": "x"}}, InvalidValue, "emails must be an array of objects"),
    ({"op": "add", "path": 'emails[type eq "work"]', "value": "x"}, InvalidValue, "emails must be an object"),
    (
        {"op": "add", "path": 'emails[type eq "work"].primary', "value": "x"},
        InvalidValue,
        "emails.primary must be true",
    ),
    ({"op": "add", "path": 'emails[nope eq "work"].value', "value": "x"}, InvalidFilter, "emails has no sub-attribute"),
    (
        {"op": "add", "path": 'emails[primary eq "True"].value', "value": "x"},
        InvalidFilter,
        "emails.primary is of type",
    ),
    ({"op": "replace", "path": "emails.primary", "value": True}, InvalidValue, "emails.primary would make several"),
    (
        {"op": "add", "path": "emails", "value": [{"value": "a", "primary": True}, {"value": "b", "primary": True}]},
        InvalidValue,
        "emails has more than one element with primary true",
    ),
    ({"op": "add", "path": "nope", "value": 1}, InvalidPath, "User has no attribute nope."),
    ({"op": "add", "path": USER.schema.id, "value": {}}, InvalidPath, "User has no attribute urn:"),
    (
        {"op": "add", "path": "emails", "value": [{"value": str(n)} for n in range(49)]},
        InvalidValue,
        "emails.value has 51",
    ),
]


@pytest.mark.parametrize(("given", "error", "detail"), REFUSED)
def test_a_refusal_says_what_is_wrong(given: Given, error: type[ScimError], detail: str) -> None:
    with pytest.raises(ScimError) as refusal:
        patched(given)
    assert type(refusal.value) is error
    assert refusal.value.detail.startswith(detail)


def test_a_readonly_attribute_may_be_named_with_the_value_it_has() -> None:
    stored = ANN | {"id": "7", "meta": {"version": "1"}, "groups": [{"value": "g"}]}
    same: list[Given] = [
        {"op": "replace", "path": "id", "value": "7"},
        {"op": "add", "path": "meta.version", "value": "1"},
        {"op": "replace", "path": "groups", "value": [{"value": "g"}]},
        {"op": "remove", "path": f"{ENT}:manager.displayName"},
    ]
    assert patched(*same, resource=stored) == {}


def test_a_resource_is_left_whole_when_a_later_operation_fails() -> None:
    with pytest.raises(NoTarget):
        patched({"op": "remove", "path": "title"}, {"op": "add", "path": 'ims[type eq "x"].value', "value": "v"})


@pytest.mark.parametrize("profile", [RFC, ENTRA], ids=["rfc", "entra"])
def test_a_required_attribute_does_not_go_for_a_moment_either(profile: Profile) -> None:
    with pytest.raises(Mutability, match="userName is required"):
        patched({"op": "remove", "path": "userName"}, {"op": "add", "path": "userName", "value": "b"}, profile=profile)


def test_nor_is_it_blank_for_a_moment() -> None:
    with pytest.raises(InvalidValue, match="userName is required, and may not be blank"):
        patched(*({"op": "replace", "path": "userName", "value": name} for name in (" ", "b")))


def test_an_extension_enters_and_leaves_schemas_with_its_attributes() -> None:
    bare = {"schemas": [USER.schema.id], "userName": "a"}
    add = {"op": "add", "path": f"{ENT}:employeeNumber", "value": "1"}
    assert patched(add, resource=bare) == {"schemas": [USER.schema.id, ENT], ENT: {"employeeNumber": "1"}}
    assert patched(add, {"op": "remove", "path": f"{ENT}:employeeNumber"}, resource=bare) == {}


class TestCreatingWhatAPathNames:
    def test_several_operations_on_one_path_share_one_element(self) -> None:
        parts = {"locality": "Oslo", "region": "O", "country": "NO"}
        operations = [{"op": "add", "path": f'addresses[type eq "work"].{n}', "value": v} for n, v in parts.items()]
        assert patched(*operations, profile=ENTRA) == {"addresses": [{"type": "work", **parts}]}

    def test_string_booleans_become_booleans_in_the_element(self) -> None:
        operations = [
            {"op": "replace", "path": 'roles[primary eq "True"].value', "value": "r"},
            {"op": "replace", "path": 'roles[primary eq "True"].type', "value": "t"},
        ]
        assert patched(*operations, profile=ENTRA) == {"roles": [{"primary": True, "value": "r", "type": "t"}]}

    def test_a_created_primary_clears_the_old_one(self) -> None:
        operation = {"op": "add", "path": 'emails[type eq "x" and primary eq true].value', "value": "v"}
        created = {"type": "x", "primary": True, "value": "v"}
        assert patched(operation, profile=ENTRA) == {"emails": [HOME | {"primary": False}, WORK, created]}

    def test_a_path_without_eq_describes_nothing_and_creates_nothing(self) -> None:
        for path in (
            'emails[type sw "x"].value',
            'emails[type eq "x" or type eq "y"].value',
            "emails[not (type pr)].value",
        ):
            with pytest.raises(NoTarget):
                patched({"op": "add", "path": path, "value": "v"}, profile=ENTRA)

    def test_a_path_to_every_element_creates_one_where_there_is_none(self) -> None:
        operation = {"op": "replace", "path": "ims.value", "value": "v"}
        assert patched(operation, profile=ENTRA) == {"ims": [{"value": "v"}]}

    def test_a_single_value_is_created_but_never_overwritten(self) -> None:
        operation = {"op": "add", "path": f'{ENT}:manager[value eq "x"].$ref', "value": "r"}
        with pytest.raises(NoTarget):
            patched(operation, profile=ENTRA)
        bare = {"schemas": [USER.schema.id], "userName": "a"}
        assert patched(operation, resource=bare, profile=ENTRA)[ENT] == {"manager": {"value": "x", "$ref": "r"}}

    @pytest.mark.parametrize("path", ['emails[type eq "x"]', 'emails[type eq "x"].value', "ims.value"])
    def test_null_creates_nothing_and_is_no_error(self, path: str) -> None:
        assert patched({"op": "replace", "path": path, "value": None}, profile=ENTRA) == {}

    def test_it_is_noted_when_it_happens_and_only_then(self) -> None:
        operation = {"op": "add", "path": 'emails[type eq "work"].display', "value": "W"}
        made = planned(USER, operation, profile=ENTRA)
        assert made.notes == ()
        assert made.outcome(ANN).notes == ()
        assert made.outcome({}).notes == (Note("create_unmatched", "emails.display"),)


def test_the_last_of_several_primaries_wins_where_the_profile_says_so() -> None:
    assert patched({"op": "replace", "path": "emails.primary", "value": True}, profile=ENTRA) == {
        "emails": [HOME | {"primary": False}, WORK | {"primary": True}]
    }


def test_a_password_is_noted_when_it_is_set_but_not_when_it_is_removed() -> None:
    setting = {"op": "add", "value": {"password": "x"}}
    assert planned(USER, setting).notes == (Note("password_dropped", "password"),)
    assert planned(USER, {"op": "remove", "path": "password"}).notes == ()


@pytest.mark.parametrize(
    "given",
    [
        {"op": "replace", "path": "roles.primary", "value": True},
        {"op": "replace", "path": "roles.display", "value": "x"},
        {"op": "add", "path": "roles", "value": [{"value": "new", "primary": True}]},
        {"op": "remove", "path": 'roles[value sw "1"]'},
    ],
)
def test_the_time_a_change_takes_grows_with_the_elements_and_not_with_their_square(given: Given) -> None:
    def time(elements: int) -> float:
        roles = [{"value": str(n)} for n in range(elements)]
        made = planned(USER, given, profile=ENTRA)
        started = process_time()
        made.apply(ANN | {"roles": roles})
        return process_time() - started

    few, many = (min(time(elements) for _ in range(9)) for elements in (100, 900))
    assert many < 40 * few  # 9 times the elements: 81 times the time if it grew with the square


def test_an_attribute_may_not_grow_beyond_a_thousand_values() -> None:
    full = ANN | {"roles": [{"value": str(n)} for n in range(MAX_VALUES)]}
    with pytest.raises(InvalidValue, match="roles has 1,001 values; the limit is 1,000"):
        planned(USER, {"op": "add", "path": "roles", "value": [{"value": "one more"}]}).apply(full)
