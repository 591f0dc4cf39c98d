"""What PATCH does to the value of one attribute (RFC 7644 §3.5.2), whatever the attribute is.

Each kind of edit goes from the canonical value there is, None if there is none, to the one there will be.
"""

from collections.abc import Callable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from scim.errors import InvalidValue, Mutability, NoTarget
from scim.resources import Note
from scim.schema import Json, JsonObject
from scim.values import identity, unequal


@dataclass(frozen=True, slots=True)
class Assign:
    """Set the whole value, or unset it by None."""

    value: Json

    def of(self, _: Json, __: list[Note]) -> Json:
        """The new value."""
        return self.value


@dataclass(frozen=True, slots=True)
class Merge:
    """Set some sub-attributes of a single complex value, and unset those that are None."""

    parts: JsonObject
    adding: bool

    def of(self, current: Json, _: list[Note]) -> Json:
        """The value with its parts changed."""
        return _merged(current or {}, self.parts, adding=self.adding) or None


@dataclass(frozen=True, slots=True)
class Union:
    """Add elements, those not yet there.

    Attributes:
        elements: what to add.
        key: the sub-attribute that tells elements apart; None where the whole element does.
    """

    elements: Sequence[Json]
    key: str | None = None

    def of(self, current: Json, _: list[Note]) -> Json:
        """The old elements and, after them, the new ones."""
        held: list[Json] = current or []
        if self.key is None:
            there = {identity(_unmarked(element)) for element in held}
            new = (element for element in unequal([*self.elements]) if identity(_unmarked(element)) not in there)
            union = [*held, *new]
        else:
            known = {element[self.key] for element in held}
            union = [*held, *(element for element in self.elements if element[self.key] not in known)]
        return one_primary(union, range(len(held), len(union)))


@dataclass(frozen=True, slots=True)
class Drop:
    """Remove the elements that match."""

    matches: Callable[[Json], bool]
    many: bool

    def of(self, current: Json, _: list[Note]) -> Json:
        """What does not match."""
        if not self.many:
            return None if current is not None and self.matches(current) else current
        return [element for element in current or () if not self.matches(element)] or None


@dataclass(frozen=True, slots=True)
class Change:
    """Change the elements that match.

    Attributes:
        path: the path, for notes and errors.
        many: whether the attribute is multi-valued; a single value counts as its only element.
        matches: which elements are meant.
        become: an element, to what it becomes.
        created: the element that is made where none matches; None makes that an error.
        idle: whether it is no error when none matches, as for a ``remove``.
        last_primary_wins: whether the last of several elements that become primary stays so.
    """

    path: str
    many: bool
    matches: Callable[[Json], bool]
    become: Callable[[Json], Json]
    created: Json = None
    idle: bool = False
    last_primary_wins: bool = False

    def of(self, current: Json, notes: list[Note]) -> Json:
        """The elements, changed or with one more.

        Raises:
            NoTarget: none matches, and none is to be created.
            InvalidValue: several would be primary.
        """
        elements = [*(current or ())] if self.many else [] if current is None else [current]
        chosen = [self.matches(held) for held in elements]
        if not any(chosen):
            return self._create(current, elements, notes)
        changed = [self.become(held) if meant else held for held, meant in zip(elements, chosen, strict=True)]
        if changed == elements:
            return current
        if not self.many:
            return changed[0] or None
        kept = unequal([new for new in changed if new not in (None, {})])
        primary = {identity(new) for new, meant in zip(changed, chosen, strict=True) if meant and _is_primary(new)}
        if len(primary) > 1 and not self.last_primary_wins:
            raise InvalidValue(f"{self.path} would make several elements primary; only one may be.")
        return one_primary(kept, [at for at, new in enumerate(kept) if _is_primary(new) and identity(new) in primary])

    def _create(self, current: Json, elements: list[Json], notes: list[Note]) -> Json:
        if self.idle:
            return current
        if self.created is None or (elements and not self.many):
            raise NoTarget(f"{self.path} matches no value; add the element as a whole first, or select another.")
        notes.append(Note("create_unmatched", self.path))
        if not self.many:
            return self.created
        kept = unequal([*elements, self.created])
        return one_primary(kept, [kept.index(self.created)])


def merging(parts: JsonObject, path: str, immutable: AbstractSet[str], *, adding: bool) -> Callable[[Json], Json]:
    """An element, to the same with some sub-attributes set, and those that are None unset.

    The change raises Mutability where one that is ``immutable`` has another value already.
    """

    def merged(element: Json) -> Json:
        for name in immutable & parts.keys() & element.keys():
            if element[name] != parts[name]:
                raise Mutability(f"{path}: {name} is immutable; it keeps the value it has.")
        return _merged(element, parts, adding=adding)

    return merged


def replacing(element: Json) -> Callable[[Json], Json]:
    """An element, to another."""
    return lambda _: element


def one_primary(elements: list[Json], touched: Sequence[int]) -> list[Json] | None:
    """The elements, each once, ``primary`` false in all others if one touched is primary; None if there are none."""
    winner = max((at for at in touched if _is_primary(elements[at])), default=None)
    if winner is None:
        return elements or None
    return unequal(
        [
            {**element, "primary": False} if at != winner and _is_primary(element) else element
            for at, element in enumerate(elements)
        ]
    )


def _unmarked(element: Json) -> Json:
    """An element that is not primary without saying so, which is the same (RFC 7643 §2.4)."""
    if not isinstance(element, dict) or element.get("primary") is not False:
        return element
    return {name: value for name, value in element.items() if name != "primary"}


def _is_primary(element: Json) -> bool:
    return isinstance(element, dict) and element.get("primary") is True


def _merged(element: JsonObject, parts: JsonObject, *, adding: bool) -> JsonObject:
    merged = dict(element)
    for name, value in parts.items():
        if value is None:
            merged.pop(name, None)
        elif adding and isinstance(value, list):
            merged[name] = unequal([*merged.get(name, ()), *value])
        else:
            merged[name] = value
    return merged
