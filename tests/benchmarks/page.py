"""docs/performance.md and its charts, made from the kept results."""

from collections.abc import Mapping
from pathlib import Path

from scim.local.options import REPOSITORY
from scim.schema import JsonObject
from tests.benchmarks import kept, targets
from tests.benchmarks.parts import Part, Table

PAGE = Path("docs/performance.md")
CHARTS = Path("docs/performance")

_HEAD = """\
# Performance

What Rollcall costs, measured by `make bench`, which also writes this page. Times are of one machine and one run, and
say little elsewhere; ratios and counts are what to look at. `make bench ARGS="--quick"` is a first look within two
minutes, `make bench ARGS="in_process starting"` measures some parts anew; what was measured is kept as JSON in
`tests/benchmarks/results/`.
"""


def rendered(parts: Mapping[str, Part], folder: Path) -> dict[Path, str]:
    """The text of the page and of each chart, by their paths in the repository."""
    measured = {name: found for name in parts if (found := kept.read(folder, name)) is not None}
    figures = {name: found["figures"] for name, found in measured.items()}
    texts: dict[Path, str] = {}
    pieces = [_HEAD, "## Targets", _bare(targets.table(figures))]
    for name, found in measured.items():
        part = parts[name]
        pieces += [f"## {part.TITLE}", _machine(found)]
        for file, chart in part.charts(found["figures"]).items():
            texts[CHARTS / f"{file}.svg"] = chart.svg()
            pieces.append(f"![{chart.title}]({CHARTS.name}/{file}.svg)")
        pieces += [table.markdown() for table in part.tables(found["figures"])]
    texts[PAGE] = "\n\n".join(piece.strip() for piece in pieces) + "\n"
    return texts


def write(parts: Mapping[str, Part], folder: Path) -> None:
    """Write the page and its charts anew."""
    for path, text in rendered(parts, folder).items():
        (REPOSITORY / path).parent.mkdir(parents=True, exist_ok=True)
        (REPOSITORY / path).write_text(text)


def _bare(table: Table) -> str:
    return table.markdown().split("\n\n", 1)[1]


def _machine(found: JsonObject) -> str:
    machine = found["machine"]
    packages = ", ".join(f"{name} {version}" for name, version in machine["packages"].items())
    return (
        f"Measured on {machine['date']} at commit {machine['commit']}, in {found['seconds']} s, on {machine['cores']} "
        f"cores of {machine['cpu']}; Python {machine['python']}, Node {machine['node']}, {packages}."
    )
