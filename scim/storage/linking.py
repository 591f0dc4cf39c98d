"""Linking: a group's members change, and with them the lists of groups that the members carry."""

import asyncio
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain

from scim.errors import InvalidValue, PayloadTooLarge
from scim.resources import Links, Member, Note
from scim.schema import ResourceType, Schemas
from scim.storage import keys, members, records
from scim.storage.drafts import Apart, Draft, TooLarge, Torn, View
from scim.storage.intents import QUEUED, Intent, intend, opened, queue
from scim.storage.later import Built, Later
from scim.storage.records import Stored
from scim.storage.rows import MAX_TRANSACTION_ROWS, Create, Property, Row

MAX_MEMBERSHIPS = 20_000
"""Groups that one resource may be a direct member of; a row holds the list of them."""
_OTHER_ROWS = 15
"""Rows that an edit of a group writes beside buckets and queue: head, group, index rows, intent, change."""


@dataclass(frozen=True, slots=True)
class Linked:
    """What became of a group: itself after the edit, and who joined and left, each with the alias of its type."""

    group: Stored
    added: Mapping[str, str]
    removed: Mapping[str, str]
    notes: tuple[Note, ...] = ()


class Wanting(Apart):
    """It must be known first who exists.

    Attributes:
        ids: the ids in question, each with the aliases of the types it may be of, the likely one first.
        since: the number of the last change before the question came up.
    """

    def __init__(self, ids: Mapping[str, tuple[str, ...]], since: int) -> None:
        super().__init__()
        self.ids = ids
        self.since = since


class Unbuilt(Apart):
    """The new members must be laid down beforehand.

    Attributes:
        built: what is to be laid down.
        kind: the group's type.
        rows: the rows of it, and of the queue of those who joined or left.
    """

    def __init__(self, built: Built, kind: ResourceType, rows: Sequence[Create]) -> None:
        super().__init__()
        self.built = built
        self.kind = kind
        self.rows = rows


def kinds(schemas: Schemas, group: ResourceType, member: Member) -> list[ResourceType]:
    """The types a member may be of: the one the request names, else all that the schema allows."""
    attribute = group.attribute(group.members or "")
    reference = attribute.sub("$ref") if attribute else None
    names = reference.reference_types if reference else ()
    return [schemas.types[name] for name in names if member.type in {None, name}] or [group]


def likeliest(schemas: Schemas, group: ResourceType, member: Member) -> str:
    """The key of the row that a new member most likely has."""
    return keys.resource(kinds(schemas, group, member)[0].alias, member.id)


def touched(group: Stored, links: Links) -> list[str]:
    """The keys of the buckets that an edit of some of a group's members reads."""
    named = filter(keys.is_id, {*links.add, *links.remove})
    return [group.bucket(at) for at in group.roster.touched(named, len(links.add))]


