"""Change records in a directory: of every kind, each one read as it was written."""

from dataclasses import replace
from typing import get_args

import pytest

from scim.changes import MAX_LISTED_NOTES, Change, Kind, Origin
from scim.resources import Note
from scim.schema import Schemas
from scim.storage import records
from scim.storage.directory import Directory
from scim.storage.memory import MemoryTables
from scim.storage.rows import Row
from tests.contract.writing import ORIGIN, Writer

CHANGE = Change(
    number=0x0199_0000_0000_0001,
    previous=0x0198,
    kind="modify",
    type="User",
    id="0190f3e0-0000-7000-8000-00000000000a",
    origin=Origin("key", "request"),
    moved=(("user", "0190f3e0-0000-7000-8000-00000000000a"),),
    values={"title": {"before": None, "after": "Zoë 😀" * 9_000}},
    notes=(Note("unknown_attribute", "color"),),
)


def kept(change: Change) -> Change:
    """The change as it comes back from its row."""
    return records.decode_change(Row(f"change:{change.number:016x}", "etag", records.encode_change(change, "mark")))


@pytest.mark.parametrize("identifier", [CHANGE.id, ""])
@pytest.mark.parametrize("kind", get_args(Kind))
def test_a_change_of_any_kind_comes_back_from_its_row(kind: Kind, identifier: str) -> None:
    full = replace(CHANGE, kind=kind, id=identifier)
    bare = Change(1, 0, kind, "Provider", identifier, Origin("", ""))
    assert [kept(full), kept(bare)] == [full, bare]


@pytest.mark.parametrize("more", [0, 1, 5_000])
def test_notes_beyond_those_listed_are_counted_in_one(more: int) -> None:
    notes = tuple(Note("unknown_attribute", f"x{number}") for number in range(MAX_LISTED_NOTES + more))
    counted = (Note("more_notes", str(more)),) if more else ()
    assert kept(replace(CHANGE, notes=notes)).notes == (*notes[:MAX_LISTED_NOTES], *counted)


async def test_settings_are_adopted_once_and_the_changes_can_be_read_after_it(schemas: Schemas) -> None:
    tables = MemoryTables()
    await tables.create("p")
    rows = tables.rows("p", "p")
    await Directory(rows, schemas).found()
    relaxed = schemas.without_uniqueness("Group", "displayName")
    for directory in (Directory(rows, relaxed), Directory(rows, relaxed)):
        assert await directory.adopt(ORIGIN)
        assert await directory.adopt(ORIGIN)
    user = await Writer(directory, relaxed).user("user")
    settings, created = [change async for change in directory.changes()]
    assert (settings.kind, settings.type, settings.id, settings.origin) == ("settings", "Provider", "", ORIGIN)
    assert settings.values is not None
    unique = settings.values["unique"]
    assert set(unique["before"].split()) - set(unique["after"].split()) == {"group.displayName"}
    assert (created.kind, created.id, created.previous) == ("create", user, settings.number)
