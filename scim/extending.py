"""The standard's schemas and resource types, extended by a provider's own (RFC 7643 §3.3).

What is declared is checked here, all of it, before anything is served by it: each refusal is a sentence that names
the place and what would be right.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from scim.custom import Custom, CustomError, CustomType
from scim.declared import attributes_wrong, index_wrong
from scim.schema import Attribute, ResourceType, Schema, Schemas

MAX_ALIAS = 45
"""Characters in the name of an index, at most: with a value and an id, a row key stays within 200."""

_URN = re.compile(r"urn:[A-Za-z0-9][A-Za-z0-9-]{1,31}:[A-Za-z0-9()+,.:=@;$_!*'/-]{1,200}", re.ASCII)
_TYPE_NAME = re.compile(r"[A-Za-z]{1,20}", re.ASCII)
_ENDPOINT = re.compile(r"/[A-Za-z][A-Za-z0-9_-]{0,60}", re.ASCII)
_ALIAS = re.compile(rf"[A-Za-z0-9._-]{{1,{MAX_ALIAS}}}", re.ASCII)
_RESERVED_ENDPOINTS = frozenset(
    {"users", "groups", "me", "bulk", "schemas", "resourcetypes", "serviceproviderconfig", "groupmemberships"}
)
_RESERVED_TYPES = frozenset(
    {"head", "change", "tombstone", "intent", "members", "runs", "user", "group", "schema", "resourcetype"}
    | {"serviceproviderconfig", "groupmembership", "external", "uri", "job", "lease", "cursor"}
)
_COMMON = frozenset({"schemas", "id", "externalid", "meta"})
_MESSAGES = "urn:ietf:params:scim:api:"


def extended(standard: Schemas, custom: Custom) -> Schemas:
    """The standard's schemas and types and, with and beside them, the provider's own.

    Raises:
        CustomError: something declared may not be; it says all that is wrong.
    """
    if not custom.text:
        return standard
    building = _Building(standard, custom)
    building.check_schemas()
    building.check_types()
    building.stop()
    building.build()
    building.check_indexes()
    building.stop()
    return replace(standard, schemas=building.schemas, types=building.types, digest=custom.digest)


@dataclass(slots=True)
class _Building:
    """The extended schemas in the making, and what is found wrong with them."""

    standard: Schemas
    custom: Custom
    schemas: dict[str, Schema] = field(init=False)
    types: dict[str, ResourceType] = field(init=False)
    wrong: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.schemas = {**self.standard.schemas, **{each.id: each for each in self.custom.schemas}}
        self.types = dict(self.standard.types)

    def stop(self) -> None:
        if self.wrong:
            raise CustomError(self.wrong)

    # Schemas

    def check_schemas(self) -> None:
        known = [urn.lower() for urn in self.standard.schemas]
        known += [urn.lower() for kind in self.standard.types.values() for urn in kind.urns]
        names = {*self.types, *(kind.name for kind in self.custom.resource_types)}
        cores = {kind.schema_ for kind in self.custom.resource_types}
        for schema in self.custom.schemas:
            self.wrong += _urn_wrong(schema.id, known)
            known.append(schema.id.lower())
            if not schema.short_name.isascii() or not schema.short_name:
                self.wrong.append(f"{schema.id}: its name must have letters or digits, such as Badge.")
            self.wrong += attributes_wrong(schema, names)
            taken = [a.name for a in schema.attributes if a.name.lower() in _COMMON] if schema.id in cores else []
            self.wrong += [
                f"{schema.id}: {name} is an attribute of every resource (RFC 7643, section 3.1); leave it out."
                for name in taken
            ]
        used = cores | {each.schema_ for each in self.custom.extensions}
        used |= {each.schema_ for kind in self.custom.resource_types for each in kind.schema_extensions}
        self.wrong += [
            f"{schema.id} is the schema of no resource type and no extension; name it in one of them, or leave it out."
            for schema in self.custom.schemas
            if schema.id not in used
        ]

    # Resource types

    def check_types(self) -> None:
        own = {schema.id for schema in self.custom.schemas}
        cores = Counter(kind.schema_ for kind in self.custom.resource_types)
        endpoints = {*_RESERVED_ENDPOINTS, *(kind.endpoint.lower()[1:] for kind in self.types.values())}
        names = {*_RESERVED_TYPES, *(kind.alias for kind in self.types.values())}
        for kind in self.custom.resource_types:
            self.wrong += _name_wrong(kind, names)
            self.wrong += _endpoint_wrong(kind, endpoints)
            names.add(kind.name.lower())
            endpoints.add(kind.endpoint.lower()[1:])
            if kind.schema_ not in own:
                self.wrong.append(f"{kind.name}: its schema {kind.schema_} is not among the schemas of this file.")
            elif cores[kind.schema_] > 1:
                self.wrong.append(f"{kind.name}: {kind.schema_} is the schema of another resource type, too.")
        available = (own | {urn for kind in self.standard.types.values() for urn in kind.extensions}) - cores.keys()
        for name, urns in self._extensions().items():
            if name not in {*self.types, *(kind.name for kind in self.custom.resource_types)}:
                self.wrong.append(
                    f"extensions: there is no resource type {name}; there are {', '.join(self._names())}."
                )
            self.wrong += [
                f"{name}: {urn} is no schema that can extend it; declare it among the schemas of this file."
                for urn in urns
                if urn not in available
            ]
            self.wrong += [f"{name}: it has the extension {urn} twice." for urn, n in Counter(urns).items() if n > 1]

    def _names(self) -> list[str]:
        return [*self.types, *(kind.name for kind in self.custom.resource_types)]

    def _extensions(self) -> dict[str, list[str]]:
        """The URNs that extend each type named anywhere."""
        found = {kind.name: [each.schema_ for each in kind.schema_extensions] for kind in self.custom.resource_types}
        for each in self.custom.extensions:
            standard = self.types.get(each.resource_type)
            found.setdefault(each.resource_type, [*standard.extensions] if standard else []).append(each.schema_)
        return found

    def build(self) -> None:
        common = next(iter(self.standard.types.values())).common
        for kind in self.custom.resource_types:
            self.types[kind.name] = ResourceType(
                name=kind.name,
                description=kind.description,
                endpoint=kind.endpoint,
                schema=self.schemas[kind.schema_],
                extensions={each.schema_: self.schemas[each.schema_] for each in kind.schema_extensions},
                required_extensions=frozenset(each.schema_ for each in kind.schema_extensions if each.required),
                common=common,
                alias=kind.name.lower(),
            )
        for each in self.custom.extensions:
            extended_type = self.types[each.resource_type]
            required = {each.schema_} if each.required else set[str]()
            self.types[each.resource_type] = replace(
                extended_type,
                extensions={**extended_type.extensions, each.schema_: self.schemas[each.schema_]},
                required_extensions=extended_type.required_extensions | required,
            )

    # Indexes

    def check_indexes(self) -> None:
        declared = {kind.name: [*kind.indexes] for kind in self.custom.resource_types}
        for each in self.custom.extensions:
            declared.setdefault(each.resource_type, []).extend(
                path if path.lower().startswith("urn:") else f"{each.schema_}:{path}" for path in each.indexes
            )
        own = {schema.id for schema in self.custom.schemas}
        for name, kind in self.types.items():
            paths = [*kind.indexed, *declared.get(name, ()), *_unique(kind, own)]
            targets = {str(target or path): target for path in paths for target in (kind.resolve(path),)}
            self.wrong += [wrong for path, target in targets.items() if (wrong := index_wrong(kind, path, target))]
            if not self.wrong and kind.indexed != tuple(targets):
                self.types[name] = replace(kind, indexed=tuple(targets))
                self.wrong += _aliases_wrong(self.types[name])


def _urn_wrong(urn: str, known: list[str]) -> Iterator[str]:
    lower = urn.lower()
    if not _URN.fullmatch(urn) or lower.startswith(_MESSAGES):
        yield f"{urn[:200]}: the id of a schema must be a URN of its own, such as urn:example:schemas:badge:1.0:User."
    if lower in known:
        yield f"{urn}: there is a schema of this id already; choose another one."
    yield from (
        f"{urn}: it begins like {other}, or that one like it, so a path could mean two things; choose another id."
        for other in dict.fromkeys(known)
        if lower.startswith(f"{other}:") or other.startswith(f"{lower}:")
    )


def _name_wrong(kind: CustomType, names: set[str]) -> Iterator[str]:
    if not _TYPE_NAME.fullmatch(kind.name):
        yield f"{kind.name[:60]!r}: the name of a resource type must be 1 to 20 letters, such as Device."
    elif kind.name.lower() in names:
        yield f"{kind.name}: this name is taken by another resource type or by the service itself; choose another one."


def _endpoint_wrong(kind: CustomType, endpoints: set[str]) -> Iterator[str]:
    if not _ENDPOINT.fullmatch(kind.endpoint):
        yield f"{kind.name}: endpoint must be a slash and a name, such as /Devices."
    elif kind.endpoint.lower()[1:] in endpoints:
        yield f"{kind.name}: the endpoint {kind.endpoint} is taken; choose another one."


def _unique(kind: ResourceType, own: Iterable[str]) -> Iterator[str]:
    """The paths of a type's unique attributes that the provider itself declares."""
    held: Mapping[str, Schema] = {"": kind.schema} if kind.schema.id in own else {}
    held = {**held, **{f"{urn}:": schema for urn, schema in kind.extensions.items() if urn in own}}
    for prefix, schema in held.items():
        yield from (f"{prefix}{path}" for path, leaf in _leaves(schema.attributes) if leaf.uniqueness != "none")


def _leaves(attributes: Iterable[Attribute]) -> Iterator[tuple[str, Attribute]]:
    for attribute in attributes:
        yield attribute.name, attribute
        yield from ((f"{attribute.name}.{sub.name}", sub) for sub in attribute.sub_attributes)


def _aliases_wrong(kind: ResourceType) -> Iterator[str]:
    first: dict[str, str] = {}
    for index in kind.indexes:
        if not _ALIAS.fullmatch(index.alias):
            yield (
                f"{kind.name}: the index of {index.target} is called {index.alias} in storage, which has more than "
                f"{MAX_ALIAS} characters; give its schema or attribute a shorter name, or leave the index out."
            )
        elif index.alias in first:
            yield (
                f"{kind.name}: the indexes of {index.target} and {first[index.alias]} are both called {index.alias} in "
                "storage; give one of their schemas another name."
            )
        first.setdefault(index.alias, str(index.target))
