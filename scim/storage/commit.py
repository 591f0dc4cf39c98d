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
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from functools import partial
from itertools import chain

from scim.errors import ScimError, Unavailable
from scim.storage import keys
from scim.storage.drafts import Apart, Decide, Draft, Torn, View, WrittenBefore
from scim.storage.records import Head
from scim.storage.rows import MAX_TRANSACTION_ROWS, Create, Refused, Row, Rows, SettingsChanged, Unsettled, Write

ATTEMPTS = 20
"""Times a write is tried before the client is asked to come back."""
PATIENCE = 20.0
"""Seconds within which all of them, and the wait for the lock, must fall."""

_AHEAD = MAX_TRANSACTION_ROWS // 2 - 1
"""Operations that share a transaction at most, if each writes a row and its change record."""

type Clock = Callable[[], int]
"""Gives Unix time in milliseconds."""

type Outcome[T] = T | ScimError | Apart
"""What one of several operations comes to."""


def unix_milliseconds() -> int:
    """The time, as a ``Clock`` tells it."""
    return time.time_ns() // 1_000_000


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


class _Together[T]:
    """Operations decided into one draft, one after the other, as many as fit.

    Args:
        decides: the operations.
        reads: the keys of rows that they are sure to read, which are read in parallel.
    """

    def __init__(self, decides: Sequence[Decide[T]], reads: Iterable[str]) -> None:
        self._decides = decides
        self._reads = tuple(reads)
        self._claimants: dict[int, int] = {}

    async def __call__(self, view: View, draft: Draft) -> list[Outcome[T]]:
        """The outcomes of those that fit; raises what keeps the first of them out."""
        outcomes: list[Outcome[T]] = []
        self._claimants = {}
        await view.fetch(self._reads)
        for place, decide in enumerate(self._decides):
            try:
                outcomes.append(await decide(view, draft))
                draft.check()
            except (Torn, Apart, WrittenBefore):
                draft.undo()
                if not place:
                    raise
                return outcomes[:place]
            except ScimError as error:
                draft.undo()
                outcomes[place:] = [error]
            else:
                draft.keep(view)
                for claim in draft.claims.values():
                    self._claimants.setdefault(id(claim), place)
        return outcomes

    def claimant(self, error: ScimError) -> int:
        """The place of the operation whose claim was refused so; 0 if it was none."""
        return self._claimants.get(id(error), 0)


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

    async def write[T](self, decide: Decide[T], view: View | None = None) -> T:
        """Run ``decide`` and commit what it drafts, again and again until one attempt is through.

        Args:
            decide: the operation.
            view: rows that an earlier write has read, which are read anew only if the head has moved.

        Raises:
            Unavailable: too many attempts were refused, or took too long.
            ScimError: what ``decide`` raises, or the claim of a key that another resource holds.
            Apart: it cannot be done in one transaction, or not in this way.
        """
        return await self._locked(lambda until: self._attempts(decide, until, view))

    async def write_each[T](
        self, decides: Sequence[Decide[T]], reads: Sequence[Sequence[str]]
    ) -> AsyncIterator[Outcome[T]]:
        """What ``write`` would come to for each of them in turn, while as many as fit share a transaction.

        One that fails is an outcome and no hindrance to the others; but one that must be done apart is the last, and
        once the store does not answer, no other is tried. Any may be decided more than once, and none is before the
        outcomes of the transaction before it have been taken.

        Args:
            decides: the operations.
            reads: for each of them, the keys of rows that it is sure to read.
        """
        done, ahead = 0, _AHEAD
        while left := decides[done:]:
            outcomes: list[Outcome[T]]
            try:
                outcomes = await self._locked(partial(self._some, left, reads[done : done + ahead]))
            except Unavailable as busy:
                outcomes = [busy]
            done += len(outcomes)
            ahead = min(len(outcomes) + 1, _AHEAD)
            last = outcomes[-1]
            if isinstance(last, Unavailable):
                outcomes += [last] * (len(decides) - done)
                done = len(decides)
            for outcome in outcomes:
                yield outcome
            if isinstance(last, Apart):
                return

    async def rehearsal(self) -> "Rehearsal":
        """A place to try writes out, with nothing written."""
        return Rehearsal(self._rows, (await self._read_head())[1], self._clock)

    async def _locked[T](self, work: Callable[[float], Awaitable[T]]) -> T:
        """Do what may take until a given time, once no other writer of this process is at work."""
        until = time.monotonic() + PATIENCE
        try:
            async with asyncio.timeout(PATIENCE):
                await self._lock.acquire()
        except TimeoutError:
            raise busy() from None
        try:
            return await work(until)
        finally:
            self._lock.release()

    async def _some[T](
        self, decides: Sequence[Decide[T]], reads: Sequence[Sequence[str]], until: float
    ) -> list[Outcome[T]]:
        """The outcomes of the first of several operations: as many as fit, and at least one."""
        together = _Together(decides, chain.from_iterable(reads))
        try:
            return await self._attempts(together, until)
        except (Apart, Unavailable) as error:
            return [error]
        except ScimError as error:
            place = together.claimant(error)
        if place:
            return await self._some(decides[:place], reads[:place], until)
        try:
            return [await self._attempts(decides[0], until)]
        except (ScimError, Apart) as error:
            return [error]

    async def _attempts[T](self, decide: Decide[T], until: float, known: View | None = None) -> T:
        view, doubtful = known or View(self._rows), _Doubtful[T](self._rows)
        for attempt in range(ATTEMPTS):
            await _pause(attempt)
            if time.monotonic() > until:
                break
            settled = await self._attempt(decide, view, doubtful)
            if settled is not None:
                return settled[0]
        raise busy()

    async def _attempt[T](self, decide: Decide[T], view: View, doubtful: "_Doubtful[T]") -> tuple[T] | None:
        """Try once; gives the answer, if there is one: this attempt's, or that of an earlier one after all."""
        row, head = self._head or await self._read_head()
        number = max(head.number + 1, self._clock() << 16, doubtful.last + 1)
        view.under(row.etag)
        draft = Draft(head, number, doubtful.transaction)
        try:
            answer = await decide(view, draft)
            writes = [] if draft.empty else draft.writes(row)
        except Torn:
            view.forget()
            return await doubtful.settle()
        except (ScimError, Apart) as error:
            if isinstance(error, SettingsChanged):
                self._head = None  # which may have been read, and be out of date by the next write
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
            _, present = await self._read_head()
            if present.number >= draft.number:  # it may be a second copy of what did apply that was refused
                doubtful.add(draft.number, answer)
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
                claim = draft.claims.get(taken)
                if claim is not None and (key is not None or await self._rows.get(taken) is not None):
                    raise claim
        view.forget()

    async def _read_head(self) -> tuple[Row, Head]:
        row = await self._rows.get(keys.HEAD)
        if row is None:
            raise Unavailable("The provider's directory is not ready yet.", retry_after=5)
        return row, Head.decode(row)


class Rehearsal:
    """Writes that are decided and never sent; each sees the rows as those before it would have left them."""

    def __init__(self, rows: Rows, head: Head, clock: Clock) -> None:
        self.view = View(rows)
        self._head = head
        self._clock = clock

    async def write[T](self, decide: Decide[T]) -> T:
        """What ``Commit.write`` would answer; raises what it would raise."""
        draft = Draft(self._head, max(self._head.number + 1, self._clock() << 16))
        answer = await decide(self.view, draft)
        draft.check()
        for key, taken in draft.claims.items():
            if await self.view.get(key) is not None:
                raise taken
        draft.keep(self.view)
        self._head = draft.head
        return answer


async def _pause(attempt: int) -> None:
    """Wait a little, at random, before an attempt that is not the first."""
    if attempt:
        await asyncio.sleep(random.uniform(0, min(0.01 * 2**attempt, 1)))  # noqa: S311 (jitter, not a secret)


def busy() -> Unavailable:
    """What to raise where too many write."""
    return Unavailable("Too many writes to this provider at once; send the request again.", random.randint(1, 5))  # noqa: S311 (jitter)
