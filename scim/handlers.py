"""What each endpoint does with a request whose client is known: the verbs, over HTTP."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from urllib.parse import parse_qsl, urlsplit

from scim import bulk, discovery, media, messages, openapi
from scim.auth import Principal
from scim.errors import BadRequest, Forbidden, InvalidValue, NotFound, NotImplementedYet, PayloadTooLarge
from scim.messages import SearchRequest
from scim.pacing import fairly
from scim.preconditions import Condition
from scim.projection import Projection
from scim.queries import Queries
from scim.representation import Shown
from scim.schema import Json, JsonObject, ResourceType, Schemas
from scim.service import Service
from scim.settings import Settings


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


_ONCE = frozenset({"filter", "sortby", "sortorder", "startindex", "count", "cursor"})
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

    @property
    def location(self) -> str:
        """The URL of the resource; only where the endpoint is that of one."""
        return self.service.representation.location(self.resource_type, self.identifier)

    @property
    def kinds(self) -> list[ResourceType]:
        """The types that a query asks: that of the endpoint; at the Base URL itself, all (RFC 7644 §3.4.2.1)."""
        return [self.kind] if self.kind else [*self.schemas.types.values()]

    def query(self) -> SearchRequest:
        """The query in the URL, as text of the same shape as a search request."""
        parameters: dict[str, str] = {}
        for name, text in _parameters(self.request.url):
            key = name.lower()
            if key in parameters and key in _ONCE:
                raise InvalidValue(f"{name} stands twice in the URL; send it once.")
            parameters[key] = f"{parameters[key]},{text}" if key in parameters else text
        return messages.query(parameters)

    def projection(self, search: SearchRequest | None = None) -> Projection:
        """What the client wants to be shown, by the query in the URL, where it has not been read yet."""
        search = search or self.query()
        return Projection.read(self.resource_type, search.attributes, search.excluded_attributes)

    def condition(self) -> Condition:
        """The version that the client wants the resource to be in."""
        return Condition.read(self.request.headers)

    async def body(self) -> Json:
        """The JSON value in the body."""
        limit = self.settings.group_body_max if self.kind and self.kind.members else self.settings.body_max
        return await self.body_within(limit, "the limit")

    async def body_within(self, limit: int, named: str) -> Json:
        """The JSON value in a body of so many bytes at most, which a refusal names."""
        if len(self.request.body) > limit:
            raise PayloadTooLarge(f"The body has {len(self.request.body)} bytes; {named} is {limit}.")
        media.check_type(self.request.headers.get("content-type"), self.request.headers.get("content-encoding"))
        if not self.request.body and self.request.headers.get("transfer-encoding"):
            raise BadRequest("The body was sent in chunks and did not arrive; send it with a Content-Length.")
        return await fairly(len(self.request.body), media.read, self.request.body, self.settings.json_depth)


async def _create(call: Call) -> Answer:
    created = await call.service.create(call.resource_type, await call.body(), call.projection())
    return HTTPStatus.CREATED, created.resource, _tagged(created) | {"Location": created.location}


async def _query(call: Call) -> Answer:
    return HTTPStatus.OK, await call.queries.ask(call.kinds, call.query()), {}


async def _search(call: Call) -> Answer:
    return HTTPStatus.OK, await call.queries.search(call.kinds, await call.body()), {}


async def _retrieve(call: Call) -> Answer:
    shown = await call.service.retrieve(call.resource_type, call.identifier, call.projection(), call.condition())
    return HTTPStatus.OK if shown.resource is not None else HTTPStatus.NOT_MODIFIED, shown.resource, _tagged(shown)


async def _replace(call: Call) -> Answer:
    body, projection, condition = await call.body(), call.projection(), call.condition()
    shown = await call.service.replace(call.resource_type, call.identifier, body, projection, condition)
    return HTTPStatus.OK, shown.resource, _tagged(shown)


async def _modify(call: Call) -> Answer:
    """A group is answered with 204, lest its members be read; the standard wants 200 where attributes are asked."""
    search = call.query()
    quiet = call.resource_type.members is not None and not (search.attributes or search.excluded_attributes)
    body, projection = await call.body(), None if quiet else call.projection(search)
    condition = call.condition()
    shown = await call.service.modify(call.resource_type, call.identifier, body, projection, condition)
    return HTTPStatus.NO_CONTENT if quiet else HTTPStatus.OK, shown.resource, _tagged(shown)


async def _delete(call: Call) -> Answer:
    await call.service.delete(call.resource_type, call.identifier, call.condition())
    return HTTPStatus.NO_CONTENT, None, {}


def _tagged(shown: Shown) -> dict[str, str]:
    return {"ETag": shown.version}


async def _bulk(call: Call) -> Answer:
    body = await call.body_within(call.settings.group_body_max, "maxPayloadSize")
    return HTTPStatus.OK, await bulk.perform(call.service, body), {}


async def _config(call: Call) -> Answer:
    if call.identifier:
        raise NotFound("There is one ServiceProviderConfig, and nothing below it.")
    _refuse_filter(call)
    return HTTPStatus.OK, configuration(call.settings, call.base_url), {}


def configuration(settings: Settings, base_url: str) -> JsonObject:
    """What the service can do, as it announces it."""
    return discovery.service_provider_config(base_url, settings, None)


async def _openapi(call: Call) -> Answer:
    if call.identifier:
        raise NotFound("There is one description, and nothing below it.")
    config = configuration(call.settings, call.base_url)
    described = openapi.of_provider(call.schemas, call.service.profile, config, call.base_url)
    return HTTPStatus.OK, described, {"Content-Type": openapi.MEDIA_TYPE}


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


def _refuse_filter(call: Call) -> None:
    """RFC 7644 §4: discovery is not filtered, and a client that tries must learn that it was not."""
    if call.query().filter is not None:
        raise Forbidden("filter: this endpoint cannot be filtered (RFC 7644, section 4).")


def _parameters(url: str) -> list[tuple[str, str]]:
    try:
        return parse_qsl(urlsplit(url).query, keep_blank_values=True, errors="strict")
    except UnicodeDecodeError:
        raise InvalidValue("The query of the URL is not UTF-8.") from None


async def _not_implemented(_: Call) -> Answer:
    raise NotImplementedYet("Nobody can be created as /Me; POST to /Users.")


async def _nobody(_: Call) -> Answer:
    raise NotImplementedYet("/Me is the user that a token was issued for; this token was issued for none.")


COLLECTION: Mapping[str, Handler] = {"GET": _query, "POST": _create}
RESOURCE: Mapping[str, Handler] = {"GET": _retrieve, "PUT": _replace, "PATCH": _modify, "DELETE": _delete}
SEARCH: Mapping[str, Handler] = {"POST": _search}
BASE: Mapping[str, Handler] = {"GET": _query}
BULK: Mapping[str, Handler] = {"POST": _bulk}
ME: Mapping[str, Handler] = {**RESOURCE, "POST": _not_implemented}
NOBODY: Mapping[str, Handler] = dict.fromkeys(ME, _nobody)
DISCOVERY: Mapping[str, Handler] = {
    "serviceproviderconfig": _config,
    "resourcetypes": _resource_types,
    "schemas": _schemas,
    "openapi.json": _openapi,
}
WRITING = frozenset({_create, _replace, _modify, _delete, _bulk})
"""What a token that may only read is refused, and a dry run does not do."""
