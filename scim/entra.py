"""Tokens of Microsoft Entra's: signed by the keys of one tenant, and pinned to it claim by claim.

Their audience and their application are the same in every tenant of the world, so only the pinned tenant tells a
customer's Entra from another's.
"""

import asyncio
import json
import time
from collections.abc import Callable, Mapping
from typing import Any

import aiohttp
import jwt
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicNumbers
from jwt import PyJWKSet

from scim import telemetry
from scim.credentials import Trust

SYNC_FABRIC = "00000014-0000-0000-c000-000000000000"
"""The application that provisions, in every tenant: Microsoft.Azure.SyncFabric."""
NON_GALLERY = "8adf8e6e-67b2-4cf2-a259-e3dc5476c621"
"""The audience of its tokens for applications that are not of the gallery."""
PUBLIC = "https://login.microsoftonline.com"
"""The authority of Entra's public cloud."""
_STS, _STS_OF_CHINA = "https://sts.windows.net", "https://sts.chinacloudapi.cn"
"""Who issues tokens of version 1.0: the same in all clouds but China's."""
_ALGORITHMS = ["RS256"]
_LEEWAY = 300
"""Seconds that Entra's clock and ours may differ."""
_FETCH = 5.0
"""Seconds to wait for the keys of a tenant."""
_FRESH = 86_400.0
"""Seconds after which keys are asked for again."""
_AGAIN = 30.0
"""Seconds, at least, between two questions for the keys of a tenant."""
NO_TRUST = Trust("", "", "")
"""What proves nothing, in the time that a proof takes."""
_NO_KEY = RSAPublicNumbers(65_537, 2**2_048 - 1).public_key()

type Claims = dict[str, Any]


class TenantKeys:
    """The keys of one tenant, as they were last seen; asked for once at a time, by a task of their own."""

    def __init__(self, url: str, ticks: Callable[[], float] = time.monotonic) -> None:
        self._url = url
        self._ticks = ticks
        self._keys: Mapping[str, jwt.PyJWK] = {}
        self._asked_at = self._seen_at = float("-inf")
        self._asking: asyncio.Task[None] | None = None

    async def key(self, kid: str) -> jwt.PyJWK | None:
        """The key of that name; those seen before serve on, while newer ones are asked for and during an outage."""
        now = self._ticks()
        wanted = kid not in self._keys or now - self._seen_at > _FRESH
        if wanted and now - self._asked_at > _AGAIN:  # by then the question before has been given up
            self._asked_at = now
            self._asking = asyncio.create_task(self._ask())
        if kid not in self._keys and self._asking is not None:
            await asyncio.shield(self._asking)  # others wait for it, too
        return self._keys.get(kid)

    async def _ask(self) -> None:
        try:
            timeout = aiohttp.ClientTimeout(total=_FETCH)
            async with (
                aiohttp.ClientSession(timeout=timeout, trust_env=True) as session,
                session.get(self._url, allow_redirects=False) as answer,
            ):
                answer.raise_for_status()
                told = PyJWKSet.from_dict(json.loads(await answer.read()))
            self._keys = {key.key_id: key for key in told.keys if key.key_id and key.key_type == "RSA"}
            self._seen_at = self._ticks()
        except (aiohttp.ClientError, OSError, ValueError, TypeError, AttributeError, jwt.PyJWTError) as error:
            telemetry.tenant_keys_unread(self._url, error)  # an unknown key is refused
        finally:
            self._asking = None


class Entra:
    """What Entra's tokens say, once they are proven.

    Args:
        authority: where its tenants are, such as ``https://login.microsoftonline.com``.
    """

    def __init__(self, authority: str = PUBLIC) -> None:
        self._authority = authority
        self._sts = _STS_OF_CHINA if authority.endswith(".cn") else _STS
        self._tenants: dict[str, TenantKeys] = {}

    async def proves(self, token: str, trust: Trust) -> bool:
        """Whether a token is Entra's own, good now, and says all that is trusted."""
        claims = await self._claims(token, trust.tenant)
        return claims is not None and self._says(claims, trust)

    def _says(self, claims: Claims, trust: Trust) -> bool:
        issuers = [f"{self._authority}/{trust.tenant}/v2.0", f"{self._sts}/{trust.tenant}/"]
        audience, applications = claims["aud"], [claims[name] for name in ("appid", "azp") if name in claims]
        audiences = audience if isinstance(audience, list) else [audience]
        return (
            claims["iss"] in issuers
            and claims.get("tid") == trust.tenant
            and [plain(each) for each in audiences] == [plain(trust.audience)]
            and applications in ([trust.application], [trust.application] * 2)
            and (not trust.subject or claims.get("sub") == trust.subject)
            and "scp" not in claims
        )

    async def _claims(self, token: str, tenant: str) -> Claims | None:
        try:
            header = jwt.get_unverified_header(token)
            if header.get("alg") not in _ALGORITHMS:
                return None
            key = await self._keys(tenant).key(str(header.get("kid", ""))) if tenant else None
            options: Any = {"require": ["exp", "iat", "nbf", "aud", "iss"], "verify_aud": False}
            claims: Claims = jwt.decode(token, key or _NO_KEY, algorithms=_ALGORITHMS, leeway=_LEEWAY, options=options)
        except jwt.PyJWTError:
            return None
        return claims if key is not None else None

    def _keys(self, tenant: str) -> TenantKeys:
        if tenant not in self._tenants:
            self._tenants[tenant] = TenantKeys(f"{self._authority}/{tenant}/discovery/v2.0/keys")
        return self._tenants[tenant]


def plain(audience: object) -> str:
    """An audience without what Entra's portal shows before and behind it: ``api://`` and ``/.default``."""
    return str(audience).removeprefix("api://").removesuffix("/.default")


def unproven(token: str) -> Claims:
    """What a token says of itself, which nobody has proven; empty where it cannot be read."""
    try:
        claims: Claims = jwt.decode(token, options={"verify_signature": False})
    except jwt.PyJWTError:
        return {}
    return claims
