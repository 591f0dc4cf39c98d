"""Deleting a resource, in one transaction where it fits, else behind an intent.

The resource is gone at once, from queries too; the lists of members and of groups that still name it follow in
further transactions.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from scim import resources
from scim.changes import Origin, difference
from scim.schema import ResourceType, Schemas
from scim.storage import counting, indexing, keys, records
from scim.storage.drafts import Draft, TooLarge, View
from scim.storage.intents import intend, permit, queue
from scim.storage.linking import Linked, Linking, bucket_span, load
from scim.storage.records import Stored
from scim.storage.rows import MAX_TRANSACTION_ROWS, Row

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
        if self.kind.members:
            await permit(view, draft, stored.id)
        parents = await self._parents(view, draft, stored)
        if self.whole:
            await self._unlink(view, draft, stored, parents)
        else:
            await self._intend(view, draft, stored, parents)
        await self._remove(view, draft, stored, row)
        draft.moved.pop(stored.id, None)
        draft.record("delete", (self.kind.name, stored.id), self.origin, difference(stored.attributes, {}))
        return stored

    async def _unlink(self, view: View, draft: Draft, stored: Stored, parents: Sequence[str]) -> None:
        rows = _OWN_ROWS + 2 * len(parents) + stored.roster.count + stored.roster.buckets
        if rows > MAX_TRANSACTION_ROWS:
            raise TooLarge(rows)
        linking = Linking(self.schemas, view, draft)
        await leave_groups(self.schemas, view, draft, stored.id, parents)
        if self.kind.members:  # an open intent finds the group gone, and comes to an end by itself
            for member, alias in ((await load(view, stored)).members or {}).items():
                await linking.leave(member, alias, stored.id)
        if stored.roster.buckets:
            for row in await view.range(*bucket_span(stored)):
                draft.delete(row)

    async def _parents(self, view: View, draft: Draft, stored: Stored) -> list[str]:
        """The groups that it is a member of; its own list may be behind where an intent is open."""
        found = [group for group in stored.memberships if group != stored.id]
        others = [identifier for identifier in draft.head.intents if identifier not in {*found, stored.id}]
        linking = Linking(self.schemas, view, draft)
        for kind in (kind for kind in self.schemas.types.values() if kind.members):
            rows = await view.fetch(keys.resource(kind.alias, identifier) for identifier in others)
            groups = [records.decode(kind, row) for row in rows if row is not None]
            found += [group.id for group in groups if await linking.holds(group, [stored.id])]
        return found

    async def _intend(self, view: View, draft: Draft, stored: Stored, parents: Sequence[str]) -> None:
        """Leave the lists that name the resource to an intent."""
        stems = [stored.member_set] if stored.roster.buckets else []
        if stored.members:
            name = f"{draft.number:016x}"
            stems.append(keys.queue(stored.id, name))
            for row in queue(stored.id, name, stored.members):
                draft.create(row.key, row.properties)
        await intend(
            view,
            draft,
            stored.id,
            self.kind.name,
            lambda intent: replace(intent, groups=tuple(parents), queues=(*intent.queues, *stems)),
        )

    async def _remove(self, view: View, draft: Draft, stored: Stored, row: Row) -> None:
        """Delete the resource's own rows, and take it out of its run."""
        alias = self.kind.alias
        draft.delete(row)
        await indexing.reindex(view, draft, stored, None)
        draft.create(
            keys.tombstone(stored.id), {"type": self.kind.name, "number": f"{draft.number:016x}", "at": draft.now}
        )
        await counting.leave(view, draft, alias, stored.id)


async def leave_groups(schemas: Schemas, view: View, draft: Draft, identifier: str, groups: Sequence[str]) -> None:
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
