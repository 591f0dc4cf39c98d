"""Access tokens of our own that somebody else made, or changed, or shows where they do not belong."""

import hashlib
import hmac
import json
import time
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from scim import signing
from scim.credentials import Kind
from scim.signing import SigningKey
from tests.attacks.service import Target, basic
from tests.client import ORIGIN
from tests.entra_keys import public, unsigned


@dataclass(frozen=True, slots=True)
class Known:
    """What an attacker may know, and the key that he may not: with it a test makes what is wrong in one thing only."""

    target: Target
    header: dict[str, Any]
    claims: dict[str, Any]
    key: SigningKey

    def signed(self, header: dict[str, Any] | None = None, **changed: Any) -> str:  # noqa: ANN401 (any JSON)
        """The token, signed with our own key, with other claims; ``None`` leaves one out."""
        claims = {name: value for name, value in (self.claims | changed).items() if value is not None}
        return jwt.encode(claims, self.key.private, "ES256", headers=self.header | (header or {}))

    def forged(self, **header: Any) -> str:  # noqa: ANN401
        """The token, signed with the attacker's key, and a header of his."""
        mine = ec.generate_private_key(ec.SECP256R1())
        header = {name: SigningKey.of(mine, 0).public if value is OWN else value for name, value in header.items()}
        return jwt.encode(self.claims, mine, "ES256", headers=self.header | header)


OWN: Any = object()
"""Stands for the attacker's own public key."""


async def known(target: Target) -> Known:
    token = await target.access()
    (key,) = signing.read(target.keys.read_text())
    claims = jwt.decode(token, options={"verify_signature": False})
    return Known(target, jwt.get_unverified_header(token), claims, key)


def with_hs256(known: Known, secret: bytes) -> str:
    """Signed by HMAC with something public for a secret: the confusion of algorithms."""
    signed = unsigned(known.header | {"alg": "HS256"}, known.claims).rstrip(".")
    return f"{signed}.{encoded(hmac.digest(secret, signed.encode(), hashlib.sha256))}"


def encoded(content: bytes) -> str:
    return urlsafe_b64encode(content).rstrip(b"=").decode()


