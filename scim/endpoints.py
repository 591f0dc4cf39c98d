"""HTTP in, HTTP out: which endpoint a path is, who asks, and errors as SCIM says them."""

import asyncio
import re
from collections.abc import Coroutine, Mapping
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

from scim import handlers, media, messages, oauth, telemetry
from scim.addresses import client_address
from scim.auth import Authenticator, Principal
from scim.beside import Beside
from scim.changes import Origin
from scim.errors import (
    BadRequest,
    Forbidden,
    InternalError,
    InvalidVersion,
    MethodNotAllowed,
    NotFound,
    ScimError,
    Unauthorized,
    Unavailable,
    UriTooLong,
)
from scim.handlers import Answer, Call, Handler, Request, Response
from scim.oauth import OAuthError
from scim.pacing import Pace
from scim.providers import Providers
from scim.queries import Queries
from scim.representation import Representation
from scim.schema import ResourceType, Schemas
from scim.service import Service
from scim.settings import Settings
from scim.storage.rows import SettingsChanged, TableNotFound

MAX_URL = 4_096
"""Characters in a URL, at most: what the Functions host lets through."""
_VERSION = re.compile(r"v[0-9]{1,9}(\.[0-9]{1,9})?", re.ASCII | re.IGNORECASE)
DRY_RUN = "dry-run"
"""The preference (RFC 7240) for an answer as ever, with nothing written; our own, as RFC 7240 §3 allows."""


class Endpoints:
    """The service's HTTP surface: ``/scim/{provider}/v2/…``."""

    def __init__(
        self,
        settings: Settings,
        providers: Providers,
        authenticator: Authenticator,
        beside: Beside,
    ) -> None:
        self._settings = settings
        self._providers = providers
        self._authenticator = authenticator
        self._beside = beside
        self._pace = Pace(settings.requests_per_second, settings.requests_at_once)

    async def handle(self, request: Request) -> Response:
        """Answer a request; whatever happens, in the words of the endpoint that it is for."""
        with telemetry.request(request.method, request.headers) as trace:
            try:
                status, body, headers = await self._in_time(self._answer(request, trace))
            except ScimError as error:
                status, body, headers = _refusal(error, trace)
            except Exception as error:  # noqa: BLE001 (the border: nothing may pass it)
                trace.fail(error)
                unforeseen = InternalError(f"Something unforeseen happened; its correlation id is {trace.request_id}.")
                status, body, headers = _refusal(unforeseen, trace)
            trace.status = status.value
            headers = {"Content-Type": f"{media.SCIM_JSON}; charset=utf-8", **headers}
            headers |= {"X-Request-Id": trace.request_id, "Cache-Control": "no-store"}
            bodiless = body is None or request.method == "HEAD"
            return Response(status, b"" if bodiless else media.write(body), headers)

    async def _in_time(self, answer: Coroutine[None, None, Answer]) -> Answer:
        """An answer that does not keep the client waiting for ever; what a write began is finished or undone anyway."""
        seconds = self._settings.request_seconds
        try:
            async with asyncio.timeout(seconds):
                return await answer
        except TimeoutError:
            detail = (
                f"The request took more than {seconds} s and was broken off; see what became of it, then repeat it."
            )
            raise Unavailable(detail, retry_after=5) from None

    async def _answer(self, request: Request, trace: telemetry.Trace) -> Answer:
        if len(request.url) > MAX_URL:
            raise UriTooLong(
                f"The URL has {len(request.url)} characters; the limit is {MAX_URL}. POST to /.search instead."
            )
        match _segments(request.url):
            case ["scim", provider_name, version, *rest] if _VERSION.fullmatch(version):
                path = [version, *rest]
            case other:
                return await self._beside.answer(other, request, trace)
        try:
            return await self._handled(request, provider_name, path, trace)
        except SettingsChanged:  # since they were cached; nothing was written, so the request may be done once more
            return await self._handled(request, provider_name, path, trace)

    async def _handled(self, request: Request, provider_name: str, path: list[str], trace: telemetry.Trace) -> Answer:
        address = client_address(request.headers, self._settings.proxies)
        try:
            principal = await self._authenticator.authenticate(
                request.headers.get("authorization"), provider_name, address
            )
        except Unauthorized:
            await self._beside.failures.slow(provider_name, address)
            raise
        trace.provider = principal.provider.name
        with self._pace.admit(principal.provider.name, len(request.body)):
            return await self._admitted(request, principal, path, trace)

    async def _admitted(
        self, request: Request, principal: Principal, path: list[str], trace: telemetry.Trace
    ) -> Answer:
        """Answer a client that is known, and has not had its share."""
        version, *rest = path
        provider_name = principal.provider.name
        if version.lower() != "v2":
            raise InvalidVersion(f"{version} of SCIM is not supported; the version is v2.")
        found = _find(rest, self._providers.schemas(principal.provider), principal.user)
        trace.endpoint, answering = found.template, found.answering
        handler = answering.get("GET" if request.method == "HEAD" else request.method)
        if handler is None:
            raise MethodNotAllowed(request.method, tuple(answering))
        if principal.scope == "read" and handler in handlers.WRITING:
            raise Forbidden("This token may only read; use one that was issued with the scope 'write'.")
        call = self._call(request, principal, trace, found)
        told = {"Preference-Applied": DRY_RUN} if call.service.dry_run and handler in handlers.WRITING else {}
        if answering is handlers.ME:  # which resource it is stands in every answer (RFC 7644 §3.11)
            told["Location"] = call.location
        try:
            status, body, headers = await handler(call)
        except TableNotFound:  # the provider may have been deleted since it was cached
            self._authenticator.forget(principal)
            address = client_address(request.headers, self._settings.proxies)
            await self._authenticator.authenticate(request.headers.get("authorization"), provider_name, address)
            raise
        except SettingsChanged:
            self._authenticator.forget(principal)
            raise
        except ScimError as error:  # others may hear the same one, and nothing of this client
            status, body, headers = _refusal(error, trace)
        return status, body, headers | told

    def _call(self, request: Request, principal: Principal, trace: telemetry.Trace, found: "_Endpoint") -> Call:
        provider, settings = principal.provider, self._settings
        representation = Representation(
            directory=self._providers.directory(provider),
            schemas=self._providers.schemas(provider),
            base_url=f"{settings.public_url}/scim/{provider.name}/v2",
        )
        origin = Origin(principal.credential, trace.request_id)
        dry_run = _prefers_dry_run(request.headers)
        service = Service(representation, provider.profile, settings, origin, trace.quirks, dry_run, len(request.body))
        queries = Queries(representation, provider, provider.profile, settings, trace.quirks)
        return Call(request, principal, service, queries, settings, found.kind, found.identifier)


