"""Parameters, headers and examples of requests, as OpenAPI describes them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

from scim import messages
from scim.schema import Attribute, Json, JsonObject, ResourceType
from scim.shapes import FILTER

_NAMES: JsonObject = {"type": "array", "items": {"type": "string"}}


def _header(description: str, **shape: Json) -> JsonObject:
    return {"description": description, "schema": {"type": "string", **shape}}


HEADERS: dict[str, JsonObject] = {
    "X-Request-Id": _header("The request's id, which the service's log and the change record name."),
    "ETag": _header("The version of the resource.", pattern='^W/"'),
    "Location": _header("The URL of the resource, if it is new or asked for as /Me.", format="uri"),
    "Preference-Applied": _header("The preference that was heeded."),
    "Retry-After": _header("Seconds after which to try again."),
    "WWW-Authenticate": _header("How to authenticate."),
    "Allow": _header("The methods that the endpoint knows."),
}
"""Headers of answers."""

OF_STATUS: Mapping[int, tuple[str, ...]] = {401: ("WWW-Authenticate",), 405: ("Allow",), 503: ("Retry-After",)}
"""The headers that belong to an error's status."""

_PARAMETERS: dict[str, JsonObject] = {
    "id": {"in": "path", "required": True, "description": "The id of the resource.", "schema": {"type": "string"}},
    "name": {"in": "path", "required": True, "description": "A URN, or a type's name.", "schema": {"type": "string"}},
    "attributes": {
        "in": "query",
        "description": "What to show, beside what is always shown (RFC 7644 §3.9).",
        "schema": _NAMES,
        "style": "form",
        "explode": False,
    },
    "excludedAttributes": {
        "in": "query",
        "description": "What not to show; not together with attributes.",
        "schema": _NAMES,
        "style": "form",
        "explode": False,
    },
    "filter": {
        "in": "query",
        "description": "Which resources are meant (RFC 7644 §3.4.2.2).",
        "schema": {"type": "string", "format": FILTER},
    },
    "sortBy": {"in": "query", "description": "The attribute to sort by.", "schema": {"type": "string"}},
    "sortOrder": {"in": "query", "description": "The order.", "schema": {"enum": ["ascending", "descending"]}},
    "startIndex": {
        "in": "query",
        "description": "The place of the page's first resource, from 1; less is 1.",
        "schema": {"type": "integer", "default": 1},
    },
    "count": {
        "in": "query",
        "description": "Resources in the page, at most; less than 0 is 0.",
        "schema": {"type": "integer"},
    },
    "cursor": {
        "in": "query",
        "description": "Where the page begins (RFC 9865); empty for the first page. Not together with startIndex.",
        "schema": {"type": "string"},
        "allowEmptyValue": True,
    },
    "If-Match": {
        "in": "header",
        "description": "Versions, or *; the resource must be in one of them.",
        "schema": {"type": "string"},
    },
    "If-None-Match": {
        "in": "header",
        "description": "Versions, or *; the resource is shown, or changed, only if it is in none of them.",
        "schema": {"type": "string"},
    },
    "Prefer": {
        "in": "header",
        "description": "dry-run: validate and answer as if the request was carried out, and write nothing.",
        "schema": {"enum": ["dry-run"]},
    },
}

_GROUPS: Mapping[str, tuple[str, ...]] = {
    "projection": ("attributes", "excludedAttributes"),
    "query": ("filter", "sortBy", "sortOrder", "startIndex", "count", "cursor"),
    "reading": ("If-Match", "If-None-Match"),
    "writing": ("If-Match", "If-None-Match", "Prefer"),
    "creating": ("Prefer",),
}

