"""Check a folder of Bicep templates without Azure's own tools: ``python -m tests.infra [folder]``."""

import argparse
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from tests.infra import checking, planted, reading, resource_list, resource_types


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the findings, and exit with 1 if there are any."""
    parser = argparse.ArgumentParser(prog="python -m tests.infra", description=__doc__)
    parser.add_argument("folder", nargs="?", type=Path, default=resource_types.ROOT / "infra", help="(default: infra)")
    parser.add_argument("--resources", action="store_true", help="list the resources of the template instead")
    parser.add_argument("--faults", action="store_true", help="plant faults in copies, and say what finds them")
    options = parser.parse_args(arguments)
    if options.resources:
        _table([resource_list.Row._fields, *resource_list.rows(reading.template(options.folder))])
        return 0
    place = resource_types.folder()
    if place is None:
        sys.stderr.write("warning: no type data (BICEP_TYPES names no folder): types and properties are NOT checked\n")
    types = resource_types.load(place) if place else None
    if options.faults:
        return _faults(options.folder, types)
    found = checking.findings(options.folder, types)
    for each in found:
        print(f"{_shown(each.path)}:{each.line}: {each.rule}: {each.message}")
    return 1 if found else 0


def _faults(folder: Path, types: resource_types.Types | None) -> int:
    with tempfile.TemporaryDirectory() as scratch:
        outcomes = list(planted.outcomes(folder, Path(scratch), types))
    rows = [(each.fault.what, f"{each.path}:{each.line}", each.fault.rule or "-", each.told) for each in outcomes]
    _table([("fault", "where", "rule", "outcome"), *rows])
    return 0 if all(each.right for each in outcomes) else 1


def _table(lines: Sequence[Sequence[str]]) -> None:
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    for line in lines:
        print("  ".join(text.ljust(width) for text, width in zip(line, widths, strict=True)).rstrip())


def _shown(path: Path) -> Path:
    here = Path.cwd()
    return path.relative_to(here) if path.is_relative_to(here) else path


if __name__ == "__main__":
    raise SystemExit(main())
