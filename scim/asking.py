"""What a filter asks about links: a group for its members, and a resource for the groups that it is in."""

from collections.abc import Iterator
from functools import reduce

from scim.filters import And, Comparison, Filter, Not, Or, Present, ValuePath
from scim.schema import ResourceType, Target


def compared(target: Target | None) -> str:
    """The name of the attribute whose values a comparison compares: ``emails`` stands for ``emails.value``."""
    if target is None or target.attribute is None:
        return ""
    if target.sub is None and target.attribute.type == "complex":
        return f"{target}.value"
    return str(target)


def members_asked(filter_: Filter, kind: ResourceType) -> frozenset[str] | None:
    """The ids of members that a filter asks a group for; None if it asks for more than whether these are there."""
    ids: set[str] = set()
    for term in _terms(filter_):
        asked = _asked(term, kind.resolve(term.path), kind)
        if asked is None:
            return None
        ids |= asked
    return frozenset(ids)


def asks_memberships(filter_: Filter, kind: ResourceType) -> bool:
    """Whether a filter asks a resource for the groups that it is in."""
    named = (compared(kind.resolve(term.path)).partition(".")[0] for term in _terms(filter_))
    return kind.memberships is not None and kind.memberships in named


def _terms(filter_: Filter) -> Iterator[Present | Comparison | ValuePath]:
    """The terms of a filter that are about an attribute."""
    match filter_:
        case And(terms) | Or(terms):
            for term in terms:
                yield from _terms(term)
        case Not(inner):
            yield from _terms(inner)
        case Present() | Comparison() | ValuePath():
            yield filter_


def _asked(term: Present | Comparison | ValuePath, target: Target | None, kind: ResourceType) -> frozenset[str] | None:
    """The members that one term asks for."""
    attribute = target.attribute if target and target.extension is None else None
    if target is None or attribute is None or attribute.name != kind.members:
        return frozenset()
    match term:
        case ValuePath(_, inner):
            return _pinned(inner)
        case Comparison(_, "eq", str(value)) if compared(target) == f"{attribute.name}.value":
            return frozenset({value})
        case Present() | Comparison(value=None):
            return None if target.sub else frozenset()
        case _:
            return None


def _pinned(filter_: Filter) -> frozenset[str] | None:
    """The ids one of which an element must have to pass; None where it need not."""
    match filter_:
        case Comparison(path, "eq", str(value)) if path.lower() == "value":
            return frozenset({value})
        case And(terms):
            return next((ids for ids in [_pinned(term) for term in terms] if ids is not None), None)
        case Or(terms):
            alternatives = [_pinned(term) for term in terms]
            return reduce(_both, alternatives)
        case _:
            return None


def _both(one: frozenset[str] | None, other: frozenset[str] | None) -> frozenset[str] | None:
    return None if one is None or other is None else one | other
