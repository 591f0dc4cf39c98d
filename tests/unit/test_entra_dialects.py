"""The simulator writes what Entra was seen to write, to the letter."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.entra.dialects import DIALECTS
from tests.entra.dialects.flag import Flag
from tests.entra.dialects.legacy import Legacy
from tests.entra.dialects.rfc import Rfc
from tests.entra.dialects.shared import Change, Diff, patch
from tests.entra.dialects.validator import Validator
from tests.entra.mappings import VALIDATOR
from tests.entra.paths import ENTERPRISE, GROUP, USER, Target, Values

MAIL = 'emails[type eq "work"].value'
OFFICE = 'addresses[type eq "work"].formatted'
FAX = 'phoneNumbers[type eq "fax"].value'
MANAGER = f"{ENTERPRISE}:manager"
MANAGER_ID = "2c2f6fb8-254f-492e-b7fe-c09c5a61c8a2"


def test_legacy_writes_one_capitalised_operation_per_attribute() -> None:
    diff = Diff(
        {MAIL: "old@x.onmicrosoft.com", OFFICE: "17/1"},
        {MAIL: "AdeleV2@x.onmicrosoft.com", OFFICE: "18/2111", f"{ENTERPRISE}:department": "Retail"},
    )
    assert patch(Legacy().modify_user(diff, 0)) == {
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
        "Operations": [
            {"op": "Replace", "path": 'emails[type eq "work"].value', "value": "AdeleV2@x.onmicrosoft.com"},
            {"op": "Replace", "path": 'addresses[type eq "work"].formatted', "value": "18/2111"},
            {
                "op": "Add",
                "path": "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department",
                "value": "Retail",
            },
        ],
    }


def test_flag_merges_simple_attributes_without_a_path() -> None:
    number = f"{ENTERPRISE}:employeeNumber"
    wanted: Values = {MAIL: "n@t.com", "displayName": "Bjfe", "name.givenName": "Kkom", "name.familyName": "Unua"}
    diff = Diff(dict.fromkeys([*wanted, number], "old"), {**wanted, number: "Aklq"})
    assert Flag().modify_user(diff, 0) == [
        {"op": "replace", "path": 'emails[type eq "work"].value', "value": "n@t.com"},
        {
            "op": "replace",
            "value": {
                "displayName": "Bjfe",
                "name.givenName": "Kkom",
                "name.familyName": "Unua",
                "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:employeeNumber": "Aklq",
            },
        },
    ]


def test_flag_adds_and_replaces_in_one_operation_each() -> None:
    diff = Diff({"title": "a"}, {"title": "b", "displayName": "c", "active": True})
    assert Flag().modify_user(diff, 0) == [
        {"op": "add", "value": {"displayName": "c", "active": True}},
        {"op": "replace", "value": {"title": "b"}},
    ]


@pytest.mark.parametrize(
    ("dialect", "turn", "operation"),
    [
        ("legacy", 0, {"op": "Replace", "path": "active", "value": "False"}),
        ("flag", 0, {"op": "replace", "path": "active", "value": False}),
        ("flag", 1, {"op": "replace", "value": {"active": False}}),
        ("validator", 0, {"op": "replace", "path": "active", "value": False}),
        ("validator", 1, {"op": "replace", "value": {"active": False}}),
        ("rfc", 0, {"op": "replace", "path": "active", "value": False}),
    ],
)
def test_a_user_is_disabled(dialect: str, turn: int, operation: dict[str, object]) -> None:
    written = DIALECTS[dialect]().modify_user(Diff({"active": True}, {"active": False}), turn)
    assert json.dumps(written) == json.dumps([operation])


def test_the_validator_writes_36_verbose_operations_and_merges_in_the_next_request() -> None:
    wanted: Values = {path: "x" for path in VALIDATOR if path not in {"userName", "externalId"}}
    verbose = Validator().modify_user(Diff(dict.fromkeys(wanted, "old"), wanted), 0)
    assert len(verbose) == 36
    assert {operation["op"] for operation in verbose} == {"replace"}
    assert {operation["path"] for operation in verbose} == set(wanted)
    merged = Validator().modify_user(Diff(dict.fromkeys(wanted, "old"), wanted), 1)
    assert [operation for operation in merged if "path" not in operation] == [merged[-1]]
    assert all("[" in str(operation["path"]) for operation in merged[:-1])


@pytest.mark.parametrize(
    ("dialect", "turn", "title", "fax"),
    [
        ("legacy", 0, {"op": "Remove", "path": "title"}, {"op": "Remove", "path": FAX}),
        ("legacy", 1, {"op": "Remove", "path": "title", "value": "t"}, {"op": "Remove", "path": FAX, "value": "f"}),
        ("flag", 0, {"op": "remove", "path": "title"}, {"op": "remove", "path": FAX}),
        ("validator", 0, {"op": "replace", "path": "title", "value": ""}, {"op": "replace", "path": FAX, "value": ""}),
        ("validator", 1, {"op": "replace", "value": {"title": None}}, {"op": "replace", "path": FAX, "value": None}),
        ("rfc", 0, {"op": "remove", "path": "title"}, {"op": "remove", "path": 'phoneNumbers[type eq "fax"]'}),
    ],
)
def test_an_attribute_is_cleared(dialect: str, turn: int, title: object, fax: object) -> None:
    written = DIALECTS[dialect]().modify_user(Diff({"title": "t", FAX: "f"}, {}), turn)
    assert title in written
    assert fax in written
    assert len(written) == 2


@pytest.mark.parametrize(
    ("dialect", "old", "new", "turn", "operation"),
    [
        ("legacy", None, MANAGER_ID, 0, {"op": "Add", "path": MANAGER, "value": MANAGER_ID}),
        ("legacy", "m1", MANAGER_ID, 1, {"op": "Replace", "path": MANAGER, "value": MANAGER_ID}),
        (
            "legacy",
            None,
            "m2",
            3,
            {"op": "Add", "path": "manager", "value": [{"$ref": "http://h/v2/Users/m2", "value": "m2"}]},
        ),
        ("legacy", "m1", None, 0, {"op": "Replace", "path": MANAGER, "value": ""}),
        ("legacy", "m1", None, 1, {"op": "Remove", "path": MANAGER}),
        ("legacy", "m1", None, 2, {"op": "Remove", "path": 'manager[value eq "m1"]'}),
        ("flag", None, MANAGER_ID, 0, {"op": "add", "path": MANAGER, "value": MANAGER_ID}),
        ("flag", "m1", MANAGER_ID, 0, {"op": "replace", "path": MANAGER, "value": MANAGER_ID}),
        ("flag", "m1", None, 1, {"op": "replace", "path": MANAGER, "value": ""}),
        ("flag", "m1", None, 0, {"op": "remove", "path": MANAGER}),
        ("validator", None, "m2", 0, {"op": "add", "path": MANAGER, "value": {"value": "m2"}}),
        ("validator", None, "m2", 1, {"op": "add", "path": MANAGER, "value": "m2"}),
        ("validator", "m1", None, 0, {"op": "remove", "path": MANAGER}),
        ("validator", "m1", None, 1, {"op": "replace", "path": MANAGER, "value": ""}),
        ("validator", "m1", None, 2, {"op": "replace", "path": MANAGER, "value": {"value": ""}}),
        ("rfc", None, "m2", 1, {"op": "add", "path": MANAGER, "value": {"value": "m2"}}),
        ("rfc", "m1", None, 2, {"op": "remove", "path": MANAGER}),
    ],
)
def test_a_manager_is_set_changed_and_removed(
    dialect: str, old: str | None, new: str | None, turn: int, operation: dict[str, object]
) -> None:
    assert DIALECTS[dialect]("http://h/v2").manager(old, new, turn) == operation


@pytest.mark.parametrize(
    ("dialect", "turn", "operations"),
    [
        (
            "legacy",
            0,
            [{"op": "Add", "path": "members", "value": [{"$ref": None, "value": "u1"}, {"$ref": None, "value": "u2"}]}],
        ),
        ("flag", 0, [{"op": "replace", "path": "members", "value": [{"value": "u1"}, {"value": "u2"}]}]),
        ("flag", 1, [{"op": "add", "path": "members", "value": [{"value": "u1"}, {"value": "u2"}]}]),
        ("validator", 0, [{"op": "replace", "path": "members", "value": [{"value": "u1"}, {"value": "u2"}]}]),
        ("rfc", 0, [{"op": "add", "path": "members", "value": [{"value": "u1"}, {"value": "u2"}]}]),
    ],
)
def test_members_are_added(dialect: str, turn: int, operations: list[object]) -> None:
    assert DIALECTS[dialect](replace_members="add").add_members(["u1", "u2"], turn) == operations


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("turn", range(6))
def test_no_dialect_replaces_members_when_told_never_to(dialect: str, turn: int) -> None:
    (operation,) = DIALECTS[dialect](replace_members="never").add_members(["u1"], turn)
    assert str(operation["op"]).lower() == "add"


@pytest.mark.parametrize(
    ("dialect", "turn", "operations"),
    [
        ("legacy", 0, [{"op": "Remove", "path": "members", "value": [{"$ref": None, "value": "7f4b"}]}]),
        ("legacy", 1, [{"op": "Remove", "path": "members", "value": [{"value": "7f4b"}]}]),
        ("flag", 0, [{"op": "remove", "path": 'members[value eq "7f4b"]'}]),
        ("validator", 0, [{"op": "remove", "path": 'members[value eq "7f4b"]'}]),
        ("rfc", 0, [{"op": "remove", "path": 'members[value eq "7f4b"]'}]),
    ],
)
def test_members_are_removed(dialect: str, turn: int, operations: list[object]) -> None:
    assert DIALECTS[dialect]().remove_members(["7f4b"], turn) == operations


@pytest.mark.parametrize(
    ("dialect", "operations"),
    [
        (
            "legacy",
            [
                {"op": "Replace", "path": "displayName", "value": "X"},
                {"op": "Replace", "path": "externalId", "value": "e"},
            ],
        ),
        ("flag", [{"op": "replace", "value": {"displayName": "X", "externalId": "e"}}]),
        ("validator", [{"op": "replace", "value": {"displayName": "X", "externalId": "e"}}]),
    ],
)
def test_a_group_is_renamed(dialect: str, operations: list[object]) -> None:
    changes = [Change("displayName", "W", "X"), Change("externalId", "d", "e")]
    assert DIALECTS[dialect]().modify_group(changes) == operations


@pytest.mark.parametrize(
    ("dialect", "body"),
    [
        (
            "legacy",
            {
                "schemas": [
                    "urn:ietf:params:scim:schemas:core:2.0:Group",
                    "http://schemas.microsoft.com/2006/11/ResourceManagement/ADSCIM/2.0/Group",
                ],
                "externalId": "8aa1a0c0",
                "displayName": "displayName",
                "meta": {"resourceType": "Group"},
            },
        ),
        ("flag", {"displayName": "displayName", "externalId": "8aa1a0c0", "schemas": [GROUP]}),
        ("validator", {"displayName": "displayName", "externalId": "8aa1a0c0", "schemas": [GROUP]}),
    ],
)
def test_a_group_is_created_without_members(dialect: str, body: object) -> None:
    assert DIALECTS[dialect]().create_group({"externalId": "8aa1a0c0", "displayName": "displayName"}) == body


NEW_USER: Values = {
    "externalId": "0a21f0f2",
    "userName": "Test_User",
    "active": True,
    MAIL: "x@testuser.com",
    "name.formatted": "givenName familyName",
    "name.familyName": "familyName",
    "name.givenName": "givenName",
}


@pytest.mark.parametrize("dialect", [Legacy(), Flag()])
def test_a_production_job_creates_a_user_with_meta_and_empty_roles(dialect: Legacy | Flag) -> None:
    assert dialect.create_user(NEW_USER, (), None, 4) == {
        "schemas": [
            "urn:ietf:params:scim:schemas:core:2.0:User",
            "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User",
        ],
        "externalId": "0a21f0f2",
        "userName": "Test_User",
        "active": True,
        "emails": [{"primary": True, "type": "work", "value": "x@testuser.com"}],
        "meta": {"resourceType": "User"},
        "name": {"formatted": "givenName familyName", "familyName": "familyName", "givenName": "givenName"},
        "roles": [],
    }


def test_legacy_varies_booleans_nulls_schemas_and_the_manager_in_a_create() -> None:
    bodies = [Legacy().create_user(NEW_USER, ("Admin",), "m", turn) for turn in range(6)]
    assert [body["active"] for body in bodies[:2]] == [True, "True"]
    assert "title" in bodies[0]
    assert bodies[0]["title"] is None
    assert "title" not in bodies[1]
    assert bodies[2]["schemas"] == [USER]
    assert bodies[3]["schemas"] == [USER, "urn:ietf:params:scim:schemas:extension:enterprise:2.0User"]
    assert [body[ENTERPRISE] for body in bodies[:2]] == [{"manager": {"value": "m"}}, {"manager": "m"}]
    assert bodies[0]["roles"] == [{"primary": True, "type": "WindowsAzureActiveDirectoryRole", "value": "Admin"}]


def test_the_validator_sends_its_one_boolean_as_a_string_and_schemas_last() -> None:
    roles: Values = {f'roles[primary eq "True"].{sub}': sub for sub in ("display", "value", "type")}
    body = Validator().create_user(NEW_USER | roles, (), None, 0)
    assert body["roles"] == [{"primary": "True", "display": "display", "value": "value", "type": "type"}]
    assert list(body)[-1] == "schemas"


def test_legacy_adds_a_role_as_json_text_and_swaps_roles_as_a_whole() -> None:
    added = Legacy().roles(["User"], ["User", "Admin"])
    assert added == {
        "op": "Add",
        "path": "roles",
        "value": [{"value": '{"id": "06b0-Admin", "value": "Admin", "displayName": "Admin"}'}],
    }
    whole = [{"primary": False, "type": "WindowsAzureActiveDirectoryRole", "display": "User", "value": "User"}]
    assert Legacy().roles(["Admin"], ["User"]) == {"op": "Replace", "path": "roles", "value": whole}
    assert Flag().roles(["Admin"], ["User"]) == {"op": "replace", "path": "roles", "value": whole}


def test_the_rfc_dialect_makes_one_element_for_all_of_its_sub_attributes() -> None:
    city, region = 'addresses[type eq "work"].locality', 'addresses[type eq "work"].region'
    assert Rfc().modify_user(Diff({}, {city: "Zürich", region: "ZH"}), 0) == [
        {"op": "add", "path": "addresses", "value": [{"type": "work", "locality": "Zürich", "region": "ZH"}]}
    ]
    assert Rfc().modify_user(Diff({city: "Bern"}, {city: "Zürich", region: "ZH"}), 0) == [
        {"op": "replace", "path": city, "value": "Zürich"},
        {"op": "add", "path": region, "value": "ZH"},
    ]
    assert Rfc().modify_user(Diff({city: "Bern", region: "BE"}, {region: "BE"}), 0) == [{"op": "remove", "path": city}]


def test_a_match_escapes_quotes_and_backslashes() -> None:
    assert Legacy().equals("displayName", 'The "Blue" \\ Team') == 'displayName eq "The \\"Blue\\" \\\\ Team"'
    assert Legacy().equals(MAIL, "a@b") == 'emails[type eq "work"].value eq "a@b"'
    assert Rfc().equals(MAIL, "a@b") == 'emails[type eq "work" and value eq "a@b"]'


@given(st.booleans(), st.sampled_from(["True", "False", "1"]))
def test_a_string_is_never_equal_to_a_boolean(boolean: bool, text: str) -> None:
    assert Diff({"active": text}, {"active": boolean}).changes == [Change("active", text, boolean)]
    assert Diff({"active": boolean}, {"active": boolean}).changes == []


@pytest.mark.parametrize("path", VALIDATOR)
def test_a_target_reads_back_what_it_wrote_and_nothing_else(path: str) -> None:
    resource: dict[str, object] = {}
    target = Target.parse(path)
    target.write(resource, "value")  # type: ignore[arg-type]  # an empty JSON object
    assert target.read(resource) == "value"  # type: ignore[arg-type]  # the same
    others = (Target.parse(other) for other in VALIDATOR if other != path)
    assert [other.path for other in others if other.read(resource) is not None] == []  # type: ignore[arg-type]  # the same


def test_an_element_is_not_found_by_a_boolean_that_the_server_returned_as_a_string() -> None:
    target = Target.parse('roles[primary eq "True"].value')
    assert target.read({"roles": [{"primary": True, "value": "a"}]}) == "a"
    assert target.read({"roles": [{"primary": "True", "value": "a"}]}) is None
