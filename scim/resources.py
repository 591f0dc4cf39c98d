"""Client JSON to canonical resources: names, types, mutability, required attributes.

A canonical resource is a dict in the schema's names and RFC 7643's types, without nulls, empty arrays and empty
objects. Only this module makes one. Links to other resources, a group's ``members``, are read apart from it.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from scim.characteristics import check, check_given, schema_list
from scim.errors import InvalidSyntax, InvalidValue
from scim.schema import Attribute, Json, JsonObject, ResourceType, Schema
from scim.values import array_of, object_of, simple, unequal

_NAME = re.compile(r"\$?[A-Za-z][A-Za-z0-9_-]*")


@dataclass(frozen=True, slots=True)
class Note:
    """What was ignored, dropped, coerced, skipped or created; never a value.

    Attributes:
        quirk: what happened, such as ``string_boolean``.
        attribute: the attribute it happened to, such as ``emails.primary``.
    """

    quirk: str
    attribute: str

    @property
    def skipped(self) -> bool:
        """Whether something the client sent was left out altogether."""
        return self.quirk.startswith("unknown_") or self.quirk.endswith(("_dropped", "_skipped"))


@dataclass(frozen=True, slots=True)
class Member:
    """A resource that another one is to link to.

    Attributes:
        id: the linked resource's id.
        type: the name of its type, where the client says it.
        operation: the place of the PATCH operation that asks for the link.
    """

    id: str
    type: str | None
    operation: int = 0


@dataclass(frozen=True, slots=True)
class Links:
    """A change of links: all of them go if ``clear``, else those in ``remove``; then ``add`` comes.

    Nothing is in ``add`` and in ``remove``.
    """

    add: Mapping[str, Member] = field(default_factory=dict)
    remove: frozenset[str] = frozenset()
    clear: bool = False


NO_LINKS = Links()


@dataclass(frozen=True, slots=True)
class Reading:
    """What a body says: the canonical resource, its links, and what was not taken as it was written."""

    resource: JsonObject
    links: Links = NO_LINKS
    notes: tuple[Note, ...] = ()


def read(resource_type: ResourceType, body: Json) -> Reading:
    """Read the body of a POST or PUT as the standard has it.

    Raises:
        InvalidSyntax: it is no object, lists no ``schemas``, or says one thing twice.
        InvalidValue: a value is missing, or is not of its attribute's type.
    """
    if not isinstance(body, dict):
        raise InvalidSyntax(f"The body must be a JSON object: a {resource_type.name}.")
    refuse_twins(body, "")
    notes: list[Note] = []
    attributes: JsonObject = {}
    given_extensions: JsonObject = {}
    schemas = members = None
    for name, given in body.items():
        lower = name.lower()
        if lower == "schemas":
            schemas = given
        elif resource_type.members is not None and lower == resource_type.members.lower():
            members = given
        elif lower.startswith("urn:"):
            schema = _extension(resource_type, name)
            given_extensions[schema.id] = given
        else:
            attributes[name] = given
    listed = _listed_schemas(resource_type, schemas)
    extensions = {
        urn: held
        for urn, given in given_extensions.items()
        if (held := _extension_object(resource_type.extensions[urn], given, notes))
    }
    resource = {
        "schemas": schema_list(resource_type, listed | extensions.keys()),
        **_present(assignments(resource_type.attribute, attributes, "", notes)),
        **extensions,
    }
    check(resource_type, None, resource)
    if resource_type.schema.demands_unreturned:
        check_given(resource_type.schema.attributes, attributes, "")
    for urn, given in given_extensions.items():
        if given and resource_type.extensions[urn].demands_unreturned:
            check_given(resource_type.extensions[urn].attributes, given, f"{urn}:")
    links = NO_LINKS
    if resource_type.members is not None:
        links = Links(add=read_members(resource_type, members, notes), clear=True)
    return Reading(resource, links, distinct(notes))


def assignments(
    attribute_named: Callable[[str], Attribute | None], given: JsonObject, prefix: str, notes: list[Note]
) -> JsonObject:
    """What an object says of its attributes: canonical values by the schema's names; None unassigns.

    readOnly attributes are ignored, as RFC 7644 §3.3 asks.
    """
    refuse_twins(given, prefix)
    assigned: JsonObject = {}
    for name, written in given.items():
        attribute = attribute_named(name)
        if attribute is None:
            notes.append(unknown(name, prefix))
        elif attribute.returned == "never":
            if attribute.mutability != "readOnly":
                value(attribute, written, prefix + attribute.name, [])  # refused where it is of the wrong type
                notes.append(dropped(attribute, prefix + attribute.name))
        elif attribute.mutability != "readOnly":
            assigned[attribute.name] = value(attribute, written, prefix + attribute.name, notes)
    return assigned


def value(attribute: Attribute, given: Json, path: str, notes: list[Note]) -> Json:
    """The canonical value of an attribute, or None where ``given`` unassigns it (RFC 7643 §2.5).

    Raises:
        InvalidValue: naming ``path`` and the type that its value has.
    """
    if given is None or given == []:
        return None
    if not attribute.multi_valued:
        return element(attribute, given, path, notes)
    read_elements = [element(attribute, item, path, notes) for item in array_of(attribute, given, path)]
    elements = unequal([item for item in read_elements if item is not None])
    if attribute.sub("primary") and sum(item.get("primary") is True for item in elements) > 1:
        raise InvalidValue(f"{path} has more than one element with primary true; only one may have it.")
    return elements or None


def element(attribute: Attribute, given: Json, path: str, notes: list[Note]) -> Json:
    """The canonical form of a single value, or of one element of a multi-valued attribute; None if it is empty."""
    if given is None:
        return None
    if attribute.type == "complex":
        return _present(assignments(attribute.sub, object_of(given, path), path + ".", notes)) or None
    return simple(attribute, given, path)


def read_members(resource_type: ResourceType, given: Json, notes: list[Note], operation: int = 0) -> dict[str, Member]:
    """The links that a value of the links attribute asks for, by id.

    Raises:
        InvalidValue: it is no array of objects, or one of them lacks its ``value``.
    """
    attribute = links_attribute(resource_type)
    path = attribute.name
    if given is None:
        return {}
    members: dict[str, Member] = {}
    for item in array_of(attribute, given, path):
        linked = element(attribute, item, path, notes) or {}
        identifier = linked.get("value", "")
        if not identifier.strip():
            raise InvalidValue(f"{path}.value is missing; it must be the id of a resource.")
        before = members.get(identifier)
        kind = _linked_type(attribute, linked) or (before.type if before else None)
        members[identifier] = Member(identifier, kind, operation)
    return members


def links_attribute(resource_type: ResourceType) -> Attribute:
    """The attribute that holds links; only for types that have one."""
    attribute = resource_type.attribute(resource_type.members or "")
    if attribute is None:
        raise LookupError(f"{resource_type.name} has no links")
    return attribute


def unknown(name: str, prefix: str) -> Note:
    """The note about an attribute that no schema has.

    Raises:
        InvalidSyntax: it could be the name of no attribute (RFC 7643 §2.1).
    """
    if name.lower().startswith("urn:"):
        within = prefix.removesuffix(".").removesuffix(":") or "a value"
        raise InvalidSyntax(f"{name[:200]!a} cannot stand within {within}; extensions stand beside each other.")
    if not _NAME.fullmatch(name):
        raise InvalidSyntax(f"{(prefix + name)[:80]!a} is not the name of an attribute.")
    return Note("unknown_attribute", prefix + name[:80])


def dropped(attribute: Attribute, path: str) -> Note:
    """The note about a value that is not kept, because nobody could ever be shown it."""
    return Note("password_dropped" if attribute.name == "password" else "never_returned_dropped", path)


def refuse_twins(given: JsonObject, prefix: str) -> None:
    """Refuse an object that names one attribute twice, in different case (RFC 7643 §2.1).

    Raises:
        InvalidSyntax: naming the object.
    """
    if len({name.lower() for name in given}) == len(given):
        return
    spelled: dict[str, str] = {}
    for name in given:
        first = spelled.setdefault(name.lower(), name)
        if first != name:
            where = prefix.removesuffix(".").removesuffix(":") or "the body"
            raise InvalidSyntax(
                f"In {where}, {first[:80]!a} and {name[:80]!a} differ only in case and are one attribute; send it once."
            )


def distinct(notes: list[Note]) -> tuple[Note, ...]:
    """The notes, each once."""
    return tuple(dict.fromkeys(notes))


def _present(assigned: JsonObject) -> JsonObject:
    return {name: given for name, given in assigned.items() if given is not None}


def _extension(resource_type: ResourceType, urn: str) -> Schema:
    schema = resource_type.extension(urn)
    if schema is None:
        known = ", ".join(resource_type.extensions) or "none"
        raise InvalidValue(f"{urn[:200]!a} is no extension of {resource_type.name}; its extensions: {known}.")
    return schema


def _extension_object(schema: Schema, given: Json, notes: list[Note]) -> JsonObject:
    if given is None:
        return {}
    return _present(assignments(schema.attribute, object_of(given, schema.id), f"{schema.id}:", notes))


def _listed_schemas(resource_type: ResourceType, given: Json) -> set[str]:
    if not given:
        raise InvalidSyntax(f"schemas is missing; it must be an array that holds {resource_type.schema.id}.")
    if not isinstance(given, list) or not all(isinstance(urn, str) for urn in given):
        raise InvalidSyntax("schemas must be an array of URNs.")
    core = resource_type.schema.id.lower()
    if core not in {urn.lower() for urn in given}:
        raise InvalidValue(f"schemas must hold {resource_type.schema.id}.")
    return {_extension(resource_type, urn).id for urn in given if urn.lower() != core}


def _linked_type(attribute: Attribute, linked: JsonObject) -> str | None:
    """The type that ``type`` names, or the endpoint in ``$ref``."""
    reference = attribute.sub("$ref")
    types = {name.lower(): name for name in reference.reference_types} if reference else {}
    named = types.get(linked.get("type", "").lower())
    if named:
        return named
    segments = linked.get("$ref", "").lower().split("/")
    return types.get(segments[-2].removesuffix("s")) if len(segments) > 1 else None
