"""What the rows of a directory hold: the head, resources, changes."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from scim import changes
from scim.errors import NotFound, PayloadTooLarge
from scim.schema import JsonObject, ResourceType
from scim.storage import forms, keys
from scim.storage.forms import Form
from scim.storage.members import EMPTY, Links, Roster, pack_ids, pack_links, unpack_ids, unpack_links
from scim.storage.rows import OtherLayout, Properties, Property, Row, pack, unpack
from scim.storage.runs import ClosedRuns, OpenRun

_ENCODER = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))

LAYOUT = 1
"""The version of the rows' layout that this code writes."""
MAX_RESOURCE_BYTES = 230_000
"""Bytes of a resource's JSON, at most: one change record must hold it twice, before and after, within a row."""


@dataclass(frozen=True, slots=True)
class Head:
    """The row that every write moves: the last change, and what must be exact at any moment.

    Attributes:
        number: the last change's number.
        last_id: the greatest id given so far.
        runs: the open run of each type, by alias; with the type's total.
        intents: ids of resources with unfinished work, each with a number that says when its process last worked on it.
        unique: aliases of the unique indexes; a process that believes in others may not write.
        form: the normal form behind the keys of index rows.
    """

    number: int = 0
    last_id: str = ""
    runs: Mapping[str, OpenRun] = field(default_factory=dict)
    intents: Mapping[str, int] = field(default_factory=dict)
    unique: str = ""
    form: Form = field(default_factory=forms.ours)

    @classmethod
    def decode(cls, row: Row) -> "Head":
        """Read what ``encode`` wrote.

        Raises:
            OtherLayout: another version did.
        """
        properties = row.properties
        if properties["layout"] != LAYOUT:
            raise OtherLayout(properties["layout"], LAYOUT)
        runs = json.loads(str(properties["runs"]))
        return cls(
            number=int(str(properties["number"]), 16),
            last_id=str(properties["last"]),
            runs={alias: OpenRun(*entry) for alias, entry in runs.items()},
            intents={identifier: int(number, 16) for identifier, number in _intents(properties).items()},
            unique=str(properties["unique"]),
            form=forms.read(str(properties.get("form", forms.UNSAID))),
        )

    def encode(self) -> dict[str, Property]:
        """The head as a row's properties."""
        runs = {alias: [run.first, run.count, run.total] for alias, run in self.runs.items()}
        return {
            "layout": LAYOUT,
            "number": f"{self.number:016x}",
            "last": self.last_id,
            "runs": json.dumps(runs),
            "unique": self.unique,
            "form": str(self.form),
            "intents": json.dumps({identifier: f"{number:016x}" for identifier, number in self.intents.items()}),
        }

    def run(self, alias: str) -> OpenRun:
        """The open run of a type."""
        return self.runs.get(alias, OpenRun())

    def with_run(self, alias: str, run: OpenRun) -> "Head":
        """The head with another open run."""
        return replace(self, runs={**self.runs, alias: run})


def _intents(properties: Properties) -> dict[str, str]:
    intents: dict[str, str] = json.loads(str(properties["intents"]))
    return intents


@dataclass(frozen=True, slots=True)
class Stored:
    """A resource as the directory keeps it.

    Attributes:
        number: the last change that moved what a client sees of it.
        roster: where its members are, if its type has any.
        members: its members, each with the alias of its type; None where they were not asked for.
        memberships: ids of the groups it is a direct member of.
    """

    kind: ResourceType
    id: str
    attributes: JsonObject
    created: str
    modified: str
    number: int
    roster: Roster = EMPTY
    members: Links | None = None
    memberships: tuple[str, ...] = ()

    @property
    def member_set(self) -> str:
        """What the keys of its buckets have in common."""
        return keys.member_set(self.roster.name or self.id, self.roster.generation)

    def bucket(self, at: int) -> str:
        """The key of one of its buckets."""
        return keys.members(self.roster.name or self.id, self.roster.generation, at)

    @property
    def version(self) -> str:
        """``meta.version``: a weak entity tag, since the same change may be shown in more than one way."""
        return f'W/"{self.number:016x}"'


def decode(kind: ResourceType, row: Row) -> Stored:
    """A resource from its row; members are there only while they are inline."""
    properties = row.properties
    roster = Roster(
        generation=_count(properties, "generation"),
        buckets=_count(properties, "buckets"),
        count=_count(properties, "members"),
        name=str(properties.get("roster", "")),
    )
    return Stored(
        kind=kind,
        id=row.key.partition(":")[2],
        attributes=json.loads(unpack(properties, "resource", "{}")),
        created=str(properties["created"]),
        modified=str(properties["modified"]),
        number=int(str(properties["number"]), 16),
        roster=roster,
        members=unpack_links(properties) if kind.members and not roster.buckets else None,
        memberships=memberships(row),
    )


def encode(stored: Stored, previous: Properties | None = None) -> dict[str, Property]:
    """A resource as a row's properties, all but its memberships; see ``pack`` for ``previous``.

    Raises:
        PayloadTooLarge: it is longer than a resource may be.
    """
    text = _ENCODER.encode(stored.attributes)
    if len(text.encode()) > MAX_RESOURCE_BYTES:
        raise PayloadTooLarge(
            f"The {stored.kind.name} would take {len(text.encode())} bytes, and {MAX_RESOURCE_BYTES} is the limit."
        )
    properties = pack("resource", text, previous)
    properties |= {"created": stored.created, "modified": stored.modified, "number": f"{stored.number:016x}"}
    if stored.kind.members:
        roster = stored.roster
        properties |= {"generation": roster.generation, "buckets": roster.buckets, "members": roster.count}
        properties |= {"roster": roster.name} if roster.name else {}
        properties |= pack_links({} if roster.buckets else stored.members or {}, previous)
    return properties


def memberships(row: Row) -> tuple[str, ...]:
    """The ids of the groups that the row's resource is a direct member of."""
    return tuple(unpack_ids(unpack(row.properties, "groups", b"")))


def encode_memberships(groups: set[str], number: int, previous: Properties) -> dict[str, Property]:
    """A resource's new memberships as properties to merge into its row."""
    return {**pack("groups", pack_ids(groups), previous), "number": f"{number:016x}"}


def decode_runs(row: Row | None) -> ClosedRuns:
    """The closed runs of a type from their row; none while there is no row."""
    return ClosedRuns.unpack(unpack(row.properties, "runs", b"")) if row else ClosedRuns()


def encode_runs(runs: ClosedRuns, previous: Row | None = None) -> dict[str, Property]:
    """Closed runs as a row's properties."""
    return pack("runs", runs.pack(), previous.properties if previous else None)


def encode_change(change: changes.Change, transaction: str) -> dict[str, Property]:
    """A change record as a row's properties."""
    properties: dict[str, Property] = {"transaction": transaction}
    for name, text in changes.encode(change).items():
        properties |= pack(name, text)
    return properties


def decode_change(row: Row) -> changes.Change:
    """A change record from its row."""
    names = {name.rstrip("0123456789") for name in row.properties}
    texts = {name: unpack(row.properties, name, "") for name in names if isinstance(row.properties.get(name), str)}
    number, _, place = row.key.partition(":")[2].partition(".")
    return changes.decode(int(number, 16), int(place or "0", 16), texts)


def not_found(kind: ResourceType, identifier: str) -> NotFound:
    """What to raise for an id that no resource of a type has."""
    return NotFound(f"There is no {kind.name} with the id {identifier[:100]}.")


def _count(properties: Properties, name: str) -> int:
    value = properties.get(name, 0)
    return value if isinstance(value, int) else 0
