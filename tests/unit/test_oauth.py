"""The token endpoint: OAuth client credentials as RFC 6749 has them, by a secret or by an assertion of Entra's."""

import re
import time
from base64 import b64encode
from collections.abc import AsyncIterator
from dataclasses import replace
from http import HTTPStatus
from pathlib import Path
from urllib.parse import quote_plus, urlencode

import jwt
import pytest

from scim import signing
from scim.credentials import Credential, Token, federated_id
from scim.keyring import Keyring
from scim.settings import Settings, SettingsError
from scim.storage.rows import Unreachable
from tests.attacks import service
from tests.attacks.service import FORM, Target
from tests.client import ORIGIN, Answer, lines_of_the_service
from tests.entra_keys import OTHER_TENANT, SUBJECT, TRUST

pytestmark = pytest.mark.enable_socket

OURS, COMMON = "/scim/contoso/oauth/token", "/oauth/token"
_DESCRIPTION = re.compile(r"[\x20\x21\x23-\x5b\x5d-\x7e]+")


@pytest.fixture
async def target(tmp_path: Path) -> AsyncIterator[Target]:
    async with service.target(tmp_path) as made:
        yield made


def basic(user: str, password: str) -> str:
    return "Basic " + b64encode(f"{user}:{password}".encode()).decode()


def said(answer: Answer) -> tuple[int, str]:
    """Status and error of a refusal, which must be as RFC 6749 §5.2 has it."""
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Pragma"] == "no-cache"
    assert set(answer.json) == {"error", "error_description"}
    assert _DESCRIPTION.fullmatch(answer.json["error_description"])
    challenged = "WWW-Authenticate" in answer.headers
    assert challenged == (answer.status == 401)
    return answer.status, answer.json["error"]


async def token_of(answer: Answer) -> str:
    assert answer.status == 200, answer.content
    return str(answer.json["access_token"])


async def knocks(target: Target, access_token: str, provider: str = "contoso") -> int:
    return (await target.knock(f"Bearer {access_token}", provider)).status


# What is issued


@pytest.mark.parametrize("path", [OURS, COMMON])
@pytest.mark.parametrize("way", ["body", "header", "header and client_id"])
async def test_a_client_gets_a_token_by_its_secret_in_the_body_or_the_header(
    target: Target, path: str, way: str
) -> None:
    made = await target.issue("client")
    authorization = basic(made.key_id, quote_plus(made.text)) if way != "body" else ""
    form = {"body": {"client_id": made.key_id, "client_secret": made.text}, "header": {}}
    answer = await target.ask(path, authorization=authorization, **form.get(way, {"client_id": made.key_id}))
    assert answer.headers["Content-Type"] == "application/json"
    assert (answer.headers["Cache-Control"], answer.headers["Pragma"]) == ("no-store", "no-cache")
    assert answer.json | {"access_token": ""} == {
        "access_token": "",
        "token_type": "Bearer",
        "expires_in": 7_200,
        "scope": "write",
    }
    assert await knocks(target, await token_of(answer)) == 200


async def test_a_token_opens_the_provider_of_its_client_and_no_other(target: Target) -> None:
    token = await target.access()
    assert jwt.decode(token, options={"verify_signature": False})["aud"] == f"{ORIGIN}/scim/contoso/v2"
    assert await knocks(target, token) == 200
    for other in ("fabrikam", "nobody", "CONTOSO"):
        assert await knocks(target, token, other) == 401


async def test_a_token_may_do_what_its_client_may_and_lives_as_long_as_is_set(tmp_path: Path) -> None:
    async with service.target(tmp_path, token_minutes=360) as target:
        made = await target.app.providers.issue("contoso", "read", kind="client")
        answer = await target.ask(client_id=made.key_id, client_secret=made.text, scope="write")
        assert (answer.json["scope"], answer.json["expires_in"]) == ("read", 21_600)
        reader = replace(target.good, token=await token_of(answer))
        assert (await reader.get("/Users")).status == 200
        assert (await reader.post("/Users", {})).status == 403


@pytest.mark.parametrize("form", [{"scope": ""}, {"scope": "write"}, {"scope": "api://x/.default"}, {"resource": "x"}])
async def test_what_else_a_client_sends_does_not_matter(target: Target, form: dict[str, str]) -> None:
    made = await target.issue("client")
    answer = await target.ask(client_id=made.key_id, client_secret=made.text, **form)
    assert (answer.status, answer.json["scope"]) == (200, "write")


