"""Lookups followed to ids."""

from typing import Any

import pytest

from scim.filters import parse
from scim.planning import ById, ByIndex, ByPrefix, ChangedSince, Lookup, Scan, Union, plan
from scim.schema import Index, Schemas
from scim.storage import keys, lookups
from scim.storage.directory import Directory
from scim.storage.memory import MemoryTables
from scim.storage.rows import Delete, Rows
from tests.contract.writing import Writer, removing

SCHEMAS = Schemas.load()
USER, GROUP = SCHEMAS.types["User"], SCHEMAS.types["Group"]
BEGIN = 1_700_000_000_000


class Clock:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.now = BEGIN

    def __call__(self) -> int:
        return self.now


@pytest.fixture
async def rows() -> Rows:
    tables = MemoryTables()
    await tables.create("p")
    return tables.rows("p", "p")


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def writer(rows: Rows, clock: Clock) -> Writer:
    directory = Directory(rows, SCHEMAS, clock)
    await directory.found()
    return Writer(directory, SCHEMAS)


def index(alias: str) -> Index:
    return next(known for known in (*USER.indexes, *GROUP.indexes) if known.alias == alias)


async def found(writer: Writer, lookup: Lookup, most: int = 100, kind: str = "User") -> set[str] | None:
    return await lookups.ids(writer.directory, SCHEMAS.types[kind], lookup, most)


async def asked(writer: Writer, text: str, kind: str = "User") -> set[str] | None:
    return await found(writer, plan(parse(text), SCHEMAS.types[kind], SCHEMAS).lookup, kind=kind)


async def test_an_id_is_taken_as_it_is_if_it_can_be_one(writer: Writer) -> None:
    one = "00000000-0000-7000-8000-000000000000"
    assert await found(writer, ById((one, "x", one.upper()))) == {one}
    assert await found(writer, Union(())) == set()
    assert await found(writer, Scan()) is None


async def test_a_value_and_a_beginning_are_looked_up_as_the_schema_compares(writer: Writer) -> None:
    values = ["ann", " Anna", "ANN LEE", "ån", "an/n", "x" * 130 + "1", "x" * 130 + "2", "x" * 77, "~", "an~"]
    by_name = {value: await writer.user(f"{value}", externalId=value) for value in values}

    async def names(lookup: Lookup) -> list[str]:
        ids = await found(writer, lookup)
        return [value for value in values if by_name[value] in (ids or ())]

    name, external = index("user.userName"), index("user.externalId")
    assert await names(ByIndex(name, "ANN ")) == ["ann"]
    assert await names(ByIndex(external, "ANN ")) == []
    assert await names(ByIndex(external, "x" * 130 + "1")) == ["x" * 130 + "1"]
    assert await names(ByPrefix(name, "ann")) == ["ann", " Anna", "ANN LEE"]
    assert await names(ByPrefix(name, "an")) == ["ann", " Anna", "ANN LEE", "an/n", "an~"]
    assert await names(ByPrefix(external, "a")) == ["ann", "an/n", "an~"]
    assert await names(ByPrefix(external, "å")) == ["ån"]
    assert await names(ByPrefix(external, "x" * 77)) == [value for value in values if value.startswith("x")]
    assert set(await names(ByPrefix(external, "x" * 90))) >= {value for value in values if value.startswith("x" * 90)}
    assert await names(ByPrefix(external, "")) == values
    assert await names(Union((ByIndex(name, "ann"), ByPrefix(name, "~")))) == ["ann", "~"]


async def test_more_than_was_asked_for_is_none(writer: Writer) -> None:
    for number in range(4):
        await writer.user(f"u{number}", externalId="same", emails=[{"value": f"u{n}@x"} for n in range(3)])
    same, mail = ByIndex(index("user.externalId"), "same"), ByPrefix(index("user.emails.value"), "u")
    assert await found(writer, same, 3) is None
    assert len(await found(writer, same, 4) or ()) == 4
    assert len(await found(writer, mail, 4) or ()) == 4, "each of them once, though they have three values"
    assert await found(writer, Union((same, ById(("00000000-0000-7000-8000-000000000000",)))), 4) is None


async def test_memberships_are_found_from_both_sides(writer: Writer) -> None:
    ann, bob = await writer.users(2)
    inner = await writer.group("inner", ann)
    outer = await writer.group("outer", inner, bob, ann)
    assert await asked(writer, f'members eq "{ann}"', "Group") == {inner, outer}
    assert await asked(writer, f'members eq "{inner}"', "Group") == {outer}
    assert await asked(writer, f'groups eq "{outer}"') == {ann, bob}
    assert await asked(writer, f'groups eq "{ann}"') == set()
    await writer.link(outer, removing(ann))
    assert await asked(writer, f'members eq "{ann}"', "Group") == {inner}
    assert await asked(writer, f'groups eq "{outer}"') == {bob}
    assert await asked(writer, 'members eq "nobody"', "Group") == set()


async def test_what_changed_lately_is_known_from_the_change_records(writer: Writer, rows: Rows, clock: Clock) -> None:
    ids = []
    for number in range(3):
        clock.now += 1_000
        ids.append(await writer.user(f"u{number}"))
    clock.now += 1_000
    group = await writer.group("g", ids[0])
    since = [ChangedSince(BEGIN + after) for after in (0, 2_000, 2_001, 3_001, 4_001)]
    assert [await found(writer, lookup) for lookup in since] == [{*ids}, {*ids}, {ids[0], ids[2]}, {ids[0]}, set()]
    assert await found(writer, ChangedSince(BEGIN + 4_000), kind="Group") == {group}
    assert await found(writer, ChangedSince(0)) == {*ids}, "the first record has none before it, so nothing is missing"

    oldest = next(iter([row.key async for page in rows.range(*keys.span("change")) for row in page]))
    await rows.transact([Delete(oldest)])
    answers: list[Any] = [await found(writer, lookup) for lookup in since]
    assert answers == [None, {*ids}, {ids[0], ids[2]}, {ids[0]}, set()], "the records go back to 2,000 only"


async def test_too_many_change_records_are_not_read(writer: Writer, monkeypatch: pytest.MonkeyPatch) -> None:
    await writer.users(4)
    monkeypatch.setattr(lookups, "MAX_CHANGES", 3)
    assert await found(writer, ChangedSince(0)) is None
    monkeypatch.setattr(lookups, "MAX_CHANGES", 4)
    assert len(await found(writer, ChangedSince(0)) or ()) == 4


async def test_nothing_has_changed_in_an_empty_directory(writer: Writer) -> None:
    assert await found(writer, ChangedSince(0)) == set()
