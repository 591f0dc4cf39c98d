"""The steps from one layout of rows to the next."""

from itertools import count

import pytest

from scim.schema import Schemas
from scim.storage import keys, layouts
from scim.storage.records import LAYOUT
from scim.storage.rows import Create, Merge, OtherLayout, Rows
from tests.contract.writing import founded
from tests.faults.lossy import Crash, MortalRows


async def add_a_row(rows: Rows, to: int) -> None:
    """Bring a directory to a layout that has one row more."""
    if await rows.get(f"extra{to}") is None:
        await rows.transact([Create(f"extra{to}", {})])
    head = await rows.get(keys.HEAD)
    assert head is not None
    await rows.transact([Merge(keys.HEAD, head.etag, {"layout": to})])


async def to_two(rows: Rows, _: Schemas) -> None:
    assert await layouts.layout(rows) == 1
    await add_a_row(rows, 2)


async def to_three(rows: Rows, _: Schemas) -> None:
    assert await layouts.layout(rows) == 2
    await add_a_row(rows, 3)


STEPS = {1: to_two, 2: to_three}


async def brought(rows: Rows, schemas: Schemas) -> list[int]:
    return [reached async for reached in layouts.bring(rows, schemas, STEPS, 3)]


async def test_steps_are_taken_in_turn_and_each_once(schemas: Schemas) -> None:
    rows = await founded(schemas)
    assert await brought(rows, schemas) == [2, 3]
    assert await layouts.layout(rows) == 3
    assert await brought(rows, schemas) == []


@pytest.mark.parametrize("applies", [False, True])
async def test_they_can_die_at_any_transaction(schemas: Schemas, *, applies: bool) -> None:
    for last in count(1):
        rows = await founded(schemas)
        try:
            await brought(MortalRows(rows, last, applies=applies), schemas)
        except Crash:
            await brought(rows, schemas)
            assert await layouts.layout(rows) == 3
        else:
            assert last == 5
            return


async def test_a_layout_that_no_step_leads_from_is_refused(schemas: Schemas) -> None:
    rows = await founded(schemas)
    with pytest.raises(OtherLayout):
        _ = [reached async for reached in layouts.bring(rows, schemas, {2: to_three}, 3)]
    assert await brought(rows, schemas) == [2, 3]
    with pytest.raises(OtherLayout):
        _ = [reached async for reached in layouts.bring(rows, schemas)]


def test_there_is_a_step_from_each_layout_before_the_newest() -> None:
    assert list(layouts.STEPS) == list(range(1, LAYOUT))
