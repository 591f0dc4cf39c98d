"""Does this resource match this filter (RFC 7644 §3.4.2.2)?

A filter is bound to a schema once, which finds everything wrong with it, and becomes nested functions that are
called for each resource. Absence is decided here as well: what is absent equals null and differs from everything
else, and nothing can be said about its order or its parts.
"""

import operator
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from scim import instants
from scim.errors import InvalidFilter
from scim.filters import And, Comparison, Filter, Literal, Not, Or, Present, ValuePath
from scim.normal_forms import folded, normal
from scim.schema import Attribute, Json, JsonObject, ResourceType

type Test = Callable[[Json], bool]
"""A question about a value; None stands for an absent one."""


def predicate(filter_: Filter, resource_type: ResourceType) -> Callable[[JsonObject], bool]:
    """The filter as a question about a full representation of a resource.

    Raises:
        InvalidFilter: naming an attribute that is unknown, may not be asked for, or is not compared like that.
    """
    return _bind(filter_, partial(_place_in_resource, resource_type))


def element_predicate(filter_: Filter, attribute: Attribute) -> Test:
    """The filter of a value path as a question about one value of its attribute.

    Its paths are sub-attributes; a value that has none is itself called ``value``.

    Raises:
        InvalidFilter: as for `predicate`.
    """
    return _bind(filter_, partial(_place_in_element, attribute))


@dataclass(frozen=True, slots=True)
class _Place:
    """What a path leads to.

    Attributes:
        path: the path as written, for errors.
        extension: the URN of the extension to go into first.
        steps: the attributes to go through; empty where the path names a whole extension.
        leaf: the attribute reached.
    """

    path: str
    extension: str | None
    steps: tuple[Attribute, ...]
    leaf: Attribute | None

    def asking(self, test: Test) -> Test:
        """The test, asked of any value found at this place."""
        for step in reversed(self.steps):
            test = _within(step.name, _any(test) if step.multi_valued else test)
        return test if self.extension is None else _within(self.extension, test)


type _Find = Callable[[str], _Place]


def _place_in_resource(resource_type: ResourceType, path: str) -> _Place:
    target = resource_type.resolve(path)
    if target is None:
        raise InvalidFilter(f"{resource_type.name} has no attribute {path[:200]}.")
    steps = tuple(step for step in (target.attribute, target.sub) if step is not None)
    for step in steps:
        _check_readable(path, step)
    return _Place(path, target.extension, steps, steps[-1] if steps else None)


def _place_in_element(attribute: Attribute, path: str) -> _Place:
    if attribute.type != "complex" and path.lower() == "value":
        return _Place(attribute.name, None, (), attribute)
    sub = attribute.sub(path)
    if sub is None:
        raise InvalidFilter(f"{attribute.name} has no sub-attribute {path[:200]}; it has {_listed(attribute)}.")
    _check_readable(f"{attribute.name}.{path}", sub)
    return _Place(f"{attribute.name}.{sub.name}", None, (sub,), sub)


def _check_readable(path: str, attribute: Attribute) -> None:
    if attribute.returned == "never":
        raise InvalidFilter(f"{path} is never returned, so no filter may ask for it.")


def _listed(attribute: Attribute) -> str:
    return ", ".join(sub.name for sub in attribute.sub_attributes) or "only its value"


def _bind(filter_: Filter, find: _Find) -> Test:
    match filter_:
        case Comparison():
            return _comparison(filter_, find(filter_.path))
        case Present(path):
            return find(path).asking(_present)
        case Not(term):
            return _not(_bind(term, find))
        case And(terms):
            return _all_of([_bind(term, find) for term in terms])
        case Or(terms):
            return _one_of([_bind(term, find) for term in terms])
        case ValuePath(path, term):
            place = find(path)
            return place.asking(_known(_bind(term, partial(_place_in_element, _selectable(place)))))


def _selectable(place: _Place) -> Attribute:
    leaf = place.leaf
    if leaf is None or not (leaf.multi_valued or leaf.type == "complex"):
        raise InvalidFilter(f"{place.path} has neither several values nor sub-attributes to select by in brackets.")
    return leaf


def _comparison(comparison: Comparison, place: _Place) -> Test:
    if comparison.value is None:
        return _null_comparison(comparison.operator, place)
    leaf = place.leaf
    if leaf is None:
        raise InvalidFilter(f"{place.path} is a whole schema extension; compare one of its attributes.")
    if leaf.type != "complex":
        return place.asking(_compare(place.path, leaf, comparison))
    value = leaf.sub("value")
    if value is None:
        raise InvalidFilter(f"{place.path} is complex; compare one of its sub-attributes: {_listed(leaf)}.")
    reached = _Place(place.path, place.extension, (*place.steps, value), value)
    return reached.asking(_compare(place.path, value, comparison))


