"""Matters of members: that groups and members name each other, and where the members of a group lie."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from scim.schema import ResourceType
from scim.storage import keys, records
from scim.storage.drafts import Draft, View
from scim.storage.intents import Intent, opened
from scim.storage.linking import MAX_MEMBERSHIPS, bucket_of, bucket_span, lay_bucket, load
from scim.storage.members import CAPACITY, unpack_ids, unpack_links
from scim.storage.problems import Problem, record
from scim.storage.records import Stored
from scim.storage.rows import MAX_TRANSACTION_ROWS, Row

_ROWS = MAX_TRANSACTION_ROWS - 10
"""Rows of members that one repair writes, at most."""


@dataclass(frozen=True, slots=True)
class Tie:
    """A group lists a member, and the member carries the group; or neither does."""

    kinds: tuple[ResourceType, ...]
    kind: ResourceType
    group: str
    member: str

    async def __call__(self, view: View, draft: Draft) -> list[Problem]:
        """What is wrong; a member's list follows the group's members, unless the group is known to have lost some."""
        group = await view.get(keys.resource(self.kind.alias, self.group))
        there = await self._there(view)
        stored = records.decode(self.kind, group) if group else None
        listed = await self._listed(view, stored) if stored else None
        carried = records.memberships(there[1]) if there else ()
        agree = there and listed == there[0] and carried.count(self.group) == 1
        if agree or (listed is None and self.group not in carried):
            return []
        if await self._pending(view, draft):
            return [Problem(f"{self.group} and {self.member}", "an intent has yet to make them agree", "pending")]
        if there is None and group and stored:
            return await self._dangling(view, draft, group, stored)
        if there and (group is None or stored is None):
            return await self._left_behind(view, draft, there)
        return await self._unlike(view, draft, group, stored, there, listed) if group and stored and there else []

    async def _unlike(  # noqa: PLR0913, PLR0917 (what was read)
        self, view: View, draft: Draft, group: Row, stored: Stored, there: tuple[str, Row], listed: str | None
    ) -> list[Problem]:
        """Both are there."""
        if listed is None:
            return await self._one_sided(view, draft, group, stored, there)
        if listed != there[0]:
            await self._put(view, draft, group, stored, there[0])
            return [Problem(self.group, f"the member {self.member} is listed as {listed}, and is a {there[0]}")]
        carried = set(records.memberships(there[1]))
        if len(carried) >= MAX_MEMBERSHIPS and self.group not in carried:
            return []
        what = f"it carries {self.group} twice" if self.group in carried else f"it does not carry {self.group}"
        return self._carry(draft, there, {*carried, self.group}, what)

    async def _left_behind(self, view: View, draft: Draft, there: tuple[str, Row]) -> list[Problem]:
        """The group is not there."""
        if await view.get(keys.tombstone(self.group)) is None:
            return [Problem(self.member, f"it carries {self.group}, of which there is no row", "by hand")]
        carried = set(records.memberships(there[1]))
        return self._carry(draft, there, carried - {self.group}, f"it carries {self.group}, which is gone")

    async def _there(self, view: View) -> tuple[str, Row] | None:
        """The member's alias and row."""
        for kind in self.kinds if keys.is_id(self.member) else ():
            row = await view.get(keys.resource(kind.alias, self.member))
            if row is not None:
                return kind.alias, row
        return None

    async def _listed(self, view: View, group: Stored) -> str | None:
        """The alias under which the group lists the member."""
        if group.members is not None:
            return group.members.get(self.member)
        row = await view.get(group.bucket(group.roster.bucket(self.member)))
        return unpack_links(row.properties).get(self.member) if row else None

    async def _pending(self, view: View, draft: Draft) -> bool:
        mine = await opened(view, draft, self.group)
        its = await opened(view, draft, self.member)
        return bool((mine and mine.queues) or (its and self.group in its.groups))

    async def _dangling(self, view: View, draft: Draft, group: Row, stored: Stored) -> list[Problem]:
        """The member is not there."""
        what = f"the member {self.member} does not exist"
        if await view.get(keys.tombstone(self.member)) is None:
            return [Problem(self.group, f"{what}, and was not deleted", "by hand")]
        await self._put(view, draft, group, stored, None)
        return [Problem(self.group, what)]

    async def _one_sided(
        self, view: View, draft: Draft, group: Row, stored: Stored, there: tuple[str, Row]
    ) -> list[Problem]:
        """The member carries the group, and is not listed: one of the two is not what it was."""
        known = len((await load(view, stored)).members or {})
        if known < stored.roster.count:
            await self._put(view, draft, group, stored, there[0])
            return [Problem(self.group, f"the member {self.member} is lost from the list, and carries the group")]
        carried = set(records.memberships(there[1]))
        return self._carry(draft, there, carried - {self.group}, f"it carries {self.group}, and is no member")

    def _carry(self, draft: Draft, there: tuple[str, Row], groups: set[str], what: str) -> list[Problem]:
        alias, row = there
        draft.merge(row, records.encode_memberships(groups, draft.number, row.properties))
        draft.moved[self.member] = alias
        record(draft, self._name(alias), self.member, {"groups": {"repaired": 1}})
        return [Problem(self.member, what)]

    def _name(self, alias: str) -> str:
        return next(kind.name for kind in self.kinds if kind.alias == alias)

    async def _put(self, view: View, draft: Draft, group: Row, stored: Stored, alias: str | None) -> None:
        """List the member under an alias; under None, no more, and it is not counted either."""
        count = stored.roster.count - (alias is None)
        if stored.members is not None:
            links = {**stored.members, self.member: alias}
        else:
            row = await view.get(key := stored.bucket(stored.roster.bucket(self.member)))
            links = {**(unpack_links(row.properties) if row else {}), self.member: alias}
            lay_bucket(draft, key, row, _present(links))
        inline = _present(links) if stored.members is not None else None
        _rewrite(draft, group, replace(stored, members=inline, roster=replace(stored.roster, count=count)))
        verb = "removed" if alias is None else "restored"
        record(draft, self.kind.name, self.group, {"members": {verb: [self.member]}})


