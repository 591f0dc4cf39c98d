"""Client JSON to canonical resources."""

import copy

import pytest

from scim.characteristics import check, keep_immutable
from scim.errors import InvalidSyntax, InvalidValue, Mutability, ScimError
from scim.resources import Links, Member, Note, read
from scim.schema import Attribute, Json, JsonObject, ResourceType, Schema, Schemas

SCHEMAS = Schemas.load()
USER = SCHEMAS.types["User"]
GROUP = SCHEMAS.types["Group"]
ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
ANN: JsonObject = {"schemas": [USER.schema.id], "userName": "ann"}
TEAM: JsonObject = {"schemas": [GROUP.schema.id], "displayName": "team"}


def read_user(**attributes: Json) -> JsonObject:
    return read(USER, ANN | attributes).resource


def test_names_are_read_in_any_case_at_every_level() -> None:
    reading = read(
        USER,
        {
            "SCHEMAS": [USER.schema.id.upper()],
            "USERNAME": "ann",
            "Name": {"GIVENNAME": "Ann"},
            "Emails": [{"Value": "a@x", "PRIMARY": True}],
            ENTERPRISE.lower(): {"Manager": {"Value": "m"}},
        },
    )
    assert reading.resource == {
        "schemas": [USER.schema.id, ENTERPRISE],
        "userName": "ann",
        "name": {"givenName": "Ann"},
        "emails": [{"value": "a@x", "primary": True}],
        ENTERPRISE: {"manager": {"value": "m"}},
    }
    assert reading.notes == ()


EMPTY: list[Json] = [None, [], [None], [{}], [{"value": None}]]


@pytest.mark.parametrize("given", EMPTY)
def test_what_is_empty_is_not_there(given: Json) -> None:
    assert read_user(emails=given) == ANN


@pytest.mark.parametrize("given", [None, [], {}, {"givenName": None}])
def test_an_empty_complex_value_is_not_there(given: Json) -> None:
    assert read_user(name=given) == ANN


@pytest.mark.parametrize("given", [None, {}, {"department": None}, {"manager": {}}])
def test_an_empty_extension_is_not_there(given: Json) -> None:
    assert read_user(**{ENTERPRISE: given}) == ANN


def test_false_and_zero_and_empty_strings_are_values() -> None:
    assert read_user(active=False, title="") == ANN | {"active": False, "title": ""}


def test_readonly_attributes_are_ignored_without_a_note() -> None:
    reading = read(USER, ANN | {"id": "7", "meta": {"resourceType": "User"}, "groups": [{"value": "g"}]})
    assert reading.resource == ANN
    assert reading.notes == ()


def test_a_password_is_dropped_and_named() -> None:
    reading = read(USER, ANN | {"PASSWORD": "t1meMa$heen"})
    assert reading.resource == ANN
    assert reading.notes == (Note("password_dropped", "password"),)


def test_unknown_attributes_are_ignored_and_named_once() -> None:
    given = {
        "nope": 1,
        "constructor": {},
        "name": {"nope": 1},
        "emails": [{"value": "a", "x": 1}, {"value": "b", "x": 1}],
    }
    reading = read(USER, ANN | given | {ENTERPRISE: {"nope": 1}})
    assert {note.attribute for note in reading.notes} == {
        "nope",
        "constructor",
        "name.nope",
        "emails.x",
        f"{ENTERPRISE}:nope",
    }
    assert len(reading.notes) == 5


@pytest.mark.parametrize("name", ["__class__", "1st", "a b", "a.b", "", "ü", "$"])
def test_a_name_that_no_attribute_can_have_is_refused(name: str) -> None:
    with pytest.raises(InvalidSyntax, match="is not the name of an attribute"):
        read_user(**{name: 1})


