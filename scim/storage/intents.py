"""Deleting a resource, in one transaction where it fits, else behind an intent.

An intent is a row that says what is left to do. It is written in the transaction that deletes the resource, so
the resource is gone at once, from queries too; the lists of members and of groups that still name it follow in
further transactions, and anyone who meets the intent can finish it.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

from scim import resources
from scim.changes import Change, Origin, difference
from scim.errors import Unavailable
from scim.schema import ResourceType, Schemas
from scim.storage import counting, indexing, keys, records
from scim.storage.drafts import Draft, TooLarge, View
from scim.storage.linking import Linked, Linking, bucket_span, load
from scim.storage.members import Links, pack_ids, pack_links, unpack_ids, unpack_links
from scim.storage.records import Stored
from scim.storage.rows import MAX_TRANSACTION_ROWS, Row, pack, unpack

MAX_INTENTS = 100
"""Intents open at the same time, at most; the head names them all."""
_OWN_ROWS = 12
"""Rows that a deletion writes for the resource itself: head, row, index rows, runs, tombstone, change."""


def anything(_: Stored) -> None:
    """The check that nothing fails."""


@dataclass(frozen=True, slots=True)
class Deletion:
    """Delete one resource.

    Args:
        check: raises what stands against it.
        whole: in one transaction, or not at all; else behind an intent.
    """

    schemas: Schemas
    kind: ResourceType
    identifier: str
    origin: Origin
    check: Callable[[Stored], None] = anything
    whole: bool = True

    async def __call__(self, view: View, draft: Draft) -> Stored:
        """Lay the deletion into the draft; gives the resource as it was.

        Raises:
            NotFound: there is no such resource.
            TooLarge: too many other resources name it for one transaction.
            ScimError: what ``check`` raises.
        """
        row = await view.get(keys.resource(self.kind.alias, self.identifier)) if keys.is_id(self.identifier) else None
        if row is None:
            raise records.not_found(self.kind, self.identifier)
        stored = records.decode(self.kind, row)
        self.check(stored)
        if self.whole:
            await self._unlink(view, draft, stored)
        else:
            self._intend(draft, stored)
        await self._remove(view, draft, stored, row)
        draft.change = Change(
            number=draft.number,
            previous=draft.previous,
            kind="delete",
            type=self.kind.name,
            id=stored.id,
            origin=self.origin,
            moved=tuple((alias, identifier) for identifier, alias in draft.moved.items() if identifier != stored.id),
            values=difference(stored.attributes, {}),
        )
        return stored

    async def _unlink(self, view: View, draft: Draft, stored: Stored) -> None:
        parents = [group for group in stored.memberships if group != stored.id]
        rows = _OWN_ROWS + 2 * len(parents) + stored.roster.count + stored.roster.buckets
        if rows > MAX_TRANSACTION_ROWS:
            raise TooLarge(rows)
        linking = Linking(self.schemas, view, draft)
        await leave_groups(self.schemas, view, draft, stored.id, parents)
        if self.kind.members:
            for member, alias in ((await load(view, stored)).members or {}).items():
                await linking.leave(member, alias, stored.id)
        if stored.roster.buckets:
            for row in await view.range(*bucket_span(stored)):
                draft.delete(row)

    def _intend(self, draft: Draft, stored: Stored) -> None:
        """Leave the lists that name the resource to the intent."""
        if len(draft.head.intents) >= MAX_INTENTS:
            raise Unavailable("Too many large deletions are unfinished; send the request again.", retry_after=5)
        properties = {
            "type": self.kind.name,
            "began": f"{draft.number:016x}",
            "generation": stored.roster.generation,
            **pack("groups", pack_ids(group for group in stored.memberships if group != stored.id)),
            **pack_links(stored.members or {}),
        }
        draft.create(keys.intent(stored.id), properties)
        draft.head = replace(draft.head, intents={**draft.head.intents, stored.id: draft.number})

    async def _remove(self, view: View, draft: Draft, stored: Stored, row: Row) -> None:
        """Delete the resource's own rows, and take it out of its run."""
        alias = self.kind.alias
        draft.delete(row)
        indexing.reindex(draft, stored, None)
        draft.create(
            keys.tombstone(stored.id), {"type": self.kind.name, "number": f"{draft.number:016x}", "at": draft.now}
        )
        await counting.leave(view, draft, alias, stored.id)


