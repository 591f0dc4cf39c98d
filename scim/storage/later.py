"""Later: an edit of a group's members whose members learn of it in transactions to come.

What such an edit must know before it can be committed is gathered between its attempts, while others write.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from scim.resources import Note
from scim.storage.members import Links, Roster


@dataclass(frozen=True, slots=True)
class Built:
    """A set of members that was laid down before any group's row names it, so that nobody sees it.

    Attributes:
        intent: the id of the intent that it stands under.
        base: the number of the group that it was made from; 0 where there was no group.
        roster: how many it has, and under which name.
        members: the members, if they are few enough for the group's own row.
        added: who joined, each with the alias of its type.
        removed: who left.
        notes: what was passed over.
    """

    intent: str
    base: int
    roster: Roster
    members: Links | None
    added: Links
    removed: Links
    notes: tuple[Note, ...]


@dataclass(slots=True)
class Later:
    """What one such edit has come to so far.

    Attributes:
        since: the number of the last change before the first look at who exists; 0 before that.
        known: for each id that was looked for the alias of its type, None if no resource has it.
        apart: whether only a set that is built beforehand will do.
        built: that set.
        rehearsal: whether nothing is to be written.
    """

    since: int = 0
    known: dict[str, str | None] = field(default_factory=dict)
    apart: bool = False
    built: Built | None = None
    rehearsal: bool = False

    def lost(self, ids: Mapping[str, object]) -> bool:
        """Whether one of these is known to exist no more."""
        return any(self.known.get(identifier, "") is None for identifier in ids)
