"""Our PATCH against that of scim2-models in its strict policy, on random resources and random operations."""

import json
import os
from dataclasses import replace

import pytest
from hypothesis import event, given, settings

from tests.conformance.differences import Difference
from tests.conformance.patch_differences import DIFFERENCES, explain
from tests.conformance.patch_peers import Outcome, Patch, Refused, comparable, ours, theirs
from tests.conformance.patch_requests import patches

PAIRS = int(os.environ.get("EXAMINE", "2000"))
"""Resources with requests to be examined; EXAMINE=25000 asks others, and more of them."""


def examine(asked: Patch) -> Outcome:
    """Our outcome, which is theirs as well, or differs from it as it is known to."""
    answer, other = ours(asked), theirs(asked)
    if answer == other:
        event("both refuse" if isinstance(answer, Refused) else "both do the same")
        return answer
    known = explain(asked, answer, other)
    event(known.title if known else "unexplained")
    assert known, f"\n{json.dumps(asked.operations)} on {json.dumps(asked.resource)}\nwe {answer}\nthey {other}"
    return answer


@settings(max_examples=PAIRS, deadline=None, print_blob=True, derandomize="EXAMINE" not in os.environ)
@given(patches)
def test_an_operation_does_what_it_does_in_scim2_models(asked: Patch) -> None:
    """Operation by operation, each on what the one before left; all at once must come to the same."""
    resource, refused = comparable(asked.resource), False
    for operation in asked.operations:
        after = examine(replace(asked, resource=resource, operations=[operation]))
        if isinstance(after, Refused):
            refused = True
        else:
            resource = after
    together = ours(asked)
    assert isinstance(together, Refused) if refused else together == resource, f"{asked} came to {together}"


@pytest.mark.parametrize("known", DIFFERENCES, ids=lambda known: known.title)
def test_a_known_difference_is_still_one(known: Difference[Patch, Outcome]) -> None:
    answer, other = ours(known.example), theirs(known.example)
    assert answer != other, "they agree now; the table is out of date"
    assert explain(known.example, answer, other) is known
