"""What the service says of itself (RFC 7644 §4): ServiceProviderConfig, ResourceTypes and Schemas.

Every answer is made from the schema table, so it cannot disagree with what the service does. A profile with
``plain_schemas`` gets schemas in the form from which Microsoft's tools can tell every attribute they may map.
"""

from collections.abc import Sequence

from scim import messages
from scim.errors import NotFound
from scim.profiles import Profile
from scim.schema import Attribute, JsonObject, ResourceType, Schema, Schemas
from scim.settings import Settings

_CORE = "urn:ietf:params:scim:schemas:core:2.0:"
_TEXTUAL = frozenset({"string", "reference", "binary"})
_WITHOUT_UNIQUENESS = frozenset({"complex", "boolean"})


_BEARER: JsonObject = {
    "type": "oauthbearertoken",
    "name": "OAuth Bearer Token",
    "description": "A bearer token, made for one provider, in the Authorization header.",
    "specUri": "https://www.rfc-editor.org/info/rfc6750",
    "primary": True,
}
_CLIENT: JsonObject = {
    "type": "oauth2",
    "name": "OAuth 2.0 Client Credentials",
    "description": "A bearer token from the provider's token endpoint, /oauth/token beside /v2, "
    "for a client's secret or for an assertion that the provider trusts.",
    "specUri": "https://www.rfc-editor.org/info/rfc6749",
    "primary": False,
}


def service_provider_config(base_url: str, settings: Settings, documentation_uri: str | None) -> JsonObject:
    """What the service can do (RFC 7643 §5, RFC 9865 §4).

    Passwords are not announced: which provider has any, only a look into the store would tell.

    Args:
        base_url: the provider's Base URL, which ends in ``/v2``.
        settings: the limits that are announced.
        documentation_uri: where people read about the service, if anywhere.
    """
    documented: JsonObject = {"documentationUri": documentation_uri} if documentation_uri else {}
    return {
        "schemas": [_CORE + "ServiceProviderConfig"],
        **documented,
        "patch": {"supported": True},
        "bulk": {
            "supported": True,
            "maxOperations": settings.operations_max,
            "maxPayloadSize": settings.group_body_max,
        },
        "filter": {"supported": True, "maxResults": settings.page_max},
        "changePassword": {"supported": False},
        "sort": {"supported": True},
        "etag": {"supported": True},
        "pagination": {
            "cursor": True,
            "index": True,
            "defaultPaginationMethod": "index",
            "defaultPageSize": min(settings.page_default, settings.page_max),
            "maxPageSize": settings.page_max,
            "cursorTimeout": settings.cursor_seconds,
        },
        "authenticationSchemes": [_BEARER, _CLIENT] if settings.signing_keys else [_BEARER],
        "meta": _meta("ServiceProviderConfig", f"{base_url}/ServiceProviderConfig"),
    }


def resource_types(schemas: Schemas, base_url: str) -> JsonObject:
    """Every resource type, users first: clients are known to read the first one as theirs."""
    return _list([_resource_type(kind, base_url) for kind in schemas.types.values()])


def resource_type(schemas: Schemas, base_url: str, name: str) -> JsonObject:
    """The resource type of that name (RFC 7643 §6).

    Raises:
        NotFound: there is none.
    """
    kind = schemas.types.get(name)
    if kind is None:
        raise NotFound(f"There is no resource type {name!r}, only {', '.join(schemas.types)}.")
    return _resource_type(kind, base_url)


def schema_list(schemas: Schemas, profile: Profile, base_url: str) -> JsonObject:
    """Every schema, as the profile shows it."""
    return _list([_schema(schemas, each, profile, base_url) for each in schemas.schemas.values()])


def schema(schemas: Schemas, profile: Profile, base_url: str, urn: str) -> JsonObject:
    """The schema of that URN, in any case, as the profile shows it (RFC 7643 §7).

    Raises:
        NotFound: there is none.
    """
    wanted = urn.lower()
    found = next((each for each in schemas.schemas.values() if each.id.lower() == wanted), None)
    if found is None:
        raise NotFound(f"There is no schema {urn!r}; /Schemas lists those there are.")
    return _schema(schemas, found, profile, base_url)


def _resource_type(kind: ResourceType, base_url: str) -> JsonObject:
    extensions = [{"schema": urn, "required": urn in kind.required_extensions} for urn in kind.extensions]
    extended: JsonObject = {"schemaExtensions": extensions} if extensions else {}
    return {
        "schemas": [_CORE + "ResourceType"],
        "id": kind.name,
        "name": kind.name,
        "description": kind.description,
        "endpoint": kind.endpoint,
        "schema": kind.schema.id,
        **extended,
        "meta": _meta("ResourceType", f"{base_url}/ResourceTypes/{kind.name}"),
    }


def _schema(schemas: Schemas, shown: Schema, profile: Profile, base_url: str) -> JsonObject:
    attributes = _plain(schemas, shown) if profile.plain_schemas else shown.attributes
    return {
        "schemas": [_CORE + "Schema"],
        "id": shown.id,
        "name": shown.name,
        "description": shown.description,
        "attributes": [_attribute(attribute) for attribute in attributes],
        "meta": _meta("Schema", f"{base_url}/Schemas/{shown.id}"),
    }


def _attribute(attribute: Attribute) -> JsonObject:
    """An attribute with every characteristic that its type has, those left to their default included."""
    shown: JsonObject = {
        "name": attribute.name,
        "type": attribute.type,
        "multiValued": attribute.multi_valued,
        "description": attribute.description,
        "required": attribute.required,
    }
    if attribute.canonical_values:
        shown["canonicalValues"] = list(attribute.canonical_values)
    if attribute.type in _TEXTUAL:
        shown["caseExact"] = attribute.case_exact
    shown |= {"mutability": attribute.mutability, "returned": attribute.returned}
    if attribute.type not in _WITHOUT_UNIQUENESS:
        shown["uniqueness"] = attribute.uniqueness
    if attribute.reference_types:
        shown["referenceTypes"] = list(attribute.reference_types)
    if attribute.sub_attributes:
        shown["subAttributes"] = [_attribute(sub) for sub in attribute.sub_attributes]
    return shown


def _plain(schemas: Schemas, shown: Schema) -> tuple[Attribute, ...]:
    """A schema's attributes for tools that read nothing but the schema and pass references over."""
    resource = next((kind for kind in schemas.types.values() if kind.schema.id == shown.id), None)
    external = resource and resource.attribute("externalId")
    listed = (external, *shown.attributes) if external and not shown.attribute("externalId") else shown.attributes
    return _plain_attributes(listed)


def _plain_attributes(attributes: Sequence[Attribute]) -> tuple[Attribute, ...]:
    shown = (attribute for attribute in attributes if attribute.mutability != "writeOnly" or attribute.required)
    return tuple(_plain_attribute(attribute) for attribute in shown)


def _plain_attribute(attribute: Attribute) -> Attribute:
    """The attribute with references as strings, but for ``$ref``: a link within the service, never mapped."""
    if attribute.type == "reference" and attribute.name != "$ref":
        return attribute.model_copy(update={"type": "string", "reference_types": ()})
    return attribute.model_copy(update={"sub_attributes": _plain_attributes(attribute.sub_attributes)})


def _meta(type_name: str, location: str) -> JsonObject:
    return {"resourceType": type_name, "location": location}


def _list(resources: list[JsonObject]) -> JsonObject:
    return messages.list_response(resources, len(resources), 1)
