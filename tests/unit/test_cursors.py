"""Cursors: sealed, good for one query, and for so long."""

import base64
import string

import pytest

from scim.cursors import Cursors, Place
from scim.errors import ExpiredCursor, InvalidCount, InvalidCursor

KEY, NOW = bytes(range(32)), 1_800_000_000.9
PLACE = Place("user", "0199", (3, "ann@example.com"), 7)
QUERY = ["p1", ["user"], 'title eq "x"', None, "ascending"]
CURSORS = Cursors(KEY, 60, QUERY)
UNRESERVED = set(string.ascii_letters + string.digits + "-._~")


def test_a_cursor_opens_to_the_place_it_was_made_of() -> None:
    for place in (PLACE, Place("group", ""), Place("user", "1", (2, 5, "25")), Place("user", "1", (1, 2.5), 0)):
        assert CURSORS.open(CURSORS.seal(place, 10, NOW), 10, NOW) == (place, 10)


def test_a_cursor_is_of_unreserved_characters_and_fits_into_a_url() -> None:
    for width in (0, 1, 2, 3, 256):
        cursor = CURSORS.seal(Place("user", "1", (3, "\N{GRINNING FACE}" * width)), 10, NOW)
        assert set(cursor) <= UNRESERVED
        assert len(cursor) < 2_500


def test_nothing_in_a_cursor_can_be_read() -> None:
    cursor = CURSORS.seal(PLACE, 10, NOW)
    raw = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
    assert b"ann" not in raw
    assert b"user" not in raw
    assert cursor != CURSORS.seal(PLACE, 10, NOW)


def test_a_cursor_is_good_for_as_long_as_it_was_said() -> None:
    cursor = CURSORS.seal(PLACE, 10, NOW)
    assert CURSORS.open(cursor, None, NOW + 60) == (PLACE, 10)
    with pytest.raises(ExpiredCursor, match="60 seconds"):
        CURSORS.open(cursor, 10, NOW + 62)


@pytest.mark.parametrize(
    "other",
    [
        ["p2", ["user"], 'title eq "x"', None, "ascending"],
        ["p1", ["group"], 'title eq "x"', None, "ascending"],
        ["p1", ["user", "group"], 'title eq "x"', None, "ascending"],
        ["p1", ["user"], 'title eq "y"', None, "ascending"],
        ["p1", ["user"], None, None, "ascending"],
        ["p1", ["user"], 'title eq "x"', "title", "ascending"],
        ["p1", ["user"], 'title eq "x"', None, "descending"],
    ],
)
def test_a_cursor_is_good_for_no_other_query(other: list[object]) -> None:
    with pytest.raises(InvalidCursor):
        Cursors(KEY, 60, other).open(CURSORS.seal(PLACE, 10, NOW), 10, NOW)


def test_a_cursor_is_good_for_pages_of_one_size() -> None:
    with pytest.raises(InvalidCount, match="10"):
        CURSORS.open(CURSORS.seal(PLACE, 10, NOW), 11, NOW)


def test_a_cursor_of_another_provider_is_none() -> None:
    with pytest.raises(InvalidCursor):
        Cursors(bytes(32), 60, QUERY).open(CURSORS.seal(PLACE, 10, NOW), 10, NOW)


def test_a_cursor_that_was_changed_anywhere_is_none() -> None:
    cursor = CURSORS.seal(PLACE, 10, NOW)
    for at in range(len(cursor) - 1):
        changed = cursor[:at] + ("A" if cursor[at] != "A" else "B") + cursor[at + 1 :]
        with pytest.raises(InvalidCursor):
            CURSORS.open(changed, 10, NOW)


@pytest.mark.parametrize(
    "text", ["x", "VZUTiyhEQJ94IR", "é", "\ud800", "=", "====", "-", "a" * 100_000, "%00", " ", "\0"]
)
def test_what_is_no_cursor_is_refused(text: str) -> None:
    with pytest.raises(InvalidCursor):
        CURSORS.open(text, 10, NOW)


def test_a_cursor_with_padding_is_none_of_ours() -> None:
    cursor = CURSORS.seal(PLACE, 10, NOW)
    with pytest.raises(InvalidCursor):
        CURSORS.open(cursor + "=", 10, NOW)
