"""The resources of one type that a query asks for, found by the shortest way and in the order of creation.

Where the index rows tell all, only what is shown is read. Else candidates are read, by their ids or one after
another, and asked the filter; there is a bound to that, and beyond it a whole answer is refused, or a walk paused.
"""

import asyncio
from bisect import bisect_left, bisect_right
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from itertools import batched

from scim import planning
from scim.errors import TooMany
from scim.filters import Filter
from scim.judging import Judge, Verdict
from scim.planning import Scan, Union
from scim.representation import Representation
from scim.schema import ResourceType
from scim.storage import lookups
from scim.storage.drafts import PARALLEL
from scim.storage.records import Stored

MAX_MEMBERS = 100_000
"""Members of groups that one query looks at, at most."""
_MANY = 10
"""For each resource that may be scanned, so many ids may be taken from index rows; a tenth may be read one by one."""
_FEW = 100
"""Candidates that may always be read one by one."""
_CHEAPER = 20
"""Reading all takes fewer calls than reading candidates one by one, where all are not so many times more."""


@dataclass(slots=True)
class Walked:
    """A page of a walk.

    Attributes:
        found: its resources.
        position: id of the last resource that was looked at for it; blank if none ever was.
        more: whether there may be matches beyond.
        total: how many matches there are in all, where that came to light.
        examined: how many resources were read.
        scanned: whether they were read one after another, because index rows did not help.
    """

    found: list[Stored] = field(default_factory=list)
    position: str = ""
    more: bool = False
    total: int | None = None
    examined: int = 0
    scanned: bool = False


@dataclass(frozen=True, slots=True)
class Pace:
    """What a page of a walk may be.

    Attributes:
        count: resources in it, at most.
        budget: resources that may be read for it.
        descending: whether the walk goes from the last created to the first.
        counting: whether to count all matches, if that takes no more reading than a page may.
    """

    count: int
    budget: int
    descending: bool
    counting: bool


