"""Forgetting: the rows of indexes and of types that a provider's schemas no longer have are taken out.

An index that is given up keeps its rows until then, and one that is declared anew must not find them. Rows go in
transactions that hold the head where it is, so that nobody who wants them back can come in between.
"""

import asyncio
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass, replace

from scim.changes import Origin
from scim.errors import Unavailable
from scim.schema import Schemas
from scim.storage import keys
from scim.storage.drafts import Draft, View
from scim.storage.records import Head
from scim.storage.rows import MAX_TRANSACTION_ROWS, Delete, Merge, Refused, Rows, SettingsChanged

_ATTEMPTS = 50
"""Times that the deletion of one index may find the head moved."""


async def indexes(rows: Rows, schemas: Schemas, others: Iterable[str], fingerprint: str) -> None:
    """Delete the rows of indexes that the schemas do not have.

    Args:
        rows: the directory's.
        schemas: what there is to be kept.
        others: aliases of types that the schemas may not have.
        fingerprint: what the head must say meanwhile.

    Raises:
        SettingsChanged: it says something else.
        Unavailable: others write too much.
    """
    known = {kind.alias: {index.alias for index in kind.kept} for kind in schemas.types.values()}
    for kind in dict.fromkeys([*known, *others]):
        async for alias in _aliases(rows, kind):
            if alias not in known.get(kind, ()):
                await _delete(rows, alias, fingerprint)


async def _aliases(rows: Rows, kind: str) -> AsyncIterator[str]:
    """The indexes of a type of which there are rows, each found by one look behind the one before it."""
    low, high = f"{kind}.", f"{kind}/"
    while True:
        first = [row.key async for page in rows.range(low, high, 1) for row in page]
        if not first:
            return
        alias = first[0].partition(":")[0]
        yield alias
        low = keys.span(alias)[1]


async def _delete(rows: Rows, alias: str, fingerprint: str) -> None:
    refused = 0
    while found := [row async for page in rows.range(*keys.span(alias), MAX_TRANSACTION_ROWS - 1) for row in page]:
        head = await rows.get(keys.HEAD)
        if head is None or Head.decode(head).unique != fingerprint:
            raise SettingsChanged
        try:
            await rows.transact([Merge(keys.HEAD, head.etag, {}), *(Delete(row.key) for row in found)])
        except Refused:
            refused += 1
            if refused > _ATTEMPTS:
                raise Unavailable("Too many writes to this provider at once; try again.", retry_after=5) from None
            await asyncio.sleep(0.01 * refused)


@dataclass(frozen=True, slots=True)
class Types:
    """Take the counts of types out of the head that the schemas do not have and no resource is of."""

    schemas: Schemas
    origin: Origin

    async def __call__(self, view: View, draft: Draft) -> None:
        """Lay it into the draft, if there is anything to do."""
        known = {kind.alias for kind in self.schemas.types.values()}
        gone = [alias for alias, run in draft.head.runs.items() if alias not in known and not run.total]
        if not gone:
            return
        for row in await view.fetch(keys.runs(alias) for alias in gone):
            if row is not None:
                draft.delete(row)
        kept = {alias: run for alias, run in draft.head.runs.items() if alias not in gone}
        draft.head = replace(draft.head, runs=kept)
        values = {"types": {"before": gone, "after": None}}
        draft.record("settings", ("Provider", ""), self.origin, values)
