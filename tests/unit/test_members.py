"""Members of a group: packed lists, and which bucket a member is in."""

import pytest

from scim.storage.members import CAPACITY, EMPTY, Roster, in_order, pack_ids, pack_links, unpack_ids, unpack_links


def member(end: int) -> str:
    return f"00000000-0000-7000-8000-{end:012x}"


@pytest.mark.parametrize(
    ("buckets", "places"),
    [
        (2, [0, 1, 0, 1, 0, 1, 0, 1]),
        (3, [0, 1, 2, 1, 0, 1, 2, 1]),
        (4, [0, 1, 2, 3, 0, 1, 2, 3]),
        (5, [0, 1, 2, 3, 4, 1, 2, 3]),
        (7, [0, 1, 2, 3, 4, 5, 6, 3]),
        (8, [0, 1, 2, 3, 4, 5, 6, 7]),
    ],
)
def test_a_member_is_in_the_bucket_of_its_last_bits(buckets: int, places: list[int]) -> None:
    assert [Roster(buckets=buckets).bucket(member(end)) for end in range(8)] == places


@pytest.mark.parametrize(
    ("before", "count", "buckets"),
    [(0, 192, 0), (0, 193, 2), (0, 385, 3), (2, 10, 2), (2, 384, 2), (2, 385, 3), (3, 1_000, 6), (521, 100_000, 521)],
)
def test_there_are_as_many_buckets_as_the_members_need_and_never_fewer_than_before(
    before: int, count: int, buckets: int
) -> None:
    assert Roster(buckets=before, count=count).grown().buckets == buckets


def test_only_the_buckets_concerned_are_touched() -> None:
    roster = Roster(buckets=5, count=5 * CAPACITY)
    assert roster.touched([member(3)], 0) == {3}
    assert roster.touched([member(3)], 1) == {3, 1}, "bucket 1 is split, to make bucket 5"
    assert roster.touched([], 4 * CAPACITY) == {0, 1, 2, 3}
    assert EMPTY.touched([member(3)], 500) == set()


def test_few_members_stay_inline() -> None:
    roster, contents = EMPTY.edit({0: {}}, {member(1): "user", member(2): "group"}, [])
    assert (roster, contents) == (Roster(count=2), {0: {member(1): "user", member(2): "group"}})
    roster, contents = roster.edit(contents, {}, [member(1)])
    assert (roster, contents) == (Roster(count=1), {0: {member(2): "group"}})


def test_one_member_too_many_moves_all_into_two_buckets() -> None:
    inline = {member(end): "user" for end in range(CAPACITY)}
    roster, contents = Roster(count=CAPACITY).edit({0: inline}, {member(CAPACITY): "user"}, [])
    assert roster == Roster(buckets=2, count=CAPACITY + 1)
    assert {at: len(links) for at, links in contents.items()} == {0: 97, 1: 96}


def test_a_bucket_that_does_not_change_is_not_written() -> None:
    roster = Roster(buckets=2, count=3)
    held = {0: {member(0): "user"}, 1: {member(1): "user", member(3): "user"}}
    after, contents = roster.edit(held, {}, [member(3)])
    assert (after, contents) == (Roster(buckets=2, count=2), {1: {member(1): "user"}})


def test_ids_are_packed_in_sixteen_bytes_each_and_sorted() -> None:
    given = [member(300), member(2), member(1)]
    assert len(pack_ids(given)) == 48
    assert unpack_ids(pack_ids(given)) == [member(1), member(2), member(300)]
    assert unpack_ids(b"") == []


def test_links_are_packed_by_type_and_a_type_that_is_gone_is_emptied() -> None:
    links = {member(1): "user", member(2): "group", member(3): "user"}
    packed = pack_links(links)
    assert packed.keys() == {"members_user", "members_group"}
    assert unpack_links({**packed, "members": 3, "number": "x"}) == links
    assert pack_links({member(1): "user"}, packed) == {
        "members_user": pack_ids([member(1)]),
        "members_group": b"",
    }
    assert pack_links({}) == {}


def test_links_are_shown_in_the_order_in_which_they_are_read() -> None:
    links = {member(3): "user", member(2): "group", member(1): "user"}
    assert [*in_order(links)] == [member(2), member(1), member(3)] == [*unpack_links(pack_links(links))]


def test_a_member_that_joins_while_another_bucket_is_split_is_written() -> None:
    held = {at: {member(end): "user" for end in range(at, 2 * CAPACITY, 2)} for at in (0, 1)}
    roster, contents = Roster(buckets=2, count=2 * CAPACITY).edit(held, {member(2 * CAPACITY + 1): "user"}, [])
    assert roster.buckets == 3
    assert {at: len(links) for at, links in contents.items()} == {0: 96, 1: 193, 2: 96}
