"""Filters against resources: what matches, and what may not be asked."""

import pytest

from scim.errors import InvalidFilter
from scim.filters import MAX_DEPTH, parse
from scim.matching import element_predicate, predicate
from scim.schema import Attribute, Json, JsonObject, Schema, Schemas

SCHEMAS = Schemas.load()
USER = SCHEMAS.types["User"]
GROUP = SCHEMAS.types["Group"]
ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"

BARBARA: JsonObject = {
    "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User", ENTERPRISE],
    "id": "2819c223-7F76",
    "externalId": "Barbara-1",
    "userName": "BJensen@example.com",
    "name": {"familyName": "Jensen", "givenName": "Straße"},
    "title": "",
    "active": True,
    "emails": [
        {"type": "work", "value": "bjensen@example.com", "primary": True},
        {"type": "home", "value": "Babs@Jensen.org"},
        {"value": "untyped@example.net"},
    ],
    "x509Certificates": [{"value": "MIIDQzCC"}],
    ENTERPRISE: {"department": "Sales", "manager": {"value": "26118915"}},
    "meta": {
        "resourceType": "User",
        "created": "2010-01-23T04:56:22Z",
        "lastModified": "2011-05-13T04:42:34.1234567+02:00",
        "version": 'W/"1"',
    },
}

MATCHES = [
    # strings, by their attribute's case
    ('userName eq "bjensen@EXAMPLE.com"', True),
    ('userName eq " bjensen@example.com "', True),
    ('userName eq "bjensen"', False),
    ('userName ne "bjensen@example.com"', False),
    ('USERNAME sw "BJ"', True),
    ('userName ew ".COM"', True),
    ('userName co "sen@"', True),
    ('userName co "zen@"', False),
    ('userName gt "a"', True),
    ('userName lt "a"', False),
    ('userName ge "BJENSEN@example.com"', True),
    ('userName le "BJENSEN@example.com"', True),
    ('userName gt "BJENSEN@example.com"', False),
    ('name.givenName eq "STRASSE"', True),
    ('externalId eq "Barbara-1"', True),
    ('externalId eq "barbara-1"', False),
    ('externalId sw "barbara"', False),
    ('id eq "2819c223-7F76"', True),
    ('id eq "2819C223-7F76"', False),
    ('title eq ""', True),
    # other types
    ("active eq true", True),
    ("active eq false", False),
    ("active ne false", True),
    ('x509Certificates eq "MIIDQzCC"', True),
    ('x509Certificates eq "miidqzcc"', False),
    ('meta.created eq "2010-01-23T05:56:22+01:00"', True),
    ('meta.created eq "2010-01-23T04:56:22"', True),
    ('meta.created eq "2010-01-23t04:56:22.000z"', True),
    ('meta.created ne "2010-01-23T04:56:22Z"', False),
    ('meta.created gt "2010-01-23T05:56:21+01:00"', True),
    ('meta.created lt "2010-01-23T04:56:22Z"', False),
    ('meta.created le "2010-01-23T04:56:22Z"', True),
    ('meta.lastModified gt "2011-05-13T02:42:34.1234566Z"', True),
    ('meta.lastModified gt "2011-05-13T02:42:34.1234567Z"', False),
    ('meta.lastModified ge "2011-05-13T02:42:34.12345670Z"', True),
    ('meta.lastModified lt "2011-05-13T02:42:34.2Z"', True),
    # presence
    ("userName pr", True),
    ("nickName pr", False),
    ("title pr", False),
    ("name pr", True),
    ("name.middleName pr", False),
    ("emails pr", True),
    ("emails.display pr", False),
    ("active pr", True),
    (f"{ENTERPRISE} pr", True),
    (f"{ENTERPRISE}:manager pr", True),
    (f"{ENTERPRISE}:division pr", False),
    # absence
    ('nickName eq "x"', False),
    ('nickName ne "x"', True),
    ("nickName eq null", True),
    ("nickName ne null", False),
    ("userName eq null", False),
    ("userName ne null", True),
    ("name eq null", False),
    ("name ne null", True),
    ('nickName gt "a"', False),
    ('nickName ge "a"', False),
    ('nickName lt "a"', False),
    ('nickName le "a"', False),
    ('nickName co "a"', False),
    ('nickName sw ""', False),
    ('nickName ew "a"', False),
    ('phoneNumbers eq "1"', False),
    ('phoneNumbers ne "1"', True),
    ('phoneNumbers.type ne "work"', True),
    ("phoneNumbers pr", False),
    ("phoneNumbers eq null", True),
    # several values
    ('emails.type eq "work"', True),
    ('emails.type eq "other"', False),
    ('emails.type ne "work"', True),
    ('not (emails.type eq "work")', False),
    ('emails.value co "JENSEN.org"', True),
    ("emails.primary eq true", True),
    ("emails.primary ne true", True),
    ('x509Certificates ne "MIIDQzCC"', False),
    ('schemas eq "urn:ietf:params:scim:schemas:core:2.0:User"', True),
    ('schemas eq "urn:ietf:params:scim:schemas:core:2.0:Group"', False),
    # a complex attribute stands for its value
    ('emails eq "babs@jensen.org"', True),
    ('emails co "@jensen"', True),
    (f'{ENTERPRISE}:manager eq "26118915"', True),
    (f'{ENTERPRISE}:manager.value eq "26118915"', True),
    (f'{ENTERPRISE}:manager ne "26118915"', False),
    (f'{ENTERPRISE.upper()}:DEPARTMENT eq "sales"', True),
    ('urn:ietf:params:scim:schemas:core:2.0:User:userName sw "bj"', True),
    # value paths: one element satisfies all
    ('emails[type eq "work" and value co "@example.com"]', True),
    ('emails[type eq "home" and value co "@example.com"]', False),
    ('emails.type eq "home" and emails.value co "@example.com"', True),
    ('emails[type eq "work"].value eq "BJENSEN@example.com"', True),
    ('emails[type eq "home"].value eq "BJENSEN@example.com"', False),
    ('emails[type ne "work" and type ne "home"]', True),
    ('emails[not (type pr) and value ew ".net"]', True),
    ("emails[type eq null]", True),
    ("emails[display pr]", False),
    ('phoneNumbers[type ne "work"]', False),
    ("phoneNumbers[not (type pr)]", False),
    (f'{ENTERPRISE}:manager[value eq "26118915"]', True),
    (f'{ENTERPRISE}:manager[value ne "26118915"]', False),
    ('schemas[value ew ":User"]', True),
    ('schemas[VALUE ew ":Group"]', False),
    # and, or, not
    ('active eq true and userName sw "b"', True),
    ('active eq true and userName sw "c"', False),
    ('active eq false or userName sw "b"', True),
    ('active eq false or userName sw "c"', False),
    ('active eq false and nickName pr or userName sw "b"', True),
    ('active eq false and (nickName pr or userName sw "b")', False),
    ("not (nickName pr)", True),
]


