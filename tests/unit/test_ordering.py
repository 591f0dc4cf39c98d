"""Turns: who waits for whom, and nobody longer than that."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from scim.ordering import turns


def test_what_waits_for_nothing_stays_in_its_order() -> None:
    assert turns([(), (), ()]) == [(0,), (1,), (2,)]
    assert turns([]) == []


def test_what_waits_has_its_turn_as_soon_as_it_can() -> None:
    assert turns([{2}, (), (), ()]) == [(1,), (2,), (0,), (3,)]


def test_places_in_a_circle_have_one_turn_together() -> None:
    assert turns([{3}, (), {0}, {2, 1}, {0}]) == [(1,), (0, 2, 3), (4,)]


def test_what_waits_for_itself_has_a_turn_of_its_own() -> None:
    assert turns([{0}, {0}]) == [(0,), (1,)]


def test_a_chain_of_a_thousand_is_no_recursion() -> None:
    assert turns([{place + 1} for place in range(9_999)] + [set()]) == [(place,) for place in reversed(range(10_000))]


def reachable(waits: list[set[int]], place: int) -> set[int]:
    found: set[int] = set()
    left = [*waits[place]]
    while left:
        other = left.pop()
        if other not in found:
            found.add(other)
            left += waits[other]
    return found


def waiting(places: int) -> st.SearchStrategy[list[set[int]]]:
    return st.lists(st.sets(st.integers(0, places - 1), max_size=3), min_size=places, max_size=places)


@given(st.integers(1, 9).flatmap(waiting))
def test_nobody_waits_in_vain(waits: list[set[int]]) -> None:
    ordered = turns(waits)
    turn_of = {place: turn for turn, places in enumerate(ordered) for place in places}
    assert sorted(turn_of) == list(range(len(waits)))
    for place in range(len(waits)):
        for other in reachable(waits, place):
            together = place in reachable(waits, other)
            assert turn_of[other] == turn_of[place] if together else turn_of[other] < turn_of[place]
    for earlier, later in pairwise(ordered):
        waited = {other for place in later for other in waits[place]}
        assert earlier[0] < later[0] or waited & {*earlier}, "it could have come before"