REFUSED: list[tuple[ResourceType, Json, type[ScimError], str]] = [
    (USER, None, InvalidSyntax, "The body must be a JSON object: a User."),
    (GROUP, [TEAM], InvalidSyntax, "The body must be a JSON object: a Group."),
    (USER, {"userName": "a"}, InvalidSyntax, "schemas is missing; it must be an array that holds {core}."),
    (USER, ANN | {"schemas": []}, InvalidSyntax, "schemas is missing; it must be an array that holds {core}."),
    (USER, ANN | {"schemas": "x"}, InvalidSyntax, "schemas must be an array of URNs."),
    (USER, ANN | {"schemas": [ENTERPRISE]}, InvalidValue, "schemas must hold {core}."),
    (USER, ANN | {"schemas": [USER.schema.id, "urn:x"]}, InvalidValue, "'urn:x' is no extension of User"),
    (USER, ANN | {"urn:x": {}}, InvalidValue, "'urn:x' is no extension of User"),
    (USER, ANN | {ENTERPRISE: []}, InvalidValue, "{ent} must be an object, not an array."),
    (USER, ANN | {"USERNAME": "b"}, InvalidSyntax, "In the body, 'userName' and 'USERNAME' differ only in case"),
    (
        USER,
        ANN | {"name": {"a": 1, "A": 1}},
        InvalidSyntax,
        "In name, ",
    ),
    (USER, ANN | {ENTERPRISE: {"a": 1, "A": 1}}, InvalidSyntax, "In {ent}, "),
    (USER, {"schemas": [USER.schema.id]}, InvalidValue, "userName is required, and may not be blank."),
    (USER, ANN | {"userName": None}, InvalidValue, "userName is required, and may not be blank."),
    (USER, ANN | {"userName": ""}, InvalidValue, "userName is required, and may not be blank."),
    (USER, ANN | {"userName": " \t"}, InvalidValue, "userName is required, and may not be blank."),
    (GROUP, {"schemas": [GROUP.schema.id]}, InvalidValue, "displayName is required, and may not be blank."),
    (USER, ANN | {"title": 5}, InvalidValue, "title must be a string, not a number."),
    (USER, ANN | {"title": ["a"]}, InvalidValue, "title must be a string, not an array."),
    (USER, ANN | {"active": "True"}, InvalidValue, "active must be true or false, not a string."),
    (USER, ANN | {"name": "Ann"}, InvalidValue, "name must be an object, not a string."),
    (USER, ANN | {"emails": {"value": "a"}}, InvalidValue, "emails must be an array of objects, not an object."),
    (USER, ANN | {"emails": ["a"]}, InvalidValue, "emails must be an object, not a string."),
    (USER, ANN | {"emails": [{"primary": "x"}]}, InvalidValue, "emails.primary must be true or false, not a string."),
    (USER, ANN | {ENTERPRISE: {"manager": "m"}}, InvalidValue, "{ent}:manager must be an object, not a string."),
    (
        USER,
        ANN | {"x509Certificates": [{"value": "?"}]},
        InvalidValue,
        "x509Certificates.value must be a string in base64.",
    ),
    (
        USER,
        ANN | {"emails": [{"value": "a", "primary": True}, {"value": "b", "primary": True}]},
        InvalidValue,
        "emails has more than one element with primary true; only one may have it.",
    ),
    (
        USER,
        ANN | {"emails": [{"value": str(n)} for n in range(51)]},
        InvalidValue,
        "emails.value has 51 values; the limit is 50.",
    ),
    (GROUP, TEAM | {"members": {"value": "1"}}, InvalidValue, "members must be an array of objects, not an object."),
    (GROUP, TEAM | {"members": ["1"]}, InvalidValue, "members must be an object, not a string."),
    (GROUP, TEAM | {"members": [{}]}, InvalidValue, "members.value is missing; it must be the id of a resource."),
    (GROUP, TEAM | {"members": [{"value": " "}]}, InvalidValue, "members.value is missing"),
    (GROUP, TEAM | {"members": [{"value": 5}]}, InvalidValue, "members.value must be a string, not a number."),
]


@pytest.mark.parametrize(("resource_type", "body", "error", "detail"), REFUSED)
def test_a_wrong_body_is_refused_by_the_name_of_what_is_wrong(
    resource_type: ResourceType, body: Json, error: type[ScimError], detail: str
) -> None:
    with pytest.raises(error) as refusal:
        read(resource_type, body)
    assert type(refusal.value) is error
    assert refusal.value.detail.startswith(detail.format(core=resource_type.schema.id, ent=ENTERPRISE))


def test_an_extension_is_listed_in_schemas_whether_the_client_does_so_or_not() -> None:
    held = {ENTERPRISE: {"department": "d"}}
    assert read_user(**held)["schemas"] == [USER.schema.id, ENTERPRISE]
    listed = [ENTERPRISE.lower(), USER.schema.id]
    assert read(USER, {**ANN, "schemas": listed, **held}).resource["schemas"] == [USER.schema.id, ENTERPRISE]
    assert read(USER, {**ANN, "schemas": listed}).resource["schemas"] == [USER.schema.id, ENTERPRISE]


def test_equal_elements_are_kept_once_and_unequal_ones_in_their_order() -> None:
    work, home = {"value": "a", "type": "work"}, {"type": "home", "value": "a"}
    given = [work, home, {"type": "work", "value": "a"}, {"value": "A", "type": "work"}]
    assert read_user(emails=given)["emails"] == [work, home, {"value": "A", "type": "work"}]


def test_fifty_values_of_an_indexed_attribute_are_allowed() -> None:
    assert len(read_user(emails=[{"value": str(n)} for n in range(50)])["emails"]) == 50


def test_reading_leaves_the_body_as_it_was() -> None:
    body = ANN | {"emails": [{"value": "a", "primary": True}, None], ENTERPRISE: {"manager": {"value": "m"}}}
    before = copy.deepcopy(body)
    read(USER, body)
    assert body == before


