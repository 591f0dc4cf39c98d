"""Memberships one by one, read from the members of groups and from the lists of groups that members carry.

A group's members have an order of their own, in which a bucket holds neighbours. It never changes, so whoever has
read up to a member can go on behind it, whatever joined or left meanwhile, and needs no bucket but those to come.
"""

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass

from scim.errors import NotFound, Unavailable
from scim.experimental import MEMBERSHIP
from scim.schema import ResourceType, Schemas
from scim.storage import keys, records
from scim.storage.linking import changed_after
from scim.storage.members import PLACES, Links, place, unpack_links
from scim.storage.reading import Reader
from scim.storage.records import Head, Stored, not_found
from scim.storage.rows import Row, Rows

_READINGS = 5
"""Times a bucket is read, when others write to it meanwhile, before the client is asked to come back."""


type Get = Callable[[str], Awaitable[Row | None]]
"""Gives the row of a key."""


@dataclass(frozen=True, slots=True)
class Membership:
    """A resource is a direct member of a group.

    Attributes:
        group: the group's id.
        member: the member's id.
        alias: the alias of the member's type.
    """

    group: str
    member: str
    alias: str

    @property
    def id(self) -> str:
        """The membership's own id."""
        return f"{self.group}.{self.member}"


def stored(kind: ResourceType, found: Membership) -> Stored:
    """A membership as a resource of the type ``kind``; its one member is the resource's, and its number never moves."""
    attributes = {"schemas": [kind.schema.id], "group": {"value": found.group}, "member": {"value": found.member}}
    return Stored(kind, found.id, attributes, "", "", 0, members={found.member: found.alias})


def parse_id(identifier: str) -> tuple[str, str] | None:
    """The ids of the group and of the member in the id of a membership; None where no membership can have it."""
    group, _, member = identifier.partition(".")
    return (group, member) if keys.is_id(group) and keys.is_id(member) else None


async def held(get: Get, group: Stored, at: int) -> tuple[Links, int] | None:
    """The members of a group around a place, and the first place behind them; None where the row of them is torn."""
    if group.members is not None:
        return group.members, PLACES
    bucket, end = group.roster.stretch(at)
    row = await get(group.bucket(bucket))
    return None if row is None or changed_after(row, group) else (unpack_links(row.properties), end)


class MembershipReader(Reader):
    """The reads of one provider's directory, memberships as resources of their own among them."""

    def __init__(self, rows: Rows, schemas: Schemas) -> None:
        super().__init__(rows)
        self._schemas = schemas

    async def get(self, kind: ResourceType, identifier: str, *, members: bool) -> Stored | None:
        """The resource of that id, with its members if they are asked for."""
        if kind.name != MEMBERSHIP:
            return await super().get(kind, identifier, members=members)
        ids = parse_id(identifier)
        found = await self.membership(*ids) if ids else None
        return stored(kind, found) if found else None

    async def membership(self, group: str, member: str) -> Membership | None:
        """The membership of a member in a group, if there is one; of a large group, one bucket is read."""
        row = await self.get(groups(self._schemas), group, members=False) if keys.is_id(member) else None
        links: Links = {}
        if row is not None:
            with suppress(NotFound):
                _, links, _ = await self._stretch(row, place(member))
        return Membership(group, member, links[member]) if member in links else None

    async def memberships_of(self, member: str) -> list[Membership]:
        """The memberships of a resource, in the order of the groups' ids.

        Its own list may be behind where the head names an intent; there the group itself is asked.
        """
        if not keys.is_id(member):
            return []
        behind = await self.unfinished()
        for kind in self._schemas.types.values():
            row = await self._rows.get(keys.resource(kind.alias, member)) if kind.name != MEMBERSHIP else None
            if row is not None:
                asked = [group for group in behind if await self.membership(group, member)]
                there = [group for group in records.memberships(row) if group not in behind]
                return [Membership(group, member, kind.alias) for group in sorted([*there, *asked])]
        return []

    async def unfinished(self) -> tuple[str, ...]:
        """The ids of groups, among others, whose members may not know yet that they are."""
        head = await self._rows.get(keys.HEAD)
        return tuple(Head.decode(head).intents) if head else ()

    async def all_memberships(self, group: Stored, first: int = 0, most: int | None = None) -> list[Membership]:
        """The memberships in a group, all read at once, in their order; ``most`` of them, from a place (from 0) on.

        Raises:
            NotFound: it was deleted meanwhile.
        """
        links = (await self.with_members(group)).members or {}
        return [Membership(group.id, member, links[member]) for member in sorted(links, key=_order)[first:][:most]]

    async def memberships(self, group: Stored, after: str = "") -> AsyncGenerator[Membership]:
        """The memberships in a group, read bucket by bucket, in their order; those behind a member's.

        Raises:
            NotFound: it was deleted meanwhile.
        """
        floor = _order(after) if after else (0, "")
        while floor[0] < PLACES:
            group, links, end = await self._stretch(group, floor[0])
            for at, member in sorted(map(_order, links)):
                if (at, member) > floor:
                    yield Membership(group.id, member, links[member])
            floor = (end, "")

    async def groups(self, first: str = "") -> AsyncGenerator[Stored]:
        """The groups, in the order of their ids, from an id on; with members as long as these are few."""
        kind = groups(self._schemas)
        low, high = keys.span(kind.alias)
        async for page in self._rows.range(low + first, high):
            for row in page:
                yield records.decode(kind, row)

    async def _stretch(self, group: Stored, at: int) -> tuple[Stored, Links, int]:
        """The members around a place, and the first place behind them; the group, as it was when they were.

        Raises:
            NotFound: the group was deleted meanwhile.
            Unavailable: others write to it all the time.
        """
        for _ in range(_READINGS):
            found = await held(self._rows.get, group, at)
            if found is not None:
                return group, *found
            fresh = await self.get(group.kind, group.id, members=False)
            if fresh is None:
                raise not_found(group.kind, group.id)
            group = fresh
        raise Unavailable("The members of the group are changing all the time; send the request again.", retry_after=1)


def groups(schemas: Schemas) -> ResourceType:
    """The type whose resources have members."""
    return next(kind for kind in schemas.types.values() if kind.members)


def _order(member: str) -> tuple[int, str]:
    return place(member), member
