"""Acts that share a transaction, and acts that are only tried out: both come to what they come to one by one."""

import random
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scim.errors import NotFound, ScimError, Unavailable, Uniqueness
from scim.resources import NO_LINKS, Links
from scim.schema import JsonObject, Schemas
from scim.storage.acts import Act, Written
from scim.storage.directory import Directory
from scim.storage.memory import MemoryTables
from scim.storage.rows import Rows
from tests.contract.writing import ORIGIN, REQUEST, Writer, adding, exactly, linking, other_ids, removing, setting
from tests.faults.invariants import assert_clean
from tests.faults.scripted import Fate, ScriptedRows

FATES: list[tuple[Fate, ...]] = [
    ("request lost",),
    ("answer lost",),
    ("comes late",),
    ("answer lost", "answer lost"),
    ("comes late", "request lost", "comes late"),
    ("refused without a place",),
]


async def every(outcomes: AsyncIterator[Written | ScimError]) -> list[Written | ScimError]:
    return [outcome async for outcome in outcomes]


@dataclass(frozen=True, slots=True)
class Acting:
    """A directory's acts, in few words."""

    writer: Writer

    def user(self, name: str) -> Act:
        kind = self.writer.schemas.types["User"]
        resource = {"schemas": [kind.schema.id], "userName": name, "emails": [{"value": f"{name}@example.com"}]}
        return self.writer.directory.creation(kind, resource, NO_LINKS, REQUEST)

    def group(self, name: str, *members: str) -> Act:
        kind = self.writer.schemas.types["Group"]
        resource = {"schemas": [kind.schema.id], "displayName": name}
        return self.writer.directory.creation(kind, resource, adding(*members), REQUEST)

    def rename(self, user: str, name: str) -> Act:
        kind = self.writer.schemas.types["User"]
        return self.writer.directory.modification(kind, user, setting(userName=name), REQUEST)

    def link(self, group: str, links: Links) -> Act:
        kind = self.writer.schemas.types["Group"]
        return self.writer.directory.modification(kind, group, linking(links), REQUEST)

    def delete(self, kind: str, identifier: str) -> Act:
        return self.writer.directory.deletion(self.writer.schemas.types[kind], identifier, ORIGIN)

    async def all(self, *acts: Act) -> list[Written | ScimError]:
        return await every(self.writer.directory.write_each(acts))


@pytest.fixture
def acting(writer: Writer) -> Acting:
    return Acting(writer)


def told(outcome: Written | ScimError) -> object:
    """What an outcome says, but for ids and times."""
    return type(outcome) if isinstance(outcome, ScimError) else (outcome.stored.attributes, outcome.changed)


def stored(outcome: Written | ScimError) -> str:
    assert isinstance(outcome, Written), outcome
    return outcome.stored.id


async def test_acts_share_a_transaction_and_each_has_its_record(acting: Acting, rows: Rows, schemas: Schemas) -> None:
    scripted = ScriptedRows(rows)
    many = Acting(Writer(Directory(scripted, schemas), schemas))
    outcomes = await many.all(*(many.user(f"user{number}") for number in range(40)))
    ids = [stored(outcome) for outcome in outcomes]
    assert ids == sorted(set(ids))
    assert 4 * 40 / 100 < len(scripted.sent) < 6
    assert max(map(len, scripted.sent)) <= 100
    changes = [change async for change in acting.writer.directory.changes()]
    assert [change.id for change in changes] == ids
    assert len({change.number for change in changes}) == len(scripted.sent)
    assert {change.place for change in changes} >= {0, 1, 2}


async def test_each_sees_what_those_before_it_did(acting: Acting) -> None:
    ann, bob = await acting.writer.user("ann"), await acting.writer.user("bob")
    group = await acting.writer.group("group", ann)
    outcomes = await acting.all(
        acting.rename(ann, "anna"),
        acting.user("ANNA"),
        acting.user("ann"),
        acting.link(group, adding(bob)),
        acting.link(group, removing(ann)),
        acting.link(group, adding(bob)),
        acting.delete("User", ann),
        acting.delete("User", ann),
        acting.user("anna"),
    )
    failures = [type(outcome) for outcome in outcomes if isinstance(outcome, ScimError)]
    assert failures == [Uniqueness, NotFound]
    assert isinstance(outcomes[5], Written)
    assert not outcomes[5].changed
    assert await acting.writer.members(group) == {bob}
    assert [await acting.writer.find("User", "userName", name) for name in ("ann", "anna")] == [
        [stored(outcomes[2])],
        [stored(outcomes[8])],
    ]


async def test_one_that_fails_is_no_hindrance_to_the_others(acting: Acting) -> None:
    await acting.writer.user("taken")
    outcomes = await acting.all(
        acting.user("first"),
        acting.group("nobody", *other_ids(1)),
        acting.user("Taken"),
        acting.user("second"),
        acting.rename(next(iter(other_ids(1))), "third"),
        acting.user("SECOND"),
        acting.user("fourth"),
    )
    assert [isinstance(outcome, Written) for outcome in outcomes] == [True, False, False, True, False, False, True]
    for name, count in (("first", 1), ("second", 1), ("fourth", 1), ("third", 0)):
        assert len(await acting.writer.find("User", "userName", name)) == count


async def test_one_that_takes_more_than_a_transaction_is_done_in_its_turn(acting: Acting) -> None:
    users = await acting.writer.users(120)
    group = await acting.writer.crowd("crowd", users)
    outcomes = await acting.all(
        acting.user("before"),
        acting.link(group, exactly(users[0])),
        acting.delete("Group", group),
        acting.group("crowd", users[0]),
        acting.delete("Group", group),
    )
    kinds = [type(outcome) for outcome in outcomes]
    assert kinds == [Written, Written, Written, Written, NotFound]
    assert await acting.writer.groups(users[0]) == {stored(outcomes[3])}
    assert await acting.writer.groups(users[1]) == set()


