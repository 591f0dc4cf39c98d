"""HTTP in, HTTP out: routes, media types, and errors as SCIM says them."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from http import HTTPStatus
from urllib.parse import parse_qsl, unquote, urlsplit

from scim import discovery, media, messages, telemetry
from scim.auth import Authenticator, Principal
from scim.changes import Origin
from scim.errors import (
    BadRequest,
    Forbidden,
    InternalError,
    InvalidValue,
    MethodNotAllowed,
    NotFound,
    NotImplementedYet,
    PayloadTooLarge,
    ScimError,
    UriTooLong,
)
from scim.messages import SearchRequest
from scim.projection import Projection
from scim.providers import Providers
from scim.queries import Queries
from scim.representation import Representation
from scim.schema import Json, JsonObject, ResourceType, Schemas
from scim.service import Service
from scim.settings import Settings
from scim.storage.rows import TableNotFound

MAX_URL = 4_096
"""Characters in a URL, at most: what the Functions host lets through."""


@dataclass(frozen=True, slots=True)
class Request:
    """An HTTP request.

    Attributes:
        url: the whole URL, still encoded.
        headers: by their names in lower case.
    """

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class Response:
    """An HTTP response; no body is an empty one."""

    status: HTTPStatus
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)


_ONCE = frozenset({"filter", "sortby", "sortorder", "startindex", "count"})
"""Parameters of a URL that have one value; the lists of attributes may be sent in pieces."""

type Answer = tuple[HTTPStatus, JsonObject | None, dict[str, str]]
type Handler = Callable[["Call"], Awaitable[Answer]]


@dataclass(frozen=True, slots=True)
class Call:
    """A request that has found its endpoint and whose client is known."""

    request: Request
    principal: Principal
    service: Service
    queries: Queries
    settings: Settings
    kind: ResourceType | None = None
    identifier: str = ""

    @property
    def schemas(self) -> Schemas:
        """The schemas that the provider serves."""
        return self.service.representation.schemas

    @property
    def base_url(self) -> str:
        """The provider's Base URL."""
        return self.service.representation.base_url

    @property
    def resource_type(self) -> ResourceType:
        """The resource type of the endpoint; only where it has one."""
        if self.kind is None:
            raise LookupError("this endpoint has no resource type")
        return self.kind

    def query(self) -> SearchRequest:
        """The query in the URL, as text of the same shape as a search request."""
        parameters: dict[str, str] = {}
        for name, text in _parameters(self.request.url):
            key = name.lower()
            if key in parameters and key in _ONCE:
                raise InvalidValue(f"{name} stands twice in the URL; send it once.")
            parameters[key] = f"{parameters[key]},{text}" if key in parameters else text
        return messages.query(parameters)

    def projection(self) -> Projection:
        """What the client wants to be shown."""
        search = self.query()
        return Projection.read(self.resource_type, search.attributes, search.excluded_attributes)

    def body(self) -> Json:
        """The JSON value in the body."""
        limit = self.settings.group_body_max if self.kind and self.kind.members else self.settings.body_max
        if len(self.request.body) > limit:
            raise PayloadTooLarge(f"The body has {len(self.request.body)} bytes; the limit is {limit}.")
        media.check_type(self.request.headers.get("content-type"))
        if not self.request.body and self.request.headers.get("transfer-encoding"):
            raise BadRequest("The body was sent in chunks and did not arrive; send it with a Content-Length.")
        return media.read(self.request.body, self.settings.json_depth)


