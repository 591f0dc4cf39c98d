"""Indexing: the index rows of a resource follow its attributes, in the transaction that changes them."""

from collections.abc import Iterable

from scim.errors import Uniqueness
from scim.schema import Index, Json, ResourceType
from scim.storage import keys
from scim.storage.drafts import Draft, View
from scim.storage.forms import Form
from scim.storage.records import Stored
from scim.storage.rows import OtherForm

_IN_CASES = frozenset({"string", "reference"})
"""Types of attributes whose values have upper and lower case."""


async def reindex(view: View, draft: Draft, before: Stored | None, after: Stored | None) -> None:
    """Bring the index rows from what they were to what they must be; None before it is created, or after it is gone.

    Two values that compare as equal share one row, and a row that stays is not touched.

    Raises:
        Uniqueness: another resource has a value that must be unique, in an index that is being built.
        OtherForm: the keys there are not those that this process makes.
    """
    kind, form = (before or after or _nobody()).kind, draft.head.form
    if not form.ours:
        _see_that_keys_agree(form, before, after)
    whole, building = ((), kind.kept) if form.ours and form.before else (kind.indexes, kind.building)
    indexes = [index for index in whole if _values(index, before) != _values(index, after)]
    old, new = rows(before, indexes), rows(after, indexes)
    for key in old.keys() - new.keys():
        draft.drop(key, old[key][1].id)
    for key in new.keys() - old.keys():
        index, stored = new[key]
        draft.create(key, {"of": stored.id}, _taken(stored.kind, index) if index.unique else None)
    if building:
        await _build(view, draft, rows(before, building), rows(after, building))


def values(stored: Stored | None) -> set[tuple[Index, Json]]:
    """All values of a resource that are in an index, each with the index."""
    if stored is None:
        return set()
    return {(index, value) for index in stored.kind.kept for value in index.target.values(stored.attributes)}


def rows(stored: Stored | None, indexes: Iterable[Index]) -> dict[str, tuple[Index, Stored]]:
    """The keys of a resource's rows in some indexes, each with the index."""
    if stored is None:
        return {}
    return {
        keys.index(index, value, stored.id): (index, stored)
        for index in indexes
        for value in index.target.values(stored.attributes)
    }


def entries(stored: Stored, indexes: Iterable[Index]) -> dict[str, Index]:
    """The keys of a resource's rows in some indexes, each with its index."""
    return {key: index for key, (index, _) in rows(stored, indexes).items()}


def _see_that_keys_agree(form: Form, before: Stored | None, after: Stored | None) -> None:
    """See that no index changes in which the resource has a value whose keys may be others than ours."""
    old, new = values(before), values(after)
    changed = {index for index, _ in old ^ new}
    if any(index in changed and not form.settles(index.target.leaf, value) for index, value in old | new):
        raise OtherForm


async def _build(
    view: View, draft: Draft, old: dict[str, tuple[Index, Stored]], new: dict[str, tuple[Index, Stored]]
) -> None:
    """The same for indexes of which nobody knows yet which rows are there."""
    changed = sorted(old.keys() ^ new.keys())
    for key, row in zip(changed, await view.fetch(changed), strict=True):
        index, stored = old.get(key) or new[key]
        own = row is not None and row.properties["of"] == stored.id
        if key in old:
            if row is not None and own:
                draft.delete(row)
        elif row is None:
            draft.create(key, {"of": stored.id}, _taken(stored.kind, index) if index.unique else None)
        elif not own:
            raise _taken(stored.kind, index)


def _values(index: Index, stored: Stored | None) -> list[Json]:
    return index.target.values(stored.attributes) if stored else []


def _nobody() -> Stored:
    raise ValueError("a resource was there before, or is after")


def _taken(kind: ResourceType, index: Index) -> Uniqueness:
    leaf = index.target.leaf
    exactly = "" if leaf.case_exact or leaf.type not in _IN_CASES else ", and upper and lower case do not count"
    return Uniqueness(f"{index.target}: another {kind.name} has this value, which must be unique{exactly}.")
