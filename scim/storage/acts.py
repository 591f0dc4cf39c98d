"""What a directory can be told to do to one resource: create it, edit it, delete it.

An act says what to read and what to write, and not when: alone, or with others in one transaction.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from scim.changes import Kind, Origin, difference, members
from scim.errors import ScimError
from scim.resources import NO_LINKS, Links, Note, Reading
from scim.schema import JsonObject, ResourceType, Schemas
from scim.storage import counting, indexing, keys, records
from scim.storage.drafts import NOTHING, Decide, Draft, Foreseen, View
from scim.storage.intents import permit
from scim.storage.linking import Linked, Linking, load
from scim.storage.records import Stored, not_found
from scim.storage.rows import Row


@dataclass(frozen=True, slots=True)
class Edit:
    """A change of one resource.

    Attributes:
        kind: ``replace`` or ``modify``, for the change record.
        apply: gives the new attributes, the change of members, and notes; raises what stands against it.
        needs_members: whether ``apply`` must see the present members.
        unchanged: what to raise where nothing changes, instead of being content.
    """

    kind: Kind
    apply: Callable[[Stored], Reading]
    needs_members: bool = False
    unchanged: ScimError | None = None


@dataclass(frozen=True, slots=True)
class Written:
    """A resource after a write, or before its deletion, and what the store had to skip.

    Attributes:
        added: the members that an edit added, each with the alias of its type.
    """

    stored: Stored
    changed: bool
    notes: tuple[Note, ...] = ()
    added: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Request:
    """What the store must know of the request behind a write.

    Attributes:
        origin: who asks.
        notes: what was skipped or coerced before the store was reached.
        skip_unknown_members: pass over ids that no resource has, instead of refusing.
        wanted: the id that a new resource had elsewhere and is to have here; blank: a new one. For a directory that
            had no resource before, and in the order of these ids.
    """

    origin: Origin
    notes: tuple[Note, ...] = ()
    skip_unknown_members: bool = False
    wanted: str = ""


@dataclass(frozen=True, slots=True)
class Act:
    """One operation on one resource; it may be decided more than once before it is committed.

    Attributes:
        decide: the whole of it, in one transaction.
        begin: where there is a way to do more than a transaction takes: the first transaction of it, which leaves an
            intent under the resource's id.
        foreseen: the rows that it is sure to read.
    """

    decide: Decide[Written]
    begin: Decide[Written] | None = None
    foreseen: Foreseen = NOTHING


@dataclass(frozen=True, slots=True)
class Creation:
    """Store a new resource."""

    schemas: Schemas
    kind: ResourceType
    attributes: JsonObject
    links: Links
    request: Request

    async def __call__(self, view: View, draft: Draft) -> Written:
        """Lay the resource into the draft.

        Raises:
            Uniqueness: another resource has a value that must be unique.
            InvalidValue: a member does not exist.
        """
        kind, wanted = self.kind, self.request.wanted
        identifier, created = draft.take_id(wanted) if wanted else (draft.new_id(), draft.now)
        stored = Stored(kind, identifier, self.attributes, created, draft.now, draft.number, members={})
        linked = Linked(stored, {}, {})
        if kind.members:
            linking = Linking(self.schemas, view, draft, skip_unknown=self.request.skip_unknown_members)
            linked = await linking.relink(stored, self.links)
        draft.create(keys.resource(kind.alias, identifier), records.encode(linked.group))
        await indexing.reindex(view, draft, None, linked.group)
        await counting.join(view, draft, kind.alias, identifier)
        _record(draft, "create", Stored(kind, identifier, {}, "", "", 0), linked, self.request)
        return Written(linked.group, changed=True, notes=linked.notes)


@dataclass(frozen=True, slots=True)
class Modification:
    """Edit a resource."""

    schemas: Schemas
    kind: ResourceType
    identifier: str
    edit: Edit
    request: Request

    async def __call__(self, view: View, draft: Draft) -> Written:
        """Lay the edit into the draft; nothing where nothing changes.

        Raises:
            NotFound: there is no such resource.
            Uniqueness, InvalidValue: as for a creation.
            ScimError: what ``edit.apply`` raises.
        """
        kind, edit, request = self.kind, self.edit, self.request
        row = await _existing(view, kind, self.identifier)
        before = records.decode(kind, row)
        if edit.needs_members:
            before = await load(view, before)
        read = edit.apply(before)
        linked = Linked(before, {}, {})
        if read.links != NO_LINKS:
            await permit(view, draft, self.identifier)
            linking = Linking(self.schemas, view, draft, skip_unknown=request.skip_unknown_members)
            linked = await linking.relink(before, read.links)
        linked = replace(linked, notes=(*read.notes, *linked.notes))
        if read.resource == before.attributes and not linked.added and not linked.removed:
            if edit.unchanged is not None:
                raise edit.unchanged
            if any(note.skipped for note in (*request.notes, *linked.notes)):
                _record(draft, "skipped", before, linked, request)
            return Written(before, changed=False, notes=linked.notes)
        after = replace(linked.group, attributes=read.resource, modified=draft.now, number=draft.number)
        draft.merge(row, records.encode(after, row.properties))
        draft.moved[self.identifier] = kind.alias
        await indexing.reindex(view, draft, before, after)
        _record(draft, edit.kind, before, replace(linked, group=after), request)
        return Written(after, changed=True, notes=linked.notes, added=linked.added)


async def exists(view: View, kind: ResourceType, identifier: str) -> bool:
    """Whether there is such a resource."""
    return await _row(view, kind, identifier) is not None


async def _row(view: View, kind: ResourceType, identifier: str) -> Row | None:
    return await view.get(keys.resource(kind.alias, identifier)) if keys.is_id(identifier) else None


async def _existing(view: View, kind: ResourceType, identifier: str) -> Row:
    row = await _row(view, kind, identifier)
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
    notes = (*request.notes, *linked.notes)
    draft.record(kind, (before.kind.name, linked.group.id), request.origin, values, notes)
