"""Resources and messages as JSON Schema, made from the schema table.

What the service answers and what it takes differ: an answer may leave out whatever the client did not ask for, a
request may unassign by null, and leaves out what is readOnly. So each schema has two shapes, ``User`` and
``UserRequest``. Names of attributes are matched in any case (RFC 7643 §2.1), which JSON Schema cannot say.
"""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence

from scim import messages
from scim.errors import ScimError
from scim.profiles import Profile
from scim.schema import Attribute, JsonObject, ResourceType, Schema, Schemas

FILTER = "scim-filter"
"""The format of filters (RFC 7644 §3.4.2.2)."""
PATH = "scim-path"
"""The format of paths of a PATCH (RFC 7644 §3.5.2)."""

_UNFIT = re.compile(r"[^A-Za-z0-9._-]+")
_STRING: JsonObject = {"type": "string"}
_STRINGS: JsonObject = {"type": "array", "items": _STRING}
_NAME: JsonObject = {"pattern": r"^\$?[A-Za-z][A-Za-z0-9_-]*$"}
_URN: JsonObject = {"pattern": "^urn:.+$"}
_FILTER: JsonObject = {"type": "string", "format": FILTER}
_TEXTUAL = frozenset({"string", "reference", "binary"})
_TYPES: dict[str, JsonObject] = {
    "string": _STRING,
    "boolean": {"type": "boolean"},
    "decimal": {"type": "number"},
    "integer": {"type": "integer"},
    "dateTime": {"type": "string", "format": "date-time"},
    "reference": _STRING,
    "binary": {"type": "string", "contentEncoding": "base64"},
}
_BOOLEAN_STRINGS = ["True", "False", "true", "false"]


def component(name: str) -> JsonObject:
    """A reference to one of the components."""
    return {"$ref": f"#/components/schemas/{name}"}


def components(schemas: Schemas, profile: Profile, unheeded: Collection[str]) -> JsonObject:
    """Every component: the shapes of the provider's types, of their extensions, of discovery and of messages.

    Args:
        schemas: the provider's.
        profile: the provider's.
        unheeded: parameters of queries that the service passes over.
    """
    found = _messages(profile, unheeded)
    cores = {kind.schema.id for kind in schemas.types.values()}
    extensions = _extensions(schemas, {*found, *schemas.types})
    for kind in schemas.types.values():
        found[kind.name] = _answered_resource(kind, extensions)
        found[f"{kind.name}Request"] = _requested_resource(kind, extensions, profile)
        found[f"{kind.name}List"] = _list_of([component(kind.name)])
    found["AnyList"] = _list_of([component(kind.name) for kind in schemas.types.values()])
    for urn, name in extensions.items():
        schema = schemas.schemas[urn]
        found[name] = _answered(schema.attributes, schema.description)
        found[f"{name}Request"] = _requested(schema.attributes, schema.description, profile)
    for schema in schemas.schemas.values():
        if schema.id not in cores | extensions.keys():
            name = schema.id.rpartition(":")[2]
            found[name] = _about_the_service(schema, schemas)
            found[f"{name}List"] = _list_of([component(name)])
    return found


def _extensions(schemas: Schemas, taken: set[str]) -> dict[str, str]:
    """The extensions' URNs, each with the name of its component."""
    names: dict[str, str] = {}
    for urn in dict.fromkeys(urn for kind in schemas.types.values() for urn in kind.extensions):
        name = _UNFIT.sub("_", schemas.schemas[urn].name)
        while name in taken or name in names.values():
            name += "Extension"
        names[urn] = name
    return names


def _list_of(shapes: Sequence[JsonObject]) -> JsonObject:
    """A page of resources of some shapes (RFC 7644 §3.4.2)."""
    return {
        "allOf": [
            component("ListResponse"),
            {"properties": {"Resources": {"items": shapes[0] if len(shapes) == 1 else {"anyOf": list(shapes)}}}},
        ]
    }