class Endpoints:
    """The service's HTTP surface: ``/scim/{provider}/v2/…``."""

    def __init__(self, settings: Settings, providers: Providers, authenticator: Authenticator) -> None:
        self._settings = settings
        self._providers = providers
        self._authenticator = authenticator

    async def handle(self, request: Request) -> Response:
        """Answer a request; whatever happens, with a SCIM response."""
        with telemetry.request(request.method, request.headers) as trace:
            try:
                status, body, headers = await self._answer(request, trace)
            except ScimError as error:
                status, body, headers = error.status, messages.error(error), error.headers
                trace.scim_type = error.scim_type
            except Exception as error:  # noqa: BLE001 (the border: nothing may pass it)
                trace.fail(error)
                unforeseen = InternalError(f"Something unforeseen happened; its correlation id is {trace.request_id}.")
                status, body, headers = unforeseen.status, messages.error(unforeseen), {}
            trace.status = status.value
            headers = {**headers, "X-Request-Id": trace.request_id, "Cache-Control": "no-store"}
            headers["Content-Type"] = f"{media.SCIM_JSON}; charset=utf-8"
            bodiless = body is None or request.method == "HEAD"
            return Response(status, b"" if bodiless else media.write(body), headers)

    async def _answer(self, request: Request, trace: telemetry.Trace) -> Answer:
        if len(request.url) > MAX_URL:
            raise UriTooLong(
                f"The URL has {len(request.url)} characters; the limit is {MAX_URL}. POST to /.search instead."
            )
        match _segments(request.url):
            case ["scim", provider_name, "v2", *rest]:
                pass
            case _:
                raise NotFound("There is no such endpoint; a Base URL has the form /scim/{provider}/v2.")
        principal = await self._authenticator.authenticate(request.headers.get("authorization"), provider_name)
        trace.provider = principal.provider.name
        trace.endpoint, handlers, call = _route(rest, self._call(request, principal, trace))
        handler = handlers.get("GET" if request.method == "HEAD" else request.method)
        if handler is None:
            raise MethodNotAllowed(request.method, tuple(handlers))
        if principal.scope == "read" and handler in _WRITING:
            raise Forbidden("This token may only read; use one that was issued with the scope 'write'.")
        try:
            return await handler(call)
        except TableNotFound:  # the provider may have been deleted since it was cached
            self._authenticator.forget(principal)
            await self._authenticator.authenticate(request.headers.get("authorization"), provider_name)
            raise

    def _call(self, request: Request, principal: Principal, trace: telemetry.Trace) -> Call:
        provider, settings = principal.provider, self._settings
        representation = Representation(
            directory=self._providers.directory(provider),
            schemas=self._providers.schemas(provider),
            base_url=f"{settings.public_url}/scim/{provider.name}/v2",
        )
        origin = Origin(principal.credential, trace.request_id)
        service = Service(representation, provider.profile, settings, origin, trace.quirks)
        queries = Queries(representation, provider.profile, settings, trace.quirks)
        return Call(request, principal, service, queries, settings)


async def _create(call: Call) -> Answer:
    created = await call.service.create(call.resource_type, call.body(), call.projection())
    location = call.service.representation.location(call.resource_type, created["id"])
    return HTTPStatus.CREATED, created, {"Location": location}


async def _query(call: Call) -> Answer:
    return HTTPStatus.OK, await call.queries.query([call.resource_type], call.query()), {}


async def _search(call: Call) -> Answer:
    kinds = [call.kind] if call.kind else [*call.schemas.types.values()]
    return HTTPStatus.OK, await call.queries.search(kinds, call.body()), {}


async def _retrieve(call: Call) -> Answer:
    return HTTPStatus.OK, await call.service.retrieve(call.resource_type, call.identifier, call.projection()), {}


async def _replace(call: Call) -> Answer:
    body, projection = call.body(), call.projection()
    return HTTPStatus.OK, await call.service.replace(call.resource_type, call.identifier, body, projection), {}


async def _modify(call: Call) -> Answer:
    """A group is answered with 204, lest its members be read; the standard wants 200 where attributes are asked."""
    search = call.query()
    quiet = call.resource_type.members is not None and search.attributes is None
    body, projection = call.body(), call.projection()
    shown = await call.service.modify(call.resource_type, call.identifier, body, None if quiet else projection)
    return HTTPStatus.OK if shown else HTTPStatus.NO_CONTENT, shown, {}


async def _delete(call: Call) -> Answer:
    await call.service.delete(call.resource_type, call.identifier)
    return HTTPStatus.NO_CONTENT, None, {}


async def _config(call: Call) -> Answer:
    if call.identifier:
        raise NotFound("There is one ServiceProviderConfig, and nothing below it.")
    _refuse_filter(call)
    config = discovery.service_provider_config(call.base_url, call.settings.page_max, None)
    return HTTPStatus.OK, config, {}


