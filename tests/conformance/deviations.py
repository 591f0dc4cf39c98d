"""Where ``scim2-tester`` may find us apart from the standard: ``expected.json``, by profile.

Each entry is a check's name with the switch of the profile that lets it be so and the reason. A finding that is not
listed fails, and so does an entry that is no longer found.
"""

import json
from collections.abc import Iterable
from pathlib import Path

from scim2_tester import CheckResult, Status

from scim.profiles import SWITCHES

_EXPECTED = Path(__file__).with_name("expected.json")
_FAULTS = {Status.DEVIATION, Status.ERROR, Status.CRITICAL}


def deviations(results: Iterable[CheckResult]) -> set[str]:
    """The checks that found something: ``title: reason``."""
    return {f"{result.title}: {result.reason}" for result in results if result.status in _FAULTS}


def passed(results: Iterable[CheckResult]) -> int:
    """The number of checks that found nothing."""
    return sum(result.status is Status.SUCCESS for result in results)


def expected(profile: str) -> set[str]:
    """What they may find."""
    listed = json.loads(_EXPECTED.read_text(encoding="utf-8"))[profile]
    assert all(entry["switch"] in SWITCHES and entry["why"] for entry in listed)
    return {entry["finding"] for entry in listed}