def test_members_are_read_as_links_and_leave_the_resource() -> None:
    reading = read(
        GROUP,
        TEAM
        | {
            "Members": [
                {"value": "1", "$ref": None, "display": "One"},
                {"value": "2", "type": "user"},
                {"value": "3", "$ref": "https://h/scim/p/v2/Groups/3"},
                {"value": "4", "type": "Printer", "$ref": "../Users/4"},
                {"value": "2"},
            ]
        },
    )
    assert reading.resource == TEAM
    assert reading.links == Links(
        add={
            "1": Member("1", None),
            "2": Member("2", "User"),
            "3": Member("3", "Group"),
            "4": Member("4", "User"),
        },
        clear=True,
    )
    assert reading.notes == (Note("unknown_attribute", "members.display"),)


@pytest.mark.parametrize("given", [{}, {"members": None}, {"members": []}])
def test_a_group_read_without_members_has_none(given: JsonObject) -> None:
    assert read(GROUP, TEAM | given).links == Links(clear=True)


def test_a_user_has_no_links() -> None:
    assert read(USER, ANN | {"members": [{"value": "1"}]}).links == Links()


CAR = Schema(
    id="urn:x:Car",
    name="Car",
    attributes=(
        Attribute(name="plate", required=True, mutability="immutable"),
        Attribute(name="seats", type="integer"),
        Attribute(
            name="owner",
            type="complex",
            sub_attributes=(Attribute(name="name", required=True), Attribute(name="born", mutability="immutable")),
        ),
        Attribute(
            name="keys", type="complex", multi_valued=True, sub_attributes=(Attribute(name="cut", required=True),)
        ),
        Attribute(name="tags", multi_valued=True),
    ),
)
FLEET = Schema(id="urn:x:Fleet", name="Fleet", attributes=(Attribute(name="number", mutability="immutable"),))
CARS = ResourceType(
    name="Car",
    description="",
    endpoint="/Cars",
    schema=CAR,
    extensions={FLEET.id: FLEET},
    required_extensions=frozenset({FLEET.id}),
    common=USER.common,
    alias="car",
)
MINI: JsonObject = {"schemas": [CAR.id, FLEET.id], "plate": "p", FLEET.id: {"number": "1"}}


def test_a_type_that_is_only_a_file_is_read_like_any_other() -> None:
    assert read(CARS, MINI | {"seats": 4.0, "tags": ["a", "b", "a", None]}).resource == MINI | {
        "seats": 4,
        "tags": ["a", "b"],
    }


@pytest.mark.parametrize(
    ("change", "detail"),
    [
        ({"owner": {"born": "x"}}, "owner.name is required"),
        ({"keys": [{"cut": "a"}, {"cut": " "}]}, "keys.cut is required"),
        ({FLEET.id: None}, "urn:x:Fleet is required"),
        ({"tags": "a"}, "tags must be an array of strings, not a string"),
        ({"seats": "4"}, "seats must be an integer, not a string"),
    ],
)
def test_what_a_schema_requires_is_required_at_every_level(change: JsonObject, detail: str) -> None:
    with pytest.raises(InvalidValue, match=detail):
        read(CARS, MINI | change)


def test_an_immutable_attribute_can_be_given_once_and_repeated() -> None:
    bare = {name: value for name, value in MINI.items() if name != "plate"}
    check(CARS, bare, MINI)
    check(CARS, MINI, MINI)
    with pytest.raises(Mutability, match=r"plate is immutable; it keeps the value it has\."):
        check(CARS, MINI, MINI | {"plate": "q"})
    with pytest.raises(Mutability, match="urn:x:Fleet:number is immutable"):
        check(CARS, MINI, MINI | {FLEET.id: {"number": "2"}})
    owned = MINI | {"owner": {"name": "o", "born": "1"}}
    with pytest.raises(Mutability, match=r"owner\.born is immutable"):
        check(CARS, owned, owned | {"owner": {"name": "o", "born": "2"}})


def test_a_put_that_leaves_an_immutable_attribute_out_keeps_it() -> None:
    sent = {"schemas": [CAR.id], "seats": 2}
    kept = keep_immutable(CARS, MINI | {"seats": 4}, sent)
    assert kept == MINI | {"seats": 2}
    assert sent == {"schemas": [CAR.id], "seats": 2}


def test_taking_a_required_attribute_away_is_a_matter_of_mutability() -> None:
    with pytest.raises(Mutability, match=r"userName is required; it can be changed, but not removed\."):
        check(USER, ANN, {"schemas": ANN["schemas"]})
    with pytest.raises(InvalidValue, match="userName is required, and may not be blank"):
        check(USER, ANN, ANN | {"userName": " "})
