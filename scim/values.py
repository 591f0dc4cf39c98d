"""JSON values of the simple attribute types (RFC 7643 §2.3), checked and otherwise kept as sent, and lists of them."""

import json
import re
from collections.abc import Callable, Hashable
from datetime import datetime

from scim.errors import InvalidValue
from scim.schema import Attribute, Json

_DATE_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)?", re.ASCII | re.IGNORECASE)
_BASE64 = re.compile(r"(?:[A-Za-z0-9+/]*|[A-Za-z0-9_-]*)={0,2}")

MAX_VALUES = 1_000
"""Values of any other attribute that a resource may have; links are not counted."""


def simple(attribute: Attribute, given: Json, path: str) -> Json:
    """The canonical form of a value of a simple attribute.

    Raises:
        InvalidValue: it is not of the attribute's type; names ``path`` and what would be right.
    """
    expected, kind, read = _TYPES[attribute.type]
    value = read(given)
    if value is None:
        raise not_of_type(path, expected, kind, given)
    return value


def array_of(attribute: Attribute, given: Json, path: str) -> list[Json]:
    """The elements of a multi-valued attribute's value, whatever they are.

    Raises:
        InvalidValue: it is no array.
    """
    if not isinstance(given, list):
        raise not_of_type(path, f"an array of {_PLURALS[attribute.type]}", "an array", given)
    return given


def object_of(given: Json, path: str) -> dict[str, Json]:
    """The members of a complex value, whatever they are.

    Raises:
        InvalidValue: it is no object.
    """
    if not isinstance(given, dict):
        raise not_of_type(path, "an object", "an object", given)
    return given


def not_of_type(path: str, expected: str, kind: str, given: Json) -> InvalidValue:
    """The refusal of a value that is not of JSON's ``kind``, or is, but has not the form expected."""
    found = _KINDS.get(type(given), "null")
    return InvalidValue(f"{path} must be {expected}." if found == kind else f"{path} must be {expected}, not {found}.")


def _string(given: Json) -> str | None:
    return given if isinstance(given, str) else None


def _boolean(given: Json) -> bool | None:
    return given if isinstance(given, bool) else None


def _integer(given: Json) -> int | None:
    if isinstance(given, float) and given.is_integer():
        return int(given)
    return given if isinstance(given, int) and not isinstance(given, bool) else None


def _decimal(given: Json) -> float | None:
    return given if isinstance(given, int | float) and not isinstance(given, bool) else None


def _date_time(given: Json) -> str | None:
    if not isinstance(given, str) or not _DATE_TIME.fullmatch(given):
        return None
    try:
        datetime.fromisoformat(given.upper())
    except ValueError:
        return None
    return given


def _binary(given: Json) -> str | None:
    whole = isinstance(given, str) and _BASE64.fullmatch(given) and len(given.rstrip("=")) % 4 != 1
    return given if whole else None


_TYPES: dict[str, tuple[str, str, Callable[[Json], Json]]] = {
    "string": ("a string", "a string", _string),
    "boolean": ("true or false", "a boolean", _boolean),
    "decimal": ("a number", "a number", _decimal),
    "integer": ("an integer", "a number", _integer),
    "dateTime": ("a dateTime such as 2026-01-31T08:30:00Z", "a string", _date_time),
    "reference": ("a URI as a string", "a string", _string),
    "binary": ("a string in base64", "a string", _binary),
}
_PLURALS = {
    "string": "strings",
    "complex": "objects",
    "boolean": "booleans",
    "decimal": "numbers",
    "integer": "integers",
    "dateTime": "dateTimes",
    "reference": "URIs",
    "binary": "base64 strings",
}
_KINDS: dict[type, str] = {
    str: "a string",
    bool: "a boolean",
    int: "a number",
    float: "a number",
    list: "an array",
    dict: "an object",
}


def few(elements: list[Json], path: str) -> list[Json]:
    """The same elements.

    Raises:
        InvalidValue: there are more than a resource may have.
    """
    if len(elements) > MAX_VALUES:
        raise InvalidValue(f"{path} has {len(elements):,} values; the limit is {MAX_VALUES:,}.")
    return elements


def unequal(elements: list[Json]) -> list[Json]:
    """The elements, equal ones once."""
    if len(elements) < 2:  # noqa: PLR2004 # one cannot equal another
        return elements
    first: dict[Hashable, Json] = {}
    for item in elements:
        first.setdefault(identity(item), item)
    return list(first.values())


def identity(item: Json) -> Hashable:
    """What equal elements have in common."""
    if not isinstance(item, dict):
        return item if isinstance(item, Hashable) else json.dumps(item)
    try:
        return frozenset(item.items())
    except TypeError:  # a sub-attribute has several values
        return json.dumps(item, sort_keys=True)
