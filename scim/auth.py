"""Who is asking: the Authorization header and the provider in the path, to a principal or to 401.

Every failure takes the same way: one look-up of a credential, one comparison, the same answer. So a missing,
malformed, wrong, revoked or foreign token and an unknown provider cannot be told apart.
"""

import hashlib
import hmac
import time
from dataclasses import dataclass

from scim.credentials import Credential, Scope, Token
from scim.errors import Forbidden, Unauthorized
from scim.provider import Provider
from scim.providers import Providers

_NOBODY = Token("0" * 12, "")
_NO_DIGEST = hashlib.sha256(b"").hexdigest()
_MAX_CACHED = 10_000


@dataclass(frozen=True, slots=True)
class Principal:
    """A client that may speak for a provider.

    Attributes:
        provider: whose directory it is.
        credential: the key id of the credential used, for the change records.
        scope: ``write``, or ``read`` for the vendor's own application.
        user: the id of the user that the credential was issued for, whom ``/Me`` is; blank if for none.
    """

    provider: Provider
    credential: str
    scope: Scope
    user: str = ""


class Authenticator:
    """Recognises tokens, remembering for a while those that were right."""

    def __init__(self, providers: Providers, cache_seconds: float = 60) -> None:
        self._providers = providers
        self._cache_seconds = cache_seconds
        self._cached: dict[str, tuple[float, Credential]] = {}

    async def authenticate(self, authorization: str | None, provider_name: str) -> Principal:
        """The principal behind a request to a provider's URL.

        Raises:
            Unauthorized: for whatever reason.
            Forbidden: the token is right, and the provider is disabled.
        """
        token = _bearer(authorization) or _NOBODY
        held = self._cached.get(token.key_id)
        credential = held[1] if held is not None and held[0] > time.monotonic() else None
        if credential is None or not _opens(credential, token, provider_name):
            credential = await self._providers.credential(token.key_id)
            if not _opens(credential, token, provider_name) or credential is None:
                self._cached.pop(token.key_id, None)
                raise _unauthorized()
            self._remember(credential)
        provider = await self._providers.cached(provider_name)
        if (
            provider is None or provider.table != credential.table
        ):  # perhaps deleted, and made anew, since it was cached
            provider = await self._providers.refreshed(provider_name)
        if provider is None or provider.table != credential.table:
            self._cached.pop(token.key_id, None)
            raise _unauthorized()
        if not provider.enabled:
            raise Forbidden("The administrator of this service has disabled this provisioning provider.")
        return Principal(provider, credential.key_id, credential.scope, credential.user)

    def forget(self, principal: Principal) -> None:
        """Ask the store anew about a principal's credential and provider when they are next needed."""
        self._cached.pop(principal.credential, None)
        self._providers.forget(principal.provider.name)

    def _remember(self, credential: Credential) -> None:
        if len(self._cached) >= _MAX_CACHED:
            self._cached.clear()
        self._cached[credential.key_id] = time.monotonic() + self._cache_seconds, credential


def _bearer(authorization: str | None) -> Token | None:
    scheme, _, text = (authorization or "").partition(" ")
    return Token.parse(text.strip()) if scheme.lower() == "bearer" else None


def _opens(credential: Credential | None, token: Token, provider_name: str) -> bool:
    """Whether the token is the credential's and the credential the provider's, in the same time either way."""
    digest = credential.digest if credential else _NO_DIGEST
    right_token = hmac.compare_digest(digest, token.digest)
    right_provider = hmac.compare_digest((credential.provider if credential else "").encode(), provider_name.encode())
    return credential is not None and right_token and right_provider


def _unauthorized() -> Unauthorized:
    return Unauthorized(
        "Send the provider's token as 'Authorization: Bearer <token>' to the provider's own Base URL.",
        WWW_Authenticate="Bearer",
    )
