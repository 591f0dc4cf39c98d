"""An account by its tables' URL: over TLS, let in by the tokens of an identity; Table Storage's, and Cosmos DB's."""

import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import aiohttp
import azure.identity.aio
import pytest
from azure.core.credentials import AccessToken

from scim.storage import account
from scim.storage.rows import Create, Delete, Merge, Row
from scim.storage.tables import AzureTables
from tests.contract.by_name import Here, certificate
from tests.contract.listening import Listener, answer, found, page, parts

STORAGE, COSMOS = "acme.table.core.windows.net", "acme.table.cosmos.azure.com"
SCOPES = {
    STORAGE: "https://storage.azure.com/.default",
    "acme.table.core.usgovcloudapi.net": "https://storage.azure.us/.default",
    "acme.table.core.chinacloudapi.cn": "https://storage.azure.cn/.default",
    COSMOS: "https://cosmos.azure.com/.default",
    "acme.table.cosmos.azure.us": "https://cosmos.azure.us/.default",
    "acme.table.cosmos.azure.cn": "https://cosmos.azure.cn/.default",
}


class SignedIn:
    """What stands for the process's identity where somebody has signed in."""

    def __init__(self) -> None:
        self.scopes: list[str] = []

    async def get_token(self, *scopes: str, **_: object) -> AccessToken:
        """A token that is good for a long time."""
        self.scopes += scopes
        return AccessToken(f"token-{len(self.scopes)}", 2**40)

    async def close(self) -> None:
        """Nothing is held."""


type ByIdentity = Callable[..., Awaitable[tuple[AzureTables, Listener, SignedIn]]]


@pytest.fixture
async def by_identity(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> AsyncIterator[ByIdentity]:
    """An account by its URL, which leads to this machine; the identity asked for tokens."""
    file, identity = certificate(tmp_path, *SCOPES), SignedIn()
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(file)
    client = ssl.create_default_context(cafile=file)
    listener = Listener([])

    def session(_: str) -> aiohttp.ClientSession:
        return aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=client, resolver=Here(listener.port)))

    monkeypatch.setattr(azure.identity.aio, "DefaultAzureCredential", lambda: identity)
    monkeypatch.setattr(account, "_session", session)
    stores: list[AzureTables] = []

    async def start(host: str, *answers: bytes) -> tuple[AzureTables, Listener, SignedIn]:
        listener.answers = list(answers)
        await listener.start(server)
        stores.append(AzureTables(f"https://{host}"))
        return stores[0], listener, identity

    yield start
    await stores[0].close()
    await listener.stop()


@pytest.mark.parametrize(("host", "scope"), SCOPES.items())
async def test_an_identity_is_asked_once_for_a_token_of_the_service_s_scope(
    by_identity: ByIdentity, host: str, scope: str
) -> None:
    store, listener, identity = await by_identity(host, found("a", x=1), page("a"), parts("204 No Content"))
    rows = store.rows("t", "p")
    assert await rows.get("a") == Row("a", 'W/"a"', {"x": 1})
    assert [each async for each in rows.range("a", "b")] == [[Row("a", 'W/"a"', {})]]
    assert await rows.transact([Create("a", {})]) == ['W/"1"']
    assert identity.scopes == [scope]
    assert [each.headers["authorization"] for each in listener.asked] == ["Bearer token-1"] * 3
    assert [each.headers["host"] for each in listener.asked] == [host] * 3
    assert {each.headers["x-ms-version"] for each in listener.asked} == {"2019-02-02"}


@pytest.mark.parametrize(("host", "scope"), SCOPES.items())
async def test_an_identity_makes_tables_too(by_identity: ByIdentity, host: str, scope: str) -> None:
    store, listener, identity = await by_identity(host, answer("201 Created", '{"TableName":"t"}'))
    await store.create("t")
    assert listener.asked[0].line == "POST /Tables HTTP/1.1"
    assert listener.asked[0].headers["authorization"].startswith("Bearer token-")
    assert {*identity.scopes} == {scope}


async def test_cosmos_db_gets_merges_by_a_header_of_a_post_and_table_storage_as_what_they_are(
    by_identity: ByIdentity,
) -> None:
    store, listener, _ = await by_identity(COSMOS, parts(*["204 No Content"] * 3))
    await store.rows("t", "p").transact([Merge("a", 'W/"1"', {"x": 1}), Create("b", {}), Delete("c", 'W/"3"')])
    merge, create, delete = listener.asked[0].body.decode().split("--changeset_")[1:4]
    assert f"POST https://{COSMOS}/t(PartitionKey='p',RowKey='a') HTTP/1.1\r\n" in merge
    assert "\r\nX-HTTP-Method: MERGE\r\n" in merge
    assert '\r\nIf-Match: W/"1"\r\n' in merge
    assert f"POST https://{COSMOS}/t HTTP/1.1\r\n" in create
    assert f"DELETE https://{COSMOS}/t(PartitionKey='p',RowKey='c') HTTP/1.1\r\n" in delete
    assert "X-HTTP-Method" not in create + delete
