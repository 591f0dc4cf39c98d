"""Rounds of all providers, which finish what requests left behind."""

import io
import json
import logging
from collections.abc import Sequence
from itertools import pairwise

import pytest

from scim import telemetry
from scim.errors import Unavailable
from scim.housekeeping import Housekeeping, Tally
from scim.provider import Provider
from scim.providers import Providers
from scim.schema import Schemas
from scim.storage import finishing
from scim.storage.directory import Directory
from scim.storage.finishing import Finishing
from tests.clock import Clock
from tests.contract.writing import Writer
from tests.faults.lossy import Crash, MortalRows
from tests.watched import Watched


@pytest.fixture
def tables() -> Watched:
    return Watched()


@pytest.fixture
async def providers(tables: Watched) -> Providers:
    made = Providers(tables, Schemas.load(), cache_seconds=0)
    await made.prepare()
    return made


async def created(providers: Providers, tables: Watched, count: int) -> Sequence[Provider]:
    made = [await providers.create(f"p{number}", "entra", {}) for number in range(count)]
    tables.looks.clear()
    return made


async def leave_work(tables: Watched, provider: Provider, schemas: Schemas) -> tuple[Writer, list[str]]:
    """Delete a group of 200 in a process that ends once the intent is written."""
    rows = tables.rows(provider.table, provider.table)
    writer = Writer(Directory(rows, schemas), schemas)
    users = await writer.users(200)
    group = await writer.crowd("everybody", users)
    with pytest.raises(Crash):
        await Writer(Directory(MortalRows(rows, 1, applies=True), schemas), schemas).delete("Group", group)
    tables.looks.clear()
    return writer, users


async def test_a_round_finishes_what_was_left_behind(
    providers: Providers, tables: Watched, schemas: Schemas, monkeypatch: pytest.MonkeyPatch
) -> None:
    (_, second) = await created(providers, tables, 2)
    writer, users = await leave_work(tables, second, schemas)
    clock = Clock(0.0)
    housekeeping = Housekeeping(providers, clock)
    assert (await housekeeping.round()).pieces == 0, "whoever began it may still be at it"
    assert any([await writer.groups(user) for user in users])
    monkeypatch.setattr(finishing, "_ABANDONED", -(1 << 40))
    clock.now = 60
    swept = await housekeeping.round()
    assert swept.pieces > 1
    assert not swept.errors
    assert not any([await writer.groups(user) for user in users])


async def test_a_provider_without_work_is_looked_at_by_one_read_and_ever_more_rarely(
    providers: Providers, tables: Watched
) -> None:
    made = await created(providers, tables, 40)
    clock = Clock(0.0)
    housekeeping = Housekeeping(providers, clock)
    assert await housekeeping.round() == Tally(looked_at=40)
    assert sorted(tables.looks) == sorted(each.table for each in made)
    looks = []
    for minute in range(1, 60):
        clock.now = minute * 60
        if (await housekeeping.round()).looked_at:
            looks.append(minute)
    assert looks[:4] == [1, 3, 7, 14]
    assert {later - earlier for earlier, later in pairwise(looks[4:])} == {15}


