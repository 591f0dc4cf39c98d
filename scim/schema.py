"""The one truth about attributes: schemas and resource types, read from RFC 7643's own JSON form (§7).

Validation, filters, PATCH, projection, uniqueness, indexing and ``/Schemas`` all read what stands here. A
customer's extension, or a new resource type, is one more file and no code.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, field_validator
from pydantic.alias_generators import to_camel

type Json = Any
"""A JSON value as Python reads it."""
type JsonObject = dict[str, Any]
"""A JSON object; a resource in canonical form is one too."""

STANDARD = Path(__file__).with_name("schemas")
"""The folder of RFC 7643's own schemas and resource types."""

AttributeType = Literal["string", "complex", "boolean", "decimal", "integer", "dateTime", "reference", "binary"]


class _Frozen(BaseModel):
    model_config = ConfigDict(
        alias_generator=to_camel,
        validate_by_name=True,
        extra="forbid",
        frozen=True,
        hide_input_in_errors=True,
    )


class Attribute(_Frozen):
    """An attribute or sub-attribute and its characteristics (RFC 7643 §2.2, §7)."""

    name: str
    type: AttributeType = "string"
    multi_valued: bool = False
    description: str = ""
    required: bool = False
    canonical_values: tuple[str, ...] = ()
    case_exact: bool = Field(default=False, validate_default=True)
    mutability: Literal["readOnly", "readWrite", "immutable", "writeOnly"] = "readWrite"
    returned: Literal["always", "never", "default", "request"] = "default"
    uniqueness: Literal["none", "server", "global"] = "none"
    reference_types: tuple[str, ...] = ()
    sub_attributes: tuple["Attribute", ...] = ()

    @field_validator("case_exact")
    @classmethod
    def _exact_by_type(cls, said: bool, known: ValidationInfo) -> bool:  # noqa: FBT001 (a field)
        """References and binaries are case exact, whatever is said (RFC 7643 §2.3.6, §2.3.7)."""
        return said or known.data.get("type") in {"reference", "binary"}

    @cached_property
    def _by_name(self) -> dict[str, "Attribute"]:
        return {sub.name.lower(): sub for sub in self.sub_attributes}

    def sub(self, name: str) -> "Attribute | None":
        """The sub-attribute of that name, in any case."""
        return self._by_name.get(name.lower())


class Schema(_Frozen):
    """A named set of attributes (RFC 7643 §7)."""

    id: str
    name: str
    description: str = ""
    attributes: tuple[Attribute, ...]

    @cached_property
    def _by_name(self) -> dict[str, Attribute]:
        return {attribute.name.lower(): attribute for attribute in self.attributes}

    @cached_property
    def demands_unreturned(self) -> bool:
        """Whether an attribute is required and never returned."""
        every = [leaf for attribute in self.attributes for leaf in (attribute, *attribute.sub_attributes)]
        return any(leaf.required and leaf.returned == "never" for leaf in every)

    @property
    def short_name(self) -> str:
        """The name in row keys: its letters and digits, in lower case."""
        return "".join(filter(str.isalnum, self.name)).lower()

    def attribute(self, name: str) -> Attribute | None:
        """The attribute of that name, in any case."""
        return self._by_name.get(name.lower())


@dataclass(frozen=True, slots=True)
class Target:
    """What an attribute path names.

    Attributes:
        extension: the URN of the extension object that holds the attribute; None for the resource itself.
        attribute: the attribute; None where the path names a whole extension.
        sub: the sub-attribute, if the path goes that far.
    """

    extension: str | None
    attribute: Attribute | None
    sub: Attribute | None = None

    def holder(self, resource: JsonObject) -> JsonObject:
        """The object in ``resource`` that holds the attribute; empty where the extension is absent."""
        if self.extension is None:
            return resource
        held: JsonObject = resource.get(self.extension, {})
        return held

    def values(self, resource: JsonObject) -> list[Json]:
        """Every value found at the target, those of all elements of a multi-valued attribute included."""
        attribute = self.attribute
        if attribute is None:
            return [self.holder(resource)] if self.extension in resource else []
        value = self.holder(resource).get(attribute.name)
        values = [] if value is None else value if attribute.multi_valued else [value]
        if self.sub is None:
            return values
        name = self.sub.name
        return [element[name] for element in values if name in element]

    @property
    def leaf(self) -> Attribute:
        """The last attribute named; only for targets that name one."""
        leaf = self.sub or self.attribute
        if leaf is None:
            raise LookupError(f"{self.extension} is a whole extension")
        return leaf

    def __str__(self) -> str:
        names = ".".join(part.name for part in (self.attribute, self.sub) if part is not None)
        return ":".join(part for part in (self.extension, names) if part)


