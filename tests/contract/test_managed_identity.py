"""A managed identity as App Service gives it: what is sent to its endpoint, on this machine, and to the tables."""

import asyncio
import io
import logging
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web
from azure.core.exceptions import ClientAuthenticationError

from scim import identity, telemetry
from scim.app import App
from scim.blobs import Container
from scim.credentials import Token
from scim.handlers import Request
from scim.identity import Identity
from scim.local import ports
from scim.places import PlaceError
from scim.settings import Settings
from scim.storage import account
from scim.storage.rows import Row, Unreachable
from scim.storage.tables import AzureTables
from tests.answering import answering
from tests.contract.by_name import Here, certificate
from tests.contract.listening import Listener, answer, error, found

STORAGE = "acme.table.core.windows.net"
OURS = "9f1c77ab-0000-4000-8000-000000000001"
HEADER, TOKEN = "header-of-this-process", "token-of-the-identity"


@dataclass(slots=True)
class Endpoint:
    """The identity's endpoint, which knows one user-assigned identity."""

    url: str
    asked: list[web.Request] = field(default_factory=list)
    pause: float = 0

    async def answer(self, request: web.Request) -> web.Response:
        self.asked.append(request)
        await asyncio.sleep(self.pause)
        if request.headers.get("X-IDENTITY-HEADER") != HEADER:
            return web.json_response({"statusCode": 401, "message": f"{TOKEN} not for you"}, status=401)
        if request.query.get("client_id") != OURS:
            return web.json_response({"statusCode": 400, "message": f"no such identity, {TOKEN}"}, status=400)
        told = {"access_token": TOKEN, "expires_on": str(2**40), "resource": "r", "token_type": "Bearer"}
        return web.json_response(told)


@pytest.fixture
async def endpoint(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Endpoint]:
    listener = ports.listen(0)
    there = Endpoint(f"http://127.0.0.1:{ports.number(listener)}/msi/token")
    monkeypatch.setenv("IDENTITY_ENDPOINT", there.url)
    monkeypatch.setenv("IDENTITY_HEADER", HEADER)
    for other in ("AZURE_CLIENT_ID", "AZURE_CLIENT_SECRET", "AZURE_TENANT_ID", "IMDS_ENDPOINT"):
        monkeypatch.delenv(other, raising=False)
    async with answering(listener, "GET", "/msi/token", there.answer):
        yield there


type Serve = Callable[..., Awaitable[tuple[AzureTables, Listener]]]


@pytest.fixture
async def serve(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> AsyncIterator[Serve]:
    file = certificate(tmp_path, STORAGE)
    server, client = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), ssl.create_default_context(cafile=file)
    server.load_cert_chain(file)
    listener, stores = Listener([]), list[AzureTables]()

    def session(_: str) -> aiohttp.ClientSession:
        return aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=client, resolver=Here(listener.port)))

    monkeypatch.setattr(account, "_session", session)

    async def start(client_id: str, *answers: bytes) -> tuple[AzureTables, Listener]:
        listener.answers = list(answers)
        await listener.start(server)
        stores.append(AzureTables(f"https://{STORAGE}", client_id))
        return stores[0], listener

    yield start
    await stores[0].close()
    await listener.stop()


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """All that is logged, by whomever, as the service writes it."""
    stream, logger = io.StringIO(), logging.getLogger()
    handler, before = logging.StreamHandler(stream), logger.level
    handler.setFormatter(telemetry.JsonLine())
    for each in (logger, logging.getLogger("scim")):
        each.addHandler(handler)
    yield stream
    for each in (logger, logging.getLogger("scim")):
        each.removeHandler(handler)
    logger.setLevel(before)


async def test_the_identity_named_is_asked_for_and_its_token_opens_the_tables(endpoint: Endpoint, serve: Serve) -> None:
    store, listener = await serve(OURS, found("a", x=1))
    assert await store.rows("t", "p").get("a") == Row("a", 'W/"a"', {"x": 1})
    assert await store.rows("t", "p").get("a")
    (asked,) = endpoint.asked
    assert asked.headers["X-IDENTITY-HEADER"] == HEADER
    assert asked.query["client_id"] == OURS
    assert asked.query["resource"] == "https://storage.azure.com"
    assert asked.query["api-version"] == "2019-08-01"
    assert [each.headers["authorization"] for each in listener.asked] == [f"Bearer {TOKEN}"] * 2


@pytest.mark.parametrize("wrong", ["another identity", "another process"])
async def test_without_a_token_the_operator_is_told_what_to_assign(
    endpoint: Endpoint, serve: Serve, log: io.StringIO, monkeypatch: pytest.MonkeyPatch, wrong: str
) -> None:
    if wrong == "another process":
        monkeypatch.setenv("IDENTITY_HEADER", "of-another-process")
    named = "9f1c77ab-0000-4000-8000-000000000002" if wrong == "another identity" else OURS
    store, listener = await serve(named, found("a"))
    with telemetry.request("GET", {}), pytest.raises(Unreachable) as raised:
        await store.rows("t", "p").get("a")
    assert raised.value.status == 503
    assert raised.value.remedy == (
        f"nobody is signed in to the store at {STORAGE}: assign the managed identity to the app, and see that "
        "ROLLCALL_IDENTITY is its client id"
    )
    assert endpoint.asked
    assert listener.asked == []
    assert raised.value.remedy in log.getvalue()
    assert TOKEN not in log.getvalue() + str(raised.value)


