"""Our PATCH against that of scim2-models in its strict policy, on random resources and random operations."""

import json
import os
from dataclasses import replace
from random import Random

import pytest

from tests.conformance.differences import Difference
from tests.conformance.examiners import Record, examined
from tests.conformance.patch_differences import DIFFERENCES, explain
from tests.conformance.patch_peers import Outcome, Patch, Refused, comparable, ours, theirs
from tests.conformance.patch_requests import Requester

ASKED = int(os.environ.get("EXAMINE", "2500"))
"""Resources with requests to be examined; EXAMINE=25000 asks others, and more of them."""
SEED = Random().randrange(10**9) if "EXAMINE" in os.environ else 0  # noqa: S311 - requests, not secrets


def agree(asked: Patch, seed: int) -> bool:
    """Whether both answer alike; where they do not, they differ as they are known to."""
    answer, other = ours(asked), theirs(asked)
    if answer == other:
        return True
    said = f"{json.dumps(asked.operations)} on {json.dumps(asked.resource)}\nwe {answer}\nthey {other}"
    assert explain(asked, answer, other), f"seed {seed}: {said}"
    return False


def examine(seed: int) -> int:
    """Examine each operation on what those before it left, where both agreed; gives how many both did alike."""
    asked, alike = Requester(seed).patch(), 0
    resource = comparable(asked.resource)
    for operation in asked.operations:
        single = replace(asked, resource=resource, operations=[operation])
        if agree(single, seed):
            outcome = ours(single)
            alike += not isinstance(outcome, Refused)
            resource = resource if isinstance(outcome, Refused) else outcome
    return alike


def test_an_operation_does_what_it_does_in_scim2_models(record_property: Record) -> None:
    alike = sum(examine(seed) for seed in range(SEED, SEED + ASKED))
    examined(record_property, "patch", "rfc", alike)
    assert alike > ASKED, "too few of the operations are sound"


def test_operations_together_come_to_what_they_come_to_one_by_one() -> None:
    for seed in range(SEED, SEED + ASKED):
        asked = Requester(seed).patch()
        outcome: Outcome = comparable(asked.resource)
        for operation in asked.operations:
            if not isinstance(outcome, Refused):
                outcome = ours(replace(asked, resource=outcome, operations=[operation]))
        together = ours(asked)
        same = isinstance(together, Refused) if isinstance(outcome, Refused) else together == outcome
        assert same, f"seed {seed}: {json.dumps(asked.operations)} on {json.dumps(asked.resource)} came to {together}"


@pytest.mark.parametrize("known", DIFFERENCES, ids=lambda known: known.title)
def test_a_known_difference_is_still_one(known: Difference[Patch, Outcome]) -> None:
    answer, other = ours(known.example), theirs(known.example)
    assert answer != other, "they agree now; the table is out of date"
    assert explain(known.example, answer, other) is known
