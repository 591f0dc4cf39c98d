"""Who is asking: the Authorization header and the provider in the path, to a principal or to 401.

Every failure takes the same way: one look-up of a credential, one comparison, the same answer. So a missing,
malformed, wrong, expired, revoked or foreign credential and an unknown provider cannot be told apart.
"""

import asyncio
import hashlib
import hmac
import time
from base64 import b64decode
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

from scim import telemetry
from scim.credentials import (
    NOBODY,
    Credential,
    Scope,
    Token,
    entra_id,
    is_key_id,
    is_password,
    warned_days,
)
from scim.entra import NO_TRUST, Entra, unproven
from scim.errors import Forbidden, TooManyRequests, Unauthorized
from scim.keyring import Keyring
from scim.provider import Provider, is_name
from scim.providers import Providers
from scim.signing import Signing

_NOBODY = Token("0" * 12, "")
_NO_PASSWORD = f"{bytes(16).hex()}:{bytes(32).hex()}"
"""What is kept of no password at all: to look takes as long as for one."""
_AT_A_TIME, _IN_LINE = 1, 20
"""Passwords that are checked at a time, in each of two lines, and those of one name that wait for it."""
_JWT_DOTS = 2

type Proof = Callable[[Credential], Awaitable[bool]]


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
    """Recognises clients, remembering for a while those that were right.

    Args:
        signing: knows the access tokens that were issued here; None where none are.
    """

    def __init__(self, providers: Providers, entra: Entra | None = None, signing: Signing | None = None) -> None:
        self._providers = providers
        self._keyring: Keyring = providers.keyring
        self._entra = entra or Entra()
        self._signing = signing
        self._passwords = Passwords()
        self._warned: dict[str, int] = {}

    async def authenticate(self, authorization: str | None, provider_name: str, address: str = "") -> Principal:
        """The principal behind a request to a provider's URL.

        Args:
            authorization: the header.
            provider_name: the provider in the path.
            address: whence the request comes; blank where nobody knows.

        Raises:
            Unauthorized: for whatever reason.
            Forbidden: the credential is right, and the provider is disabled, or does not let this address in.
            TooManyRequests: too many passwords are being checked.
        """
        credential = await self._proven(authorization, provider_name)
        if credential is None:
            raise _unauthorized()
        provider = await self._providers.opened_by(provider_name, credential)
        if provider is None:
            self._keyring.forget(credential.key_id)
            raise _unauthorized()
        if not provider.enabled:
            raise Forbidden("The administrator of this service has disabled this provisioning provider.")
        if not provider.lets_in(address):
            raise Forbidden("The administrator of this service does not let requests come from this address.")
        self._keyring.note_use(credential, address)
        self._warn(credential)
        return Principal(provider, credential.key_id, credential.scope, credential.user)

    def forget(self, principal: Principal) -> None:
        """Ask the store anew about a principal's credential and provider when they are next needed."""
        self._keyring.forget(principal.credential)
        self._providers.forget(principal.provider.name)

    async def _proven(self, authorization: str | None, provider_name: str) -> Credential | None:
        """The credential that the header proves, if it is one of the provider's."""
        scheme, _, text = (authorization or "").partition(" ")
        text = text.strip()
        match scheme.lower():
            case "bearer" if text.count(".") == _JWT_DOTS:
                key_id, proof = await self._of_jwt(text, provider_name)
            case "basic":
                key_id, proof = self._of_password(text)
            case "bearer":
                key_id, proof = self._of_token(Token.parse(text) or _NOBODY)
            case _:
                key_id, proof = self._of_token(_NOBODY)
        held, asked_at = self._keyring.cached(key_id), time.monotonic()
        if held is not None:
            if await proof(held) and held.provider == provider_name:
                return held
            found = await self._keyring.get(key_id)
            if found is not None and found.unused == held.unused:
                return None
        else:
            found = await self._keyring.get(key_id)
        proven = await proof(found or NOBODY)
        if found is None or not proven or found.provider != provider_name:
            if held is not None:  # it is no longer what it was
                self._keyring.forget(key_id)
            return None
        self._keyring.remember(found, asked_at)
        return found

    def _of_token(self, token: Token) -> tuple[str, Proof]:
        async def proof(credential: Credential) -> bool:
            return credential.opened_by(token.digest, self._keyring.now) is not None and credential.kind == "token"

        return token.key_id, proof

    def _of_password(self, text: str) -> tuple[str, Proof]:
        try:
            user, _, password = b64decode(text, validate=True).decode().partition(":")
        except ValueError:
            user, password = "", ""

        async def proof(credential: Credential) -> bool:
            right = await self._passwords.opens(credential, password)
            now = self._keyring.now
            return right and credential.kind == "basic" and credential.secrets[0].good(now) and credential.good(now)

        return user if is_key_id(user) else _NOBODY.key_id, proof

    async def _of_jwt(self, text: str, provider_name: str) -> tuple[str, Proof]:
        """An access token of our own, or, where it says that it is somebody else's, one of Entra's."""
        if self._signing is not None and unproven(text).get("iss") == self._signing.issuer:
            claims = await self._signing.claims(text, self._signing.audience(provider_name)) or {}

            async def issued(credential: Credential) -> bool:
                secret = claims.get("secret")
                held = secret is None or any(each.mark == secret for each in credential.secrets)
                ours = credential.kind in {"client", "federated"} and claims.get("table") == credential.table
                same = claims.get("since") == credential.created  # a trust that is made anew has its former id
                return ours and held and same and credential.good(self._keyring.now)

            return str(claims.get("client_id", _NOBODY.key_id)), issued

        async def entra(credential: Credential) -> bool:
            trust = credential.trust if credential.kind == "entra" else None
            proven = await self._entra.proves(text, trust or NO_TRUST)
            return proven and credential.good(self._keyring.now)

        return entra_id(provider_name) if is_name(provider_name) else _NOBODY.key_id, entra

    def _warn(self, credential: Credential) -> None:
        """Say in the log, once at each of some numbers of days before, that a credential ends."""
        step = warned_days(credential.ends, self._keyring.now)
        if step and self._warned.get(credential.key_id) != step:
            self._warned[credential.key_id] = step
            telemetry.warn_of_end(credential.provider, credential.key_id, credential.ends)


