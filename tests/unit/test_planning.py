"""Where a filter's matches are looked for."""

import pytest

from scim.filters import MAX_DEPTH, parse
from scim.planning import ById, ByIndex, Lookup, Scan, indexed, plan
from scim.schema import Index, Schemas

SCHEMAS = Schemas.load()
USER = SCHEMAS.types["User"]
GROUP = SCHEMAS.types["Group"]


def index(alias: str) -> Index:
    return next(known for known in (*USER.indexes, *GROUP.indexes) if known.alias == alias)


USER_NAME = index("user.userName")
EXTERNAL_ID = index("user.externalId")
EMAILS = index("user.emails.value")

PLANS: list[tuple[str, Lookup]] = [
    ('id eq "1"', ById("1")),
    ('ID EQ "1"', ById("1")),
    ('userName eq "Babs"', ByIndex(USER_NAME, "Babs")),
    ('urn:ietf:params:scim:schemas:core:2.0:User:username eq "Babs"', ByIndex(USER_NAME, "Babs")),
    ('externalId eq "x"', ByIndex(EXTERNAL_ID, "x")),
    ('emails.value eq "x@y"', ByIndex(EMAILS, "x@y")),
    ('emails eq "x@y"', ByIndex(EMAILS, "x@y")),
    ('emails[value eq "x@y"]', ByIndex(EMAILS, "x@y")),
    ('emails[type eq "work"].value eq "x@y"', ByIndex(EMAILS, "x@y")),
    ('emails[(type eq "work" and primary eq true) and value eq "x@y"]', ByIndex(EMAILS, "x@y")),
    ('active eq true and userName eq "x"', ByIndex(USER_NAME, "x")),
    ('active eq true and (title pr and userName eq "x")', ByIndex(USER_NAME, "x")),
    ('externalId eq "e" and userName eq "x"', ByIndex(USER_NAME, "x")),
    ('userName eq "x" and externalId eq "e"', ByIndex(USER_NAME, "x")),
    ('externalId eq "e" and emails eq "x@y"', ByIndex(EXTERNAL_ID, "e")),
    ('userName eq "x" and userName eq "y"', ByIndex(USER_NAME, "x")),
    ('externalId eq "e" and userName eq "x" and id eq "1"', ById("1")),
    ('id eq "1" and urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager eq "2"', ById("1")),
    ("title pr", Scan()),
    ('title eq "x"', Scan()),
    ('userName ne "x"', Scan()),
    ('userName sw "x"', Scan()),
    ("userName eq null", Scan()),
    ("userName pr", Scan()),
    ('not (userName eq "x")', Scan()),
    ('userName eq "x" or externalId eq "e"', Scan()),
    ('emails[type eq "work" or value eq "x@y"]', Scan()),
    ('emails[not (value eq "x@y")]', Scan()),
    ('emails.type eq "work"', Scan()),
    ('phoneNumbers.value eq "1"', Scan()),
    ('schemas[value eq "urn:x"]', Scan()),
    ('meta.version eq "1"', Scan()),
    ('nope eq "x"', Scan()),
    ('urn:ietf:params:scim:schemas:extension:enterprise:2.0:User eq "x"', Scan()),
]


@pytest.mark.parametrize(("text", "lookup"), PLANS)
def test_a_filter_is_looked_up_where_every_match_must_be(text: str, lookup: Lookup) -> None:
    assert plan(parse(text), USER) == lookup


def test_a_groups_name_is_preferred_while_it_is_unique() -> None:
    filter_ = parse('externalId eq "e" and displayName eq "x"')
    shared = SCHEMAS.without_uniqueness("Group", "displayName").types["Group"]
    assert plan(filter_, GROUP) == ByIndex(index("group.displayName"), "x")
    assert plan(filter_, shared) == ByIndex(index("group.externalId"), "e")


def test_members_are_no_index() -> None:
    assert plan(parse('members eq "u"'), GROUP) == Scan()


def test_the_deepest_filter_is_planned() -> None:
    text = "(active eq true and " * MAX_DEPTH + 'userName eq "x"' + ")" * MAX_DEPTH
    assert plan(parse(text), USER) == ByIndex(USER_NAME, "x")


def test_the_attributes_that_need_no_scan_can_be_named() -> None:
    assert indexed(USER) == ("id", "userName", "externalId", "emails.value")
    assert indexed(GROUP) == ("id", "displayName", "externalId")
