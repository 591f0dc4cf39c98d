"""Judging: does a resource in the store match a filter, with no more of its members read than that takes?"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace

from scim import asking, matching
from scim.errors import NotFound
from scim.filters import Filter
from scim.representation import Representation
from scim.schema import ResourceType
from scim.storage.behind import Behind
from scim.storage.drafts import PARALLEL
from scim.storage.membership import groups
from scim.storage.records import Stored

_FEW = 20
"""Members that are looked for one by one; for more of them, all members are read."""
_TURN = 10
"""Resources judged in one go where nothing is read for it: with a thousand terms they take some 20 milliseconds."""
_OTHERS = {"value": "\0"}
"""Stands for all members that the filter does not ask for; it has a value that no filter can name."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of a candidate.

    Attributes:
        members: how many of its members were read, where it took all.
    """

    stored: Stored
    matches: bool
    members: int = 0


class Judge:
    """Asks resources of one type a filter."""

    def __init__(self, representation: Representation, kind: ResourceType, filter_: Filter | None) -> None:
        """Bind a filter.

        Args:
            representation: the provider's resources, as a filter sees them.
            kind: the type.
            filter_: understood by the type; None matches everything.
        """
        self._representation = representation
        self._matches = matching.predicate(filter_, kind) if filter_ else None
        self._members = kind.members
        asked = asking.members_asked(filter_, kind) if filter_ and kind.members else frozenset[str]()
        self._asked = None if asked is None or len(asked) > _FEW else asked
        self._asks_memberships = filter_ is not None and asking.asks_memberships(filter_, kind)
        self._behind: Behind | None = None

    @property
    def at_a_time(self) -> int:
        """How many resources are best judged together."""
        if self._asked is None:
            return 1
        return PARALLEL // len(self._asked) if self._asked else _TURN

    async def verdicts(self, some: Sequence[Stored]) -> list[Verdict]:
        """What becomes of some candidates; one that was deleted meanwhile does not match."""
        if self._asks_memberships:
            self._behind = self._behind or await self._unfinished()
            some = await self._behind.caught_up(some)
        if self._asked is None or self._asked:
            return await asyncio.gather(*(self._looked_into(stored) for stored in some))
        bare = (replace(stored, members={}) if self._members else stored for stored in some)
        return [Verdict(stored, self._true_of(seen)) for stored, seen in zip(some, bare, strict=True)]

    async def _unfinished(self) -> Behind:
        directory, schemas = self._representation.directory, self._representation.schemas
        return Behind(directory, groups(schemas), await directory.unfinished())

    async def _looked_into(self, stored: Stored) -> Verdict:
        directory = self._representation.directory
        try:
            if self._asked is None:
                read = await directory.with_members(stored)
                return Verdict(stored, self._true_of(read), stored.roster.count)
            return Verdict(stored, self._true_of(await directory.with_some(stored, self._asked)))
        except NotFound:
            return Verdict(stored, matches=False)

    def _true_of(self, stored: Stored) -> bool:
        if self._matches is None:
            return True
        resource = self._representation.full(stored)
        if self._members and self._members not in resource and stored.roster.count:
            resource[self._members] = [_OTHERS]
        return self._matches(resource)
