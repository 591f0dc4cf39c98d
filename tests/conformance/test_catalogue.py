"""Nothing that has to be among the cases is missing, and what cannot be among them says why."""

import json
import re
from pathlib import Path

from scim.profiles import PROFILES
from tests.conformance.cases import SCENARIOS, scenarios

ROWS = {
    "X": 60,  # corner cases of SCIM
    "D": 32,  # decisions where the standard is silent or unclear
    "E": 40,  # failures of other servers before Microsoft Entra ID
    "V": 25,  # required tests of Microsoft's SCIM Validator
    "P": 6,  # its preview tests
    "L": 25,  # tests of Microsoft's validation suite for the gallery
    "M": 13,  # expectations of Microsoft's Postman collection
    "F": 3,  # parts of the service that no list above is about
}
SUITES = {
    "corner": "X",
    "decisions": "D",
    "entra": "E",
    "features": "F",
    "logicapp": "L",
    "postman": "M",
    "validator": "VP",
}

ALL = scenarios()
CATALOGUE = {f"{letter}{number:02}" for letter, count in ROWS.items() for number in range(1, count + 1)}
ELSEWHERE = json.loads(Path(__file__).with_name("not_applicable.json").read_text(encoding="utf-8"))
REPOSITORY = Path(__file__).parents[2]


def test_every_row_is_played_or_says_why_it_is_not() -> None:
    played = {row for scenario in ALL for row in scenario.ids}
    assert CATALOGUE - played == ELSEWHERE.keys()
    assert played - CATALOGUE == set()


def test_the_corner_cases_and_decisions_are_played_under_the_standard_and_for_entra() -> None:
    played = {(row, profile) for scenario in ALL for row in scenario.ids for profile in scenario.profiles}
    rows = {row for row in CATALOGUE - ELSEWHERE.keys() if row[0] in "XD"}
    assert {(row, profile) for row in rows for profile in ("rfc", "entra")} - played == set()


def test_a_scenario_lies_in_its_suite_and_is_named_by_its_row() -> None:
    assert {path.parent.name for path in SCENARIOS.glob("*/*")} == SUITES.keys()
    for scenario in ALL:
        if scenario.suite in SUITES:
            name = scenario.name.removeprefix(f"{scenario.suite}/")
            assert re.fullmatch(r"[A-Z]\d\d(-[a-z0-9]+)+", name), scenario.name
            assert name.startswith(scenario.ids[0]), scenario.name
            assert scenario.ids[0][0] in SUITES[scenario.suite], scenario.name


def test_a_scenario_says_what_it_is_and_whom_it_is_for() -> None:
    for scenario in ALL:
        assert scenario.description, scenario.name
        assert scenario.source, scenario.name
        assert scenario.steps, scenario.name
        assert scenario.profiles, scenario.name
        assert set(scenario.profiles) <= PROFILES.keys(), scenario.name


def test_what_is_covered_elsewhere_is_covered_there() -> None:
    for row, entry in ELSEWHERE.items():
        assert entry["reason"], row
        if entry["covered_by"]:
            file, _, name = entry["covered_by"].partition("::")
            assert f"def {name}(" in (REPOSITORY / file).read_text(encoding="utf-8"), row
