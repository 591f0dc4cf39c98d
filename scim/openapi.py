"""The service described in OpenAPI 3.1, made from the schema table and from what ServiceProviderConfig announces.

What is not announced is not described, but for the endpoints that RFC 7644 names: those are there, with the 501 that
they answer. So neither a new schema nor a new capability needs a word here.
"""

from dataclasses import dataclass

from scim import media, parameters, shapes
from scim.errors import ScimError
from scim.parameters import Capabilities
from scim.profiles import PROFILES, Profile
from scim.schema import JsonObject, ResourceType, Schemas
from scim.shapes import component

MEDIA_TYPE = "application/json"
"""The media type of a description: no SCIM, and every tool reads it."""

VERSION = "0.1.0"

_ALWAYS = (401, 403, 404, 414, 500, 503)
_READING_BODY = (400, 413, 415)

_KINDS = tuple(kind for kind in ScimError.__subclasses__() if kind.__module__ == ScimError.__module__)
"""The errors that clients may meet; others are made elsewhere, and meant for the code alone."""


def of_provider(schemas: Schemas, profile: Profile, config: JsonObject, base_url: str) -> JsonObject:
    """The description of one provider's endpoints, with its own schemas and what its profile lets pass.

    Args:
        schemas: the provider's.
        profile: the provider's.
        config: the provider's ServiceProviderConfig.
        base_url: the provider's Base URL.
    """
    bent = ", ".join(f"{name} {_word(value)}" for name, value in profile.departures().items())
    text = f"{_ABOUT} This provider departs from the standard by: {bent}." if bent else _ABOUT
    description = _Description(schemas, profile, Capabilities.announced(config))
    return description.document({"url": base_url}, text, base_url.removesuffix("/v2"))


def of_service(schemas: Schemas, config: JsonObject, public_url: str) -> JsonObject:
    """The description of any provider's endpoints, with the standard schemas and nothing bent.

    Args:
        schemas: those of a provider that has none of its own.
        config: a ServiceProviderConfig, of whichever provider.
        public_url: the URL under which clients reach the service.
    """
    server = {
        "url": f"{public_url}/scim/{{provider}}/v2",
        "variables": {"provider": {"default": "demo", "description": "The provider's name."}},
    }
    text = f"{_ABOUT} A provider's own description, with its schemas and its profile, is below its Base URL."
    description = _Description(schemas, PROFILES["rfc"], Capabilities.announced(config))
    document = description.document(server, text, public_url)
    document["paths"] |= _probes(public_url)
    return document


_ABOUT = (
    "SCIM 2.0 (RFC 7643, RFC 7644). Names of attributes, of parameters and of a PATCH's op are matched in any case; "
    "unknown attributes and parameters, and attributes that are readOnly, are ignored. null or an empty array "
    "unassigns an attribute. Every answer, errors too, is application/scim+json; bodies may be application/json."
)


_BEARER: JsonObject = {"token": {"type": "http", "scheme": "bearer", "description": "A token of the provider."}}


def _clients(issuing: str) -> JsonObject:
    """How a client gets an access token (RFC 6749 §4.4)."""
    scopes = {"write": "All that the provider's clients may do.", "read": "Reading."}
    flow = {"tokenUrl": f"{issuing}/oauth/token", "scopes": scopes}
    return {"client": {"type": "oauth2", "flows": {"clientCredentials": flow}}}


def _probes(public_url: str) -> JsonObject:
    """What probes ask, who need no token: beside all providers."""
    strings = {"name": {"type": "string"}, "sentence": {"type": "string"}}
    flags = {"ok": {"type": "boolean"}, "needed": {"type": "boolean"}}
    check = {"type": "object", "required": [*strings, *flags], "properties": strings | flags}
    found = {"ready": {"type": "boolean"}, "checks": {"type": "array", "items": check}}
    report = {"type": "object", "required": ["ready", "checks"], "properties": found}
    alive = {"type": "object", "required": ["status"], "properties": {"status": {"const": "ok"}}}
    paths: JsonObject = {}
    for name, summary, answers in (
        ("health", "Whether the process lives", {"200": ("It does.", alive)}),
        ("ready", "Whether it can serve", {"200": ("It can.", report), "503": ("It cannot.", report)}),
    ):
        told = {
            status: {"description": text, "content": {MEDIA_TYPE: {"schema": shape}}}
            for status, (text, shape) in answers.items()
        }
        operation = _operation(name, summary, "Service") | {"security": [], "responses": _refusals() | told}
        paths[f"/{name}"] = {"servers": [{"url": public_url}], "get": operation}
    return paths


def _word(value: bool | str) -> str:  # noqa: FBT001 (a switch's value)
    return value if isinstance(value, str) else "on" if value else "off"


