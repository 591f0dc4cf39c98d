"""The port: a partition of rows, reached by three calls, and what may come back from them.

Everything the product keeps passes through ``Rows``. Table Storage and memory each implement it, and one
contract suite holds both to the same behaviour.
"""

import json
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from scim.errors import Unavailable

type Property = str | bytes | int | bool
type Properties = Mapping[str, Property]

MAX_TRANSACTION_ROWS = 100
"""Rows in one entity group transaction, at most (Table Storage's limit)."""
MAX_TRANSACTION_BYTES = 2_000_000
"""Bytes in one entity group transaction, at most (Cosmos DB for Table's limit, the lower one)."""
MAX_ROW_BYTES = 480_000
"""Bytes in one row, at most: Table Storage counts two for each character and stops at 1 MiB."""


_MOST_BYTES = 12
"""Bytes that a character takes, at most: those of an escaped surrogate pair."""
_FRAME = 80_000
"""Bytes of the keys, the names and the numbers of a transaction's rows, at most."""


@dataclass(frozen=True, slots=True)
class Row:
    """A row as read; ``etag`` is the store's own and says nothing to clients."""

    key: str
    etag: str
    properties: Properties


@dataclass(frozen=True, slots=True)
class Create:
    """Insert a row; refused as ``exists`` if the key is taken."""

    key: str
    properties: Properties


@dataclass(frozen=True, slots=True)
class Merge:
    """Set the given properties of a row; refused as ``stale`` if it is no longer at ``etag``."""

    key: str
    etag: str
    properties: Properties


@dataclass(frozen=True, slots=True)
class Delete:
    """Delete a row; refused as ``stale`` if it is no longer at ``etag`` (None: whatever it is at)."""

    key: str
    etag: str | None = None


type Write = Create | Merge | Delete


class Refused(Exception):
    """A transaction was refused, and nothing of it applied.

    Attributes:
        index: which write was the cause, where the store says so.
        cause: ``exists``, ``missing`` or ``stale``.
    """

    def __init__(self, index: int | None, cause: Literal["exists", "missing", "stale"]) -> None:
        super().__init__(cause)
        self.index = index
        self.cause = cause


class Unsettled(Exception):
    """A transaction was sent and its outcome is unknown: it may have applied, or may yet."""


class TableNotFound(Unavailable):
    """The table is not there: its provider was deleted, or is being deleted."""

    def __init__(self) -> None:
        super().__init__("The provider's table is not there.", retry_after=5)


class SettingsChanged(Unavailable):
    """The directory is no longer what this process takes it for: its provider must be read anew, then it may write."""

    def __init__(
        self, detail: str = "The provider's settings are being changed; send the request again.", retry_after: int = 30
    ) -> None:
        super().__init__(detail, retry_after)


class OtherForm(SettingsChanged):
    """The index rows of a value have other keys than this process would make; the value cannot be brought or taken."""

    def __init__(self) -> None:
        super().__init__(
            "Since an update of the service, a value that the request brings or replaces is compared in another way; "
            "such values can be written once the service's operator has run 'python -m scim migrate'.",
            retry_after=60,
        )


class OtherLayout(Unavailable):
    """The rows are in a layout that this version does not know how to read or write."""

    def __init__(self, layout: object, known: int) -> None:
        super().__init__(
            f"The provider's rows are in layout {layout!r}, and this version of the service knows {known}; "
            "'python -m scim migrate' brings older ones to it.",
            retry_after=60,
        )


class Unreachable(Unavailable):
    """The store does not answer, or lets nobody in.

    Attributes:
        remedy: what its operator can do, in a sentence that no client is shown.
        sentence: the same without the store's address, which anyone may know.
    """

    def __init__(self, remedy: str, address: str = "") -> None:
        super().__init__("The store does not answer; send the request again.", retry_after=5)
        self.remedy = remedy
        self.sentence = remedy.replace(f" at {address}", "", 1) if address else remedy


