"""What a run found, for programs and for people."""

from collections import Counter
from dataclasses import asdict, dataclass, field
from typing import Self

from rich.console import Console
from rich.table import Table

from tests.entra.job import Job
from tests.entra.tally import Tally, percentile

DIFFERENCES_SHOWN = 20
CHANGING = ("POST", "PATCH", "DELETE")


@dataclass(frozen=True, slots=True)
class Cycle:
    """One cycle in figures; `failures` are those that the cycle itself could not mend."""

    number: int
    name: str
    requests: int
    methods: dict[str, int]
    seconds: float
    per_second: float
    p50: float
    p95: float
    p99: float
    retries: int
    injected: int
    failed_tries: dict[str, int]
    failures: list[str]
    differences: list[str]

    @classmethod
    def of(cls, number: int, name: str, tally: Tally, job: Job, differences: list[str]) -> Self:
        """Sum a cycle up."""
        seconds = tally.seconds
        p50, p95, p99 = (round(percentile(tally.latencies, share), 2) for share in (0.5, 0.95, 0.99))
        return cls(
            number=number,
            name=name,
            requests=tally.requests,
            methods={method: tally.count(method) for method in ("GET", *CHANGING) if tally.count(method)},
            seconds=round(seconds, 3),
            per_second=round(tally.requests / seconds, 1) if seconds else 0.0,
            p50=p50,
            p95=p95,
            p99=p99,
            retries=tally.retries,
            injected=tally.injected,
            failed_tries=dict(tally.failures),
            failures=list(job.unresolved),
            differences=differences,
        )

    @property
    def writes(self) -> int:
        """How many changing requests were sent."""
        return sum(self.methods.get(method, 0) for method in CHANGING)


@dataclass(slots=True)
class Report:
    """A whole run."""

    seed: int
    dialect: str
    cycles: list[Cycle] = field(default_factory=list)
    statuses: Counter[tuple[str, str]] = field(default_factory=Counter)
    verification: Counter[tuple[str, str]] = field(default_factory=Counter)
    warnings: Counter[str] = field(default_factory=Counter)
    quarantine: str | None = None

    @property
    def differences(self) -> list[str]:
        """Every difference, with the number of its cycle."""
        return [f"cycle {cycle.number} ({cycle.name}): {each}" for cycle in self.cycles for each in cycle.differences]

    @property
    def failures(self) -> list[str]:
        """Every failure that stood at the end of its cycle."""
        return [f"cycle {cycle.number} ({cycle.name}): {each}" for cycle in self.cycles for each in cycle.failures]

    @property
    def ok(self) -> bool:
        """Whether the target did all it was asked and holds what it should."""
        return not (self.differences or self.failures or self.quarantine)

    def as_json(self) -> dict[str, object]:
        """Return the report as plain JSON values."""
        counts = {name: _flat(getattr(self, name)) for name in ("statuses", "verification")}
        cycles = [asdict(cycle) for cycle in self.cycles]
        rest = {"warnings": dict(self.warnings), "quarantine": self.quarantine}
        return {"ok": self.ok, "seed": self.seed, "dialect": self.dialect, "cycles": cycles, **counts, **rest}

    def print(self, console: Console, *, quiet: bool) -> None:
        """Print the closing table, then whatever went wrong."""
        if not quiet:
            console.print(self._table())
            answers = ", ".join(f"{name} {number}" for name, number in sorted(_flat(self.statuses).items()))
            console.print(f"Answers: {answers}; {self.verification.total()} requests more to verify.", highlight=False)
        for sentence, times in self.warnings.most_common():
            console.print(f"Warning, {times} times: {sentence}.", markup=False, highlight=False)
        if self.quarantine:
            console.print(
                f"The job is quarantined: {self.quarantine.removesuffix('.')}.", markup=False, highlight=False
            )
        for name, sentences in (("failures", self.failures), ("differences", self.differences)):
            for sentence in sentences[:DIFFERENCES_SHOWN]:
                console.print(sentence, markup=False, highlight=False)
            if len(sentences) > DIFFERENCES_SHOWN:
                console.print(f"… and {len(sentences) - DIFFERENCES_SHOWN} more {name}.", highlight=False)
        if not self.ok:
            quarantined = "quarantined, " if self.quarantine else ""
            found = f"{quarantined}{len(self.failures)} failures, {len(self.differences)} differences"
            console.print(f"Not as it should be: {found} (dialect {self.dialect}, seed {self.seed}).", highlight=False)
        elif not quiet:
            console.print(f"All green (seed {self.seed}).", highlight=False)

    def _table(self) -> Table:
        table = Table(title=f"{self.dialect}, seed {self.seed}; times in ms", box=None, padding=(0, 1), pad_edge=False)
        table.add_column("cycle")
        for heading in ("sent", "POST", "PATCH", "DEL", "/s", "p50", "p95", "p99", "retry", "fail", "diff"):
            table.add_column(heading, justify="right", no_wrap=True)
        for cycle in self.cycles:
            table.add_row(
                f"{cycle.number} {cycle.name}",
                str(cycle.requests),
                *(str(cycle.methods.get(method, 0)) for method in CHANGING),
                f"{cycle.per_second:.0f}",
                *(f"{each:.1f}" for each in (cycle.p50, cycle.p95, cycle.p99)),
                *(str(each) for each in (cycle.retries, len(cycle.failures), len(cycle.differences))),
            )
        return table


def _flat(statuses: Counter[tuple[str, str]]) -> dict[str, int]:
    return {f"{method} {outcome}": number for (method, outcome), number in statuses.items()}
