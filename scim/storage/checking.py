"""Checking a directory in use, and mending what can be mended.

A survey tells what to suspect. Each suspicion is looked at again, through rows of one moment: no row changes but with
the head, so nobody wrote in between if the head stands where it stood.
"""

import asyncio
import random
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field, replace
from typing import Any

from scim.changes import instant
from scim.errors import ScimError, Unavailable
from scim.schema import Schemas
from scim.storage import keys
from scim.storage.commit import Clock, Commit, unix_milliseconds
from scim.storage.drafts import Apart, Draft, Torn, View
from scim.storage.problems import Matter, Problem
from scim.storage.records import Head
from scim.storage.rows import Create, Row, Rows, SettingsChanged
from scim.storage.survey import UNREADABLE, Survey

_LOOKS = 40
"""Times that a matter is looked at while others write."""
_STEPS = 10_000
"""Transactions that mend one matter, at most."""
_ROUNDS = 5
"""Times that a directory is gone through: what is mended may bring other things to light."""

type Progress = Callable[[int], None]
"""Hears how many rows are read."""


@dataclass(slots=True)
class Tally:
    """What a check or a repair came to.

    Attributes:
        read: rows read.
        resources: resources, by the name of their type.
        faults: problems that are there, or were left.
        mended: problems that were mended.
        pending: things that unfinished work will settle.
        unsettled: suspicions that could not be looked at, so much was written.
    """

    read: int = 0
    resources: dict[str, int] = field(default_factory=dict)
    faults: int = 0
    mended: int = 0
    pending: int = 0
    unsettled: int = 0

    def add(self, problem: Problem) -> None:
        """One more that was found, and not mended."""
        self.faults += problem.fault
        self.pending += problem.remedy == "pending"
        self.unsettled += problem.remedy == "unsettled"


class Checking:
    """A directory's rows, gone through.

    Args:
        rows: the directory's.
        schemas: what its provider serves.
        progress: hears how far it is.
    """

    def __init__(
        self, rows: Rows, schemas: Schemas, progress: Progress = lambda _: None, clock: Clock = unix_milliseconds
    ) -> None:
        self.tally = Tally()
        self._rows = rows
        self._schemas = schemas
        self._progress = progress
        self._clock = clock
        self._believed = Head()
        self._commit = Commit(rows, clock)

    async def check(self) -> AsyncIterator[Problem]:
        """What is wrong; nothing is written.

        Raises:
            SettingsChanged: the provider got other schemas meanwhile.
            Unavailable: the store does not answer.
        """
        told: set[int] = set()
        async for found in self._through(self._confirmed):
            for problem in found:
                if hash(problem) not in told:
                    told.add(hash(problem))
                    self.tally.add(problem)
                    yield problem

    async def repair(self) -> AsyncIterator[tuple[Problem, bool]]:
        """What was wrong, and whether it is mended.

        Raises:
            SettingsChanged: the head says that the schemas are others.
            Unavailable: the store does not answer, or others write too much.
        """
        if await self._rows.get(keys.HEAD) is None:
            yield await self._crown(), True
            self.tally.mended += 1
        left: dict[Problem, None] = {}
        for _ in range(_ROUNDS):
            left.clear()
            mended = 0
            async for found in self._through(self._mended):
                for problem in found:
                    if problem.remedy == "repair":
                        mended += 1
                        self.tally.mended += 1
                        yield problem, True
                    else:
                        left[problem] = None
            if not mended:
                break
        for problem in left:
            self.tally.add(problem)
            yield problem, False

    async def _through(self, look: Callable[[Matter], Any]) -> AsyncIterator[list[Problem]]:
        """What is found of each matter in doubt, the whole directory through."""
        head = await self._foundation()
        if isinstance(head, Problem):
            yield [head]
            return
        self._believed = head
        if head.unique != self._schemas.fingerprint:
            what = "it wants other schemas than the provider's; 'schemas set' must be run again"
            yield [Problem(keys.HEAD, what, "by hand")]
        before = self.tally.read
        survey = Survey(self._rows, self._schemas, head)
        async for _ in survey():
            self._tell(before + survey.read)
        self.tally.resources = survey.resources
        yield survey.certain
        again = Survey(self._rows, self._schemas, head, uneven=survey.ledger)
        for matter in survey.first_suspects:
            yield await look(matter)
        if not survey.ledger.even:
            async for matters in again():
                self._tell(before + survey.read + again.read)
                for matter in matters:
                    yield await look(matter)
        for matter in dict.fromkeys(survey.suspects):
            yield await look(matter)

    async def _foundation(self) -> Head | Problem:
        """The head, or why nothing else can be judged."""
        row = await self._rows.get(keys.HEAD)
        if row is None:
            return Problem(keys.HEAD, "there is no head")
        try:
            head = Head.decode(row)
            instant(head.number + 1)
        except UNREADABLE:
            return Problem(keys.HEAD, "the row cannot be read, or its number is of no time", "by hand")
        another = "index rows are in another normal form than this version's; run 'migrate' first"
        return head if head.form.sure else Problem(keys.HEAD, another, "by hand")

    def _tell(self, read: int) -> None:
        self.tally.read = read
        self._progress(read)

    async def _confirmed(self, matter: Matter) -> list[Problem]:
        """What is wrong with a matter, through rows of one moment."""
        for look in range(_LOOKS):
            await asyncio.sleep(random.uniform(0, min(0.005 * look, 0.25)))  # noqa: S311 (jitter, not a secret)
            row = await self._head()
            head = Head.decode(row)
            if (head.unique, head.form) != (self._believed.unique, self._believed.form):
                raise SettingsChanged
            view, draft = View(self._rows), Draft(head, max(head.number + 1, self._clock() << 16))
            try:
                found = await matter(view, draft)
            except Torn:
                continue
            except UNREADABLE:
                found = []  # the survey has told of the row itself
            if not found or (await self._head()).etag == row.etag:
                return found
        return [Problem(_about(matter), "others write so much that it could not be looked at", "unsettled")]

    async def _mended(self, matter: Matter) -> list[Problem]:
        """What was wrong with a matter, mended where it can be."""
        mended: list[Problem] = []
        for _ in range(_STEPS):
            found = await self._confirmed(matter)
            if not any(problem.remedy == "repair" for problem in found):
                return [*mended, *found]
            try:
                done = await self._commit.write(self._agreed(matter))
            except Unavailable:
                raise
            except (Apart, ScimError):
                return [*mended, *(replace(p, remedy="by hand") for p in found)]
            mended += [problem for problem in done if problem.remedy == "repair" and problem not in mended]
        return mended

    def _agreed(self, matter: Matter) -> Matter:
        async def agreed(view: View, draft: Draft) -> list[Problem]:
            if draft.head.unique != self._schemas.fingerprint or draft.head.form != self._believed.form:
                raise SettingsChanged
            return await matter(view, draft)

        return agreed

    async def _head(self) -> Row:
        row = await self._rows.get(keys.HEAD)
        if row is None:
            raise Unavailable("The provider's directory has lost its head.", retry_after=5)
        return row

    async def _crown(self) -> Problem:
        """Give a directory a head that has none; all that it must say beside the last change is mended after that."""
        last = 0
        async for page in self._rows.range(*keys.span("change"), keys_only=True):
            last = max([last, *(int(row.key[7:23], 16) for row in page)])
        await self._rows.transact([Create(keys.HEAD, Head(last, unique=self._schemas.fingerprint).encode())])
        return Problem(keys.HEAD, "there is no head")


def _about(matter: Matter) -> str:
    return str(getattr(matter, "identifier", getattr(matter, "group", type(matter).__name__.lower())))
