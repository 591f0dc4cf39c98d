"""Intents: rows that say what is left to do of work that takes more than one transaction.

An intent is written with the transaction that does the deed, or before it, and stands under the id of the resource
concerned; the head names it. Anyone who meets it can finish it.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

from scim.changes import Kind, Origin
from scim.errors import Unavailable
from scim.resources import Note
from scim.storage import keys
from scim.storage.drafts import Apart, Draft, View
from scim.storage.members import Links, pack_ids, pack_links, place, unpack_ids
from scim.storage.rows import Create, Properties, Property, Row, pack, unpack

MAX_INTENTS = 100
"""Intents open at the same time, at most; the head names them all."""
QUEUED = 1_000
"""Ids in one row of a queue, at most."""


class Held(Apart):
    """Somebody is just building another set of members for the group; the operation must wait.

    Attributes:
        identifier: the group's id, and the intent's.
        touched: the number that says when somebody last worked on it.
    """

    def __init__(self, identifier: str, touched: int) -> None:
        super().__init__(identifier)
        self.identifier = identifier
        self.touched = touched


@dataclass(frozen=True, slots=True)
class Intent:
    """What is left to do.

    Attributes:
        type: the name of the resource's type.
        began: the number of the change that it was begun with.
        groups: ids of groups that still name the resource, which is gone.
        queues: stems of keys; the rows below each list members that may not know yet whether they are in the group.
        trash: stems of keys; the rows below each are of no use to anybody.
        building: the name of a set of members that is being made, and of its queue; blank where none is.
    """

    type: str
    began: int
    groups: tuple[str, ...] = ()
    queues: tuple[str, ...] = ()
    trash: tuple[str, ...] = ()
    building: str = ""

    @classmethod
    def decode(cls, row: Row) -> "Intent":
        """Read what ``encode`` wrote."""
        held = row.properties
        return cls(
            type=str(held["type"]),
            began=int(str(held["began"]), 16),
            groups=tuple(unpack_ids(unpack(held, "groups", b""))),
            queues=tuple(unpack(held, "queues", "").split()),
            trash=tuple(unpack(held, "trash", "").split()),
            building=str(held["building"]),
        )

    def encode(self, previous: Properties | None = None) -> dict[str, Property]:
        """The intent as a row's properties."""
        return {
            "type": self.type,
            "began": f"{self.began:016x}",
            "building": self.building,
            **pack("groups", pack_ids(self.groups), previous),
            **pack("queues", " ".join(self.queues), previous),
            **pack("trash", " ".join(self.trash), previous),
        }

    @property
    def done(self) -> bool:
        """Whether nothing is left."""
        return not (self.groups or self.queues or self.trash or self.building)

    def built(self, identifier: str) -> tuple[str, ...]:
        """What the keys begin with of the rows that are being laid down under the intent of an id."""
        return (keys.member_set(self.building), keys.queue(identifier, self.building)) if self.building else ()

    def given_up(self, identifier: str) -> "Intent":
        """The intent, if what is being built is never going to be used."""
        return replace(self, trash=(*self.trash, *self.built(identifier)), building="")


async def opened(view: View, draft: Draft, identifier: str) -> Intent | None:
    """The intent under an id, if the head names one."""
    row = await view.get(keys.intent(identifier)) if identifier in draft.head.intents else None
    return Intent.decode(row) if row else None


async def permit(view: View, draft: Draft, identifier: str) -> None:
    """See that nobody else is building another set of members for a group.

    Raises:
        Held: somebody is.
    """
    there = await opened(view, draft, identifier)
    own = draft.later.built.roster.name if draft.later and draft.later.built else ""
    if there is not None and there.building not in {"", own}:
        raise Held(identifier, draft.head.intents[identifier])


async def intend(view: View, draft: Draft, identifier: str, kind: str, change: Callable[[Intent], Intent]) -> Intent:
    """Lay a changed intent into the draft, one that is there or a new one; it goes when nothing is left to do.

    Raises:
        Unavailable: there are too many already.
    """
    row = await view.get(keys.intent(identifier)) if identifier in draft.head.intents else None
    after = change(Intent.decode(row) if row else Intent(kind, draft.number))
    intents = {other: touched for other, touched in draft.head.intents.items() if other != identifier}
    if row is None:
        if len(intents) >= MAX_INTENTS:
            raise Unavailable("Too much large work is unfinished; send the request again.", retry_after=5)
        draft.create(keys.intent(identifier), after.encode())
    elif after.done:
        draft.delete(row)
    else:
        draft.merge(row, after.encode(row.properties))
    draft.head = replace(draft.head, intents=intents if after.done else {**intents, identifier: draft.number})
    return after


def queue(identifier: str, name: str, links: Links) -> list[Create]:
    """The rows of a queue: in the order of the members' places, so that neighbours share a bucket."""
    ordered = sorted(links.items(), key=lambda link: place(link[0]))
    return [
        Create(keys.queue(identifier, name, at), pack_links(dict(ordered[start : start + QUEUED])))
        for at, start in enumerate(range(0, len(ordered), QUEUED))
    ]


def record(draft: Draft, kind: Kind, intent: Intent, identifier: str, notes: tuple[Note, ...] = ()) -> None:
    """Say in the draft that a piece of an intent's work is done."""
    draft.record(kind, (intent.type, identifier), Origin("", f"{intent.began:016x}"), notes=notes)