def _messages(profile: Profile, unheeded: Collection[str]) -> JsonObject:
    """The fixed shapes of RFC 7644, as a profile takes them."""
    kinds = sorted({kind.scim_type for kind in _errors(ScimError) if kind.scim_type})
    return {
        "Error": _message(
            messages.ERROR,
            {"status": {"type": "string"}, "scimType": {"enum": kinds}, "detail": _STRING},
            required=["status", "detail"],
        ),
        "ListResponse": _message(
            messages.LIST_RESPONSE,
            {
                "totalResults": {"type": "integer", "minimum": 0},
                "startIndex": {"type": "integer", "minimum": 1},
                "itemsPerPage": {"type": "integer", "minimum": 0},
                "nextCursor": {"type": "string", "description": "The cursor of the next page (RFC 9865)."},
                "previousCursor": {"type": "string", "description": "The cursor of the page before (RFC 9865)."},
                "Resources": {"type": "array", "items": {"type": "object"}},
            },
            required=["totalResults"],
        ),
        "PatchOp": _request(
            messages.PATCH_OP,
            {
                "Operations": {
                    "type": "array",
                    "items": {"anyOf": _patch_operations(profile)},
                    "minItems": 0 if profile.allow_empty_operations else 1,
                }
            },
            profile,
            required=["Operations"],
        ),
        "SearchRequest": _request(
            messages.SEARCH_REQUEST, {name: shape for name, shape in _SEARCH.items() if name not in unheeded}, profile
        )
        | {"not": {"required": ["attributes", "excludedAttributes"]}},
        "BulkRequest": _request(
            _BULK_REQUEST,
            {
                "failOnErrors": {"type": "integer", "minimum": 1, "description": "Errors after which to stop."},
                "Operations": {"type": "array", "items": _bulk_operation(["method", "path"])},
            },
            profile,
            required=["Operations"],
        ),
        "BulkResponse": _message(
            _BULK_RESPONSE,
            {"Operations": {"type": "array", "items": _bulk_operation(["method", "status"])}},
            required=["Operations"],
        ),
    }


def _patch_operations(profile: Profile) -> list[JsonObject]:
    """The three forms of a PATCH's operation (RFC 7644 §3.5.2)."""
    path: JsonObject = {"type": "string", "format": PATH, "description": "What to change."}
    remove: JsonObject = {"op": {"enum": ["remove", "Remove"]}, "path": path}
    if profile.remove_values:
        remove["value"] = {"description": "Of several values, those to remove."}
    put: JsonObject = {"enum": ["add", "Add", "replace", "Replace"]}
    whole: JsonObject = {"type": "object", "description": "Attributes of the resource."}
    return [
        {"type": "object", "required": ["op", "path"], "properties": remove},
        {"type": "object", "required": ["op", "path", "value"], "properties": {"op": put, "path": path, "value": {}}},
        {"type": "object", "required": ["op", "value"], "properties": {"op": put, "path": False, "value": whole}},
    ]


_BULK_REQUEST = "urn:ietf:params:scim:api:messages:2.0:BulkRequest"
_BULK_RESPONSE = "urn:ietf:params:scim:api:messages:2.0:BulkResponse"

_SEARCH: JsonObject = {
    "attributes": _STRINGS | {"description": "What to show, beside what is always shown."},
    "excludedAttributes": _STRINGS | {"description": "What not to show; not together with attributes."},
    "filter": _FILTER,
    "sortBy": {"type": "string", "description": "The attribute to sort by."},
    "sortOrder": {"enum": ["ascending", "descending"]},
    "startIndex": {"type": "integer", "description": "The place of the first resource, from 1."},
    "count": {"type": "integer", "description": "Resources in the page, at most."},
    "cursor": {"type": "string", "description": "Where the page begins (RFC 9865); empty for the first one."},
}


def _bulk_operation(required: list[str]) -> JsonObject:
    properties: JsonObject = {
        "method": {"enum": ["POST", "PUT", "PATCH", "DELETE"]},
        "bulkId": {"type": "string", "description": "The client's name for a resource that this request creates."},
        "version": {"type": "string", "description": "The version that the resource has to be in, or is in now."},
    }
    if "path" in required:
        properties |= {"path": _STRING, "data": {"description": "The body that the request would have on its own."}}
    else:
        properties |= {"location": _STRING, "status": _STRING, "response": {"type": "object"}}
    return {"type": "object", "required": required, "properties": properties}


def _errors(kind: type[ScimError]) -> Iterable[type[ScimError]]:
    yield kind
    for narrower in kind.__subclasses__():
        yield from _errors(narrower)


def _message(urn: str, properties: JsonObject, required: Sequence[str]) -> JsonObject:
    listed: JsonObject = {"type": "array", "items": {"type": "string"}, "contains": {"const": urn}}
    return {"type": "object", "required": ["schemas", *required], "properties": {"schemas": listed, **properties}}


def _request(urn: str, properties: JsonObject, profile: Profile, required: Sequence[str] = ()) -> JsonObject:
    shape = _message(urn, properties, required)
    if profile.allow_missing_schemas:
        shape["required"] = list(required)
    return shape


def _answered_resource(kind: ResourceType, extensions: Mapping[str, str]) -> JsonObject:
    shape = _answered(kind.attributes, kind.schema.description)
    shape["properties"] |= {urn: component(extensions[urn]) for urn in kind.extensions}
    return shape | {"required": [attribute.name for attribute in kind.common if attribute.returned == "always"]}


def _about_the_service(schema: Schema, schemas: Schemas) -> JsonObject:
    """A schema that no type of the provider has is of the service itself: a ServiceProviderConfig and the like."""
    common = next((kind.common for kind in schemas.types.values()), ())
    own = {attribute.name for attribute in schema.attributes}
    shared = [attribute for attribute in common if attribute.name in {"schemas", "id", "meta"} - own]
    return _answered([*shared, *schema.attributes], schema.description) | {"required": ["schemas"]}


