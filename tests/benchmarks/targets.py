"""What the design asks for, beside what was measured."""

from collections.abc import Callable, Iterator, Mapping
from statistics import median
from typing import Any

from scim.schema import JsonObject
from tests.benchmarks import end_to_end, over_http, peers
from tests.benchmarks.parts import Table

type Figures = Mapping[str, JsonObject]
"""What each part measured, by the part's name."""

type Row = tuple[str, str, str, bool]
"""What is asked for, how much of it, what was measured, whether that is met."""


def table(figures: Figures) -> Table:
    """Every target whose part was measured."""
    rows = [
        [asked, wanted, measured, "yes" if met else "**no**"]
        for part, targets in _TARGETS.items()
        if part in figures
        for asked, wanted, measured, met in targets(figures[part])
    ]
    return Table("Targets", ["what", "target", "measured", "met"], rows)


def _in_process(figures: JsonObject) -> Iterator[Row]:
    of = figures["operations"][-1]
    for kind in ("create", "retrieve", "PATCH, one attribute", "PATCH, five operations", "userName eq"):
        times = of["operations"][kind]["times"]
        yield f"{kind}, in process, {of['users']:,} users", f"≥ 4 × {peers.NAME}", f"{times:.1f} ×", times >= 4
    grown = figures["member add"]
    sizes = sorted(grown, key=int)
    times = grown[sizes[-1]]["ours_us"] / grown[sizes[0]]["ours_us"]
    what = f"member added to {int(sizes[-1]):,} beside {int(sizes[0]):,}"
    yield what, "≤ 1.3 ×", f"{times:.2f} ×", times <= 1.3


def _over_http(figures: JsonObject) -> Iterator[Row]:
    runs = figures["runs"]
    for connections, near in zip(over_http.CONNECTIONS, (480, 730), strict=True):
        at = [run for run in runs if run["connections"] == connections]
        ours = max((run for run in at if run["name"].startswith(over_http.OURS)), key=_rate)
        what = f"Entra's sequence over HTTP, durable, {connections} connection{'s' if connections > 1 else ''}"
        for theirs in (run for run in at if not run["name"].startswith(over_http.OURS)):
            times = ours["per_second"] / theirs["per_second"]
            yield what, f"≥ 3 × {theirs['name']}, in memory", f"{times:.2f} ×", times >= 3
        yield what, f"near {near}/s", f"{ours['per_second']:.0f}/s", ours["per_second"] >= near


def _rate(run: JsonObject) -> float:
    return float(run["per_second"])


def _end_to_end(figures: JsonObject) -> Iterator[Row]:
    for users in sorted({each["users"] for each in figures["operations"]}):
        alone = [each for each in figures["operations"] if each["users"] == users and each["concurrency"] == 1]
        whole = sum(each["service"]["p50_ms"] for each in alone) / sum(each["sdk"]["p50_ms"] for each in alone)
        middle = median(end_to_end.ratio(each, "sdk") for each in alone)
        what = f"Entra's sequence end to end beside the bare SDK calls, {users:,} users"
        yield what, "≤ 1.25 ×, then < 1", f"{whole:.2f} × (median of the operations {middle:.2f})", whole <= 1.25
    held = figures["held"]
    failures = sum(held["failures"].values())
    steady = held["per_second"] >= 0.99 * held["offered"] and not failures
    said = f"{held['per_second']:.0f}/s for {held['seconds']} s, {failures} failures, p99 {held['p99_ms']:.0f} ms"
    yield f"{held['offered']} requests/s held by one process, {held['users']:,} users", "no failure", said, steady


def _starting(figures: JsonObject) -> Iterator[Row]:
    own, memory = figures["import"]["own_ms"], figures["import"]["function_app_mb"]
    yield "import of function_app above its dependencies", "≤ 200 ms", f"{own:.0f} ms", own <= 200
    yield "memory after that import", "≤ 100 MB", f"{memory:.0f} MB", memory <= 100


_TARGETS: Mapping[str, Callable[[Any], Iterator[Row]]] = {
    "in_process": _in_process,
    "over_http": _over_http,
    "end_to_end": _end_to_end,
    "starting": _starting,
}