@pytest.mark.parametrize("fates", FATES)
async def test_acts_whose_outcome_nobody_knows_are_done_once(
    writer: Writer, rows: Rows, schemas: Schemas, fates: tuple[Fate, ...]
) -> None:
    await writer.user("taken")
    acting = Acting(Writer(Directory(ScriptedRows(rows, *fates), schemas), schemas))
    outcomes = await acting.all(
        acting.user("a"), acting.user("b"), acting.user("taken"), acting.user("c"), acting.user("B")
    )
    assert [told(outcome) if isinstance(outcome, ScimError) else "done" for outcome in outcomes] == [
        "done",
        "done",
        Uniqueness,
        "done",
        Uniqueness,
    ]
    assert await writer.kinds() == ["create"] * 4


async def test_once_the_store_is_silent_the_rest_is_not_tried(writer: Writer, rows: Rows, schemas: Schemas) -> None:
    scripted = ScriptedRows(rows)
    scripted.silent = True
    acting = Acting(Writer(Directory(scripted, schemas), schemas))
    outcomes = await acting.all(*(acting.user(f"user{number}") for number in range(30)))
    assert {type(outcome) for outcome in outcomes} == {Unavailable}
    assert scripted.read == ["head"]
    assert await writer.kinds() == []


async def test_writers_of_several_processes_share_and_collide(writers: list[Writer]) -> None:
    first, second = (Acting(writer) for writer in writers[:2])
    names = [f"user{number}" for number in range(12)]
    one = await first.all(*(first.user(name) for name in names[:8]))
    other = await second.all(*(second.user(name) for name in names[4:]))
    assert all(isinstance(outcome, Written) for outcome in one)
    assert [isinstance(outcome, Written) for outcome in other] == [False] * 4 + [True] * 4


@pytest.mark.parametrize("away", ["delete", "rename"])
async def test_a_name_that_becomes_free_later_was_still_taken_before(acting: Acting, away: str) -> None:
    ann = await acting.writer.user("ann")
    gone = acting.delete("User", ann) if away == "delete" else acting.rename(ann, "anna")
    outcomes = await acting.all(acting.user("bob"), acting.user("ANN"), gone, acting.user("Ann"))
    assert [type(outcome) for outcome in outcomes] == [Written, Uniqueness, Written, Written]
    assert len(await acting.writer.find("User", "userName", "ann")) == 1


# Tried out


async def test_what_is_tried_out_is_answered_and_not_written(acting: Acting) -> None:
    ann = await acting.writer.user("ann")
    users = await acting.writer.users(200)
    group = await acting.writer.crowd("crowd", users)
    before = await acting.writer.kinds()
    tried = acting.writer.directory.try_each(
        [
            acting.user("bob"),
            acting.user("ANN"),
            acting.user("Bob"),
            acting.rename(ann, "anna"),
            acting.user("ann"),
            acting.link(group, adding(ann)),
            acting.delete("Group", group),
            acting.link(group, removing(ann)),
        ]
    )
    outcomes = await every(tried)
    kinds = [type(outcome) for outcome in outcomes]
    assert kinds == [Written, Uniqueness, Uniqueness, Written, Written, Written, Written, NotFound]
    assert isinstance(outcomes[5], Written)
    assert set(outcomes[5].stored.members or ()) == {ann, *users}
    assert await acting.writer.kinds() == before
    assert await acting.writer.members(group) == set(users)


# The law


@settings(max_examples=60, deadline=None, print_blob=True)
@given(seed=st.integers(0, 2**32), count=st.integers(1, 60))
async def test_shared_and_tried_out_acts_come_to_what_they_come_to_alone(seed: int, count: int) -> None:
    schemas = Schemas.load()
    results: list[tuple[list[object], JsonObject]] = []
    for way in ("alone", "shared", "tried out"):
        rows, chance = MemoryTables(), random.Random(seed)  # noqa: S311 (a seed, not a secret)
        await rows.create("p")
        partition = rows.rows("p", "p")
        directory = Directory(partition, schemas)
        await directory.found()
        acting = Acting(Writer(directory, schemas))
        names = [f"name{number}" for number in range(6)]
        users = [await acting.writer.user(f"old{number}") for number in range(5)]
        groups = [await acting.writer.group(f"g{number}", *users[:number]) for number in range(3)]
        acts = [_random_act(acting, chance, names, users, groups) for _ in range(count)]
        if way == "alone":
            outcomes = [outcome for act in acts for outcome in await every(directory.write_each([act]))]
        else:
            outcomes = await every(directory.write_each(acts) if way == "shared" else directory.try_each(acts))
        await assert_clean(partition, schemas)
        state = {name: len(await acting.writer.find("User", "userName", name)) for name in names}
        results.append(([told(outcome) for outcome in outcomes], state))
    assert results[0] == results[1]
    assert results[0][0] == results[2][0]


def _random_act(acting: Acting, chance: random.Random, names: list[str], users: list[str], groups: list[str]) -> Act:
    user, group, name = chance.choice(users), chance.choice(groups), chance.choice(names)
    few = chance.sample(users, chance.randint(0, 3))
    acts: list[Callable[[], Act]] = [
        lambda: acting.user(name),
        lambda: acting.rename(user, name),
        lambda: acting.group(name, *few),
        lambda: acting.link(group, adding(*few)),
        lambda: acting.link(group, removing(*few)),
        lambda: acting.link(group, exactly(*few)),
        lambda: acting.delete("User", user),
        lambda: acting.delete("Group", group),
    ]
    return chance.choice(acts)()
