"""How requests reach the Table service: let in by whom, tried how often, waiting how long, page after page."""

import asyncio
import hmac
import json
import ssl
from base64 import b64decode, b64encode
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from urllib.parse import parse_qsl, unquote

import aiohttp
import azure.identity.aio
import pytest
from aiohttp.abc import AbstractResolver, ResolveResult
from azure.core.credentials import AccessToken
from azure.core.exceptions import HttpResponseError

from scim.storage import account
from scim.storage.rows import Create, Delete, Merge, Row, Rows, TableNotFound, Unreachable, Unsettled
from scim.storage.tables import AzureTables
from tests.contract.listening import HUNG_UP, KEY, SILENCE, Listener, answer, certificate, error, parts

BUSY = answer("503 Server Busy", error("ServerBusy"))
SIGNED = "sv=2019-02-02&ss=t&srt=so&sp=rwdl&se=2099-01-01T00:00:00Z&sig=a%2Fb%2Bc%3D"
KEYS = ["plain", "o'clock", "''", "50%", "%27", "a b", "a+b", "a&b=c", "a;b:c@d,e", "(a)*!$~", "ä\u4e00😀"]
STORAGE, COSMOS = "acme.table.core.windows.net", "acme.table.cosmos.azure.com"
type Serve = Callable[..., Awaitable[tuple[Rows, Listener]]]


def told(key: str, **properties: object) -> dict[str, object]:
    return {"PartitionKey": "p", "RowKey": key, "odata.etag": f'W/"{key}"', "Timestamp": "2026-01-01", **properties}


def found(key: str, **properties: object) -> bytes:
    return answer("200 OK", json.dumps(told(key, **properties)))


def page(*keys: str, token: tuple[str, str] | None = None) -> bytes:
    names = ("x-ms-continuation-NextPartitionKey", "x-ms-continuation-NextRowKey")
    headers = {name: each for name, each in zip(names, token or (), strict=False) if each}
    return answer("200 OK", json.dumps({"value": [told(key) for key in keys]}), headers=headers)


@pytest.fixture
async def serve() -> AsyncIterator[Serve]:
    """Rows of an account that gives such answers."""
    opened: list[tuple[Listener, AzureTables]] = []

    async def start(*answers: bytes | None, credential: str = "") -> tuple[Rows, Listener]:
        listener = await Listener(list(answers)).start()
        store = AzureTables(f"{listener.endpoint};{credential}" if credential else listener.storage)
        opened.append((listener, store))
        return store.rows("t", "p"), listener

    yield start
    for listener, store in opened:
        await store.close()
        await listener.stop()


# Let in


async def test_a_shared_access_signature_goes_with_every_request_and_nothing_else_does(serve: Serve) -> None:
    rows, listener = await serve(
        found("a"), page("a"), parts("204 No Content"), credential=f"SharedAccessSignature={SIGNED}"
    )
    await rows.get("a")
    _ = [each async for each in rows.range("a", "b")]
    await rows.transact([Create("a", {})])
    for query, each in zip(asked(listener), listener.asked, strict=True):
        assert dict(parse_qsl(SIGNED)).items() <= query.items()
        assert "authorization" not in each.headers
    assert listener.asked[0].line.startswith("GET /a/t(PartitionKey='p',RowKey='a')?")
    assert "$top=1000" in listener.asked[1].line
    assert listener.asked[2].line.startswith("POST /a/$batch?")


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


class Here(AbstractResolver):
    """Every name is that of a port of this machine."""

    def __init__(self, port: int) -> None:
        self._port = port

    async def resolve(self, host: str, port: int = 0, family: int = 0) -> list[ResolveResult]:  # noqa: ARG002
        """The port."""
        return [ResolveResult(hostname=host, host="127.0.0.1", port=self._port, family=family, proto=0, flags=0)]

    async def close(self) -> None:
        """Nothing is held."""


type ByIdentity = Callable[..., Awaitable[tuple[AzureTables, Listener, SignedIn]]]


