"""Erasing: the change records of a deleted resource lose their values, and keep who did what, and when."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import batched

from scim.changes import Origin
from scim.errors import Unavailable
from scim.schema import Schemas
from scim.storage import keys
from scim.storage.commit import Commit
from scim.storage.drafts import Draft, View
from scim.storage.rows import MAX_TRANSACTION_ROWS, Merge, Property, Refused, Row, Rows, Unsettled, pack

_ATTEMPTS = 8
"""Times that records are stripped, if nobody knows whether they were."""


class StillThere(Exception):
    """The resource has not been deleted; the text is the name of its type."""


class NeverThere(Exception):
    """There is no such resource, and none was deleted."""


@dataclass(slots=True)
class Erasure:
    """The erasure of what was recorded of one resource.

    It can be begun again at any time: what is erased stays so.

    Attributes:
        read: change records read.
        erased: records that lost their values.
    """

    rows: Rows
    schemas: Schemas
    identifier: str
    origin: Origin
    read: int = 0
    erased: int = 0

    async def __call__(self) -> AsyncIterator[int]:
        """Erase; tells after each page how many records are read.

        Raises:
            StillThere: the resource exists.
            NeverThere: it never did.
        """
        kind = await self._type()
        async for page in self.rows.range(*keys.span("change")):
            await self._strip([row for row in page if self._tells(row)])
            self.read += len(page)
            yield self.read
        if self.erased:
            await Commit(self.rows).write(_Record(kind, self.identifier, self.origin, self.erased))

    async def _type(self) -> str:
        for kind in self.schemas.types.values() if keys.is_id(self.identifier) else ():
            if await self.rows.get(keys.resource(kind.alias, self.identifier)) is not None:
                raise StillThere(kind.name)
        row = await self.rows.get(keys.tombstone(self.identifier)) if keys.is_id(self.identifier) else None
        if row is None:
            raise NeverThere
        return str(row.properties["type"])

    def _tells(self, row: Row) -> bool:
        """Whether the record is of the resource, and has values."""
        return row.properties.get("id_") == self.identifier and bool(row.properties.get("values"))

    async def _strip(self, found: Sequence[Row]) -> None:
        for some in batched(found, MAX_TRANSACTION_ROWS, strict=False):
            await self._strip_together(list(some))

    async def _strip_together(self, rows: list[Row]) -> None:
        for attempt in range(_ATTEMPTS):
            await asyncio.sleep(0.05 * attempt)
            with suppress(Refused, Unsettled):  # whether it was done, or another did it, the rows tell
                await self.rows.transact([Merge(row.key, row.etag, _stripped(row)) for row in rows])
                self.erased += len(rows)
                return
            fresh = [row for old in rows if (row := await self.rows.get(old.key)) and self._tells(row)]
            self.erased += len(rows) - len(fresh)
            if not fresh:
                return
            rows = fresh
        raise Unavailable("The store breaks off again and again; run the command again.", retry_after=5)


def _stripped(row: Row) -> dict[str, Property]:
    return {**pack("values", "", row.properties), "erased": "yes"}


@dataclass(frozen=True, slots=True)
class _Record:
    """Say in a change that values were erased."""

    kind: str
    identifier: str
    origin: Origin
    erased: int

    async def __call__(self, _: View, draft: Draft) -> None:
        """Lay it into the draft."""
        draft.record("erase", (self.kind, self.identifier), self.origin)