@dataclass(frozen=True, slots=True)
class Lists:
    """A group counts its members, and each lies once, in the place that its id says."""

    kind: ResourceType
    group: str

    async def __call__(self, view: View, draft: Draft) -> list[Problem]:
        """What is wrong; members that are there are laid where they must be, and counted."""
        row = await view.get(keys.resource(self.kind.alias, self.group))
        if row is None:
            return []
        stored = records.decode(self.kind, row)
        roster = stored.roster
        buckets = {bucket_of(each): each for each in await view.range(*bucket_span(stored))}
        inline = list(_raw(row))
        held = {at: list(_raw(bucket)) for at, bucket in buckets.items()}
        members = dict([*inline, *(link for links in held.values() for link in links)])
        wrong = [*_misplaced(stored, inline, held)]
        if roster.count != len(members):
            wrong.append(f"the row counts {roster.count} members, and {len(members)} are there")
        if not wrong:
            return []
        after = replace(roster, count=len(members)).grown()
        spread: dict[int, dict[str, str]] = {at: {} for at in range(after.buckets)}
        for member, alias in members.items() if after.buckets else ():
            spread[after.bucket(member)][member] = alias
        changed = [at for at in spread if at not in held or sorted(held[at]) != sorted(spread[at].items())]
        gone = [at for at in held if at not in spread]
        if len(changed) + len(gone) > _ROWS:
            return [Problem(self.group, what, "by hand") for what in wrong]
        for at in changed:
            lay_bucket(draft, stored.bucket(at), buckets.get(at), spread[at])
        for at in gone:
            draft.delete(buckets[at])
        _rewrite(draft, row, replace(stored, roster=after, members=None if after.buckets else members))
        record(draft, self.kind.name, self.group, {"members": {"counted": len(members)}})
        return [Problem(self.group, what) for what in wrong]


def _misplaced(
    stored: Stored, inline: list[tuple[str, str]], held: Mapping[int, list[tuple[str, str]]]
) -> Iterator[str]:
    roster = stored.roster
    if roster.buckets and inline:
        yield "members are in its row beside the buckets"
    if len(inline) > CAPACITY or roster.count > max(roster.buckets, 1) * CAPACITY:
        yield f"{max(roster.count, len(inline))} members are too many for {roster.buckets} buckets"
    for at in range(roster.buckets):
        if at not in held:
            yield f"bucket {at} is missing"
    if any(at >= roster.buckets for at in held):
        yield "there are more buckets than the row says"
    astray = sum(roster.bucket(member) != at for at in held for member, _ in held[at] if at < roster.buckets)
    if astray:
        yield f"{astray} members are in a bucket that is not theirs"
    times = Counter(member for links in (inline, *held.values()) for member, _ in links)
    if twice := sum(count > 1 for count in times.values()):
        yield f"{twice} members are there more than once"


@dataclass(frozen=True, slots=True)
class Scraps:
    """Rows of a set of members, or of a queue, belong to a group or to an intent."""

    kind: ResourceType
    stem: str

    async def __call__(self, view: View, draft: Draft) -> list[Problem]:
        """What is wrong; rows that belong to nothing are taken out, some at a time."""
        rows = await view.range(*keys.span(self.stem), limit=_ROWS)
        if not rows or await self._spoken_for(view, draft) or await self._owned(view):
            return []
        for row in rows:
            draft.delete(row)
        record(draft, self.kind.name, "", {"scraps": {"removed": len(rows)}})
        return [Problem(self.stem, "rows that belong to no group and to no unfinished work")]

    async def _spoken_for(self, view: View, draft: Draft) -> bool:
        found = [(each, await opened(view, draft, each)) for each in draft.head.intents]
        return any(self.stem in stems(each, intent) for each, intent in found if intent)

    async def _owned(self, view: View) -> bool:
        if not self.stem.startswith("members:"):
            return False
        name = self.stem.split(":")[1]
        row = await view.get(keys.resource(self.kind.alias, name))
        rows: Iterable[Row] = [row] if row else []
        rows = [*rows, *await view.range(*keys.span(self.kind.alias))]
        return any(owner.roster.buckets and owner.member_set == self.stem for owner in map(self._decode, rows))

    def _decode(self, row: Row) -> Stored:
        return records.decode(self.kind, row)


def stems(identifier: str, intent: Intent) -> tuple[str, ...]:
    """What the keys of all rows begin with that an intent speaks for."""
    return (*intent.queues, *intent.trash, *intent.built(identifier))


def _raw(row: Row) -> Iterator[tuple[str, str]]:
    """The links in a row, those that are there twice among them."""
    for name, packed in row.properties.items():
        if name.startswith("members_") and isinstance(packed, bytes):
            for member in unpack_ids(packed):
                yield member, name.removeprefix("members_")


def _present(links: Mapping[str, str | None]) -> dict[str, str]:
    return {member: alias for member, alias in links.items() if alias is not None}


def _rewrite(draft: Draft, row: Row, group: Stored) -> None:
    draft.merge(row, records.encode(replace(group, number=draft.number), row.properties))
    draft.moved[group.id] = group.kind.alias
