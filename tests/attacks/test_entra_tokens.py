"""Tokens of Entra's that are not the customer's: as they are, and as assertions for tokens of ours."""

import time
from collections.abc import Callable
from typing import Any

import pytest

from tests.attacks.service import Target
from tests.attacks.test_access_tokens import encoded
from tests.entra_keys import OTHER_TENANT, TENANT, FakeEntra, public, unsigned

NOW = int(time.time())
GUID = "00000000-2222-4333-8444-555555555555"


def said(**changed: Any) -> Callable[[FakeEntra], str]:  # noqa: ANN401 (claims are any JSON)
    """A token of the right key with other claims."""
    return lambda entra: entra.token(entra.claims(**changed))


def headed(**header: Any) -> Callable[[FakeEntra], str]:  # noqa: ANN401
    """A token of an attacker's key with a header of his."""
    return lambda entra: entra.token(header=header, signed_by="attacker's")


def altered(entra: FakeEntra) -> str:
    header, payload, signature = entra.token().split(".")
    more = unsigned({}, entra.claims(exp=NOW + 9_999)).split(".")[1]
    assert more != payload
    return f"{header}.{more}.{signature}"


WRONG: dict[str, Callable[[FakeEntra], str]] = {
    "another tenant's, with the constant audience": lambda e: e.token(e.claims(OTHER_TENANT), signed_by="key-2"),
    "another tenant's, that says it is ours": lambda e: e.token(signed_by="key-2"),
    "another tenant's kid in ours": lambda e: e.token(header={"kid": "key-2"}),
    "iss of another tenant": lambda e: e.token(e.claims(iss=f"{e.url}/{OTHER_TENANT}/v2.0")),
    "iss of ours in another authority": said(iss=f"https://evil.example/{TENANT}/v2.0"),
    "iss without version": lambda e: e.token(e.claims(iss=f"{e.url}/{TENANT}")),
    "no iss": said(iss=None),
    "tid of another tenant": said(tid=OTHER_TENANT),
    "no tid": said(tid=None),
    "aud of another application": said(aud=GUID),
    "aud twice": lambda e: e.token(e.claims(aud=[e.claims()["aud"], GUID])),
    "aud with more behind it": lambda e: e.token(e.claims(aud=e.claims()["aud"] + "/")),
    "no aud": said(aud=None),
    "azp of another application": said(azp=GUID),
    "no azp": said(azp=None),
    "appid and azp that differ": said(appid=GUID),
    "another sub": said(sub=GUID),
    "no sub": said(sub=None),
    "a user's, by delegation": said(scp="user_impersonation"),
    "past exp": said(exp=NOW - 301),
    "no exp": said(exp=None),
    "nbf to come": said(nbf=NOW + 900),
    "no nbf": said(nbf=None),
    "iat to come": said(iat=NOW + 900),
    "no iat": said(iat=None),
    "altered claims": altered,
    "alg none": lambda e: unsigned({"alg": "none", "kid": "key-1"}, e.claims()),
    "alg none with its signature": lambda e: unsigned({"alg": "none", "kid": "key-1"}, e.claims(), b"x" * 256),
    "RS384": lambda e: e.token(header={"alg": "RS384"}),
    "PS256": lambda e: e.token(header={"alg": "PS256"}),
    "a foreign key": headed(kid="key-1"),
    "a foreign kid": headed(kid="attacker's"),
    "jwk": headed(kid="key-1", jwk=public("attacker's")),
    "jku": lambda e: e.token(header={"jku": f"{e.url}/x/discovery/v2.0/keys"}, signed_by="attacker's"),
    "x5u": lambda e: e.token(header={"x5u": f"{e.url}/x/discovery/v2.0/keys"}, signed_by="attacker's"),
    "tid that is a path": lambda e: e.token(e.claims(tid="../../evil"), signed_by="attacker's"),
    "nested without end": lambda _: f"{encoded(b'{"alg":"RS256","kid":"key-1"}')}.{encoded(b'[' * 14_000)}.eA",
    "a header nested without end": lambda _: f"{encoded(b'[' * 14_000)}.e30.eA",
}


@pytest.mark.parametrize("how", WRONG)
async def test_wrong_tokens_of_entra(target: Target, how: str) -> None:
    await target.trust("entra")
    assert (await target.knock(f"Bearer {target.entra.token()}")).status == 200
    told = await target.knock(f"Bearer {WRONG[how](target.entra)}")
    assert told == await target.knock("Bearer nothing")
    assert told.error == (401, None)
    assert set(target.entra.asked) <= {TENANT}


@pytest.mark.parametrize("how", WRONG)
@pytest.mark.parametrize("named", [True, False])
async def test_wrong_assertions(target: Target, how: str, named: bool) -> None:
    key_id = await target.trust("federated")
    form = {"client_id": key_id} if named else {}
    assert (await target.show(target.entra.token(), **form)).status == 200
    told = await target.show(WRONG[how](target.entra), **form)
    assert (told.status, told.json["error"]) == (401, "invalid_client")
    assert set(target.entra.asked) <= {TENANT}


async def test_assertions_at_another_provider(target: Target) -> None:
    key_id = await target.trust("federated")
    for path in ("/scim/fabrikam/oauth/token", "/scim/nobody/oauth/token"):
        for form in ({}, {"client_id": key_id}):
            told = await target.show(target.entra.token(), path, **form)
            assert (told.status, told.json["error"]) == (401, "invalid_client")
    token = (await target.show(target.entra.token())).json["access_token"]
    assert (await target.knock(f"Bearer {token}", "fabrikam")).status == 401


async def test_client_ids_that_the_assertion_does_not_prove(target: Target) -> None:
    await target.trust("federated")
    secret, basic, other = [
        await target.issue("client"),
        await target.issue("basic"),
        await target.issue("client", "fabrikam"),
    ]
    direct = await target.trust("entra", "fabrikam")
    for client_id in (secret.key_id, basic.key_id, other.key_id, direct, "0" * 12, "../x", "é", "x" * 5_000):
        for path in ("/scim/contoso/oauth/token", "/oauth/token"):
            assert (await target.show(target.entra.token(), path, client_id=client_id)).status == 401


async def test_tokens_where_nobody_trusts_entra(target: Target) -> None:
    assert (await target.knock(f"Bearer {target.entra.token()}")).status == 401
    await target.trust("federated")
    assert (await target.knock(f"Bearer {target.entra.token()}")).status == 401
    await target.trust("entra")
    assert (await target.knock(f"Bearer {target.entra.token()}", "fabrikam")).status == 401


async def test_keys_of_tenants_that_an_attacker_names_are_never_asked_for(target: Target) -> None:
    for number in range(20):
        claims = target.entra.claims(f"tenant-{number}?x=")
        await target.show(target.entra.token(claims, signed_by="attacker's"))
        await target.knock(f"Bearer {target.entra.token(claims, signed_by="attacker's")}", f"nobody-{number}")
    assert target.entra.asked == []
