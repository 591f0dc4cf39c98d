"""Backfilling: the rows of a new index for resources that are there, while others write.

Whoever writes keeps the index already, so only what nobody writes is left. Each row comes in a transaction that holds
its resource as it was read. To do it once more does no harm.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Self

from scim.errors import Unavailable
from scim.schema import Index, ResourceType
from scim.storage import indexing, keys, records
from scim.storage.records import Head
from scim.storage.rows import MAX_TRANSACTION_ROWS, Create, Merge, Refused, Row, Rows, SettingsChanged, Unsettled, Write

MAX_VALUES = 50
"""Values of one attribute that a resource may have in an index."""
_ATTEMPTS = 50
"""Times that a resource may be written by others while its rows are made."""


@dataclass(frozen=True, slots=True)
class Filled:
    """A resource whose rows are there, but for those that cannot be.

    Attributes:
        against: the indexes that it stands against: another resource has the value, or it has too many.
    """

    id: str
    against: tuple[Index, ...] = ()


async def backfill(rows: Rows, kind: ResourceType, fingerprint: str) -> AsyncIterator[Filled]:
    """Make the rows that resources of a type lack in its indexes that are being built.

    Args:
        rows: the directory's.
        kind: the type.
        fingerprint: what the head must say meanwhile.

    Raises:
        SettingsChanged: it says something else.
        Unavailable: others write too much.
    """
    async for page in rows.range(*keys.span(kind.alias)):
        for lot in _lots(kind, page):
            head = await rows.get(keys.HEAD)
            said = Head.decode(head) if head is not None else None
            if said is None or said.unique != fingerprint or not said.form.sure:
                raise SettingsChanged
            done = await _at_once(rows, lot)
            for one in lot:
                yield Filled(one.id) if done else await _alone(rows, kind, one.id)


@dataclass(frozen=True, slots=True)
class _Resource:
    """A resource as it was read, and the keys of its rows in the indexes that are being built."""

    row: Row
    keys: Mapping[str, Index]

    @classmethod
    def read(cls, kind: ResourceType, row: Row) -> Self:
        return cls(row, indexing.entries(records.decode(kind, row), kind.building))

    @property
    def id(self) -> str:
        return self.row.key.partition(":")[2]

    def writes(self, missing: Iterable[str]) -> list[Write]:
        """Those that make rows, and hold the resource as it was read."""
        created = [Create(key, {"of": self.id}) for key in missing]
        return [Merge(self.row.key, self.row.etag, {}), *created] if created else []


def _lots(kind: ResourceType, page: Sequence[Row]) -> Iterator[list[_Resource]]:
    """The resources of a page, as many together as a transaction takes."""
    lot: list[_Resource] = []
    taken: set[str] = set()
    for row in page:
        one = _Resource.read(kind, row)
        if lot and (taken & one.keys.keys() or len(taken) + len(lot) + len(one.keys) + 1 > MAX_TRANSACTION_ROWS):
            yield lot
            lot, taken = [], set()
        lot.append(one)
        taken |= one.keys.keys()
    if lot:
        yield lot


async def _at_once(rows: Rows, lot: Sequence[_Resource]) -> bool:
    """Make the rows of several resources; false if any of them is there, or any resource is no longer as it was."""
    writes = [write for one in lot for write in one.writes(one.keys)]
    if len(writes) > MAX_TRANSACTION_ROWS or any(_too_many(one) for one in lot):
        return False
    try:
        if writes:
            await rows.transact(writes)
    except (Refused, Unsettled):
        return False
    return True


async def _alone(rows: Rows, kind: ResourceType, identifier: str) -> Filled:
    """Make the rows that one resource lacks."""
    for _ in range(_ATTEMPTS):
        row = await rows.get(keys.resource(kind.alias, identifier))
        if row is None:
            return Filled(identifier)
        one = _Resource.read(kind, row)
        if against := _too_many(one):
            return Filled(identifier, against)
        held = await asyncio.gather(*(rows.get(key) for key in one.keys))
        against = tuple(
            index
            for index, found in zip(one.keys.values(), held, strict=True)
            if found is not None and found.properties["of"] != identifier
        )
        missing = [key for key, found in zip(one.keys, held, strict=True) if found is None]
        with suppress(Refused, Unsettled):
            if missing:
                await rows.transact(one.writes(missing))
            return Filled(identifier, against)
    raise Unavailable("Too many writes to one resource at once; try again.", retry_after=5)


def _too_many(one: _Resource) -> tuple[Index, ...]:
    """The indexes in which a resource would have more rows than it may."""
    counts = Counter(one.keys.values())
    return tuple(index for index, count in counts.items() if count > MAX_VALUES)
