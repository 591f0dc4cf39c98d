"""Run cycles of the Entra simulator, and render the workbook's data of them: ``python -m tests.workbook [FILE]``."""

import asyncio
import sys
from pathlib import Path

from tests.workbook.page import page
from tests.workbook.running import CYCLES, collect

NOTE = (
    f"The queries of infra/workbook.json over the telemetry of {CYCLES} cycles of the Entra simulator, two providers, "
    "as Azure's exporter sent it to a sink on one machine. The cycles were run one after the other and are told as 40 "
    "minutes apart; one met a busy store, in another somebody guessed tokens, and fabrikam missed one."
)


def main() -> None:
    """Write the page."""
    target = Path(sys.argv[1] if sys.argv[1:] else "workbook.html")
    workspace = asyncio.run(collect(lambda text: print(text, file=sys.stderr, flush=True)))
    target.write_text(page(workspace, NOTE))
    print(target)


if __name__ == "__main__":
    main()
