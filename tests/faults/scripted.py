"""Rows whose transactions meet, one after another, what a script says."""

from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from typing import Literal

from scim.errors import Unavailable
from scim.storage.rows import Refused, Row, Rows, Unsettled, Write

Fate = Literal["applies", "request lost", "answer lost", "comes late", "refused without a place"]


class ScriptedRows:
    """Rows with a fate for each of the next transactions; later ones apply. Calls are counted.

    Attributes:
        fates: what happens to the next transactions; what ``comes late`` applies after the next read.
        sent: every transaction, as it was sent.
        read: the keys of all point reads.
        silent: whether reads fail.
    """

    def __init__(self, rows: Rows, *fates: Fate) -> None:
        self.fates: list[Fate] = list(fates)
        self.sent: list[Sequence[Write]] = []
        self.read: list[str] = []
        self.silent = False
        self._rows = rows
        self._late: list[Sequence[Write]] = []

    async def get(self, key: str) -> Row | None:
        """A read."""
        self.read.append(key)
        if self.silent:
            raise Unavailable("Silence.", retry_after=1)
        row = await self._rows.get(key)
        late, self._late = self._late, []
        for writes in late:
            with suppress(Refused):
                await self._rows.transact(writes)
        return row

    async def range(
        self, low: str, high: str, limit: int | None = None, *, keys_only: bool = False
    ) -> AsyncIterator[list[Row]]:
        """Pages."""
        async for page in self._rows.range(low, high, limit, keys_only=keys_only):
            yield page

    async def transact(self, writes: Sequence[Write]) -> list[str]:
        """A transaction and its fate."""
        self.sent.append(writes)
        fate = self.fates.pop(0) if self.fates else "applies"
        if fate == "comes late":
            self._late.append(writes)
        if fate in {"request lost", "comes late"}:
            raise Unsettled
        try:
            etags = await self._rows.transact(writes)
        except Refused as refused:
            raise Refused(None if fate == "refused without a place" else refused.index, refused.cause) from None
        if fate == "answer lost":
            raise Unsettled
        return etags