async def test_two_secrets_are_good_at_once_and_a_revoked_ones_tokens_are_not(target: Target) -> None:
    keyring = target.app.providers.keyring
    first = await target.issue("client")
    second = await keyring.rotate("contoso", first.key_id, 7)
    old, new = [
        await token_of(await target.ask(client_id=each.key_id, client_secret=each.text)) for each in (first, second)
    ]
    assert [await knocks(target, each) for each in (old, new)] == [200, 200]
    await keyring.revoke("contoso", first.key_id, "2")
    assert [await knocks(target, each) for each in (old, new)] == [200, 401]
    assert said(await target.ask(client_id=first.key_id, client_secret=second.text)) == (401, "invalid_client")
    third = await keyring.rotate("contoso", first.key_id, 7)
    assert (await target.ask(client_id=first.key_id, client_secret=third.text)).status == 200
    assert [await knocks(target, each) for each in (old, new)] == [200, 401]


async def test_a_revoked_clients_live_tokens_stop(target: Target) -> None:
    made = await target.issue("client")
    token = await token_of(await target.ask(client_id=made.key_id, client_secret=made.text))
    assert await knocks(target, token) == 200
    await target.app.providers.keyring.revoke("contoso", made.key_id)
    assert await knocks(target, token) == 401


async def test_a_token_of_a_provider_that_was_made_anew_is_worthless(target: Target) -> None:
    made = await target.issue("client")
    token = await token_of(await target.ask(client_id=made.key_id, client_secret=made.text))
    await target.app.providers.delete("contoso")
    await target.app.providers.create("contoso", "entra", {})
    assert await knocks(target, token) == 401
    assert said(await target.ask(client_id=made.key_id, client_secret=made.text)) == (401, "invalid_client")


async def test_a_trust_that_was_made_anew_with_its_provider_takes_no_token_of_the_former_one(target: Target) -> None:
    former = await target.trust("federated")
    token = await token_of(await target.show(target.entra.token()))
    assert await knocks(target, token) == 200
    await target.app.providers.delete("contoso")
    await target.app.providers.create("contoso", "entra", {})
    assert await target.trust("federated") == former
    assert await knocks(target, token) == 401
    assert await knocks(target, await token_of(await target.show(target.entra.token()))) == 200


async def test_a_trust_that_was_revoked_and_made_anew_takes_no_token_from_before(
    target: Target, monkeypatch: pytest.MonkeyPatch
) -> None:
    former = await target.trust("federated")
    token = await token_of(await target.show(target.entra.token()))
    assert await knocks(target, token) == 200
    keyring = target.app.providers.keyring
    await keyring.revoke("contoso", former)
    monkeypatch.setattr(keyring, "_clock", lambda: time.time() + 1)
    assert await target.trust("federated") == former
    assert await knocks(target, token) == 401
    assert await knocks(target, await token_of(await target.show(target.entra.token()))) == 200


async def test_what_is_left_of_a_former_provider_gets_no_token(target: Target) -> None:
    former = replace(target.good.provider, table="pformer")
    left = await target.app.providers.keyring.issue(former, "client")
    assert said(await target.ask(client_id=left.key_id, client_secret=left.text)) == (401, "invalid_client")


async def test_a_tokens_credential_is_looked_up_again_once_the_cache_forgets_it(tmp_path: Path) -> None:
    async with service.target(tmp_path, cache_seconds=1) as target:
        keyring, made = target.app.providers.keyring, await target.issue("client")
        elsewhere = Keyring(target.app.tables)
        token = await token_of(await target.ask(client_id=made.key_id, client_secret=made.text))
        assert await knocks(target, token) == 200
        await keyring.close()
        await elsewhere.revoke("contoso", made.key_id)
        assert keyring.cached(made.key_id) is not None
        assert await knocks(target, token) == 200
        keyring.forget(made.key_id)
        assert await knocks(target, token) == 401


@pytest.mark.parametrize("minutes", [59, 361])
def test_a_token_lives_one_to_six_hours(minutes: int) -> None:
    given = {"ROLLCALL_STORAGE": "UseDevelopmentStorage=true", "ROLLCALL_PUBLIC_URL": ORIGIN}
    with pytest.raises(SettingsError, match="60 to 360"):
        Settings.read(given | {"ROLLCALL_TOKEN_MINUTES": str(minutes)})


