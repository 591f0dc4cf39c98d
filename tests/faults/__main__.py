"""The long variants: ``python -m tests.faults --operations 5000 --seed N``."""

import argparse
import asyncio
import json
import random
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from time import monotonic

from scim.local import azurite
from tests.faults import trial
from tests.faults.proxy import BAD_WEATHER


def main(arguments: Sequence[str] | None = None) -> int:
    """Run, print what came of it, and exit with 1 if anything was wrong."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("--operations", type=int, default=5000)
    parser.add_argument("--processes", type=int, default=4)
    parser.add_argument("--workers", type=int, default=16)
    parser.add_argument("--loss", type=float, default=0.15, help="share of requests and of answers that get lost")
    parser.add_argument("--seed", type=int, default=random.randrange(10**6))
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures here, too")
    options = parser.parse_args(arguments)
    print(f"seed {options.seed}", flush=True)
    with azurite.running() as storage, tempfile.TemporaryDirectory() as folder:
        plan = trial.Plan(
            options.operations,
            options.seed,
            options.processes,
            options.workers,
            replace(BAD_WEATHER, lost_request=options.loss, lost_answer=options.loss),
            _Progress(options.operations),
        )
        figures = asyncio.run(trial.run(plan, storage, Path(folder))).figures()
    return report(figures, options.json)


def report(figures: Mapping[str, object], file: Path | None) -> int:
    """Print figures and the verdict; 1 if anything was wrong."""
    wrong = figures["wrong"]
    assert isinstance(wrong, list)
    for name, value in figures.items():
        if name != "wrong":
            print(f"{name:20} {value}")
    for sentence in wrong[:50]:
        print(f"WRONG  {sentence}")
    print("verdict              " + (f"{len(wrong)} things are wrong" if wrong else "all is well"))
    if file:
        file.write_text(json.dumps(figures, indent=2) + "\n")
    return 1 if wrong else 0


class _Progress:
    """Prints a line now and then."""

    def __init__(self, total: int) -> None:
        self._total = total
        self._began = self._told = monotonic()

    def __call__(self, done: int) -> None:
        if monotonic() - self._told > 10:
            self._told = monotonic()
            print(f"{done} of {self._total} after {self._told - self._began:.0f} s", flush=True)


if __name__ == "__main__":
    sys.exit(main())