def _null_comparison(name: str, place: _Place) -> Test:
    present = place.asking(_present)
    if name == "ne":
        return present
    if name == "eq":
        return _not(present)
    raise InvalidFilter(f"{place.path} {name} null has no meaning; null goes with eq and ne only.")


_EQUALITY = frozenset({"eq", "ne"})
_ORDER = _EQUALITY | {"gt", "ge", "lt", "le"}
_TEXT = _ORDER | {"co", "sw", "ew"}
_OPERATORS = {
    "string": _TEXT,
    "reference": _TEXT,
    "dateTime": _ORDER,
    "integer": _ORDER,
    "decimal": _ORDER,
    "boolean": _EQUALITY,
    "binary": _EQUALITY,
}
_LITERALS = {
    "string": "a string in double quotes",
    "reference": "a string in double quotes",
    "dateTime": 'a dateTime in double quotes, such as "2011-05-13T04:42:34Z"',
    "integer": "a number",
    "decimal": "a number",
    "boolean": "true or false, without quotes",
    "binary": "base64 text in double quotes",
}
_COMPARE: dict[str, Callable[[Json, Json], bool]] = {
    "gt": operator.gt,
    "ge": operator.ge,
    "lt": operator.lt,
    "le": operator.le,
    "co": operator.contains,
    "sw": str.startswith,
    "ew": str.endswith,
}


def _compare(path: str, attribute: Attribute, comparison: Comparison) -> Test:
    """The comparison as a test of one value of ``attribute``."""
    name, kind = comparison.operator, attribute.type
    if name not in _OPERATORS[kind]:
        fitting = ", ".join(known for known in (*_COMPARE, "eq", "ne") if known in _OPERATORS[kind])
        raise InvalidFilter(f"{path} is of type {kind} and cannot be compared by {name}; it takes {fitting} and pr.")
    key = _key(attribute, normal if name in _EQUALITY else _from_its_start if name == "sw" else folded)
    expected = _expected(attribute, comparison.value, key)
    if expected is None:
        raise InvalidFilter(f"{path} is of type {kind} and must be compared with {_LITERALS[kind]}.")
    if name == "eq":
        return _keyed(key, partial(operator.eq, expected))
    if name == "ne":
        return _keyed(key, partial(operator.ne, expected))
    return _keyed(key, _known(partial(_swapped, _COMPARE[name], expected)))


def _from_its_start(attribute: Attribute, value: str) -> str:
    """The form in which a value begins with another: where case does not count, blanks before it do not either."""
    return value if attribute.case_exact else folded(attribute, value).lstrip()


type _Key = Callable[[Json], Json] | None


def _key(attribute: Attribute, form: Callable[[Attribute, str], str]) -> _Key:
    """What values of an attribute are compared by, strings in a ``form``; None where it is the values themselves."""
    if attribute.type == "dateTime":
        return instants.read
    if attribute.type in {"string", "reference"} and not attribute.case_exact:
        return partial(form, attribute)
    return None


def _expected(attribute: Attribute, literal: Literal, key: _Key) -> Json:
    """What the literal is compared by; None where it is not of the attribute's type."""
    fits: type | tuple[type, ...] = str
    if attribute.type in {"integer", "decimal"}:
        fits = (int, float)
    elif attribute.type == "boolean":
        fits = bool
    if not isinstance(literal, fits) or (isinstance(literal, bool) and fits is not bool):
        return None
    return literal if key is None else key(literal)


def _present(value: Json) -> bool:
    """Whether a value is there and not empty, all the way down."""
    if isinstance(value, dict):
        return any(map(_present, value.values()))
    if isinstance(value, list):
        return any(map(_present, value))
    return value is not None and value != ""


def _within(name: str, test: Test) -> Test:
    def within(holder: Json) -> bool:
        return test(None if holder is None else holder.get(name))

    return within


def _any(test: Test) -> Test:
    absent = test(None)

    def any_of(values: Json) -> bool:
        return any(map(test, values)) if values else absent

    return any_of


def _keyed(key: _Key, test: Test) -> Test:
    if key is None:
        return test

    def keyed(value: Json) -> bool:
        return test(None if value is None else key(value))

    return keyed


def _known(test: Test) -> Test:
    """The test, false of what is absent."""
    return lambda value: value is not None and test(value)


def _swapped(compare: Callable[[Json, Json], bool], expected: Json, value: Json) -> bool:
    return compare(value, expected)


def _not(test: Test) -> Test:
    return lambda value: not test(value)


def _all_of(tests: Sequence[Test]) -> Test:
    def all_of(value: Json) -> bool:
        for test in tests:  # noqa: SIM110 - a generator would take a second call for each level of a deep filter
            if not test(value):
                return False
        return True

    return all_of


def _one_of(tests: Sequence[Test]) -> Test:
    def one_of(value: Json) -> bool:
        for test in tests:  # noqa: SIM110 - as in _all_of
            if test(value):
                return True
        return False

    return one_of