@pytest.fixture
async def by_identity(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> AsyncIterator[ByIdentity]:
    """An account by its URL, which leads to this machine; the identity asked for tokens."""
    file, identity = certificate(tmp_path, STORAGE, COSMOS), SignedIn()
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


@pytest.mark.parametrize(
    ("host", "scope"),
    [(STORAGE, "https://storage.azure.com/.default"), (COSMOS, "https://cosmos.azure.com/.default")],
)
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


@pytest.mark.parametrize("host", [STORAGE, COSMOS])
async def test_an_identity_makes_tables_too(by_identity: ByIdentity, host: str) -> None:
    store, listener, _ = await by_identity(host, answer("201 Created", '{"TableName":"t"}'))
    await store.create("t")
    assert listener.asked[0].line == "POST /Tables HTTP/1.1"
    assert listener.asked[0].headers["authorization"].startswith("Bearer token-")


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


async def test_table_storage_gets_merges_as_what_they_are(serve: Serve) -> None:
    rows, listener = await serve(parts("204 No Content"))
    await rows.transact([Merge("a", 'W/"1"', {"x": 1})])
    body = listener.asked[0].body.decode()
    assert f"PATCH http://127.0.0.1:{listener.port}/a/t(PartitionKey='p',RowKey='a') HTTP/1.1\r\n" in body
    assert "X-HTTP-Method" not in body


# Tried again


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """How long the account has waited between its tries; it takes no time."""
    found, sleep = list[float](), asyncio.sleep

    async def wait(seconds: float) -> None:
        found.extend([seconds] if seconds else [])
        await sleep(0)

    monkeypatch.setattr(asyncio, "sleep", wait)
    return found


async def test_a_read_waits_longer_from_try_to_try_and_ends_with_the_fourth(serve: Serve, waits: list[float]) -> None:
    rows, listener = await serve(BUSY)
    with pytest.raises(Unreachable):
        await rows.get("a")
    assert len(listener.asked) == 4
    assert len(waits) == 3
    for waited, pause in zip(waits, account.PAUSES, strict=True):
        assert pause / 2 <= waited <= pause


@pytest.mark.parametrize("trouble", [BUSY, HUNG_UP, answer("429 Too Many Requests"), answer("408 Request Timeout")])
async def test_a_read_is_answered_by_the_try_that_is(serve: Serve, waits: list[float], trouble: bytes) -> None:
    rows, listener = await serve(trouble, trouble, found("a"))
    assert await rows.get("a") == Row("a", 'W/"a"', {})
    assert len(listener.asked) == 3
    assert len(waits) == 2 or trouble is HUNG_UP, "aiohttp asks once more by itself where a connection closes"


@pytest.mark.parametrize("code", ["404 ResourceNotFound", "404 TableNotFound", "403 Forbidden", "400 InvalidInput"])
async def test_an_answer_about_the_request_is_not_asked_for_again(serve: Serve, waits: list[float], code: str) -> None:
    rows, listener = await serve(answer(code, error(code[4:])))
    with suppress(Unreachable, TableNotFound, HttpResponseError):
        assert await rows.get("a") is None
    assert (len(listener.asked), waits) == (1, [])


@pytest.mark.parametrize("asks", ["1", "2"])
async def test_a_read_waits_as_long_as_the_service_asks(serve: Serve, waits: list[float], asks: str) -> None:
    rows, _ = await serve(answer("503 Server Busy", headers={"Retry-After": asks}), found("a"))
    assert await rows.get("a") is not None
    assert waits == [float(asks)]


@pytest.mark.parametrize("asks", ["3", "30", "9" * 400])
async def test_a_service_that_asks_for_much_time_is_not_waited_for(serve: Serve, waits: list[float], asks: str) -> None:
    rows, listener = await serve(answer("429 Too Many Requests", headers={"Retry-After": asks}), found("a"))
    with pytest.raises(Unreachable):
        await rows.get("a")
    assert (len(listener.asked), waits) == (1, [])


@pytest.mark.parametrize("asks", ["0", "-5", "soon", "Wed, 21 Oct 2099 07:28:00 GMT"])
async def test_what_is_no_number_of_seconds_is_as_good_as_nothing(serve: Serve, waits: list[float], asks: str) -> None:
    rows, _ = await serve(answer("503 Server Busy", headers={"Retry-After": asks}), found("a"))
    assert await rows.get("a") is not None
    assert waits[0] <= account.PAUSES[0]


async def test_a_transaction_is_sent_once_whatever_the_service_asks(serve: Serve, waits: list[float]) -> None:
    rows, listener = await serve(answer("503 Server Busy", headers={"Retry-After": "1"}), parts("204 No Content"))
    with pytest.raises(Unsettled):
        await rows.transact([Create("a", {})])
    assert (len(listener.asked), waits) == (1, [])


# Waited for


async def each_way(rows: Rows) -> list[BaseException]:
    """What a read, a range and a transaction end with, all at once."""

    async def pages() -> None:
        _ = [each async for each in rows.range("a", "b")]

    async with asyncio.timeout(30):
        calls = (rows.get("a"), pages(), rows.transact([Create("a", {})]))
        return [
            each for each in await asyncio.gather(*calls, return_exceptions=True) if isinstance(each, BaseException)
        ]


@pytest.mark.parametrize("bound", ["READ", "CALL"])
async def test_a_service_that_says_nothing_is_given_up(
    serve: Serve, monkeypatch: pytest.MonkeyPatch, bound: str
) -> None:
    monkeypatch.setattr(account, "PAUSES", (0.0,))
    for each in ("READ", "CALL"):
        monkeypatch.setattr(account, each, 0.2 if each == bound else 600)
    rows, listener = await serve(SILENCE)
    assert [type(each) for each in await each_way(rows)] == [Unreachable, Unreachable, Unsettled]
    assert len(listener.asked) == (5 if bound == "READ" else 3)


async def test_pauses_count_as_time_of_the_call(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(account, "PAUSES", (600.0,))
    monkeypatch.setattr(account, "CALL", 0.2)
    rows, listener = await serve(BUSY)
    assert [type(each) for each in await each_way(rows)] == [Unreachable, Unreachable, Unsettled]
    assert len(listener.asked) == 3


def test_a_call_is_over_long_before_a_client_is() -> None:
    assert account.CONNECT <= account.READ < account.CALL <= 15


# Page after page


def asked(listener: Listener) -> list[dict[str, str]]:
    """The query of each request, and how it goes on from a page."""
    return [dict(parse_qsl(each.line.split()[1].partition("?")[2], strict_parsing=True)) for each in listener.asked]


async def test_only_the_token_ends_a_range_and_not_an_empty_page(serve: Serve) -> None:
    rows, listener = await serve(
        page(token=("1!p", "1!a")), page("a", token=("1!p+/=&'é", "1!b c")), page(token=("1!x", "")), page("b")
    )
    pages = [[row.key for row in each] async for each in rows.range("a", "z")]
    assert pages == [[], ["a"], [], ["b"]]
    first, *others = asked(listener)
    assert first == {"$filter": "PartitionKey eq 'p' and RowKey ge 'a' and RowKey lt 'z'", "$top": "1000"}
    assert others == [
        first | {"NextPartitionKey": "1!p", "NextRowKey": "1!a"},
        first | {"NextPartitionKey": "1!p+/=&'é", "NextRowKey": "1!b c"},
        first | {"NextPartitionKey": "1!x"},
    ]


@pytest.mark.parametrize(("limit", "expected"), [(2, [[], ["a", "b"]]), (3, [[], ["a", "b"], ["c"]])])
async def test_a_limit_is_counted_over_pages_and_ends_a_range_that_could_go_on(
    serve: Serve, limit: int, expected: list[list[str]]
) -> None:
    rows, listener = await serve(
        page(token=("p", "a")), page("a", "b", token=("p", "c")), page("c", "d", token=("p", "e")), page("e")
    )
    assert [[row.key for row in each] async for each in rows.range("a", "z", limit)] == expected
    assert [query["$top"] for query in asked(listener)] == [str(limit)] * len(expected)


async def test_a_table_that_goes_between_two_pages_is_gone(serve: Serve) -> None:
    rows, _ = await serve(page("a", token=("p", "b")), answer("404 Not Found", error("ResourceNotFound")))
    with pytest.raises(TableNotFound):
        _ = [each async for each in rows.range("a", "z")]


async def test_quotes_and_signs_in_keys_mean_themselves(serve: Serve) -> None:
    rows, listener = await serve(page())
    bounds = "o'clock", "50% + ä&b=c;:@,()*!$~ 😀"
    _ = [each async for each in rows.range(*bounds, keys_only=True)]
    assert asked(listener)[0] == {
        "$filter": f"PartitionKey eq 'p' and RowKey ge 'o''clock' and RowKey lt '{bounds[1]}'",
        "$top": "1000",
        "$select": "RowKey",
    }


@pytest.mark.parametrize("key", ["", *KEYS])
async def test_a_signature_is_of_the_path_as_it_goes_over_the_wire(serve: Serve, key: str) -> None:
    rows, listener = await serve(answer("404 Not Found", error("ResourceNotFound")))
    assert await rows.get(key) is None
    (got,) = listener.asked
    method, path, _ = got.line.split(" ")
    assert (method, unquote(path)) == ("GET", f"/a/t(PartitionKey='p',RowKey='{key.replace("'", "''")}')")
    signed = hmac.digest(b64decode(KEY), f"{got.headers['x-ms-date']}\n/a{path}".encode(), "sha256")
    assert got.headers["authorization"] == f"SharedKeyLite a:{b64encode(signed).decode()}"
    assert got.headers["accept"] == "application/json;odata=minimalmetadata"
