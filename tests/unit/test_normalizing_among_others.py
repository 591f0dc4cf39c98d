"""Index rows brought to another normal form while others write, and meddle."""

import asyncio
import random
from collections.abc import Iterator
from contextlib import suppress

import pytest

from scim.errors import NotFound, ScimError, Uniqueness
from scim.storage import keys
from scim.storage.rows import Delete, Merge, OtherForm, Rows, SettingsChanged
from tests.faults.lossy import LossyRows, Weather
from tests.houses import House, Meddling, house
from tests.pythons import CAPITAL, EMOJI, GARAY, GARAY_SMALL, NEW, OLD, SMALL, Python, pythons, running

__all__ = ["house", "pythons"]
pytestmark = pytest.mark.usefixtures("pythons")


async def test_another_version_that_is_at_it_puts_an_end_to_it(house: House) -> None:
    await house.filled()

    async def taken_back() -> None:
        with running(OLD):
            await house.normalize()

    with running(NEW), pytest.raises(SettingsChanged):
        await house.normalize(Meddling(house.rows, 2, taken_back))
    assert await house.form() == OLD.form
    await house.assert_clean()


async def test_a_row_that_is_not_wanted_any_more_when_its_turn_comes_is_not_made(house: House) -> None:
    ann = await house.writer().user(GARAY)
    with running(NEW):
        renamed = Meddling(house.rows, 2, lambda: house.writer().change("User", ann, userName="ann"))
        assert (await house.normalize(renamed)).made == 0
        await house.assert_clean()


async def test_a_row_that_is_another_ones_when_its_turn_comes_is_not_deleted(house: House) -> None:
    await house.writer().user(CAPITAL)
    with running(NEW):
        await house.normalize()

    async def handed_on() -> None:
        head, row = await house.rows.get(keys.HEAD), await house.rows.get("user.userName:=c6=9b")
        assert head is not None
        assert row is not None
        await house.rows.transact([Merge(keys.HEAD, head.etag, {}), Delete(row.key, row.etag)])
        await house.writer().user(SMALL)

    assert (await house.normalize(Meddling(house.rows, 3, handed_on))).deleted == 0
    await house.assert_clean()


def _names(dice: random.Random) -> Iterator[str]:
    while True:
        letters = [CAPITAL, SMALL, GARAY, GARAY_SMALL, EMOJI, "a", "A", "é", "-"]
        yield "".join(dice.choices(letters, k=dice.randint(1, 2)))


async def _client(house: House, python: Python, rows: Rows, dice: random.Random) -> None:
    """A process that writes whatever it may."""
    names, writer, mine = _names(dice), house.writer(rows), list[str]()
    with running(python):
        for _ in range(60):
            await asyncio.sleep(0)
            with suppress(OtherForm, Uniqueness, NotFound):
                match dice.randrange(4) if mine else 0:
                    case 0:
                        mine.append(await writer.user(next(names), emails=[{"value": next(names)}]))
                    case 1:
                        await writer.change("User", dice.choice(mine), userName=next(names))
                    case 2:
                        await writer.change("User", dice.choice(mine), emails=[{"value": next(names)} for _ in "12"])
                    case _:
                        await writer.delete("User", mine[-1])
                        mine.pop()


@pytest.mark.parametrize("seed", range(12))
async def test_it_is_done_while_processes_of_both_versions_write(house: House, seed: int) -> None:
    dice = random.Random(seed)  # noqa: S311 (a test's dice)
    before, after = (OLD, NEW) if seed % 3 else (NEW, OLD)
    bad = Weather(lost_request=0.02, lost_answer=0.02, late=0.02, unavailable=0)
    with running(before):
        await house.normalize()
        for name in (SMALL, "a", "ab", EMOJI):
            await house.writer().user(name)
        with suppress(ScimError):
            await house.writer().user(CAPITAL)

    async def migrate() -> None:
        with running(after):
            for _ in range(40):
                await asyncio.sleep(0)
            tally = await house.normalize(LossyRows(house.rows, dice, bad))
            while tally.twins:
                for twins in tally.twins:
                    with suppress(ScimError):
                        await house.writer().delete("User", twins.ids[1])
                tally = await house.normalize(LossyRows(house.rows, dice, bad))

    clients = [
        _client(house, python, LossyRows(house.rows, dice, bad), random.Random(seed * 100 + number))  # noqa: S311
        for number, python in enumerate([before, after, before, after])
    ]
    await asyncio.gather(*clients, migrate())
    with running(after):
        await house.assert_clean()
        assert await house.form() == after.form
