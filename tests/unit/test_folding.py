"""What a filter comes to for all resources of a type alike."""

import pytest

from scim.filters import MAX_DEPTH, Filter, parse, render
from scim.folding import fold
from scim.schema import Schemas

SCHEMAS = Schemas.load()
USER, GROUP = SCHEMAS.types["User"], SCHEMAS.types["Group"]


def shown(folded: Filter | bool) -> str | bool:
    return folded if isinstance(folded, bool) else render(folded)


@pytest.mark.parametrize(
    ("text", "user", "group"),
    [
        ('meta.resourceType eq "User"', True, False),
        ('meta.resourceType eq "user"', False, False),
        ('META.RESOURCETYPE ne "User"', False, True),
        ('meta.resourceType sw "G"', False, True),
        ('meta[resourceType eq "Group"]', False, True),
        ("meta.resourceType eq null", False, False),
        ("meta.resourceType pr", True, True),
        ('not (meta.resourceType eq "User")', False, True),
        ("id pr", True, True),
        ("id eq null", False, False),
        ("id ne null", True, True),
        ("schemas pr and meta.created pr and meta.version pr and meta.location pr", True, True),
        ("meta[created pr and lastModified ne null]", True, True),
        ('meta.resourceType eq "User" and externalId eq "x"', 'externalId eq "x"', False),
        ('meta.resourceType eq "User" or externalId eq "x"', True, 'externalId eq "x"'),
        ('externalId pr and (id pr and displayName eq "x")', *('externalId pr and (displayName eq "x")',) * 2),
        ('externalId pr and (id pr and displayName eq "x" and id ne "y")', *(None,) * 2),
        ('meta[resourceType eq "User" and version eq "x"]', 'meta[version eq "x"]', False),
        ('not (id pr and externalId eq "x")', *('not (externalId eq "x")',) * 2),
        ('id eq "x"', *('id eq "x"',) * 2),
        ("externalId pr", *("externalId pr",) * 2),
        ("externalId eq null", *("externalId eq null",) * 2),
    ],
)
def test_a_term_that_is_the_same_for_a_whole_type_is_decided(
    text: str, user: str | bool | None, group: str | bool | None
) -> None:
    for kind, expected in ((USER, user), (GROUP, group)):
        if expected is not None:
            wanted = shown(parse(expected)) if isinstance(expected, str) else expected
            assert shown(fold(parse(text), kind)) == wanted


def test_what_resources_are_told_apart_by_is_always_there() -> None:
    assert fold(parse("userName pr"), USER) is True
    assert fold(parse("not (userName eq null)"), USER) is True
    assert fold(parse("displayName pr"), GROUP) is True
    assert fold(parse("displayName pr"), USER) is not True
    shared = SCHEMAS.without_uniqueness("Group", "displayName").types["Group"]
    assert fold(parse("displayName pr"), shared) is not True


def test_elements_of_several_values_are_not_decided_for() -> None:
    tree = parse('emails[type eq "work" and value pr]')
    assert fold(tree, USER) == tree


def test_the_deepest_filter_is_folded() -> None:
    text = "(id pr and " * MAX_DEPTH + 'userName eq "x"' + ")" * MAX_DEPTH
    assert shown(fold(parse(text), USER)) == 'userName eq "x"'
