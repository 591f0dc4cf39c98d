"""Where a mapped value lives in a SCIM resource: the target paths of Entra's attribute mappings."""

import re
from dataclasses import dataclass
from typing import Self

type Json = bool | int | float | str | list[Json] | dict[str, Json] | None
type JsonObject = dict[str, Json]
type Value = str | bool
type Values = dict[str, Value]

USER = "urn:ietf:params:scim:schemas:core:2.0:User"
GROUP = "urn:ietf:params:scim:schemas:core:2.0:Group"
ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"

_SELECTED = re.compile(r'(?P<attribute>\w+)\[(?P<key>\w+) eq "(?P<literal>[^"]*)"\]\.(?P<sub>\w+)')


@dataclass(frozen=True, slots=True)
class Target:
    """One target path, such as `emails[type eq "work"].value`, that reads and writes its value."""

    path: str
    attribute: str
    sub: str | None = None
    selector: tuple[str, Value] | None = None
    extension: str | None = None

    @classmethod
    def parse(cls, path: str) -> Self:
        """Read a path as the mapping tables write it."""
        if path.startswith("urn:"):
            extension, _, attribute = path.rpartition(":")
            return cls(path, attribute, extension=extension)
        if selected := _SELECTED.fullmatch(path):
            literal: Value = True if selected["literal"] == "True" else selected["literal"]
            return cls(path, selected["attribute"], selected["sub"], (selected["key"], literal))
        attribute, _, sub = path.partition(".")
        return cls(path, attribute, sub or None)

    def read(self, resource: JsonObject) -> Json:
        """Return the value the resource holds here, or None."""
        holder = resource.get(self.extension) if self.extension else resource
        if not isinstance(holder, dict):
            return None
        value = holder.get(self.attribute)
        if self.selector:
            value = _selected(value, *self.selector)
        if self.sub is None:
            return value
        return value.get(self.sub) if isinstance(value, dict) else None

    def write(self, resource: JsonObject, value: Json) -> None:
        """Put a value here, making the objects and the element around it."""
        holder = _object(resource, self.extension) if self.extension else resource
        if self.sub is None:
            holder[self.attribute] = value
        elif self.selector is None:
            _object(holder, self.attribute)[self.sub] = value
        else:
            key, literal = self.selector
            elements = holder.setdefault(self.attribute, [])
            if not isinstance(elements, list):
                raise TypeError(f"{self.attribute} is written as one value and as several")
            element = _selected(elements, key, literal)
            if element is None:
                element = {key: literal}
                elements.append(element)
            element[self.sub] = value

    @property
    def element(self) -> str | None:
        """The path up to the closing bracket, if there is one."""
        return self.path.rpartition(".")[0] if self.selector else None


def _selected(elements: Json, key: str, literal: Value) -> JsonObject | None:
    if not isinstance(elements, list):
        return None
    return next(
        (e for e in elements if isinstance(e, dict) and e.get(key) is not None and _same(e[key], literal)), None
    )


def _same(held: Json, literal: Value) -> bool:
    return type(held) is type(literal) and held == literal


def _object(holder: JsonObject, name: str) -> JsonObject:
    inner = holder.setdefault(name, {})
    if not isinstance(inner, dict):
        raise TypeError(f"{name} is written as a value and as an object")
    return inner
