"""A transaction in the making: what a write has read, and what it lays down.

Several operations may lie in one draft. Each of them sees the rows as the ones before it will leave them, and one
that fails leaves no trace.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import batched

from scim.changes import Change, Kind, Origin, instant
from scim.errors import PayloadTooLarge, ScimError
from scim.resources import Note
from scim.schema import JsonObject
from scim.storage import keys, records
from scim.storage.later import Later
from scim.storage.records import Head
from scim.storage.rows import (
    MAX_ROW_BYTES,
    MAX_TRANSACTION_BYTES,
    MAX_TRANSACTION_ROWS,
    Create,
    Delete,
    Merge,
    Properties,
    Row,
    Rows,
    Write,
    size,
    small,
    wire_size,
)

PARALLEL = 50
"""Rows that one request reads at the same time, at most."""

type Decide[T] = Callable[["View", "Draft"], Awaitable[T]]
"""Reads what it needs from the view and lays its writes into the draft; run again when an attempt is refused."""


@dataclass(frozen=True, slots=True)
class Foreseen:
    """The rows that an operation is sure to read, for those of several operations to be read together.

    Attributes:
        keys: theirs, as far as they can be told beforehand.
        then: the keys of more, which the row of the first tells.
    """

    keys: tuple[str, ...] = ()
    then: Callable[[Row], Iterable[str]] | None = None


NOTHING = Foreseen()


class Apart(Exception):
    """An operation cannot be done in this transaction, but in another way."""


class TooLarge(Apart):
    """A draft does not fit into one transaction; the text says by how much."""

    def __init__(self, rows: int, number_of_bytes: int = 0) -> None:
        many = f"{rows} rows, and {MAX_TRANSACTION_ROWS} are the limit"
        big = f"{number_of_bytes} bytes, and {MAX_TRANSACTION_BYTES} are the limit"
        super().__init__(many if rows > MAX_TRANSACTION_ROWS else big)


class Torn(Exception):
    """Rows that belong together were read from before and after another write; they must be read anew."""


class WrittenBefore(Exception):
    """An operation of the same draft has written the row in a way that takes another transaction for this one."""


class View:
    """The rows one write has read, each once, until one of them proves stale; as earlier operations leave them.

    Attributes:
        at: the etag of the head that they were read under, and hold for.
    """

    def __init__(self, rows: Rows) -> None:
        self.at = ""
        self._rows = rows
        self._read: dict[str, Row | None] = {}
        self._expected: dict[str, Row | None] = {}

    async def get(self, key: str) -> Row | None:
        """The row of that key."""
        if key in self._expected:
            return self._expected[key]
        if key not in self._read:
            self._read[key] = await self._rows.get(key)
        return self._read[key]

    async def fetch(self, wanted: Iterable[str]) -> list[Row | None]:
        """Several rows, read in parallel."""
        found: list[Row | None] = []
        for some in batched(dict.fromkeys(wanted), PARALLEL, strict=False):
            found += await asyncio.gather(*(self.get(key) for key in some))
        return found

    async def foresee(self, foreseen: Sequence[Foreseen]) -> None:
        """Read what the first of several operations are sure to read, in parallel: of as many as go together."""
        near = [*_near(foreseen)]
        await self.fetch(key for each in near for key in each.keys)
        leading = [(each.then, await self.get(each.keys[0])) for each in near if each.then]
        await self.fetch(key for then, row in leading if row for key in _told(then, row))

    async def range(self, low: str, high: str, limit: int | None = None) -> list[Row]:
        """All rows of a range, in order."""
        expected = {key: row for key, row in self._expected.items() if low <= key < high}
        gone = sum(row is None for row in expected.values())
        most = None if limit is None else limit + gone
        found = {row.key: row async for page in self._rows.range(low, high, most) for row in page}
        self._read.update(found)
        rows = found | expected
        return [row for key in sorted(rows) if (row := rows[key]) is not None][:limit]

    def under(self, head: str) -> None:
        """Go on only with rows that were read under a head of that etag, for no row changes but with the head."""
        if self.at != head:
            self.forget()
            self.at = head

    def expect(self, rows: dict[str, Row | None]) -> None:
        """Show rows as a transaction in the making will leave them."""
        self._expected |= rows

    def forget(self) -> None:
        """Read every row anew when it is next asked for."""
        self._read.clear()
        self._expected.clear()


def _near(foreseen: Iterable[Foreseen]) -> Iterator[Foreseen]:
    """Those of the first that fit into a transaction if they write what they read; others come with another head."""
    rows = 0
    for each in foreseen:
        rows += len(each.keys)
        if rows > MAX_TRANSACTION_ROWS:
            return
        yield each


def _told(then: Callable[[Row], Iterable[str]], row: Row) -> Iterable[str]:
    """The keys that a row tells; one that cannot be read tells none, and fails its own operation alone."""
    try:
        return [*then(row)]
    except Exception:  # noqa: BLE001 (whoever reads it again gets it)
        return ()


class Draft:
    """One transaction in the making: at most one write per key.

    Attributes:
        head: the head as the transaction will leave it.
        number: the transaction's change number.
        now: its time, as a SCIM dateTime.
        previous: the number of the change before it.
        moved: every resource whose version the operation moves, with the alias of its type.
        claims: the keys of new rows that nobody else may have, each with the error to raise where somebody does.
        later: where the lists that members carry are to follow in transactions to come, what is known for that.

    Args:
        transaction: the mark that the transaction leaves in its change records.
    """

    def __init__(self, head: Head, number: int, transaction: str = "") -> None:
        self.head = head
        self.number = number
        self.now = instant(number)
        self.previous = head.number
        self.moved: dict[str, str] = {}
        self._transaction = transaction
        self._change: Create | None = None
        self._changes: list[Create] = []
        self._writes: dict[str, Write] = {}
        self.claims: dict[str, ScimError] = {}
        self.later: Later | None = None
        self._touched: dict[str, Row | None] = {}
        self._kept = head, dict[str, Write](), dict[str, ScimError]()

    def create(self, key: str, properties: Properties, taken: ScimError | None = None) -> None:
        """Insert a row; ``taken`` is raised if the key is taken, now or when the transaction is sent.

        Raises:
            WrittenBefore: the transaction deletes the row already.
        """
        before = self._writes.get(key)
        if isinstance(before, Create) and taken is not None:
            raise taken
        if isinstance(before, Delete):
            raise WrittenBefore
        self._touch(Create(key, properties), Row(key, "", properties))
        if taken is not None:
            self.claims[key] = taken

    def merge(self, row: Row, properties: Properties) -> None:
        """Set properties of a row that must still be as it was read."""
        before, shown = self._writes.get(row.key), self._touched.get(row.key) or row
        after = Row(row.key, row.etag, {**shown.properties, **properties})
        if isinstance(before, Create):
            self._touch(Create(row.key, {**before.properties, **properties}), after)
        elif isinstance(before, Merge):
            self._touch(Merge(row.key, before.etag, {**before.properties, **properties}), after)
        else:
            self._touch(Merge(row.key, row.etag, properties), after)

    def delete(self, row: Row) -> None:
        """Delete a row that must still be as it was read."""
        before = self._writes.get(row.key)
        self._untouch(row.key, Delete(row.key, before.etag if isinstance(before, Merge) else row.etag))

    def drop(self, key: str, of: str = "") -> None:
        """Delete a row that another row in the transaction vouches for.

        Args:
            key: the key of the row.
            of: the id of the resource whose row it is, where it is one that only one resource can have.

        Raises:
            WrittenBefore: the transaction creates the row for another resource, which the store will refuse.
        """
        before = self._writes.get(key)
        if isinstance(before, Create) and before.properties.get("of", of) != of:
            raise WrittenBefore
        self._untouch(key, Delete(key))

    def record(
        self,
        kind: Kind,
        of: tuple[str, str],
        origin: Origin,
        values: JsonObject | None = None,
        notes: tuple[Note, ...] = (),
    ) -> None:
        """Say what the operation does, once all that it moves has moved; ``of`` is a type's name and an id."""
        place = len(self._changes)
        change = Change(
            number=self.number,
            previous=self.number if place else self.previous,
            kind=kind,
            type=of[0],
            id=of[1],
            origin=origin,
            moved=tuple((alias, moved) for moved, alias in self.moved.items()),
            values=values,
            notes=notes,
            place=place,
        )
        self._change = Create(keys.change(self.number, place), records.encode_change(change, self._transaction))

    def new_id(self) -> str:
        """An id for a new resource, greater than any given before."""
        identifier = keys.new_id(self.number >> 16, self.head.last_id)
        self.head = replace(self.head, last_id=identifier)
        return identifier

    def take_id(self, identifier: str) -> tuple[str, str]:
        """An id that was given elsewhere, and when that was."""
        self.head = replace(self.head, last_id=max(self.head.last_id, identifier))
        return identifier, instant(keys.given_at(identifier) << 16)

    @property
    def empty(self) -> bool:
        """Whether there is nothing to commit."""
        return not self._writes and not self._recorded

    def keep(self, view: View) -> None:
        """End an operation that stands, and show the ones after it what it leaves behind."""
        self._changes = self._recorded
        view.expect(self._touched)
        self._begin()
        self._kept = self.head, dict(self._writes), dict(self.claims)

    def undo(self) -> None:
        """End an operation that does not, and leave nothing of it behind."""
        head, writes, claims = self._kept
        self.head, self._writes, self.claims = head, dict(writes), dict(claims)
        self._begin()

    def writes(self, head: Row) -> list[Write]:
        """The whole transaction: the head, checked rows, new rows, dropped rows, in the order that shows a stale row.

        Raises:
            TooLarge: it does not fit into one transaction.
            PayloadTooLarge: one row does not fit into a row.
        """
        new_head = replace(self.head, number=self.number)
        ordered = [
            Merge(head.key, head.etag, new_head.encode()),
            *sorted([*self._writes.values(), *self._recorded], key=_order),
        ]
        if len(ordered) > MAX_TRANSACTION_ROWS or not small(ordered):
            _measure(ordered)
        self.head = new_head
        return ordered

    def check(self) -> None:
        """See that the transaction is not too much already; raises as ``writes`` does."""
        self.writes(Row(keys.HEAD, "", {}))

    def _touch(self, write: Write, after: Row | None) -> None:
        self._writes[write.key] = write
        self._touched[write.key] = after

    def _untouch(self, key: str, write: Delete) -> None:
        if isinstance(self._writes.get(key), Create):
            del self._writes[key]
            self.claims.pop(key, None)
        else:
            self._writes[key] = write
        self._touched[key] = None

    @property
    def _recorded(self) -> list[Create]:
        """The rows that record the operations; those after the first of a transaction follow it in order."""
        return self._changes if self._change is None else [*self._changes, self._change]

    def _begin(self) -> None:
        self.moved, self._change, self._touched = {}, None, {}


def _measure(writes: Sequence[Write]) -> None:
    """See that writes fit into a transaction, and each into a row; raises as ``Draft.writes`` does."""
    on_the_wire = sum(map(wire_size, writes))
    if len(writes) > MAX_TRANSACTION_ROWS or on_the_wire > MAX_TRANSACTION_BYTES:
        raise TooLarge(len(writes), on_the_wire)
    if (largest := max(map(size, writes))) > MAX_ROW_BYTES:
        raise PayloadTooLarge(
            f"The request would write a row of {largest} bytes, and {MAX_ROW_BYTES} are the limit for one."
        )


def _order(write: Write) -> int:
    return 1 if isinstance(write, Create) else 2 if isinstance(write, Delete) and write.etag is None else 0