@pytest.mark.parametrize(("text", "expected"), MATCHES)
def test_a_resource_matches_a_filter_or_does_not(text: str, expected: bool) -> None:
    assert predicate(parse(text), USER)(BARBARA) is expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f'{ENTERPRISE}:manager ne "x"', True),
        (f'{ENTERPRISE}:manager eq "x"', False),
        (f'{ENTERPRISE}:manager[value ne "x"]', False),
        (f"{ENTERPRISE} pr", False),
        (f"{ENTERPRISE}:manager.value eq null", True),
    ],
)
def test_an_absent_extension_leaves_its_attributes_absent(text: str, expected: bool) -> None:
    assert predicate(parse(text), USER)({"id": "1"}) is expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('members eq "u1"', True),
        ('members eq "U1"', False),
        ('members.value eq "u2"', True),
        ('members[value eq "u2" and type eq "group"]', True),
        ('members[value eq "u1" and type eq "group"]', False),
        ('id eq "g1" and members eq "u1"', True),
        ('displayName eq "tour GUIDES"', True),
    ],
)
def test_a_group_matches_by_its_members(text: str, expected: bool) -> None:
    group: JsonObject = {
        "id": "g1",
        "displayName": "Tour Guides",
        "members": [{"value": "u1", "type": "User"}, {"value": "u2", "type": "Group"}],
    }
    assert predicate(parse(text), GROUP)(group) is expected


REFUSED = [
    ("nope pr", "User has no attribute nope"),
    ('manager eq "x"', "User has no attribute manager"),
    ('name.nope eq "x"', "User has no attribute name.nope"),
    ('userName.value eq "x"', "User has no attribute userName.value"),
    ('urn:example:1.0:User:userName eq "x"', "User has no attribute urn:example:1.0:User:userName"),
    ("emails[nope pr]", "emails has no sub-attribute nope; it has value, display, type, primary"),
    ("emails[emails.type pr]", "emails has no sub-attribute emails.type"),
    ("schemas[type pr]", "schemas has no sub-attribute type; it has only its value"),
    ("userName[value pr]", "userName has neither several values nor sub-attributes"),
    ("emails.value[value pr]", "emails.value has neither several values nor sub-attributes"),
    (f"{ENTERPRISE}[department pr]", "has neither several values nor sub-attributes"),
    (f'{ENTERPRISE} eq "x"', "is a whole schema extension"),
    ("password pr", "password is never returned"),
    ('password sw "a"', "password is never returned"),
    ("password eq null", "password is never returned"),
    ("PASSWORD pr", "never returned"),
    ('name eq "x"', "name is complex; compare one of its sub-attributes: formatted, familyName"),
    ('addresses co "x"', "addresses is complex"),
    ("active gt true", "active is of type boolean and cannot be compared by gt; it takes eq, ne and pr"),
    ("emails[primary le true]", "cannot be compared by le"),
    ("active co true", "cannot be compared by co"),
    ('x509Certificates sw "M"', "type binary and cannot be compared by sw"),
    ('x509Certificates.value ge "M"', "type binary and cannot be compared by ge"),
    ('meta.created co "2010"', "type dateTime and cannot be compared by co"),
    ('active eq "true"', "active is of type boolean and must be compared with true or false"),
    ("active eq 1", "must be compared with true or false"),
    ("title eq 5", "title is of type string and must be compared with a string in double quotes"),
    ("title eq true", "a string in double quotes"),
    ("profileUrl co 5", "a string in double quotes"),
    ("emails[value eq 5]", "emails.value is of type string"),
    ('meta.created gt "2010-01-23"', "type dateTime and must be compared with a dateTime"),
    ('meta.created gt "yesterday"', "must be compared with a dateTime"),
    ('meta.created gt "2010-02-30T00:00:00Z"', "must be compared with a dateTime"),
    ('meta.created gt "2010-01-23T00:00:00+99:00"', "must be compared with a dateTime"),
    ("meta.created gt 5", "must be compared with a dateTime"),
    ("title gt null", "title gt null has no meaning"),
    ("name co null", "null goes with eq and ne only"),
]


