"""The keys that sign access tokens: one PEM text with all of them, from a file or from Key Vault.

Every process reads the text anew each few minutes, so a new key may not sign before all processes know it: a key signs
from a quarter of an hour after it was made, and while there is only one, at once. It stays until the last token that
it signed has expired. Before each key in the text stands a line ``Created: <time>``, as RFC 7468 §5.2 lets it.
"""

import asyncio
import hashlib
import json
import re
import time
import uuid
from base64 import urlsafe_b64encode
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import pairwise
from typing import Any, Self

import jwt
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_pem_private_key
from jwt.algorithms import ECAlgorithm

from scim import telemetry
from scim.credentials import at
from scim.errors import Unavailable

ALGORITHM = "ES256"
TYPE = "at+jwt"
"""The type of an access token (RFC 9068 §2.1), so that no other signed text of ours is taken for one."""
LEEWAY = 30
"""Seconds that the clocks of our own processes may differ."""
KNOWN_AFTER = 900
"""Seconds after which every process knows a key."""
LONGEST_LIFE = 21_600
"""Seconds that an access token may live."""
_FRESH = 300.0
"""Seconds for which the keys are believed to be the newest."""
_AGAIN = 30.0
"""Seconds, at least, between two looks for a key that is not known."""
_PAUSE = 5.0
"""Seconds, at least, between two looks while there is no key at all."""
_KEY = re.compile(r"Created: (\S+)\s+(-----BEGIN PRIVATE KEY-----.+?-----END PRIVATE KEY-----)", re.DOTALL)

_CHECKED: Any = {
    "require": ["exp", "iat", "nbf", "aud", "iss"],
    "strict_aud": True,
    **dict.fromkeys(("verify_exp", "verify_nbf", "verify_iat"), False),  # by our own clock instead
}

type Claims = dict[str, Any]
type Source = Callable[[], Awaitable[str]]
"""Gives the PEM text; raises OSError where it cannot be had."""


