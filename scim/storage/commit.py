"""Commit: every write is one transaction that moves the head row first.

So all changes of a provider have one order, totals are exact at any moment, and a crash leaves nothing half
done. A lock keeps writers of this process from colliding with each other; writers of other processes are met
by the head's etag and a bounded, jittered retry. A transaction whose outcome nobody knows is settled by
looking for its change record.
"""

import asyncio
import random
import time
import uuid
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import batched

from scim.changes import Change, instant
from scim.errors import PayloadTooLarge, ScimError, Unavailable
from scim.storage import keys, records
from scim.storage.records import Head
from scim.storage.rows import (
    MAX_ROW_BYTES,
    MAX_TRANSACTION_BYTES,
    MAX_TRANSACTION_ROWS,
    Create,
    Delete,
    Merge,
    Properties,
    Refused,
    Row,
    Rows,
    Unsettled,
    Write,
    size,
    wire_size,
)

ATTEMPTS = 8
"""Times a write is tried before the client is asked to come back."""
PATIENCE = 20.0
"""Seconds within which all of them, and the wait for the lock, must fall."""

PARALLEL = 50
"""Rows that one request reads at the same time, at most."""

type Clock = Callable[[], int]
"""Gives Unix time in milliseconds."""

type Decide[T] = Callable[["View", "Draft"], Awaitable[T]]
"""Reads what it needs from the view and lays its writes into the draft; run again when an attempt is refused."""


def unix_milliseconds() -> int:
    """The time, as a ``Clock`` tells it."""
    return time.time_ns() // 1_000_000


class TooLarge(Exception):
    """A draft does not fit into one transaction; the text says by how much."""

    def __init__(self, rows: int, number_of_bytes: int = 0) -> None:
        many = f"{rows} rows, and {MAX_TRANSACTION_ROWS} are the limit"
        big = f"{number_of_bytes} bytes, and {MAX_TRANSACTION_BYTES} are the limit"
        super().__init__(many if rows > MAX_TRANSACTION_ROWS else big)


class Torn(Exception):
    """Rows that belong together were read from before and after another write; they must be read anew."""


class View:
    """The rows one write has read: each once, until one of them proves stale."""

    def __init__(self, rows: Rows) -> None:
        self._rows = rows
        self._read: dict[str, Row | None] = {}

    async def get(self, key: str) -> Row | None:
        """The row of that key."""
        if key not in self._read:
            self._read[key] = await self._rows.get(key)
        return self._read[key]

    async def fetch(self, wanted: Iterable[str]) -> list[Row | None]:
        """Several rows, read in parallel."""
        found: list[Row | None] = []
        for some in batched(dict.fromkeys(wanted), PARALLEL, strict=False):
            found += await asyncio.gather(*(self.get(key) for key in some))
        return found

    async def range(self, low: str, high: str, limit: int | None = None) -> list[Row]:
        """All rows of a range, in order."""
        found = [row async for page in self._rows.range(low, high, limit) for row in page]
        self._read.update({row.key: row for row in found})
        return found

    def forget(self) -> None:
        """Read every row anew when it is next asked for."""
        self._read.clear()


class Draft:
    """One transaction in the making: at most one write per key.

    Attributes:
        head: the head as the transaction will leave it.
        number: the transaction's change number.
        now: its time, as a SCIM dateTime.
        previous: the number of the change before it.
        moved: every resource whose version moves, with the alias of its type.
        change: the record of what the transaction does.
    """

    def __init__(self, head: Head, number: int) -> None:
        self.head = head
        self.number = number
        self.now = instant(number)
        self.previous = head.number
        self.moved: dict[str, str] = {}
        self.change: Change | None = None
        self._writes: dict[str, Write] = {}
        self._claims: dict[str, ScimError] = {}

    def create(self, key: str, properties: Properties, taken: ScimError | None = None) -> None:
        """Insert a row; ``taken`` is raised if another transaction has inserted it before."""
        self._writes[key] = Create(key, properties)
        if taken is not None:
            self._claims[key] = taken

    def merge(self, row: Row, properties: Properties) -> None:
        """Set properties of a row that must still be as it was read."""
        before = self._writes.get(row.key)
        merged = {**before.properties, **properties} if isinstance(before, Merge) else properties
        self._writes[row.key] = Merge(row.key, row.etag, merged)

    def delete(self, row: Row) -> None:
        """Delete a row that must still be as it was read."""
        self._writes[row.key] = Delete(row.key, row.etag)

    def drop(self, key: str) -> None:
        """Delete a row that another row in the transaction vouches for."""
        self._writes[key] = Delete(key)

    def new_id(self) -> str:
        """An id for a new resource, greater than any given before."""
        identifier = keys.new_id(self.number >> 16, self.head.last_id)
        self.head = replace(self.head, last_id=identifier)
        return identifier

    @property
    def empty(self) -> bool:
        """Whether there is nothing to commit."""
        return not self._writes and self.change is None

    def writes(self, head: Row, transaction: str) -> list[Write]:
        """The whole transaction: the head, checked rows, new rows, dropped rows, in the order that shows a stale row.

        Raises:
            TooLarge: it does not fit into one transaction.
            PayloadTooLarge: one row does not fit into a row.
        """
        if self.change is not None:
            self.create(keys.change(self.number), records.encode_change(self.change, transaction))
        self.head = replace(self.head, number=self.number)
        ordered = [Merge(head.key, head.etag, self.head.encode()), *sorted(self._writes.values(), key=_order)]
        on_the_wire = sum(map(wire_size, ordered))
        if len(ordered) > MAX_TRANSACTION_ROWS or on_the_wire > MAX_TRANSACTION_BYTES:
            raise TooLarge(len(ordered), on_the_wire)
        if (largest := max(map(size, ordered))) > MAX_ROW_BYTES:
            raise PayloadTooLarge(
                f"The request would write a row of {largest} bytes, and {MAX_ROW_BYTES} are the limit for one."
            )
        return ordered

    def claim(self, key: str | None) -> ScimError | None:
        """The error to raise when the row of that key exists already."""
        return self._claims.get(key) if key else None