class Rows(Protocol):
    """One partition of one table."""

    async def get(self, key: str) -> Row | None:
        """The row of that key.

        Raises:
            Unreachable: the store does not answer, or asks to be left alone.
            TableNotFound: the table is not there.
        """
        ...

    def range(
        self, low: str, high: str, limit: int | None = None, *, keys_only: bool = False
    ) -> AsyncIterator[list[Row]]:
        """The rows with ``low <= key < high`` in the order of their keys, a page at a time, at most ``limit`` rows.

        With ``keys_only`` they come without their properties.

        Raises:
            Unavailable: as ``get``.
        """
        ...

    async def transact(self, writes: Sequence[Write]) -> list[str]:
        """Apply all of the writes or none of them; returns the new etags, in order (blank for a delete).

        Raises:
            Refused: something stood against it; nothing applied.
            Unsettled: nobody knows whether it applied.
            Unavailable: it surely did not apply, since it was never sent or the table is not there.
        """
        ...


class Tables(Protocol):
    """A storage account's tables."""

    def rows(self, table: str, partition: str) -> Rows:
        """A partition of a table; no call is made."""
        ...

    async def create(self, table: str) -> None:
        """Create a table, if it is not there."""
        ...

    async def drop(self, table: str) -> None:
        """Delete a table with all it holds, if it is there."""
        ...

    async def close(self) -> None:
        """Let go of connections."""
        ...


_PIECE = {"str": 32_767, "wide": 16_383, "bytes": 65_536}


def pack(name: str, value: str | bytes, previous: Properties | None = None) -> dict[str, Property]:
    """A value as one or more numbered properties (``name``, ``name1``, …), each within what a property holds.

    With the row's ``previous`` properties, pieces that are no longer needed are emptied, so that a merge
    leaves nothing of the longer value behind.
    """
    if isinstance(value, bytes):
        width = _PIECE["bytes"]
    else:
        width = _PIECE["str"] if len(value) <= _PIECE["wide"] or value.isascii() else _PIECE["wide"]
    packed: dict[str, Property] = {name: value[:width]}
    for number, start in enumerate(range(width, len(value), width), 1):
        packed[f"{name}{number}"] = value[start : start + width]
    number = len(packed)
    while previous is not None and previous.get(f"{name}{number}"):
        packed[f"{name}{number}"] = value[:0]
        number += 1
    return packed


def unpack[T: (str, bytes)](properties: Properties, name: str, empty: T) -> T:
    """The value that ``pack`` laid into properties; ``empty`` where there is none."""
    value = properties.get(name, empty)
    number = 1
    while piece := properties.get(f"{name}{number}"):
        value += piece  # type: ignore[operator] # pieces are of the first one's type
        number += 1
    return value  # type: ignore[return-value] # as above


def size(write: Write) -> int:
    """About how many bytes a write takes in a row."""
    return _sum(write, lambda text: len(text) if text.isascii() else len(text.encode()))


def wire_size(write: Write) -> int:
    """About how many bytes a write is on the wire: JSON, in which all but ASCII is escaped."""
    return _sum(write, lambda text: len(json.dumps(text)))


def small(writes: Iterable[Write]) -> bool:
    """Whether writes are surely within all limits of bytes, which their characters alone can tell of almost all."""
    characters = 0
    for write in writes:
        if not isinstance(write, Delete):
            for value in write.properties.values():
                if isinstance(value, str | bytes):
                    characters += len(value)
    return characters * _MOST_BYTES < MAX_ROW_BYTES - _FRAME


def _sum(write: Write, measure: Callable[[str], int]) -> int:
    def bytes_of(value: Property) -> int:
        if isinstance(value, str):
            return measure(value)
        return len(value) * 4 // 3 if isinstance(value, bytes) else 8

    if isinstance(write, Delete):
        return len(write.key)
    return len(write.key) + sum(len(name) + bytes_of(value) for name, value in write.properties.items())