@dataclass(frozen=True, slots=True)
class _Description:
    schemas: Schemas
    profile: Profile
    can: Capabilities

    def document(self, server: JsonObject, text: str, issuing: str) -> JsonObject:
        """The whole; ``issuing`` is the URL below which the token endpoint is."""
        schemes = _BEARER | (_clients(issuing) if self.can.clients else {})
        return {
            "openapi": "3.1.1",
            "info": {"title": "Rollcall", "version": VERSION, "description": text, "license": {"name": "MIT"}},
            "servers": [server],
            "security": [{name: []} for name in schemes],
            "tags": [{"name": name} for name in (*self.schemas.types, "All types", "Bulk", "Me", "Service")],
            "paths": self._paths(),
            "components": {
                "schemas": shapes.components(self.schemas, self.profile, self.can.unheeded),
                "parameters": parameters.components(self.can),
                "headers": parameters.HEADERS,
                "responses": {kind.__name__: _refusal(kind) for kind in _KINDS},
                "securitySchemes": schemes,
            },
        }

    def _paths(self) -> JsonObject:
        paths: JsonObject = {}
        for kind in self.schemas.types.values():
            paths |= self._of_type(kind)
        everything = component("AnyList")
        paths["/"] = {"get": self._query("queryAll", "Query all types", "All types", everything)}
        paths["/.search"] = {"post": self._search("searchAll", "Query all types by POST", "All types", everything)}
        return paths | self._me() | self._bulk() | self._discovery()

    def _of_type(self, kind: ResourceType) -> JsonObject:
        name, page = kind.name, component(f"{kind.name}List")
        plural = kind.endpoint.strip("/")
        return {
            kind.endpoint: {
                "get": self._query(f"query{plural}", f"Query {plural}", name, page),
                "post": self._create(name, name, kind),
            },
            f"{kind.endpoint}/.search": {
                "post": self._search(f"search{plural}", f"Query {plural} by POST", name, page),
            },
            f"{kind.endpoint}/{{id}}": {
                "parameters": [parameters.reference("id")],
                **self._of_one(name, name, kind),
            },
        }

    def _of_one(self, name: str, tag: str, kind: ResourceType) -> JsonObject:
        """The operations on one resource (RFC 7644 §3.4.1, §3.5, §3.6)."""
        found = self._shown("The resource.", component(kind.name))
        written = self._shown("The resource as it is now.", component(kind.name), "Preference-Applied")
        done = {"description": "Done.", "headers": self.can.headers("X-Request-Id", "ETag", "Preference-Applied")}
        gone = {"description": "It is gone.", "headers": self.can.headers("X-Request-Id", "Preference-Applied")}
        projecting, writing = self.can.parameters("projection"), self.can.parameters("projection", "writing")
        unchanged: JsonObject = {"304": {"description": "It is in the version asked about."}} if self.can.etag else {}
        stale = (412,) if self.can.etag else ()
        return {
            "get": _operation(f"retrieve{name}", f"Retrieve a {name}", tag)
            | {
                "parameters": [*projecting, *self.can.parameters("reading")],
                "responses": {"200": found, **unchanged} | _refusals(400, *stale),
            },
            "put": _operation(f"replace{name}", f"Replace a {name}", tag)
            | _body(component(f"{kind.name}Request"), parameters.example(kind))
            | {"parameters": writing, "responses": {"200": written} | _refusals(*_READING_BODY, 409, *stale)},
            "patch": _operation(f"modify{name}", f"Change some attributes of a {name}", tag)
            | _body(component("PatchOp"), parameters.patch_example(kind))
            | {
                "parameters": writing,
                "responses": {"200": written, "204": done} | _refusals(*_READING_BODY, 409, *stale),
            },
            "delete": _operation(f"delete{name}", f"Delete a {name}", tag)
            | {
                "parameters": self.can.parameters("writing"),
                "responses": {"204": gone} | _refusals(400, 413, *stale),
            },
        }

    def _create(self, name: str, tag: str, kind: ResourceType) -> JsonObject:
        shown = self._shown("The new resource.", component(kind.name), "Location", "Preference-Applied")
        return (
            _operation(f"create{name}", f"Create a {name}", tag)
            | _body(component(f"{kind.name}Request"), parameters.example(kind))
            | {
                "parameters": self.can.parameters("projection", "creating"),
                "responses": {"201": shown} | _refusals(*_READING_BODY, 409),
            }
        )

    def _query(self, identifier: str, summary: str, tag: str, page: JsonObject) -> JsonObject:
        return _operation(identifier, summary, tag) | {
            "parameters": self.can.parameters("projection", "query"),
            "responses": {"200": self._page(page)} | _refusals(400, *self.can.missing_from_queries),
        }

    def _search(self, identifier: str, summary: str, tag: str, page: JsonObject) -> JsonObject:
        return (
            _operation(identifier, summary, tag)
            | _body(component("SearchRequest"), parameters.SEARCH_EXAMPLE)
            | {"responses": {"200": self._page(page)} | _refusals(*_READING_BODY, *self.can.missing_from_queries)}
        )

    def _me(self) -> JsonObject:
        """The resource of the token's own user (RFC 7644 §3.11); 501 for a token that belongs to none."""
        kind = next(iter(self.schemas.types.values()))
        operations = self._of_one("Me", "Me", kind) | {"post": self._create("Me", "Me", kind)}
        for operation in operations.values():
            for answer in operation["responses"].values():
                if "headers" in answer:
                    answer["headers"] |= self.can.headers("Location")
            operation["responses"] |= _refusals(501)
        return {"/Me": operations}

    def _bulk(self) -> JsonObject:
        """Many operations in one request (RFC 7644 §3.7)."""
        kind = next(iter(self.schemas.types.values()))
        done = _content(component("BulkResponse"), "What became of each operation.", self.can.headers("X-Request-Id"))
        answers = {"200": done} if self.can.bulk else {}
        missing = () if self.can.bulk else (501,)
        operation = (
            _operation("bulk", "Many operations in one request", "Bulk")
            | _body(component("BulkRequest"), parameters.bulk_example(kind))
            | {
                "parameters": self.can.parameters("creating"),
                "responses": answers | _refusals(*_READING_BODY, 409, *missing),
            }
        )
        return {"/Bulk": {"post": operation}}

    def _discovery(self) -> JsonObject:
        """What the service says of itself (RFC 7644 §4); it cannot be filtered."""
        one = parameters.reference("name")
        paths: JsonObject = {}
        for plural, name, what in (
            ("/Schemas", "Schema", "schemas"),
            ("/ResourceTypes", "ResourceType", "types of resources"),
        ):
            listed = _operation(f"list{plural.strip('/')}", f"The {what}", "Service")
            listed["responses"] = {"200": self._page(component(f"{name}List"))} | _refusals(400)
            single = _operation(f"retrieve{name}", f"One of the {what}", "Service")
            single["responses"] = {"200": self._shown("What was asked for.", component(name))} | _refusals(400)
            paths |= {plural: {"get": listed}, f"{plural}/{{name}}": {"parameters": [one], "get": single}}
        config = _operation("retrieveServiceProviderConfig", "What the service can do", "Service")
        shown = self._shown("What the service can do.", component("ServiceProviderConfig"))
        config["responses"] = {"200": shown} | _refusals(400)
        itself = _operation("retrieveDescription", "This description", "Service")
        described = {"description": "This description.", "content": {MEDIA_TYPE: {"schema": {"type": "object"}}}}
        itself["responses"] = {"200": described} | _refusals(400)
        return paths | {"/ServiceProviderConfig": {"get": config}, "/openapi.json": {"get": itself}}

    def _page(self, page: JsonObject) -> JsonObject:
        return _content(page, "A page of what was found.", self.can.headers("X-Request-Id"))

    def _shown(self, description: str, shown: JsonObject, *headers: str) -> JsonObject:
        return _content(shown, description, self.can.headers("X-Request-Id", "ETag", *headers))


