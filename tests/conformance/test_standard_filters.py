"""The example filters of RFC 7644 §3.4.2.2, asked of three users; and what its errata change."""

import pytest

from scim import filters, matching
from scim.errors import InvalidFilter
from scim.schema import JsonObject, Schemas

SCHEMAS = Schemas.load()
USER = SCHEMAS.types["User"]
ENT = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
JENSEN: JsonObject = {
    "schemas": [USER.schema.id, ENT],
    "userName": "bjensen",
    "name": {"familyName": "Jensen"},
    "title": "Tour Guide",
    "userType": "Employee",
    "emails": [{"type": "work", "value": "bjensen@example.com"}, {"type": "home", "value": "babs@jensen.org"}],
    ENT: {"department": "Tours"},
    "meta": {"lastModified": "2011-05-13T04:42:34Z"},
}
OMALLEY: JsonObject = {
    "schemas": [USER.schema.id],
    "userName": "JO",
    "name": {"familyName": "O'Malley"},
    "userType": "Intern",
    "emails": [{"type": "home", "value": "jo@example.org"}],
    "ims": [{"type": "xmpp", "value": "jo@foo.com"}],
    "meta": {"lastModified": "2012-01-01T00:00:00+01:00"},
}
SMITH: JsonObject = {
    "schemas": [USER.schema.id],
    "userName": "smith",
    "userType": "Employee",
    "emails": [{"type": "work", "value": "smith@example.org"}],
    "meta": {"lastModified": "2011-05-13T04:42:33.9999999Z"},
}
USERS = {"jensen": JENSEN, "omalley": OMALLEY, "smith": SMITH}

EXAMPLES = [
    ('userName eq "bjensen"', "jensen"),
    ('userName Eq "john"', ""),
    ('name.familyName co "O\'Malley"', "omalley"),
    ('userName sw "J"', "omalley"),
    ('urn:ietf:params:scim:schemas:core:2.0:User:userName sw "J"', "omalley"),
    ("title pr", "jensen"),
    ('meta.lastModified gt "2011-05-13T04:42:34Z"', "omalley"),
    ('meta.lastModified ge "2011-05-13T04:42:34Z"', "jensen omalley"),
    ('meta.lastModified lt "2011-05-13T04:42:34Z"', "smith"),
    ('meta.lastModified le "2011-05-13T04:42:34Z"', "jensen smith"),
    ('title pr and userType eq "Employee"', "jensen"),
    ('title pr or userType eq "Intern"', "jensen omalley"),
    (f'schemas eq "{ENT}"', "jensen"),
    (
        'userType eq "Employee" and (emails co "example.com" or emails.value co "example.org")',
        "jensen smith",
    ),
    (
        'userType ne "Employee" and not (emails co "example.com" or emails.value co "example.org")',
        "",
    ),
    ('userType eq "Employee" and (emails.type eq "work")', "jensen smith"),
    ('userType eq "Employee" and emails[type eq "work" and value co "@example.com"]', "jensen"),
    (
        'emails[type eq "work" and value co "@example.com"] or ims[type eq "xmpp" and value co "@foo.com"]',
        "jensen omalley",
    ),
    ('userName eq"bjensen"', "jensen"),
]


@pytest.mark.parametrize(("text", "found"), EXAMPLES)
def test_an_example_of_the_standard_finds_whom_it_means(text: str, found: str) -> None:
    matches = matching.predicate(filters.parse(text), USER)
    assert [name for name, user in USERS.items() if matches(user)] == found.split()


@pytest.mark.parametrize("text", ['active gt "true"', "active ge true", 'x509Certificates.value lt "MIID"'])
def test_booleans_and_binary_have_no_order(text: str) -> None:
    with pytest.raises(InvalidFilter):
        matching.predicate(filters.parse(text), USER)


def test_attribute_operators_bind_tighter_than_not_and_and_than_or() -> None:
    text = 'title pr or userType eq "Intern" and not (userName sw "x") or userName eq "smith" and title pr'
    matches = matching.predicate(filters.parse(text), USER)
    assert [name for name, user in USERS.items() if matches(user)] == ["jensen", "omalley"]
