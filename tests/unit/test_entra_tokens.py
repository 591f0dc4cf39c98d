"""Tokens of Entra's: pinned claim by claim, and their tenants' keys, asked for seldom and kept through outages."""

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from scim import entra as product
from scim.credentials import Trust
from scim.entra import NO_TRUST, NON_GALLERY, SYNC_FABRIC, Entra, TenantKeys, plain
from tests.client import lines_of_the_service
from tests.clock import DAY, Clock
from tests.entra_keys import OTHER_TENANT, SUBJECT, TENANT, TRUST, FakeEntra, key

pytestmark = pytest.mark.enable_socket


@pytest.fixture
async def fake() -> AsyncIterator[FakeEntra]:
    async with FakeEntra.running() as running:
        yield running


def tenant_keys(fake: FakeEntra, clock: Clock) -> TenantKeys:
    return TenantKeys(f"{fake.url}/{TENANT}/discovery/v2.0/keys", clock)


async def settled(keys: TenantKeys) -> None:
    """Wait for the asking that goes on."""
    if keys._asking is not None:  # noqa: SLF001 (nothing else tells)
        await keys._asking  # noqa: SLF001


# Claims


@pytest.mark.parametrize(
    "changed",
    [
        {},
        {"sub": "any other"},
        {"aud": [NON_GALLERY]},
        {"aud": f"api://{NON_GALLERY}"},
        {"azp": None, "appid": SYNC_FABRIC, "iss": f"https://sts.windows.net/{TENANT}/", "ver": "1.0"},
        {"appid": SYNC_FABRIC},
        {"exp": int(time.time()) - 200},
        {"nbf": int(time.time()) + 200, "iat": int(time.time()) + 200},
    ],
)
async def test_a_token_of_the_tenants_is_taken_in_either_version_and_within_five_minutes(
    fake: FakeEntra, changed: dict[str, Any]
) -> None:
    assert await Entra(fake.url).proves(fake.token(fake.claims(**changed)), replace(TRUST, subject=""))


@pytest.mark.parametrize(
    "changed",
    [
        {"sub": "any other"},
        {"tid": OTHER_TENANT},
        {"tid": None},
        {"iss": f"https://sts.windows.net/{OTHER_TENANT}/"},
        {"iss": f"https://sts.windows.net/{TENANT}"},
        {"iss": None},
        {"aud": "00000002-0000-0000-c000-000000000000"},
        {"aud": [NON_GALLERY, "another"]},
        {"aud": []},
        {"aud": None},
        {"azp": "another"},
        {"azp": None},
        {"appid": "another"},
        {"azp": [SYNC_FABRIC]},
        {"scp": "user_impersonation"},
        {"exp": int(time.time()) - 400},
        {"exp": None},
        {"nbf": int(time.time()) + 400},
        {"nbf": None},
    ],
)
async def test_a_token_that_says_anything_else_is_refused(fake: FakeEntra, changed: dict[str, Any]) -> None:
    assert await Entra(fake.url).proves(fake.token(), TRUST)
    assert not await Entra(fake.url).proves(fake.token(fake.claims(**changed)), TRUST)


CLOUDS = {
    "https://login.microsoftonline.com": "https://sts.windows.net",
    "https://login.microsoftonline.us": "https://sts.windows.net",
    "https://login.partner.microsoftonline.cn": "https://sts.chinacloudapi.cn",
}


@pytest.mark.parametrize("authority", CLOUDS)
async def test_a_token_of_version_1_is_issued_by_the_authoritys_own_cloud(fake: FakeEntra, authority: str) -> None:
    entra = Entra(authority)
    entra._tenants[TENANT] = TenantKeys(f"{fake.url}/{TENANT}/discovery/v2.0/keys")  # noqa: SLF001
    for issuer in set(CLOUDS.values()):
        token = fake.token(fake.claims(iss=f"{issuer}/{TENANT}/", azp=None, appid=SYNC_FABRIC))
        assert await entra.proves(token, TRUST) == (issuer == CLOUDS[authority])


async def test_each_provider_may_trust_a_tenant_of_its_own(fake: FakeEntra) -> None:
    entra, other = Entra(fake.url), replace(TRUST, tenant=OTHER_TENANT)
    ours = fake.token()
    theirs = fake.token(fake.claims(OTHER_TENANT), signed_by=fake.kids[OTHER_TENANT])
    for token, trust, right in (
        (ours, TRUST, True),
        (theirs, other, True),
        (ours, other, False),
        (theirs, TRUST, False),
    ):
        assert await entra.proves(token, trust) is right
    fake.kids[OTHER_TENANT] = fake.kids[TENANT]
    assert not await Entra(fake.url).proves(fake.token(fake.claims(OTHER_TENANT)), TRUST)


async def test_where_nobody_is_trusted_nothing_is_asked(fake: FakeEntra) -> None:
    with lines_of_the_service() as lines:
        assert not await Entra(fake.url).proves(fake.token(), NO_TRUST)
    assert (fake.asked, lines) == ([], [])


