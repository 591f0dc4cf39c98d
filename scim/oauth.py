"""OAuth 2.0 client credentials (RFC 6749 §4.4): secrets, or assertions of Entra's (RFC 7523), for access tokens.

Clients speak form here, and are answered in JSON that is not SCIM's: the token endpoint knows errors of its own (§5.2).
"""

import hashlib
from base64 import b64decode
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from urllib.parse import parse_qsl, unquote_plus

from scim.credentials import NOBODY, Credential, Secret, Trust, federated_id, is_key_id
from scim.entra import NO_TRUST, Entra, unproven
from scim.errors import ScimError
from scim.keyring import Keyring
from scim.pacing import Pace
from scim.providers import Providers
from scim.schema import JsonObject
from scim.signing import ALGORITHM, Signing

ENDPOINT = "/oauth/token"
"""The token endpoint, below a provider's path or the service's."""
JSON = "application/json"
NO_STORE = {"Content-Type": JSON, "Cache-Control": "no-store", "Pragma": "no-cache"}
_FORM = "application/x-www-form-urlencoded"
_ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_MAX_BODY = 20_000
_MAX_FIELDS = 20
_PER_SECOND, _AT_ONCE = 5, 10
"""Tokens of one client: one an hour is what it needs."""


class OAuthError(Exception):
    """A request for a token that is refused (§5.2)."""

    def __init__(self, error: str, description: str, status: HTTPStatus = HTTPStatus.BAD_REQUEST) -> None:
        super().__init__(error)
        self.status = status
        self.body: JsonObject = {"error": error, "error_description": description}
        self.headers = {"WWW-Authenticate": 'Basic realm="oauth"'} if status == HTTPStatus.UNAUTHORIZED else {}

    @classmethod
    def of(cls, error: ScimError) -> "OAuthError":
        """What the service says of itself, in this endpoint's words."""
        server = error.status >= HTTPStatus.INTERNAL_SERVER_ERROR or error.status == HTTPStatus.TOO_MANY_REQUESTS
        refused = cls("temporarily_unavailable" if server else "invalid_request", error.detail, error.status)
        refused.headers |= error.headers
        return refused


@dataclass(frozen=True, slots=True)
class _Claimed:
    """Who a client says that it is, and how it proves it."""

    client_id: str
    secret: str = ""
    assertion: str = ""


class TokenEndpoint:
    """Issues access tokens.

    Args:
        minutes: for how long they are good.
    """

    def __init__(self, providers: Providers, signing: Signing, entra: Entra, minutes: int) -> None:
        self._providers = providers
        self._keyring: Keyring = providers.keyring
        self._signing = signing
        self._entra = entra
        self._minutes = minutes
        self._pace = Pace(_PER_SECOND, _AT_ONCE)

    async def jwks(self) -> JsonObject:
        """The public keys, for whoever wants to know an access token."""
        return await self._signing.jwks()

    async def token(self, headers: Mapping[str, str], body: bytes, provider_name: str, address: str) -> JsonObject:
        """The answer to a request for a token.

        Args:
            headers: the request's, with names in lower case.
            body: the form.
            provider_name: the provider in the path; blank where the path names none.
            address: whence the request comes.

        Raises:
            OAuthError: it is refused.
            ScimError: it is not, and cannot be answered now.
        """
        form = _form(headers, body)
        claimed = _claimed(headers.get("authorization", ""), form)
        if form.get("grant_type") is None:
            raise OAuthError("invalid_request", "grant_type is missing; it must be client_credentials.")
        if form["grant_type"] != "client_credentials":
            raise OAuthError("unsupported_grant_type", "grant_type must be client_credentials.")
        credential, secret = await self._proven(claimed, provider_name)
        with self._pace.admit(credential.key_id):
            return await self._issued(credential, secret, address)

    async def _proven(self, claimed: _Claimed, provider_name: str) -> tuple[Credential, Secret | None]:
        """The client, and the secret that it has proven itself with; looked up anew, for tokens are rare."""
        key_id = claimed.client_id
        if claimed.assertion and not key_id:
            told = unproven(claimed.assertion)
            key_id = federated_id(provider_name, Trust(str(told.get("tid", "")), "", "", str(told.get("sub", ""))))
        credential = await self._keyring.get(key_id if is_key_id(key_id) else NOBODY.key_id) or NOBODY
        if claimed.assertion:
            secret = None
            right = await self._entra.proves(claimed.assertion, credential.trust or NO_TRUST)
            right = right and credential.kind == "federated" and credential.good(self._keyring.now)
        else:
            digest = hashlib.sha256(claimed.secret.encode()).hexdigest()
            secret = credential.opened_by(digest, self._keyring.now)
            right = secret is not None and credential.kind == "client"
        if not right or credential is NOBODY or provider_name not in {"", credential.provider}:
            raise _unknown()
        return credential, secret

    async def _issued(self, credential: Credential, secret: Secret | None, address: str) -> JsonObject:
        provider = await self._providers.opened_by(credential.provider, credential)
        if provider is None:
            raise _unknown()
        if not provider.enabled or not provider.lets_in(address):
            raise OAuthError(
                "unauthorized_client", "The administrator of this service does not let this client in at present."
            )
        self._keyring.note_use(credential, address)
        claims: JsonObject = {
            "sub": credential.key_id,
            "client_id": credential.key_id,
            "provider": provider.name,
            "table": provider.table,
            "since": credential.created,
            "scope": credential.scope,
        }
        if secret is not None:
            claims["secret"] = secret.mark
        seconds = self._minutes * 60
        token = await self._signing.sign(claims, self._signing.audience(provider.name), seconds)
        return {"access_token": token, "token_type": "Bearer", "expires_in": seconds, "scope": credential.scope}


