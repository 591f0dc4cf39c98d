"""The tables of known differences on docs/conformance.md, and the command that brings them up to date.

A generated part of the page stands between ``<!-- generated: its name -->`` and ``<!-- end -->``.
"""

import re
from collections.abc import Mapping
from pathlib import Path

from tests.conformance.filter_differences import parse_table
from tests.conformance.matching_differences import matching_table
from tests.conformance.patch_differences import patch_table

PAGE = Path(__file__).parents[2] / "docs" / "conformance.md"
_BLOCK = re.compile(r"(?<=<!-- generated: )(?P<name>[a-z ]+) -->\n.*?(?=<!-- end -->)", re.DOTALL)


def blocks() -> dict[str, str]:
    """The generated parts, by their names."""
    return {
        "differences in parsing": parse_table(),
        "differences in matching": matching_table(),
        "differences in patch": patch_table(),
    }


def stale(page: str, fresh: Mapping[str, str]) -> list[str]:
    """The parts that are missing from the page, or are not as they would be generated."""
    shown = {found["name"]: found[0] for found in _BLOCK.finditer(page)}
    return [name for name, text in fresh.items() if shown.get(name) != f"{name} -->\n{text}"]


def renewed(page: str, fresh: Mapping[str, str]) -> str:
    """The page with those parts as they are generated now; others stay."""
    return _BLOCK.sub(
        lambda found: f"{found['name']} -->\n{fresh[found['name']]}" if found["name"] in fresh else found[0], page
    )


if __name__ == "__main__":
    PAGE.write_text(renewed(PAGE.read_text(encoding="utf-8"), blocks()), encoding="utf-8")
