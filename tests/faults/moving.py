"""Rows moved from one store to another: a large directory is built in memory and then laid where it is needed."""

from itertools import batched

from scim.storage.rows import Create, Rows


async def move(source: Rows, target: Rows) -> None:
    """Copy every row of a partition, a hundred at a time."""
    writes = [Create(row.key, row.properties) async for page in source.range("", "~") for row in page]
    for batch in batched(writes, 100, strict=False):
        await target.transact(batch)