async def test_use_is_noted_of_the_client(target: Target) -> None:
    made = await target.issue("client")
    await target.ask(client_id=made.key_id, client_secret=made.text)
    await target.app.providers.keyring.close()
    held = await target.app.providers.keyring.get(made.key_id)
    assert held is not None
    assert held.used


# What is refused


async def test_every_wrong_client_is_invalid_client_after_one_look(target: Target) -> None:
    client, token, password, other = [
        await target.issue("client"),
        await target.issue("token"),
        await target.issue("basic"),
        await target.issue("client", "fabrikam"),
    ]
    trusted = await target.trust("federated")
    stranger = Token.new()
    answers = [
        await target.ask(path, authorization=authorization, **form)
        for path, authorization, form in [
            (OURS, "", {"client_id": client.key_id, "client_secret": client.text + "x"}),
            (OURS, "", {"client_id": client.key_id}),
            (OURS, "", {"client_secret": client.text}),
            (OURS, "", {}),
            (OURS, "", {"client_id": stranger.key_id, "client_secret": stranger.text}),
            (OURS, "", {"client_id": token.key_id, "client_secret": token.text}),
            (OURS, "", {"client_id": password.key_id, "client_secret": password.text}),
            (OURS, "", {"client_id": other.key_id, "client_secret": other.text}),
            (OURS, "", {"client_id": trusted, "client_secret": ""}),
            (OURS, "", {"client_id": "../x?#", "client_secret": "x"}),
            ("/scim/nobody/oauth/token", "", {"client_id": client.key_id, "client_secret": client.text}),
            ("/scim/a%2F%23/oauth/token", "", {"client_id": client.key_id, "client_secret": client.text}),
            (OURS, basic(client.key_id, "wrong"), {}),
            (OURS, "Basic é", {}),
            (OURS, "Basic", {}),
            (OURS, f"Bearer {token.text}", {}),
            (COMMON, basic("", ""), {}),
        ]
    ]
    assert [said(answer) for answer in answers] == [(401, "invalid_client")] * len(answers)
    assert len({answer.content for answer in answers}) == 1
    assert {answer.headers["WWW-Authenticate"] for answer in answers} == {'Basic realm="oauth"'}


async def test_a_secret_is_no_token_and_a_token_no_password(target: Target) -> None:
    client, token = await target.issue("client"), await target.issue("token")
    for authorization in (f"Bearer {client.text}", basic(client.key_id, client.text), basic(token.key_id, token.text)):
        assert (await target.knock(authorization)).status == 401


@pytest.mark.parametrize(
    ("content", "content_type", "status", "error"),
    [
        ("", FORM, 400, "invalid_request"),
        ("client_id=a&client_secret=b", FORM, 400, "invalid_request"),
        ("grant_type=&client_id=a&client_secret=b", FORM, 400, "invalid_request"),
        ("grant_type=password&client_id=a", FORM, 400, "unsupported_grant_type"),
        ("grant_type=authorization_code&code=x", FORM, 400, "unsupported_grant_type"),
        ("grant_type=client_credentials&grant_type=client_credentials", FORM, 400, "invalid_request"),
        ("grant_type=client_credentials&client_id=a&client_id=b", FORM, 400, "invalid_request"),
        ("grant_type=client_credentials&client_secret=a&client_assertion=b", FORM, 400, "invalid_request"),
        ("grant_type=client_credentials&client_assertion=b", FORM, 400, "invalid_request"),
        ("grant_type=client_credentials&client_assertion=b&client_assertion_type=x", FORM, 400, "invalid_request"),
        ("grant_type=client_credentials", "application/json", 400, "invalid_request"),
        ("grant_type=client_credentials", "", 400, "invalid_request"),
        ("grant_type=client_credentials&x=%FF", FORM, 400, "invalid_request"),
        ("grant_type=client_credentials&" + "&".join(f"a{n}=1" for n in range(30)), FORM, 400, "invalid_request"),
        ("grant_type=client_credentials&client_secret=" + "x" * 20_000, FORM, 413, "invalid_request"),
        ("grant_type=client_credentials", FORM + "; charset=UTF-8", 401, "invalid_client"),
    ],
)
async def test_a_wrong_request_is_refused_in_the_words_of_rfc_6749(
    target: Target, content: str, content_type: str, status: int, error: str
) -> None:
    for path in (OURS, COMMON, "/scim/nobody/oauth/token"):
        answer = await target.send("POST", path, content.encode(), content_type=content_type)
        assert said(answer) == (status, error)