def _refusal(error: ScimError, trace: telemetry.Trace) -> Answer:
    trace.scim_type = error.scim_type
    if trace.endpoint == oauth.ENDPOINT:
        refused = OAuthError.of(error)
        return refused.status, refused.body, oauth.NO_STORE | refused.headers
    return error.status, messages.error(error), error.headers


@dataclass(frozen=True, slots=True)
class _Endpoint:
    """What a path below the Base URL names.

    Attributes:
        template: the path with names in place of values.
        answering: its handlers by method.
        identifier: the last segment, where that is a value.
    """

    template: str
    answering: Mapping[str, Handler]
    kind: ResourceType | None = None
    identifier: str = ""


def _find(rest: list[str], schemas: Schemas, user: str) -> _Endpoint:
    """The endpoint of a path below the Base URL; ``user`` is the one who is ``/Me``, blank if nobody.

    Raises:
        NotFound: there is none.
    """
    match [name.lower() for name in rest[:1]], rest[1:]:
        case [], []:
            return _Endpoint("/", handlers.BASE)
        case [".search" | "bulk" as name], []:
            return _SINGLE[name]
        case ["me"], []:
            return _Endpoint("/Me", handlers.ME if user else handlers.NOBODY, schemas.at("/Users"), user)
        case [name], [] | [_] as identifiers if name in handlers.DISCOVERY:
            return _Endpoint(f"/{name}", {"GET": handlers.DISCOVERY[name]}, None, "".join(identifiers))
        case [name], [] | [_] as identifiers if kind := schemas.at(f"/{name}"):
            below, answering = _of_resources(identifiers)
            return _Endpoint(kind.endpoint + below, answering, kind, "".join(identifiers))
        case _:
            names = ", ".join(kind.endpoint for kind in schemas.types.values())
            raise NotFound(f"There is no such endpoint below the Base URL; the resources are at {names}.")


_SINGLE: Mapping[str, _Endpoint] = {
    ".search": _Endpoint("/.search", handlers.SEARCH),
    "bulk": _Endpoint("/Bulk", handlers.BULK),
}


def _of_resources(identifiers: list[str]) -> tuple[str, Mapping[str, Handler]]:
    """What lies below a resource type's endpoint: its template and its handlers."""
    match identifiers:
        case []:
            return "", handlers.COLLECTION
        case [".search"]:
            return "/.search", handlers.SEARCH
        case _:
            return "/{id}", handlers.RESOURCE


def _prefers_dry_run(headers: Mapping[str, str]) -> bool:
    preferences = headers.get("prefer", "").split(",")
    return any(preference.partition(";")[0].strip().lower() == DRY_RUN for preference in preferences)


def _segments(url: str) -> list[str]:
    """The segments of a path, decoded; empty ones, as a doubled slash makes them, are dropped."""
    try:
        path = urlsplit(url).path
    except ValueError:  # the client's Host header is part of the URL, whatever it holds
        raise BadRequest("The URL cannot be read; its host is none.") from None
    return [unquote(segment) for segment in path.split("/") if segment]
