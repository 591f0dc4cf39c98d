"""Values as an OpenAPI description has them: what a client that knows nothing but the description would send."""

import json
from collections.abc import Iterator
from dataclasses import dataclass

from hypothesis import strategies as st

from scim.schema import Json, JsonObject

WORDS = st.sampled_from(
    ["a", "Ada", "ada@example.com", "work", "home", "é", "x" * 300, "'\"\\", "2026-01-31T08:30:00Z", ""]
)
_LITERALS = st.none() | st.booleans() | st.integers(-5, 5) | st.floats(allow_nan=False, allow_infinity=False) | WORDS
_OPERATORS = st.sampled_from(["eq", "ne", "co", "sw", "ew", "gt", "ge", "lt", "le", "EQ"])
_JUNK = st.text(st.characters(codec="utf-8"), max_size=20)
_SIMPLE: dict[str, st.SearchStrategy[Json]] = {
    "string": WORDS,
    "null": st.none(),
    "boolean": st.booleans(),
    "integer": st.integers(),
    "number": st.floats(allow_nan=False, allow_infinity=False),
}
_RARELY = 12


@dataclass(frozen=True)
class Described:
    """A description, and what can be drawn from it.

    Attributes:
        ids: of resources that there are.
    """

    document: JsonObject
    ids: tuple[str, ...]

    def shape(self, shape: JsonObject) -> JsonObject:
        """The shape itself, where it is a reference."""
        while "$ref" in shape:
            shape = self.document["components"]["schemas"][shape["$ref"].rpartition("/")[2]]
        return shape

    def attributes(self, component: str) -> dict[str, JsonObject]:
        """Every attribute and sub-attribute of a resource by its path, with its shape."""
        return dict(self._below(self.document["components"]["schemas"][component], ""))

    def values(self, shape: JsonObject) -> st.SearchStrategy[Json]:
        """Values of a shape, most of them right."""
        shape = self.shape(shape)
        if "anyOf" in shape:
            return st.one_of([self.values(each) for each in shape["anyOf"]])
        if "enum" in shape:
            return st.sampled_from(shape["enum"])
        kinds = shape.get("type", "string")
        return st.one_of([self._of(kind, shape) for kind in ([kinds] if isinstance(kinds, str) else kinds)])

    def filters(self, components: list[str]) -> st.SearchStrategy[str]:
        """Filters on what is described, and a few on what is not."""
        paths = [path for component in components for path in self.attributes(component)]
        named = st.sampled_from([*paths, "nickname", "USERNAME", "nosuch", "emails.nosuch"])
        term = st.one_of(
            st.builds("{} pr".format, named),
            st.builds(
                lambda path, operator, value: f"{path} {operator} {json.dumps(value)}", named, _OPERATORS, _LITERALS
            ),
            _selections(["emails", "members", "groups", "name"]),
        )
        whole = st.recursive(
            term,
            lambda inner: (
                st.builds("({}) and {}".format, inner, inner)
                | st.builds("{} or ({})".format, inner, inner)
                | st.builds("not ({})".format, inner)
            ),
            max_leaves=4,
        )
        return _rarely(_JUNK, whole)

    def paths(self, component: str) -> st.SearchStrategy[str]:
        """Paths of a PATCH into a resource, and a few into none."""
        plain = st.sampled_from([*self.attributes(component), "nosuch"])
        rest = st.sampled_from(["", ".value", ".value", ".display", ".type", ".nosuch"])
        several = [path for path, shape in self.attributes(component).items() if "array" in shape.get("type", ())]
        selecting = st.builds("{}{}".format, _selections([*several, "emails"]), rest)
        return _rarely(_JUNK, plain | plain | selecting)

    def _of(self, kind: str, shape: JsonObject) -> st.SearchStrategy[Json]:
        if kind == "object":
            wanted = {name: self.values(held) for name, held in shape["properties"].items()}
            required = {name: wanted.pop(name) for name in shape.get("required", ())}
            return st.fixed_dictionaries(required, optional=wanted)
        return st.lists(self.values(shape["items"]), max_size=3) if kind == "array" else _SIMPLE[kind]

    def _below(self, shape: JsonObject, prefix: str) -> Iterator[tuple[str, JsonObject]]:
        shape = self.shape(shape)
        for each in shape.get("anyOf", ()):
            yield from self._below(each, prefix)
        if "items" in shape:
            yield from self._below(shape["items"], prefix)
        for name, held in shape.get("properties", {}).items():
            yield prefix + name, held
            yield from self._below(held, f"{prefix}{name}{':' if name.startswith('urn:') else '.'}")


@st.composite
def operations(draw: st.DrawFn, described: "Described", component: str) -> JsonObject:
    """An operation of a PATCH, most with a value of what its path names."""
    attributes = described.attributes(f"{component}Request")
    op = draw(st.sampled_from(["add", "replace", "remove", "Replace"]))
    path = draw(described.paths(f"{component}Request"))
    shape = attributes.get(path)
    value = draw(described.values(shape) if shape else _LITERALS)
    if path.startswith("members"):
        value = [{"value": draw(st.sampled_from([*described.ids, "nobody"]))}]
    if op == "remove":
        return {"op": op, "path": path}
    if draw(st.integers(0, _RARELY)) == _RARELY:
        return {"op": op, "value": {path: value}}
    return {"op": op, "path": path, "value": value}


def _selections(attributes: list[str]) -> st.SearchStrategy[str]:
    """Value paths that select elements of some attributes."""
    held = st.sampled_from(attributes)
    text = st.builds("{} {} {}".format, st.sampled_from(["type", "value"]), _OPERATORS, WORDS.map(json.dumps))
    flag = st.sampled_from(
        ["primary eq true", "primary eq false", "type pr", "nosuch eq 1", "primary gt true", "type eq 1"]
    )
    return st.builds("{}[{}]".format, held, text | text | flag)


def _rarely[T](seldom: st.SearchStrategy[T], mostly: st.SearchStrategy[T]) -> st.SearchStrategy[T]:
    return st.integers(0, _RARELY).flatmap(lambda drawn: seldom if drawn == _RARELY else mostly)
