"""What a filter comes to for all resources of a type alike, before any of them is read.

``meta.resourceType eq "User"`` is true of every user and of no group, and ``id pr`` of everything: where such terms
decide, a type is not read at all, or is listed as if there were no filter.
"""

from scim.filters import And, Comparison, Filter, Not, Or, Present, ValuePath
from scim.matching import predicate
from scim.schema import Attribute, JsonObject, ResourceType, Target

_ALWAYS = frozenset(
    {
        "id",
        "schemas",
        "meta",
        "meta.resourceType",
        "meta.created",
        "meta.lastModified",
        "meta.location",
        "meta.version",
    }
)
"""What every resource has."""


def fold(filter_: Filter, kind: ResourceType, prefix: str = "") -> Filter | bool:
    """The filter without the terms that are the same for every resource of the type, or what all of it comes to.

    Args:
        filter_: a filter that the type understands.
        kind: the type.
        prefix: what the filter's paths continue, such as ``meta.``.
    """
    match filter_:
        case And(terms) | Or(terms):
            return _joined(type(filter_), [fold(term, kind, prefix) for term in terms])
        case Not(term):
            inner = fold(term, kind, prefix)
            return not inner if isinstance(inner, bool) else Not(inner)
        case ValuePath(path, term) if _always(kind, kind.resolve(prefix + path)):
            inner = fold(term, kind, f"{prefix}{path}.")
            return inner if isinstance(inner, bool) else ValuePath(path, inner)
        case ValuePath():
            return filter_
        case Present(path):
            return _always(kind, kind.resolve(prefix + path)) or filter_
        case Comparison(path, operator, value):
            return _compared(Comparison(prefix + path, operator, value), kind, filter_)


def known(filter_: Filter, kind: ResourceType) -> Filter | bool:
    """A filter of several types, as one of them understands it: an attribute it does not have has no value there.

    So says RFC 7644 §3.4.2.1; where only one type is asked, an unknown attribute is an error.
    """
    match filter_:
        case And(terms) | Or(terms):
            return _joined(type(filter_), [known(term, kind) for term in terms])
        case Not(term):
            inner = known(term, kind)
            return not inner if isinstance(inner, bool) else Not(inner)
        case Present(path) | ValuePath(path) if kind.resolve(path) is None:
            return False
        case Comparison(path, operator, value) if kind.resolve(path) is None:
            return operator == ("eq" if value is None else "ne")
        case _:
            return filter_


def paths(filter_: Filter) -> list[str]:
    """The attribute paths of a filter in the order in which they stand there, without those in brackets."""
    found: list[str] = []
    pending: list[Filter] = [filter_]
    while pending:
        match pending.pop():
            case And(terms) | Or(terms):
                pending += reversed(terms)
            case Not(term):
                pending.append(term)
            case Present(path) | Comparison(path) | ValuePath(path):
                found.append(path)
    return found


def _joined(join: type[And | Or], terms: list[Filter | bool]) -> Filter | bool:
    """Terms joined anew: one that is false decides an ``and``, one that is true says nothing in it; and the reverse."""
    decides = join is Or
    left: list[Filter] = []
    for term in terms:
        if term is decides:
            return decides
        if not isinstance(term, bool):
            left.append(term)
    if not left:
        return not decides
    return left[0] if len(left) == 1 else join(tuple(left))


def _compared(comparison: Comparison, kind: ResourceType, written: Filter) -> Filter | bool:
    target = kind.resolve(comparison.path)
    if str(target) == "meta.resourceType":
        shown: JsonObject = {"meta": {"resourceType": kind.name}}
        return predicate(comparison, kind)(shown)
    if comparison.value is None and _always(kind, target):
        return comparison.operator == "ne"
    return written


def _always(kind: ResourceType, target: Target | None) -> bool:
    """Whether every resource of the type has a value there."""
    if target is None or target.attribute is None:
        return False
    name = str(target)
    return name in _ALWAYS or (name in _names(kind) and _never_blank(target.leaf))


def _names(kind: ResourceType) -> frozenset[str]:
    """What resources are told apart by; such an attribute is required from the type's first resource on.

    Those of extensions are not among them: a resource need not have the extension.
    """
    unique = (index.target for index in kind.indexes if index.unique)
    return frozenset(str(target) for target in unique if target.sub is None and target.extension is None)


def _never_blank(attribute: Attribute) -> bool:
    given = attribute.required and attribute.mutability != "readOnly"
    return given and attribute.type == "string" and not attribute.multi_valued