async def test_a_provider_with_work_is_looked_at_in_each_round(
    providers: Providers, tables: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    await created(providers, tables, 1)

    async def endless(_self: Finishing, _patience: float) -> int:
        return 1

    monkeypatch.setattr(Finishing, "sweep", endless)
    housekeeping = Housekeeping(providers, Clock(0.0))
    assert [await housekeeping.round() for _ in range(3)] == [Tally(looked_at=1, pieces=1)] * 3


async def test_a_provider_whose_work_is_too_young_is_looked_at_in_the_next_round(
    providers: Providers, tables: Watched, schemas: Schemas, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = await created(providers, tables, 2)
    clock = Clock(0.0)
    housekeeping = Housekeeping(providers, clock)
    for clock.now in range(0, 7 * 60, 60):
        await housekeeping.round()
    clock.now = 7 * 60
    await leave_work(tables, second, schemas)
    assert (await housekeeping.round()).looked_at == 2
    for clock.now in (8 * 60, 9 * 60):
        assert await housekeeping.round() == Tally(looked_at=1), "whoever began it may still be at it"
    monkeypatch.setattr(finishing, "_ABANDONED", -(1 << 40))
    clock.now = 10 * 60
    assert (await housekeeping.round()).pieces > 1
    tables.looks.clear()
    for clock.now in range(11 * 60, 40 * 60, 60):
        await housekeeping.round()
    assert tables.looks.count(second.table) < 8
    assert first.table in tables.looks


async def test_a_process_looks_at_once_after_the_work_that_it_knows_of(
    providers: Providers, tables: Watched, schemas: Schemas, monkeypatch: pytest.MonkeyPatch
) -> None:
    (provider,) = await created(providers, tables, 1)
    clock = Clock(0.0)
    housekeeping = Housekeeping(providers, clock)
    for clock.now in range(0, 7 * 60, 60):
        await housekeeping.round()
    await leave_work(tables, provider, schemas)
    assert await housekeeping.round() == Tally()
    await Writer(providers.directory(provider), schemas).user("who sees the head")
    assert await housekeeping.round() == Tally(looked_at=1)
    with monkeypatch.context() as patch:
        patch.setattr(finishing, "_ABANDONED", -(1 << 40))
        other = Housekeeping(Providers(tables, schemas, cache_seconds=0))
        assert (await other.round()).pieces > 1
    assert await housekeeping.round() == Tally(looked_at=1)
    assert await housekeeping.round() == Tally(), "it has seen that another one did it"


async def test_a_round_ends_in_time_and_the_next_begins_where_it_stopped(
    providers: Providers, tables: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = await created(providers, tables, 60)
    clock = Clock(0.0)
    looked: list[Finishing] = []

    async def slow(self: Finishing, _patience: float) -> int:
        clock.now += 1
        looked.append(self)
        return 0

    monkeypatch.setattr(Finishing, "sweep", slow)
    housekeeping = Housekeeping(providers, clock)
    first = await housekeeping.round()
    assert 45 <= first.looked_at < 60
    clock.now = 60
    await housekeeping.round()
    assert set(looked[:60]) == {providers.directory(each).finishing for each in made}


async def test_a_store_that_does_not_answer_is_told_and_asked_again(
    providers: Providers, tables: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    await created(providers, tables, 1)
    housekeeping = Housekeeping(providers)
    with monkeypatch.context() as patched:
        patched.setattr(Providers, "all", unavailable)
        assert [type(error) for error in (await housekeeping.round()).errors] == [Unavailable]
    assert await housekeeping.round() == Tally(looked_at=1)


async def unavailable(_self: Providers) -> None:
    raise Unavailable("down", retry_after=1)


async def test_providers_that_are_not_there_are_no_error(providers: Providers, tables: Watched) -> None:
    (provider,) = await created(providers, tables, 1)
    await tables.drop(provider.table)
    assert await Housekeeping(providers).round() == Tally(looked_at=1)
    await tables.drop("providers")
    assert await Housekeeping(providers).round() == Tally()


async def test_what_goes_wrong_with_one_provider_keeps_no_other_from_its_turn_and_names_nobody(
    providers: Providers, tables: Watched
) -> None:
    telemetry.configure()
    root, stream = logging.getLogger(), io.StringIO()
    handler = logging.StreamHandler(stream)
    root.addHandler(handler)
    try:
        made = await created(providers, tables, 20)
        tables.down = made[3].table
        tally = await Housekeeping(providers).round()
    finally:
        root.removeHandler(handler)
    assert (tally.looked_at, len(tally.errors)) == (20, 1)
    line = json.loads(stream.getvalue())
    assert (line["level"], line["looked_at"], line["pieces"], line["failed"]) == ("ERROR", 20, 0, 1)
    assert line["error"][0]["type"] == "scim.errors.Unavailable"
    assert "ada" not in stream.getvalue()
