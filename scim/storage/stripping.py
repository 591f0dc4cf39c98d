"""Stripping: change records lose their values, and keep who did what, and when.

Records are never written again by anybody else, and nothing that a write decides depends on their values. So the head
need not move for it, and clients' writes are not disturbed.
"""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from itertools import batched

from scim.errors import Unavailable
from scim.storage.rows import MAX_TRANSACTION_ROWS, Merge, Property, Refused, Row, Rows, Unsettled, pack

ATTEMPTS = 8
"""Times that records are stripped, if nobody knows whether they were."""


def has_values(row: Row) -> bool:
    """Whether a change record has values still."""
    return bool(row.properties.get("values"))


def stripped(row: Row, why: str) -> dict[str, Property]:
    """What makes a change record one without values; ``why`` they are gone, in a word."""
    return {**pack("values", "", row.properties), "erased": why}


async def strip(rows: Rows, found: Sequence[Row], why: str, gone: Callable[[int], None]) -> None:
    """Take the values out of change records that have some, as many in a transaction as it takes.

    Args:
        rows: the directory's.
        found: the records, as they were read.
        why: the word that is left in the place of the values.
        gone: hears how many lost theirs, each time that some did.

    Raises:
        Unavailable: the store does not answer, or breaks off again and again.
    """
    for some in batched(found, MAX_TRANSACTION_ROWS, strict=False):
        await _together(rows, list(some), why, gone)


async def _together(rows: Rows, left: list[Row], why: str, gone: Callable[[int], None]) -> None:
    for attempt in range(ATTEMPTS):
        await asyncio.sleep(0.05 * attempt)
        with suppress(Refused, Unsettled):  # whether it was done, or another did it, the rows tell
            await rows.transact([Merge(row.key, row.etag, stripped(row, why)) for row in left])
            gone(len(left))
            return
        fresh = [row for old in left if (row := await rows.get(old.key)) and has_values(row)]
        gone(len(left) - len(fresh))
        if not fresh:
            return
        left = fresh
    raise broken_off()


def broken_off() -> Unavailable:
    """What to raise where nobody knows, again and again, what became of a transaction."""
    return Unavailable("The store breaks off again and again; run the command again.", retry_after=5)
