"""Rows of one process, between whose reads another process has its turn."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence

from scim.storage.rows import Row, Rows, Write

type Turn = Callable[[], Awaitable[object]]


class Between:
    """Rows after whose first read of ``key``, alone or in a page, ``turn`` is taken, once.

    Attributes:
        taken: whether it was.
    """

    def __init__(self, rows: Rows, key: str, turn: Turn) -> None:
        self.taken = False
        self._rows = rows
        self._key = key
        self._turn = turn

    async def get(self, key: str) -> Row | None:
        """A read, and the turn."""
        row = await self._rows.get(key)
        await self._after(key)
        return row

    async def range(
        self, low: str, high: str, limit: int | None = None, *, keys_only: bool = False
    ) -> AsyncIterator[list[Row]]:
        """Pages, and the turn."""
        async for page in self._rows.range(low, high, limit, keys_only=keys_only):
            for row in page:
                await self._after(row.key)
            yield page

    async def transact(self, writes: Sequence[Write]) -> list[str]:
        """A transaction."""
        return await self._rows.transact(writes)

    async def _after(self, key: str) -> None:
        if key == self._key and not self.taken:
            self.taken = True
            await self._turn()
