"""Commit: every write is one transaction that moves the head row first.

So all changes of a provider have one order, totals are exact at any moment, and a crash leaves nothing half
done. Writers of this process take turns, and share a transaction where they can; writers of other processes are
met by the head's etag and a bounded, jittered retry. A transaction whose outcome nobody knows is settled by
looking for its change record.
"""

import asyncio
import random
import time
import uuid
from collections.abc import AsyncIterator, Callable, Mapping, Sequence

from scim import observing
from scim.errors import ScimError, Unavailable
from scim.storage import keys
from scim.storage.drafts import NOTHING, Apart, Decide, Draft, Foreseen, Torn, View, WrittenBefore
from scim.storage.records import Head
from scim.storage.rivals import Rivals
from scim.storage.rows import (
    MAX_TRANSACTION_ROWS,
    Create,
    Refused,
    Row,
    Rows,
    SettingsChanged,
    Unreachable,
    Unsettled,
    Write,
)
from scim.storage.turns import Turns

ATTEMPTS = 20
"""Times a write is sent and not answered before the client is asked to come back."""
PATIENCE = 20.0
"""Seconds within which all attempts at a write, and the wait for its turn, must begin."""

_AHEAD = MAX_TRANSACTION_ROWS // 2 - 1
"""Operations that share a transaction at most, if each writes a row and its change record."""

type Clock = Callable[[], int]
"""Gives Unix time in milliseconds."""

