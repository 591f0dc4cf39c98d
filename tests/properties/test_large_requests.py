"""The largest filters and PATCHes that are read take a time that grows with their size, and no faster."""

import time
from collections.abc import Callable

import pytest

from scim.characteristics import check
from scim.filters import MAX_DEPTH, MAX_TERMS, parse
from scim.matching import predicate
from scim.messages import MAX_OPERATIONS, patch_op
from scim.patch import plan
from scim.profiles import PROFILES
from scim.schema import JsonObject, Schemas
from tests.client import ENTERPRISE, PATCH_OP

SCHEMAS = Schemas.load()
USER, GROUP = SCHEMAS.types["User"], SCHEMAS.types["Group"]
ANN: JsonObject = {
    "schemas": [USER.schema.id],
    "id": "7",
    "userName": "ann",
    "emails": [{"type": "work", "value": f"ann{n}@x.example"} for n in range(10)],
    "roles": [{"value": str(n)} for n in range(20)],
}
TEAM: JsonObject = {"schemas": [GROUP.schema.id], "id": "9", "displayName": "Team"}

type Work = Callable[[int], object]


def times(work: Work, size: int) -> float:
    """How many times longer eight times the size takes; eight if it is linear, sixty-four if it is quadratic."""

    def once(amount: int) -> float:
        start = time.process_time()
        work(amount)
        return time.process_time() - start

    small, large = (min(once(amount) for _ in range(5)) for amount in (size // 8, size))
    return large / small


def matched(text: str) -> bool:
    return predicate(parse(text), USER)(ANN)


FILTERS: dict[str, tuple[Work, int]] = {
    "terms": (lambda n: matched(" or ".join(['userName eq "x"'] * n)), MAX_TERMS),
    "value paths": (lambda n: matched(" or ".join(['emails[type eq "w"]'] * n)), MAX_TERMS),
    "several values": (lambda n: matched(" and ".join(["roles pr"] * n)), MAX_TERMS),
    "terms in brackets": (lambda n: matched(f"emails[{' or '.join(['value sw "x"'] * n)}]"), MAX_TERMS),
    "parentheses": (lambda n: matched("(" * n + "title pr" + ")" * n), MAX_DEPTH),
    "negations": (lambda n: matched("not (" * n + "title pr" + ")" * n), MAX_DEPTH),
    "terms within each other": (lambda n: matched("(title pr or " * n + "title pr" + ")" * n), MAX_DEPTH),
}


@pytest.mark.parametrize(("work", "size"), FILTERS.values(), ids=FILTERS)
def test_the_time_to_read_and_answer_a_filter_grows_with_its_size(work: Work, size: int) -> None:
    assert times(work, size) < 32


def patched(*operations: JsonObject) -> JsonObject:
    message = patch_op({"schemas": [PATCH_OP], "Operations": list(operations)})
    after = plan(USER, message.operations, PROFILES["entra"]).apply(ANN)
    check(USER, ANN, after)
    return after


def linked(*operations: JsonObject) -> int:
    message = patch_op({"schemas": [PATCH_OP], "Operations": list(operations)})
    made = plan(GROUP, message.operations, PROFILES["rfc"])
    assert not made.needs_members
    return len(made.links.add)


def each(size: int, path: str, value: str = "v{}", op: str = "replace") -> list[JsonObject]:
    """That many operations, numbered."""
    return [{"op": op, "path": path.format(n), "value": value.format(n)} for n in range(size)]


PATCHES: dict[str, Work] = {
    "one attribute": lambda n: patched(*each(n, "title")),
    "an extension's attribute": lambda n: patched(*each(n, f"{ENTERPRISE}:department")),
    "value paths": lambda n: patched(*each(n, 'emails[type eq "work"].display')),
    "value paths that match nothing": lambda n: patched(*each(n, 'roles[value eq "none"].display', "v")),
    "without a path": lambda n: patched(*[{"op": "add", "value": {"name.givenName": str(m)}} for m in range(n)]),
    "members to add": lambda n: linked(
        *[{"op": "add", "path": "members", "value": [{"value": str(m)}]} for m in range(n)]
    ),
    "members to remove": lambda n: linked(*[{"op": "remove", "path": f'members[value eq "{m}"]'} for m in range(n)]),
}


@pytest.mark.parametrize("work", PATCHES.values(), ids=PATCHES)
def test_the_time_of_a_patch_grows_with_its_operations(work: Work) -> None:
    assert times(work, MAX_OPERATIONS) < 32


def test_the_last_of_a_thousand_operations_has_the_last_word() -> None:
    assert patched(*each(MAX_OPERATIONS, "title"))["title"] == f"v{MAX_OPERATIONS - 1}"
