"""Points in time."""

import pytest

from scim.instants import milliseconds, read


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("1970-01-01T00:00:00Z", (0, "")),
        ("1970-01-01T00:00:01", (1, "")),
        ("1970-01-01T01:00:00+01:00", (0, "")),
        ("1969-12-31T23:59:59.5z", (-1, "5")),
        ("2011-05-13t04:42:34.1200Z", (1_305_261_754, "12")),
        ("0001-01-01T00:00:00+14:00", (-62_135_647_200, "")),
        ("9999-12-31T23:59:59.9999999-14:00", (253_402_351_199, "9999999")),
    ],
)
def test_a_date_time_is_read(text: str, instant: tuple[int, str]) -> None:
    assert read(text) == instant


@pytest.mark.parametrize(
    "text", ["", "2011-05-13", "2011-13-01T00:00:00Z", "2011-05-13T24:00:01Z", "x", "2011-05-13T04:42:34 Z"]
)
def test_what_is_no_date_time_is_none(text: str) -> None:
    assert read(text) is None


def test_instants_are_in_the_order_of_time() -> None:
    texts = ["1969-12-31T23:59:59Z", "1969-12-31T23:59:59.99Z", "1970-01-01T00:00:00.01Z", "1970-01-01T00:00:00.2Z"]
    read_back = [read(text) for text in texts]
    assert sorted(filter(None, read_back)) == read_back


@pytest.mark.parametrize(
    ("text", "passed"),
    [
        ("1970-01-01T00:00:01.5Z", 1_500),
        ("1970-01-01T00:00:01.0019999Z", 1_001),
        ("1970-01-01T00:00:01Z", 1_000),
        ("1969-12-31T23:59:59.999Z", -1),
    ],
)
def test_whole_milliseconds_are_counted_that_have_passed(text: str, passed: int) -> None:
    instant = read(text)
    assert instant is not None
    assert milliseconds(instant) == passed
