"""The order of a query's answer (RFC 7644 §3.4.2.3).

Without ``sortBy`` resources come in the order in which they were created, which is that of their ids; so do those
that the order asked for does not tell apart.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Self

from scim import instants
from scim.errors import InvalidPath
from scim.experimental import MEMBERSHIP
from scim.normal_forms import normal
from scim.schema import Attribute, Json, JsonObject, ResourceType, Target

type Key = tuple[int | float | str, ...]
"""What values are sorted by: first the kind of value, so that any two can be compared, then the value."""

ABSENT: Key = (9,)
"""Greater than the key of any value."""
_BOOLEAN, _NUMBER, _INSTANT, _TEXT = range(4)
_WIDTH = 256
"""Characters of a text that count, so that a key has its place in a cursor, and a cursor in a URL."""
_LARGEST = 10**300
"""The greatest number told from those beyond, for the same reason."""
_NATURAL = frozenset({"id", "meta.created"})
"""Attributes that order resources as their ids do."""


@dataclass(frozen=True, slots=True)
class Order:
    """An order of resources.

    Attributes:
        targets: the attribute to sort by, by the name of each type that has it; None for the order of creation.
        descending: whether the greatest comes first.
    """

    targets: Mapping[str, Target] | None = None
    descending: bool = False

    @classmethod
    def read(cls, kinds: Sequence[ResourceType], sort_by: Callable[[ResourceType], str], *, descending: bool) -> Self:
        """The order that a request asks for.

        Args:
            kinds: the types asked for.
            sort_by: the path to sort by, as it is written for a type.
            descending: whether the greatest comes first.

        Raises:
            InvalidPath: no type has such an attribute, or none can be sorted by it; says why.
        """
        targets: dict[str, Target] = {}
        refused: list[InvalidPath] = []
        for kind in kinds:
            try:
                targets[kind.name] = _target(kind, sort_by(kind))
            except InvalidPath as error:
                refused.append(error)
        if refused and not targets:
            raise refused[0]
        return cls(targets, descending)

    def among(self, kinds: Sequence[ResourceType]) -> "Order":
        """The same order where there are only resources of these types."""
        targets = {kind.name: self.targets[kind.name] for kind in kinds if self.targets and kind.name in self.targets}
        natural = {str(target) for target in targets.values()} <= _NATURAL
        alone = len(kinds) == 1 and kinds[0].name != MEMBERSHIP  # whose order is not that of their ids
        return Order(None if (natural and alone) or self.targets is None else targets, self.descending)

    def key(self, kind: ResourceType, resource: JsonObject) -> Key:
        """What a resource, as clients see it, is sorted by."""
        target = self.targets.get(kind.name) if self.targets else None
        if target is None:
            return ABSENT
        if str(target) in _NATURAL:
            return (_TEXT, resource["id"])
        return _key_of(target, resource)

    def arrange[T](self, items: Sequence[T], place: Callable[[T], tuple[Key, str]]) -> list[T]:
        """Items in this order, each with its key and its id: absent values last, first when descending."""
        by_id = sorted(items, key=lambda item: place(item)[1])
        return sorted(by_id, key=lambda item: place(item)[0], reverse=self.descending)

    def follows(self, place: tuple[Key, str], other: tuple[Key, str]) -> bool:
        """Whether one place comes after another."""
        if place[0] == other[0]:
            return place[1] > other[1]
        return (place[0] < other[0]) if self.descending else (place[0] > other[0])


def _target(kind: ResourceType, path: str) -> Target:
    target = kind.resolve(path)
    if target is None or target.attribute is None:
        raise InvalidPath(f"sortBy: {kind.name} has no attribute {path[:200]!a}; name one, such as name.familyName.")
    attribute = target.attribute
    if any(part is not None and part.returned == "never" for part in (attribute, target.sub)):
        raise InvalidPath(f"sortBy: {target} is never returned, so nothing is sorted by it.")
    if attribute.name == kind.members and target.extension is None:
        raise InvalidPath(f"sortBy: {attribute.name} are in no order of their own, so nothing is sorted by them.")
    if attribute.type == "complex" and target.sub is None:
        value = attribute.sub("value")
        if value is None or not attribute.multi_valued:
            names = ", ".join(f"{target}.{sub.name}" for sub in attribute.sub_attributes)
            raise InvalidPath(f"sortBy: {target} is complex; sort by one of its sub-attributes: {names}.")
        return Target(target.extension, attribute, value)
    return target


def _key_of(target: Target, resource: JsonObject) -> Key:
    attribute = target.attribute
    value = target.holder(resource).get(attribute.name) if attribute else None
    if attribute and attribute.multi_valued:
        value = _foremost(value)
    if target.sub is not None and value is not None:
        value = value.get(target.sub.name)
        value = _foremost(value) if target.sub.multi_valued else value
    return ABSENT if value is None else _key(target.leaf, value)


def _foremost(values: Json) -> Json:
    """The primary one of several values, else the first."""
    if not values:
        return None
    return next((each for each in values if isinstance(each, dict) and each.get("primary") is True), values[0])


def _key(attribute: Attribute, value: Json) -> Key:
    match value:
        case bool():
            return (_BOOLEAN, int(value))
        case int() | float():
            return (_NUMBER, max(-_LARGEST, min(value, _LARGEST)))
        case str() if attribute.type == "dateTime" and (instant := instants.read(value)):
            return (_INSTANT, *instant)
        case str() if attribute.type in {"string", "reference"}:
            return (_TEXT, normal(attribute, value)[:_WIDTH])
        case str():
            return (_TEXT, value[:_WIDTH])
        case _:
            return ABSENT
