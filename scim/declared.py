"""What an attribute that a provider declares may be (RFC 7643 §2, §7), and which ones can be indexed."""

import re
from collections.abc import Iterable, Iterator
from collections.abc import Set as AbstractSet

from scim.schema import Attribute, ResourceType, Schema, Target

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,59}", re.ASCII)
_FILTER_WORDS = frozenset({"and", "or", "not"})
_INDEXED = frozenset({"string", "reference", "integer", "decimal"})
_NOT_INDEXED = {
    "boolean": "it has two values only, so an index would find too much",
    "dateTime": "one moment can be written in many ways",
    "binary": "its values are too long to be looked up",
    "complex": "only its sub-attributes can be",
}


def attributes_wrong(schema: Schema, types: AbstractSet[str]) -> Iterator[str]:
    """A sentence for each thing that is wrong with a schema's attributes; ``types`` are the names of resource types."""
    yield from _twice(schema.attributes, f"{schema.id}: ")
    for attribute in schema.attributes:
        where = f"{schema.id}:{attribute.name}"
        if not _named_well(attribute):
            yield f"{where}: the name of an attribute must be a letter, then letters, digits, - and _."
        yield from _attribute_wrong(attribute, where, types)
        yield from _twice(attribute.sub_attributes, f"{where}: ")
        for sub in attribute.sub_attributes:
            yield from _sub_wrong(attribute, sub, f"{where}.{sub.name}", types)


def _named_well(attribute: Attribute) -> bool:
    return _NAME.fullmatch(attribute.name) is not None and attribute.name.lower() not in _FILTER_WORDS


def _twice(attributes: Iterable[Attribute], prefix: str) -> Iterator[str]:
    seen: set[str] = set()
    for attribute in attributes:
        if attribute.name.lower() in seen:
            yield f"{prefix}{attribute.name} stands there twice; names that differ only in case are the same."
        seen.add(attribute.name.lower())


def _sub_wrong(parent: Attribute, sub: Attribute, where: str, types: AbstractSet[str]) -> Iterator[str]:
    if sub.name == "$ref":
        if sub.type != "reference":
            yield f"{where}: $ref must be of type reference (RFC 7643, section 2.4)."
    elif not _named_well(sub):
        yield f"{where}: the name of a sub-attribute must be a letter, then letters, digits, - and _; or $ref."
    if sub.type == "complex":
        yield f"{where}: a sub-attribute cannot be complex itself (RFC 7643, section 2.3.8); give it another type."
    if sub.name == "primary" and parent.multi_valued and (sub.type != "boolean" or sub.multi_valued):
        yield f"{where}: primary must be of type boolean (RFC 7643, section 2.4)."
    if sub.multi_valued and sub.uniqueness != "none":
        yield f"{where}: uniqueness cannot be kept for a sub-attribute with several values; set it to none."
    yield from _attribute_wrong(sub, where, types, parent.returned)


def _attribute_wrong(
    attribute: Attribute, where: str, types: AbstractSet[str], within: str = "default"
) -> Iterator[str]:
    """What is wrong with an attribute or sub-attribute; ``within`` is when the whole attribute is returned."""
    kind = attribute.type
    if kind == "complex" and not attribute.sub_attributes:
        yield f"{where}: it is complex and has no subAttributes; declare them, or give it another type."
    if kind != "complex" and attribute.sub_attributes:
        yield f"{where}: it has subAttributes and is of type {kind}; only a complex attribute has them."
    if attribute.mutability == "writeOnly" and attribute.returned != "never":
        yield f"{where}: it is writeOnly and would be returned; set returned to never (RFC 7643, section 7)."
    if attribute.uniqueness != "none":
        if kind in _NOT_INDEXED:
            yield f"{where}: uniqueness cannot be kept for the type {kind}: {_NOT_INDEXED[kind]}; set it to none."
        if "never" in {attribute.returned, within}:
            yield f"{where}: what is never returned is not stored, so uniqueness cannot be kept; set it to none."
    if attribute.reference_types and kind != "reference":
        yield f"{where}: it has referenceTypes and is of type {kind}; leave them out, or make it a reference."
    strange = [name for name in attribute.reference_types if name not in types | {"external", "uri"}]
    if strange:
        known = ", ".join(["external", "uri", *sorted(types)])
        yield f"{where}: there is no resource type {strange[0]}; referenceTypes can be {known}."


def index_wrong(kind: ResourceType, path: str, target: Target | None) -> str | None:
    """Why an attribute of a resource type cannot be indexed; None if it can."""
    if target is None or target.attribute is None:
        return (
            f"{kind.name}: there is no attribute {path[:200]} to index; write its name, or its whole path urn:…:name."
        )
    where, leaf = f"{kind.name}: {target} cannot be indexed", target.leaf
    if leaf.type not in _INDEXED:
        return f"{where}: {_NOT_INDEXED[leaf.type]}."
    if "never" in {leaf.returned, target.attribute.returned}:
        return f"{where}: what is never returned is not stored."
    if target.sub is not None and target.sub.multi_valued:
        return f"{where}: a sub-attribute with several values is not."
    looked_after = {"id", "schemas", "meta", kind.members, kind.memberships}
    if leaf.name == "$ref" or (target.extension is None and target.attribute.name in looked_after):
        return f"{where}: the service looks after it."
    return None
