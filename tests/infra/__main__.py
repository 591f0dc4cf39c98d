"""Check a folder of Bicep templates without Azure's own tools: ``python -m tests.infra [folder]``."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from tests.infra import checking, reading, resource_list, resource_types


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the findings, and exit with 1 if there are any."""
    parser = argparse.ArgumentParser(prog="python -m tests.infra", description=__doc__)
    parser.add_argument("folder", nargs="?", type=Path, default=resource_types.ROOT / "infra", help="(default: infra)")
    parser.add_argument("--resources", action="store_true", help="list the resources of the template instead")
    options = parser.parse_args(arguments)
    if options.resources:
        _table([resource_list.Row._fields, *resource_list.rows(reading.template(options.folder))])
        return 0
    place = resource_types.folder()
    if place is None:
        sys.stderr.write("warning: no type data (BICEP_TYPES names no folder): types and properties are NOT checked\n")
    found = checking.findings(options.folder, resource_types.load(place) if place else None)
    for each in found:
        print(f"{_shown(each.path)}:{each.line}: {each.rule}: {each.message}")
    return 1 if found else 0


def _table(lines: Sequence[Sequence[str]]) -> None:
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    for line in lines:
        print("  ".join(text.ljust(width) for text, width in zip(line, widths, strict=True)).rstrip())


def _shown(path: Path) -> Path:
    here = Path.cwd()
    return path.relative_to(here) if path.is_relative_to(here) else path


if __name__ == "__main__":
    raise SystemExit(main())
