"""Who examines the service, and the table in README.md that says how it did.

A test tells what it examined by ``examined(record_property, …)``; ``python -m tests.conformance`` runs all that do,
adds up what they tell, and writes the table.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from scim.profiles import PROFILES
from tests.conformance.cases import Scenario

README = Path(__file__).parents[2] / "README.md"
PROPERTY = "examined"

type Record = Callable[[str, object], None]

EXAMINERS: Mapping[str, str] = {
    "tester": "`scim2-tester`, checks, in process",
    "devices": "the same with RFC 9944's devices as a provider's own schemas",
    "tester over HTTP": "`scim2-tester`, checks, over HTTP",
    "client": "`scim2-client`, strict, requests over HTTP",
    "schemathesis": "Schemathesis over `/openapi.json`, requests",
    "filters": "filters beside `scim2-models`",
    "patch": "PATCH beside `scim2-models`, operations alone and together",
    "bulk": "RFC 7644's examples of bulk requests",
    "corner": "corner cases of RFC 7643 and 7644 (X01 to X60)",
    "decisions": "cases the RFCs leave open (D01 to D32)",
    "entra": "real failures with Entra (E01 to E40)",
    "validator": "Microsoft's SCIM Validator (V01 to V25, previews)",
    "logicapp": "Microsoft's gallery suite (L01 to L25)",
    "postman": "Microsoft's Postman collection",
    "features": "dry runs, the root, `/Me`",
    "recorded": "recorded requests",
}
"""What each examiner is called in the table, in its order."""
_TABLE = re.compile(r"(?<=<!-- generated: conformance -->\n).*?(?=<!-- end -->)", re.DOTALL)


def examined(record: Record, examiner: str, profile: str, count: int) -> None:
    """Tell that an examiner asked ``count`` questions under a profile, all of which were answered rightly."""
    record(PROPERTY, (examiner, profile, count))


def suite(scenario: Scenario) -> str:
    """The examiner whose case a scenario is."""
    return scenario.suite.partition("/")[0]


@dataclass(slots=True, eq=False)
class Tally:
    """A pytest plugin that adds up what tests tell they examined.

    Attributes:
        counts: questions by examiner and profile.
        wrong: tests that failed.
    """

    counts: dict[tuple[str, str], int] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Take what one test tells."""
        if report.failed:
            self.wrong.append(report.nodeid)
        if report.when == "call" and report.passed:
            for name, told in report.user_properties:
                if name == PROPERTY and isinstance(told, tuple):
                    examiner, profile, count = told
                    self.counts[examiner, profile] = self.counts.get((examiner, profile), 0) + count


def table(counts: Mapping[tuple[str, str], int]) -> str:
    """The counts as a table: a row for each examiner, a column for each profile."""
    rows = (f"| {title} | {_cells(counts, examiner)} |" for examiner, title in EXAMINERS.items())
    return "\n".join(["", f"| Examiner | {_titles()} |", f"|---|{'---|' * len(PROFILES)}", *rows, "", ""])


def shown() -> dict[tuple[str, str], int]:
    """The counts that the table in README.md shows."""
    found = _TABLE.search(README.read_text(encoding="utf-8"))
    lines = found[0].splitlines() if found else []
    cells = {row[0]: row[1:] for row in ([c.strip() for c in line.strip("|").split("|")] for line in lines) if row}
    return {
        (examiner, profile): int(text.replace(",", ""))
        for examiner, title in EXAMINERS.items()
        for profile, text in zip(PROFILES, cells.get(title, ()), strict=False)
        if text
    }


def write(counts: Mapping[tuple[str, str], int]) -> None:
    """Write the table into README.md."""
    page = README.read_text(encoding="utf-8")
    README.write_text(_TABLE.sub(lambda _: table(counts), page), encoding="utf-8")


def _titles() -> str:
    return " | ".join(f"`{profile}`" for profile in PROFILES)


def _cells(counts: Mapping[tuple[str, str], int], examiner: str) -> str:
    return " | ".join(_number(counts.get((examiner, profile), 0)) for profile in PROFILES)


def _number(count: int) -> str:
    return f"{count:,}" if count else ""


def played(scenarios: Iterable[Scenario]) -> dict[tuple[str, str], int]:
    """How many scenarios there are for each examiner and profile."""
    counts: dict[tuple[str, str], int] = {}
    for scenario in scenarios:
        for profile in scenario.profiles:
            key = suite(scenario), profile
            counts[key] = counts.get(key, 0) + 1
    return counts
