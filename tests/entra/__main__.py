"""The command line: run, show the progress, print the table, exit with 0, 1 or 2."""

import asyncio
import sys
from collections.abc import Sequence

from rich.console import Console
from rich.progress import Progress

from tests.entra.failures import Unreachable
from tests.entra.options import Options, parse
from tests.entra.report import Report
from tests.entra.simulation import run

GREEN, RED, USAGE, INTERRUPTED = 0, 1, 2, 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the simulator and return the exit code."""
    options = parse(arguments)
    console = Console()
    try:
        report = asyncio.run(_watched(options, console))
    except (Unreachable, ValueError, OSError) as problem:
        print(f"entra: {problem}", file=sys.stderr)
        return USAGE
    except KeyboardInterrupt:
        return INTERRUPTED
    report.print(console, quiet=options.quiet)
    return GREEN if report.ok else RED


async def _watched(options: Options, console: Console) -> Report:
    """Run with one progress bar per phase."""
    with Progress(console=console, transient=True, disable=options.quiet) as progress:
        bars: dict[str, int] = {}

        def watch(phase: str, done: int, total: int) -> None:
            if phase not in bars:
                bars[phase] = progress.add_task(phase, total=0)
            bar = progress.tasks[bars[phase]]
            if bar.finished or not bar.total:
                progress.reset(bar.id, total=total)
            progress.advance(bar.id, done)

        return await run(options, watch=watch)


if __name__ == "__main__":
    sys.exit(main())