def with_other_claims(known: Known) -> str:
    header, payload, signature = known.signed().split(".")
    claims = json.loads(urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    return f"{header}.{encoded(json.dumps(claims | {'exp': claims['exp'] + 1}).encode())}.{signature}"


def pem(known: Known) -> bytes:
    return known.key.private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


NOW = int(time.time())
FORGED: dict[str, Callable[[Known], str]] = {
    "alg none": lambda k: unsigned(k.header | {"alg": "none"}, k.claims),
    "alg None": lambda k: unsigned(k.header | {"alg": "None"}, k.claims),
    "alg none, with the signature": lambda k: unsigned(k.header | {"alg": "none"}, k.claims, b"x" * 64),
    "no alg": lambda k: unsigned({"kid": k.key.kid, "typ": "at+jwt"}, k.claims),
    "alg an object": lambda k: unsigned(k.header | {"alg": {"a": 1}}, k.claims),
    "HS256 with our PEM": lambda k: with_hs256(k, pem(k)),
    "HS256 with our JWK": lambda k: with_hs256(k, json.dumps(k.key.public).encode()),
    "HS256 with Entra's JWK": lambda k: with_hs256(k, json.dumps(public("key-1")).encode()),
    "HS256 with nothing": lambda k: with_hs256(k, b""),
    "an empty signature": lambda k: unsigned(k.header, k.claims),
    "a signature of zeros": lambda k: unsigned(k.header, k.claims, bytes(64)),
    "another's key under our kid": lambda k: k.forged(),
    "a foreign kid": lambda k: k.forged(kid="mine"),
    "no kid": lambda k: k.forged(kid=""),
    "a kid that is a path": lambda k: k.forged(kid="../../../dev/null"),
    "jwk": lambda k: k.forged(jwk=OWN),
    "jku": lambda k: k.forged(kid="mine", jku=f"{k.target.entra.url}/x/discovery/v2.0/keys"),
    "x5u": lambda k: k.forged(kid="mine", x5u=f"{k.target.entra.url}/x/discovery/v2.0/keys"),
    "crit": lambda k: k.signed({"crit": ["exp"]}),
    "altered claims": with_other_claims,
    "typ JWT": lambda k: k.signed({"typ": "JWT"}),
    "no typ": lambda k: k.signed({"typ": ""}),
    "another iss": lambda k: k.signed(iss="https://elsewhere.example"),
    "iss with a slash": lambda k: k.signed(iss=ORIGIN + "/"),
    "no iss": lambda k: k.signed(iss=None),
    "aud of another provider": lambda k: k.signed(aud=f"{ORIGIN}/scim/fabrikam/v2"),
    "aud of the deployment": lambda k: k.signed(aud=ORIGIN),
    "aud of both": lambda k: k.signed(aud=[k.claims["aud"], f"{ORIGIN}/scim/fabrikam/v2"]),
    "no aud": lambda k: k.signed(aud=None),
    "past exp": lambda k: k.signed(exp=NOW - 60),
    "exp a text": lambda k: k.signed(exp="never"),
    "exp without end": lambda k: k.signed(exp=float("inf")),
    "no exp": lambda k: k.signed(exp=None),
    "nbf to come": lambda k: k.signed(nbf=NOW + 3_600),
    "no nbf": lambda k: k.signed(nbf=None),
    "iat to come": lambda k: k.signed(iat=NOW + 3_600),
    "no iat": lambda k: k.signed(iat=None),
    "no client_id": lambda k: k.signed(client_id=None),
    "client_id an object": lambda k: k.signed(client_id={"a": 1}),
    "another table": lambda k: k.signed(table="p" + "0" * 32),
    "no table": lambda k: k.signed(table=None),
    "of another time": lambda k: k.signed(since="2020-01-01T00:00:00Z"),
    "of no time": lambda k: k.signed(since=None),
    "another secret": lambda k: k.signed(secret="none"),
    "no claims": lambda k: unsigned(k.header, {}),
    "a header nested without end": lambda k: f"{encoded(b'[' * 200_000)}.{encoded(json.dumps(k.claims).encode())}.eA",
    "claims nested without end": lambda k: f"{k.signed().split('.')[0]}.{encoded(b'[' * 200_000)}.eA",
    "a number without end": lambda k: f"{k.signed().split('.')[0]}.{encoded(b'{"exp":' + b'9' * 9_000 + b'}')}.eA",
    "no base64": lambda _: "é.ü.ß",
    "two dots": lambda _: "..",
}  # fmt: skip


@pytest.mark.parametrize("how", FORGED)
async def test_forged_access_tokens(target: Target, how: str) -> None:
    attacker = await known(target)
    assert (await target.knock(f"Bearer {attacker.signed()}")).status == 200
    asked = list(target.entra.asked)
    told = await target.knock(f"Bearer {FORGED[how](attacker)}")
    assert told == await target.knock("Bearer nothing")
    assert told.error == (401, None)
    assert target.entra.asked == asked


async def test_client_ids_of_others(target: Target) -> None:
    attacker = await known(target)
    kinds: tuple[Kind, ...] = ("client", "token", "basic")
    for kind in kinds:
        other = (await target.issue(kind, "fabrikam")).key_id
        assert (await target.knock(f"Bearer {attacker.signed(client_id=other, secret=None)}")).status == 401
    for kind in kinds[1:]:
        own = (await target.issue(kind)).key_id
        assert (await target.knock(f"Bearer {attacker.signed(client_id=own, secret=None)}")).status == 401


async def test_access_tokens_as_assertions_and_secrets(target: Target) -> None:
    await target.trust("federated")
    token = await target.issue("client")
    access = (await target.ask(client_id=token.key_id, client_secret=token.text)).json["access_token"]
    for client_id in ("", token.key_id):
        answer = await target.show(access, client_id=client_id)
        assert (answer.status, answer.json["error"]) == (401, "invalid_client")
    assert (await target.ask(client_id=token.key_id, client_secret=access)).status == 401
    assert (await target.knock(f"Bearer {token.text}")).status == 401


async def test_clients_of_another_provider_at_the_token_endpoint(target: Target) -> None:
    other = await target.issue("client", "fabrikam")
    for path in ("/scim/contoso/oauth/token", "/scim/nobody/oauth/token"):
        for proof in (
            {"client_id": other.key_id, "client_secret": other.text},
            {"authorization": basic(other.key_id, other.text)},
        ):
            told = await target.ask(path, **proof)
            assert (told.status, told.json["error"]) == (401, "invalid_client")
    assert (
        await target.ask("/scim/fabrikam/oauth/token", client_id=other.key_id, client_secret=other.text)
    ).status == 200
