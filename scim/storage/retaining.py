"""Retaining: change records keep their values for as long as the provider says, and tombstones as long as those.

A row remembers how far it has got, so that no record is read twice. Values are taken out in transactions that leave
the head alone. A tombstone goes together with the values of the deletion, whose record then says so; since no row that
others judge by may change without the head, that transaction holds the head where it is.
"""

import asyncio
import time
from contextlib import suppress
from dataclasses import dataclass
from itertools import batched
from math import inf

from scim.storage import keys
from scim.storage.records import Head
from scim.storage.rows import Create, Delete, Merge, Refused, Row, Rows, Unsettled
from scim.storage.stripping import ATTEMPTS, broken_off, has_values, strip, stripped

WHY = "retention"
"""What stands in the place of values whose time is up."""
_DELETIONS = 49
"""Deletions in a transaction: each takes the record and the tombstone, beside the head."""


@dataclass(slots=True)
class Retention:
    """What is to be taken out of one directory.

    It can be broken off anywhere, and several processes may be at it.

    Attributes:
        before: the number below which change records lose their values.
        read: change records read.
        emptied: records that lost their values.
        forgotten: tombstones that expired.
    """

    rows: Rows
    before: int
    read: int = 0
    emptied: int = 0
    forgotten: int = 0

    async def __call__(self, patience: float = inf) -> bool:
        """Take it out, for so many seconds; whether all of it is out.

        Raises:
            OtherLayout: another version wrote the rows.
            Unavailable: the store does not answer.
        """
        until = time.monotonic() + patience
        head, mark = await asyncio.gather(self.rows.get(keys.HEAD), self.rows.get(keys.RETENTION))
        if head is not None:
            Head.decode(head)  # which tells whether these are rows that this version knows
        low = keys.behind(str(mark.properties["behind"])) if mark else keys.span("change")[0]
        async for page in self.rows.range(low, keys.change(self.before)):
            if page:
                await self._empty(page)
                self.read += len(page)
                mark = await self._remember(mark, page[-1].key)
            if time.monotonic() > until:
                return False
        return True

    async def _empty(self, page: list[Row]) -> None:
        deletions = [row for row in page if _is_deletion(row) and "forgotten" not in row.properties]
        keys_of_deletions = {row.key for row in deletions}
        others = [row for row in page if row.key not in keys_of_deletions and has_values(row)]
        await strip(self.rows, others, WHY, self._emptied)
        for some in batched(deletions, _DELETIONS, strict=False):
            await self._forget(list(some))

    def _emptied(self, number: int) -> None:
        self.emptied += number

    async def _forget(self, deletions: list[Row]) -> None:
        """Let deletions lose their values and their tombstones, of which there is first taken to be one for each."""
        there = {keys.tombstone(str(row.properties["id_"])) for row in deletions}
        for attempt in range(ATTEMPTS):
            await asyncio.sleep(0.05 * attempt)
            head = await self.rows.get(keys.HEAD)
            if head is None:
                return
            records = [Merge(row.key, row.etag, {**stripped(row, WHY), "forgotten": "yes"}) for row in deletions]
            tombstones = [Delete(key) for key in sorted(there)]
            with suppress(Refused, Unsettled):  # what became of it, the rows tell
                await self.rows.transact([Merge(head.key, head.etag, {}), *records, *tombstones])
                self._count(deletions)
                return
            fresh = [row for old in deletions if (row := await self.rows.get(old.key))]
            left = [row for row in fresh if "forgotten" not in row.properties]
            done = {row.key for row in left}
            self._count([row for row in deletions if row.key not in done])
            if not left:
                return
            deletions = left
            wanted = [keys.tombstone(str(row.properties["id_"])) for row in left]
            found = await asyncio.gather(*(self.rows.get(key) for key in wanted))
            there = {row.key for row in found if row is not None}
        raise broken_off()

    def _count(self, deletions: list[Row]) -> None:
        self.forgotten += len(deletions)
        self.emptied += sum(map(has_values, deletions))

    async def _remember(self, mark: Row | None, behind: str) -> Row | None:
        """Write down how far it has got; where another is further, or it was lost, the next page's mark will do."""
        written = {"behind": behind}
        write = Merge(mark.key, mark.etag, written) if mark else Create(keys.RETENTION, written)
        with suppress(Refused, Unsettled):
            (etag,) = await self.rows.transact([write])
            return Row(keys.RETENTION, etag, written)
        return await self.rows.get(keys.RETENTION)


def _is_deletion(row: Row) -> bool:
    return row.properties.get("kind") == "delete"