_EXAMPLES: JsonObject = {
    "userName": "ada@example.com",
    "externalId": "9f1c",
    "displayName": "Ada Lovelace",
    "name": {"givenName": "Ada", "familyName": "Lovelace"},
    "emails": [{"value": "ada@example.com", "type": "work", "primary": True}],
    "active": True,
}
_BY_TYPE: JsonObject = {
    "string": "text",
    "boolean": True,
    "decimal": 1.5,
    "integer": 1,
    "dateTime": "2026-01-31T08:30:00Z",
    "reference": "https://example.com/",
    "binary": "c2NpbQ==",
}


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a ServiceProviderConfig announces (RFC 7643 §5, RFC 9865 §4)."""

    bulk: bool
    sort: bool
    etag: bool
    cursor: bool
    clients: bool = False

    @classmethod
    def announced(cls, config: JsonObject) -> Self:
        """What the config announces; what it does not name is not supported."""
        named = {name: bool(config.get(name, {}).get("supported")) for name in ("bulk", "sort", "etag")}
        schemes = {scheme["type"] for scheme in config.get("authenticationSchemes", ())}
        return cls(**named, cursor=bool(config.get("pagination", {}).get("cursor")), clients="oauth2" in schemes)

    @property
    def missing_from_queries(self) -> tuple[int, ...]:
        """The status of a query that asks for what the service cannot do."""
        return () if self.sort else (501,)

    def parameters(self, *groups: str) -> list[JsonObject]:
        """References to the parameters of some groups, as far as the service heeds them."""
        return [reference(name) for group in groups for name in _GROUPS[group] if name not in self.unheeded]

    def headers(self, *names: str) -> JsonObject:
        """References to headers of an answer, as far as the service sends them."""
        return of_answer(*(name for name in names if name != "ETag" or self.etag))

    @property
    def unheeded(self) -> set[str]:
        """The parameters that the standard has and the service passes over."""
        sorting = set() if self.sort else {"sortBy", "sortOrder"}
        conditions = set() if self.etag else {"If-Match", "If-None-Match"}
        return sorting | conditions | (set() if self.cursor else {"cursor"})


def components(can: Capabilities) -> JsonObject:
    """The parameters that the service heeds."""
    return {name: {"name": name, **shape} for name, shape in _PARAMETERS.items() if name not in can.unheeded}


def reference(name: str) -> JsonObject:
    """A reference to a parameter."""
    return {"$ref": f"#/components/parameters/{name}"}


def of_answer(*names: str) -> JsonObject:
    """References to headers of an answer."""
    return {name: {"$ref": f"#/components/headers/{name}"} for name in names}


SEARCH_EXAMPLE: JsonObject = {"schemas": [messages.SEARCH_REQUEST], "attributes": ["id"], "startIndex": 1, "count": 10}


def example(kind: ResourceType) -> JsonObject:
    """A resource with what is required, and what most clients send."""
    held: JsonObject = {"schemas": [kind.schema.id]}
    for attribute in kind.attributes:
        if attribute.name in _EXAMPLES and attribute.mutability == "readWrite":
            held[attribute.name] = _EXAMPLES[attribute.name]
        elif attribute.required and attribute.name != "schemas" and attribute.mutability != "readOnly":
            held[attribute.name] = _value(attribute)
    for urn in kind.required_extensions:
        held["schemas"].append(urn)
        held[urn] = _values(kind.extensions[urn].attributes)
    return held


def patch_example(kind: ResourceType) -> JsonObject:
    """A PATCH that replaces one attribute."""
    given = example(kind)
    path = next((name for name in ("displayName", "externalId") if name in given), "externalId")
    operation = {"op": "replace", "path": path, "value": given.get(path, "9f1c")}
    return {"schemas": [messages.PATCH_OP], "Operations": [operation]}


def bulk_example(kind: ResourceType) -> JsonObject:
    """A bulk request that creates one resource."""
    operation = {"method": "POST", "path": kind.endpoint, "bulkId": "first", "data": example(kind)}
    return {"schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"], "Operations": [operation]}


def _values(attributes: tuple[Attribute, ...]) -> JsonObject:
    return {a.name: _value(a) for a in attributes if a.required and a.mutability != "readOnly"}


def _value(attribute: Attribute) -> Json:
    one = _values(attribute.sub_attributes) if attribute.type == "complex" else _BY_TYPE[attribute.type]
    if attribute.canonical_values:
        one = attribute.canonical_values[0]
    return [one] if attribute.multi_valued else one
