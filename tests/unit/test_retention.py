"""Rounds of all providers, in which what was kept for its time is taken out."""

import io
import json
import logging
from collections.abc import Iterator

import pytest

from scim import telemetry
from scim.provider import Provider
from scim.providers import Providers
from scim.retention import Keeping
from scim.schema import Schemas
from scim.storage.erasing import begun
from scim.storage.rows import Create
from tests.clock import DAY, Clock
from tests.contract.writing import Writer
from tests.watched import Watched


@pytest.fixture
def tables() -> Watched:
    return Watched()


@pytest.fixture
async def providers(tables: Watched) -> Providers:
    made = Providers(tables, Schemas.load(), cache_seconds=0)
    await made.prepare()
    return made


@pytest.fixture
def line() -> Iterator[io.StringIO]:
    stream, logger = io.StringIO(), logging.getLogger("scim")
    handler, before = logging.StreamHandler(stream), logger.level
    handler.setFormatter(telemetry.JsonLine())
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    yield stream
    logger.removeHandler(handler)
    logger.setLevel(before)


async def filled(providers: Providers, name: str) -> Provider:
    """A provider with somebody who is there and somebody who is not any more."""
    provider = await providers.create(name, "rfc", {})
    writer = Writer(providers.directory(provider), providers.schemas(provider))
    await writer.user("ada")
    await writer.delete("User", await writer.user("bob"))
    return provider


async def values(providers: Providers, provider: Provider) -> int:
    """How many change records have values."""
    return sum([change.values is not None async for change in providers.directory(provider).changes()])


async def test_each_provider_keeps_values_as_long_as_it_says(providers: Providers, line: io.StringIO) -> None:
    long, short = await filled(providers, "long"), await filled(providers, "short")
    await providers.retain("short", 30)
    clock = Clock()
    clock.pass_by(31 * DAY)
    tally = await Keeping(providers, clock).round()
    assert (tally.providers, tally.emptied, tally.forgotten, tally.unfinished, tally.errors) == (2, 3, 1, 0, [])
    assert [await values(providers, each) for each in (long, short)] == [3, 0]
    told = json.loads(line.getvalue())
    assert told["timer"] == "retention"
    assert (told["outcome"], told["emptied"], told["failed"], told["level"]) == ("ok", 3, 0, "INFO")
    clock.pass_by(60 * DAY)
    assert (await Keeping(providers, clock).round()).emptied == 3
    assert await values(providers, long) == 0


async def test_a_provider_out_of_reach_does_not_stop_the_others(
    providers: Providers, tables: Watched, line: io.StringIO
) -> None:
    here, there = await filled(providers, "here"), await filled(providers, "there")
    clock = Clock()
    clock.pass_by(91 * DAY)
    tables.down = there.table
    tally = await Keeping(providers, clock).round()
    assert (len(tally.errors), tally.emptied, tally.unfinished) == (1, 3, 1)
    told = json.loads(line.getvalue())
    assert (told["outcome"], told["failed"], told["level"]) == ("failed", 1, "ERROR")
    assert "ada@" not in line.getvalue()
    tables.down = ""
    assert (await Keeping(providers, clock).round()).errors == []
    assert [await values(providers, each) for each in (here, there)] == [0, 0]


async def test_an_erasure_that_broke_off_is_ended(providers: Providers) -> None:
    provider = await filled(providers, "contoso")
    directory = providers.directory(provider)
    (gone,) = [change.id async for change in directory.changes() if change.kind == "delete"]
    await directory.rows.transact([Create(f"job:erase:{gone}", {"type": "User"})])
    tally = await Keeping(providers).round()
    assert (tally.erasures, tally.errors) == (1, [])
    assert await begun(directory.rows) == []
    assert [(c.kind, c.values is None) async for c in directory.changes() if c.id == gone] == [
        ("create", True),
        ("delete", True),
        ("erase", True),
    ]


async def test_what_a_round_has_no_time_for_is_the_next_one_s(providers: Providers) -> None:
    provider = await filled(providers, "contoso")
    clock = Clock()
    clock.pass_by(91 * DAY)
    tally = await Keeping(providers, clock).round(seconds=0)
    assert (tally.providers, tally.unfinished) == (0, 1)
    assert (await Keeping(providers, clock).round()).unfinished == 0
    assert await values(providers, provider) == 0


async def test_a_store_without_providers_or_out_of_reach_is_no_hindrance(tables: Watched) -> None:
    assert (await Keeping(Providers(tables, Schemas.load())).round()).errors == []
