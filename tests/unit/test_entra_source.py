"""The made-up directory is repeatable, has the sizes asked for, and keeps names unique through every change."""

# ruff: noqa: S311 - a directory is made up, not secret

import random
import unicodedata
from collections.abc import Iterable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.entra.changes import STEPS, Touched
from tests.entra.mappings import TABLES, mapping
from tests.entra.source import Directory, User, generate

SIZES = {"users": 60, "groups": 12, "memberships": 200}


def normal(name: str) -> str:
    return unicodedata.normalize("NFKC", name).casefold().strip()


def unique(names: Iterable[str]) -> bool:
    listed = [normal(name) for name in names]
    return len(listed) == len(set(listed))


@given(st.integers(0, 30), st.integers(1, 8), st.floats(0, 1), st.integers())
@settings(max_examples=50, deadline=None)
def test_a_directory_has_the_sizes_asked_for(users: int, groups: int, share: float, seed: int) -> None:
    memberships = int(users * groups * share)
    made = generate(random.Random(seed), users=users, groups=groups, memberships=memberships)
    in_groups = [member for group in made.groups.values() for member in group.members if member in made.users]
    assert (len(made.users), len(made.groups), len(in_groups)) == (users, groups, memberships)


def test_one_seed_makes_one_directory() -> None:
    assert generate(random.Random("1"), **SIZES) == generate(random.Random("1"), **SIZES)
    assert generate(random.Random("1"), **SIZES) != generate(random.Random("2"), **SIZES)


@pytest.mark.parametrize("seed", range(10))
def test_names_that_have_to_be_unique_stay_so_through_all_changes(seed: int) -> None:
    rng = random.Random(f"names {seed}")
    directory = generate(rng, **SIZES)
    for _, events in STEPS * 3:
        touched = Touched()
        for event in events:
            event(directory, rng, touched)
        for name in ("userPrincipalName", "mail", "mailNickname"):
            assert unique(user.attributes[name] for user in directory.users.values())
        assert unique(group.name for group in directory.groups.values())
        assert dangling(directory) == []


def dangling(directory: Directory) -> list[str]:
    known = directory.users.keys() | directory.groups.keys()
    managers = [user.manager for user in directory.users.values() if user.manager]
    return [
        each for each in [*managers, *(m for g in directory.groups.values() for m in g.members)] if each not in known
    ]


@pytest.mark.parametrize(("name", "events"), STEPS, ids=lambda value: value if isinstance(value, str) else "")
def test_a_change_names_everyone_it_changed(name: str, events: tuple[object, ...]) -> None:
    del name
    rng = random.Random("touched")
    directory = generate(rng, **SIZES)
    for _, earlier in STEPS:
        before = Directory(dict(directory.users), dict(directory.groups))
        touched = Touched()
        for event in earlier:
            event(directory, rng, touched)
        changed = {key for key in before.users | directory.users if before.users.get(key) != directory.users.get(key)}
        assert changed <= touched.users
        moved = {key for key in before.groups | directory.groups if before.groups.get(key) != directory.groups.get(key)}
        assert moved <= touched.groups
        if earlier is events:
            assert changed | moved
            return


def test_a_directory_is_unkind() -> None:
    made = generate(random.Random("unkind"), users=300, groups=60, memberships=300)
    values = "".join(value for user in made.users.values() for value in user.attributes.values())
    for nasty in ("'", '"', "+", "\\", "é", "🦊", "渡辺", "محمد", "#EXT#", "e\u0301", "&", "%"):
        assert nasty in values, nasty
    assert max(len(user.attributes["displayName"]) for user in made.users.values()) > 200
    assert any(member in made.groups for group in made.groups.values() for member in group.members)


@pytest.mark.parametrize("table", TABLES)
def test_an_empty_source_attribute_exports_nothing(table: str) -> None:
    user = User("1", {"userPrincipalName": "a@b", "mail": ""})
    exported = mapping(table, "userName").exported(user)
    assert exported["userName"] == "a@b"
    assert exported["active"] is True
    assert not {"title", 'emails[type eq "work"].value', "name.formatted"} & exported.keys()


def test_matching_by_external_id_takes_the_object_id() -> None:
    user = User("the-object-id", {"userPrincipalName": "a@b", "mailNickname": "a"})
    assert mapping("default", "userName").exported(user)["externalId"] == "a"
    assert mapping("default", "externalId").exported(user)["externalId"] == "the-object-id"
