"""The table of examiners in README.md: it must show what is examined."""

from scim.profiles import PROFILES
from tests.conformance import examiners
from tests.conformance.cases import scenarios
from tests.conformance.examiners import EXAMINERS


def test_the_table_shows_every_case_that_is_played() -> None:
    shown = examiners.shown()
    suites = {examiner for examiner, _ in examiners.played(scenarios())}
    assert suites < EXAMINERS.keys()
    assert {key: count for key, count in shown.items() if key[0] in suites} == examiners.played(scenarios()), (
        "make conformance writes the table anew"
    )


def test_every_examiner_has_examined_something() -> None:
    assert {examiner for examiner, _ in examiners.shown()} == set(EXAMINERS)


def test_a_table_is_read_as_it_was_written() -> None:
    counts = {("tester", profile): 1_234 + number for number, profile in enumerate(PROFILES)}
    lines = examiners.table(counts).splitlines()
    assert "| `scim2-tester`, checks, in process | 1,234 | 1,235 | 1,236 |" in lines
