"""The order of a query's answer."""

from typing import Any

import pytest

from scim.errors import InvalidPath
from scim.schema import Schemas
from scim.sorting import ABSENT, Key, Order

SCHEMAS = Schemas.load()
USER, GROUP = SCHEMAS.types["User"], SCHEMAS.types["Group"]
ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"


def order(path: str, *, descending: bool = False) -> Order:
    return Order.read([USER], lambda _: path, descending=descending)


def arranged(path: str, *values: dict[str, Any], descending: bool = False) -> list[int]:
    """The places of resources, whose ids are in the order given, after they were sorted."""
    asked = order(path, descending=descending)
    resources = [(number, asked.key(USER, {"id": f"{number}", **value})) for number, value in enumerate(values)]
    return [number for number, _ in asked.arrange(resources[::-1], lambda each: (each[1], f"{each[0]}"))]


def test_text_is_sorted_without_regard_to_case_where_case_does_not_count() -> None:
    names = [{"userName": name} for name in ("b", "A", "a", "C", " B", "É", "e\u0301")]
    assert arranged("userName", *names) == [1, 2, 0, 4, 3, 5, 6]
    assert arranged("externalId", {"externalId": "b"}, {"externalId": "A"}, {"externalId": "a"}) == [1, 2, 0]


def test_what_is_absent_comes_last_and_first_when_descending() -> None:
    titles: list[dict[str, Any]] = [{}, {"title": "b"}, {"title": "a"}, {}]
    assert arranged("title", *titles) == [2, 1, 0, 3]
    assert arranged("title", *titles, descending=True) == [0, 3, 1, 2]


def test_what_is_equal_stays_in_the_order_of_ids_in_both_directions() -> None:
    titles = [{"title": title} for title in ("x", "y", "X", "x ")]
    assert arranged("title", *titles) == [0, 2, 3, 1]
    assert arranged("title", *titles, descending=True) == [1, 0, 2, 3]


def test_of_several_values_the_primary_one_counts_else_the_first() -> None:
    mails: list[dict[str, Any]] = [
        {"emails": [{"value": "z"}, {"value": "b", "primary": True}]},
        {"emails": [{"value": "c"}, {"value": "a"}]},
        {"emails": []},
        {"emails": [{"type": "work"}]},
        {"emails": [{"value": "a", "primary": False}]},
    ]
    for path in ("emails", "emails.value", "EMAILS.VALUE"):
        assert arranged(path, *mails) == [4, 0, 1, 2, 3]


def test_times_are_sorted_by_the_instant_and_truth_after_falsehood() -> None:
    times = ("2026-01-01T02:00:00+02:00", "2026-01-01T00:00:00.5Z", "2025-12-31T23:59:59Z", "2026-01-01T00:00:00.25Z")
    assert arranged("meta.lastModified", *({"meta": {"lastModified": time}} for time in times)) == [2, 0, 3, 1]
    assert arranged("active", {"active": True}, {"active": False}, {}) == [1, 0, 2]


def test_extensions_and_parts_are_sorted_by_their_path() -> None:
    people: list[dict[str, Any]] = [
        {ENTERPRISE: {"department": "b", "manager": {"value": "1"}}},
        {},
        {ENTERPRISE: {"department": "a"}},
    ]
    assert arranged(f"{ENTERPRISE}:department", *people) == [2, 0, 1]
    assert arranged(f"{ENTERPRISE.upper()}:MANAGER.VALUE", *people) == [0, 1, 2]
    assert arranged("name.familyName", {"name": {"familyName": "b"}}, {"name": {}}, {"name": {"familyName": "A"}}) == [
        2,
        0,
        1,
    ]
    assert arranged("schemas", {"schemas": ["b"]}, {"schemas": ["a", "c"]}) == [1, 0]


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("nosuch", "User has no attribute 'nosuch'"),
        ("", "User has no attribute ''"),
        ("name.nosuch", "no attribute"),
        ("name", "sort by one of its sub-attributes: name.formatted"),
        ("meta", "sort by one of its sub-attributes: meta.resourceType"),
        (ENTERPRISE, "no attribute"),
        (f"{ENTERPRISE}:manager", "is complex"),
        ("password", "never returned"),
        ("emails[type eq]", "no attribute"),
    ],
)
def test_what_nothing_can_be_sorted_by_is_refused_with_the_reason(path: str, reason: str) -> None:
    with pytest.raises(InvalidPath) as refused:
        order(path)
    assert reason in refused.value.detail


def test_members_are_in_no_order() -> None:
    for path in ("members", "members.value", "members.type"):
        with pytest.raises(InvalidPath, match="members"):
            Order.read([GROUP], lambda _, path=path: path, descending=False)  # type: ignore[misc] # the default binds it


@pytest.mark.parametrize("path", ["id", "meta.created", "META.CREATED"])
def test_the_order_of_creation_needs_no_keys(path: str) -> None:
    assert order(path).among([USER]) == Order(None)
    assert order(path, descending=True).among([USER]) == Order(None, descending=True)
    both = Order.read([USER, GROUP], lambda _: path, descending=False)
    assert both.among([USER, GROUP]).targets
    assert both.among([GROUP]) == Order(None)
    assert order("userName").among([USER]).targets


def test_types_are_sorted_together_and_one_that_lacks_the_attribute_counts_as_absent() -> None:
    both = Order.read([USER, GROUP], lambda _: "userName", descending=False)
    assert both.key(GROUP, {"displayName": "x"}) == ABSENT
    assert both.key(USER, {"userName": "x"}) < ABSENT
    names = Order.read([USER, GROUP], lambda _: "displayName", descending=False)
    assert names.key(GROUP, {"displayName": "x"}) == names.key(USER, {"displayName": "X"})
    with pytest.raises(InvalidPath, match="User has no attribute"):
        Order.read([USER, GROUP], lambda _: "nosuch", descending=False)


def test_a_key_is_short_however_long_the_value() -> None:
    long = order("title").key(USER, {"title": "x" * 100_000})
    assert len(str(long)) < 300
    assert long == order("title").key(USER, {"title": "x" * 100_001})


@pytest.mark.parametrize("descending", [False, True])
def test_a_place_follows_another_just_where_it_is_arranged_after_it(descending: bool) -> None:
    asked = order("title", descending=descending)
    places: list[tuple[Key, str]] = [
        (asked.key(USER, value), f"{n}")
        for n, value in enumerate(({"title": "b"}, {}, {"title": "a"}, {"title": "B"}, {}))
    ]
    ordered = asked.arrange(places, lambda place: place)
    for at, place in enumerate(ordered):
        assert [other for other in ordered if asked.follows(other, place)] == ordered[at + 1 :]