class Selection:
    """What one query asks of one type."""

    def __init__(
        self, representation: Representation, kind: ResourceType, filter_: Filter | None, scan_max: int
    ) -> None:
        """Plan how to find it.

        Args:
            representation: the provider's resources.
            kind: the type.
            filter_: understood by the type and folded for it; None for all resources.
            scan_max: resources that may be read one after another.
        """
        self.kind = kind
        self._directory = representation.directory
        self._representation = representation
        self._filter = filter_
        self._plan = planning.plan(filter_, kind, representation.schemas)
        self.scan_max = scan_max
        self._most_gets = max(scan_max // 10, _FEW)
        self._ids: list[str] | None = None
        self._located = False

    async def page(self, start_index: int, count: int, *, descending: bool) -> tuple[int, list[Stored]]:
        """The number of all matches, and ``count`` of them from the 1-based ``start_index`` on.

        Raises:
            TooMany: it takes too much reading to know.
        """
        if self._filter is None:
            return await self._directory.page(self.kind, start_index, count, descending=descending)
        window = slice(start_index - 1, start_index - 1 + count)
        ids = await self._certain()
        if ids is None and descending:
            ids = [stored.id async for stored in self.every("filter")]
        if ids is not None:
            return len(ids), await self._directory.many(self.kind, (ids[::-1] if descending else ids)[window])
        total, found = 0, list[Stored]()
        async for stored in self.every("filter"):
            found += [stored] if window.start <= total < window.stop else []
            total += 1
        return total, found

    async def every(self, purpose: str) -> AsyncIterator[Stored]:
        """Every match, in the order of creation.

        Raises:
            TooMany: it takes too much reading; names the ``purpose``, which is the parameter that wants them all.
        """
        ids = await self._candidates(self._most_gets)
        if ids is None and not self._since:
            total = await self._directory.total(self.kind)
            if total > self.scan_max:
                raise self._too_many(purpose, f"all {total} resources would be read, and {self.scan_max} are the limit")
        read, members = 0, 0
        async for verdict in self._judged(ids):
            read += 1
            members += verdict.members
            if ids is None and read > self.scan_max:
                raise self._too_many(purpose, f"more than {self.scan_max} resources would be read, which is the limit")
            if members > MAX_MEMBERS and read > 1:
                raise self._too_many(purpose, f"more than {MAX_MEMBERS} members would be read, which is the limit")
            if verdict.matches:
                yield verdict.stored

    async def walk(self, after: str, pace: Pace, *, scanning: bool = False) -> Walked:
        """The next page of a walk through all matches.

        Args:
            after: id of the last resource that was looked at; blank to begin.
            pace: what the page may be.
            scanning: whether index rows were found not to help.
        """
        if self._filter is None:
            return await self._walk_all(after, pace)
        located = None if scanning else await self._locate()
        if located is not None and self._plan.exact and len(located) <= self.scan_max:
            rest = _beyond(located, after, descending=pace.descending)
            found = await self._directory.many(self.kind, rest[: pace.count])
            return Walked(found, [after, *rest[: pace.count]][-1], len(rest) > pace.count, len(located), len(found))
        candidates = None if located is None or self._plan.exact else await self._candidates(self.scan_max)
        total = len(located) if located is not None and self._plan.exact else None
        page = Walked(position=after, total=total, scanned=candidates is None)
        if candidates is None:
            left, whole = None, pace.counting and total is None and await self._few(pace.budget)
        else:
            left = _beyond(candidates, after, descending=pace.descending)
            pace = replace(pace, budget=min(pace.budget, self._most_gets))
            whole = pace.counting and len(left) <= pace.budget
        async with aclosing(self._judged(left, after, descending=pace.descending)) as verdicts:
            return await _paged(verdicts, page, pace, whole=whole)

    async def _walk_all(self, after: str, pace: Pace) -> Walked:
        total = await self._directory.total(self.kind) if pace.counting else None
        found: list[Stored] = []
        if pace.count:
            async with aclosing(self._all(after, pace.count + 1, descending=pace.descending)) as ahead:
                async for stored in ahead:
                    found.append(stored)
                    if len(found) > pace.count:
                        break
        page = found[: pace.count]
        more = len(found) > pace.count if pace.count else total != 0
        return Walked(page, page[-1].id if page else after, more, total, len(page))

    async def _few(self, limit: int) -> bool:
        """Whether all resources may be read for one page."""
        return not self._since and await self._directory.total(self.kind) <= limit

    async def _certain(self) -> list[str] | None:
        """The ids of all matches, in order, where the index rows alone tell them."""
        return await self._locate() if self._plan.exact else None

    async def _candidates(self, most: int) -> list[str] | None:
        """The ids of all candidates, in order; None where all resources are to be read."""
        ids = await self._locate()
        if ids is None or len(ids) <= _FEW:
            return ids
        total = await self._directory.total(self.kind)
        cheaper = total <= min(self.scan_max, _CHEAPER * len(ids))
        return None if cheaper or len(ids) > most else ids

    async def _locate(self) -> list[str] | None:
        """What is in the place that the plan names, in order; None where the rows do not tell, or too much."""
        most = max(self.scan_max * _MANY, MAX_MEMBERS)
        self._located = self._located or await self._sooner_read()
        for plan in () if self._located else (self._plan, *self._plan.others):
            found = await lookups.ids(self._directory, self.kind, plan.lookup, most)
            if found is not None and (self._ids is None or len(found) < len(self._ids)):
                self._ids, self._plan = sorted(found), plan
            if found is not None and len(found) <= self._most_gets:
                break
        self._located = True
        return self._ids

    async def _sooner_read(self) -> bool:
        """Whether all resources are fewer than the places that would have to be looked into."""
        places = self._plan.lookup.rank if isinstance(self._plan.lookup, Union) else 0
        return places > _FEW and await self._directory.total(self.kind) <= min(self.scan_max, places)

    async def _judged(
        self, ids: Sequence[str] | None, after: str = "", *, descending: bool = False
    ) -> AsyncGenerator[Verdict]:
        """Candidates asked what their place does not tell, in the order of ``ids``; without any, all there are."""
        judge = Judge(self._representation, self.kind, self._filter if ids is None else self._plan.residual)
        candidates = self._all(after, None, descending=descending) if ids is None else self._each(ids)
        some: list[Stored] = []
        async with aclosing(candidates):
            async for stored in candidates:
                some.append(stored)
                if len(some) >= judge.at_a_time:
                    for verdict in await judge.verdicts(some):
                        yield verdict
                    some.clear()
                    await asyncio.sleep(0)  # a filter of a thousand terms takes its time, and others have theirs
        for verdict in await judge.verdicts(some):
            yield verdict

    async def _each(self, ids: Sequence[str]) -> AsyncGenerator[Stored]:
        for some in batched(ids, PARALLEL, strict=False):
            for stored in await self._directory.many(self.kind, some):
                yield stored

    def _all(self, after: str, wanted: int | None, *, descending: bool) -> AsyncGenerator[Stored]:
        if descending:
            return self._directory.scan_back(self.kind, after, wanted=wanted)
        return self._directory.scan(self.kind, after, since=self._since, limit=wanted)

    @property
    def _since(self) -> int:
        return self._plan.lookup.since if isinstance(self._plan.lookup, Scan) else 0

    def _too_many(self, purpose: str, why: str) -> TooMany:
        names = ", ".join(planning.indexed(self.kind))
        if purpose == "sortBy":
            return TooMany(
                f"sortBy: it takes every match to sort them: {why}; narrow the query by a filter that compares one of "
                f"{names} by eq, or sort one type by id or meta.created."
            )
        return TooMany(
            f"filter: no index helps it enough: {why}; compare one of {names} by eq, or ask what a recent "
            "meta.lastModified is gt, or page by cursor."
        )


async def _paged(verdicts: AsyncIterator[Verdict], page: Walked, pace: Pace, *, whole: bool) -> Walked:
    """Look at one candidate after another until the page is full, or, where the whole is counted, at all of them."""
    matched, members = 0, 0
    async for verdict in verdicts:
        full = len(page.found) == pace.count
        members += verdict.members
        spent = page.examined >= pace.budget or (members > MAX_MEMBERS and page.examined > 0)
        if spent or (full and not whole):
            page.more = True
            return page
        page.examined += 1
        matched += verdict.matches
        if full:
            page.more |= verdict.matches
        else:
            page.position = verdict.stored.id
            page.found += [verdict.stored] if verdict.matches else []
    page.total = matched if whole else page.total
    return page


def _beyond(ids: Sequence[str], after: str, *, descending: bool) -> Sequence[str]:
    """Those of sorted ids that a walk has not come to yet, in its order."""
    if descending:
        return ids[: bisect_left(ids, after) if after else None][::-1]
    return ids[bisect_right(ids, after) :]