async def test_an_identity_without_a_role_is_told_so(endpoint: Endpoint, serve: Serve, log: io.StringIO) -> None:
    store, listener = await serve(OURS, answer("403 Forbidden", error("AuthorizationPermissionMismatch")))
    calls = (store.rows("t", "p").get("a"), store.create("t"))
    for call in calls:
        with telemetry.request("GET", {}), pytest.raises(Unreachable) as raised:
            await call
        assert "does not let this identity in: give it the role 'Storage Table Data Contributor'" in raised.value.remedy
    assert {each.query["client_id"] for each in endpoint.asked} == {OURS}
    assert {each.headers["authorization"] for each in listener.asked} == {f"Bearer {TOKEN}"}
    assert "does not let this identity in" in log.getvalue()
    assert TOKEN not in log.getvalue()


async def test_an_endpoint_that_is_silent_is_not_taken_for_a_store_that_is(
    endpoint: Endpoint, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(identity, "_SECONDS", 0.05)
    endpoint.pause = 1
    store, _ = await serve(OURS, found("a"))
    with pytest.raises(Unreachable) as raised:
        await store.rows("t", "p").get("a")
    assert raised.value.remedy.startswith("nobody is signed in")


async def test_nothing_of_an_identity_is_imported_or_asked_before_a_token_is(endpoint: Endpoint) -> None:
    async with Identity(OURS):
        pass
    assert endpoint.asked == []
    async with Identity("9f1c77ab-0000-4000-8000-00000000000f") as other:
        with pytest.raises(ClientAuthenticationError):
            await other.get_token("https://storage.azure.com/.default")


async def test_without_a_name_the_endpoint_gives_the_system_assigned_one(endpoint: Endpoint) -> None:
    async with Identity() as any_one:
        with pytest.raises(ClientAuthenticationError):
            await any_one.get_token("https://vault.azure.net/.default")
    assert "client_id" not in endpoint.asked[0].query
    assert endpoint.asked[0].query["resource"] == "https://vault.azure.net"


@pytest.mark.parametrize("status", ["200 OK", "404 The specified blob does not exist.", "403 Forbidden"])
async def test_backups_are_opened_by_the_same_identity(
    endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, log: io.StringIO, status: str
) -> None:
    host = "acme.blob.core.windows.net"
    file = certificate(tmp_path, host)
    server, client = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), ssl.create_default_context(cafile=file)
    server.load_cert_chain(file)
    code = {"x-ms-error-code": "AuthorizationPermissionMismatch"} if status.startswith("403") else {}
    listener = Listener([answer(status, headers=code)])
    await listener.start(server)
    monkeypatch.setattr("aiohttp.connector.DefaultResolver", lambda **_: Here(listener.port))
    monkeypatch.setattr("aiohttp.connector._SSL_CONTEXT_VERIFIED", client)
    container = Container(f"https://{host}/backups", OURS)
    if status.startswith("403"):
        with pytest.raises(PlaceError, match="give it the role 'Storage Blob Data Contributor'"):
            await container.ready()
    else:
        await container.ready()
        assert await container.has("contoso/night") == status.startswith("200")
    await container.close()
    await listener.stop()
    (asked, *_) = listener.asked
    assert asked.line.startswith("HEAD /backups/")
    assert {each.headers["authorization"] for each in listener.asked} == {f"Bearer {TOKEN}"}
    assert {each.query["resource"] for each in endpoint.asked} == {"https://storage.azure.com"}
    assert {each.query["client_id"] for each in endpoint.asked} == {OURS}
    assert TOKEN not in log.getvalue()


async def test_a_service_that_nobody_is_signed_in_for_is_not_ready_and_says_what_to_do(
    endpoint: Endpoint, serve: Serve, log: io.StringIO
) -> None:
    other = "9f1c77ab-0000-4000-8000-000000000002"
    store, _ = await serve(other, found("a"))
    given = {"storage": f"https://{STORAGE}", "public_url": "https://scim.example.com", "identity": other}
    app = App.build(Settings.model_validate(given), store)

    async def ask(path: str, token: str = "") -> tuple[int, str]:
        response = await app.handle(Request("GET", f"https://scim.example.com{path}", {"authorization": token}))
        return response.status.value, response.body.decode()

    assert (await ask("/health"))[0] == 200
    status, told = await ask("/ready")
    assert status == 503
    assert "nobody is signed in to the store: assign the managed identity to the app" in told
    assert STORAGE not in told
    token = f"Bearer {Token.new().text}"
    status, told = await ask("/scim/contoso/v2/Users", token)
    assert status == 503
    assert "The store does not answer" in told
    assert "nobody is signed in to the store at" in log.getvalue()
    assert TOKEN not in log.getvalue() + told
    assert endpoint.asked
