"""Recorded requests: what clients really send, and what has to come of it, as JSON files beside this module.

One file is one case::

    description  what the client does
    source       who has seen it, or which section says so
    profile      the profile it is for, which is also the name of its folder
    layer        "http" where only a whole service can answer, as for uniqueness
    given        resources that exist already, by name: {"endpoint": …, "body": …}, in the order of their creation
    request      {"method", "path", "body"} or {"method", "path", "query"}
    expect       status, and with it: resource, what has to be in it (null: must not be there; arrays in any order) ·
                 scimType of an error · found, the names of all given resources that a query finds ·
                 notes, the quirks that the change record names

``{name}`` stands for the id of a given resource, in the request, in what is given after it and in what is expected.
A 204 is followed by a GET of the request's path, whose answer is compared.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from scim.schema import Json, JsonObject

RECORDED = Path(__file__).with_name("recorded")


@dataclass(frozen=True, slots=True)
class Case:
    """A recorded request with what goes before it and what comes of it."""

    name: str
    description: str
    source: str
    profile: str
    layer: str
    given: JsonObject
    request: JsonObject
    expect: JsonObject


def load() -> list[Case]:
    """Every recorded request."""
    return [_read(path) for path in sorted(RECORDED.glob("*/*.json"))]


def _read(path: Path) -> Case:
    content = json.loads(path.read_text(encoding="utf-8"))
    return Case(name=f"{path.parent.name}/{path.stem}", **({"layer": ""} | content))


def named(value: Json, ids: Mapping[str, str]) -> Json:
    """The value with ids in place of the names in braces."""
    if isinstance(value, str):
        for name, identifier in ids.items():
            value = value.replace(f"{{{name}}}", identifier)
        return value
    if isinstance(value, list):
        return [named(item, ids) for item in value]
    if isinstance(value, dict):
        return {key: named(item, ids) for key, item in value.items()}
    return value


def holds(found: Json, expected: Json) -> bool:
    """Whether all that is expected is in what was found: null means absence, the order of arrays does not count."""
    if isinstance(expected, dict):
        return isinstance(found, dict) and all(
            name not in found if item is None else name in found and holds(found[name], item)
            for name, item in expected.items()
        )
    if isinstance(expected, list):
        return isinstance(found, list) and len(found) == len(expected) and _paired(found, expected)
    return type(found) is type(expected) and found == expected


def _paired(found: list[Json], expected: list[Json]) -> bool:
    """Whether each expected element is held by another one that was found."""
    left = [*found]
    for item in expected:
        match = next((place for place, candidate in enumerate(left) if holds(candidate, item)), None)
        if match is None:
            return False
        del left[match]
    return True
