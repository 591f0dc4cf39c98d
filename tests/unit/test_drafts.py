"""Drafts: several operations in one transaction, each seeing what those before it leave behind."""

import pytest

from scim.changes import Origin
from scim.errors import Uniqueness
from scim.storage.drafts import Draft, View, WrittenBefore
from scim.storage.memory import MemoryRows
from scim.storage.records import Head
from scim.storage.rows import Create, Delete, Merge, Row

HEAD = Row("head", "e", {})
TAKEN = Uniqueness("taken")


@pytest.fixture
async def rows() -> MemoryRows:
    rows = MemoryRows()
    await rows.transact([Create("a", {"x": "1", "y": "1"}), Create("b", {}), Create("c", {})])
    return rows


@pytest.fixture
def view(rows: MemoryRows) -> View:
    return View(rows)


@pytest.fixture
def draft() -> Draft:
    return Draft(Head(number=7), 0x70000)


async def found(view: View, key: str) -> Row:
    row = await view.get(key)
    assert row is not None
    return row


def record(draft: Draft) -> None:
    draft.record("modify", ("User", "id"), Origin("key", "request"))


async def test_an_operation_sees_what_the_one_before_it_creates_changes_and_deletes(view: View, draft: Draft) -> None:
    draft.create("d", {"x": "2"})
    draft.merge(await found(view, "a"), {"x": "2"})
    draft.delete(await found(view, "b"))
    draft.drop("c")
    assert (await found(view, "a")).properties["x"] == "1"
    draft.keep(view)
    assert (await found(view, "a")).properties == {"x": "2", "y": "1"}
    assert (await found(view, "d")).properties == {"x": "2"}
    assert await view.fetch(["b", "c"]) == [None, None]


async def test_a_range_shows_what_the_operation_before_leaves_within_its_limit(view: View, draft: Draft) -> None:
    draft.delete(await found(view, "a"))
    draft.create("bb", {})
    draft.create("z", {})
    draft.keep(view)
    assert [row.key for row in await view.range("a", "d")] == ["b", "bb", "c"]
    assert [row.key for row in await view.range("a", "d", 2)] == ["b", "bb"]


async def test_writes_of_two_operations_to_one_row_are_one_write(view: View, draft: Draft) -> None:
    etag = (await found(view, "a")).etag
    draft.create("d", {"x": "1"})
    draft.merge(await found(view, "a"), {"x": "2"})
    draft.merge(await found(view, "b"), {"x": "2"})
    draft.keep(view)
    draft.merge(await found(view, "d"), {"y": "2"})
    draft.merge(await found(view, "a"), {"y": "3"})
    draft.delete(await found(view, "b"))
    draft.keep(view)
    _, *writes = draft.writes(HEAD)
    assert writes == [
        Merge("a", etag, {"x": "2", "y": "3"}),
        Delete("b", (await View(view._rows).fetch(["b"]))[0].etag),  # type: ignore[union-attr] # noqa: SLF001 (it is there)
        Create("d", {"x": "1", "y": "2"}),
    ]


async def test_what_an_operation_merges_twice_is_shown_whole(view: View, draft: Draft) -> None:
    row = await found(view, "a")
    draft.merge(row, {"x": "2"})
    draft.merge(row, {"z": "2"})
    draft.keep(view)
    assert (await found(view, "a")).properties == {"x": "2", "y": "1", "z": "2"}


async def test_what_one_operation_creates_and_another_deletes_was_never_there(view: View, draft: Draft) -> None:
    draft.create("d", {}, TAKEN)
    draft.create("e", {}, TAKEN)
    draft.keep(view)
    draft.delete(await found(view, "d"))
    draft.drop("e")
    draft.keep(view)
    assert (draft.writes(HEAD)[1:], draft.claims) == ([], {})
    draft.create("d", {}, TAKEN)
    assert draft.claims == {"d": TAKEN}


async def test_a_claim_of_the_operation_before_counts_at_once(view: View, draft: Draft) -> None:
    draft.create("d", {}, TAKEN)
    draft.keep(view)
    with pytest.raises(Uniqueness, match="taken"):
        draft.create("d", {}, TAKEN)


async def test_a_row_that_one_operation_deletes_cannot_be_made_anew_in_the_same_transaction(
    view: View, draft: Draft
) -> None:
    draft.drop("a")
    draft.keep(view)
    with pytest.raises(WrittenBefore):
        draft.create("a", {})


async def test_an_operation_that_is_undone_leaves_no_trace(view: View, draft: Draft) -> None:
    draft.merge(await found(view, "a"), {"x": "2"})
    record(draft)
    draft.keep(view)
    before = draft.writes(HEAD)
    draft.new_id()
    draft.merge(await found(view, "a"), {"x": "3"})
    draft.create("d", {}, TAKEN)
    draft.moved["id"] = "user"
    record(draft)
    draft.undo()
    assert draft.writes(HEAD) == before
    assert (draft.moved, draft.claims, await view.get("d")) == ({}, {}, None)
    assert (await found(view, "a")).properties["x"] == "2"


async def test_the_changes_of_one_transaction_follow_each_other_in_one_chain(view: View, draft: Draft) -> None:
    for _ in range(2):
        record(draft)
        draft.keep(view)
    record(draft)
    created = [write for write in draft.writes(HEAD) if isinstance(write, Create)]
    number = f"{draft.number:016x}"
    assert [(write.key, write.properties["previous"]) for write in created] == [
        (f"change:{number}", f"{7:016x}"),
        (f"change:{number}.01", number),
        (f"change:{number}.02", number),
    ]


def test_a_draft_with_nothing_in_it_is_empty(draft: Draft) -> None:
    assert draft.empty
    record(draft)
    assert not draft.empty


def test_an_id_given_elsewhere_never_makes_the_last_one_less(draft: Draft) -> None:
    ids = [f"0199f8a2-{number:04x}-7000-8000-000000000000" for number in (1, 3, 2)]
    assert [draft.take_id(identifier)[0] for identifier in ids] == ids
    assert draft.head.last_id == ids[1]
