"""A stand-in for Microsoft Entra: the keys of tenants over HTTP, on this machine, and tokens signed with them.

``ROLLCALL_ENTRA_AUTHORITY`` is its URL. Every tenant has a key of its own, so that a token of the wrong tenant is
wrong in its signature, too, unless a test signs it with the right key on purpose.
"""

import json
import time
from base64 import urlsafe_b64encode
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Self

import jwt
from aiohttp import web
from cryptography.hazmat.primitives.asymmetric import rsa
from jwt.algorithms import RSAAlgorithm

from scim.credentials import Trust
from scim.entra import NON_GALLERY, SYNC_FABRIC
from scim.local import ports
from tests.answering import answering

TENANT = "11111111-2222-4333-8444-555555555555"
OTHER_TENANT = "99999999-2222-4333-8444-555555555555"
SUBJECT = "aaaaaaaa-2222-4333-8444-555555555555"
TRUST = Trust(TENANT, NON_GALLERY, SYNC_FABRIC, SUBJECT)
"""What a customer's provider trusts, in most tests."""
LIFE = 3_900
"""Seconds that Entra's tokens live."""


@cache
def key(_kid: str) -> rsa.RSAPrivateKey:
    """The private key of that kid; made once, for it takes a while."""
    return rsa.generate_private_key(public_exponent=65_537, key_size=2_048)


@dataclass(slots=True)
class FakeEntra:
    """The authority, and what it has been asked; as with the true one, ``common`` has the keys of all tenants.

    Attributes:
        url: where it is, as ``ROLLCALL_ENTRA_AUTHORITY`` wants it.
        kids: the kid of each tenant's key; a test may roll one by giving another, or take it away.
        asked: the tenants whose keys were asked for, in order.
        down: whether it answers 503.
    """

    url: str
    kids: dict[str, str] = field(default_factory=lambda: {TENANT: "key-1", OTHER_TENANT: "key-2"})
    asked: list[str] = field(default_factory=list)
    down: bool = False

    def claims(self, tenant: str = TENANT, **changed: Any) -> dict[str, Any]:  # noqa: ANN401 (claims are any JSON)
        """What a token of version 2.0 says; ``None`` leaves a claim out."""
        now = int(time.time())
        usual = {
            "iss": f"{self.url}/{tenant}/v2.0",
            "aud": NON_GALLERY,
            "tid": tenant,
            "sub": SUBJECT,
            "oid": SUBJECT,
            "azp": SYNC_FABRIC,
            "ver": "2.0",
            "iat": now - 5,
            "nbf": now - 5,
            "exp": now - 5 + LIFE,
        }
        return {name: value for name, value in (usual | changed).items() if value is not None}

    def token(
        self, claims: Mapping[str, Any] | None = None, header: Mapping[str, Any] | None = None, signed_by: str = ""
    ) -> str:
        """A signed token.

        Args:
            claims: what it says; by default what is right.
            header: beside ``alg``, ``typ`` and ``kid``, or in their place.
            signed_by: the kid of the key; by default that of the pinned tenant.
        """
        kid = signed_by or self.kids[TENANT]
        whole = dict(claims if claims is not None else self.claims())
        return jwt.encode(whole, key(kid), "RS256", headers={"kid": kid, **(header or {})})

    async def _keys(self, request: web.Request) -> web.Response:
        tenant = request.match_info["tenant"]
        self.asked.append(tenant)
        if self.down:
            return web.Response(status=503)
        kids = [*self.kids.values()] if tenant == "common" else [kid for kid in [self.kids.get(tenant)] if kid]
        return web.json_response({"keys": [public(kid) for kid in kids]})

    @classmethod
    @asynccontextmanager
    async def running(cls) -> AsyncIterator[Self]:
        """The authority, listening on this machine only."""
        listener = ports.listen(0)
        entra = cls(f"http://127.0.0.1:{ports.number(listener)}")
        async with answering(listener, "GET", "/{tenant}/discovery/v2.0/keys", entra._keys):
            yield entra


def public(kid: str) -> dict[str, Any]:
    """The public part of a key, as Entra publishes it (without ``alg``)."""
    told: dict[str, Any] = RSAAlgorithm.to_jwk(key(kid).public_key(), as_dict=True)
    return {name: told[name] for name in ("kty", "n", "e")} | {"kid": kid, "use": "sig"}


def unsigned(header: Mapping[str, Any], claims: Mapping[str, Any], signature: bytes = b"") -> str:
    """A token of any header at all, for what no library would sign."""
    parts = [json.dumps(header).encode(), json.dumps(claims).encode(), signature]
    return ".".join(urlsafe_b64encode(part).rstrip(b"=").decode() for part in parts)