class Passwords:
    """Checks passwords, which takes long on purpose: few at a time, and each that was right once only.

    Those of names that nobody has stand in a line of their own, and keep no client waiting who has one. Of one name
    only so many may wait, so that who knows it turns away nobody of another.
    """

    def __init__(self) -> None:
        self._right: dict[str, str] = {}
        self._turns = {known: asyncio.Semaphore(_AT_A_TIME) for known in (True, False)}
        self._waiting: Counter[str] = Counter()

    async def opens(self, credential: Credential, password: str) -> bool:
        """Whether a password is that of a credential, or none.

        Raises:
            TooManyRequests: too many wait already.
        """
        known = credential.kind == "basic" and bool(credential.secrets)
        kept = credential.secrets[0].digest if known else _NO_PASSWORD
        quick = hashlib.sha256(f"{kept} {password}".encode()).hexdigest()
        if hmac.compare_digest(self._right.get(credential.key_id, ""), quick):
            return True
        async with self._turn(credential.key_id if known else "", self._turns[known]):
            right = await asyncio.to_thread(is_password, password, kept)
        if right and known:
            self._right[credential.key_id] = quick
        return right and known

    @asynccontextmanager
    async def _turn(self, name: str, turns: asyncio.Semaphore) -> AsyncIterator[None]:
        """Wait for a turn, and have it; names that nobody has share one, a blank."""
        if self._waiting[name] >= _IN_LINE:
            raise TooManyRequests("Too many passwords to check at once; send the request again.", 5)
        self._waiting[name] += 1
        try:
            async with turns:
                yield
        finally:
            self._waiting[name] -= 1


def _unauthorized() -> Unauthorized:
    return Unauthorized(
        "Send the provider's token as 'Authorization: Bearer <token>' to the provider's own Base URL.",
        WWW_Authenticate='Bearer realm="scim"',
    )