async def test_a_client_proves_itself_in_one_way_only(target: Target) -> None:
    made = await target.issue("client")
    header = basic(made.key_id, made.text)
    for form in ({"client_secret": made.text}, {"client_id": "another"}):
        assert said(await target.ask(authorization=header, **form)) == (400, "invalid_request")


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH", "OPTIONS"])
async def test_the_endpoint_knows_only_post(target: Target, method: str) -> None:
    answer = await target.send(method, OURS)
    assert said(answer) == (405, "invalid_request")
    assert answer.headers["Allow"] == "POST"


async def test_a_provider_that_is_shut_issues_nothing_and_says_so_to_its_client_only(target: Target) -> None:
    made = await target.issue("client")
    form = {"client_id": made.key_id, "client_secret": made.text}
    await target.app.providers.allow("contoso", ["192.0.2.0/24"])
    assert said(await target.ask(**form)) == (400, "unauthorized_client")
    content = urlencode({"grant_type": "client_credentials", **form}).encode()
    inside = await target.send("POST", OURS, content, content_type=FORM, x_forwarded_for="192.0.2.9")
    assert inside.status == 200
    await target.app.providers.allow("contoso", [])
    await target.app.providers.enable("contoso", enabled=False)
    assert said(await target.ask(**form)) == (400, "unauthorized_client")
    assert said(await target.ask(client_id=made.key_id, client_secret="x")) == (401, "invalid_client")


async def test_a_client_that_asks_too_often_is_429_and_no_other_is(target: Target) -> None:
    first, second = await target.issue("client"), await target.issue("client")
    answers = [await target.ask(client_id=first.key_id, client_secret=first.text) for _ in range(70)]
    refused = [answer for answer in answers if answer.status != 200]
    assert refused
    assert {said(answer) for answer in refused} == {(429, "temporarily_unavailable")}
    assert int(refused[0].headers["Retry-After"]) >= 1
    assert (await target.ask(client_id=second.key_id, client_secret=second.text)).status == 200


