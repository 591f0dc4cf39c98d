"""What was good once: expired, revoked, rotated away, or of a provider that is no more."""

from collections.abc import Awaitable, Callable

import pytest

from tests.attacks.service import Target, basic
from tests.client import Answer

type Way = Callable[[Target], Awaitable[tuple[str, str]]]
"""Gives a header that is let in, and the key id of its credential."""


async def by_token(target: Target) -> tuple[str, str]:
    token = await target.issue("token")
    return f"Bearer {token.text}", token.key_id


async def by_password(target: Target) -> tuple[str, str]:
    token = await target.issue("basic")
    return basic(token.key_id, token.text), token.key_id


async def by_client(target: Target) -> tuple[str, str]:
    token = await target.issue("client")
    answer = await target.ask(client_id=token.key_id, client_secret=token.text)
    return f"Bearer {answer.json['access_token']}", token.key_id


async def by_assertion(target: Target) -> tuple[str, str]:
    key_id = await target.trust("federated")
    return f"Bearer {(await target.show(target.entra.token())).json['access_token']}", key_id


async def by_entra(target: Target) -> tuple[str, str]:
    key_id = await target.trust("entra")
    return f"Bearer {target.entra.token()}", key_id


WAYS: dict[str, Way] = {
    "token": by_token,
    "basic": by_password,
    "client": by_client,
    "federated": by_assertion,
    "entra": by_entra,
}

type End = Callable[[Target, str], Awaitable[object]]


async def revoked(target: Target, key_id: str) -> None:
    await target.app.providers.keyring.revoke("contoso", key_id)


async def expired(target: Target, key_id: str) -> None:
    await target.app.providers.keyring.expire("contoso", key_id, -1)


async def deleted(target: Target, _: str) -> None:
    await target.app.providers.delete("contoso")


async def made_anew(target: Target, _: str) -> None:
    await target.app.providers.delete("contoso")
    await target.good.as_other("contoso")


ENDS: dict[str, End] = {"revoked": revoked, "expired": expired, "deleted": deleted, "made anew": made_anew}


def same(told: Answer, other: Answer) -> bool:
    return (told.status, told.headers, told.content) == (other.status, other.headers, other.content)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("end", ENDS)
async def test_credentials_that_have_ended(target: Target, way: str, end: str) -> None:
    header, key_id = await WAYS[way](target)
    assert (await target.knock(header)).status == 200
    await ENDS[end](target, key_id)
    told = await target.knock(header)
    assert told.error == (401, None)
    assert same(told, await target.knock("Bearer nothing"))


@pytest.mark.parametrize("way", WAYS)
async def test_credentials_of_a_provider_that_is_disabled(target: Target, way: str) -> None:
    header, _ = await WAYS[way](target)
    await target.app.providers.enable("contoso", enabled=False)
    assert (await target.knock(header)).status == 403
    assert (await target.knock("Bearer nothing")).status == 401


@pytest.mark.parametrize("way", ["token", "basic"])
async def test_what_was_rotated_away(target: Target, way: str) -> None:
    header, key_id = await WAYS[way](target)
    assert (await target.knock(header)).status == 200
    await target.app.providers.keyring.rotate("contoso", key_id, overlap=0)
    assert (await target.knock(header)).status == 401


async def test_tokens_of_a_secret_that_was_dropped_stay_worthless(target: Target) -> None:
    keyring = target.app.providers.keyring
    first = await target.issue("client")
    second = await keyring.rotate("contoso", first.key_id, overlap=1)
    headers = []
    for secret in (first, second):
        answer = await target.ask(client_id=first.key_id, client_secret=secret.text)
        headers.append(f"Bearer {answer.json['access_token']}")
        assert (await target.knock(headers[-1])).status == 200
    held = await keyring.get(first.key_id)
    assert held is not None
    for each in held.secrets:
        await keyring.revoke("contoso", first.key_id, each.id)
    for _ in range(3):
        assert [(await target.knock(header)).status for header in headers] == [401, 401]
        assert (await target.ask(client_id=first.key_id, client_secret=second.text)).status == 401
        await keyring.rotate("contoso", first.key_id, overlap=0)


async def test_tokens_of_a_key_that_is_gone(target: Target) -> None:
    header, _ = await by_client(target)
    assert (await target.knock(header)).status == 200
    elsewhere = target.with_other_keys()
    assert (await elsewhere.knock(header)).status == 401


async def test_secrets_of_revoked_and_expired_clients(target: Target) -> None:
    for end in (revoked, expired):
        token = await target.issue("client")
        assert (await target.ask(client_id=token.key_id, client_secret=token.text)).status == 200
        await end(target, token.key_id)
        told = await target.ask(client_id=token.key_id, client_secret=token.text)
        assert (told.status, told.json["error"]) == (401, "invalid_client")
    key_id = await target.trust("federated")
    await revoked(target, key_id)
    assert (await target.show(target.entra.token())).status == 401