type Outcome[T] = T | Exception
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

    @property
    def many(self) -> int:
        """How many there are."""
        return len(self._answers)

    def add(self, number: int, answer: T) -> None:
        """One more."""
        self._answers[number] = answer

    def drop(self, number: int) -> None:
        """One less: it was refused."""
        del self._answers[number]

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
        foreseen: rows that they are sure to read, which are read in parallel.
    """

    def __init__(self, decides: Sequence[Decide[T]], foreseen: Sequence[Foreseen]) -> None:
        self._decides = decides
        self._foreseen = foreseen
        self._claimants: dict[int, int] = {}

    async def __call__(self, view: View, draft: Draft) -> list[Outcome[T]]:
        """The outcomes of those that fit; raises what keeps the first of them out."""
        outcomes: list[Outcome[T]] = []
        self._claimants = {}
        await view.foresee(self._foreseen)
        for place, decide in enumerate(self._decides):
            try:
                outcomes.append(await decide(view, draft))
                draft.check()
            except (Torn, Apart, WrittenBefore, Unreachable):
                draft.undo()
                if not place:
                    raise
                return outcomes[:place]
            except Exception as error:  # noqa: BLE001 (it is its own caller's, whatever it is)
                draft.undo()
                outcomes[place:] = [error]
            else:
                draft.keep(view)
                for claim in draft.claims.values():
                    self._claimants.setdefault(id(claim), place)
        return outcomes

    def claimant(self, error: ScimError) -> int | None:
        """The place of the operation whose claim was refused so; None if it was none."""
        return self._claimants.get(id(error))


class Commit:
    """Writes to one provider's partition, one transaction after another within this process."""

    def __init__(self, rows: Rows, clock: Clock = unix_milliseconds) -> None:
        self._rows = rows
        self._clock = clock
        self._turns = Turns(self._some, _AHEAD, busy)
        self._rivals = Rivals()
        self._head: tuple[Row, Head] | None = None
        self._seen = Head()

    @property
    def intents(self) -> Mapping[str, int]:
        """Unfinished work as the head named it when this process last saw it."""
        return self._seen.intents

    def see(self, head: Head) -> Head:
        """Take note of a head that was read elsewhere."""
        self._seen = head
        return head

    async def write[T](self, decide: Decide[T], view: View | None = None, foreseen: Foreseen = NOTHING) -> T:
        """Run ``decide`` and commit what it drafts, again and again until one attempt is through.

        Args:
            decide: the operation.
            view: rows that an earlier write has read, which are read anew only if the head has moved.
            foreseen: rows that it is sure to read, which are read in parallel with those of other writers.

        Raises:
            Unavailable: too many attempts were refused, or took too long.
            ScimError: what ``decide`` raises, or the claim of a key that another resource holds.
            Apart: it cannot be done in one transaction, or not in this way.
        """
        (outcome,) = await self._turns.take([decide], [foreseen], PATIENCE, view)
        if isinstance(outcome, Exception):
            raise outcome
        written: T = outcome
        return written

    async def write_each[T](
        self, decides: Sequence[Decide[T]], foreseen: Sequence[Foreseen]
    ) -> AsyncIterator[Outcome[T]]:
        """What ``write`` would come to for each of them in turn, while as many as fit share a transaction.

        As many are tried together as went together last, and one more; while all of them fit, twice as many.
        One that fails is an outcome and no hindrance to the others; but one that must be done apart is the last, and
        once the store does not answer, no other is tried. Any may be decided more than once, and none is before the
        outcomes of the transaction before it have been taken.

        Args:
            decides: the operations.
            foreseen: for each of them, the rows that it is sure to read.
        """
        done, ahead = 0, _AHEAD
        while left := decides[done:]:
            outcomes: list[Outcome[T]]
            try:
                outcomes = await self._turns.take(left[:ahead], foreseen[done : done + ahead], PATIENCE)
            except Unavailable as busy:
                outcomes = [busy]
            done += len(outcomes)
            ahead = min(len(outcomes) * (2 if len(outcomes) == ahead else 1) + 1, _AHEAD)
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

    async def _some[T](
        self, decides: Sequence[Decide[T]], foreseen: Sequence[Foreseen], until: float, view: View | None = None
    ) -> list[Outcome[T]]:
        """The outcomes of the first of several operations: as many as fit, and at least one."""
        outcomes = await self._outcomes(decides, foreseen, until, view)
        if any(isinstance(outcome, SettingsChanged) for outcome in outcomes):
            self._head = None  # which may have been read, and be out of date by the next write
        return outcomes

    async def _outcomes[T](
        self, decides: Sequence[Decide[T]], foreseen: Sequence[Foreseen], until: float, view: View | None = None
    ) -> list[Outcome[T]]:
        if len(decides) == 1:
            try:
                return [await self._attempts(decides[0], until, view)]
            except Exception as error:  # noqa: BLE001 (it is its own caller's, whatever it is)
                return [error]
        together = _Together(decides, foreseen)
        try:
            return await self._attempts(together, until)
        except Unavailable as error:
            return [error] * len(decides)
        except (Apart, ScimError) as error:
            place = 0 if isinstance(error, Apart) else together.claimant(error)
            if place == 0:
                return [error]
        return await self._outcomes(decides[: place or 1], foreseen[: place or 1], until)

    async def _attempts[T](self, decide: Decide[T], until: float, known: View | None = None) -> T:
        view, doubtful = known or View(self._rows), _Doubtful[T](self._rows)
        while doubtful.many < ATTEMPTS:
            if gap := self._rivals.gap(PATIENCE - (until - time.monotonic())):
                await asyncio.sleep(gap)
            if time.monotonic() > until:
                break
            settled = await self._ready(doubtful) or await self._attempt(decide, view, doubtful)
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
            self._lost()
            view.forget()
            return await doubtful.settle()
        except (ScimError, Apart):
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
            self._rivals.failed()
            view.forget()
            doubtful.add(draft.number, answer)
            return await doubtful.settle()
        except Refused as refused:
            self._head = None
            doubtful.add(draft.number, answer)  # it may be a second copy of what did apply that was refused
            settled = await doubtful.settle()
            if settled is None:
                doubtful.drop(draft.number)
                await self._learn(refused, writes, draft, view)
            return settled
        self._head = Row(keys.HEAD, etags[0], {}), draft.head
        self._seen = draft.head
        self._rivals.committed()
        observing.count("storage.commits")
        return (answer,)

    async def _ready[T](self, doubtful: "_Doubtful[T]") -> tuple[T] | None:
        """Know the head; gives the answer of an attempt that it shows to have been through."""
        if self._rivals.about:
            self._head = None
        if self._head is not None:
            return None
        self._head = await self._read_head()
        self._seen = self._head[1]
        return await doubtful.settle()  # whatever of them comes after this head can only be refused

    async def _learn(self, refused: Refused, writes: Sequence[Write], draft: Draft, view: View) -> None:
        """Forget what was read; raise if a row that was to be new is rightly another resource's."""
        if refused.cause != "exists":
            self._lost()
        key = writes[refused.index].key if refused.index is not None else None
        if refused.cause == "exists":
            created = [write.key for write in writes if isinstance(write, Create)] if key is None else [key]
            for taken in created:
                claim = draft.claims.get(taken)
                if claim is not None and (key is not None or await self._rows.get(taken) is not None):
                    raise claim
        view.forget()

    def _lost(self) -> None:
        """An attempt came too late: another process has moved the head."""
        self._rivals.met()
        observing.count("storage.conflicts")

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


def busy() -> Unavailable:
    """What to raise where too many write."""
    return Unavailable("Too many writes to this provider at once; send the request again.", random.randint(1, 5))  # noqa: S311 (jitter)
