"""What a resource must be by its attributes' characteristics (RFC 7643 §2.2): required, mutability, and limits."""

from collections.abc import Iterable

from scim.errors import InvalidValue, Mutability
from scim.schema import Attribute, Json, JsonObject, ResourceType
from scim.values import few

MAX_INDEXED_VALUES = 50
"""Values of one indexed attribute that a resource may have."""
MAX_INDEX_ROWS = 80
"""Values of all its indexed attributes together: each is a row in the transaction that writes the resource."""


def check(resource_type: ResourceType, old: JsonObject | None, new: JsonObject) -> None:
    """Refuse a resource that may not be, or may not come of ``old``.

    Raises:
        InvalidValue: a required attribute is missing or blank, or indexed ones have too many values.
        Mutability: a required attribute is removed, or an immutable one changed.
    """
    before = old or {}
    _check_immutable(resource_type.attributes, before, new, "")
    _check_attributes(resource_type.attributes, before, new, "")
    for urn, schema in resource_type.extensions.items():
        if urn in before:
            _check_immutable(schema.attributes, before[urn], new.get(urn, {}), f"{urn}:")
        if urn in new:
            _check_attributes(schema.attributes, before.get(urn, {}), new[urn], f"{urn}:")
    for urn in resource_type.required_extensions - new.keys():
        raise InvalidValue(f"{urn} is required.")
    _check_indexed(resource_type, new)


def keep_immutable(resource_type: ResourceType, old: JsonObject, new: JsonObject) -> JsonObject:
    """``new`` with the immutable attributes of ``old`` that it leaves out, as a PUT does (RFC 7644 §3.5.1)."""
    kept = _with_immutable(resource_type.attributes, old, new)
    for urn, schema in resource_type.extensions.items():
        if urn in old and (held := _with_immutable(schema.attributes, old[urn], new.get(urn, {}))):
            kept[urn] = held
            kept["schemas"] = schema_list(resource_type, {*kept["schemas"], urn})
    return kept


def _with_immutable(attributes: Iterable[Attribute], old: JsonObject, new: JsonObject) -> JsonObject:
    kept = dict(new)
    for attribute in attributes:
        if attribute.name in old and attribute.mutability == "immutable":
            kept.setdefault(attribute.name, old[attribute.name])
        elif attribute.name in old and _parted(attribute):
            held = _with_immutable(attribute.sub_attributes, old[attribute.name], kept.get(attribute.name, {}))
            kept |= {attribute.name: held} if held else {}
    return kept


def _parted(attribute: Attribute) -> bool:
    """Whether the sub-attributes of a value are each its own: of several elements none is told from the others."""
    return attribute.type == "complex" and not attribute.multi_valued and attribute.mutability != "readOnly"


def schema_list(resource_type: ResourceType, urns: set[str]) -> list[str]:
    """The value of ``schemas``: the core schema, then those of ``urns`` that are extensions."""
    return [resource_type.schema.id, *(urn for urn in resource_type.extensions if urn in urns)]


def _check_attributes(attributes: Iterable[Attribute], before: JsonObject, held: JsonObject, prefix: str) -> None:
    for attribute in attributes:
        name = attribute.name
        if attribute.required and name != "schemas" and attribute.returned != "never" and not _read_only(attribute):
            check_required(attribute, before, held, prefix)
        if attribute.multi_valued and name in held:
            few(held[name], prefix + name)
        if attribute.sub_attributes and name in held and attribute.mutability != "readOnly":
            if attribute.multi_valued:
                for item in held[name]:
                    _check_attributes(attribute.sub_attributes, {}, item, f"{prefix}{name}.")
            else:
                _check_attributes(attribute.sub_attributes, before.get(name, {}), held[name], f"{prefix}{name}.")


def not_removable(path: str) -> Mutability:
    """The refusal to remove what is required."""
    return Mutability(f"{path} is required; it can be changed, but not removed.")


def check_required(attribute: Attribute, before: JsonObject, held: JsonObject, prefix: str) -> None:
    """Refuse an object in which a required attribute is missing or blank.

    Raises:
        Mutability: it was there before.
        InvalidValue: it was not, or is blank.
    """
    given = held.get(attribute.name)
    if given is None and attribute.name in before:
        raise not_removable(f"{prefix}{attribute.name}")
    if given is None or (isinstance(given, str) and not given.strip()):
        raise InvalidValue(f"{prefix}{attribute.name} is required, and may not be blank.")


def _read_only(attribute: Attribute) -> bool:
    return attribute.mutability == "readOnly"


def _check_immutable(attributes: Iterable[Attribute], before: JsonObject, held: JsonObject, prefix: str) -> None:
    for attribute in attributes:
        name = attribute.name
        if name not in before:
            continue
        if attribute.mutability == "immutable" and before[name] != held.get(name):
            raise Mutability(f"{prefix}{name} is immutable; it keeps the value it has.")
        if _parted(attribute):
            _check_immutable(attribute.sub_attributes, before[name], held.get(name, {}), f"{prefix}{name}.")


def check_given(attributes: Iterable[Attribute], given: Json, prefix: str) -> None:
    """Refuse a body without what is required and never returned: it is dropped, so this is where it can be missed."""
    held = {name.lower(): value for name, value in given.items()} if isinstance(given, dict) else {}
    for attribute in attributes:
        inner = held.get(attribute.name.lower())
        if attribute.returned == "never" and attribute.required and not _read_only(attribute):
            check_required(attribute, {}, {attribute.name: inner}, prefix)
        if attribute.sub_attributes and inner is not None:
            for item in inner if isinstance(inner, list) else [inner]:
                check_given(attribute.sub_attributes, item, f"{prefix}{attribute.name}.")


def _check_indexed(resource_type: ResourceType, new: JsonObject) -> None:
    total = 0
    for index in resource_type.kept:
        total += (count := len(index.target.values(new)))
        if count > MAX_INDEXED_VALUES:
            raise InvalidValue(f"{index.target} has {count} values; the limit is {MAX_INDEXED_VALUES}.")
    if total > MAX_INDEX_ROWS:
        named = ", ".join(str(index.target) for index in resource_type.kept)
        raise InvalidValue(f"{named} have {total} values together; the limit is {MAX_INDEX_ROWS}.")