class Linking:
    """Edits of memberships within one draft.

    Args:
        schemas: what may be a member, and by which aliases.
        skip_unknown: pass over unknown ids while another of their operation is known, instead of refusing.
    """

    def __init__(self, schemas: Schemas, view: View, draft: Draft, *, skip_unknown: bool = False) -> None:
        self._schemas = schemas
        self._view = view
        self._draft = draft
        self._skip_unknown = skip_unknown

    async def relink(self, group: Stored, links: Links) -> Linked:
        """Lay an edit of ``group``'s members into the draft; its own row is left to the caller.

        Raises:
            InvalidValue: naming the ids that no resource has.
            Apart: it is too much for one transaction, or not all that it needs is there.
        """
        later = self._draft.later
        if later is not None and later.built is not None:
            if await self._still_holds(group, later, later.built):
                return await self._switch(group, later.built)
            later.built = None
        if later is None and group.roster.buckets and len(links.add) > MAX_TRANSACTION_ROWS:
            raise TooLarge(len(links.add))
        buckets = await self._buckets(group, links)
        held = {at: members.unpack_links(row.properties) for at, row in buckets.items()}
        if not group.roster.buckets:
            held = {0: dict(group.members or {})}
        present = {identifier: alias for bucket in held.values() for identifier, alias in bucket.items()}
        candidates = [member for member in links.add.values() if member.id not in present]
        leaving = present.keys() - links.add.keys() if links.clear else links.remove & present.keys()
        if later is None and len(candidates) + len(leaving) > MAX_TRANSACTION_ROWS:
            raise TooLarge(len(candidates) + len(leaving))
        added, notes = await self._known(group.kind, candidates, links)
        removed = {identifier: present[identifier] for identifier in leaving}
        if not added and not removed:
            return Linked(group, {}, {}, notes)
        roster, contents = group.roster.edit(held, added, removed)
        if later is not None:
            rows = len(contents) + (len(added) + len(removed)) // QUEUED + _OTHER_ROWS
            if later.apart or rows > MAX_TRANSACTION_ROWS:
                before = present if links.clear or not group.roster.buckets else None
                return await self._apart(group, later, Linked(replace(group, members=before), added, removed, notes))
        self._write_buckets(replace(group, roster=roster), contents, buckets)
        await (self._tell(group.id, added, removed) if later is None else self._queue(group, {**added, **removed}))
        inline = None if roster.buckets else members.in_order(contents[0])
        return Linked(replace(group, roster=roster, members=inline), added, removed, notes)

    async def leave(self, identifier: str, alias: str, group: str) -> None:
        """Take ``group`` off the list that one of its members carries, if that member still exists."""
        row = await self._view.get(keys.resource(alias, identifier))
        if row is not None:
            self._carry(row, identifier, alias, set(records.memberships(row)) - {group})

    async def agree(self, identifier: str, group: Stored | None, some: members.Links) -> list[str]:
        """Let the lists that some resources carry agree with a group's members as they are now, if it still is.

        Returns:
            The ids of those whose lists are too long to take the group.
        """
        inside = await self.holds(group, some) if group else set()
        rows = await self._view.fetch(keys.resource(alias, member) for member, alias in some.items())
        full: list[str] = []
        for (member, alias), row in zip(some.items(), rows, strict=True):
            if row is None:
                continue
            before = set(records.memberships(row))
            after = before | {identifier} if member in inside else before - {identifier}
            if len(after) > max(len(before), MAX_MEMBERSHIPS):
                full.append(member)
            elif after != before:
                self._carry(row, member, alias, after)
        return full

    async def holds(self, group: Stored, ids: Iterable[str]) -> set[str]:
        """Those of the ids that are a group's members."""
        if group.members is not None:
            return group.members.keys() & set(ids)
        wanted = list(ids)
        at = {group.roster.bucket(identifier) for identifier in wanted}
        found = await self._view.fetch(map(group.bucket, at))
        if any(row is None or changed_after(row, group) for row in found):
            raise Torn
        held = set(chain.from_iterable(members.unpack_links(row.properties) for row in found if row))
        return held.intersection(wanted)

    async def _still_holds(self, group: Stored, later: Later, built: Built) -> bool:
        """Whether what was built is what the edit comes to now, and still is there."""
        await self._remember(later)
        there = await opened(self._view, self._draft, built.intent)
        same = built.base == self._number(group) and not later.lost(built.added)
        return same and there is not None and there.building == built.roster.name

    async def _switch(self, group: Stored, built: Built) -> Linked:
        """Let the group have the members that were built."""
        name = built.roster.name
        queued = keys.queue(built.intent, name)
        old = (group.member_set,) if group.roster.buckets else ()

        def follow(intent: Intent) -> Intent:
            return replace(intent, building="", queues=(*intent.queues, queued), trash=(*intent.trash, *old))

        if built.intent != group.id:
            await intend(self._view, self._draft, built.intent, group.kind.name, lambda i: replace(i, building=""))
        await intend(self._view, self._draft, group.id, group.kind.name, follow)
        after = replace(group, roster=built.roster, members=built.members)
        return Linked(after, built.added, built.removed, built.notes)

    async def _apart(self, group: Stored, later: Later, edit: Linked) -> Linked:
        """An edit that must be laid down beforehand, done in a rehearsal.

        Raises:
            Unbuilt: saying what to lay down.
        """
        before = (await load(self._view, edit.group)).members or {}
        kept = {member: alias for member, alias in before.items() if member not in edit.removed}
        name = str(uuid.uuid4())
        roster, contents = members.lay_out(name, {**kept, **edit.added})
        if later.rehearsal:
            return replace(edit, group=replace(group, roster=roster, members={**kept, **edit.added}))
        inline = None if roster.buckets else members.in_order(contents[0])
        base = self._number(group)
        built = Built(group.id if base else name, base, roster, inline, edit.added, edit.removed, edit.notes)
        stamp: dict[str, Property] = {"number": f"{self._draft.number:016x}"}
        buckets = [
            Create(keys.members(name, roster.generation, at), members.pack_links(links) | stamp)
            for at, links in (contents.items() if roster.buckets else ())
        ]
        raise Unbuilt(built, group.kind, [*buckets, *queue(built.intent, name, {**edit.added, **edit.removed})])

    def _number(self, group: Stored) -> int:
        """The number of the change that the group was last moved by; 0 if it is only coming into being."""
        return 0 if group.number == self._draft.number else group.number

    async def _queue(self, group: Stored, affected: members.Links) -> None:
        """Leave it to transactions to come to bring the lists that members carry up to date."""
        name = f"{self._draft.number:016x}"
        for row in queue(group.id, name, affected):
            self._draft.create(row.key, row.properties)
        stem = keys.queue(group.id, name)
        await intend(
            self._view,
            self._draft,
            group.id,
            group.kind.name,
            lambda intent: replace(intent, queues=(*intent.queues, stem)),
        )

    async def _remember(self, later: Later) -> None:
        """Learn who was deleted since the first look at who exists."""
        if later.since < self._draft.previous:
            rows = await self._view.range(keys.change(later.since), keys.span("change")[1])
            gone = {str(row.properties.get("id_")) for row in rows if row.properties["kind"] == "delete"}
            later.known |= dict.fromkeys(gone & later.known.keys())
            later.since = self._draft.previous

    async def _buckets(self, group: Stored, links: Links) -> dict[int, Row]:
        """The bucket rows that the edit needs, by their number; with them, the rows that new members likely have."""
        wanted: list[str] = []
        if group.roster.buckets and not links.clear:
            wanted = touched(group, links)
        likely: list[str] = []
        if self._draft.later is None and not links.clear:
            joining = [member for member in links.add.values() if member.id not in (group.members or ())]
            likely = [likeliest(self._schemas, group.kind, member) for member in joining if keys.is_id(member.id)]
        found = (await self._view.fetch([*wanted, *likely]))[: len(wanted)]
        if group.roster.buckets and links.clear:
            found = [*await self._view.range(*bucket_span(group))]
            if len(found) < group.roster.buckets:
                raise Torn
        if any(row is None or changed_after(row, group) for row in found):
            raise Torn
        return {bucket_of(row): row for row in found if row is not None}

    async def _known(
        self, group: ResourceType, candidates: list[Member], links: Links
    ) -> tuple[dict[str, str], tuple[Note, ...]]:
        """Those of the candidates that exist, each with its type's alias, and a note on those that do not."""
        later = self._draft.later
        if later is None:
            aliases = await asyncio.gather(*(self._alias(group, member) for member in candidates))
        else:
            wanted = [member for member in candidates if member.id not in later.known]
            if wanted:
                aliases_of = {m.id: tuple(kind.alias for kind in kinds(self._schemas, group, m)) for m in wanted}
                raise Wanting(aliases_of, self._draft.previous)
            await self._remember(later)
            aliases = [later.known[member.id] for member in candidates]
        known = {m.id: alias for m, alias in zip(candidates, aliases, strict=True) if alias is not None}
        unknown = [member for member in candidates if member.id not in known]
        if not unknown:
            return known, ()
        bad = {member.id for member in unknown}
        served = {member.operation for member in links.add.values() if member.id not in bad}
        refused = [m.id for m in unknown if not self._skip_unknown or m.operation not in served]
        if refused:
            listed = ", ".join(identifier[:100] for identifier in refused[:10]) + (" …" if len(refused) > 10 else "")  # noqa: PLR2004 (enough to go on)
            raise InvalidValue(
                f"members: no resource has the id {listed}, or not one of the type given with it; send ids that this "
                "service has given out."
            )
        return known, (Note("unknown_member_skipped", "members"),)

    async def _alias(self, group: ResourceType, member: Member) -> str | None:
        """The alias of the type of an existing member."""
        for kind in kinds(self._schemas, group, member) if keys.is_id(member.id) else ():
            if await self._view.get(keys.resource(kind.alias, member.id)) is not None:
                return kind.alias
        return None

    def _write_buckets(self, group: Stored, contents: Mapping[int, members.Links], held: Mapping[int, Row]) -> None:
        if not group.roster.buckets:
            return
        for at, links in contents.items():
            lay_bucket(self._draft, group.bucket(at), held.get(at), links)

    async def _tell(self, group: str, added: members.Links, removed: members.Links) -> None:
        """Bring the lists of groups that members carry up to date."""
        affected = {**added, **removed}
        rows = await self._view.fetch(keys.resource(alias, identifier) for identifier, alias in affected.items())
        for (identifier, alias), row in zip(affected.items(), rows, strict=True):
            if row is not None:
                groups = set(records.memberships(row))
                if identifier in added and len(groups) >= MAX_MEMBERSHIPS:
                    raise PayloadTooLarge(f"members: {identifier} is in {MAX_MEMBERSHIPS} groups, which is the limit.")
                self._carry(row, identifier, alias, groups | {group} if identifier in added else groups - {group})

    def _carry(self, row: Row, identifier: str, alias: str, groups: set[str]) -> None:
        self._draft.merge(row, records.encode_memberships(groups, self._draft.number, row.properties))
        self._draft.moved[identifier] = alias


def lay_bucket(draft: Draft, key: str, row: Row | None, links: members.Links) -> None:
    """Lay what a bucket holds into a draft; without a row of it, a new one."""
    stamp: dict[str, Property] = {"number": f"{draft.number:016x}"}
    if row is None:
        draft.create(key, members.pack_links(links) | stamp)
    else:
        draft.merge(row, members.pack_links(links, row.properties) | stamp)


async def load(view: View, group: Stored) -> Stored:
    """The group with all its members."""
    if group.members is not None or not group.kind.members:
        return group
    rows = await view.range(*bucket_span(group))
    found = {identifier: alias for row in rows for identifier, alias in members.unpack_links(row.properties).items()}
    return replace(group, members=found)


def changed_after(bucket: Row, group: Stored) -> bool:
    """Whether a bucket was written after its group's row was read."""
    return str(bucket.properties["number"]) > f"{group.number:016x}"


def bucket_span(group: Stored) -> tuple[str, str]:
    """The bounds of the keys of a group's buckets."""
    return keys.span(group.member_set)


def bucket_of(row: Row) -> int:
    """The number of the bucket that a row holds."""
    return int(row.key.rpartition(":")[2], 16)