@dataclass(frozen=True, slots=True)
class Index:
    """An attribute that resources can be looked up by.

    Attributes:
        alias: the attribute in a row key, such as ``user.emails.value``.
        target: the attribute indexed.
    """

    alias: str
    target: Target

    @property
    def unique(self) -> bool:
        """Whether no two resources may share a value."""
        return self.target.leaf.uniqueness != "none"


@dataclass(frozen=True, repr=False, eq=False)
class ResourceType:
    """A type of resource (RFC 7643 §6) with its schemas, and what the store needs to know of it.

    Attributes:
        alias: the type in row keys, such as ``user``.
        indexed: paths of the attributes that resources can be looked up by.
        building: indexes that writes keep, and that no look-up may use yet, for not all resources are in them.
        members: the attribute that links to other resources and is stored apart from the rest, if any.
        memberships: the readOnly attribute derived from others' ``members``, if any.
    """

    name: str
    description: str
    endpoint: str
    schema: Schema
    extensions: Mapping[str, Schema]
    required_extensions: frozenset[str]
    common: tuple[Attribute, ...]
    alias: str
    indexed: tuple[str, ...] = ()
    members: str | None = None
    memberships: str | None = None
    building: tuple[Index, ...] = ()

    @cached_property
    def attributes(self) -> tuple[Attribute, ...]:
        """The attributes of the resource itself: the common ones (RFC 7643 §3.1) and the core schema's."""
        return self.common + self.schema.attributes

    @cached_property
    def _by_name(self) -> dict[str, Attribute]:
        return {attribute.name.lower(): attribute for attribute in self.attributes}

    @cached_property
    def _urns(self) -> tuple[tuple[str, str | None, dict[str, Attribute]], ...]:
        """Lower-case URN, extension (None for the core schema) and attributes; longest URN first."""
        urns: list[tuple[str, str | None, dict[str, Attribute]]] = [
            (urn.lower(), urn, {a.name.lower(): a for a in schema.attributes})
            for urn, schema in self.extensions.items()
        ]
        urns.append((self.schema.id.lower(), None, self._by_name))
        return tuple(sorted(urns, key=lambda entry: -len(entry[0])))

    @cached_property
    def _extensions(self) -> dict[str, Schema]:
        return {urn.lower(): schema for urn, schema in self.extensions.items()}

    @cached_property
    def indexes(self) -> tuple[Index, ...]:
        """The indexed attributes, in the order they are declared."""
        found = (self.resolve(path) for path in self.indexed)
        return tuple(Index(f"{self.alias}.{self._in_keys(target)}", target) for target in found if target is not None)

    @cached_property
    def _by_target(self) -> dict[str, Index]:
        return {str(index.target): index for index in self.indexes}

    def index(self, path: str) -> Index | None:
        """The index of the attribute with that path, as the schema spells it."""
        return self._by_target.get(path)

    @cached_property
    def kept(self) -> tuple[Index, ...]:
        """The indexes that writes keep."""
        return (*self.indexes, *self.building)

    def _in_keys(self, target: Target) -> str:
        """What an attribute is called in row keys, in which the name of its schema stands for a URN."""
        path = str(replace(target, extension=None))
        return f"{self.extensions[target.extension].short_name}.{path}" if target.extension else path

    @cached_property
    def urns(self) -> frozenset[str]:
        """The URNs that may stand in ``schemas``, in lower case."""
        return frozenset(urn for urn, _, _ in self._urns)

    def attribute(self, name: str) -> Attribute | None:
        """The attribute of the resource itself of that name, in any case."""
        return self._by_name.get(name.lower())

    def extension(self, urn: str) -> Schema | None:
        """The extension of that URN, in any case."""
        return self._extensions.get(urn.lower())

    def resolve(self, path: str) -> Target | None:
        """What an attribute path such as ``name.givenName`` or ``urn:…:User:manager.value`` names, if anything.

        Schema URNs hold colons and dots themselves, so the longest known URN is taken off first.
        """
        lower = path.lower()
        if not lower.startswith("urn:"):
            return _target(None, self._by_name, lower)
        for urn, extension, attributes in self._urns:
            if lower == urn:
                return Target(extension, None) if extension else None
            if lower.startswith(urn + ":"):
                return _target(extension, attributes, lower[len(urn) + 1 :])
        return None


