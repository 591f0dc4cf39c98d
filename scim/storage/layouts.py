"""Layouts: the steps by which the rows of older versions are brought to the layout that this one writes."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping

from scim.schema import Schemas
from scim.storage import keys
from scim.storage.records import LAYOUT
from scim.storage.rows import OtherLayout, Rows

type Step = Callable[[Rows, Schemas], Awaitable[None]]
"""Brings a directory to the next layout, and its head last, by a transaction that says so.

It may be broken off anywhere and is then taken once more from its beginning, so whatever it does it must be able to
find done. No version but its own writes to a directory whose head is in another layout than the one it knows.
"""

STEPS: Mapping[int, Step] = {}
"""The step that leads on from each older layout. There has been one layout so far."""


async def layout(rows: Rows) -> int:
    """The layout of a directory's rows."""
    head = await rows.get(keys.HEAD)
    return int(head.properties["layout"]) if head else LAYOUT


async def bring(
    rows: Rows, schemas: Schemas, steps: Mapping[int, Step] = STEPS, newest: int = LAYOUT
) -> AsyncIterator[int]:
    """Take the steps from a directory's layout to the newest; tells each layout once it is reached.

    Raises:
        OtherLayout: no steps lead there.
    """
    found = await layout(rows)
    wanted = range(found, newest)
    if found > newest or any(at not in steps for at in wanted):
        raise OtherLayout(found, newest)
    for at in wanted:
        await steps[at](rows, schemas)
        yield at + 1
