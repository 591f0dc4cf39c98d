"""A provider's directory: the reads and writes behind the six verbs of RFC 7644 §3."""

import logging
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace

from scim.changes import Change, Kind, Origin, difference, members
from scim.errors import PayloadTooLarge, Unavailable
from scim.resources import NO_LINKS, Links, Note, Reading
from scim.schema import JsonObject, ResourceType, Schemas
from scim.storage import counting, indexing, keys, records
from scim.storage.commit import Clock, Commit, Decide, Draft, TooLarge, View, unix_milliseconds
from scim.storage.intents import Deletion, Follow
from scim.storage.linking import Linked, Linking
from scim.storage.reading import Reader, not_found
from scim.storage.records import Head, Stored
from scim.storage.rows import Create, Refused, Row, Rows

_FOLLOW_BATCH = 90
"""Rows of other resources that one transaction of an intent changes, at most."""
_logger = logging.getLogger("scim")
_HELP = 5
"""Pieces of another's abandoned intent that a request does before its own work: few, for somebody waits for it."""
_ABANDONED = 30_000 << 16
"""Age, in the measure of change numbers (30 s), at which another process's intent counts as abandoned."""


@dataclass(frozen=True, slots=True)
class Edit:
    """A change of one resource.

    Attributes:
        kind: ``replace`` or ``modify``, for the change record.
        apply: gives the new attributes, the change of members, and notes; raises what stands against it.
        needs_members: whether ``apply`` must see the present members.
    """

    kind: Kind
    apply: Callable[[Stored], Reading]
    needs_members: bool = False


@dataclass(frozen=True, slots=True)
class Written:
    """A resource after a write, and what the store had to skip."""

    stored: Stored
    changed: bool
    notes: tuple[Note, ...] = ()


@dataclass(frozen=True, slots=True)
class Request:
    """What the store must know of the request behind a write.

    Attributes:
        origin: who asks.
        notes: what was skipped or coerced before the store was reached.
        skip_unknown_members: pass over ids that no resource has, instead of refusing.
    """

    origin: Origin
    notes: tuple[Note, ...] = ()
    skip_unknown_members: bool = False


