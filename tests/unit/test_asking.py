"""What a filter asks a group for its members, and a resource for its groups."""

import pytest

from scim.asking import asks_memberships, members_asked
from scim.filters import MAX_DEPTH, parse
from scim.schema import Schemas

SCHEMAS = Schemas.load()
USER = SCHEMAS.types["User"]
GROUP = SCHEMAS.types["Group"]


@pytest.mark.parametrize(
    ("text", "ids"),
    [
        ('displayName eq "x"', ""),
        ('members eq "u"', "u"),
        ('members.value eq "u" or not (members eq "v")', "uv"),
        ('members[value eq "u"]', "u"),
        ('members[type eq "User" and value eq "u"]', "u"),
        ('members[(value eq "u" or value eq "v") and type pr]', "uv"),
        ("members pr", ""),
        ("not (members eq null)", ""),
        ('members[value eq "u" or type eq "Group"]', None),
        ('members[not (value eq "u")]', None),
        ('members ne "u"', None),
        ('members.type eq "Group"', None),
        ("members.type pr", None),
        ("members.$ref eq null", None),
        ('members sw "u"', None),
    ],
)
def test_a_filter_asks_for_some_members_or_for_all(text: str, ids: str | None) -> None:
    assert members_asked(parse(text), GROUP) == (None if ids is None else frozenset(ids))


def test_the_deepest_filter_asks_for_what_is_in_its_depths() -> None:
    text = "(active eq true and " * MAX_DEPTH + 'members eq "x"' + ")" * MAX_DEPTH
    assert members_asked(parse(text), GROUP) == frozenset({"x"})


@pytest.mark.parametrize(
    ("text", "asks"),
    [
        ("groups pr", True),
        ('groups.value eq "g"', True),
        ('title pr and not (groups[type eq "direct"] or active eq true)', True),
        ("title pr", False),
        ('members eq "u"', False),
    ],
)
def test_a_filter_asks_for_groups_or_not(text: str, asks: bool) -> None:
    assert asks_memberships(parse(text), USER) is asks
