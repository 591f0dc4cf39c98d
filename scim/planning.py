"""Where to look for the resources that a filter asks for.

A lookup names a place that holds every match. What is not settled by being found there is left over as a filter,
to be asked of each resource in that place.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import ClassVar

from scim import instants
from scim.asking import compared
from scim.filters import And, Comparison, Filter, Literal, Or, ValuePath
from scim.normal_forms import constant, folded
from scim.schema import Index, Json, ResourceType, Schemas, Target

SHORT_PREFIX = 25
"""Bytes of a prefix that surely stands whole in an index's keys, in which a byte takes up to three characters."""

_EXACT_BY_KEY = frozenset({"string", "reference", "integer", "decimal", "boolean"})
"""Types whose values are equal just when their keys are."""
_CHOICES = 3
"""Places that are tried, one after another, while there is too much in them."""
_LATEST = (1 << 48) - 1
"""The last millisecond that an id or a change number can tell."""


@dataclass(frozen=True, slots=True)
class ById:
    """Only resources of these ids can match; whether there are such is to be seen."""

    ids: tuple[str, ...]

    certain: ClassVar[bool] = False

    @property
    def rank(self) -> int:
        """How much there may be to look at, to choose between lookups."""
        return len(self.ids)


@dataclass(frozen=True, slots=True)
class ByIndex:
    """The resources that have this value in an index, as the client wrote it."""

    index: Index
    value: Json

    certain: ClassVar[bool] = True

    @property
    def rank(self) -> int:
        """As above."""
        return 2 if self.index.unique else 4


@dataclass(frozen=True, slots=True)
class ByPrefix:
    """The resources that have a value in an index which begins like this, in the form that is compared."""

    index: Index
    prefix: str

    certain: ClassVar[bool] = True
    rank: ClassVar[int] = 100


@dataclass(frozen=True, slots=True)
class ByMember:
    """The groups that a resource, of one of some types by their aliases, says it is a direct member of."""

    member: str
    aliases: tuple[str, ...]

    certain: ClassVar[bool] = True
    rank: ClassVar[int] = 10


@dataclass(frozen=True, slots=True)
class ByGroup:
    """The members that a group, of one of some types, says it has."""

    group: str
    kinds: tuple[ResourceType, ...]

    certain: ClassVar[bool] = True
    rank: ClassVar[int] = 50


@dataclass(frozen=True, slots=True)
class ChangedSince:
    """The resources changed at or after this millisecond, by the change records."""

    milliseconds: int

    certain: ClassVar[bool] = True
    rank: ClassVar[int] = 200


@dataclass(frozen=True, slots=True)
class Union:
    """The resources in any of several places; nothing is in none."""

    lookups: tuple["Narrow", ...]

    @property
    def certain(self) -> bool:
        """Whether what is found there surely exists."""
        return all(lookup.certain for lookup in self.lookups)

    @property
    def rank(self) -> int:
        """As above."""
        return sum(lookup.rank for lookup in self.lookups)


@dataclass(frozen=True, slots=True)
class Scan:
    """Every resource, or every one created at or after a millisecond, one after another."""

    since: int = 0

    certain: ClassVar[bool] = True

    @property
    def rank(self) -> int:
        """As above."""
        return 10_000 if self.since else 1_000_000


type Narrow = ById | ByIndex | ByPrefix | ByMember | ByGroup | ChangedSince
type Lookup = Narrow | Union | Scan


@dataclass(frozen=True, slots=True)
class Plan:
    """Where every match is, and the filter that what is there has still to pass.

    Attributes:
        residual: None where all that is found there matches.
        others: further places that hold every match, should there be too much in this one.
    """

    lookup: Lookup
    residual: Filter | None = None
    others: tuple["Plan", ...] = field(default=(), compare=False)

    @property
    def exact(self) -> bool:
        """Whether the matches are known without reading any of them."""
        return self.residual is None and self.lookup.certain


def plan(filter_: Filter | None, kind: ResourceType, schemas: Schemas) -> Plan:
    """The narrowest place that holds every match of a filter the type understands; without one, everything."""
    return Plan(Scan()) if filter_ is None else _Planner(kind, schemas).plan(filter_, "")


def indexed(kind: ResourceType) -> tuple[str, ...]:
    """The attributes that a filter may compare by ``eq`` without a scan."""
    linked = (f"{name}.value" for name in (kind.members, kind.memberships) if name)
    return ("id", *kind.indexed, *linked)