class Directory(Reader):
    """One provider's resources, to be read and written.

    Safe for any number of concurrent callers in one event loop, and for any number of processes.
    """

    def __init__(self, rows: Rows, schemas: Schemas, clock: Clock = unix_milliseconds) -> None:
        super().__init__(rows)
        self._schemas = schemas
        self._clock = clock
        self._commit = Commit(rows, clock)
        self._following: set[str] = set()
        self._unique = " ".join(
            index.alias for kind in schemas.types.values() for index in kind.indexes if index.unique
        )

    async def found(self) -> None:
        """Make the directory ready for its first resource; nothing happens if it is."""
        with suppress(Refused):
            await self._rows.transact([Create(keys.HEAD, Head(unique=self._unique).encode())])

    async def adopt(self, origin: Origin) -> bool:
        """Let what is unique be what this directory's schemas say; false, and nothing done, if there are resources."""

        async def decide(_: View, draft: Draft) -> bool:
            if draft.head.unique == self._unique:
                return True
            if any(run.total for run in draft.head.runs.values()):
                return False
            values = {"unique": {"before": draft.head.unique, "after": self._unique}}
            draft.head = replace(draft.head, unique=self._unique)
            draft.change = Change(draft.number, draft.previous, "settings", "Provider", "", origin, values=values)
            return True

        return await self._commit.write(decide)

    async def create(self, kind: ResourceType, attributes: JsonObject, links: Links, request: Request) -> Written:
        """Store a new resource.

        Raises:
            Uniqueness: another resource has a value that must be unique.
            InvalidValue: a member does not exist.
            PayloadTooLarge: it does not fit into one transaction.
        """

        async def decide(view: View, draft: Draft) -> Written:
            identifier = draft.new_id()
            stored = Stored(kind, identifier, attributes, draft.now, draft.now, draft.number, members={})
            linking = Linking(self._schemas, view, draft, skip_unknown=request.skip_unknown_members)
            linked = await linking.relink(stored, links)
            draft.create(keys.resource(kind.alias, identifier), records.encode(linked.group))
            indexing.reindex(draft, None, linked.group)
            await counting.join(view, draft, kind.alias, identifier)
            _record(draft, "create", Stored(kind, identifier, {}, "", "", 0), linked, request)
            return Written(linked.group, changed=True, notes=linked.notes)

        return await self._write(decide)

    async def modify(self, kind: ResourceType, identifier: str, edit: Edit, request: Request) -> Written:
        """Edit a resource; nothing is written where nothing changes.

        Raises:
            NotFound: there is no such resource.
            Uniqueness, InvalidValue, PayloadTooLarge: as ``create``.
            ScimError: what ``edit.apply`` raises.
        """

        async def decide(view: View, draft: Draft) -> Written:
            row = await _existing(view, kind, identifier)
            linking = Linking(self._schemas, view, draft, skip_unknown=request.skip_unknown_members)
            before = records.decode(kind, row)
            if edit.needs_members:
                before = await linking.load(before)
            read = edit.apply(before)
            linked = await linking.relink(before, read.links) if read.links != NO_LINKS else Linked(before, {}, {})
            linked = replace(linked, notes=(*read.notes, *linked.notes))
            if read.resource == before.attributes and not linked.added and not linked.removed:
                if any(note.skipped for note in (*request.notes, *linked.notes)):
                    _record(draft, "skipped", before, linked, request)
                return Written(before, changed=False, notes=linked.notes)
            after = replace(linked.group, attributes=read.resource, modified=draft.now, number=draft.number)
            draft.merge(row, records.encode(after, row.properties))
            draft.moved[identifier] = kind.alias
            indexing.reindex(draft, before, after)
            _record(draft, edit.kind, before, replace(linked, group=after), request)
            return Written(after, changed=True, notes=linked.notes)

        return await self._write(decide)

    async def delete(self, kind: ResourceType, identifier: str, origin: Origin) -> None:
        """Delete a resource and every link to it.

        Raises:
            NotFound: there is no such resource.
        """
        if not keys.is_id(identifier):
            raise not_found(kind, identifier)
        deletion = Deletion(self._schemas, kind, identifier, origin)
        try:
            await self._agreed(deletion)
        except TooLarge:
            self._following.add(identifier)
            try:
                await self._agreed(replace(deletion, whole=False))
                await self.finish(identifier)
            finally:
                self._following.discard(identifier)

    async def finish(self, identifier: str, most: int | None = None) -> int:
        """Do what is left of an intent, or its next ``most`` pieces; gives their number."""
        step = Follow(self._schemas, identifier, _FOLLOW_BATCH, own=most is None)
        done, pieces = False, 0
        while not done and pieces != most:
            try:
                done = await self._commit.write(step)
                pieces += 1
            except (TooLarge, PayloadTooLarge):
                if step.batch == 1:
                    raise
                step = replace(step, batch=step.batch // 2)
        return pieces

    async def _write[T](self, decide: Decide[T]) -> T:
        """Commit, and then do some of what another process has left undone."""
        try:
            answer = await self._agreed(decide)
        except TooLarge as error:
            raise PayloadTooLarge(
                f"The request is more than one transaction of the store takes: {error}. Send at most 90 members in "
                "one request, and 45 for a group of more than 192."
            ) from None
        await self._help()
        return answer

    async def _agreed[T](self, decide: Decide[T]) -> T:
        """Commit, if the directory still is what this process takes it for."""

        async def agreed(view: View, draft: Draft) -> T:
            if draft.head.unique != self._unique:
                raise Unavailable("The provider's settings have just changed; send the request again.", retry_after=60)
            return await decide(view, draft)

        return await self._commit.write(agreed)

    async def _help(self) -> None:
        """Do a few pieces of what others abandoned, one helper at a time; the request itself is done already."""
        left = _HELP
        for identifier, touched in self._commit.intents.items():
            abandoned = (self._clock() << 16) - touched > _ABANDONED
            if left <= 0 or not abandoned or identifier in self._following:
                continue
            self._following.add(identifier)
            try:
                left -= await self.finish(identifier, left)
            except Exception:  # noqa: BLE001 (whoever asked for something else must not pay for it)
                _logger.warning("an intent could not be finished; the next request tries again")
                return
            finally:
                self._following.discard(identifier)


async def _existing(view: View, kind: ResourceType, identifier: str) -> Row:
    row = await view.get(keys.resource(kind.alias, identifier)) if keys.is_id(identifier) else None
    if row is None:
        raise not_found(kind, identifier)
    return row


def _record(draft: Draft, kind: Kind, before: Stored, linked: Linked, request: Request) -> None:
    """Say in the draft what it is, who asked for it, and what it changes."""
    values = difference(before.attributes, linked.group.attributes)
    if linked.added or linked.removed:
        values["members"] = members(linked.added, linked.removed)
    if kind == "create":
        draft.moved[linked.group.id] = linked.group.kind.alias
    draft.change = Change(
        number=draft.number,
        previous=draft.previous,
        kind=kind,
        type=before.kind.name,
        id=linked.group.id,
        origin=request.origin,
        moved=tuple((alias, moved) for moved, alias in draft.moved.items()),
        values=values,
        notes=(*request.notes, *linked.notes),
    )