def _answered(attributes: Iterable[Attribute], description: str) -> JsonObject:
    shown = (attribute for attribute in attributes if attribute.returned != "never")
    return _object({a.name: _characterized(a, _answered_value(a)) for a in shown}, description)


def _answered_value(attribute: Attribute) -> JsonObject:
    one = _answered(attribute.sub_attributes, "") if attribute.type == "complex" else dict(_TYPES[attribute.type])
    if attribute.mutability == "readOnly" and attribute.type == "reference":
        one["format"] = "uri-reference"
    return {"type": "array", "items": one} if attribute.multi_valued else one


def _requested_resource(kind: ResourceType, extensions: Mapping[str, str], profile: Profile) -> JsonObject:
    own = [attribute for attribute in kind.attributes if attribute.name != "schemas"]
    shape = _requested(own, kind.schema.description, profile)
    listed: JsonObject = {"type": "array", "items": _STRING, "contains": {"const": kind.schema.id}}
    if not profile.ignore_unknown_schemas:
        listed["items"] = {"enum": [kind.schema.id, *kind.extensions]}
    extended: JsonObject = {urn: component(f"{extensions[urn]}Request") for urn in kind.extensions}
    shape["properties"] = {"schemas": listed, **shape["properties"], **extended}
    urns = _URN if profile.ignore_unknown_schemas else {"enum": [*extended]} if extended else None
    shape["propertyNames"] = {"anyOf": [_NAME, urns]} if urns else _NAME
    if kind.members:
        elements = shape["properties"][kind.members]["items"]
        member = elements["anyOf"][0] if "anyOf" in elements else elements
        member["required"] = ["value"]
        member["properties"]["value"] |= {"type": "string", "pattern": r"\S"}
    required = [*kind.required_extensions, *shape.get("required", [])]
    return shape | {"required": required if profile.allow_missing_schemas else ["schemas", *required]}


def _requested(attributes: Iterable[Attribute], description: str, profile: Profile) -> JsonObject:
    given = [attribute for attribute in attributes if attribute.mutability != "readOnly"]
    shape = _object({a.name: _characterized(a, _requested_value(a, profile)) for a in given}, description)
    shape["propertyNames"] = _NAME
    required = [attribute.name for attribute in given if attribute.required]
    return shape | {"required": required} if required else shape


def _requested_value(attribute: Attribute, profile: Profile) -> JsonObject:
    if attribute.type == "complex":
        one = _requested(attribute.sub_attributes, "", profile)
    else:
        one = dict(_TYPES[attribute.type])
    if attribute.type == "boolean" and profile.boolean_strings:
        one = {"anyOf": [one, {"enum": _BOOLEAN_STRINGS}]}
    if profile.loose_values and attribute.sub("value"):
        one = {"anyOf": [one, _STRING]}
    if attribute.required and attribute.type == "string" and not attribute.multi_valued:
        return one | {"pattern": r"\S"}
    value: JsonObject = {"type": "array", "items": one} if attribute.multi_valued else one
    return value if attribute.required else _or_null(value)


def _or_null(value: JsonObject) -> JsonObject:
    """The value, or null, which unassigns (RFC 7643 §2.5)."""
    if "anyOf" in value:
        return {"anyOf": [*value["anyOf"], {"type": "null"}]}
    return value | {"type": [value["type"], "null"]}


def _object(properties: JsonObject, description: str) -> JsonObject:
    described: JsonObject = {"description": description} if description else {}
    return {"type": "object", **described, "properties": properties}


def _characterized(attribute: Attribute, value: JsonObject) -> JsonObject:
    """The value's shape with what the schema says beside it (RFC 7643 §2.2)."""
    said = [attribute.description] if attribute.description else []
    scim: JsonObject = {"mutability": attribute.mutability, "returned": attribute.returned}
    if attribute.type in _TEXTUAL:
        scim |= {"caseExact": attribute.case_exact}
        said += [] if attribute.case_exact else ["Compared without regard to case."]
    if attribute.uniqueness != "none":
        scim |= {"uniqueness": attribute.uniqueness}
    if attribute.reference_types:
        scim |= {"referenceTypes": list(attribute.reference_types)}
    shape = value | ({"description": " ".join(said)} if said else {}) | {"x-scim": scim}
    if attribute.canonical_values:
        inner = shape["items"] if attribute.multi_valued and "items" in shape else shape
        inner["examples"] = list(attribute.canonical_values)
    if attribute.mutability == "readOnly":
        shape["readOnly"] = True
    if attribute.mutability == "writeOnly" or attribute.returned == "never":
        shape["writeOnly"] = True
    return shape
