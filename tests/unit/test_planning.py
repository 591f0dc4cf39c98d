"""Where a filter's matches are looked for."""

import pytest

from scim.custom import Custom
from scim.extending import extended
from scim.filters import MAX_DEPTH, Filter, parse
from scim.planning import (
    SHORT_PREFIX,
    ByGroup,
    ById,
    ByIndex,
    ByMember,
    ByPrefix,
    ChangedSince,
    Lookup,
    Plan,
    Scan,
    Union,
    indexed,
    plan,
)
from scim.schema import Index, Schemas
from scim.storage import keys
from tests.custom import EXTRA, THING, attribute, resource_type, schema

SCHEMAS = Schemas.load()
USER = SCHEMAS.types["User"]
GROUP = SCHEMAS.types["Group"]


def index(alias: str) -> Index:
    return next(known for known in (*USER.indexes, *GROUP.indexes) if known.alias == alias)


USER_NAME = index("user.userName")
EXTERNAL_ID = index("user.externalId")
EMAILS = index("user.emails.value")
ALL = "all of it"
NO_ONE = None
MAY_2026 = 1_777_593_600_000


def of(value: str) -> ByIndex:
    return ByIndex(USER_NAME, value)


PLANS: list[tuple[str, Lookup, str | None]] = [
    # an id; an indexed attribute
    ('id eq "1"', ById(("1",)), None),
    ('ID EQ "1"', ById(("1",)), None),
    ('userName eq "Babs"', of("Babs"), None),
    ('urn:ietf:params:scim:schemas:core:2.0:User:username eq "Babs"', of("Babs"), None),
    ('externalId eq "x"', ByIndex(EXTERNAL_ID, "x"), None),
    ('emails.value eq "x@y"', ByIndex(EMAILS, "x@y"), None),
    ('emails eq "x@y"', ByIndex(EMAILS, "x@y"), None),
    ('emails[value eq "x@y"]', ByIndex(EMAILS, "x@y"), None),
    ('emails[type eq "work"].value eq "x@y"', ByIndex(EMAILS, "x@y"), ALL),
    ('emails[(type eq "work" and primary eq true) and value eq "x@y"]', ByIndex(EMAILS, "x@y"), ALL),
    # and: the narrowest, and the rest
    ('active eq true and userName eq "x"', of("x"), "active eq true"),
    ('active eq true and (title pr and userName eq "x")', of("x"), "active eq true and (title pr)"),
    ('externalId eq "e" and userName eq "x"', of("x"), 'externalId eq "e"'),
    ('userName eq "x" and externalId eq "e"', of("x"), 'externalId eq "e"'),
    ('externalId eq "e" and emails eq "x@y"', ByIndex(EXTERNAL_ID, "e"), 'emails eq "x@y"'),
    ('userName eq "x" and userName eq "y"', of("x"), 'userName eq "y"'),
    ('externalId eq "e" and id eq "1"', ById(("1",)), 'externalId eq "e"'),
    ('id eq "1" and urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager eq "2"', ById(("1",)), NO_ONE),
    ('userName sw "x" and externalId eq "e"', ByIndex(EXTERNAL_ID, "e"), 'userName sw "x"'),
    ('groups eq "g" and active eq true', ByGroup("g", (GROUP,)), "active eq true"),
    # or: all places, if there is one for each term
    ('id eq "1" or id eq "2" or id eq "1"', ById(("1", "2")), None),
    ('userName eq "x" or userName eq "y"', Union((of("x"), of("y"))), None),
    (
        'userName eq "x" or id eq "1" or externalId eq "e"',
        Union((ById(("1",)), of("x"), ByIndex(EXTERNAL_ID, "e"))),
        None,
    ),
    ('userName eq "x" or (userName eq "y" or userName eq "x")', Union((of("x"), of("y"))), None),
    ('emails[value eq "a" or value eq "b"]', Union((ByIndex(EMAILS, "a"), ByIndex(EMAILS, "b"))), None),
    ('userName eq "x" or (externalId eq "e" and title pr)', Union((of("x"), ByIndex(EXTERNAL_ID, "e"))), ALL),
    ('userName eq "x" or title pr', Scan(), ALL),
    ('emails[type eq "work" or value eq "x@y"]', Scan(), ALL),
    ('(userName eq "x" or userName eq "y") and id eq "1"', ById(("1",)), NO_ONE),
    # sw: a range of keys
    ('userName sw "Ann"', ByPrefix(USER_NAME, "ann"), None),
    ('userName sw " Ann"', ByPrefix(USER_NAME, "ann"), None),
    ('userName sw "Ann "', ByPrefix(USER_NAME, "ann"), ALL),
    ('externalId sw " Ann "', ByPrefix(EXTERNAL_ID, " Ann "), None),
    ('externalId sw ""', ByPrefix(EXTERNAL_ID, ""), None),
    (f'userName sw "{"x" * SHORT_PREFIX}"', ByPrefix(USER_NAME, "x" * SHORT_PREFIX), None),
    (f'userName sw "{"x" * (SHORT_PREFIX + 1)}"', ByPrefix(USER_NAME, "x" * (SHORT_PREFIX + 1)), ALL),
    ('emails[type eq "work" and value sw "x"]', ByPrefix(EMAILS, "x"), ALL),
    # memberships, recent changes
    ('groups.value eq "g"', ByGroup("g", (GROUP,)), None),
    ('groups[value eq "g"]', ByGroup("g", (GROUP,)), None),
    ('groups[value eq "g" and type eq "direct"]', ByGroup("g", (GROUP,)), ALL),
    ('meta.lastModified gt "2026-05-01T00:00:00Z"', ChangedSince(MAY_2026), ALL),
    ('meta[lastModified ge "2026-05-01T02:00:00.0019+02:00"]', ChangedSince(MAY_2026 + 1), ALL),
    ('meta.lastModified gt "1901-01-01T00:00:00Z"', ChangedSince(0), ALL),
    (
        'meta.lastModified gt "2026-06-01T00:00:00Z" or meta.lastModified gt "2026-05-01T00:00:00Z"',
        ChangedSince(MAY_2026),
        ALL,
    ),
    (
        'meta.lastModified gt "2026-05-01T00:00:00Z" or userName eq "x"',
        Union((of("x"), ChangedSince(MAY_2026))),
        ALL,
    ),
    ('meta.created ge "2026-05-01T00:00:00Z"', Scan(MAY_2026), ALL),
    ('meta.created gt "2026-05-01T00:00:00Z" and title pr', Scan(MAY_2026), NO_ONE),
    ('meta.created gt "1901-01-01T00:00:00Z"', Scan(), ALL),
    ('meta.lastModified lt "2026-05-01T00:00:00Z"', Scan(), ALL),
    # nothing helps
    ("title pr", Scan(), ALL),
    ('title eq "x"', Scan(), ALL),
    ('userName ne "x"', Scan(), ALL),
    ('userName co "x"', Scan(), ALL),
    ("userName eq null", Scan(), ALL),
    ("userName pr", Scan(), ALL),
    ('not (userName eq "x")', Scan(), ALL),
    ('emails[not (value eq "x@y")]', Scan(), ALL),
    ('emails.type eq "work"', Scan(), ALL),
    ('phoneNumbers.value eq "1"', Scan(), ALL),
    ('schemas[value eq "urn:x"]', Scan(), ALL),
    ('meta.version eq "1"', Scan(), ALL),
    ('nope eq "x"', Scan(), ALL),
    ('urn:ietf:params:scim:schemas:extension:enterprise:2.0:User eq "x"', Scan(), ALL),
]


