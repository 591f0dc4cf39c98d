"""A provider's directory, to be read: everything behind GET, filters and pages (RFC 7644 §3.4)."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from itertools import batched

from scim.changes import Change
from scim.schema import Index, ResourceType
from scim.storage import keys, records
from scim.storage.drafts import PARALLEL
from scim.storage.linking import bucket_span, changed_after
from scim.storage.members import unpack_links
from scim.storage.records import Head, Stored
from scim.storage.rows import Rows
from scim.storage.runs import OpenRun

_READINGS = 3
"""Times a large group is read, when others write to it meanwhile, before the last reading has to do."""


class Reader:
    """The reads of one provider's directory; what they find is never older than the call."""

    def __init__(self, rows: Rows) -> None:
        self._rows = rows

    async def get(self, kind: ResourceType, identifier: str, *, members: bool) -> Stored | None:
        """The resource of that id, with its members if they are asked for."""
        if not keys.is_id(identifier):
            return None
        row = await self._rows.get(keys.resource(kind.alias, identifier))
        if row is None:
            return None
        stored = records.decode(kind, row)
        return await self.with_members(stored) if members else stored

    async def with_members(self, stored: Stored) -> Stored:
        """The same resource with its members; read anew while writes come between its row and its buckets.

        Raises:
            NotFound: it was deleted meanwhile.
        """
        kind = stored.kind
        for left in reversed(range(_READINGS)):
            if stored.members is not None or not kind.members:
                break
            buckets = [row async for page in self._rows.range(*bucket_span(stored)) for row in page]
            found = {member: alias for row in buckets for member, alias in unpack_links(row.properties).items()}
            torn = len(found) != stored.roster.count or any(changed_after(row, stored) for row in buckets)
            if not torn or not left:
                return replace(stored, members=found)
            row = await self._rows.get(keys.resource(kind.alias, stored.id))
            if row is None:
                raise records.not_found(kind, stored.id)
            stored = records.decode(kind, row)
        return stored

    async def find(self, kind: ResourceType, index: Index, value: str) -> list[Stored]:
        """The resources whose indexed attribute has a value, compared as the schema compares."""
        stem = keys.index_stem(index, value)
        if index.unique:
            row = await self._rows.get(stem)
            ids = [str(row.properties["of"])] if row else []
        else:
            low, high = keys.span(stem)
            ids = [row.key.rpartition(":")[2] async for page in self._rows.range(low, high) for row in page]
        found: list[Stored | None] = []
        for some in batched(ids, PARALLEL, strict=False):
            found += await asyncio.gather(*(self.get(kind, identifier, members=False) for identifier in some))
        return [stored for stored in found if stored is not None]

    async def page(self, kind: ResourceType, start_index: int, count: int) -> tuple[int, list[Stored]]:
        """The number of all resources of a type, and ``count`` of them from the 1-based ``start_index`` on."""
        low, high = keys.span(keys.HEAD)
        rows = {row.key: row async for page in self._rows.range(low.removesuffix(":"), high) for row in page}
        run = Head.decode(rows[keys.HEAD]).run(kind.alias) if keys.HEAD in rows else OpenRun()
        runs = records.decode_runs(rows.get(keys.runs(kind.alias)))
        place = runs.locate(start_index - 1, run) if count else None
        if place is None:
            return run.total, []
        first, skipped = place
        low, high = keys.resource(kind.alias, first), keys.span(kind.alias)[1]
        found = [row async for page in self._rows.range(low, high, skipped + count) for row in page]
        return run.total, [records.decode(kind, row) for row in found[skipped:]]

    async def total(self, kind: ResourceType) -> int:
        """The number of all resources of a type."""
        row = await self._rows.get(keys.HEAD)
        return Head.decode(row).run(kind.alias).total if row else 0

    async def scan(self, kind: ResourceType) -> AsyncIterator[Stored]:
        """Every resource of a type, in the order in which they were created."""
        async for page in self._rows.range(*keys.span(kind.alias)):
            for row in page:
                yield records.decode(kind, row)

    async def changes(self, since: int = 0) -> AsyncIterator[Change]:
        """The change records numbered ``since`` and above, in order."""
        async for page in self._rows.range(keys.change(since), keys.span("change")[1]):
            for row in page:
                yield records.decode_change(row)
