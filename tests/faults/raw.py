"""A directory's rows, decoded a second time: what the store's own reading gets wrong must not go unseen here."""

import json
import struct
import uuid
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from scim.schema import JsonObject, Schemas
from scim.storage.rows import Properties, Row, Rows

type Links = dict[str, str]
"""Ids, each with the alias of its type."""


@dataclass(frozen=True, slots=True)
class Resource:
    """A resource's row."""

    alias: str
    id: str
    attributes: JsonObject
    number: str
    name: str
    generation: int
    buckets: int
    count: int
    inline: list[tuple[str, str]]
    groups: list[str]


@dataclass(frozen=True, slots=True)
class Bucket:
    """A row of a set of members, under the name of the set."""

    name: str
    generation: int
    at: int
    links: list[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Record:
    """What counts here of a change record."""

    number: str
    previous: str
    kind: str
    id: str
    moved: list[str]
    forgotten: bool


@dataclass(frozen=True, slots=True)
class Intent:
    """What an intent has left to do: groups to leave, rows of members to tell, rows to clear away."""

    began: str
    groups: list[str]
    queues: list[str]
    trash: list[str]
    building: str


@dataclass(slots=True)
class Partition:
    """Every row of a directory, by its kind; ``unknown`` are keys of no kind."""

    head: Properties | None = None
    runs: dict[str, list[tuple[str, int]]] = field(default_factory=dict)
    resources: dict[str, Resource] = field(default_factory=dict)
    indexes: dict[str, str] = field(default_factory=dict)
    buckets: list[Bucket] = field(default_factory=list)
    changes: list[Record] = field(default_factory=list)
    tombstones: dict[str, str] = field(default_factory=dict)
    intents: dict[str, Intent] = field(default_factory=dict)
    queued: dict[str, list[tuple[str, str]]] = field(default_factory=dict)
    unknown: list[str] = field(default_factory=list)

    def take(self, row: Row, aliases: Iterable[str]) -> None:
        """Decode one row."""
        kind, _, rest = row.key.partition(":")
        stem = kind.partition(".")[0]
        held = row.properties
        if row.key == "head":
            self.head = held
        elif kind == "head" and rest.startswith("runs:"):
            packed = whole(held, "runs")
            self.runs[rest[5:]] = [(str(uuid.UUID(bytes=at)), n) for at, n in struct.iter_unpack(">16sH", packed)]
        elif kind in aliases:
            self.resources[rest] = _resource(kind, rest, held)
        elif stem in aliases and stem != kind:
            self.indexes[row.key] = str(held["of"])
        elif kind == "members":
            name, generation, at = rest.split(":")
            self.buckets.append(Bucket(name, int(generation, 16), int(at, 16), links(held)))
        elif kind == "change":
            moved = [entry.partition(":")[2] for entry in text(held, "moved").split()]
            previous, what, of = (text(held, name) for name in ("previous", "kind", "id_"))
            self.changes.append(Record(rest.partition(".")[0], previous, what, of, moved, "forgotten" in held))
        elif kind == "tombstone":
            self.tombstones[rest] = str(held["number"])
        elif kind == "intent" and ":" in rest:
            self.queued[row.key] = links(held)
        elif kind == "intent":
            self.intents[rest] = Intent(
                began=str(held["began"]),
                groups=ids(whole(held, "groups")),
                queues=text(held, "queues").split(),
                trash=text(held, "trash").split(),
                building=str(held["building"]),
            )
        else:
            self.unknown.append(row.key)


_READINGS = 200


async def read(rows: Rows, schemas: Schemas) -> tuple[list[Row], Partition]:
    """Every row of a partition at one moment, as it is and decoded; tries until nobody writes meanwhile."""
    for _ in range(_READINGS):
        before = await rows.get("head")
        found = [row async for page in rows.range("", "\x7f") for row in page]
        if before == await rows.get("head"):
            break
    else:
        raise AssertionError("somebody writes all the time")
    partition = Partition()
    aliases = {kind.alias for kind in schemas.types.values()}
    for row in found:
        if row.key != "job:retention" and not row.key.startswith("job:erase:"):
            partition.take(row, aliases)
    return found, partition


def text(properties: Properties, name: str) -> str:
    """The text in a property and in its numbered continuations."""
    return "".join(piece for piece in _pieces(properties, name) if isinstance(piece, str))


def whole(properties: Properties, name: str) -> bytes:
    """The bytes in a property and in its numbered continuations."""
    return b"".join(piece for piece in _pieces(properties, name) if isinstance(piece, bytes))


def number(properties: Properties, name: str) -> int:
    """The number in a property; 0 where there is none."""
    held = properties.get(name, 0)
    assert isinstance(held, int)
    return held


def ids(packed: bytes) -> list[str]:
    """Ids of 16 bytes each."""
    return [str(uuid.UUID(bytes=packed[at : at + 16])) for at in range(0, len(packed), 16)]


def links(properties: Properties) -> list[tuple[str, str]]:
    """Ids in the lists of each type, each with the type's alias."""
    found: list[tuple[str, str]] = []
    for name, packed in properties.items():
        if name.startswith("members_") and isinstance(packed, bytes):
            found += [(identifier, name.partition("_")[2]) for identifier in ids(packed)]
    return found


def _pieces(properties: Properties, name: str) -> Iterator[object]:
    at = 0
    while (key := f"{name}{at or ''}") in properties:
        yield properties[key]
        at += 1


def _resource(alias: str, identifier: str, held: Properties) -> Resource:
    return Resource(
        alias=alias,
        id=identifier,
        attributes=json.loads(text(held, "resource")),
        number=str(held["number"]),
        name=text(held, "roster") or identifier,
        generation=number(held, "generation"),
        buckets=number(held, "buckets"),
        count=number(held, "members"),
        inline=links(held),
        groups=ids(whole(held, "groups")),
    )