async def _resource_types(call: Call) -> Answer:
    schemas, base_url = call.schemas, call.base_url
    if call.identifier:
        return HTTPStatus.OK, discovery.resource_type(schemas, base_url, call.identifier), {}
    _refuse_filter(call)
    return HTTPStatus.OK, discovery.resource_types(schemas, base_url), {}


async def _schemas(call: Call) -> Answer:
    profile = call.service.profile
    if call.identifier:
        return HTTPStatus.OK, discovery.schema(call.schemas, profile, call.base_url, call.identifier), {}
    _refuse_filter(call)
    return HTTPStatus.OK, discovery.schema_list(call.schemas, profile, call.base_url), {}


async def _not_implemented(_: Call) -> Answer:
    raise NotImplementedYet("This service provider does not implement this endpoint; see /ServiceProviderConfig.")


_COLLECTION: dict[str, Handler] = {"GET": _query, "POST": _create}
_RESOURCE: dict[str, Handler] = {"GET": _retrieve, "PUT": _replace, "PATCH": _modify, "DELETE": _delete}
_SEARCH: dict[str, Handler] = {"POST": _search}
_WRITING = frozenset({_create, _replace, _modify, _delete})
_DISCOVERY: dict[str, Handler] = {
    "serviceproviderconfig": _config,
    "resourcetypes": _resource_types,
    "schemas": _schemas,
}
_OPTIONAL: dict[str, dict[str, Handler]] = {
    "me": dict.fromkeys(("GET", "POST", "PUT", "PATCH", "DELETE"), _not_implemented),
    "bulk": {"POST": _not_implemented},
}


def _route(rest: list[str], call: Call) -> tuple[str, Mapping[str, Handler], Call]:
    """The endpoint of a path below the Base URL: its template, its handlers by method, and the call completed.

    Raises:
        NotFound: there is none.
    """
    match rest:
        case [".search"]:
            return "/.search", _SEARCH, call
        case [name] if name.lower() in _OPTIONAL:
            return f"/{name.lower()}", _OPTIONAL[name.lower()], call
        case [name, *identifiers] if name.lower() in _DISCOVERY and len(identifiers) <= 1:
            handler = _DISCOVERY[name.lower()]
            return f"/{name.lower()}", {"GET": handler}, _with(call, None, "".join(identifiers))
        case [name, *identifiers] if (kind := call.schemas.at(f"/{name}")) and len(identifiers) <= 1:
            if not identifiers:
                return kind.endpoint, _COLLECTION, _with(call, kind, "")
            if identifiers == [".search"]:
                return f"{kind.endpoint}/.search", _SEARCH, _with(call, kind, "")
            return f"{kind.endpoint}/{{id}}", _RESOURCE, _with(call, kind, identifiers[0])
        case _:
            names = ", ".join(kind.endpoint for kind in call.schemas.types.values())
            raise NotFound(f"There is no such endpoint below the Base URL; the resources are at {names}.")


def _with(call: Call, kind: ResourceType | None, identifier: str) -> Call:
    return replace(call, kind=kind, identifier=identifier)


def _refuse_filter(call: Call) -> None:
    """RFC 7644 §4: discovery is not filtered, and a client that tries must learn that it was not."""
    if call.query().filter is not None:
        raise Forbidden("filter: this endpoint cannot be filtered (RFC 7644, section 4).")


def _segments(url: str) -> list[str]:
    """The segments of a path, decoded; empty ones, as a doubled slash makes them, are dropped."""
    try:
        path = urlsplit(url).path
    except ValueError:  # the client's Host header is part of the URL, whatever it holds
        raise BadRequest("The URL cannot be read; its host is none.") from None
    return [unquote(segment) for segment in path.split("/") if segment]


def _parameters(url: str) -> list[tuple[str, str]]:
    try:
        return parse_qsl(urlsplit(url).query, keep_blank_values=True, errors="strict")
    except UnicodeDecodeError:
        raise InvalidValue("The query of the URL is not UTF-8.") from None
