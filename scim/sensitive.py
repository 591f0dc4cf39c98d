"""Queries that would carry personal data in a URL, which is written down on its way (RFC 7644 §7.5.2)."""

from scim.errors import Sensitive
from scim.filters import And, Comparison, Filter, Not, Or, ValuePath
from scim.schema import ResourceType, Target

_IMPERSONAL = frozenset({"id", "meta", "schemas"})
"""Common attributes that say nothing of a person."""


def check(filter_: Filter, kind: ResourceType) -> None:
    """Refuse a filter that compares a text with what may be personal: all but ids, times, versions and types.

    Raises:
        Sensitive: naming the attribute, and where to ask instead.
    """
    pending: list[tuple[str, Filter]] = [("", filter_)]
    while pending:
        prefix, term = pending.pop()
        match term:
            case And(terms) | Or(terms):
                pending += [(prefix, inner) for inner in terms]
            case Not(inner):
                pending.append((prefix, inner))
            case ValuePath(path, inner):
                pending.append((f"{prefix}{path}.", inner))
            case Comparison(path, _, str()) if _personal(target := kind.resolve(prefix + path)):
                raise Sensitive(f"filter: {target} may be personal, and URLs are logged; POST the query to /.search.")


def _personal(target: Target | None) -> bool:
    if target is None or target.attribute is None:
        return False
    common = target.extension is None and target.attribute.name in _IMPERSONAL
    return not common and target.attribute.sub("$ref") is None and target.leaf.type not in {"boolean", "dateTime"}
