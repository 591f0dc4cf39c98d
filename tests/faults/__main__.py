"""The service under faults, at length: ``python -m tests.faults --operations 5000 --seed N``, or deaths, or outages."""

import argparse
import asyncio
import json
import random
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from time import monotonic
from typing import Any

from scim.local import azurite
from tests.faults import killing, outages, trial
from tests.faults.proxy import BAD_WEATHER

_EVERY = 10.0


def main(arguments: Sequence[str] | None = None) -> int:
    """Run, print what came of it, and exit with 1 if anything was wrong."""
    options = _parse(arguments)
    print(f"seed {options.seed}", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        figures = asyncio.run(_run(options, Path(folder)))
    if options.json:
        options.json.write_text(json.dumps(figures, indent=2) + "\n")
    return _report(figures)


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument(
        "what",
        nargs="?",
        choices=["weather", "deaths", "outages"],
        default="weather",
        help="many operations behind a bad network (the default), kill -9 inside writes, or a store that goes away",
    )
    parser.add_argument("--operations", type=int, default=5000, help="of the weather (default: 5000)")
    parser.add_argument("--processes", type=int, default=4, help="in the weather (default: 4)")
    parser.add_argument("--workers", type=int, default=16, help="in the weather (default: 16)")
    parser.add_argument(
        "--fault",
        action="append",
        default=[],
        type=_fault,
        metavar="NAME=SHARE",
        help="of the weather, such as lost_answer=0.3; more than once for several",
    )
    parser.add_argument("--deaths", type=int, default=200, help="inside a write (default: 200)")
    parser.add_argument("--away", type=float, default=15, metavar="SECONDS", help="of each outage (default: 15)")
    parser.add_argument("--rounds", type=int, default=2, help="outages of each kind (default: 2)")
    parser.add_argument("--seed", type=int, default=random.randrange(10**6))
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures here, too")
    return parser.parse_args(arguments)


def _fault(text: str) -> tuple[str, float]:
    name, _, share = text.partition("=")
    if name not in asdict(BAD_WEATHER):
        raise argparse.ArgumentTypeError(f"{name!r} is none of {', '.join(asdict(BAD_WEATHER))}")
    return name, float(share)


async def _run(options: argparse.Namespace, folder: Path) -> Mapping[str, Any]:
    progress = _Progress()
    if options.what == "outages":
        return (await outages.run(options.away, options.rounds, options.seed, folder, progress)).figures()
    with azurite.running() as storage:
        if options.what == "deaths":
            return (await killing.run(options.deaths, options.seed, storage, folder, progress)).figures()
        faults = replace(BAD_WEATHER, **dict(options.fault))
        plan = trial.Plan(options.operations, options.seed, options.processes, options.workers, faults, progress)
        return (await trial.run(plan, storage, folder)).figures()


def _report(figures: Mapping[str, Any]) -> int:
    for name, value in figures.items():
        if name != "wrong":
            print(f"{name:20} {value}")
    wrong = figures["wrong"]
    for sentence in wrong[:50]:
        print(f"WRONG  {sentence}")
    print(f"{'verdict':20} {f'{len(wrong)} things are wrong' if wrong else 'all is well'}")
    return 1 if wrong else 0


class _Progress:
    """Prints, now and then, how much is done."""

    def __init__(self) -> None:
        self._began = self._told = monotonic()

    def __call__(self, done: int) -> None:
        if monotonic() - self._told > _EVERY:
            self._told = monotonic()
            print(f"{done} done after {self._told - self._began:.0f} s", flush=True)


if __name__ == "__main__":
    sys.exit(main())