def _target(extension: str | None, attributes: Mapping[str, Attribute], name: str) -> Target | None:
    head, dot, tail = name.partition(".")
    attribute = attributes.get(head)
    if attribute is None:
        return None
    if not dot:
        return Target(extension, attribute)
    sub = attribute.sub(tail)
    return Target(extension, attribute, sub) if sub else None


class _TypeExtension(_Frozen):
    schema_: str
    required: bool

    model_config = ConfigDict(alias_generator=lambda name: name.rstrip("_"))


class _TypeFile(_Frozen):
    name: str
    description: str
    endpoint: str
    schema_: str
    schema_extensions: tuple[_TypeExtension, ...]
    alias: str
    indexes: tuple[str, ...] = ()
    members: str | None = None
    memberships: str | None = None

    model_config = ConfigDict(alias_generator=lambda name: to_camel(name.rstrip("_")))

    def bind(self, schemas: Mapping[str, Schema], common: tuple[Attribute, ...]) -> ResourceType:
        return ResourceType(
            name=self.name,
            description=self.description,
            endpoint=self.endpoint,
            schema=schemas[self.schema_],
            extensions={extension.schema_: schemas[extension.schema_] for extension in self.schema_extensions},
            required_extensions=frozenset(e.schema_ for e in self.schema_extensions if e.required),
            common=common,
            alias=self.alias,
            indexed=self.indexes,
            members=self.members,
            memberships=self.memberships,
        )


class _CommonFile(_Frozen):
    attributes: tuple[Attribute, ...]


@dataclass(frozen=True)
class Schemas:
    """Every schema and resource type that a provider serves: a value, passed as an argument.

    Attributes:
        digest: tells a provider's own schemas from others; blank where there are only the standard's.
    """

    schemas: Mapping[str, Schema]
    types: Mapping[str, ResourceType]
    digest: str = ""

    @cached_property
    def fingerprint(self) -> str:
        """What everybody who writes to one directory must agree on: the unique indexes, and what is custom."""
        unique = [index.alias for kind in self.types.values() for index in kind.indexes if index.unique]
        return " ".join([*unique, f"custom={self.digest}"] if self.digest else unique)

    @classmethod
    def load(cls, folder: Path = STANDARD) -> Self:
        """Read a folder of ``*.schema.json`` (RFC 7643 §8.7) and ``*.type.json`` files and ``Common.json``.

        Raises:
            pydantic.ValidationError: a file does not have the form of its kind.
            KeyError: a resource type names a schema that is not there.
        """
        common = _CommonFile.model_validate(_read(folder / "Common.json")).attributes
        read = (Schema.model_validate(_read(path)) for path in sorted(folder.glob("*.schema.json")))
        schemas = {schema.id: schema for schema in read}
        files = [_TypeFile.model_validate(_read(path)) for path in sorted(folder.glob("*.type.json"))]
        files.sort(key=lambda file: file.members is not None)  # what may be a member before what has members
        return cls(schemas, {file.name: file.bind(schemas, common) for file in files})

    def at(self, endpoint: str) -> ResourceType | None:
        """The resource type at an endpoint such as ``/Users``, in any case."""
        return self._by_endpoint.get(endpoint.lower())

    @cached_property
    def _by_endpoint(self) -> dict[str, ResourceType]:
        return {kind.endpoint.lower(): kind for kind in self.types.values()}

    def without_uniqueness(self, type_name: str, attribute: str) -> Self:
        """The same, but for one attribute whose values resources may share."""
        kind = self.types[type_name]
        core = kind.schema
        relaxed = tuple(
            a.model_copy(update={"uniqueness": "none"}) if a.name == attribute else a for a in core.attributes
        )
        schema = core.model_copy(update={"attributes": relaxed})
        types = {**self.types, type_name: replace(kind, schema=schema)}
        return replace(self, schemas={**self.schemas, schema.id: schema}, types=types)


def _read(path: Path) -> JsonObject:
    content: JsonObject = json.loads(path.read_text(encoding="utf-8"))
    return content
