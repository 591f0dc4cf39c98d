"""Normalizing: index rows get the keys that this process makes, while others write.

First the head says which normal form the keys are being brought to. From then on only processes of that form write
values whose keys may differ, and find their index rows made or not, as with an index that is being built; and nobody
looks such values up by their index. Then the rows that are missing are made, and only if no two resources want the
same one, the rows that nobody wants any more are deleted. Last the head says that it is done. Each piece is a
transaction that moves the head and judges rows of one moment; to do it once more does no harm.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from scim.schema import Index, ResourceType, Schemas
from scim.storage import forms, indexing, keys, records
from scim.storage.commit import Commit
from scim.storage.drafts import Decide, Draft, View
from scim.storage.forms import Form
from scim.storage.insisting import insist
from scim.storage.problems import OPERATOR
from scim.storage.rows import Row, Rows, SettingsChanged

_TOGETHER = 40
"""Index rows that one transaction makes or deletes, at most."""

type Write = Callable[[Decide[Any]], Awaitable[Any]]
"""Commits a piece, or only tries it out."""
type Progress = Callable[[int], None]
"""Hears how many rows are read."""


@dataclass(frozen=True, slots=True)
class Twins:
    """Two resources whose values become equal in a unique index."""

    index: Index
    ids: tuple[str, str]


@dataclass(slots=True)
class Tally:
    """What it came to: rows that were read, made and deleted, and the twins that stand against it."""

    read: int = 0
    made: int = 0
    deleted: int = 0
    twins: list[Twins] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Entry:
    """An index row that a resource may want, or one that nobody may want."""

    kind: ResourceType
    index: Index
    of: str
    key: str


async def normalize(rows: Rows, schemas: Schemas, progress: Progress, *, rehearsal: bool = False) -> Tally:
    """Bring the index rows of a directory to the normal form of this process, or only try it out.

    Nothing is deleted, and it is not ended, where there are twins.

    Args:
        rows: the directory's.
        schemas: what its provider serves.
        progress: hears how far it is.
        rehearsal: whether nothing is to be written.

    Raises:
        SettingsChanged: the provider got other schemas, or another version is at it.
        Unavailable: the store does not answer, or others write too much.
    """
    commit = Commit(rows)
    write: Write = (
        (await commit.rehearsal()).write if rehearsal else lambda decide: insist(lambda: commit.write(decide))
    )
    work = _Normalizing(rows, schemas, write, progress)
    await work()
    return work.tally


class _Normalizing:
    def __init__(self, rows: Rows, schemas: Schemas, write: Write, progress: Progress) -> None:
        self.tally = Tally()
        self._rows = rows
        self._schemas = schemas
        self._write = write
        self._progress = progress
        self._form = forms.ours()

    async def __call__(self) -> None:
        self._form = await self._write(self._begin)
        if self._form.sure:
            return
        async for lot in _lots(self._wanting()):
            made, twins = await self._write(partial(self._make, lot))
            self.tally.made += made
            self.tally.twins += twins
        if self.tally.twins:
            return
        async for lot in _lots(self._doubtful()):
            self.tally.deleted += await self._write(partial(self._delete, lot))
        await self._write(self._end)

    async def _begin(self, _: View, draft: Draft) -> Form:
        """Have the head say where the keys are being brought."""
        if draft.head.unique != self._schemas.fingerprint:
            raise SettingsChanged
        return draft.head.form if draft.head.form.ours else _say(draft, draft.head.form.toward_ours())

    async def _make(self, lot: Sequence[_Entry], view: View, draft: Draft) -> tuple[int, list[Twins]]:
        """Make the rows of a lot that are still wanted and not there."""
        self._hold(draft)
        wanted = await _wanted(view, [(entry.kind, entry.of) for entry in lot])
        there = await view.fetch(entry.key for entry in lot)
        owners = {row.key: str(row.properties.get("of")) for row in there if row is not None}
        made, twins = 0, list[Twins]()
        for entry in lot:
            if entry.key not in wanted[entry.of]:
                continue
            if entry.key not in owners:
                owners[entry.key] = entry.of
                draft.create(entry.key, {"of": entry.of})
                made += 1
            elif owners[entry.key] != entry.of:
                twins.append(Twins(entry.index, (owners[entry.key], entry.of)))
        if made:
            draft.record("settings", ("Provider", ""), OPERATOR, {"indexes": {"made": made}})
        return made, twins

    async def _delete(self, lot: Sequence[_Entry], view: View, draft: Draft) -> int:
        """Delete the rows of a lot that nobody wants."""
        self._hold(draft)
        kinds, deleted = {entry.key: entry.kind for entry in lot}, 0
        rows = [row for row in await view.fetch(kinds) if row is not None]
        owners = [(kinds[row.key], str(row.properties.get("of"))) for row in rows]  # who may be others by now
        wanted = await _wanted(view, owners)
        for row, (_, owner) in zip(rows, owners, strict=True):
            if row.key not in wanted[owner]:
                draft.delete(row)
                deleted += 1
        if deleted:
            draft.record("settings", ("Provider", ""), OPERATOR, {"indexes": {"deleted": deleted}})
        return deleted

    async def _end(self, _: View, draft: Draft) -> None:
        """Have the head say that the keys are there."""
        self._hold(draft)
        _say(draft, forms.ours())

    def _hold(self, draft: Draft) -> None:
        if (draft.head.form, draft.head.unique) != (self._form, self._schemas.fingerprint):
            raise SettingsChanged

    async def _wanting(self) -> AsyncIterator[_Entry]:
        """The rows that resources want for values whose keys may have been others."""
        for kind in self._schemas.types.values():
            async for row in self._each(kind.alias):
                stored = records.decode(kind, row)
                for index, value in indexing.values(stored):
                    if not self._form.settles(index.target.leaf, value):
                        yield _Entry(kind, index, stored.id, keys.index(index, value, stored.id))

    async def _doubtful(self) -> AsyncIterator[_Entry]:
        """The rows that may be of another form."""
        for kind in self._schemas.types.values():
            for index in kind.kept:
                if index.target.leaf.case_exact:
                    continue
                async for row in self._each(index.alias):
                    text = keys.value(row.key) if self._form.rising else None
                    if text is None or not self._form.settles(index.target.leaf, text):
                        yield _Entry(kind, index, str(row.properties.get("of")), row.key)

    async def _each(self, stem: str) -> AsyncIterator[Row]:
        async for page in self._rows.range(*keys.span(stem)):
            self.tally.read += len(page)
            self._progress(self.tally.read)
            for row in page:
                yield row


def _say(draft: Draft, form: Form) -> Form:
    values = {"form": {"before": str(draft.head.form), "after": str(form)}}
    draft.head = replace(draft.head, form=form)
    draft.record("settings", ("Provider", ""), OPERATOR, values)
    return form


async def _wanted(view: View, resources: Sequence[tuple[ResourceType, str]]) -> dict[str, Collection[str]]:
    """The keys of the index rows that resources want, by their ids; none for what is no resource."""
    kinds = {identifier: kind for kind, identifier in resources if keys.is_id(identifier)}
    found = await view.fetch(keys.resource(kind.alias, identifier) for identifier, kind in kinds.items())
    return {identifier: () for _, identifier in resources} | {
        identifier: indexing.entries(records.decode(kind, row), kind.kept).keys()
        for (identifier, kind), row in zip(kinds.items(), found, strict=True)
        if row is not None
    }


async def _lots(entries: AsyncIterator[_Entry]) -> AsyncIterator[list[_Entry]]:
    """As many together as one transaction takes."""
    lot: list[_Entry] = []
    async for entry in entries:
        lot.append(entry)
        if len(lot) == _TOGETHER:
            yield lot
            lot = []
    if lot:
        yield lot
