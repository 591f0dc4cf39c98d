"""The simple types of RFC 7643 §2.3."""

import pytest

from scim.errors import InvalidValue
from scim.schema import Attribute, AttributeType, Json
from scim.values import simple

GOOD: list[tuple[AttributeType, Json, Json]] = [
    ("string", "", ""),
    ("string", " ü ", " ü "),
    ("boolean", True, True),
    ("boolean", False, False),
    ("integer", 7, 7),
    ("integer", 1.0, 1),
    ("decimal", 1.5, 1.5),
    ("decimal", 2, 2),
    ("dateTime", "2008-01-23T04:56:22Z", "2008-01-23T04:56:22Z"),
    ("dateTime", "2008-01-23t04:56:22z", "2008-01-23t04:56:22z"),
    ("dateTime", "2008-01-23T04:56:22.1234567+02:00", "2008-01-23T04:56:22.1234567+02:00"),
    ("dateTime", "2008-01-23T04:56:22", "2008-01-23T04:56:22"),
    ("reference", "FMGM", "FMGM"),
    ("binary", "QUI=", "QUI="),
    ("binary", "_-8", "_-8"),
    ("binary", "", ""),
]


@pytest.mark.parametrize(("kind", "given", "read"), GOOD)
def test_a_value_of_its_type_is_kept_as_it_was_sent(kind: AttributeType, given: Json, read: Json) -> None:
    value = simple(Attribute(name="x", type=kind), given, "x")
    assert value == read
    assert type(value) is type(read)


BAD: list[tuple[AttributeType, Json, str]] = [
    ("string", 5, "x must be a string, not a number."),
    ("string", True, "x must be a string, not a boolean."),
    ("string", {}, "x must be a string, not an object."),
    ("string", ["a"], "x must be a string, not an array."),
    ("boolean", "True", "x must be true or false, not a string."),
    ("boolean", 1, "x must be true or false, not a number."),
    ("integer", "1", "x must be an integer, not a string."),
    ("integer", 1.5, "x must be an integer."),
    ("integer", True, "x must be an integer, not a boolean."),
    ("decimal", False, "x must be a number, not a boolean."),
    ("dateTime", "2020-01-01", "x must be a dateTime such as 2026-01-31T08:30:00Z."),
    ("dateTime", "2020-02-30T00:00:00Z", "x must be a dateTime such as 2026-01-31T08:30:00Z."),
    ("dateTime", "2020-01-01 00:00:00Z", "x must be a dateTime such as 2026-01-31T08:30:00Z."),
    ("dateTime", 0, "x must be a dateTime such as 2026-01-31T08:30:00Z, not a number."),
    ("reference", 5, "x must be a URI as a string, not a number."),
    ("binary", "Q", "x must be a string in base64."),
    ("binary", "QU I=", "x must be a string in base64."),
    ("binary", "QQ+_", "x must be a string in base64."),
    ("binary", "QUI===", "x must be a string in base64."),
]


@pytest.mark.parametrize(("kind", "given", "detail"), BAD)
def test_a_value_of_another_type_is_refused_without_being_shown(kind: AttributeType, given: Json, detail: str) -> None:
    with pytest.raises(InvalidValue) as refusal:
        simple(Attribute(name="x", type=kind), given, "x")
    assert refusal.value.detail == detail
