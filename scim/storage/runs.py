"""Runs: how many resources lie between which ids, so that any ``startIndex`` is found without counting.

Ids are in the order of commits, so a type's resources form a growing sequence. It is cut into runs of 500:
the open run lies in the head row, the closed ones in a row of their own.
"""

import struct
import uuid
from bisect import bisect_right
from dataclasses import dataclass, replace
from itertools import accumulate

RUN = 500
"""Resources in a run when it closes."""

_ENTRY = struct.Struct(">16sH")


@dataclass(frozen=True, slots=True)
class OpenRun:
    """The run that new resources join: the id of its first resource, and how many are left in it."""

    first: str = ""
    count: int = 0
    total: int = 0
    """Resources of the type in all runs."""

    def add(self, identifier: str) -> "OpenRun":
        """The run with one more resource; full or empty, the resource starts a new one."""
        if self.full or not self.count:
            return OpenRun(identifier, 1, self.total + 1)
        return replace(self, count=self.count + 1, total=self.total + 1)

    def remove(self) -> "OpenRun":
        """The run with one resource fewer."""
        return replace(self, count=self.count - 1, total=self.total - 1)

    def holds(self, identifier: str) -> bool:
        """Whether a resource of the type is in this run, and not in a closed one."""
        return bool(self.first) and identifier >= self.first

    @property
    def full(self) -> bool:
        """Whether the next resource closes this run."""
        return self.count >= RUN


@dataclass(frozen=True, slots=True)
class ClosedRuns:
    """The closed runs of a type, in the order of their first ids; none is empty."""

    entries: tuple[tuple[str, int], ...] = ()

    @classmethod
    def unpack(cls, packed: bytes) -> "ClosedRuns":
        """Read what ``pack`` wrote."""
        return cls(tuple((str(uuid.UUID(bytes=first)), count) for first, count in _ENTRY.iter_unpack(packed)))

    def pack(self) -> bytes:
        """The runs as bytes, 18 each."""
        return b"".join(_ENTRY.pack(uuid.UUID(first).bytes, count) for first, count in self.entries)

    def append(self, run: OpenRun) -> "ClosedRuns":
        """The runs with one more, just closed."""
        return ClosedRuns((*self.entries, (run.first, run.count)))

    def remove(self, identifier: str) -> "ClosedRuns":
        """The runs with one resource fewer in the run that holds ``identifier``."""
        at = bisect_right(self.entries, identifier, key=lambda entry: entry[0]) - 1
        first, count = self.entries[at]
        kept = ((first, count - 1),) if count > 1 else ()
        return ClosedRuns((*self.entries[:at], *kept, *self.entries[at + 1 :]))

    def locate(self, offset: int, last: OpenRun) -> tuple[str, int] | None:
        """Where the resource at ``offset`` (from 0) is: an id to start reading at, and how many to pass over."""
        if offset >= last.total:
            return None
        runs = (*self.entries, (last.first, last.count))
        ends = list(accumulate(count for _, count in runs))
        at = bisect_right(ends, offset)
        return (runs[at][0], offset - (ends[at - 1] if at else 0)) if at < len(runs) else None
