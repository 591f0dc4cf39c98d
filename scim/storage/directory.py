"""A provider's directory: the reads and writes behind the six verbs of RFC 7644 §3."""

import asyncio
import logging
import random
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from functools import partial
from math import inf

from scim.changes import Origin
from scim.errors import PayloadTooLarge, ScimError, Unavailable
from scim.experimental import MEMBERSHIP
from scim.resources import Links
from scim.schema import JsonObject, ResourceType, Schemas
from scim.storage import backfilling, forgetting, keys
from scim.storage.acts import Act, Creation, Edit, Modification, Request, Written
from scim.storage.backfilling import Filled
from scim.storage.building import Begin, GiveUp, lay_down
from scim.storage.commit import PATIENCE, Clock, Commit, busy, unix_milliseconds
from scim.storage.deletion import Deletion, anything
from scim.storage.drafts import Apart, Decide, Draft, TooLarge, View
from scim.storage.following import Follow
from scim.storage.intents import Held
from scim.storage.joining import Joining, Leaving, Staying
from scim.storage.linking import Unbuilt, load
from scim.storage.membership import MembershipReader
from scim.storage.records import Head, Stored
from scim.storage.rows import Create, Merge, OtherForm, Refused, Rows, SettingsChanged, Unsettled
from scim.storage.ways import Way

_FOLLOW_BATCH = 90
"""Rows of other resources that one transaction of an intent changes, at most."""
FOLLOW_FOR = 10.0
"""Seconds that a client waits, at most, while the work behind its request is finished."""
_FENCES = 100
"""Times that a fence may find the head moved."""
_logger = logging.getLogger("scim")
_HELP = 5
"""Pieces of another's abandoned intent that a request does before its own work: few, for somebody waits for it."""
_ABANDONED = 30_000 << 16
"""Age, in the measure of change numbers (30 s), at which another process's intent counts as abandoned."""


