"""The operator's check sees every fault that the tests' own judge sees, and repair mends it or says why not."""

from collections.abc import Callable

import pytest

from scim.schema import Schemas
from scim.storage.checking import Checking
from scim.storage.problems import Problem
from scim.storage.rows import Rows
from tests.faults.invariants import check as judge
from tests.faults.planted import FAULTS, World
from tests.faults.worlds import laid

SIZES = {"write_too_long_a_text", "write_too_many_bytes", "write_too_large_a_row"}
"""Faults of sizes, which a table does not take."""
LOST = {
    "believe_in_something_else",
    "shift_the_head",
    "lose_a_change",
    "lose_the_first_change",
    "give_a_name_twice",
    "intend_for_the_living",
    "leave_an_intent",
    "list_a_stranger",
    "lose_the_last_change",
    "raise_the_dead",
    "leave_scraps",
    "lay_down_a_relic",
    "write_a_long_key",
    "write_a_foreign_key",
}
"""Faults that no other row tells how to mend."""
SEEN = [plant for plant in FAULTS if plant.__name__ not in SIZES]


async def found(rows: Rows, schemas: Schemas) -> list[Problem]:
    return [problem async for problem in Checking(rows, schemas).check()]


@pytest.mark.parametrize("plant", SEEN, ids=lambda plant: plant.__name__)
async def test_a_planted_fault_is_found_and_mended_or_left_by_hand(
    world: World,
    schemas: Schemas,
    plant: Callable[[World], None],
) -> None:
    plant(world)
    rows = await laid(world.held)
    problems = await found(rows, schemas)
    assert any(problem.fault for problem in problems)
    assert not any("user7" in str(problem).lower() or "zo=c3" in str(problem) for problem in problems)
    told = [each async for each in Checking(rows, schemas).repair()]
    left = await found(rows, schemas)
    if plant.__name__ in LOST:
        assert all(problem.remedy == "by hand" for problem in left if problem.fault)
        assert [problem for problem, mended in told if not mended]
    else:
        assert left == []
        assert await judge(rows, schemas) == []
        assert [mended for _, mended in told if not mended] == []