@pytest.mark.parametrize(("text", "lookup", "residual"), PLANS)
def test_a_filter_is_looked_up_where_every_match_must_be(text: str, lookup: Lookup, residual: str | None) -> None:
    tree = parse(text)
    planned = plan(tree, USER, SCHEMAS)
    assert planned.lookup == lookup
    if residual is not NO_ONE or " and " not in text:
        left: Filter | None = tree if residual is ALL else parse(residual) if residual else None
        assert planned.residual == left


@pytest.mark.parametrize(
    ("text", "exact"),
    [
        ('userName eq "x"', True),
        ('userName eq "x" or emails eq "y"', True),
        ('userName sw "x"', True),
        ('groups eq "g"', True),
        ('id eq "1"', False),
        ('id eq "1" or userName eq "x"', False),
        ('userName eq "x" and title pr', False),
    ],
)
def test_matches_are_known_before_they_are_read_where_a_place_holds_no_others(text: str, exact: bool) -> None:
    assert plan(parse(text), USER, SCHEMAS).exact is exact


def test_without_a_filter_everything_is_meant() -> None:
    assert plan(None, USER, SCHEMAS) == Plan(Scan())


def test_nothing_is_in_no_place() -> None:
    assert (Union(()).rank, Union(()).certain) == (0, True)


