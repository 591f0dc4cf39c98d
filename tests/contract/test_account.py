"""How requests reach the Table service: let in by whom, tried how often, waiting how long, page after page."""

import asyncio
import hmac
from base64 import b64decode, b64encode
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from urllib.parse import parse_qsl, unquote

import pytest
from azure.core.exceptions import HttpResponseError

from scim.storage import account
from scim.storage.rows import Create, Merge, Row, Rows, TableNotFound, Unreachable, Unsettled
from scim.storage.tables import AzureTables
from tests.contract.listening import HUNG_UP, KEY, SILENCE, Listener, answer, error, found, page, parts

BUSY = answer("503 Server Busy", error("ServerBusy"))
SIGNED = "sv=2019-02-02&ss=t&srt=so&sp=rwdl&se=2099-01-01T00:00:00Z&sig=a%2Fb%2Bc%3D"
KEYS = ["plain", "o'clock", "''", "50%", "%27", "a b", "a+b", "a&b=c", "a;b:c@d,e", "(a)*!$~", "ä\u4e00😀"]
type Serve = Callable[..., Awaitable[tuple[Rows, Listener]]]


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


@pytest.mark.parametrize(("seconds", "connections"), [(600, 1), (0.1, 2)])
async def test_a_connection_that_was_idle_for_long_is_not_used_again(
    serve: Serve, monkeypatch: pytest.MonkeyPatch, seconds: float, connections: int
) -> None:
    monkeypatch.setitem(account._IDLE, "http", seconds)  # noqa: SLF001 (Azurite's own bound is too long to wait for)
    rows, listener = await serve(parts("204 No Content"))
    listener.keeps = True
    for pause in (0.3, 0):
        await rows.transact([Create("a", {})])
        await asyncio.sleep(pause)
    assert (listener.connections, len(listener.asked)) == (connections, 2)


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
