"""Lookups followed to ids: what the rows of a directory say about where a filter's matches are."""

import asyncio
from itertools import batched

from scim.planning import ByGroup, ById, ByIndex, ByMember, ByPrefix, ChangedSince, Lookup, Scan, Union
from scim.schema import ResourceType
from scim.storage import keys, records
from scim.storage.drafts import PARALLEL
from scim.storage.reading import Reader
from scim.storage.records import Head
from scim.storage.rows import Row, unpack

MAX_CHANGES = 10_000
"""Change records that are read to learn what changed lately, at most."""


_SHARE = 1_000
"""Ids that each of several lookups may give, whatever is allowed in all: the index rows of one page."""


async def ids(reader: Reader, kind: ResourceType, lookup: Lookup, most: int) -> set[str] | None:
    """The ids of the resources of a type in the place that a lookup names.

    Some may be of resources that are gone, or of another type. None: there are more than ``most``, or the rows
    cannot tell.
    """
    found: set[str] | None
    match lookup:
        case Scan():
            return None
        case ById(wanted):
            found = {identifier for identifier in wanted if keys.is_id(identifier)}
        case ByIndex(index, value) | ByPrefix(index, value):
            found = await _indexed(reader, lookup, most) if await reader.reaches(index, value) else None
            found = found if await reader.reaches(index, value) else None  # both before and after, so in between
        case ByMember(member, aliases):
            found = await _groups_of(reader, member, aliases)
        case ByGroup():
            found = await _members_of(reader, kind, lookup)
        case ChangedSince(milliseconds):
            found = await _changed(reader, kind, milliseconds)
        case Union():
            found = await _any_of(reader, kind, lookup, most)
    return found if found is not None and len(found) <= most else None


async def _indexed(reader: Reader, lookup: ByIndex | ByPrefix, most: int) -> set[str] | None:
    if isinstance(lookup, ByPrefix):
        return await _range(reader, *keys.begun(lookup.index, lookup.prefix), most)
    stem = keys.index_stem(lookup.index, lookup.value)
    if not lookup.index.unique:
        return await _range(reader, *keys.span(stem), most)
    row = await reader.rows.get(stem)
    return {str(row.properties["of"])} if row else set()


async def _range(reader: Reader, low: str, high: str, most: int) -> set[str] | None:
    """The resources of index rows, one of which may have several."""
    found: set[str] = set()
    async for page in reader.rows.range(low, high):
        found.update(str(row.properties["of"]) for row in page)
        if len(found) > most:
            return None
    return found


async def _groups_of(reader: Reader, member: str, aliases: tuple[str, ...]) -> set[str]:
    """The groups that a member's own row names, and those whose members may not know of it yet."""
    if not keys.is_id(member):
        return set()
    head, row = await asyncio.gather(reader.rows.get(keys.HEAD), _first(reader, member, aliases))
    return {*records.memberships(row), *(Head.decode(head).intents if head else ())} if row else set()


async def _first(reader: Reader, identifier: str, aliases: tuple[str, ...]) -> Row | None:
    """The row of a resource that is of one of some types."""
    for alias in aliases:
        row = await reader.rows.get(keys.resource(alias, identifier))
        if row is not None:
            return row
    return None


async def _members_of(reader: Reader, kind: ResourceType, lookup: ByGroup) -> set[str]:
    """The members of a group that are of a type."""
    for group in lookup.kinds:
        stored = await reader.get(group, lookup.group, members=True)
        if stored is not None:
            return {identifier for identifier, alias in (stored.members or {}).items() if alias == kind.alias}
    return set()


async def _changed(reader: Reader, kind: ResourceType, since: int) -> set[str] | None:
    """The resources that change records name, if records go back far enough, and are not too many."""
    low, high = keys.span("change")
    oldest, rows = await asyncio.gather(
        _rows(reader, low, high, 1), _rows(reader, keys.change(since << 16), high, MAX_CHANGES + 1)
    )
    complete = all(_number(row) <= since << 16 or not int(str(row.properties["previous"]), 16) for row in oldest)
    if not complete or len(rows) > MAX_CHANGES:
        return None
    moved = (entry.partition(":") for row in rows for entry in unpack(row.properties, "moved", "").split())
    return {identifier for alias, _, identifier in moved if alias == kind.alias}


async def _any_of(reader: Reader, kind: ResourceType, lookup: Union, most: int) -> set[str] | None:
    together: set[str] = set()
    share = max(most // max(len(lookup.lookups), 1), _SHARE)
    for some in batched(lookup.lookups, PARALLEL, strict=False):
        for found in await asyncio.gather(*(ids(reader, kind, each, share) for each in some)):
            if found is None:
                return None
            together |= found
    return together


async def _rows(reader: Reader, low: str, high: str, limit: int) -> list[Row]:
    return [row async for page in reader.rows.range(low, high, limit) for row in page]


def _number(change: Row) -> int:
    return int(change.key.partition(":")[2].partition(".")[0], 16)
