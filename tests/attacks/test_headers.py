"""Headers and bodies that are made to be believed, to be passed on, or to be too much."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from scim.app import App
from scim.storage.memory import MemoryTables
from scim.storage.rows import Row, Rows
from tests.attacks.service import FORM, Target
from tests.client import ORIGIN, PATCH_OP, SEARCH_REQUEST, USER, Answer
from tests.through import ThroughTables

EVIL = "evil.example"
FORWARDED = {
    "host": EVIL,
    "x_forwarded_host": EVIL,
    "x_forwarded_proto": "http",
    "x_forwarded_port": "81",
    "x_forwarded_prefix": "/evil",
    "x_original_url": f"https://{EVIL}/",
    "x_original_host": EVIL,
    "x_rewrite_url": f"https://{EVIL}/",
    "disguised_host": EVIL,
    "forwarded": f"host={EVIL};proto=http",
    "x_host": EVIL,
}
PUBLIC = ("/.well-known/oauth-authorization-server", "/.well-known/jwks.json", "/openapi.json")


async def test_hosts_that_a_request_names_are_in_no_link(target: Target) -> None:
    right = {"authorization": f"Bearer {target.good.token}", **FORWARDED}
    base = "/scim/contoso/v2"
    user = json.dumps({"schemas": [USER], "userName": "ann"}).encode()
    created = await target.send("POST", f"{base}/Users", user, **right)
    assert created.headers["Location"] == created.json["meta"]["location"]
    assert created.headers["Location"].startswith(f"{ORIGIN}{base}/Users/")
    for path in ("/Users", "/ServiceProviderConfig", "/ResourceTypes", "/Schemas", "/openapi.json"):
        told = await target.send("GET", base + path, **right)
        assert told.status == 200
        assert EVIL not in str(told)
    for path in PUBLIC:
        told = await target.send("GET", path, **FORWARDED)
        assert told.status == 200
        assert EVIL not in str(told)


async def test_a_host_in_the_url_is_in_no_link(target: Target) -> None:
    for host in (EVIL, f"{EVIL}:81", "a@b", "[", "[::1", "a\\b", "\u2100.example"):
        client = replace(target, app=target.app)
        request = {"authorization": f"Bearer {client.good.token}"}
        told = await client.send("GET", "/scim/contoso/v2/ServiceProviderConfig", origin=f"https://{host}", **request)
        assert told.status in {200, 400}
        assert EVIL not in str(told)


INJECTIONS = (
    "a\r\nSet-Cookie: evil=1",
    "a\nevil: 1",
    "a\revil",
    "a\0b",
    "\u560d\u560aevil: 1",
    "x" * 65,
    "<script>",
    "",
)


@pytest.mark.parametrize("header", ["x-request-id", "x-ms-client-request-id"])
@pytest.mark.parametrize("text", INJECTIONS)
async def test_ids_of_requests_that_would_be_headers(target: Target, header: str, text: str) -> None:
    told = await target.send("GET", "/scim/contoso/v2/Users", **{header: text})
    assert told.status == 401
    assert told.headers["X-Request-Id"] != text
    assert_headers_are_whole(told)


async def test_values_that_would_be_headers(target: Target) -> None:
    text = "a\r\nSet-Cookie: evil=1"
    right = {"authorization": f"Bearer {target.good.token}"}
    body: dict[str, Any] = {
        "schemas": [USER],
        "userName": text,
        "externalId": text,
        "id": text,
        "meta": {"location": text},
    }
    answers = [
        await target.send("POST", "/scim/contoso/v2/Users", json.dumps(body).encode(), **right),
        await target.send("GET", "/scim/contoso/v2/Users/a%0d%0aSet-Cookie:%20evil=1", **right),
        await target.send("GET", "/scim/a%0d%0aSet-Cookie:%20evil=1/v2/Users", **right),
        await target.send("GET", "/scim/contoso/v2/Users?attributes=a%0d%0aevil", **right),
        await target.send("GET", "/scim/contoso/v2/Users", if_none_match=text, prefer=text, **right),
        await target.send(
            "POST", "/oauth/token", b"client_id=a%0d%0ab&grant_type=client_credentials", content_type=FORM
        ),
        await target.send("GE\r\nT", "/scim/contoso/v2/Users", **right),
    ]
    for told in answers:
        assert told.status < 500
        assert_headers_are_whole(told)


def assert_headers_are_whole(told: Answer) -> None:
    for name, value in told.headers.items():
        assert not set(name + value) & set("\r\n\0"), (name, value)
        assert (name + value).isascii()


async def test_every_answer_is_kept_by_nobody_and_says_what_it_is(target: Target) -> None:
    right = {"authorization": f"Bearer {target.good.token}"}
    token = await target.issue("client")
    answers = [
        *[await target.send("GET", path) for path in (*PUBLIC, "/", "/nothing", "/scim/contoso/v2/Users")],
        await target.send("GET", "/scim/contoso/v2/Users", **right),
        await target.ask(client_id=token.key_id, client_secret=token.text),
        await target.ask(client_id=token.key_id, client_secret="wrong"),
        await target.send("GET", "/oauth/token"),
        await target.send("GET", "/" + "x" * 5_000),
    ]
    for told in answers:
        assert told.headers["Cache-Control"] == "no-store"
        assert told.headers["Content-Type"].startswith(("application/scim+json", "application/json"))
        assert not {"Server", "X-Powered-By", "Access-Control-Allow-Origin", "Set-Cookie"} & {*told.headers}


def test_the_host_adds_what_keeps_browsers_from_guessing() -> None:
    settings = json.loads((Path(__file__).parents[2] / "host.json").read_text())
    added = settings["extensions"]["http"]["customHeaders"]
    assert added["X-Content-Type-Options"] == "nosniff"
    assert added["Strict-Transport-Security"].startswith("max-age=")


# Too much


async def test_bodies_and_urls_that_are_too_much(target: Target) -> None:
    right = {"authorization": f"Bearer {target.good.token}"}
    base = "/scim/contoso/v2"
    settings = target.app.settings
    deep = b'{"schemas":["' + USER.encode() + b'"],"userName":"a","name":' + b'{"a":' * 100_000 + b"1" + b"}" * 100_001
    patch = {"schemas": [PATCH_OP], "Operations": [{"op": "add", "path": "title", "value": "x"}] * 1_001}
    filters = {"schemas": [SEARCH_REQUEST], "filter": "(" * 20_000 + "title pr" + ")" * 20_000}
    user = await target.good.user("ann")
    answers = {
        413: await target.send("POST", f"{base}/Users", b"x" * (settings.body_max + 1), **right),
        400: await target.send("POST", f"{base}/Users", deep, **right),
        414: await target.send("GET", f"{base}/Users?{'x' * 4_096}", **right),
    }
    for status, told in answers.items():
        assert told.error[0] == status
    more = [
        await target.send("POST", f"{base}/Bulk", b"x" * (settings.group_body_max + 1), **right),
        await target.send("PATCH", f"{base}/Users/{user['id']}", json.dumps(patch).encode(), **right),
        await target.send("POST", f"{base}/.search", json.dumps(filters).encode(), **right),
        await target.send("POST", f"{base}/Users", b"9" * 100_000, **right),
    ]
    assert {told.error[0] for told in more} <= {400, 413}
    form = {"content_type": FORM}
    refused = [
        await target.send("POST", "/oauth/token", b"a=" + b"x" * 20_000, **form),
        await target.send("POST", "/oauth/token", b"&".join(b"a%d=b" % number for number in range(1_000)), **form),
        await target.send("POST", "/oauth/token", b"grant_type=a&grant_type=b", **form),
        await target.send("POST", "/oauth/token", b"\xff", **form),
        await target.send("POST", "/oauth/token", b"client_secret=%ff&grant_type=client_credentials", **form),
    ]
    assert {each.json["error"] for each in refused} == {"invalid_request"}
    assert {each.status for each in refused} <= {400, 413}


async def test_a_body_is_not_read_before_its_sender_is_known(target: Target) -> None:
    body = b"{" * 1_000_000
    assert (await target.send("POST", "/scim/contoso/v2/Groups", body)).status == 401
    assert (await target.send("POST", "/scim/contoso/v2/Bulk", body, content_type="evil/evil")).status == 401


async def test_headers_that_are_too_much(target: Target) -> None:
    for text in ("x" * 100_000, "Bearer " + "a." * 50_000, "Basic " + "A" * 100_000, "Bearer " + "é" * 1_000, "\ud800"):
        assert (await target.knock(text)).status == 401
        assert (await target.ask(authorization=text)).status == 401
    for name in ("if-match", "prefer", "accept", "content-type", "x-forwarded-for", "x-request-id"):
        assert (await target.knock("Bearer nothing", **{name: ",;" * 50_000})).status == 401


# What went wrong inside


class _Broken:
    """Rows that fail with a text that nobody may see."""

    def __init__(self, rows: Rows) -> None:
        self._rows = rows

    async def get(self, key: str) -> Row | None:
        raise RuntimeError(f"marked-inside {key} /srv/secret.py")

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 (whatever rows have)
        return getattr(self._rows, name)


async def test_faults_inside_are_told_to_nobody(target: Target, capsys: pytest.CaptureFixture[str]) -> None:
    app = App.build(target.app.settings, ThroughTables(MemoryTables(), _Broken))
    broken = replace(target, app=app)
    answers = [
        await broken.knock(f"Bearer {target.good.token}"),
        await broken.knock(f"Bearer {target.entra.token()}"),
        await broken.ask(client_id="0" * 12, client_secret="x"),
    ]
    for told in answers:
        assert told.status == 500
        text = str(told)
        for word in ("Traceback", "marked-inside", "RuntimeError", ".py", "line "):
            assert word not in text
    assert "marked-inside" not in capsys.readouterr().err
