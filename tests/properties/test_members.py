"""Linear hashing: whatever comes and goes, the buckets hold just the members, each in its own."""

from hypothesis import given
from hypothesis import strategies as st

from scim.storage.members import CAPACITY, EMPTY, PLACES, Links, Roster, place

endings = st.integers(0, 2**32 - 1) | st.integers(0, 600)
crowds = st.tuples(endings, st.integers(0, 500), st.sampled_from([1, 2, 3, 64])).map(
    lambda crowd: [(crowd[0] + at * crowd[2]) % 2**32 for at in range(crowd[1])]
)
edits = st.lists(st.tuples(crowds, st.lists(st.integers(0, 10**6), max_size=60)), max_size=8)
"""Members to add, some of them there already, and places of members to remove."""


def member(end: int) -> str:
    return f"00000000-0000-7000-8000-0000{end:08x}"


def edit(roster: Roster, buckets: dict[int, Links], add: Links, remove: list[str]) -> Roster:
    """Edit a group as the store does, with only the buckets that ``touched`` names."""
    touched = roster.touched({*add, *remove}, len(add)) if roster.buckets else {0}
    held = {at: buckets[at] for at in touched}
    after, changed = roster.edit(held, add, remove)
    if roster.buckets:
        assert set(changed) <= touched | set(range(roster.buckets, after.buckets))
        assert len(touched) <= 2 * len(add) + len(remove) + 1
    buckets.update(changed)
    return after


@given(edits)
def test_the_buckets_hold_just_the_members_each_in_its_own(edits: list[tuple[list[int], list[int]]]) -> None:
    roster, members = EMPTY, dict[str, str]()
    buckets: dict[int, Links] = {0: {}}
    for ends, places in edits:
        kinds = {member(end): "group" if end % 7 == 0 else "user" for end in ends}
        add = {identifier: kind for identifier, kind in kinds.items() if identifier not in members}
        there = list(members)
        remove = list({there[place % len(there)] for place in places}) if there else []
        roster = edit(roster, buckets, add, remove)
        members = {identifier: kind for identifier, kind in (members | add).items() if identifier not in remove}
        assert roster.count == len(members)
        assert buckets.keys() == set(range(max(roster.buckets, 1)))
        assert {identifier: kind for links in buckets.values() for identifier, kind in links.items()} == members
        assert sum(map(len, buckets.values())) == len(members)
        assert roster.count <= max(roster.buckets, 1) * CAPACITY
        for at, links in buckets.items():
            assert not roster.buckets or all(roster.bucket(identifier) == at for identifier in links)


@given(st.integers(2, 5_000), endings)
def test_a_new_bucket_takes_its_members_from_one_other(buckets: int, end: int) -> None:
    before, after = Roster(buckets=buckets).bucket(member(end)), Roster(buckets=buckets + 1).bucket(member(end))
    assert after in {before, buckets}
    assert after == before or before == buckets - (1 << (buckets.bit_length() - 1))


@given(st.integers(2, 5_000), endings)
def test_a_stretch_of_places_is_what_one_bucket_holds(buckets: int, end: int) -> None:
    roster, at = Roster(buckets=buckets), place(member(end))
    bucket, behind = roster.stretch(at)
    assert bucket == roster.bucket(member(end))
    assert at < behind <= PLACES
    assert roster.stretch(behind - 1) == (bucket, behind)
    assert behind == PLACES or roster.stretch(behind)[0] != bucket


@given(st.integers(2, 600))
def test_stretch_by_stretch_every_bucket_comes_once(buckets: int) -> None:
    at, met = 0, list[int]()
    while at < PLACES:
        bucket, at = Roster(buckets=buckets).stretch(at)
        met.append(bucket)
    assert sorted(met) == list(range(buckets))


@given(st.integers(2, 5_000), endings)
def test_one_bucket_more_cuts_a_stretch_in_two_or_leaves_it(buckets: int, end: int) -> None:
    at = place(member(end))
    before, after = Roster(buckets=buckets).stretch(at), Roster(buckets=buckets + 1).stretch(at)
    assert after == before or buckets in {after[0], Roster(buckets=buckets + 1).stretch(before[1] - 1)[0]}
    assert after[1] <= before[1]
