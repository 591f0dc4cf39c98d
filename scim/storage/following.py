"""Following: what an intent has left to do, piece by piece, each a transaction.

What a piece does is told by the rows as they are, and not by what somebody meant to do: a member's list of groups is
made to agree with the group's members of that moment. So a piece may be done twice, and others may write meanwhile.
"""

from dataclasses import dataclass, replace
from itertools import islice

from scim.resources import Note
from scim.schema import Schemas
from scim.storage import keys, records
from scim.storage.deletion import leave_groups
from scim.storage.drafts import Draft, View
from scim.storage.intents import Intent, intend, record
from scim.storage.linking import Linking
from scim.storage.members import pack_links, place, unpack_links
from scim.storage.records import Stored


@dataclass(frozen=True, slots=True)
class Follow:
    """Do the next piece of an intent's work.

    Args:
        identifier: the intent's.
        batch: rows of other resources to change in it, at most.
        own: whether it is the process that began the work, and tells others by a new number that it lives.
        abandoned: whether what is being built there is never going to be used.
    """

    schemas: Schemas
    identifier: str
    batch: int
    own: bool = True
    abandoned: bool = False

    async def __call__(self, view: View, draft: Draft) -> bool:
        """Lay the piece into the draft; true when it is the last."""
        row = await view.get(keys.intent(self.identifier))  # a head that is not the newest may not name it
        if row is None:
            return True
        before = Intent.decode(row)
        touched = draft.head.intents.get(self.identifier, draft.number)
        notes: tuple[Note, ...] = ()
        after = before.given_up(self.identifier) if self.abandoned else before
        if after.groups:
            after = await self._leave_groups(view, draft, after)
        elif after.queues:
            after, notes = await self._tell(view, draft, after)
        elif after.trash:
            after = await self._clear(view, draft, after)
        else:
            return True  # all but what somebody is building
        await intend(view, draft, self.identifier, before.type, lambda _: after)
        if not self.own and not after.done:
            draft.head = replace(draft.head, intents={**draft.head.intents, self.identifier: touched})
        record(draft, "follow", before, self.identifier, notes)
        return after.done

    async def _leave_groups(self, view: View, draft: Draft, intent: Intent) -> Intent:
        """Take the resource out of some of the groups it was in."""
        batch = max(1, self.batch // 2)  # a group may cost its row and a bucket
        await leave_groups(self.schemas, view, draft, self.identifier, list(intent.groups[:batch]))
        return replace(intent, groups=intent.groups[batch:])

    async def _tell(self, view: View, draft: Draft, intent: Intent) -> tuple[Intent, tuple[Note, ...]]:
        """Let some members of the first queue know whether they are in the group."""
        found = await view.range(*keys.span(intent.queues[0]), limit=2)
        notes: tuple[Note, ...] = ()
        if found:
            row, *more = found
            links = dict(sorted(unpack_links(row.properties).items(), key=lambda link: place(link[0])))
            some = dict(islice(links.items(), self.batch))
            group = await self._group(view, intent)
            for member in await Linking(self.schemas, view, draft).agree(self.identifier, group, some):
                await leave_groups(self.schemas, view, draft, member, [self.identifier])
                notes = (Note("membership_limit_dropped", "members"),)
            left = {member: alias for member, alias in links.items() if member not in some}
            if left:
                draft.merge(row, pack_links(left, row.properties))
                return intent, notes
            draft.delete(row)
            if more:
                return intent, notes
        return replace(intent, queues=intent.queues[1:]), notes

    async def _clear(self, view: View, draft: Draft, intent: Intent) -> Intent:
        """Delete some rows that are of no use."""
        found = await view.range(*keys.span(intent.trash[0]), limit=self.batch)
        for row in found:
            draft.delete(row)
        return intent if len(found) == self.batch else replace(intent, trash=intent.trash[1:])

    async def _group(self, view: View, intent: Intent) -> Stored | None:
        """The group, if it is still there."""
        kind = self.schemas.types.get(intent.type)
        row = await view.get(keys.resource(kind.alias, self.identifier)) if kind else None
        return records.decode(kind, row) if kind and row else None
