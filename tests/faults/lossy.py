"""Rows behind a bad network: requests and answers get lost, or come late, or the store does not answer."""

import asyncio
import random
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from dataclasses import dataclass

from scim.errors import Unavailable
from scim.storage.rows import Refused, Row, Rows, Unsettled, Write


@dataclass(frozen=True, slots=True)
class Weather:
    """How often what goes wrong, each from 0 to 1."""

    lost_request: float = 0.05
    lost_answer: float = 0.05
    late: float = 0.05
    unavailable: float = 0.01


class LossyRows:
    """Rows as seen through the weather; other callers get a turn at every call."""

    def __init__(self, rows: Rows, chance: random.Random, weather: Weather) -> None:
        self._rows = rows
        self._chance = chance
        self._weather = weather
        self._late: list[Sequence[Write]] = []

    async def get(self, key: str) -> Row | None:
        """A read that may fail."""
        await self._travel()
        row = await self._rows.get(key)
        await self.arrive()
        return row

    async def range(
        self, low: str, high: str, limit: int | None = None, *, keys_only: bool = False
    ) -> AsyncIterator[list[Row]]:
        """Pages that may fail, each on its own."""
        async for page in self._rows.range(low, high, limit, keys_only=keys_only):
            await self._travel()
            yield page
            await self.arrive()

    async def transact(self, writes: Sequence[Write]) -> list[str]:
        """A transaction that may be lost on its way, lose its answer, or apply after the next call."""
        await asyncio.sleep(0)
        dice, weather = self._chance.random(), self._weather
        if dice < weather.lost_request:
            raise Unsettled
        if dice < weather.lost_request + weather.late:
            self._late.append(writes)
            raise Unsettled
        try:
            etags = await self._rows.transact(writes)
        finally:
            await self.arrive()
        if dice > 1 - weather.lost_answer:
            raise Unsettled
        return etags

    async def arrive(self) -> None:
        """Let what was late come in, if nothing stands against it by now."""
        late, self._late = self._late, []
        for writes in late:
            with suppress(Refused):
                await self._rows.transact(writes)

    async def _travel(self) -> None:
        await asyncio.sleep(0)
        if self._chance.random() < self._weather.unavailable:
            raise Unavailable("The weather is bad.", retry_after=1)


class Crash(BaseException):
    """The end of a process, at once."""


class MortalRows:
    """Rows of a process that ends at its ``last`` transaction: before it applies, or after."""

    def __init__(self, rows: Rows, last: int, *, applies: bool) -> None:
        self._rows = rows
        self._left = last
        self._applies = applies

    async def get(self, key: str) -> Row | None:
        """A read."""
        return await self._rows.get(key)

    async def range(
        self, low: str, high: str, limit: int | None = None, *, keys_only: bool = False
    ) -> AsyncIterator[list[Row]]:
        """Pages."""
        async for page in self._rows.range(low, high, limit, keys_only=keys_only):
            yield page

    async def transact(self, writes: Sequence[Write]) -> list[str]:
        """A transaction, or the end."""
        self._left -= 1
        if self._left > 0:
            return await self._rows.transact(writes)
        if self._applies:
            await self._rows.transact(writes)
        raise Crash
