"""What was measured, kept as JSON: a file for each part, with the machine that measured it."""

import json
from pathlib import Path

from scim.local.options import REPOSITORY
from scim.schema import JsonObject

KEPT = Path(__file__).with_name("results")
"""Those of the last full run, which docs/performance.md shows."""
QUICK = REPOSITORY / ".local" / "benchmarks"
"""Those of a quick run, which nobody should quote."""


def write(folder: Path, part: str, machine: JsonObject, seconds: float, figures: JsonObject) -> None:
    """Keep what a part measured."""
    folder.mkdir(parents=True, exist_ok=True)
    whole = {"part": part, "machine": machine, "seconds": round(seconds), "figures": figures}
    (folder / f"{part}.json").write_text(json.dumps(whole, indent=1) + "\n")


def read(folder: Path, part: str) -> JsonObject | None:
    """What a part measured last; None where it has not."""
    path = folder / f"{part}.json"
    if not path.exists():
        return None
    whole: JsonObject = json.loads(path.read_text())
    return whole