async def test_what_stands_in_for_an_unknown_key_opens_nothing(
    fake: FakeEntra, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(product, "_NO_KEY", key("stand-in").public_key())
    for trust in (TRUST, NO_TRUST):
        assert not await Entra(fake.url).proves(fake.token(signed_by="stand-in"), trust)


@pytest.mark.parametrize("shown", ["app", "api://app", "app/.default", "api://app/.default"])
def test_an_audience_is_the_same_however_the_portal_shows_it(shown: str) -> None:
    assert plain(shown) == "app"


# Keys


async def test_keys_are_asked_for_once_and_kept(fake: FakeEntra) -> None:
    entra = Entra(fake.url)
    assert [await entra.proves(fake.token(), TRUST) for _ in range(5)] == [True] * 5
    assert fake.asked == [TENANT]


async def test_many_who_come_at_once_wait_for_one_fetch_even_if_one_of_them_leaves(fake: FakeEntra) -> None:
    keys = tenant_keys(fake, Clock())
    asking = [asyncio.create_task(keys.key("key-1")) for _ in range(20)]
    await asyncio.sleep(0)
    asking[0].cancel()
    found = await asyncio.gather(*asking, return_exceptions=True)
    assert isinstance(found[0], asyncio.CancelledError)
    assert [getattr(each, "key_id", None) for each in found[1:]] == ["key-1"] * 19
    assert fake.asked == [TENANT]


async def test_an_unknown_kid_is_refused_and_asked_for_each_half_minute_at_most(fake: FakeEntra) -> None:
    clock = Clock()
    keys = tenant_keys(fake, clock)
    for _ in range(61):
        assert await keys.key("unknown") is None
        clock.pass_by(1)
    assert len(fake.asked) == 2


async def test_a_new_key_of_the_tenants_is_known_within_half_a_minute(fake: FakeEntra) -> None:
    clock = Clock()
    keys = tenant_keys(fake, clock)
    assert await keys.key("key-1")
    fake.kids[TENANT] = "key-3"
    assert await keys.key("key-3") is None
    clock.pass_by(31)
    assert await keys.key("key-3")
    assert await keys.key("key-1") is None


async def test_through_an_outage_known_keys_serve_without_a_wait_and_unknown_ones_do_not(fake: FakeEntra) -> None:
    clock = Clock()
    keys = tenant_keys(fake, clock)
    assert await keys.key("key-1")
    fake.down = True
    with lines_of_the_service() as lines:
        for _ in range(3):
            clock.pass_by(2 * DAY)
            assert await keys.key("key-1")
            await settled(keys)
        clock.pass_by(60)
        assert await keys.key("unknown") is None
    assert len(fake.asked) == 5
    assert {line["message"] for line in lines} == {"the keys of a tenant cannot be read"}
    fake.down = False
    clock.pass_by(60)
    await keys.key("key-1")
    await settled(keys)
    assert await keys.key("key-1")
    assert len(fake.asked) == 6


async def test_whose_key_is_known_does_not_wait_while_newer_keys_are_asked_for(
    fake: FakeEntra, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = Clock()
    keys = tenant_keys(fake, clock)
    assert await keys.key("key-1")
    let = asyncio.Event()
    monkeypatch.setattr(keys, "_ask", let.wait)
    clock.pass_by(2 * DAY)
    async with asyncio.timeout(5):
        assert await keys.key("key-1")
    let.set()
    await settled(keys)


@pytest.mark.parametrize("told", ["", "[]", "null", "{}", '{"keys": {}}', '{"keys": [1]}', '{"keys": [{"kty": "x"}]}'])
async def test_what_is_no_set_of_keys_changes_nothing(
    fake: FakeEntra, monkeypatch: pytest.MonkeyPatch, told: str
) -> None:
    clock = Clock()
    keys = tenant_keys(fake, clock)
    assert await keys.key("key-1")

    async def read(_: object) -> bytes:
        return told.encode()

    monkeypatch.setattr(aiohttp.ClientResponse, "read", read)
    clock.pass_by(2 * DAY)
    assert await keys.key("key-1")
    await settled(keys)
    assert await keys.key("key-1")


async def test_keys_that_do_not_come_are_not_waited_for_beyond_the_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    assert product._FETCH == 5  # noqa: SLF001 (the bound itself)
    monkeypatch.setattr(product, "_FETCH", 0.05)

    let = asyncio.Event()

    async def never(*_: object) -> web.Response:
        await let.wait()
        return web.Response()

    monkeypatch.setattr(FakeEntra, "_keys", never)
    async with FakeEntra.running() as slow:
        try:
            async with asyncio.timeout(5):
                assert not await Entra(slow.url).proves(slow.token(), TRUST)
        finally:
            let.set()


def test_the_usual_trust_is_of_one_tenant() -> None:
    assert Trust(TENANT, NON_GALLERY, SYNC_FABRIC, SUBJECT) == TRUST
