"""Indexing: the index rows of a resource follow its attributes, in the transaction that changes them."""

from scim.errors import Uniqueness
from scim.schema import Index, ResourceType
from scim.storage import keys
from scim.storage.drafts import Draft
from scim.storage.records import Stored

_IN_CASES = frozenset({"string", "reference"})
"""Types of attributes whose values have upper and lower case."""


def reindex(draft: Draft, before: Stored | None, after: Stored | None) -> None:
    """Bring the index rows from what they were to what they must be; None before it is created, or after it is gone.

    Two values that compare as equal share one row, and a row that stays is not touched.
    """
    old, new = _rows(before), _rows(after)
    for key in old.keys() - new.keys():
        draft.drop(key, old[key][1].id)
    for key in new.keys() - old.keys():
        index, stored = new[key]
        draft.create(key, {"of": stored.id}, _taken(stored.kind, index) if index.unique else None)


def _rows(stored: Stored | None) -> dict[str, tuple[Index, Stored]]:
    if stored is None:
        return {}
    return {
        keys.index(index, value, stored.id): (index, stored)
        for index in stored.kind.indexes
        for value in index.target.values(stored.attributes)
    }


def _taken(kind: ResourceType, index: Index) -> Uniqueness:
    leaf = index.target.leaf
    exactly = "" if leaf.case_exact or leaf.type not in _IN_CASES else ", and upper and lower case do not count"
    return Uniqueness(f"{index.target}: another {kind.name} has this value, which must be unique{exactly}.")
