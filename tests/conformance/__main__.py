"""``python -m tests.conformance``: let all examiners at the service, and write how it did into README.md."""

import sys

import pytest

from tests.conformance.examiners import Tally, write

TESTS = ("tests/conformance", "tests/integration/test_scim2_client.py", "--ignore=tests/conformance/test_examiners.py")
"""All but the tests of the table itself."""


def main() -> int:
    """Run the examiners; the table is written only if none of them found anything."""
    tally = Tally()
    status = pytest.main(["-q", *TESTS], plugins=[tally])
    if status or tally.wrong:
        print(f"README.md stays as it is: {len(tally.wrong)} failed", file=sys.stderr)  # noqa: T201 (a command)
        return 1
    write(tally.counts)
    return 0


if __name__ == "__main__":
    sys.exit(main())
