"""Runs of resources: where the one at any place is."""

from scim.storage.keys import new_id
from scim.storage.runs import RUN, ClosedRuns, OpenRun


def ids(count: int) -> list[str]:
    made = [""]
    for _ in range(count):
        made.append(new_id(1_000, made[-1]))
    return made[1:]


def test_a_run_opens_with_its_first_resource_and_counts_the_rest() -> None:
    one, two, three = ids(3)
    run = OpenRun().add(one).add(two)
    assert run == OpenRun(one, 2, 2)
    assert run.remove() == OpenRun(one, 1, 1)
    assert run.remove().remove().add(three) == OpenRun(three, 1, 1)
    assert (run.holds(one), run.holds(three), OpenRun(two, 1, 5).holds(one), OpenRun().holds(one)) == (
        True,
        True,
        False,
        False,
    )


def test_a_full_run_makes_way_for_a_new_one() -> None:
    *_, last = given = ids(RUN + 1)
    run = OpenRun()
    for identifier in given[:-1]:
        assert not run.full
        run = run.add(identifier)
    assert run.full
    assert run.add(last) == OpenRun(last, 1, RUN + 1)


def test_closed_runs_lose_what_is_deleted_and_vanish_when_empty() -> None:
    a, b, c, d = ids(4)
    runs = ClosedRuns().append(OpenRun(a, 2, 2)).append(OpenRun(c, 1, 3))
    assert runs.remove(b).entries == ((a, 1), (c, 1))
    assert runs.remove(c).entries == ((a, 2),)
    assert runs.remove(a).remove(b).entries == ((c, 1),)
    assert runs.append(OpenRun(d, 1, 4)).remove(d) == runs


def test_closed_runs_are_packed_in_eighteen_bytes_each() -> None:
    given = ids(300)
    runs = ClosedRuns(tuple((identifier, at + 1) for at, identifier in enumerate(given)))
    assert len(runs.pack()) == 300 * 18
    assert ClosedRuns.unpack(runs.pack()) == runs
    assert ClosedRuns.unpack(b"") == ClosedRuns()


def test_a_place_is_found_in_its_run() -> None:
    a, b, c = ids(3)
    runs, last = ClosedRuns(((a, 2), (b, 1))), OpenRun(c, 3, 6)
    found = [runs.locate(offset, last) for offset in range(7)]
    assert found == [(a, 0), (a, 1), (b, 0), (c, 0), (c, 1), (c, 2), None]
    assert runs.locate(3, OpenRun(c, 0, 3)) is None
    assert ClosedRuns().locate(0, OpenRun()) is None
