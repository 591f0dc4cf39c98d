"""docs/security.md names every attack that is tried, and none that is not."""

import re
from pathlib import Path

_HERE = Path(__file__).parent
_PAGE = _HERE.parents[1] / "docs" / "security.md"
_NO_ATTACKS = {"test_baseline.py", "test_page.py"}


def test_each_row_of_the_page_names_tests_that_exist_and_no_test_is_left_out() -> None:
    rows = [line for line in _PAGE.read_text().partition("## Attacks tried")[2].splitlines() if line.startswith("| ")]
    attacks = [row for row in rows[1:] if not row.startswith("| **")]
    named = [re.findall(r"`(test_\w+\.py::test_\w+)`", row.rsplit("|", 2)[1]) for row in attacks]
    assert [row for row, tests in zip(attacks, named, strict=True) if not tests] == []
    tried = [
        f"{file.name}::{name}"
        for file in _HERE.glob("test_*.py")
        if file.name not in _NO_ATTACKS
        for name in re.findall(r"^(?:async )?def (test_\w+)", file.read_text(), re.MULTILINE)
    ]
    assert sorted(name for tests in named for name in tests) == sorted(tried)
