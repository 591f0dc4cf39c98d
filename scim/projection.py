"""Which attributes an answer shows (RFC 7644 §3.9): ``attributes``, ``excludedAttributes`` and ``returned``.

Whatever is asked, ``returned: always`` is there, ``never`` is not, and ``request`` only where it is named. What is
left empty by that is left out.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal, Self

from scim.errors import InvalidValue
from scim.schema import Attribute, Json, JsonObject, ResourceType

type _Names = dict[str, "_Names | Literal[True]"]
"""The attributes named: each whole, or some of what is in it."""

type _Parts = dict[str, "Projection | bool"]
"""What is shown of each attribute: all, nothing or a part of it."""

_UNASKED = frozenset({"never", "request"})
"""The values of ``returned`` with which an attribute is not shown unless it is named, or not even then."""


@dataclass(frozen=True, slots=True)
class Projection:
    """What is shown of a resource, or of the complex values in it; a value, so it may be kept and shared.

    Attributes:
        named: what is shown of the attributes that the rest does not speak for: all, nothing or a part.
        rest: whether attributes not in ``named`` are shown.
    """

    named: Mapping[str, "Projection | bool"]
    rest: bool

    @classmethod
    def read(
        cls, resource_type: ResourceType, attributes: Sequence[str] | None, excluded: Sequence[str] | None
    ) -> Self:
        """The projection that a request asks for; names the schema does not know are ignored.

        Raises:
            InvalidValue: both lists are given, and the standard gives them no meaning together.
        """
        asked, refused = _written(attributes), _written(excluded)
        if not asked and not refused:
            return cls.unasked(resource_type)
        if asked and refused:
            raise InvalidValue("attributes and excludedAttributes cannot be used together; send one of them.")
        if asked:
            return cls(_including(resource_type, _names(resource_type, asked)), rest=False)
        return cls(_excluding(resource_type, _names(resource_type, refused)), rest=True)

    @classmethod
    @lru_cache(maxsize=1_000)
    def unasked(cls, resource_type: ResourceType) -> Self:
        """The projection of a request that asks for nothing in particular."""
        return cls(_excluding(resource_type, {}), rest=True)

    def shows(self, attribute: str) -> bool:
        """Whether anything of an attribute of the resource itself, named as in its schema, can appear."""
        return self.named.get(attribute, self.rest) is not False

    def apply(self, resource: JsonObject) -> JsonObject:
        """A new object with what is shown of ``resource``, whose values it shares."""
        if self.rest and self.named.keys().isdisjoint(resource.keys()):
            return dict(resource)
        shown: JsonObject = {}
        for name, value in resource.items():
            part = self.named.get(name, self.rest)
            if part is True:
                shown[name] = value
            elif part and (left := _shown(value, part)):
                shown[name] = left
        return shown


def _including(resource_type: ResourceType, names: _Names) -> _Parts:
    parts = _kept(resource_type.attributes, names)
    for urn, schema in resource_type.extensions.items():
        inner = names.get(urn, {})
        parts[urn] = (
            _whole(schema.attributes) if inner is True else Projection(_kept(schema.attributes, inner), rest=False)
        )
    return parts


def _excluding(resource_type: ResourceType, names: _Names) -> _Parts:
    parts = _cut(resource_type.attributes, names)
    for urn, schema in resource_type.extensions.items():
        inner = names.get(urn, {})
        if inner is True:
            parts[urn] = Projection(_kept(schema.attributes, {}), rest=False)
        elif cut := _cut(schema.attributes, inner):
            parts[urn] = Projection(cut, rest=True)
    return parts


def _kept(attributes: Iterable[Attribute], names: _Names) -> _Parts:
    """Of attributes that are hidden unless named, what is shown of those named and of those always returned."""
    parts: _Parts = {}
    for attribute in attributes:
        inner = names.get(attribute.name, {})
        if attribute.returned == "never":
            continue
        if inner is True or attribute.returned == "always":
            parts[attribute.name] = _whole(attribute.sub_attributes)
        elif inner:
            parts[attribute.name] = Projection(_kept(attribute.sub_attributes, inner), rest=False)
    return parts


def _cut(attributes: Iterable[Attribute], names: _Names) -> _Parts:
    """Of attributes that are shown unless named, what is left of those named and of those never returned unasked."""
    parts: _Parts = {}
    for attribute in attributes:
        inner = names.get(attribute.name, {})
        if attribute.returned in _UNASKED or (inner is True and attribute.returned != "always"):
            parts[attribute.name] = False
        elif attribute.sub_attributes and (cut := _cut(attribute.sub_attributes, {} if inner is True else inner)):
            parts[attribute.name] = Projection(cut, rest=True)
    return parts


def _whole(attributes: Iterable[Attribute]) -> Projection | Literal[True]:
    cut = _cut(attributes, {})
    return Projection(cut, rest=True) if cut else True


def _shown(value: Json, part: Projection) -> Json:
    if isinstance(value, list):
        return [left for element in value if (left := part.apply(element))]
    return part.apply(value)


def _written(names: Sequence[str] | None) -> list[str]:
    return [name.strip() for name in names or () if name.strip()]


def _names(resource_type: ResourceType, paths: Iterable[str]) -> _Names:
    """The attributes that ``paths`` name, by their schema's spelling; a value filter in a path is passed over."""
    names: _Names = {}
    for path in paths:
        if path.lower() == resource_type.schema.id.lower():
            names |= dict.fromkeys((attribute.name for attribute in resource_type.schema.attributes), True)
        target = resource_type.resolve(_without_filter(path))
        if target is None:
            continue
        parts = (target.extension, target.attribute and target.attribute.name, target.sub and target.sub.name)
        _name(names, [part for part in parts if part])
    return names


def _without_filter(path: str) -> str:
    """``emails.value`` for ``emails[type eq "work"].value``."""
    head, bracket, tail = path.partition("[")
    return head + tail.rpartition("]")[2] if bracket else path


def _name(names: _Names, parts: Sequence[str]) -> None:
    *outer, last = parts
    for part in outer:
        inner = names.setdefault(part, {})
        if inner is True:
            return
        names = inner
    names[last] = True