class _Planner:
    """Plans filters of one type's resources."""

    def __init__(self, kind: ResourceType, schemas: Schemas) -> None:
        self._kind = kind
        self._schemas = schemas

    def plan(self, filter_: Filter, prefix: str) -> Plan:
        """Plan a filter whose paths continue ``prefix``."""
        match filter_:
            case Comparison(path, operator, value):
                lookup, exact = self._comparison(self._kind.resolve(prefix + path), operator, value)
                return Plan(lookup, None if exact else filter_)
            case And(terms):
                return _narrowest([self.plan(term, prefix) for term in terms], terms)
            case Or(terms):
                return _any_of([self.plan(term, prefix) for term in terms], filter_)
            case ValuePath(path, term):
                inner = self.plan(term, f"{prefix}{path}.")
                return Plan(inner.lookup, None if inner.residual is None else filter_)
            case _:
                return Plan(Scan(), filter_)

    def _comparison(self, target: Target | None, operator: str, value: Literal) -> tuple[Lookup, bool]:
        """Where the matches of a comparison are, and whether all that is there matches."""
        name = compared(target)
        index = self._kind.index(name)
        found: tuple[Lookup, bool] = Scan(), False
        match operator, value:
            case "eq", str(text) if name == "id":
                found = ById((text,)), True
            case "eq", str(text) if name == f"{self._kind.members}.value":
                found = ByMember(text, self._aliases()), False
            case "eq", str(text) if name == f"{self._kind.memberships}.value":
                found = ByGroup(text, self._groups()), True
            case "eq", str() | int() | float() if index is not None and index.target.leaf.type != "dateTime":
                found = ByIndex(index, value), index.target.leaf.type in _EXACT_BY_KEY
            case "sw", str(text) if index is not None:
                found = _prefix(index, text)
            case "gt" | "ge", str(text) if name in {"meta.lastModified", "meta.created"}:
                found = _since(name, text), False
        return found

    def _aliases(self) -> tuple[str, ...]:
        """The aliases of the types that may be members of this one, users before groups."""
        attribute = self._kind.attribute(self._kind.members or "")
        reference = attribute.sub("$ref") if attribute else None
        known = self._schemas.types
        return tuple(known[name].alias for name in (reference.reference_types if reference else ()) if name in known)

    def _groups(self) -> tuple[ResourceType, ...]:
        """The types that have members."""
        return tuple(kind for kind in self._schemas.types.values() if kind.members)


def _narrowest(plans: Sequence[Plan], terms: Sequence[Filter]) -> Plan:
    """All terms at once: what one of the lookups finds, the narrowest first, has still to pass the other terms."""
    ranked = sorted(range(len(plans)), key=lambda at: plans[at].lookup.rank)
    useful = [at for at in ranked if not isinstance(plans[at].lookup, Scan)] or ranked[:1]
    best, *others = [Plan(plans[at].lookup, _left(plans[at], at, terms)) for at in useful[:_CHOICES]]
    return replace(best, others=tuple(others))


def _left(one: Plan, at: int, terms: Sequence[Filter]) -> Filter | None:
    """What is left to ask of all terms where the plan of one of them is followed."""
    left = [term for other, term in enumerate(terms) if other != at] + ([one.residual] if one.residual else [])
    if not left:
        return None
    return left[0] if len(left) == 1 else And(tuple(left))


def _any_of(plans: Sequence[Plan], filter_: Filter) -> Plan:
    """One term or another: they are found in all their places, if each of them has one."""
    lookups: dict[Narrow, None] = {}
    ids: dict[str, None] = {}
    since: list[ChangedSince] = []
    for each in plans:
        match each.lookup:
            case Scan():
                return Plan(Scan(), filter_)
            case Union(inner):
                found: tuple[Narrow, ...] = inner
            case lookup:
                found = (lookup,)
        for lookup in found:
            match lookup:
                case ById(more):
                    ids |= dict.fromkeys(more)
                case ChangedSince():
                    since.append(lookup)
                case _:
                    lookups[lookup] = None
    by_id = (ById(tuple(ids)),) if ids else ()
    residual = None if all(each.residual is None for each in plans) else filter_
    earliest = sorted(since, key=lambda each: each.milliseconds)[:1]
    together = (*by_id, *lookups, *earliest)
    return Plan(together[0] if len(together) == 1 else Union(together), residual)


def _prefix(index: Index, text: str) -> tuple[Lookup, bool]:
    leaf = index.target.leaf
    if leaf.type not in {"string", "reference"}:
        return Scan(), False
    if leaf.case_exact:
        return ByPrefix(index, text), len(text.encode()) <= SHORT_PREFIX
    if not constant(leaf, text) and constant(leaf, folded(leaf, text)):
        return Scan(), False  # whether an index has it so depends on who made its keys, and the prefix does not tell
    begins = folded(leaf, text).lstrip()  # keys have no outer blanks, so a blank at its end is looked for afterwards
    prefix = begins.rstrip()
    return ByPrefix(index, prefix), prefix == begins and len(prefix.encode()) <= SHORT_PREFIX


def _since(name: str, text: str) -> Lookup:
    instant = instants.read(text)
    if instant is None:
        return Scan()
    since = min(max(instants.milliseconds(instant), 0), _LATEST)
    return ChangedSince(since) if name == "meta.lastModified" else Scan(since)