def _operation(identifier: str, summary: str, tag: str) -> JsonObject:
    return {"operationId": identifier, "summary": summary, "tags": [tag]}


def _body(shape: JsonObject, example: JsonObject) -> JsonObject:
    content = {"schema": shape, "examples": {"typical": {"value": example}}}
    types = (media.SCIM_JSON, "application/json")
    return {"requestBody": {"required": True, "content": dict.fromkeys(types, content)}}


def _content(shape: JsonObject, description: str, headers: JsonObject) -> JsonObject:
    return {"description": description, "headers": headers, "content": {media.SCIM_JSON: {"schema": shape}}}


def _refusals(*statuses: int) -> JsonObject:
    """The errors of an operation, with those that any may answer."""
    names = {kind.status.value: kind.__name__ for kind in _KINDS}
    return {
        str(status): {"$ref": f"#/components/responses/{names[status]}"} for status in sorted({*statuses, *_ALWAYS})
    }


def _refusal(kind: type[ScimError]) -> JsonObject:
    """What an error looks like: its status is in the body, too (RFC 7644 §3.12)."""
    told = (kind.__doc__ or kind.__name__).splitlines()[0].replace("``", "`")
    status = {"properties": {"status": {"const": str(kind.status.value)}}}
    headers = parameters.of_answer("X-Request-Id", *parameters.OF_STATUS.get(kind.status.value, ()))
    return _content({"allOf": [component("Error"), status]}, told, headers)