class Directory(MembershipReader):
    """One provider's resources, to be read and written.

    Safe for any number of concurrent callers in one event loop, and for any number of processes.
    """

    def __init__(self, rows: Rows, schemas: Schemas, clock: Clock = unix_milliseconds) -> None:
        super().__init__(rows, schemas)
        self._clock = clock
        self._commit = Commit(rows, clock)
        self._following: set[str] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._fingerprint = schemas.fingerprint

    async def found(self) -> None:
        """Make the directory ready for its first resource; nothing happens if it is."""
        with suppress(Refused):
            await self._rows.transact([Create(keys.HEAD, Head(unique=self._fingerprint).encode())])

    async def adopt(self, origin: Origin) -> bool:
        """Let what is unique be what this directory's schemas say; false, and nothing done, if there are resources."""

        async def decide(_: View, draft: Draft) -> bool:
            if draft.head.unique != self._fingerprint and any(run.total for run in draft.head.runs.values()):
                return False
            self._take_over(draft, origin)
            return True

        return await self._commit.write(decide)

    async def take_over(self, origin: Origin) -> None:
        """Let only those write, from now on, whose schemas are this directory's."""

        async def decide(_: View, draft: Draft) -> None:
            self._take_over(draft, origin)

        await self._commit.write(decide)

    def _take_over(self, draft: Draft, origin: Origin) -> None:
        if draft.head.unique != self._fingerprint:
            if not draft.head.form.sure:
                raise OtherForm
            values = {"unique": {"before": draft.head.unique, "after": self._fingerprint}}
            draft.head = replace(draft.head, unique=self._fingerprint)
            draft.record("settings", ("Provider", ""), origin, values)

    async def agrees(self) -> bool:
        """Whether those write whose schemas are this directory's."""
        row = await self._rows.get(keys.HEAD)
        return row is not None and Head.decode(row).unique == self._fingerprint

    def backfill(self, kind: ResourceType) -> AsyncIterator[Filled]:
        """Make the rows that resources of a type lack in its indexes that are being built."""
        return backfilling.backfill(self._rows, kind, self._fingerprint)

    async def fence(self) -> None:
        """See that no transaction comes in any more that was sent before.

        Raises:
            Unavailable: others write too much.
        """
        for _ in range(_FENCES):
            row = await self._rows.get(keys.HEAD)
            if row is None:
                break
            with suppress(Refused, Unsettled):
                await self._rows.transact([Merge(keys.HEAD, row.etag, {})])
                return
        raise Unavailable("Too many writes to this provider at once; try again.", retry_after=5)

    async def forget(self, origin: Origin) -> None:
        """Take out what is there for no type and no index of this directory's schemas.

        Raises:
            SettingsChanged: somebody else has taken the directory over.
        """
        await forgetting.indexes(self._rows, self._schemas, (), self._fingerprint)
        await self._commit.write(self._agreed(forgetting.Types(self._schemas, origin)))

    async def forget_leftovers(self, before: Schemas) -> None:
        """Take out index rows that changes before this one have left; ``before`` is what held until now.

        Raises:
            SettingsChanged: as ``forget``.
        """
        coming = [kind.alias for kind in self._schemas.types.values()]
        await forgetting.indexes(self._rows, before, coming, self._fingerprint)

    async def create(self, kind: ResourceType, attributes: JsonObject, links: Links, request: Request) -> Written:
        """Store a new resource; raises as ``write`` does."""
        return await self.write(self.creation(kind, attributes, links, request))

    async def modify(self, kind: ResourceType, identifier: str, edit: Edit, request: Request) -> Written:
        """Edit a resource; raises as ``write`` does."""
        return await self.write(self.modification(kind, identifier, edit, request))

    async def delete(self, kind: ResourceType, identifier: str, origin: Origin) -> None:
        """Delete a resource and every link to it; raises as ``write`` does."""
        await self.write(self.deletion(kind, identifier, origin))

    def creation(self, kind: ResourceType, attributes: JsonObject, links: Links, request: Request) -> Act:
        """The creation of a resource."""
        if kind.name == MEMBERSHIP:
            return Act(Joining(self._schemas, kind, attributes, request))
        return Act(Creation(self._schemas, kind, attributes, links, request))

    def modification(self, kind: ResourceType, identifier: str, edit: Edit, request: Request) -> Act:
        """An edit of a resource."""
        if kind.name == MEMBERSHIP:
            return Act(Staying(self._schemas, kind, identifier, edit, request))
        return Act(Modification(self._schemas, kind, identifier, edit, request))

    def deletion(
        self, kind: ResourceType, identifier: str, origin: Origin, check: Callable[[Stored], None] = anything
    ) -> Act:
        """The deletion of a resource, if ``check`` raises nothing."""
        if kind.name == MEMBERSHIP:
            return Act(Leaving(self._schemas, kind, identifier, origin, check))
        whole = Deletion(self._schemas, kind, identifier, origin, check)
        return Act(partial(_delete, whole), partial(_delete, replace(whole, whole=False)))

    async def write(self, act: Act) -> Written:
        """Do an act; nothing is written where nothing changes.

        Raises:
            NotFound: there is no such resource.
            Uniqueness: another resource has a value that must be unique.
            InvalidValue: a member does not exist.
            PayloadTooLarge: a row of it does not fit into a row.
            Unavailable: the store does not answer, or too many write at once.
        """
        try:
            written = await self._commit.write(self._agreed(act.decide), reads=act.reads)
        except Apart as apart:
            return await self._apart(act, apart)
        await self._help()
        return written

    async def write_each(self, wanted: Sequence[Act]) -> AsyncIterator[Written | ScimError]:
        """What ``write`` would come to for each of the acts in turn; as many as fit share a transaction.

        No act is decided before the outcomes of the transaction before it have been taken.
        """
        if len(wanted) == 1:
            yield await _outcome(self.write(wanted[0]))
            return
        done = 0
        while left := wanted[done:]:
            decides = [self._agreed(act.decide) for act in left]
            async for outcome in self._commit.write_each(decides, [act.reads for act in left]):
                if isinstance(outcome, Apart):
                    yield await _outcome(self._apart(wanted[done], outcome))
                elif isinstance(outcome, Written | ScimError):
                    yield outcome
                else:
                    raise outcome
                done += 1
        await self._help()

    async def try_each(self, wanted: Sequence[Act]) -> AsyncIterator[Written | ScimError]:
        """What ``write_each`` would give; nothing is written, and what is shown has its members with it."""
        rehearsal = await self._commit.rehearsal()

        async def tried(act: Act) -> Written:
            way = Way(self._rows, act, rehearsal=True)
            written = await self._by(way, lambda decide, _: rehearsal.write(decide))
            return replace(written, stored=await load(rehearsal.view, written.stored))

        for act in wanted:
            yield await _outcome(tried(act))

    async def finish(
        self, identifier: str, most: int | None = None, *, patience: float = inf, abandoned: bool = False
    ) -> int:
        """Do what is left of an intent, or its next ``most`` pieces, or as many as can be begun in a time.

        Args:
            identifier: the intent's.
            most: pieces to do, if this process did not begin the work.
            patience: seconds.
            abandoned: whether its process is gone, and what that was building is of no use.

        Returns:
            How many pieces were done.
        """
        until = time.monotonic() + patience
        step = Follow(self._schemas, identifier, _FOLLOW_BATCH, own=most is None, abandoned=abandoned)
        done, pieces = False, 0
        while not done and pieces != most and time.monotonic() < until:
            try:
                done = await self._commit.write(step)
                pieces += 1
            except (TooLarge, PayloadTooLarge):
                if step.batch == 1:
                    raise
                step = replace(step, batch=step.batch // 2)
        return pieces

    async def sweep(self, patience: float) -> int:
        """Finish what others abandoned, for so many seconds; gives the number of pieces done."""
        until = time.monotonic() + patience
        head, pieces = await self._rows.get(keys.HEAD), 0
        intents = self._commit.see(Head.decode(head)).intents if head else {}
        for identifier, touched in intents.items():
            if self._abandoned(touched) and identifier not in self._following:
                async with self._alone(identifier):
                    left = until - time.monotonic()
                    pieces += await self._finish_quietly(identifier, patience=left, abandoned=True)
        return pieces

    @property
    def knows_of_work(self) -> bool:
        """Whether there was work to be done behind requests when this process last saw the head; nothing is read."""
        return bool(self._commit.intents)

    async def close(self) -> None:
        """Leave what goes on behind requests to others."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _apart(self, act: Act, apart: Apart) -> Written:
        """Do an act that takes more than one transaction, or must wait for somebody."""
        way, view = Way(self._rows, act, apart), View(self._rows)
        try:
            written = await self._by(
                way, lambda decide, deferred: self._commit.write(decide, view if deferred else None)
            )
        except (Exception, asyncio.CancelledError):
            await self._give_up(way)
            raise
        if written.stored.id in self._commit.intents:
            await self._follow(written.stored.id)
        return written

    async def _by(self, way: Way, write: Callable[[Decide[Written], bool], Awaitable[Written]]) -> Written:
        """Write in one way after the other, until one leads to the end."""
        until = time.monotonic() + PATIENCE
        while True:
            try:
                if way.apart is not None:
                    await self._prepare(way, until)
                return await write(self._agreed(way.decide), way.later is not None)
            except Apart as apart:
                way.apart = apart

    async def _prepare(self, way: Way, until: float) -> None:
        """Do what an act needs before it is tried again."""
        match way.apart:
            case Held(identifier=identifier, touched=touched):
                if time.monotonic() > until:
                    raise busy()
                if self._abandoned(touched):
                    await self.finish(identifier, 1, abandoned=True)
                await asyncio.sleep(random.uniform(0.02, 0.2))  # noqa: S311 (jitter, not a secret)
            case Unbuilt() as wanted:
                await self._give_up(way)
                await self._commit.write(self._agreed(Begin(wanted)))
                way.building = wanted.built
                await lay_down(self._rows, wanted.rows)
            case _:
                pass
        await way.go_on()

    async def _give_up(self, way: Way) -> None:
        """Leave to the intent what an act has built and does not use."""
        if way.building is not None:
            built, way.building = way.building, None
            with suppress(Exception):  # whoever finds the intent abandoned does it
                await self._commit.write(GiveUp(built.intent, built.roster.name))
                await self._follow(built.intent)

    async def _follow(self, identifier: str) -> None:
        """Work on an intent while the client waits, and go on without it if that takes long."""
        if identifier in self._following:
            return
        async with self._alone(identifier):
            await self._finish_quietly(identifier, patience=FOLLOW_FOR)
        if identifier in self._commit.intents:
            task = asyncio.create_task(self._go_on(identifier))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _go_on(self, identifier: str) -> None:
        async with self._alone(identifier):
            await self._finish_quietly(identifier)

    async def _finish_quietly(
        self, identifier: str, most: int | None = None, *, patience: float = inf, abandoned: bool = False
    ) -> int:
        """Work on an intent whose deed is done already, so that no fault here can undo it."""
        try:
            return await self.finish(identifier, most, patience=patience, abandoned=abandoned)
        except Exception:  # noqa: BLE001 (whoever asked for something else must not pay for it)
            _logger.warning("an intent could not be finished; the next request tries again")
            return 0

    @asynccontextmanager
    async def _alone(self, identifier: str) -> AsyncIterator[None]:
        """Keep others in this process from working on the same intent."""
        self._following.add(identifier)
        try:
            yield
        finally:
            self._following.discard(identifier)

    def _abandoned(self, touched: int) -> bool:
        """Whether nobody has worked for long on an intent that was last touched at a number."""
        return (self._clock() << 16) - touched > _ABANDONED

    def _agreed[T](self, decide: Decide[T]) -> Decide[T]:
        """The same, if the directory still is what this process takes it for."""

        async def agreed(view: View, draft: Draft) -> T:
            if draft.head.unique != self._fingerprint:
                raise SettingsChanged
            self._same_rules = draft.head.form.same_rules
            return await decide(view, draft)

        return agreed

    async def _help(self) -> None:
        """Do a few pieces of what others abandoned, one helper at a time; the request itself is done already."""
        left = _HELP
        for identifier, touched in self._commit.intents.items():
            if left <= 0 or not self._abandoned(touched) or identifier in self._following:
                continue
            async with self._alone(identifier):
                left -= await self._finish_quietly(identifier, left, abandoned=True) or 1


async def _delete(deletion: Deletion, view: View, draft: Draft) -> Written:
    return Written(await deletion(view, draft), changed=True)


async def _outcome(work: Awaitable[Written]) -> Written | ScimError:
    try:
        return await work
    except ScimError as error:
        return error
