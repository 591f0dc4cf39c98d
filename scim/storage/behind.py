"""Lists of groups that are behind: as long as an intent is open, who is in a group is asked of the group itself."""

from collections.abc import Collection, Sequence
from dataclasses import replace

from scim.errors import NotFound
from scim.schema import ResourceType
from scim.storage.reading import Reader
from scim.storage.records import Stored

_FEW = 10
"""Resources for which a group's buckets are looked into; for as many or more, it is read as a whole, and kept."""
_KEPT = 100_000
"""Members of all groups that are kept, at most."""


class Behind:
    """Brings the lists of groups that resources of one query carry up to date.

    Args:
        directory: where the groups are.
        kind: their type.
        unfinished: their ids, and others: the members of these groups may not know yet that they are.
    """

    def __init__(self, directory: Reader, kind: ResourceType, unfinished: Sequence[str]) -> None:
        self._directory = directory
        self._kind = kind
        self._unfinished = unfinished
        self._kept: dict[str, Collection[str]] = {}
        self._room = _KEPT
        self._asked = 0

    async def caught_up(self, some: Sequence[Stored]) -> Sequence[Stored]:
        """The same resources, each with the groups that it is in by what the unfinished ones say themselves."""
        if not self._unfinished:
            return some
        self._asked += len(some)
        ids = [stored.id for stored in some]
        inside = {group: await self._members(group, ids) for group in self._unfinished}
        return [
            replace(
                stored,
                memberships=(
                    *(group for group in stored.memberships if group not in inside),
                    *(group for group, members in inside.items() if stored.id in members),
                ),
            )
            for stored in some
        ]

    async def _members(self, identifier: str, ids: Sequence[str]) -> Collection[str]:
        """Those of some resources that are members of a group, and perhaps more of its members."""
        if identifier in self._kept:
            return self._kept[identifier]
        group = await self._directory.get(self._kind, identifier, members=False)
        if group is None:
            return self._keep(identifier, ())
        try:
            if self._asked < _FEW or group.roster.count > self._room:
                return (await self._directory.with_some(group, ids)).members or ()
            return self._keep(identifier, frozenset((await self._directory.with_members(group)).members or ()))
        except NotFound:  # it was deleted meanwhile
            return self._keep(identifier, ())

    def _keep(self, identifier: str, members: Collection[str]) -> Collection[str]:
        self._kept[identifier] = members
        self._room -= len(members)
        return members
