"""Beside SCIM: the endpoints that are no provider's, or that clients ask before they have a token."""

from dataclasses import dataclass, field
from functools import cached_property
from http import HTTPStatus

from scim import handlers, oauth, openapi, telemetry
from scim.addresses import client_address
from scim.errors import MethodNotAllowed, NotFound
from scim.failures import Failures
from scim.handlers import Answer, Request
from scim.oauth import OAuthError, TokenEndpoint
from scim.readiness import Readiness
from scim.schema import JsonObject, Schemas
from scim.settings import Settings


@dataclass
class Beside:
    """The token endpoint, and what anyone may know.

    Attributes:
        tokens: issues access tokens, where any are issued.
        standard: the schemas of a provider that has none of its own.
        failures: makes those wait who come with wrong credentials.
    """

    settings: Settings
    tokens: TokenEndpoint | None
    standard: Schemas
    readiness: Readiness
    failures: Failures = field(default_factory=Failures)

    async def answer(self, path: list[str], request: Request, trace: telemetry.Trace) -> Answer:
        """Answer a request for a path.

        Raises:
            NotFound: there is nothing.
            MethodNotAllowed: there is something, to be asked in another way.
        """
        answer = await self._of_clients(self.tokens, path, request, trace) if self.tokens is not None else None
        match path:
            case _ if answer is not None:
                return answer
            case ["openapi.json"]:
                return _published(request, self._description, trace, "/openapi.json", openapi.MEDIA_TYPE)
            case ["health"]:
                return _published(request, {"status": "ok"}, trace, "/health")
            case ["ready"]:
                _, _, headers = _published(request, {}, trace, "/ready")  # which other methods do not come through
                report = await self.readiness.look()
                return HTTPStatus.OK if report.ready else HTTPStatus.SERVICE_UNAVAILABLE, report.body(), headers
            case _:
                raise NotFound("There is no such endpoint; a Base URL has the form /scim/{provider}/v2.")

    async def _of_clients(
        self, tokens: TokenEndpoint, path: list[str], request: Request, trace: telemetry.Trace
    ) -> Answer | None:
        """Answer what OAuth clients ask, and those who take their tokens; None if it is not that."""
        match path:
            case ["scim", provider_name, "oauth", "token"]:
                return await self._token(tokens, request, provider_name, trace)
            case ["oauth", "token"]:
                return await self._token(tokens, request, "", trace)
            case [".well-known", "oauth-authorization-server"]:
                return _published(request, oauth.metadata(self.settings.public_url), trace)
            case [".well-known", "jwks.json"]:
                return _published(request, await tokens.jwks(), trace)
            case _:
                return None

    async def _token(
        self, tokens: TokenEndpoint, request: Request, provider_name: str, trace: telemetry.Trace
    ) -> Answer:
        """Issue an access token, or say why not in OAuth's words (RFC 6749 §5)."""
        trace.endpoint = oauth.ENDPOINT
        if request.method != "POST":
            raise MethodNotAllowed(request.method, ("POST",))
        address = client_address(request.headers, self.settings.proxies)
        try:
            body = await tokens.token(request.headers, request.body, provider_name, address)
        except OAuthError as refused:
            if refused.status == HTTPStatus.UNAUTHORIZED:
                await self.failures.slow(provider_name, address)
            return refused.status, refused.body, oauth.NO_STORE | refused.headers
        trace.provider = provider_name
        return HTTPStatus.OK, body, oauth.NO_STORE

    @cached_property
    def _description(self) -> JsonObject:
        """Any provider's endpoints, and the standard schemas; made once, for it is large and costs no token."""
        url = self.settings.public_url
        return openapi.of_service(self.standard, handlers.configuration(self.settings, url), url)


def _published(
    request: Request,
    document: JsonObject,
    trace: telemetry.Trace,
    endpoint: str = "/.well-known",
    kind: str = oauth.JSON,
) -> Answer:
    """A document that anyone may read."""
    trace.endpoint = endpoint
    if request.method not in {"GET", "HEAD"}:
        raise MethodNotAllowed(request.method, ("GET",))
    return HTTPStatus.OK, document, {"Content-Type": kind}
