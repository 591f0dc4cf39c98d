"""Matters of the head: what it says of changes, ids, intents and totals."""

from dataclasses import dataclass, replace
from itertools import pairwise

from scim.schema import ResourceType
from scim.storage import keys, records
from scim.storage.drafts import Draft, View
from scim.storage.intents import Intent
from scim.storage.problems import Problem, record
from scim.storage.runs import RUN, ClosedRuns, OpenRun

_LAST_NUMBER = (1 << 64) - 1


@dataclass(frozen=True, slots=True)
class Numbers:
    """The head bears the number of the last change."""

    before: int

    async def __call__(self, view: View, draft: Draft) -> list[Problem]:
        """What is wrong; the record of the repair takes its place behind the last one.

        ``before`` is the number of a change that is known to be there, so that the last one is looked for from there.
        """
        number = draft.previous
        rows = await view.range(keys.change(min(number, self.before)), keys.span("change")[1])
        last = max((int(row.key[7:23], 16) for row in rows), default=0)
        if last == number:
            return []
        what = f"the number is {number:016x}, the last change's {last:016x}"
        if not max(last, number) < draft.number <= _LAST_NUMBER:
            return [Problem(keys.HEAD, what, "by hand")]
        draft.previous = last
        record(draft, "Provider", "", {"number": {"before": f"{number:016x}", "after": f"{draft.number:016x}"}})
        return [Problem(keys.HEAD, what)]


@dataclass(frozen=True, slots=True)
class Greatest:
    """The head knows the greatest id, so that a new one is greater.

    Args:
        identifier: one that is there, or was.
    """

    identifier: str

    async def __call__(self, view: View, draft: Draft) -> list[Problem]:  # noqa: ARG002 (a matter's)
        """What is wrong; the head is told."""
        last = draft.head.last_id
        if last >= self.identifier:
            return []
        draft.head = replace(draft.head, last_id=self.identifier)
        record(draft, "Provider", "", {"last": {"before": last, "after": self.identifier}})
        return [Problem(keys.HEAD, f"the last id is {last or 'none'}, and {self.identifier} is greater")]


@dataclass(frozen=True, slots=True)
class Named:
    """The head names the intents that are there, and no others."""

    identifier: str

    async def __call__(self, view: View, draft: Draft) -> list[Problem]:
        """What is wrong; the head is told. What an intent still has to do is done by whoever meets it next."""
        row = await view.get(keys.intent(self.identifier))
        named = draft.head.intents
        if (row is not None) == (self.identifier in named):
            return [Problem(f"intent {self.identifier}", "work is unfinished", "pending")] if row else []
        if row is None:
            kept = {other: touched for other, touched in named.items() if other != self.identifier}
            what = "the head names it, and there is none"
        else:
            kept = {**named, self.identifier: Intent.decode(row).began}
            what = "it is there, and the head does not name it"
        draft.head = replace(draft.head, intents=kept)
        record(draft, "Provider", self.identifier, {"intents": {"repaired": 1}})
        return [Problem(f"intent {self.identifier}", what)]


@dataclass(frozen=True, slots=True)
class Counted:
    """The runs of a type count the resources that there are.

    Args:
        kind: the type.
        first: the id with which the run begins that is in doubt; blank where only the runs themselves are looked at.
    """

    kind: ResourceType
    first: str = ""

    async def __call__(self, view: View, draft: Draft) -> list[Problem]:
        """What is wrong; the resources of the run are counted anew, or those of all runs where these make no sense."""
        alias = self.kind.alias
        run, row = draft.head.run(alias), await view.get(keys.runs(alias))
        closed = records.decode_runs(row).entries
        runs = [*closed, *([(run.first, run.count)] if run.first else [])]
        found = await self._senseless(view, runs, run, closed)
        if found:
            ids = [each.key.partition(":")[2] for each in await view.range(*keys.span(alias))]
            opened, after = _laid_out(ids)
        elif self.first:
            place = next((at for at, (first, _) in enumerate(runs) if first == self.first), None)
            if place is None:
                return []
            end = keys.resource(alias, runs[place + 1][0]) if place + 1 < len(runs) else keys.span(alias)[1]
            there = len(await view.range(keys.resource(alias, self.first), end))
            counted = runs[place][1]
            if there == counted:
                return []
            found = [f"the run from {self.first} counts {counted}, and {there} are there"]
            total = run.total + there - counted
            opened, after = replace(run, total=total), closed
            if place < len(closed):
                after = tuple((f, there if f == self.first else n) for f, n in closed if f != self.first or there)
            else:
                opened = OpenRun(self.first, there, total)
        elif run.total != (total := sum(count for _, count in runs)):
            found = [f"the total is {run.total}, and the runs count {total}"]
            opened, after = replace(run, total=total), closed
        else:
            return []
        draft.head = draft.head.with_run(alias, opened)
        packed = records.encode_runs(ClosedRuns(after), row)
        if row is None and after:
            draft.create(keys.runs(alias), packed)
        elif row is not None and after != closed:
            draft.merge(row, packed)
        record(draft, self.kind.name, "", {"runs": {"before": run.total, "after": opened.total}})
        return [Problem(f"runs of {alias}", what) for what in found]

    async def _senseless(
        self, view: View, runs: list[tuple[str, int]], run: OpenRun, closed: tuple[tuple[str, int], ...]
    ) -> list[str]:
        if any(one >= other for (one, _), (other, _) in pairwise(runs)):
            return ["the first ids do not ascend"]
        if any(not 0 < count <= RUN for _, count in closed) or not 0 <= run.count <= RUN:
            return ["a closed run is empty, or one is too long"]
        low, high = keys.span(self.kind.alias)
        before = await view.range(low, keys.resource(self.kind.alias, runs[0][0]) if runs else high, limit=1)
        return [f"{before[0].key.partition(':')[2]} is before the first run"] if before else []


def _laid_out(ids: list[str]) -> tuple[OpenRun, tuple[tuple[str, int], ...]]:
    """The open run and the closed ones of a sequence of ids."""
    runs = [(ids[at], len(ids[at : at + RUN])) for at in range(0, len(ids), RUN)]
    if not runs:
        return OpenRun(), ()
    first, count = runs[-1]
    return OpenRun(first, count, len(ids)), tuple(runs[:-1])


@dataclass(frozen=True, slots=True)
class Typed:
    """The head counts resources of no type but those of the schemas."""

    kinds: tuple[ResourceType, ...]

    async def __call__(self, view: View, draft: Draft) -> list[Problem]:
        """What is wrong; a type of which there is nothing is taken out."""
        known = {kind.alias for kind in self.kinds}
        strange = [alias for alias in draft.head.runs if alias not in known]
        if not strange:
            return []
        gone = [alias for alias in strange if not await view.range(*keys.span(alias), limit=1)]
        for row in await view.fetch(map(keys.runs, gone)):
            if row is not None:
                draft.delete(row)
        if gone:
            kept = {alias: run for alias, run in draft.head.runs.items() if alias not in gone}
            draft.head = replace(draft.head, runs=kept)
            record(draft, "Provider", "", {"types": {"removed": len(gone)}})
        return [
            Problem(f"runs of {alias}", "there is no such type", "repair" if alias in gone else "by hand")
            for alias in strange
        ]