def _order(write: Write) -> int:
    return 1 if isinstance(write, Create) else 2 if isinstance(write, Delete) and write.etag is None else 0


class _Doubtful[T]:
    """The attempts at one write whose outcome nobody knows, and what each of them would answer.

    Attributes:
        transaction: the mark that all attempts at the write leave in their change record.
    """

    def __init__(self, rows: Rows) -> None:
        self.transaction = uuid.uuid4().hex
        self._rows = rows
        self._answers: dict[int, T] = {}

    @property
    def last(self) -> int:
        """The number of the last of them; 0 where there is none."""
        return max(self._answers, default=0)

    def add(self, number: int, answer: T) -> None:
        """One more."""
        self._answers[number] = answer

    async def settle(self) -> tuple[T] | None:
        """The answer of the one that did commit, if one did by now."""
        for number, answer in self._answers.items():
            row = await self._rows.get(keys.change(number))
            if row is not None and row.properties.get("transaction") == self.transaction:
                return (answer,)
        return None


class Commit:
    """Writes to one provider's partition, one after another within this process."""

    def __init__(self, rows: Rows, clock: Clock = unix_milliseconds) -> None:
        self._rows = rows
        self._clock = clock
        self._lock = asyncio.Lock()
        self._head: tuple[Row, Head] | None = None

    @property
    def intents(self) -> Mapping[str, int]:
        """Unfinished work as the head named it when this process last saw it."""
        return self._head[1].intents if self._head else {}

    async def write[T](self, decide: Decide[T]) -> T:
        """Run ``decide`` and commit what it drafts, again and again until one attempt is through.

        Raises:
            Unavailable: too many attempts were refused, or took too long.
            ScimError: what ``decide`` raises, or the claim of a key that another resource holds.
            TooLarge: the draft does not fit into one transaction.
        """
        until = time.monotonic() + PATIENCE
        try:
            async with asyncio.timeout(PATIENCE):
                await self._lock.acquire()
        except TimeoutError:
            raise _busy() from None
        try:
            return await self._attempts(decide, until)
        finally:
            self._lock.release()

    async def _attempts[T](self, decide: Decide[T], until: float) -> T:
        view, doubtful = View(self._rows), _Doubtful[T](self._rows)
        for attempt in range(ATTEMPTS):
            if attempt:
                await asyncio.sleep(random.uniform(0, 0.01 * 2**attempt))  # noqa: S311 (jitter, not a secret)
            if time.monotonic() > until:
                break
            settled = await self._attempt(decide, view, doubtful)
            if settled is not None:
                return settled[0]
        raise _busy()

    async def _attempt[T](self, decide: Decide[T], view: View, doubtful: "_Doubtful[T]") -> tuple[T] | None:
        """Try once; gives the answer, if there is one: this attempt's, or that of an earlier one after all."""
        row, head = self._head or await self._read_head()
        draft = Draft(head, max(head.number + 1, self._clock() << 16, doubtful.last + 1))
        try:
            answer = await decide(view, draft)
            writes = [] if draft.empty else draft.writes(row, doubtful.transaction)
        except Torn:
            view.forget()
            return await doubtful.settle()
        except (ScimError, TooLarge):
            settled = await doubtful.settle()
            if settled is None:
                raise
            return settled
        if not writes:
            return await doubtful.settle() or (answer,)
        try:
            etags = await self._rows.transact(writes)
        except Unsettled:
            self._head = None
            view.forget()
            doubtful.add(draft.number, answer)
            return await doubtful.settle()
        except Refused as refused:
            self._head = None
            settled = await doubtful.settle()
            if settled is None:
                await self._learn(refused, writes, draft, view)
            return settled
        self._head = Row(keys.HEAD, etags[0], {}), draft.head
        return (answer,)

    async def _learn(self, refused: Refused, writes: Sequence[Write], draft: Draft, view: View) -> None:
        """Forget what was read; raise if a row that was to be new is rightly another resource's."""
        key = writes[refused.index].key if refused.index is not None else None
        if refused.cause == "exists":
            created = [write.key for write in writes if isinstance(write, Create)] if key is None else [key]
            for taken in created:
                claim = draft.claim(taken)
                if claim is not None and (key is not None or await self._rows.get(taken) is not None):
                    raise claim
        view.forget()

    async def _read_head(self) -> tuple[Row, Head]:
        row = await self._rows.get(keys.HEAD)
        if row is None:
            raise Unavailable("The provider's directory is not ready yet.", retry_after=5)
        return row, Head.decode(row)


def _busy() -> Unavailable:
    return Unavailable("Too many writes to this provider at once; send the request again.", random.randint(1, 5))  # noqa: S311 (jitter)