def test_a_groups_name_is_preferred_while_it_is_unique() -> None:
    filter_ = parse('externalId eq "e" and displayName eq "x"')
    shared = SCHEMAS.without_uniqueness("Group", "displayName").types["Group"]
    assert plan(filter_, GROUP, SCHEMAS).lookup == ByIndex(index("group.displayName"), "x")
    assert plan(filter_, shared, SCHEMAS).lookup == ByIndex(index("group.externalId"), "e")


@pytest.mark.parametrize("text", ['members eq "u"', 'members.value eq "u"', 'members[value eq "u" and type eq "User"]'])
def test_members_are_looked_up_by_the_member_and_verified_by_the_group(text: str) -> None:
    tree = parse(text)
    assert plan(tree, GROUP, SCHEMAS) == Plan(ByMember("u", ("user", "group")), tree)


def test_a_group_by_its_id_is_narrower_than_the_groups_of_a_member() -> None:
    planned = plan(parse('members eq "u" and id eq "g"'), GROUP, SCHEMAS)
    assert planned == Plan(ById(("g",)), parse('members eq "u"'))


def test_further_places_are_known_should_there_be_too_much_in_the_narrowest() -> None:
    tree = parse('userName sw "a" and title pr and groups eq "g" and externalId eq "e"')
    planned = plan(tree, USER, SCHEMAS)
    places = [planned, *planned.others]
    assert [each.lookup for each in places] == [
        ByIndex(EXTERNAL_ID, "e"),
        ByGroup("g", (GROUP,)),
        ByPrefix(USER_NAME, "a"),
    ]
    assert places[1].residual == parse('userName sw "a" and title pr and externalId eq "e"')
    assert plan(parse("title pr and nickName pr and active eq true"), USER, SCHEMAS).others == ()


def test_a_prefix_that_counts_as_short_stands_whole_in_every_key() -> None:
    assert SHORT_PREFIX * len("=00") <= keys.WHOLE


def test_the_deepest_filter_is_planned() -> None:
    text = "(active eq true and " * MAX_DEPTH + 'userName eq "x"' + ")" * MAX_DEPTH
    planned = plan(parse(text), USER, SCHEMAS)
    assert planned.lookup == of("x")


def test_the_attributes_that_need_no_scan_can_be_named() -> None:
    assert indexed(USER) == ("id", "userName", "externalId", "emails.value", "groups.value")
    assert indexed(GROUP) == ("id", "displayName", "externalId", "members.value")


@pytest.mark.parametrize(
    ("text", "alias", "value"),
    [
        ("size eq 5", "thing.size", 5),
        ("size eq 5.0 and kind pr", "thing.size", 5.0),
        ('kind eq "box" and size eq 5', "thing.size", 5),
        ('maker.name eq "Ada"', "thing.maker.name", "Ada"),
        ('maker[name eq "Ada"]', "thing.maker.name", "Ada"),
        (f'{EXTRA}:mark eq "m"', "thing.extra.mark", "m"),
    ],
)
def test_attributes_of_a_providers_own_are_looked_up_like_any_other(text: str, alias: str, value: str | float) -> None:
    parts = [attribute("name")]
    core = schema(
        THING,
        attribute("size", "integer", uniqueness="server"),
        attribute("kind"),
        attribute("maker", "complex", subAttributes=parts),
        name="Thing",
    )
    extra = schema(EXTRA, attribute("mark"), name="Extra")
    kind = resource_type(THING, "Thing", EXTRA, indexes=["kind", "maker.name", f"{EXTRA}:mark"])
    file = Custom.model_validate({"schemas": [core, extra], "resourceTypes": [kind]})
    schemas = extended(SCHEMAS, file)
    thing = schemas.types["Thing"]
    lookup = plan(parse(text), thing, schemas).lookup
    assert isinstance(lookup, ByIndex)
    assert (lookup.index.alias, lookup.value) == (alias, value)
    assert plan(parse("size gt 5"), thing, schemas).lookup == Scan()
    assert indexed(thing) == ("id", "kind", "maker.name", f"{EXTRA}:mark", "size")
