"""Problems: what can be wrong with the rows of a directory, and how one of them is judged.

A matter is looked at through the rows that it concerns and no others, all of one moment, and lays into the draft what
mends it. Looked at with a draft that is thrown away, it is a check; committed, it is a repair, and one that is safe
while others write.
"""

from dataclasses import dataclass
from typing import Literal, Protocol

from scim.changes import Origin
from scim.schema import JsonObject
from scim.storage.drafts import Draft, View

OPERATOR = Origin("operator", "")
"""Whoever repairs."""

type Remedy = Literal["repair", "by hand", "pending", "unsettled"]
"""``repair`` mends it, it must be mended ``by hand``, unfinished work will settle it, or it changed at every look."""


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that is not as it must be; nothing of it is a personal value.

    Attributes:
        where: the row or the resource: an id, or an index and an id.
        what: a sentence.
        remedy: what can be done.
    """

    where: str
    what: str
    remedy: Remedy = "repair"

    @property
    def fault(self) -> bool:
        """Whether it is wrong, and not merely unfinished."""
        return self.remedy in {"repair", "by hand"}


class Matter(Protocol):
    """One thing that may be wrong."""

    async def __call__(self, view: View, draft: Draft) -> list[Problem]:
        """What is wrong with it; the draft gets what mends it."""
        ...


def record(draft: Draft, kind: str, identifier: str, mended: JsonObject) -> None:
    """Say in the draft what was mended, if anything was; ``kind`` is the name of the resource's type."""
    draft.record("repair", (kind, identifier), OPERATOR, mended)