class KeysError(Exception):
    """The text of the keys is not what it must be; the message says what, and nothing of a key."""


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A private key.

    Attributes:
        kid: its thumbprint (RFC 7638).
        created: Unix time, in seconds.
    """

    kid: str
    created: float
    private: ec.EllipticCurvePrivateKey = field(repr=False)

    @classmethod
    def new(cls, now: float) -> Self:
        """A key of this moment."""
        return cls.of(ec.generate_private_key(ec.SECP256R1()), now)

    @classmethod
    def of(cls, private: ec.EllipticCurvePrivateKey, created: float) -> Self:
        """A key under the name that its public part gives it."""
        told = json.loads(ECAlgorithm.to_jwk(private.public_key()))
        canonical = json.dumps({name: told[name] for name in ("crv", "kty", "x", "y")}, separators=(",", ":"))
        digest = hashlib.sha256(canonical.encode()).digest()
        return cls(urlsafe_b64encode(digest).rstrip(b"=").decode(), created, private)

    @property
    def public(self) -> Claims:
        """What others may know of it, as a JWK (RFC 7517)."""
        told: Claims = json.loads(ECAlgorithm.to_jwk(self.private.public_key()))
        return {**told, "kid": self.kid, "alg": ALGORITHM, "use": "sig"}


def read(text: str) -> tuple[SigningKey, ...]:
    """The keys in a text, the oldest first.

    Raises:
        KeysError: there is none, or one of them is no private key on P-256.
    """
    found: list[SigningKey] = []
    for created, pem in _KEY.findall(text):
        try:
            private = load_pem_private_key(pem.encode(), None)
            moment = datetime.fromisoformat(created).timestamp()
        except (ValueError, TypeError, UnsupportedAlgorithm):
            raise KeysError(f"the signing key created {created[:40]!r} cannot be read") from None
        if not isinstance(private, ec.EllipticCurvePrivateKey) or not isinstance(private.curve, ec.SECP256R1):
            raise KeysError(f"the signing key created {created} is not on the curve P-256, which {ALGORITHM} needs")
        found.append(SigningKey.of(private, moment))
    if not found:
        raise KeysError("there is no signing key: make one by 'python -m scim keys roll'")
    return tuple(sorted(found, key=lambda key: key.created))


def write(keys: Sequence[SigningKey]) -> str:
    """The text of keys."""
    return "".join(
        f"Created: {at(key.created)}\n"
        + key.private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
        for key in keys
    )


def signer(keys: Sequence[SigningKey], now: float) -> SigningKey:
    """The key that signs: the newest that everybody knows; while nobody may know any, the oldest."""
    known = [key for key in keys if key.created + KNOWN_AFTER <= now]
    return known[-1] if known else keys[0]


def rolled(keys: Sequence[SigningKey], now: float) -> tuple[SigningKey, ...]:
    """The keys with a new one, and without those whose last token has expired."""
    retired = [
        key for key, successor in pairwise(keys) if successor.created + KNOWN_AFTER + LONGEST_LIFE + LEEWAY < now
    ]
    return (*(key for key in keys if key not in retired), SigningKey.new(now))


class Signing:
    """Signs access tokens, and knows those that were signed here.

    Args:
        source: gives the text of the keys.
        issuer: who signs (``iss``).
        clock: gives Unix time in seconds.
    """

    def __init__(self, source: Source, issuer: str, clock: Callable[[], float] = time.time) -> None:
        self.issuer = issuer
        self._source = source
        self._clock = clock
        self._keys: tuple[SigningKey, ...] = ()
        self._read_at = float("-inf")
        self._unread = False
        self._reading = asyncio.Lock()

    @property
    def unread(self) -> bool:
        """Whether the keys could not be read when they last should have been."""
        return self._unread

    def audience(self, provider: str) -> str:
        """Whom tokens for a provider are for (``aud``): its Base URL."""
        return f"{self.issuer}/scim/{provider}/v2"

    async def sign(self, claims: Claims, audience: str, seconds: int) -> str:
        """An access token that lives so many seconds (RFC 9068 §2.2).

        Raises:
            Unavailable: there is no key to sign with.
        """
        now = int(self._clock())
        key = signer(await self._known(_FRESH), now)
        whole = {
            "iss": self.issuer,
            "aud": audience,
            "iat": now,
            "nbf": now,
            "exp": now + seconds,
            "jti": uuid.uuid4().hex,
            **claims,
        }
        return jwt.encode(whole, key.private, ALGORITHM, headers={"kid": key.kid, "typ": TYPE})

    async def claims(self, token: str, audience: str) -> Claims | None:
        """What a token says, if it was signed here, for that audience, and is good now.

        Raises:
            Unavailable: there is no key to know it by, and the newest keys cannot be read.
        """
        try:
            header = jwt.get_unverified_header(token)
            if header.get("alg") != ALGORITHM or str(header.get("typ", "")).lower() != TYPE:
                return None
            key = await self._key(str(header.get("kid", "")))
            if key is None:
                return None
            whole: Claims = jwt.decode(
                token,
                key.private.public_key(),
                algorithms=[ALGORITHM],
                audience=audience,
                issuer=self.issuer,
                options=_CHECKED,
            )
        except jwt.PyJWTError:
            return None
        now, times = self._clock(), [whole[name] for name in ("iat", "nbf", "exp")]
        if not all(isinstance(each, int) for each in times):
            return None
        begun, ended = max(times[:2]), times[2]
        return whole if begun - LEEWAY <= now < ended + LEEWAY else None

    async def jwks(self) -> Claims:
        """The public keys (RFC 7517 §5).

        Raises:
            Unavailable: they cannot be read.
        """
        return {"keys": [key.public for key in await self._known(_FRESH)]}

    async def _key(self, kid: str) -> SigningKey | None:
        for age in (_FRESH, _AGAIN):
            for key in await self._known(age):
                if key.kid == kid:
                    return key
        if self._unread:
            raise _unreadable()
        return None

    async def _known(self, age: float) -> tuple[SigningKey, ...]:
        """The keys, as they were at most so many seconds ago; older ones where the source fails."""
        served_meanwhile = self._keys and age == _FRESH and self._reading.locked()
        if not self._seen_within(age) and not served_meanwhile:
            async with self._reading:
                if not self._seen_within(age):
                    await self._read()
        if not self._keys:
            raise _unreadable()
        return self._keys

    def _seen_within(self, age: float) -> bool:
        return 0 <= self._clock() - self._read_at <= (age if self._keys else _PAUSE)

    async def _read(self) -> None:
        """Read the keys; those known before serve on where that fails, which the log is told."""
        try:
            self._keys, self._unread = read(await self._source()), False
        except (OSError, KeysError) as error:
            self._unread = True
            telemetry.keys_unread(error)
        finally:
            self._read_at = self._clock()


def _unreadable() -> Unavailable:
    return Unavailable("The signing keys cannot be read.", retry_after=30)
