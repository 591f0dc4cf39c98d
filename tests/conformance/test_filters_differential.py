"""Our filters against those of scim2-models: which texts are read, as what, and which users match."""

import os
from random import Random

import pytest

from tests.conformance import filter_differences, matching_differences
from tests.conformance.differences import Difference
from tests.conformance.examiners import Record, examined
from tests.conformance.filter_differences import Reading
from tests.conformance.filter_texts import Writer
from tests.conformance.matching_differences import Answer, Question
from tests.conformance.matching_questions import Asker

ASKED = int(os.environ.get("EXAMINE", "3000"))
"""Texts and questions of each kind; EXAMINE=100000 asks others, and more of them."""
SEED = Random().randrange(10**9) if "EXAMINE" in os.environ else 0  # noqa: S311 - texts, not secrets


def agree(text: str) -> bool:
    """Whether both read a text alike, or differ as they are known to."""
    answer, other = filter_differences.ours(text), filter_differences.theirs(text)
    return answer == other or filter_differences.explain(text, answer, other) is not None


def test_both_read_well_formed_filters_as_what_they_mean(record_property: Record) -> None:
    examined(record_property, "filters", "rfc", ASKED)
    for seed in range(SEED, SEED + ASKED):
        writer = Writer(seed)
        tree = writer.tree()
        text = writer.text(tree)
        assert filter_differences.ours(text) == repr(tree), f"seed {seed}: {text!a}"
        assert agree(text), f"seed {seed}: {text!a}"


def test_both_read_or_refuse_the_same_nearly_filters(record_property: Record) -> None:
    examined(record_property, "filters", "rfc", ASKED)
    refused = 0
    for seed in range(SEED, SEED + ASKED):
        text = Writer(seed).broken()
        assert agree(text), f"seed {seed}: {text!a}"
        refused += filter_differences.ours(text) is None
    assert ASKED / 4 < refused < ASKED * 19 / 20, "too few of the texts are broken, or too many"


def test_the_same_users_match(record_property: Record) -> None:
    examined(record_property, "filters", "rfc", ASKED)
    answers: set[Answer] = set()
    for seed in range(SEED, SEED + ASKED):
        asked = Asker(seed).question()
        answer, other = matching_differences.ours(asked), matching_differences.theirs(asked)
        known = answer == other or matching_differences.explain(asked, answer, other)
        assert known, f"seed {seed}: {asked.text!a} on {asked.user!a}: we say {answer}, they {other}"
        answers.add(answer)
    assert answers == {True, False, None}


@pytest.mark.parametrize("known", filter_differences.DIFFERENCES, ids=lambda known: known.title)
def test_a_known_difference_in_reading_is_still_one(known: Difference[str, Reading]) -> None:
    answer, other = filter_differences.ours(known.example), filter_differences.theirs(known.example)
    assert answer != other, "they agree now; the table is out of date"
    assert filter_differences.explain(known.example, answer, other) is known


@pytest.mark.parametrize("known", matching_differences.DIFFERENCES, ids=lambda known: known.title)
def test_a_known_difference_in_matching_is_still_one(known: Difference[Question, Answer]) -> None:
    answer, other = matching_differences.ours(known.example), matching_differences.theirs(known.example)
    assert answer is not other, "they agree now; the table is out of date"
    assert matching_differences.explain(known.example, answer, other) is known
