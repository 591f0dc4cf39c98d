"""Where to look for the resources that a filter asks for.

A plan only narrows the search: whoever follows it asks each resource it finds the whole filter.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from scim.filters import And, Comparison, Filter, ValuePath
from scim.schema import Index, ResourceType, Target


@dataclass(frozen=True, slots=True)
class ById:
    """At most one resource can match: the one of this id."""

    id: str


@dataclass(frozen=True, slots=True)
class ByIndex:
    """Every match has this value, as the client wrote it, in this index."""

    index: Index
    value: str


@dataclass(frozen=True, slots=True)
class Scan:
    """Any resource may match."""


type Lookup = ById | ByIndex | Scan


def plan(filter_: Filter, resource_type: ResourceType) -> Lookup:
    """The narrowest place that holds every match: an id, a unique attribute's index, another index, or everything.

    A term counts where it must be true of each match: standing alone, joined by ``and`` only, or so within the
    brackets of a value path.
    """
    indexes = {str(index.target): index for index in resource_type.indexes}
    found: ByIndex | None = None
    for path, value in _required(filter_):
        name = _compared(resource_type.resolve(path))
        if name == "id":
            return ById(value)
        index = indexes.get(name)
        if index is not None and (found is None or (index.unique and not found.index.unique)):
            found = ByIndex(index, value)
    return found or Scan()


def indexed(resource_type: ResourceType) -> tuple[str, ...]:
    """The attributes that a filter may compare by ``eq`` without a scan."""
    return ("id", *resource_type.indexed)


def _required(filter_: Filter) -> Iterator[tuple[str, str]]:
    """The paths and strings that every match has equal."""
    pending: list[tuple[str, Filter]] = [("", filter_)]
    while pending:
        prefix, term = pending.pop()
        match term:
            case And(terms):
                pending.extend((prefix, inner) for inner in reversed(terms))
            case ValuePath(path, inner):
                pending.append((f"{path}.", inner))
            case Comparison(path, "eq", str(value)):
                yield prefix + path, value


def _compared(target: Target | None) -> str:
    """The name of the attribute whose values a comparison compares: ``emails`` stands for ``emails.value``."""
    if target is None or target.attribute is None:
        return ""
    if target.sub is None and target.attribute.type == "complex":
        return f"{target}.value"
    return str(target)
