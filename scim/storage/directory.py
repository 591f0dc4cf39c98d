"""A provider's directory: the reads and writes behind the six verbs of RFC 7644 §3."""

import asyncio
import random
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial

from scim.changes import Origin
from scim.errors import ScimError, Unavailable
from scim.experimental import MEMBERSHIP
from scim.resources import NO_LINKS, Links
from scim.schema import JsonObject, ResourceType, Schemas
from scim.storage import backfilling, forgetting, keys, records
from scim.storage.acts import Act, Creation, Edit, Modification, Request, Written
from scim.storage.backfilling import Filled
from scim.storage.building import Begin, lay_down
from scim.storage.commit import PATIENCE, Clock, Commit, busy, unix_milliseconds
from scim.storage.deletion import Deletion, anything
from scim.storage.drafts import NOTHING, Apart, Decide, Draft, Foreseen, View
from scim.storage.finishing import Finishing
from scim.storage.intents import Held
from scim.storage.joining import Joining, Leaving, Staying
from scim.storage.linking import Unbuilt, likeliest, load, touched
from scim.storage.membership import MembershipReader
from scim.storage.records import Head, Stored
from scim.storage.rows import MAX_TRANSACTION_ROWS, Create, Merge, OtherForm, Refused, Rows, SettingsChanged, Unsettled
from scim.storage.ways import Way

_BUILDINGS = 8
"""Times that members are laid down for one edit, while others change what it is about."""
_FENCES = 100
"""Times that a fence may find the head moved."""


class Directory(MembershipReader):
    """One provider's resources, to be read and written.

    Safe for any number of concurrent callers in one event loop, and for any number of processes.

    Attributes:
        finishing: what is done behind the writes.
    """

    def __init__(self, rows: Rows, schemas: Schemas, clock: Clock = unix_milliseconds) -> None:
        super().__init__(rows, schemas)
        self._commit = Commit(rows, clock)
        self.finishing = Finishing(rows, schemas, self._commit, clock)
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
        return Act(
            Modification(self._schemas, kind, identifier, edit, request), foreseen=self.foreseen(kind, identifier)
        )

    def deletion(
        self, kind: ResourceType, identifier: str, origin: Origin, check: Callable[[Stored], None] = anything
    ) -> Act:
        """The deletion of a resource, if ``check`` raises nothing."""
        if kind.name == MEMBERSHIP:
            return Act(Leaving(self._schemas, kind, identifier, origin, check))
        whole = Deletion(self._schemas, kind, identifier, origin, check)
        foreseen = self.foreseen(kind, identifier)
        return Act(partial(_delete, whole), partial(_delete, replace(whole, whole=False)), foreseen)

    def foreseen(self, kind: ResourceType, identifier: str, changed: Links = NO_LINKS) -> Foreseen:
        """The rows that an edit of a resource reads, some of whose links it may change."""
        if kind.name == MEMBERSHIP or not keys.is_id(identifier):
            return NOTHING
        own = keys.resource(kind.alias, identifier)
        if changed.clear or not 0 < len(changed.add) + len(changed.remove) <= MAX_TRANSACTION_ROWS:
            return Foreseen((own,))
        joining = [likeliest(self._schemas, kind, each) for each in changed.add.values() if keys.is_id(each.id)]
        return Foreseen((own, *joining), lambda row: touched(records.decode(kind, row), changed))

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
            written = await self._commit.write(self._agreed(act.decide), foreseen=act.foreseen)
        except Apart as apart:
            return await self._apart(act, apart)
        await self.finishing.help()
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
            async for outcome in self._commit.write_each(decides, [act.foreseen for act in left]):
                if isinstance(outcome, Apart):
                    yield await _outcome(self._apart(wanted[done], outcome))
                elif isinstance(outcome, Written | ScimError):
                    yield outcome
                else:
                    raise outcome
                done += 1
        await self.finishing.help()

    async def try_each(self, wanted: Sequence[Act]) -> AsyncIterator[Written | ScimError]:
        """What ``write_each`` would give; nothing is written, and what is shown has its members with it."""
        rehearsal = await self._commit.rehearsal()

        async def tried(act: Act) -> Written:
            way = Way(self._rows, act, rehearsal=True)
            written = await self._by(way, lambda decide, _: rehearsal.write(decide))
            return replace(written, stored=await load(rehearsal.view, written.stored))

        for act in wanted:
            yield await _outcome(tried(act))

    async def _apart(self, act: Act, apart: Apart) -> Written:
        """Do an act that takes more than one transaction, or must wait for somebody."""
        way, view = Way(self._rows, act, apart), View(self._rows)
        try:
            written = await self._by(
                way, lambda decide, deferred: self._commit.write(decide, view if deferred else None)
            )
        except (Exception, asyncio.CancelledError):
            await self.finishing.give_up(way)
            raise
        if way.unused:
            await self.finishing.give_up(way)
        if written.stored.id in self._commit.intents:
            await self.finishing.follow(written.stored.id)
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
                if self.finishing.abandoned(touched):
                    await self.finishing.finish(identifier, 1, abandoned=True)
                await asyncio.sleep(random.uniform(0.02, 0.2))  # noqa: S311 (jitter, not a secret)
            case Unbuilt() as wanted:
                await self.finishing.give_up(way)
                if way.buildings == _BUILDINGS:
                    raise busy()
                await self._commit.write(self._agreed(Begin(wanted)))
                way.building, way.buildings = wanted.built, way.buildings + 1
                await lay_down(self._rows, wanted.rows)
            case _:
                pass
        await way.go_on()

    def _agreed[T](self, decide: Decide[T]) -> Decide[T]:
        """The same, if the directory still is what this process takes it for."""

        async def agreed(view: View, draft: Draft) -> T:
            if draft.head.unique != self._fingerprint:
                raise SettingsChanged
            self._same_rules = draft.head.form.same_rules
            return await decide(view, draft)

        return agreed


async def _delete(deletion: Deletion, view: View, draft: Draft) -> Written:
    return Written(await deletion(view, draft), changed=True)


async def _outcome(work: Awaitable[Written]) -> Written | ScimError:
    try:
        return await work
    except ScimError as error:
        return error
