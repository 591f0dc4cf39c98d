"""Existing: which of many ids are there, asked for with as few calls as can be."""

import asyncio
from collections.abc import Mapping
from itertools import batched, chain

from scim.errors import PayloadTooLarge
from scim.storage import keys, records
from scim.storage.drafts import PARALLEL
from scim.storage.linking import MAX_MEMBERSHIPS
from scim.storage.records import Head
from scim.storage.rows import Row, Rows

_PAGE = 1_000


async def existing(rows: Rows, wanted: Mapping[str, tuple[str, ...]]) -> dict[str, str | None]:
    """For each id the alias of the type of which there is a resource with it; None if there is none.

    They are read one by one, or the keys of all resources are, a thousand at a time: whichever takes fewer calls.

    Args:
        rows: the directory's.
        wanted: the ids, each with the aliases of the types it may be of, the likely one first.

    Raises:
        PayloadTooLarge: one of them is in as many groups already as it may be.
    """
    aliases = list(dict.fromkeys(chain.from_iterable(wanted.values())))
    ids = {identifier: kinds for identifier, kinds in wanted.items() if keys.is_id(identifier)}
    row = await rows.get(keys.HEAD)
    head = Head.decode(row) if row else Head()
    pages = sum(1 + head.run(alias).total // _PAGE for alias in aliases)
    found = await (_walk(rows, ids, aliases) if pages < len(ids) else _one_by_one(rows, ids))
    return dict.fromkeys(wanted) | found


async def _walk(rows: Rows, ids: Mapping[str, tuple[str, ...]], aliases: list[str]) -> dict[str, str | None]:
    found: dict[str, str | None] = {}
    for alias in aliases:
        low, high = keys.resource(alias, min(ids)), keys.after(alias, max(ids))
        async for page in rows.range(low, high, keys_only=True):
            there = (row.key.partition(":")[2] for row in page)
            found |= {identifier: alias for identifier in there if alias in ids.get(identifier, ())}
    return found


async def _one_by_one(rows: Rows, ids: Mapping[str, tuple[str, ...]]) -> dict[str, str | None]:
    found: dict[str, str | None] = {}
    for some in batched(ids, PARALLEL, strict=False):
        found |= dict(zip(some, await asyncio.gather(*(_alias(rows, each, ids[each]) for each in some)), strict=True))
    return found


async def _alias(rows: Rows, identifier: str, aliases: tuple[str, ...]) -> str | None:
    for alias in aliases:
        row = await rows.get(keys.resource(alias, identifier))
        if row is not None:
            _see_that_it_may_join(identifier, row)
            return alias
    return None


def _see_that_it_may_join(identifier: str, row: Row) -> None:
    if len(records.memberships(row)) >= MAX_MEMBERSHIPS:
        raise PayloadTooLarge(f"members: {identifier} is in {MAX_MEMBERSHIPS} groups, which is the limit.")
