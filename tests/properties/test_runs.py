"""Runs: a place in all runs is the place in the sorted list of ids."""

from unittest.mock import patch

from hypothesis import given
from hypothesis import strategies as st

from scim.storage import runs
from scim.storage.keys import new_id
from scim.storage.runs import ClosedRuns, OpenRun

steps = st.lists(st.none() | st.integers(0, 10**6), max_size=120)
"""None adds a resource; a number removes the one at that place."""


@given(steps, st.integers(1, 7))
def test_a_place_is_the_index_in_the_sorted_list(steps: list[int | None], length: int) -> None:
    ids, last = list[str](), ""
    closed, opened = ClosedRuns(), OpenRun()
    with patch.object(runs, "RUN", length):
        for step in steps:
            if step is None:
                last = new_id(1_000, last)
                closed = closed.append(opened) if opened.full else closed
                opened = opened.add(last)
                ids.append(last)
            elif ids:
                gone = ids.pop(step % len(ids))
                if opened.holds(gone):
                    opened = opened.remove()
                else:
                    closed = closed.remove(gone)
                    opened = OpenRun(opened.first, opened.count, opened.total - 1)
            assert opened.total == len(ids) == opened.count + sum(count for _, count in closed.entries)
            assert all(0 < count <= length for _, count in closed.entries)
    found = [closed.locate(offset, opened) for offset in range(len(ids))]
    for offset, place in enumerate(found):
        assert place is not None
        first, skipped = place
        assert [identifier for identifier in ids if identifier >= first][skipped] == ids[offset]
        assert skipped < length
    assert closed.locate(len(ids), opened) is None
    assert ClosedRuns.unpack(closed.pack()) == closed