def _unknown() -> OAuthError:
    return OAuthError(
        "invalid_client",
        "The client is not known here, or its secret or assertion is wrong.",
        HTTPStatus.UNAUTHORIZED,
    )


def metadata(issuer: str) -> JsonObject:
    """What clients may know of the issuer (RFC 8414 §2): one for the deployment, whatever the provider."""
    return {
        "issuer": issuer,
        "token_endpoint": issuer + ENDPOINT,
        "jwks_uri": f"{issuer}/.well-known/jwks.json",
        "response_types_supported": [],
        "grant_types_supported": ["client_credentials"],
        "scopes_supported": ["write", "read"],
        "token_endpoint_auth_methods_supported": ["client_secret_post", "client_secret_basic", "private_key_jwt"],
        "token_endpoint_auth_signing_alg_values_supported": ["RS256"],
        "access_token_signing_alg_values_supported": [ALGORITHM],
    }


def _form(headers: Mapping[str, str], body: bytes) -> dict[str, str]:
    """The fields of the request, each once (§3.2)."""
    if headers.get("content-type", "").partition(";")[0].strip().lower() != _FORM:
        raise OAuthError("invalid_request", f"Send the request as {_FORM}.")
    if len(body) > _MAX_BODY:
        raise OAuthError(
            "invalid_request", f"The request has more than {_MAX_BODY} bytes.", HTTPStatus.CONTENT_TOO_LARGE
        )
    try:
        pairs = parse_qsl(body.decode("ascii"), errors="strict", max_num_fields=_MAX_FIELDS)
    except ValueError:
        raise OAuthError("invalid_request", "The request cannot be read as a form.") from None
    form = dict(pairs)
    if len(form) < len(pairs):
        raise OAuthError("invalid_request", "A parameter stands twice; send each once.")
    return form


def _claimed(authorization: str, form: Mapping[str, str]) -> _Claimed:
    """Who the client says that it is, in one way of the three (§2.3)."""
    ways = [bool(authorization), "client_secret" in form, "client_assertion" in form]
    if sum(ways) > 1:
        raise OAuthError("invalid_request", "The client proves itself in more than one way; use one.")
    client_id = form.get("client_id", "")
    if "client_assertion" in form:
        if form.get("client_assertion_type") != _ASSERTION:
            raise OAuthError("invalid_request", f"client_assertion_type must be {_ASSERTION}.")
        return _Claimed(client_id, assertion=form["client_assertion"])
    if not authorization:
        return _Claimed(client_id, secret=form.get("client_secret", ""))
    scheme, _, text = authorization.partition(" ")
    try:
        user, _, password = (
            b64decode(text.strip() if scheme.lower() == "basic" else "", validate=True).decode().partition(":")
        )
    except ValueError:
        user, password = "", ""
    claimed = _Claimed(unquote_plus(user), secret=unquote_plus(password))
    if client_id and client_id != claimed.client_id:
        raise OAuthError("invalid_request", "client_id is not the user name of the Authorization header.")
    return claimed
