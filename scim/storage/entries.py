"""Matters of single resources: their index rows, their numbers, their tombstones."""

from dataclasses import dataclass

from scim.changes import Change
from scim.schema import Index, ResourceType
from scim.storage import indexing, keys, records
from scim.storage.drafts import Draft, View
from scim.storage.problems import Problem, record
from scim.storage.records import Stored
from scim.storage.rows import Row


def wanted(stored: Stored) -> dict[str, Index]:
    """The keys of the index rows that a resource must have."""
    return indexing.entries(stored, stored.kind.indexes)


@dataclass(frozen=True, slots=True)
class Entries:
    """Each indexed value of a resource has its row."""

    kind: ResourceType
    identifier: str

    async def __call__(self, view: View, draft: Draft) -> list[Problem]:
        """What is wrong; the rows that are missing or point elsewhere are laid down."""
        row = await view.get(keys.resource(self.kind.alias, self.identifier))
        if row is None:
            return []
        entries = wanted(records.decode(self.kind, row))
        found: list[Problem] = []
        for (key, index), there in zip(entries.items(), await view.fetch(entries), strict=True):
            where = f"{index.alias} of {self.identifier}"
            if there is None:
                draft.create(key, {"of": self.identifier})
                found.append(Problem(where, "the index row is missing"))
            elif (of := str(there.properties.get("of"))) != self.identifier:
                if key in await _keys(view, self.kind, of):
                    found.append(Problem(where, f"{of} has the same value, which must be unique", "by hand"))
                else:
                    draft.merge(there, {"of": self.identifier})
                    found.append(Problem(where, f"the index row points to {of}, which does not have the value"))
        if not draft.empty:
            record(draft, self.kind.name, self.identifier, {"indexes": {"repaired": len(found)}})
        return found


@dataclass(frozen=True, slots=True)
class Entry:
    """An index row belongs to a resource that has the value."""

    kind: ResourceType
    key: str

    async def __call__(self, view: View, draft: Draft) -> list[Problem]:
        """What is wrong; a row that belongs to nothing is taken out."""
        row = await view.get(self.key)
        if row is None or self.key in await _keys(view, self.kind, of := str(row.properties.get("of"))):
            return []
        draft.delete(row)
        record(draft, self.kind.name, of, {"indexes": {"removed": 1}})
        return [Problem(f"{self.key.partition(':')[0]} of {of}", "an index row for a value that the resource lacks")]


async def _keys(view: View, kind: ResourceType, identifier: str) -> dict[str, Index]:
    row = await view.get(keys.resource(kind.alias, identifier)) if keys.is_id(identifier) else None
    return wanted(records.decode(kind, row)) if row else {}


@dataclass(frozen=True, slots=True)
class Numbered:
    """A resource bears the number of the last change that moved it.

    Args:
        last: the last one before the reading began.
        began: the head's number at that time.
    """

    kind: ResourceType
    identifier: str
    last: int
    began: int

    async def __call__(self, view: View, draft: Draft) -> list[Problem]:
        """What is wrong; the resource gets a new number."""
        row = await view.get(keys.resource(self.kind.alias, self.identifier))
        number = int(str(row.properties["number"]), 16) if row else self.last
        if row is None or number == self.last or (number > self.began and await self._moved(view, number)):
            return []
        draft.merge(row, {"number": f"{draft.number:016x}"})
        draft.moved[self.identifier] = self.kind.alias
        record(draft, self.kind.name, self.identifier, {"number": {"before": f"{number:016x}"}})
        return [
            Problem(self.identifier, f"the number is {number:016x}, the last change that moved it {self.last:016x}")
        ]

    async def _moved(self, view: View, number: int) -> bool:
        """Whether one of the changes of a number moved the resource."""
        rows = await view.range(keys.change(number), keys.change(number) + "/")
        return any((self.kind.alias, self.identifier) in records.decode_change(row).moved for row in rows)


@dataclass(frozen=True, slots=True)
class Buried:
    """What was deleted is gone and has a tombstone, and nothing else has one.

    Args:
        number: the number of the deletion; 0 where only the tombstone is known.
    """

    kinds: tuple[ResourceType, ...]
    identifier: str
    number: int = 0

    async def __call__(self, view: View, draft: Draft) -> list[Problem]:
        """What is wrong; the tombstone is made as the record of the deletion says."""
        row = await view.get(keys.tombstone(self.identifier))
        said = self.number or (int(str(row.properties["number"]), 16) if row else 0)
        change = await self._deletion(view, said)
        rows = await view.fetch(keys.resource(kind.alias, self.identifier) for kind in self.kinds)
        alive = [kind for kind, each in zip(self.kinds, rows, strict=True) if each]
        if change is not None and alive:
            return [Problem(self.identifier, "it was deleted, and is still there", "by hand")]
        if change is None and row is not None:
            return self._unfounded(draft, row, alive)
        if change is not None and change.forgotten:
            return self._outlived(draft, row, change)
        if change is None or (row is not None and row.properties["number"] == f"{said:016x}"):
            return []
        properties = {"type": change.type, "number": f"{said:016x}", "at": change.at}
        if row is None:
            draft.create(keys.tombstone(self.identifier), properties)
        else:
            draft.merge(row, properties)
        record(draft, change.type, self.identifier, {"tombstone": {"repaired": 1}})
        return [Problem(self.identifier, "the tombstone is missing, or tells of another deletion")]

    def _unfounded(self, draft: Draft, row: Row, alive: list[ResourceType]) -> list[Problem]:
        """A tombstone of which no deletion is known."""
        if not alive:
            return [Problem(self.identifier, "a tombstone without the record of a deletion", "by hand")]
        draft.delete(row)
        record(draft, alive[0].name, self.identifier, {"tombstone": {"removed": 1}})
        return [Problem(self.identifier, "a tombstone of a resource that is there, and was not deleted")]

    def _outlived(self, draft: Draft, row: Row | None, change: Change) -> list[Problem]:
        """A tombstone whose time was up."""
        if row is None:
            return []
        draft.delete(row)
        record(draft, change.type, self.identifier, {"tombstone": {"removed": 1}})
        return [Problem(self.identifier, "a tombstone that is to have expired")]

    async def _deletion(self, view: View, number: int) -> Change | None:
        rows = await view.range(keys.change(number), keys.change(number) + "/")
        found = map(records.decode_change, rows)
        return next((c for c in found if c.kind == "delete" and c.id == self.identifier), None)
