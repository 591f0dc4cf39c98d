"""Change records: what they say, and that they come back as they were written."""

import pytest

from scim.changes import MAX_LISTED_MEMBERS, Change, Origin, decode, difference, encode, instant, members
from scim.resources import Note
from scim.schema import JsonObject

CHANGE = Change(
    number=0x0199_0000_0000_0001,
    previous=0x0198,
    kind="modify",
    type="User",
    id="0190f3e0-0000-7000-8000-00000000000a",
    origin=Origin("key", "request"),
    moved=(("user", "one"), ("group", "two")),
    values={"title": {"before": None, "after": "Zoë 😀"}},
    notes=(Note("unknown_attribute", "color"), Note("string_boolean", "emails.primary")),
)


@pytest.mark.parametrize(
    "change",
    [
        CHANGE,
        Change(1, 0, "skipped", "Group", "id", Origin("", "")),
        Change(2, 1, "delete", "User", "i", Origin("", "r")),
    ],
)
def test_a_change_comes_back_as_it_was_written(change: Change) -> None:
    assert decode(change.number, 0, encode(change)) == change


def test_a_change_is_text_that_a_person_can_read() -> None:
    texts = encode(CHANGE)
    assert all(text for text in texts.values())
    assert (texts["previous"], texts["kind"], texts["moved"]) == (f"{0x0198:016x}", "modify", "user:one group:two")
    assert (texts["credential"], texts["request"], texts["at"]) == ("key", "request", CHANGE.at)
    assert "Zoë 😀" in texts["values"]


def test_no_property_of_a_change_has_a_name_that_stores_keep_for_themselves() -> None:
    assert not {"id", "rid", "etag", "ResourceId", "PartitionKey", "RowKey", "Timestamp"} & encode(CHANGE).keys()


@pytest.mark.parametrize(
    ("number", "time"),
    [
        (0, "1970-01-01T00:00:00.000Z"),
        (1_763_000_000_123 << 16, "2025-11-13T02:13:20.123Z"),
        ((1_763_000_000_123 << 16) + 0xFFFF, "2025-11-13T02:13:20.123Z"),
    ],
)
def test_the_time_is_in_the_number(number: int, time: str) -> None:
    assert instant(number) == time


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ({"a": 1}, {"a": 1}, {}),
        ({"a": 1}, {"a": 2}, {"a": {"before": 1, "after": 2}}),
        ({}, {"b": [1]}, {"b": {"before": None, "after": [1]}}),
        ({"a": False}, {}, {"a": {"before": False, "after": None}}),
        ({"schemas": ["x"]}, {"schemas": ["x", "y"]}, {}),
        (
            {"urn:x": {"a": 1, "b": 2}},
            {"urn:x": {"a": 1, "b": 3, "c": 4}},
            {"urn:x:b": {"before": 2, "after": 3}, "urn:x:c": {"before": None, "after": 4}},
        ),
        ({"urn:x": {"a": 1}}, {}, {"urn:x:a": {"before": 1, "after": None}}),
    ],
)
def test_a_difference_names_what_changed_with_both_its_values(
    before: JsonObject, after: JsonObject, expected: JsonObject
) -> None:
    assert difference(before, after) == expected


def test_members_are_listed_while_they_are_few_and_counted_when_they_are_many() -> None:
    few, many = [f"{number:04}" for number in range(MAX_LISTED_MEMBERS)], map(str, range(MAX_LISTED_MEMBERS + 1))
    assert members(reversed(few), []) == {"added": few}
    assert members([], many) == {"removed": {"count": MAX_LISTED_MEMBERS + 1}}
    assert members(["a"], ["b"]) == {"added": ["a"], "removed": ["b"]}