async def test_who_guesses_too_often_is_429_in_the_same_words(target: Target, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("scim.failures._KEPT_BACK", 0)
    answers = [await target.ask(client_id="x", client_secret="y") for _ in range(12)]
    assert {said(answer) for answer in answers} == {(401, "invalid_client"), (429, "temporarily_unavailable")}


async def test_while_the_store_or_the_keys_are_away_it_is_503(target: Target, monkeypatch: pytest.MonkeyPatch) -> None:
    made = await target.issue("client")
    target.keys.unlink()
    answer = await target.ask(client_id=made.key_id, client_secret=made.text)
    assert said(answer) == (503, "temporarily_unavailable")
    assert answer.headers["Retry-After"]
    assert (await target.send("GET", "/.well-known/jwks.json")).status == 503

    async def away(_: str) -> None:
        raise Unreachable("secret remedy")

    monkeypatch.setattr(target.app.providers.keyring, "get", away)
    answer = await target.ask(client_id=made.key_id, client_secret=made.text)
    assert said(answer) == (503, "temporarily_unavailable")
    assert b"remedy" not in answer.content


async def test_what_nobody_foresaw_is_500_in_the_same_words(target: Target, monkeypatch: pytest.MonkeyPatch) -> None:
    async def broken(_: str) -> None:
        raise RuntimeError("inside")

    monkeypatch.setattr(target.app.providers.keyring, "get", broken)
    answer = await target.ask(client_id="x", client_secret="y")
    assert said(answer) == (500, "temporarily_unavailable")
    assert b"inside" not in answer.content


async def test_access_tokens_while_the_keys_are_away_are_503_and_other_tokens_are_not(target: Target) -> None:
    token = await target.access()
    target.app.authenticator._signing._keys = ()  # type: ignore[union-attr] # noqa: SLF001 (a fresh process)
    target.app.authenticator._signing._read_at = 0  # type: ignore[union-attr] # noqa: SLF001
    target.keys.unlink()
    assert await knocks(target, token) == 503
    assert await knocks(target, target.good.token) == 200


async def test_no_line_of_the_log_holds_a_secret_or_a_token(target: Target) -> None:
    made = await target.issue("client")
    with lines_of_the_service() as lines:
        token = await token_of(await target.ask(client_id=made.key_id, client_secret=made.text))
        await target.ask(client_id=made.key_id, client_secret=made.text + "x")
        await target.show(target.entra.token())
        await knocks(target, token)
    assert len(lines) >= 4
    for secret in (made.text, token, target.entra.token()):
        assert secret not in repr(lines)


# Assertions


@pytest.mark.parametrize("named", [True, False])
@pytest.mark.parametrize("form", [{}, {"scope": "api://x/.default"}])
async def test_an_assertion_gets_a_token_whether_or_not_it_names_its_client(
    target: Target, named: bool, form: dict[str, str]
) -> None:
    key_id = await target.trust("federated")
    given = form | ({"client_id": key_id} if named else {})
    token = await token_of(await target.show(target.entra.token(), **given))
    assert jwt.decode(token, options={"verify_signature": False})["client_id"] == key_id
    assert await knocks(target, token) == 200
    await target.app.providers.keyring.revoke("contoso", key_id)
    assert await knocks(target, token) == 401


async def test_an_assertion_may_be_shown_again_but_not_too_often(target: Target) -> None:
    await target.trust("federated")
    assertion = target.entra.token()
    answers = [await target.show(assertion) for _ in range(70)]
    assert [answer.status for answer in answers[:40]] == [200] * 40
    assert {said(answer) for answer in answers if answer.status != 200} == {(429, "temporarily_unavailable")}


async def test_where_all_providers_share_the_endpoint_an_assertion_names_its_client(target: Target) -> None:
    key_id = await target.trust("federated")
    assert said(await target.show(target.entra.token(), COMMON)) == (401, "invalid_client")
    assert (await target.show(target.entra.token(), COMMON, client_id=key_id)).status == 200


async def test_a_wrong_assertion_is_invalid_client(target: Target) -> None:
    key_id, entra = await target.trust("federated"), target.entra
    other = entra.token(entra.claims(OTHER_TENANT), signed_by=entra.kids[OTHER_TENANT])
    for answer in (
        await target.show(entra.token(entra.claims(aud="another"))),
        await target.show(entra.token(entra.claims(sub="another")), client_id=key_id),
        await target.show(other, client_id=key_id),
        await target.show(other),
        await target.show(entra.token(), "/scim/fabrikam/oauth/token"),
        await target.show(entra.token(), "/scim/fabrikam/oauth/token", client_id=key_id),
        await target.show(entra.token() + "x"),
        await target.show("x.y.z", client_id=key_id),
        await target.show("x"),
    ):
        assert said(answer) == (401, "invalid_client")


async def test_an_assertion_that_nobody_trusts_makes_nobody_ask_entra(target: Target) -> None:
    entra = target.entra
    for tenant in ("another", "../../x?y=", TRUST.tenant):
        assert said(await target.show(entra.token(entra.claims(tid=tenant)))) == (401, "invalid_client")
    assert entra.asked == []


async def test_an_assertion_is_no_token_and_entras_token_no_assertion_of_another_trust(target: Target) -> None:
    await target.trust("federated")
    assert await knocks(target, target.entra.token()) == 401
    await target.trust("entra", "fabrikam")
    assert await knocks(target, target.entra.token(), "fabrikam") == 200
    assert said(await target.show(target.entra.token(), "/scim/fabrikam/oauth/token")) == (401, "invalid_client")


def test_a_client_is_found_by_its_assertion_because_its_id_is_made_of_it() -> None:
    assert federated_id("contoso", TRUST) == federated_id("contoso", replace(TRUST, audience="", application=""))
    assert TRUST.subject == SUBJECT


# What anyone may know


async def test_the_metadata_is_rfc_8414s_and_names_endpoints_that_are_there(target: Target) -> None:
    answer = await target.send("GET", "/.well-known/oauth-authorization-server")
    assert answer.headers["Content-Type"] == "application/json"
    told = answer.json
    assert told["issuer"] == ORIGIN
    assert told["response_types_supported"] == []
    assert told["grant_types_supported"] == ["client_credentials"]
    assert set(told["token_endpoint_auth_methods_supported"]) == {
        "client_secret_post",
        "client_secret_basic",
        "private_key_jwt",
    }
    made = await target.issue("client")
    assert told["token_endpoint"].startswith(ORIGIN)
    issued = await target.ask(
        told["token_endpoint"].removeprefix(ORIGIN), client_id=made.key_id, client_secret=made.text
    )
    token = await token_of(issued)
    keys = await target.send("GET", told["jwks_uri"].removeprefix(ORIGIN))
    key = jwt.PyJWKSet.from_dict(keys.json)[jwt.get_unverified_header(token)["kid"]]
    claims = jwt.decode(token, key, algorithms=["ES256"], audience=f"{ORIGIN}/scim/contoso/v2", issuer=told["issuer"])
    assert claims["sub"] == claims["client_id"] == made.key_id


async def test_the_published_keys_are_public_parts_only(target: Target) -> None:
    answer = await target.send("GET", "/.well-known/jwks.json")
    (key,) = answer.json["keys"]
    assert set(key) == {"kty", "crv", "x", "y", "kid", "alg", "use"}
    assert key["kid"] == signing.read(target.keys.read_text())[0].kid


@pytest.mark.parametrize("path", ["/.well-known/oauth-authorization-server", "/.well-known/jwks.json"])
async def test_what_is_published_can_only_be_read(target: Target, path: str) -> None:
    assert (await target.send("HEAD", path)).status == 200
    assert (await target.send("POST", path)).error == (405, None)


async def test_without_signing_keys_there_is_no_token_endpoint(tmp_path: Path) -> None:
    async with service.target(tmp_path, signing_keys="") as target:
        for path in (OURS, COMMON, "/.well-known/jwks.json", "/.well-known/oauth-authorization-server"):
            assert (await target.send("POST", path)).error == (HTTPStatus.NOT_FOUND, None)


# HTTP Basic, and Entra's own tokens


@pytest.fixture
async def asked(target: Target, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[list[str]]:
    """The keys of the rows that are looked for, each of which the store must take for one."""
    keys, keyring = list[str](), target.app.providers.keyring
    get = keyring.get

    async def keeping(key_id: str) -> Credential | None:
        keys.append(key_id)
        return await get(key_id)

    monkeypatch.setattr(keyring, "get", keeping)
    yield keys
    assert [key for key in keys if not re.fullmatch(r"[0-9a-z-]{1,70}", key)] == []


async def test_a_password_opens_its_provider_until_it_ends(target: Target, monkeypatch: pytest.MonkeyPatch) -> None:
    keyring = target.app.providers.keyring
    made = await target.app.providers.issue("contoso", kind="basic", days=1)
    assert (await target.knock(basic(made.key_id, made.text))).status == 200
    assert (await target.knock(basic(made.key_id, made.text), "fabrikam")).status == 401
    assert (await target.knock(basic(made.key_id, made.text + "x"))).status == 401
    monkeypatch.setattr(type(keyring), "now", "2999-01-01T00:00:00Z")
    assert (await target.knock(basic(made.key_id, made.text))).status == 401


async def test_two_passwords_are_good_at_once_and_a_revoked_one_is_not(target: Target) -> None:
    old = await target.issue("basic")
    new = await target.app.providers.keyring.rotate("contoso", old.key_id, 7)
    assert [(await target.knock(basic(each.key_id, each.text))).status for each in (old, new)] == [200, 200]
    await target.app.providers.keyring.revoke("contoso", old.key_id)
    assert [(await target.knock(basic(each.key_id, each.text))).status for each in (old, new)] == [401, 200]


@pytest.mark.parametrize("user", ["", "x" * 2_000, "a/b#?", "0" * 12, "entra-contoso"])
async def test_a_user_name_of_any_form_is_merely_wrong(target: Target, asked: list[str], user: str) -> None:
    assert (await target.knock(basic(user, "x"))).error == (401, None)
    assert len(asked) == 1


async def test_entras_tokens_are_refused_unless_the_provider_takes_them(target: Target, asked: list[str]) -> None:
    assert await knocks(target, target.entra.token()) == 401
    assert await knocks(target, target.entra.token(), "a%2Fb%23") == 401
    assert target.entra.asked == []
    assert len(asked) == 2
    await target.trust("entra")
    assert await knocks(target, target.entra.token()) == 200
