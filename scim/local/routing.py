"""Which function answers a request, decided as the Functions host decides it.

That host still uses ASP.NET Core's oldest router: routes are tried in the order of the functions' names, the first that
matches wins, and one whose methods do not include the request's does not match at all. So literals do not go before
parameters, and there is no 405.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from scim.local.constraints import Check, constraint
from scim.local.failure import Failure

_RESERVED = ("admin", "runtime")

_PARAMETER = re.compile(
    r"\{(?P<star>\*{0,2})(?P<name>[^/{}:=?*]+)"
    r"(?P<constraints>(?::\w+(?:\((?:[^{}]|\{\{|\}\})*?\)(?=[:=?}]))?)*)"
    r"(?:=(?P<default>[^{}?]*))?(?P<optional>\?)?\}"
)
_CONSTRAINT = re.compile(r":(?P<name>\w+)(?:\((?P<argument>.*?)\)(?=:|$))?")


@dataclass(frozen=True, slots=True)
class _Parameter:
    name: str
    catch_all: bool
    optional: bool
    default: str | None
    checks: tuple[Check, ...]

    def accepts(self, value: str | None) -> bool:
        if value is None:
            return self.optional or not self.checks
        return all(check(value) for check in self.checks)


@dataclass(frozen=True, slots=True)
class _Segment:
    """What lies between two slashes of a template: literal text, a parameter, or several of both."""

    pattern: str
    parameters: tuple[_Parameter, ...]
    alone: bool

    @property
    def catch_all(self) -> bool:
        return self.alone and self.parameters[0].catch_all

    @property
    def may_be_absent(self) -> bool:
        return self.alone and (self.catch_all or self.parameters[0].optional or self.parameters[0].default is not None)


@dataclass(frozen=True, slots=True)
class Route:
    """One HTTP-triggered function's template and methods; no methods mean all of them."""

    function: str
    template: str
    methods: frozenset[str]
    pattern: re.Pattern[str] = field(repr=False)
    parameters: tuple[_Parameter, ...] = field(repr=False)

    def match(self, path: str) -> Mapping[str, str] | None:
        """The parameters of a path that fits the template; an absent one has no key."""
        found = self.pattern.fullmatch(path)
        if found is None:
            return None
        values: dict[str, str] = {}
        for parameter, given in zip(self.parameters, found.groups(), strict=True):
            value = parameter.default if given is None else given
            if not parameter.accepts(value):
                return None
            if value is not None:
                values[parameter.name] = value
        return values


class Routes:
    """The routes of a function app, in the order in which the host tries them."""

    def __init__(self, routes: Iterable[Route]) -> None:
        self._routes = sorted(routes, key=lambda route: route.function.upper())
        for position, route in enumerate(self._routes):
            for earlier in self._routes[:position]:
                if _overlap(earlier, route):
                    raise Failure(
                        f"The functions {earlier.function} and {route.function} have the same route {route.template!r}"
                        " for the same method; the Functions host would serve only one of them."
                    )

    def find(self, method: str, path: str) -> tuple[Route, Mapping[str, str]] | None:
        """The route that answers a method and a decoded path, with the parameters, or None where the host says 404."""
        if path[1:].split("/", 1)[0].lower() in _RESERVED:
            return None
        for route in self._routes:
            if route.methods and method.upper() not in route.methods:
                continue
            values = route.match(path)
            if values is not None:
                return route, values
        return None


def route(function: str, template: str, methods: Iterable[str], prefix: str = "") -> Route:
    """Read one function's route; the template is the function's name when it has none."""
    template = template or function
    if template.lower().startswith(_RESERVED):
        raise Failure(
            f"The route of {function}, {template!r}, begins with a word that the Functions host keeps for itself."
        )
    whole = (f"{prefix}/{template}" if prefix else template).removeprefix("/")
    try:
        segments = tuple(_segment(text) for text in whole.removesuffix("/").split("/"))
    except ValueError as error:
        raise Failure(f"The route of {function}, {template!r}, cannot be read: {error}.") from None
    names = [parameter.name.lower() for segment in segments for parameter in segment.parameters]
    if len(set(names)) < len(names):
        raise Failure(f"The route of {function}, {template!r}, names one parameter twice.")
    if any(segment.catch_all for segment in segments[:-1]):
        raise Failure(f"The route of {function}, {template!r}, goes on after its catch-all parameter.")
    parameters = tuple(parameter for segment in segments for parameter in segment.parameters)
    return Route(function, whole, frozenset(method.upper() for method in methods), _pattern(segments), parameters)


def _pattern(segments: Sequence[_Segment]) -> re.Pattern[str]:
    """What paths fit: those with a slash at the end, too, and without the last segments if these may be absent."""
    text, absent = "", True
    for segment in reversed(segments):
        absent = absent and segment.may_be_absent
        text = f"(?:/{segment.pattern}{text})?" if absent else f"/{segment.pattern}{text}"
    return re.compile(f"{text}/?", re.IGNORECASE | re.DOTALL)


def _segment(text: str) -> _Segment:
    if not text:
        raise ValueError("it has an empty segment")
    found = list(_PARAMETER.finditer(text))
    literals = _PARAMETER.split(text)[:: _PARAMETER.groups + 1]
    if any("{" in literal or "}" in literal for literal in literals):
        raise ValueError(f"{text!r} has a brace that belongs to no parameter")
    parameters = tuple(_parameter(match) for match in found)
    if len(parameters) > 1 and "" in literals[1:-1]:
        raise ValueError(f"{text!r} has two parameters side by side")
    alone = len(parameters) == 1 and literals == ["", ""]
    if not alone and any(parameter.catch_all or parameter.optional for parameter in parameters):
        raise ValueError(f"{text!r} must hold a catch-all or optional parameter alone")
    # The host looks for the last place where each literal fits; greedy groups do the same.
    pattern = "([^/].*)" if alone and parameters[0].catch_all else "([^/]+)".join(map(re.escape, literals))
    return _Segment(pattern, parameters, alone)


def _parameter(match: re.Match[str]) -> _Parameter:
    checks = (
        constraint(found["name"], None if found["argument"] is None else _without_doubled_braces(found["argument"]))
        for found in _CONSTRAINT.finditer(match["constraints"])
    )
    return _Parameter(
        match["name"], bool(match["star"]), match["optional"] is not None, match["default"], tuple(checks)
    )


def _without_doubled_braces(text: str) -> str:
    return text.replace("{{", "{").replace("}}", "}")


def _overlap(one: Route, other: Route) -> bool:
    same_template = one.template.lower() == other.template.lower()
    return same_template and (not one.methods or not other.methods or not one.methods.isdisjoint(other.methods))
