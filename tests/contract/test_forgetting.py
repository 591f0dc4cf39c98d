"""Index rows that no schema names any more are deleted, and nobody is in the way of anybody."""

from collections.abc import AsyncIterator, Sequence

import pytest

from scim.custom import Custom
from scim.errors import Unavailable
from scim.extending import extended
from scim.schema import Schemas
from scim.storage import forgetting
from scim.storage.directory import Directory
from scim.storage.rows import Row, Rows, SettingsChanged, Write
from tests.contract.writing import ORIGIN, Writer
from tests.custom import BADGE, attribute, user_badge
from tests.faults.invariants import assert_clean


def with_index(schemas: Schemas, *names: str) -> Schemas:
    file = user_badge(attribute("number", "integer"), attribute("colour"), indexes=names)
    return extended(schemas, Custom.model_validate(file))


async def keys(rows: Rows) -> set[str]:
    return {row.key.partition(":")[0] async for page in rows.range("user.", "user/") for row in page}


async def filled(rows: Rows, schemas: Schemas, count: int) -> Schemas:
    """A directory whose users have two values of a badge that are indexed."""
    both = with_index(schemas, "number", "colour")
    directory = Directory(rows, both)
    await directory.found()
    writer = Writer(directory, both)
    for number in range(count):
        await writer.user(f"user{number}", **{BADGE: {"number": number, "colour": "Red"}})
    await assert_clean(rows, both)
    return both


async def test_the_rows_of_an_index_that_is_given_up_go_and_no_others(rows: Rows, schemas: Schemas) -> None:
    await filled(rows, schemas, 120)
    one = with_index(schemas, "number")
    directory = Directory(rows, one)
    await directory.take_over(ORIGIN)
    await directory.forget(ORIGIN)
    assert await keys(rows) == {"user.userName", "user.badge.number"}
    await assert_clean(rows, one)
    writer = Writer(directory, one)
    await writer.user("later", **{BADGE: {"number": 7, "colour": "blue"}})
    await assert_clean(rows, one)


async def test_nothing_is_deleted_while_the_head_says_otherwise(rows: Rows, schemas: Schemas) -> None:
    both = await filled(rows, schemas, 2)
    with pytest.raises(SettingsChanged):
        await Directory(rows, with_index(schemas, "number")).forget(ORIGIN)
    assert await keys(rows) == {"user.userName", "user.badge.number", "user.badge.colour"}
    await assert_clean(rows, both)


class Busy:
    """Rows on which somebody else writes before each transaction, so often."""

    def __init__(self, rows: Rows, writer: Writer, times: int) -> None:
        self._rows = rows
        self._writer = writer
        self._left = times

    async def get(self, key: str) -> Row | None:
        """A read."""
        return await self._rows.get(key)

    def range(
        self, low: str, high: str, limit: int | None = None, *, keys_only: bool = False
    ) -> AsyncIterator[list[Row]]:
        """Pages."""
        return self._rows.range(low, high, limit, keys_only=keys_only)

    async def transact(self, writes: Sequence[Write]) -> list[str]:
        """A transaction that comes late."""
        if self._left:
            self._left -= 1
            await self._writer.user(f"busy{self._left}", **{BADGE: {"number": self._left}})
        return await self._rows.transact(writes)


@pytest.mark.parametrize(("times", "attempts"), [(3, 50), (3, 2)])
async def test_writers_in_between_only_delay_it(
    rows: Rows, schemas: Schemas, times: int, attempts: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(forgetting, "_ATTEMPTS", attempts)
    await filled(rows, schemas, 3)
    one = with_index(schemas, "number")
    directory = Directory(rows, one)
    await directory.take_over(ORIGIN)
    busy = Busy(rows, Writer(directory, one), times)
    if attempts < times:
        with pytest.raises(Unavailable):
            await forgetting.indexes(busy, one, (), one.fingerprint)
    await forgetting.indexes(busy, one, (), one.fingerprint)
    assert await keys(rows) == {"user.userName", "user.badge.number"}
    await assert_clean(rows, one)
