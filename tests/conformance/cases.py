"""What clients send and what has to come of it, as JSON files beside this module.

**Recorded requests**, ``recorded/<profile>/<name>.json``: one file is one request. The pure middle answers it, and so
does the whole service::

    description  what the client does
    source       who has seen it, or which section says so
    profile      the profile it is for, which is also the name of its folder
    layer        "http" where only a whole service can answer, as for uniqueness
    given        resources that exist already, by name: {"endpoint": …, "body": …}, in the order of their creation
    request      {"method", "path", "body"} or {"method", "path", "query"}
    expect       what comes of it, as below; and notes, the quirks that the change record names

**Scenarios**, ``scenarios/<suite>/<id>-<slug>.json``: several requests, which only a whole service can answer::

    description, source, given  as above; a given resource with "times" is made so often, as name1, name2, …
    ids          the rows of the catalogue that it stands for; the first one begins the name of the file
    profiles     the profiles it holds for
    settings     of the service, if not the usual ones; such a scenario is played in process only
    switches     of the profile, which the provider overrides
    steps        requests, each with its own expect, or {"together": [requests], "statuses": [in any order]}

A request has ``method``, ``path`` (which may hold a query, encoded as it is sent), ``query`` (which is encoded as
forms are), ``headers``, and for a body one of ``body`` (JSON), ``text`` (pieces of text) or ``bytes`` (hexadecimal).
It is sent after ``wait`` seconds, if that is said.

    expect.status    one, or a list of those that are right
    expect.scimType  of an error, one or a list; an error of none must have none
    expect.body      what has to be in the answer
    expect.resource  what has to be in the resource of a write, in the answer and when it is read again
    expect.found     the names of the resources in a list, in its order
    expect.headers   what has to be in the answer's headers
    expect.same      the name of an answer saved before, which this one has to equal
    expect.differs   what must not be in the answer, by dotted names
    save             what later steps call by a name: {"name": "meta.version"}, {"name": "header ETag"}, "" for all
                     of it, or ["meta.version", a regular expression whose group it is]

In what is expected, null is what must not be there; arrays may be in any order but miss nothing. ``{"matches": …}`` is
a regular expression for the whole of a text, ``{"oneOf": […]}`` a choice, and ``{"contains": […]}`` an array with more
in it. ``{name}`` stands for the id of a given resource or for what was saved, ``{base}`` for the Base URL.
``{"repeat": …, "times": …}`` is a text so often, and in an array an element so often, whose ``{n}`` counts from 1.

``test_catalogue`` says which rows there are; those that cannot be played are in ``not_applicable.json``, with the
reason and the test that covers them.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from scim.schema import Json, JsonObject

RECORDED = Path(__file__).with_name("recorded")
SCENARIOS = Path(__file__).with_name("scenarios")


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


@dataclass(frozen=True, slots=True)
class Scenario:
    """Requests in their order, with what comes of each."""

    suite: str
    name: str
    description: str
    source: str
    profiles: tuple[str, ...]
    steps: list[JsonObject]
    ids: tuple[str, ...] = ()
    given: JsonObject = field(default_factory=dict)
    settings: dict[str, int] = field(default_factory=dict)
    switches: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, case: Case) -> Self:
        """A recorded request as a scenario of one step."""
        step = {**case.request, "expect": {name: held for name, held in case.expect.items() if name != "notes"}}
        suite = f"recorded/{case.profile}"
        return cls(suite, case.name, case.description, case.source, (case.profile,), [step], given=case.given)


def load() -> list[Case]:
    """Every recorded request."""
    return [_recorded(path) for path in sorted(RECORDED.glob("*/*.json"))]


def scenarios() -> list[Scenario]:
    """Every scenario, and every recorded request as one."""
    return [*map(Scenario.of, load()), *(_scenario(path) for path in sorted(SCENARIOS.glob("*/*.json")))]


def _recorded(path: Path) -> Case:
    content = json.loads(path.read_text(encoding="utf-8"))
    return Case(name=f"{path.parent.name}/{path.stem}", **({"layer": ""} | content))


def _scenario(path: Path) -> Scenario:
    content = expanded(json.loads(path.read_text(encoding="utf-8")))
    content |= {"ids": tuple(content["ids"]), "profiles": tuple(content["profiles"])}
    content["given"] = dict(_each_given(content.get("given", {})))
    return Scenario(suite=path.parent.name, name=f"{path.parent.name}/{path.stem}", **content)


def _each_given(given: JsonObject) -> Iterator[tuple[str, JsonObject]]:
    for name, resource in given.items():
        if "times" in resource:
            yield from ((f"{name}{n}", _numbered(resource, n)) for n in range(1, resource["times"] + 1))
        else:
            yield name, resource


def expanded(value: Json) -> Json:
    """The value with every ``{"repeat": …, "times": …}`` carried out."""
    if isinstance(value, list):
        return [each for item in value for each in _elements(item)]
    if isinstance(value, dict):
        if value.keys() == {"repeat", "times"}:
            return value["repeat"] * value["times"]
        return {name: expanded(item) for name, item in value.items()}
    return value


def _elements(item: Json) -> list[Json]:
    if isinstance(item, dict) and item.keys() == {"repeat", "times"} and not isinstance(item["repeat"], str):
        return [_numbered(expanded(item["repeat"]), n) for n in range(1, item["times"] + 1)]
    return [expanded(item)]


def _numbered(value: Json, n: int) -> Json:
    return named(value, {"n": str(n)})


def named(value: Json, names: Mapping[str, str]) -> Json:
    """The value with ids, or whatever else is known by a name, in place of the names in braces."""
    if isinstance(value, str):
        for name, known in names.items():
            value = value.replace(f"{{{name}}}", known)
        return value
    if isinstance(value, list):
        return [named(item, names) for item in value]
    if isinstance(value, dict):
        return {named(key, names): named(item, names) for key, item in value.items()}
    return value


def holds(found: Json, expected: Json) -> bool:
    """Whether all that is expected is in what was found: null means absence, the order of arrays does not count."""
    if isinstance(expected, dict):
        match expected:
            case {"matches": str(pattern)}:
                return isinstance(found, str) and re.fullmatch(pattern, found) is not None
            case {"oneOf": [*choices]}:
                return any(holds(found, choice) for choice in choices)
            case {"contains": [*wanted]}:
                return isinstance(found, list) and _paired(found, wanted)
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
