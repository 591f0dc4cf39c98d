"""A provider's directory, to be read: everything behind GET, filters and pages (RFC 7644 §3.4)."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Collection, Sequence
from dataclasses import replace
from itertools import batched

from scim.changes import Change
from scim.errors import Unavailable
from scim.normal_forms import constant
from scim.schema import Index, Json, ResourceType
from scim.storage import forms, keys, records
from scim.storage.drafts import PARALLEL
from scim.storage.forms import Form
from scim.storage.linking import bucket_span, changed_after
from scim.storage.members import unpack_links
from scim.storage.records import Head, Stored
from scim.storage.rows import Rows
from scim.storage.runs import ClosedRuns, OpenRun

_CHUNK = 1_000
"""Resources that are read at a time where they are read backwards."""
_READINGS = 3
"""Times a large group is read, when others write to it meanwhile, before the last reading has to do."""


class Reader:
    """The reads of one provider's directory; what they find is never older than the call."""

    def __init__(self, rows: Rows) -> None:
        self._rows = rows
        self._same_rules = False

    @property
    def rows(self) -> Rows:
        """The directory's rows."""
        return self._rows

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

        Buckets of one page are those of one moment, if perhaps a later one than the row's, and serve in the end. Those
        of several pages might be the members of no moment at all.

        Raises:
            NotFound: it was deleted meanwhile.
            Unavailable: it gets other members all the time.
        """
        kind = stored.kind
        for left in reversed(range(_READINGS)):
            if stored.members is not None or not kind.members:
                break
            pages = [page async for page in self._rows.range(*bucket_span(stored))]
            buckets = [row for page in pages for row in page]
            found = {member: alias for row in buckets for member, alias in unpack_links(row.properties).items()}
            torn = len(found) != stored.roster.count or any(changed_after(row, stored) for row in buckets)
            whole = len(buckets) >= stored.roster.buckets  # else the group has other members now, and these are going
            if not torn or (whole and not left and len(pages) == 1):
                return replace(stored, members=found)
            row = await self._rows.get(keys.resource(kind.alias, stored.id))
            if row is None:
                raise records.not_found(kind, stored.id)
            stored = records.decode(kind, row)
        if stored.members is None and kind.members:
            raise Unavailable("The group's members are changing all the time; send the request again.", retry_after=1)
        return stored

    async def with_some(self, stored: Stored, ids: Collection[str]) -> Stored:
        """The same resource with those of its members that are among a few ``ids``, and perhaps more of them.

        Raises:
            NotFound: it was deleted meanwhile.
        """
        named = [identifier for identifier in ids if keys.is_id(identifier)]
        for _ in range(_READINGS):
            roster = stored.roster
            wanted = {roster.bucket(identifier) for identifier in named} if roster.buckets else set[int]()
            if stored.members is not None:
                break
            at = (stored.bucket(bucket) for bucket in wanted)
            buckets = await asyncio.gather(*(self._rows.get(key) for key in at))
            links = [unpack_links(row.properties) for row in buckets if row is not None]
            if not any(row is None or changed_after(row, stored) for row in buckets):
                return replace(stored, members={i: held[i] for held in links for i in named if i in held})
            row = await self._rows.get(keys.resource(stored.kind.alias, stored.id))
            if row is None:
                raise records.not_found(stored.kind, stored.id)
            stored = records.decode(stored.kind, row)
        return await self.with_members(stored)

    async def form(self) -> Form:
        """The normal form behind the keys of index rows."""
        row = await self._rows.get(keys.HEAD)
        return Head.decode(row).form if row else forms.ours()

    async def reaches(self, index: Index, value: Json) -> bool:
        """Whether an index has all resources with a value under the keys that this process makes.

        The head is asked once about the rules behind normal forms, and whenever Unicode's version makes a difference.
        """
        leaf = index.target.leaf
        if leaf.case_exact or not isinstance(value, str) or (self._same_rules and constant(leaf, value)):
            return True
        form = await self.form()
        self._same_rules = form.same_rules
        return form.settles(leaf, value)

    async def find(self, kind: ResourceType, index: Index, value: str) -> list[Stored]:
        """The resources whose indexed attribute has a value, compared as the schema compares."""
        stem = keys.index_stem(index, value)
        if index.unique:
            row = await self._rows.get(stem)
            ids = [str(row.properties["of"])] if row else []
        else:
            low, high = keys.span(stem)
            ids = [row.key.rpartition(":")[2] async for page in self._rows.range(low, high) for row in page]
        return await self.many(kind, ids)

    async def many(self, kind: ResourceType, ids: Sequence[str]) -> list[Stored]:
        """The resources of those ids that there are, in the same order."""
        found: list[Stored | None] = []
        for some in batched(ids, PARALLEL, strict=False):
            found += await asyncio.gather(*(self.get(kind, identifier, members=False) for identifier in some))
        return [stored for stored in found if stored is not None]

    async def page(
        self, kind: ResourceType, start_index: int, count: int, *, descending: bool = False
    ) -> tuple[int, list[Stored]]:
        """The number of all resources of a type, and ``count`` of them from the 1-based ``start_index`` on."""
        run, runs = await self._counted(kind)
        offset, wanted = start_index - 1, min(count, max(run.total - start_index + 1, 0))
        if descending:
            offset = run.total - offset - wanted
        place = runs.locate(offset, run) if wanted else None
        if place is None:
            return run.total, []
        first, skipped = place
        low, high = keys.resource(kind.alias, first), keys.span(kind.alias)[1]
        found = [row async for page in self._rows.range(low, high, skipped + wanted) for row in page]
        page = [records.decode(kind, row) for row in found[skipped:]]
        return run.total, page[::-1] if descending else page

    async def total(self, kind: ResourceType) -> int:
        """The number of all resources of a type."""
        row = await self._rows.get(keys.HEAD)
        return Head.decode(row).run(kind.alias).total if row else 0

    async def last(self) -> int:
        """The number of the last change."""
        row = await self._rows.get(keys.HEAD)
        return Head.decode(row).number if row else 0

    async def scan(
        self, kind: ResourceType, after: str = "", *, since: int = 0, limit: int | None = None
    ) -> AsyncGenerator[Stored]:
        """The resources of a type in the order in which they were created.

        Args:
            kind: the type.
            after: only those that come after this id.
            since: only those created at or after this Unix millisecond.
            limit: so many of them.
        """
        low = max(keys.after(kind.alias, after), keys.created_since(kind.alias, since) if since else "")
        async for page in self._rows.range(low, keys.span(kind.alias)[1], limit):
            for row in page:
                yield records.decode(kind, row)

    async def scan_back(
        self, kind: ResourceType, before: str = "", *, wanted: int | None = None
    ) -> AsyncGenerator[Stored]:
        """The resources of a type, the last created first.

        Ranges cannot be read backwards, so runs are, each in its order, and turned around.

        Args:
            kind: the type.
            before: only those that come before this id.
            wanted: how many will be taken, if that is known; about as many are read at a time.
        """
        run, runs = await self._counted(kind)
        last = ((run.first, run.count),) if run.first else ()
        entries = [entry for entry in (*runs.entries, *last) if not before or entry[0] < before]
        high = keys.resource(kind.alias, before) if before else keys.span(kind.alias)[1]
        partly = bool(before)  # nobody knows how many of the first run come before
        while entries:
            expected = 0
            while entries and expected < (wanted or _CHUNK):
                first, count = entries.pop()
                expected += 0 if partly else count
                partly = False
            low = keys.resource(kind.alias, first) if entries else keys.span(kind.alias)[0]
            rows = [row async for page in self._rows.range(low, high) for row in page]
            for row in reversed(rows):
                yield records.decode(kind, row)
            high = low

    async def _counted(self, kind: ResourceType) -> tuple[OpenRun, ClosedRuns]:
        """The runs of a type, the open one with its total."""
        low, high = keys.span(keys.HEAD)
        rows = {row.key: row async for page in self._rows.range(low.removesuffix(":"), high) for row in page}
        run = Head.decode(rows[keys.HEAD]).run(kind.alias) if keys.HEAD in rows else OpenRun()
        return run, records.decode_runs(rows.get(keys.runs(kind.alias)))

    async def changes(self, since: int = 0) -> AsyncIterator[Change]:
        """The change records numbered ``since`` and above, in order."""
        async for page in self._rows.range(keys.change(since), keys.span("change")[1]):
            for row in page:
                yield records.decode_change(row)
