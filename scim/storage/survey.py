"""A survey: every row of a directory is read once, and what does not seem to agree is suspected.

Rows are read at different moments, and others may write meanwhile, so a suspicion is no more than that. What two
rows tell of each other is booked in a ledger; if it is not even, a second survey names those who stand alone there.
"""

import struct
from bisect import bisect_right
from collections.abc import AsyncIterator, Hashable
from dataclasses import dataclass, field

from scim.experimental import MEMBERSHIP
from scim.schema import ResourceType, Schemas
from scim.storage import keys, records
from scim.storage.counts import Counted, Greatest, Named, Numbers, Typed
from scim.storage.entries import Buried, Entries, Entry, Numbered, wanted
from scim.storage.intents import Intent
from scim.storage.ledger import Ledger
from scim.storage.members import CAPACITY, Links, Roster, unpack_links
from scim.storage.membership import groups
from scim.storage.problems import Matter, Problem
from scim.storage.records import Head, Stored
from scim.storage.rows import Row, Rows
from scim.storage.ties import Lists, Scraps, Tie, stems

_LONGEST = 200
UNREADABLE = (KeyError, ValueError, TypeError, AttributeError, struct.error)
"""What decoding a damaged row may raise."""


@dataclass(slots=True)
class _Group:
    """What the rows of a large group's members must come to."""

    id: str
    roster: Roster
    members: int
    buckets: int


