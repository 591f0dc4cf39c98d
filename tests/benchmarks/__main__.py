"""``make bench``, or ``python -m tests.benchmarks [PARTS …] [--quick]``: measure, show, keep and write the page."""

import argparse
import asyncio
import importlib
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from typing import cast

from rich.console import Console
from rich.table import Table as Shown

from scim.local.options import REPOSITORY
from tests.benchmarks import facts, kept, page, targets
from tests.benchmarks.parts import Part, Table

NAMES = (
    "in_process",
    "over_http",
    "end_to_end",
    "initial_cycle",
    "starting",
    "growth",
    "storage_edge",
    "contention",
)
"""The parts in the order of the page; those that are not there are left out."""


def parts() -> Mapping[str, Part]:
    """The modules of the parts, by name."""
    found: dict[str, Part] = {}
    for name in NAMES:
        try:
            found[name] = cast(Part, importlib.import_module(f"tests.benchmarks.{name}"))
        except ModuleNotFoundError as error:
            if error.name != f"tests.benchmarks.{name}":
                raise
    return found


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure part by part, each kept as soon as it is done, so that a run that was stopped can be taken up again."""
    known = parts()
    options = _parsed(arguments, known)
    console = Console()
    folder = kept.QUICK if options.quick else kept.KEPT
    if options.page:
        page.write(known, kept.KEPT)
        return 0
    if len(options.parts) == 1:
        return 0 if _measured(options.parts[0], known, console, quick=options.quick) else 1
    failed = [name for name in options.parts or known if not _apart(name, quick=options.quick)]
    figures = {name: found["figures"] for name in known if (found := kept.read(folder, name)) is not None}
    _show(console, targets.table(figures))
    console.print(f"Kept in {folder.relative_to(REPOSITORY)}" + ("." if options.quick else f"; see {page.PAGE}."))
    for name in failed:
        console.print(f"{name} could not be measured.", style="red")
    return 1 if failed else 0


def _apart(name: str, *, quick: bool) -> bool:
    """Measure one part in a process of its own, so that none has to bear what another left in memory."""
    command = [sys.executable, "-m", "tests.benchmarks", name, *(["--quick"] if quick else [])]
    return subprocess.run(command, cwd=REPOSITORY, check=False).returncode == 0  # noqa: S603 - our own command


def _measured(name: str, known: Mapping[str, Part], console: Console, *, quick: bool) -> bool:
    """Measure one part, show and keep it, and write the page anew; whether that went well."""
    part = known[name]
    console.rule(part.TITLE)
    machine, started = facts.machine(), time.perf_counter()

    def say(sentence: str, /) -> None:
        console.print(f"{time.perf_counter() - started:6.1f} s  {sentence}", style="dim", highlight=False)

    try:
        figures = asyncio.run(part.measure(say, quick=quick))
    except Exception:  # noqa: BLE001 (the other parts can still be measured)
        console.print_exception(max_frames=8)
        return False
    kept.write(kept.QUICK if quick else kept.KEPT, name, machine, time.perf_counter() - started, figures)
    if not quick:
        page.write(known, kept.KEPT)
    for table in part.tables(figures):
        _show(console, table)
    return True


def _show(console: Console, table: Table) -> None:
    shown = Shown(title=table.title, title_justify="left", caption=table.note or None, caption_justify="left")
    for number, column in enumerate(table.columns):
        shown.add_column(column, justify="right" if number else "left")
    for row in table.rows:
        shown.add_row(*(cell.replace("*", "").replace("[", r"\[") for cell in row))
    console.print(shown)


def _parsed(arguments: Sequence[str] | None, known: Mapping[str, Part]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description="Measure; nothing is asserted.")
    names = ", ".join(known)
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"what to measure (default: all of {names})")
    parser.add_argument("--quick", action="store_true", help="a first look: small, kept apart, not on the page")
    parser.add_argument("--page", action="store_true", help="measure nothing, write the page from what is kept")
    options = parser.parse_args(arguments)
    if unknown := [name for name in options.parts if name not in known]:
        parser.error(f"there is no part {unknown[0]}: choose of {names}")
    return options


if __name__ == "__main__":
    sys.exit(main())
