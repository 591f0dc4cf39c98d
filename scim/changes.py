"""The record of every write: who did what to which resource, and what a profile let pass.

It is the audit trail, and the ordered feed that the vendor's application reads.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from scim.resources import Note
from scim.schema import JsonObject

Kind = Literal["create", "replace", "modify", "delete", "begin", "follow", "skipped", "settings", "repair", "erase"]
"""What was done; ``begin`` prepares a change that takes more than one transaction, ``follow`` finishes an earlier one,
``skipped`` recorded a request that changed nothing, ``settings`` are the provider's own, ``repair`` made rows agree
again, and ``erase`` took values out of records."""

_ENCODER = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))

MAX_LISTED_NOTES = 100
"""Notes that a change lists one by one, at most."""
MAX_LISTED_MEMBERS = 1_000
"""Members that a change lists one by one, at most; a larger change records their number."""


@dataclass(frozen=True, slots=True)
class Origin:
    """Who asked for a change: the credential's key id, and the id of the request."""

    credential: str
    request: str


@dataclass(frozen=True, slots=True)
class Change:
    """One committed write.

    Attributes:
        number: its place in the provider's total order; its upper 48 bits are Unix milliseconds.
        previous: the number of the change before it.
        kind: what was done.
        type: name of the resource's type.
        id: the resource's id.
        origin: who asked.
        moved: every resource whose version moved, each with the alias of its type.
        values: changed attributes, each with its value before and after.
        notes: what was ignored, dropped, coerced, skipped or created by leave of the profile.
        place: its place among the changes of one transaction, which all have its number.
        erased: whether it had values once, and they were taken out.
        forgotten: whether it deleted something of which there is no tombstone any more.
    """

    number: int
    previous: int
    kind: Kind
    type: str
    id: str
    origin: Origin
    moved: tuple[tuple[str, str], ...] = ()
    values: JsonObject | None = None
    notes: tuple[Note, ...] = ()
    place: int = 0
    erased: bool = False
    forgotten: bool = False

    @property
    def at(self) -> str:
        """When, as a SCIM dateTime."""
        return instant(self.number)


def instant(number: int) -> str:
    """The time in a change number, as a SCIM dateTime with milliseconds."""
    at = datetime.fromtimestamp((number >> 16) / 1000, UTC)
    return at.isoformat(timespec="milliseconds").removesuffix("+00:00") + "Z"


def difference(before: JsonObject, after: JsonObject) -> JsonObject:
    """The attributes that differ, each with its value ``before`` and ``after``, extensions' by their full name."""
    flat_before, flat_after = _flatten(before), _flatten(after)
    names = [*flat_before, *(name for name in flat_after if name not in flat_before)]
    return {
        name: {"before": flat_before.get(name), "after": flat_after.get(name)}
        for name in names
        if name != "schemas" and flat_before.get(name) != flat_after.get(name)
    }


def members(added: Iterable[str], removed: Iterable[str]) -> JsonObject:
    """What a change says of members: their ids, or only their number where they are many."""
    groups = {"added": sorted(added), "removed": sorted(removed)}
    return {name: ids if len(ids) <= MAX_LISTED_MEMBERS else {"count": len(ids)} for name, ids in groups.items() if ids}


def encode(change: Change) -> dict[str, str]:
    """A change as named texts, for a row."""
    texts = {
        "previous": f"{change.previous:016x}",
        "at": change.at,
        "kind": change.kind,
        "type": change.type,
        "id_": change.id,
        "credential": change.origin.credential,
        "request": change.origin.request,
        "moved": " ".join(f"{alias}:{identifier}" for alias, identifier in change.moved),
        "notes": json.dumps(_listed(change.notes)) if change.notes else "",
        "values": _ENCODER.encode(change.values) if change.values else "",
    }
    return {name: text for name, text in texts.items() if text}


def decode(number: int, place: int, texts: dict[str, str]) -> Change:
    """Read what ``encode`` wrote."""
    notes = json.loads(texts.get("notes") or "[]")
    values = texts.get("values")
    return Change(
        number=number,
        previous=int(texts["previous"], 16),
        kind=texts["kind"],  # type: ignore[arg-type] # written by encode
        type=texts["type"],
        id=texts.get("id_", ""),
        origin=Origin(texts.get("credential", ""), texts.get("request", "")),
        moved=tuple(_moved(entry) for entry in texts.get("moved", "").split()),
        values=json.loads(values) if values else None,
        notes=tuple(Note(quirk, attribute) for quirk, attribute in notes),
        place=place,
        erased="erased" in texts,
        forgotten="forgotten" in texts,
    )


def _listed(notes: tuple[Note, ...]) -> list[list[str]]:
    """The notes as they are written down: the first ones, and how many more there were."""
    listed = [[note.quirk, note.attribute] for note in notes[:MAX_LISTED_NOTES]]
    more = len(notes) - len(listed)
    return [*listed, ["more_notes", str(more)]] if more else listed


def _moved(entry: str) -> tuple[str, str]:
    alias, _, identifier = entry.partition(":")
    return alias, identifier


def _flatten(resource: JsonObject) -> JsonObject:
    flat: JsonObject = {}
    for name, value in resource.items():
        if name.startswith("urn:") and isinstance(value, dict):
            flat.update({f"{name}:{inner}": held for inner, held in value.items()})
        else:
            flat[name] = value
    return flat