@dataclass(slots=True)
class Survey:
    """One reading of all rows.

    Attributes:
        head: the head as it was before the reading.
        uneven: the ledger of an earlier survey; None in the first.
        read: rows read.
        resources: resources read, by the name of their type.
        first_suspects: what may be wrong with the head, on which all else is founded.
        suspects: what may be wrong beside that, and beside what a second survey names.
        certain: what surely is.
    """

    rows: Rows
    schemas: Schemas
    head: Head
    uneven: Ledger | None = None
    read: int = 0
    resources: dict[str, int] = field(default_factory=dict)
    first_suspects: list[Matter] = field(default_factory=list)
    suspects: list[Matter] = field(default_factory=list)
    certain: list[Problem] = field(default_factory=list)
    ledger: Ledger = field(default_factory=Ledger)
    _owner: ResourceType = field(init=False)
    _kinds: tuple[ResourceType, ...] = field(init=False)
    _types: dict[str, ResourceType] = field(init=False)
    _previous: int = 0
    _last: dict[int, int] = field(default_factory=dict)
    _greatest: str = ""
    _intents: set[str] = field(default_factory=set)
    _spoken_for: set[str] = field(default_factory=set)
    _sets: dict[str, _Group] = field(default_factory=dict)
    _stems: set[str] = field(default_factory=set)
    _runs: dict[str, tuple[list[str], list[int]]] = field(default_factory=dict)
    _named: set[Matter] = field(default_factory=set)

    def __post_init__(self) -> None:
        """See which type has members."""
        self._owner = groups(self.schemas)
        self._kinds = tuple(kind for kind in self.schemas.types.values() if kind.name != MEMBERSHIP)  # has no rows
        self._types = {kind.alias: kind for kind in self._kinds}

    async def __call__(self) -> AsyncIterator[list[Matter]]:
        """Read; after each page the suspects that a second survey names by it."""
        await self._begin()
        async for page in self.rows.range("", "\x7f"):
            for row in page:
                self.read += 1
                try:
                    self._take(row)
                except UNREADABLE:
                    self.certain.append(Problem(_told(row.key), "the row cannot be read", "by hand"))
            yield list(self._named)
            self._named.clear()
        self._end()

    @property
    def first(self) -> bool:
        """Whether it is a first survey, which sees to all that concerns one row alone."""
        return self.uneven is None

    def _tie(self, group: str, member: str) -> Tie:
        return Tie(self._kinds, self._owner, group, member)

    async def _begin(self) -> None:
        for kind in self._kinds:
            row = await self.rows.get(keys.runs(kind.alias))
            run = self.head.run(kind.alias)
            runs = [*records.decode_runs(row).entries, *([(run.first, run.count)] if run.first else [])]
            self._runs[kind.alias] = [first for first, _ in runs], [count for _, count in runs]
            self.resources[kind.name] = 0

    def _take(self, row: Row) -> None:
        kind, _, rest = row.key.partition(":")
        if len(row.key) > _LONGEST or not row.key.isascii():
            self.certain.append(Problem(_told(row.key), "the key is not ASCII of 200 characters at most", "by hand"))
        match kind:
            case "change":
                self._change(row)
            case "tombstone":
                self._greatest = max(self._greatest, rest)
                self._pair(("gone", rest, str(row.properties["number"])), Buried(self._kinds, rest), told=False)
            case "intent":
                self._intent(row, rest)
            case "members":
                self._bucket(row)
            case "head" if not rest or rest.removeprefix("runs:") in self._types:
                pass
            case "job" if row.key == keys.RETENTION or keys.is_id(rest.removeprefix("erase:")):
                pass
            case "head" if rest.startswith("runs:"):
                self.suspects.append(Typed(self._kinds))
            case _:
                self._typed(row, kind, rest)

    def _typed(self, row: Row, name: str, rest: str) -> None:
        stem = name.partition(".")[0]
        kind = self._types.get(stem)
        if kind is None:
            self.certain.append(Problem(_told(row.key), "there is no such kind of row", "by hand"))
        elif name == stem:
            self._resource(kind, row, rest)
        elif name not in {index.alias for index in kind.building}:  # of these nobody knows yet which must be there
            self._pair((row.key, str(row.properties.get("of"))), Entry(kind, row.key), told=False)

    def _resource(self, kind: ResourceType, row: Row, identifier: str) -> None:
        stored = records.decode(kind, row)
        for key in wanted(stored):
            self._pair((key, identifier), Entries(kind, identifier))
        for group in stored.memberships:
            self._pair((group, identifier, kind.alias), self._tie(group, identifier), told=False)
        if kind.members:
            self._members(stored, row)
        if self.first:
            self._greatest = max(self._greatest, identifier)
            self.resources[kind.name] += 1
            self._count(kind, identifier)
            self._number(stored)

    def _members(self, stored: Stored, row: Row) -> None:
        links = unpack_links(row.properties)
        for member, alias in links.items():
            self._pair((stored.id, member, alias), self._tie(stored.id, member))
        if stored.roster.buckets:
            self._sets[stored.member_set] = _Group(stored.id, stored.roster, stored.roster.count, stored.roster.buckets)
        if self.first and ((stored.roster.buckets and links) or (not stored.roster.buckets and _astray(stored, links))):
            self.suspects.append(Lists(stored.kind, stored.id))

    def _bucket(self, row: Row) -> None:
        stem, _, at = row.key.rpartition(":")
        group = self._sets.get(stem)
        if group is None:
            self._stems.add(stem)
            return
        links = unpack_links(row.properties)
        group.members -= sum(group.roster.bucket(member) == int(at, 16) for member in links)
        group.buckets -= 1
        for member, alias in links.items():
            self._pair((group.id, member, alias), self._tie(group.id, member))

    def _intent(self, row: Row, rest: str) -> None:
        if ":" in rest:
            self._stems.add(row.key.rpartition(":")[0])
            return
        self._intents.add(rest)
        self._spoken_for.update(stems(rest, Intent.decode(row)))

    def _change(self, row: Row) -> None:
        change = records.decode_change(row)
        if change.previous != self._previous and self.first:
            what = f"the change before it is {self._previous:016x}, and it says {change.previous:016x}"
            self.certain.append(Problem(f"change {change.number:016x}", what, "by hand"))
        self._previous = change.number
        if change.kind == "delete" and not change.forgotten:
            self._pair(("gone", change.id, f"{change.number:016x}"), Buried(self._kinds, change.id, change.number))
        if self.first and change.number <= self.head.number:
            for _, identifier in change.moved:
                self._last[_packed(identifier)] = change.number
            if change.kind == "delete":
                self._last[_packed(change.id)] = -change.number

    def _number(self, stored: Stored) -> None:
        last = self._last.pop(_packed(stored.id), None)
        if last is not None and last < 0:
            self.suspects.append(Buried(self._kinds, stored.id, -last))
        elif last is not None and stored.number != last:
            self.suspects.append(Numbered(stored.kind, stored.id, last, self.head.number))

    def _count(self, kind: ResourceType, identifier: str) -> None:
        firsts, left = self._runs[kind.alias]
        at = bisect_right(firsts, identifier) - 1
        if at >= 0:
            left[at] -= 1

    def _pair(self, fact: Hashable, matter: Matter, *, told: bool = True) -> None:
        """Book what one of two rows tells; ``told`` says which of the two."""
        if self.uneven is None:
            (self.ledger.add if told else self.ledger.take)(fact)
        elif self.uneven.uneven(fact):
            self._named.add(matter)

    def _end(self) -> None:
        if not self.first:
            return
        self.first_suspects = [
            Numbers(self._previous),
            Greatest(self._greatest),
            *(Named(each) for each in sorted(self._intents | self.head.intents.keys())),
            Typed(self._kinds),
        ]
        for kind in self._kinds:
            self.suspects.append(Counted(kind))
            self.suspects += (Counted(kind, first) for first, left in zip(*self._runs[kind.alias], strict=True) if left)
        torn = (each.id for each in self._sets.values() if each.members or each.buckets)
        self.suspects += (Lists(self._owner, identifier) for identifier in torn)
        self.suspects += (Scraps(self._owner, stem) for stem in sorted(self._stems - self._spoken_for))


def _astray(stored: Stored, links: Links) -> bool:
    """Whether a row that has all its members itself does not count them, or has too many."""
    return len(links) != stored.roster.count or stored.roster.count > CAPACITY


def _packed(identifier: str) -> int:
    return int(identifier.replace("-", ""), 16)


def _told(key: str) -> str:
    """A key without the value in it."""
    kind, _, rest = key.partition(":")
    plain = kind in {"change", "tombstone", "intent", "members"} or "." not in kind
    return key[:60] if plain and kind else f"{kind[:40]}, …{rest[-36:] if keys.is_id(rest[-36:]) else ''}"
