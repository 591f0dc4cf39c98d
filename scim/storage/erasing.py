"""Erasing: the change records of a deleted resource lose their values, and keep who did what, and when.

A row says that it has been begun until the last transaction, which records it. So one that breaks off is found, and
carried on.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass

from scim.changes import Origin
from scim.schema import Schemas
from scim.storage import keys
from scim.storage.commit import Commit
from scim.storage.drafts import Draft, View
from scim.storage.rows import Create, Refused, Row, Rows, Unsettled
from scim.storage.stripping import ATTEMPTS, broken_off, has_values, strip


class StillThere(Exception):
    """The resource has not been deleted; the text is the name of its type."""


class NeverThere(Exception):
    """There is no such resource, and none is known to have been deleted."""


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
            NeverThere: it never did, or no values of it are left.
        """
        begun = await self.rows.get(keys.erasure(self.identifier)) if keys.is_id(self.identifier) else None
        kind = str(begun.properties["type"]) if begun else await self._type()
        async for page in self.rows.range(*keys.span("change")):
            found = [row for row in page if row.properties.get("id_") == self.identifier and has_values(row)]
            if found and begun is None:
                begun = await self._begin(kind)
            await strip(self.rows, found, "yes", self._erased)
            self.read += len(page)
            yield self.read
        if begun is not None:
            await Commit(self.rows).write(_Record(kind, self.identifier, self.origin))

    def _erased(self, number: int) -> None:
        self.erased += number

    async def _type(self) -> str:
        for kind in self.schemas.types.values() if keys.is_id(self.identifier) else ():
            if await self.rows.get(keys.resource(kind.alias, self.identifier)) is not None:
                raise StillThere(kind.name)
        row = await self.rows.get(keys.tombstone(self.identifier)) if keys.is_id(self.identifier) else None
        if row is None:
            raise NeverThere
        return str(row.properties["type"])

    async def _begin(self, kind: str) -> Row:
        """Say that it has been begun."""
        for attempt in range(ATTEMPTS):
            await asyncio.sleep(0.05 * attempt)
            with suppress(Refused, Unsettled):  # somebody else may have begun it, too
                await self.rows.transact([Create(keys.erasure(self.identifier), {"type": kind})])
            if row := await self.rows.get(keys.erasure(self.identifier)):
                return row
        raise broken_off()


async def begun(rows: Rows) -> list[str]:
    """The ids of the resources whose erasure has been begun, and not ended."""
    return [row.key.rpartition(":")[2] async for page in rows.range(*keys.span(keys.ERASURE)) for row in page]


@dataclass(frozen=True, slots=True)
class _Record:
    """Say in a change that values were erased, unless somebody else has."""

    kind: str
    identifier: str
    origin: Origin

    async def __call__(self, view: View, draft: Draft) -> None:
        """Lay it into the draft."""
        row = await view.get(keys.erasure(self.identifier))
        if row is not None:
            draft.delete(row)
            draft.record("erase", (self.kind, self.identifier), self.origin)