async def leave_groups(schemas: Schemas, view: View, draft: Draft, identifier: str, groups: list[str]) -> None:
    """Take a deleted resource out of the members of groups, as far as these still exist."""
    linking = Linking(schemas, view, draft)
    kinds = [kind for kind in schemas.types.values() if kind.members]
    await view.fetch(keys.resource(kind.alias, group) for kind in kinds for group in groups)
    for kind in kinds:
        for group in groups:
            row = await view.get(keys.resource(kind.alias, group))
            if row is not None:
                linked = await linking.relink(
                    records.decode(kind, row), resources.Links(remove=frozenset({identifier}))
                )
                if linked.removed:
                    rewrite_group(draft, linked, row)


def rewrite_group(draft: Draft, linked: Linked, row: Row) -> Stored:
    """Lay a group's own row, after an edit of its members, into the draft."""
    group = replace(linked.group, modified=draft.now, number=draft.number)
    draft.merge(row, records.encode(group, row.properties))
    draft.moved[group.id] = group.kind.alias
    return group


@dataclass(frozen=True, slots=True)
class Follow:
    """Do the next piece of an intent's work.

    Args:
        batch: rows of other resources to change in it, at most.
        own: whether it is the process that began the work, and tells others by a new number that it lives.
    """

    schemas: Schemas
    identifier: str
    batch: int
    own: bool = True

    async def __call__(self, view: View, draft: Draft) -> bool:
        """Lay the piece into the draft; true when it is the last."""
        row = await view.get(keys.intent(self.identifier))
        if row is None:
            return True
        groups = unpack_ids(unpack(row.properties, "groups", b""))
        inline = unpack_links(row.properties)
        if groups:
            done = (
                await self._leave_groups(view, draft, row, groups) and not inline and not await self._buckets(view, row)
            )
        elif inline:
            left = await self._release(view, draft, inline)
            draft.merge(row, pack_links(left, row.properties))
            done = not left
        else:
            done = await self._empty_bucket(view, draft, row)
        if done:
            draft.delete(row)
            others = {other: began for other, began in draft.head.intents.items() if other != self.identifier}
            draft.head = replace(draft.head, intents=others)
        elif self.own:
            draft.head = replace(draft.head, intents={**draft.head.intents, self.identifier: draft.number})
        draft.change = Change(
            number=draft.number,
            previous=draft.previous,
            kind="follow",
            type=str(row.properties["type"]),
            id=self.identifier,
            origin=Origin("", str(row.properties["began"])),
            moved=tuple((alias, moved) for moved, alias in draft.moved.items()),
        )
        return done

    async def _leave_groups(self, view: View, draft: Draft, intent: Row, groups: list[str]) -> bool:
        """Take the resource out of some of the groups it was in; true when it is in no more."""
        batch = max(1, self.batch // 2)  # a group may cost its row and a bucket
        await leave_groups(self.schemas, view, draft, self.identifier, groups[:batch])
        draft.merge(intent, pack("groups", pack_ids(groups[batch:]), intent.properties))
        return len(groups) <= batch

    async def _release(self, view: View, draft: Draft, links: Links) -> dict[str, str]:
        """Take the group off the lists of some of its members; gives those that are left."""
        linking = Linking(self.schemas, view, draft)
        leaving = dict(list(links.items())[: self.batch])
        await view.fetch(keys.resource(alias, member) for member, alias in leaving.items())
        for member, alias in leaving.items():
            await linking.leave(member, alias, self.identifier)
        return {member: alias for member, alias in links.items() if member not in leaving}

    async def _buckets(self, view: View, intent: Row) -> list[Row]:
        """The first bucket that is still there, and the next one."""
        stem = keys.members(self.identifier, _generation(intent), 0).rpartition(":")[0]
        return await view.range(*keys.span(stem), limit=2)

    async def _empty_bucket(self, view: View, draft: Draft, intent: Row) -> bool:
        """Let some members of the first bucket go; true when no bucket is left."""
        found = await self._buckets(view, intent)
        if not found:
            return True
        bucket = found[0]
        left = await self._release(view, draft, unpack_links(bucket.properties))
        if left:
            draft.merge(bucket, pack_links(left, bucket.properties) | {"number": f"{draft.number:016x}"})
            return False
        draft.delete(bucket)
        return len(found) == 1


def _generation(intent: Row) -> int:
    generation = intent.properties["generation"]
    return generation if isinstance(generation, int) else 0
