"""Index rows and the resources they follow."""

from dataclasses import replace

from scim.schema import Schemas
from scim.storage import indexing, keys
from scim.storage.drafts import Draft, View
from scim.storage.memory import MemoryRows
from scim.storage.records import Head, Stored
from scim.storage.rows import Create, Delete, Row

ID = "0199a1b2-0000-7000-8000-000000000001"
TIME = "2026-01-01T00:00:00.000Z"


async def _drafted(before: Stored | None, after: Stored | None) -> tuple[set[str], set[str]]:
    draft = Draft(Head(), 1)
    await indexing.reindex(View(MemoryRows()), draft, before, after)
    writes = draft.writes(Row(keys.HEAD, "etag", {}))
    return {w.key for w in writes if isinstance(w, Create)}, {w.key for w in writes if isinstance(w, Delete)}


def _ann(schemas: Schemas) -> Stored:
    emails = [{"value": "A@x.org"}, {"value": "a@X.org"}, {"type": "work"}]
    attributes = {"userName": "Ann", "externalId": "X", "emails": emails}
    return Stored(schemas.types["User"], ID, attributes, TIME, TIME, 1)


ALL = {"user.userName:ann", f"user.externalId:X:{ID}", f"user.emails.value:a@x.org:{ID}"}


async def test_values_that_compare_equal_share_a_row(schemas: Schemas) -> None:
    assert await _drafted(None, _ann(schemas)) == (ALL, set())
    assert await _drafted(_ann(schemas), None) == (set(), ALL)


async def test_only_what_changes_is_written(schemas: Schemas) -> None:
    ann = _ann(schemas)
    renamed = replace(ann, attributes={**ann.attributes, "userName": "ANN", "externalId": "Y"})
    assert await _drafted(ann, renamed) == ({f"user.externalId:Y:{ID}"}, {f"user.externalId:X:{ID}"})