@pytest.mark.parametrize(("text", "sentence"), REFUSED)
@pytest.mark.parametrize("frame", ["{}", "userName pr or {}", "not (userName pr and {})"])
def test_a_question_without_an_answer_is_refused_wherever_it_stands(text: str, sentence: str, frame: str) -> None:
    with pytest.raises(InvalidFilter) as refused:
        predicate(parse(frame.format(text)), USER)
    assert sentence in refused.value.detail


def attribute(name: str) -> Attribute:
    found = USER.attribute(name)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("name", "text", "element", "expected"),
    [
        ("emails", 'type eq "WORK"', {"type": "work", "value": "x"}, True),
        ("emails", 'type eq "work" and value sw "y"', {"type": "work", "value": "x"}, False),
        ("emails", 'type ne "work"', {"value": "x"}, True),
        ("emails", "primary eq true", {"primary": True}, True),
        ("schemas", 'value eq "urn:x"', "urn:x", True),
        ("schemas", 'value eq "urn:x"', "urn:y", False),
        ("schemas", "value pr", "urn:y", True),
    ],
)
def test_an_element_matches_the_filter_of_a_value_path(name: str, text: str, element: Json, expected: bool) -> None:
    assert element_predicate(parse(text), attribute(name))(element) is expected


@pytest.mark.parametrize("text", ["nope pr", "emails.type pr", 'primary eq "True"'])
def test_the_filter_of_a_value_path_knows_sub_attributes_only(text: str) -> None:
    with pytest.raises(InvalidFilter):
        element_predicate(parse(text), attribute("emails"))


def test_numbers_compare_by_their_size() -> None:
    attributes = (
        Attribute(name="quota", type="integer"),
        Attribute(name="rate", type="decimal"),
        Attribute(name="marks", type="integer", multi_valued=True),
    )
    schema = Schema(id="urn:example:Meter", name="Meter", attributes=attributes)
    fields = {name: getattr(USER, name) for name in USER.__dataclass_fields__}
    meter = type(USER)(**(fields | {"schema": schema, "extensions": {}}))

    def matches(text: str) -> bool:
        return predicate(parse(text), meter)({"quota": 10, "rate": 0.5, "marks": [1, 20]})

    assert matches("quota gt 9 and quota ge 10.0 and quota eq 1e1 and quota ne 9")
    assert matches("rate lt 0.51 and rate le 0.5 and rate gt -1")
    assert matches("marks eq 20 and marks[value gt 1 and value lt 21]")
    assert not matches("marks[value gt 1 and value lt 20]")
    for wrong in ('quota eq "10"', "quota eq true", "rate co 5"):
        with pytest.raises(InvalidFilter):
            matches(wrong)


def test_a_stored_date_that_is_none_matches_nothing_but_difference() -> None:
    resource: JsonObject = {"meta": {"created": "long ago"}}
    assert not predicate(parse('meta.created lt "2010-01-23T04:56:22Z"'), USER)(resource)
    assert not predicate(parse('meta.created eq "2010-01-23T04:56:22Z"'), USER)(resource)
    assert predicate(parse('meta.created ne "2010-01-23T04:56:22Z"'), USER)(resource)


@pytest.mark.parametrize(
    ("opening", "expected"),
    [("not (", MAX_DEPTH % 2 == 0), ("(active eq true and ", True), ("(nickName pr or ", True)],
)
def test_the_deepest_filter_is_answered(opening: str, expected: bool) -> None:
    tree = parse(opening * MAX_DEPTH + "userName pr" + ")" * MAX_DEPTH)
    assert predicate(tree, USER)(BARBARA) is expected


def test_a_value_path_as_deep_as_allowed_is_answered_for_each_element() -> None:
    depth = MAX_DEPTH - 1
    tree = parse("emails[" + "not (" * depth + "display pr" + ")" * depth + "]")
    assert predicate(tree, USER)(BARBARA)


@pytest.mark.parametrize(("held", "expected"), [([""], False), (["", "x"], True), ([{"value": ""}], False)])
def test_an_extension_is_present_when_anything_in_it_is(held: Json, expected: bool) -> None:
    assert predicate(parse(f"{ENTERPRISE} pr"), USER)({ENTERPRISE: {"badges": held}}) is expected
