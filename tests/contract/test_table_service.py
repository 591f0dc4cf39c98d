"""What Table Storage may answer when it is not well, and what that means to us."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from scim.errors import PayloadTooLarge, Unavailable
from scim.storage import tables
from scim.storage.rows import Create, Refused, Rows, Unsettled
from scim.storage.tables import AzureTables

CREATE = [Create("a", {"x": 1})]
KEY = "cm9sbGNhbGwtdGVzdHMta2V5LW9mLW5vLXVzZS1hdC1hbGw="


def answer(status: str, body: str = "", kind: str = "application/json", length: int | None = None) -> bytes:
    size = len(body) if length is None else length
    return f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {size}\r\n\r\n{body}".encode()


def error(code: str) -> str:
    return f'{{"odata.error":{{"code":"{code}","message":{{"lang":"en-US","value":"0:{code}"}}}}}}'


def parts(*statuses: str, body: str = "") -> bytes:
    """The answer to an entity group transaction."""
    inner = "".join(
        f"--c\r\nContent-Type: application/http\r\nContent-Transfer-Encoding: binary\r\n\r\n"
        f'HTTP/1.1 {status}\r\nETag: W/"1"\r\nContent-Type: application/json\r\n\r\n{body}\r\n'
        for status in statuses
    )
    outer = f"--b\r\nContent-Type: multipart/mixed; boundary=c\r\n\r\n{inner}--c--\r\n--b--\r\n"
    return answer("202 Accepted", outer, "multipart/mixed; boundary=b")


CUT_SHORT = answer("202 Accepted", "--b\r\n", "multipart/mixed; boundary=b", length=500)
HUNG_UP = b""


def named(given: object) -> str:
    """What to call an answer in the list of tests: its status line."""
    return given.partition(b"\r\n")[0].decode() or "hung up" if isinstance(given, bytes) else str(given)


type Serve = Callable[[bytes], Awaitable[tuple[Rows, list[bytes]]]]


@pytest.fixture(autouse=True)
def _without_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(tables._READ_RETRIES, "retry_backoff_factor", 0)  # noqa: SLF001 (only the waiting)


@pytest.fixture
async def serve() -> AsyncIterator[Serve]:
    """A table service that answers every request with the same bytes, and hangs up; it keeps the first lines."""
    opened: list[tuple[asyncio.Server, AzureTables]] = []

    async def start(given: bytes) -> tuple[Rows, list[bytes]]:
        asked: list[bytes] = []

        async def respond(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            head = await reader.readuntil(b"\r\n\r\n")
            asked.append(head.partition(b"\r\n")[0])
            length = next((int(h[15:]) for h in head.split(b"\r\n") if h.lower().startswith(b"content-length:")), 0)
            await reader.readexactly(length)
            writer.write(given)
            await writer.drain()
            writer.close()

        server = await asyncio.start_server(respond, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        account = AzureTables(
            f"DefaultEndpointsProtocol=http;AccountName=a;AccountKey={KEY};TableEndpoint=http://127.0.0.1:{port}/a;"
        )
        opened.append((server, account))
        return account.rows("t", "p"), asked

    yield start
    for server, account in opened:
        await account.close()
        server.close()
        await server.wait_closed()


@pytest.mark.parametrize(
    "given",
    [
        answer("503 Server Busy", error("ServerBusy")),
        answer("500 Internal Server Error", error("InternalError")),
        answer("500 Internal Server Error", "<html>", "text/html"),
        answer("429 Too Many Requests", error("TooManyRequests")),
        answer("408 Request Timeout", ""),
        parts("500 Internal Server Error", body=error("InternalError")),
        parts("503 Server Busy", body=error("OperationTimedOut")),
        parts(),
        answer("202 Accepted", "", "multipart/mixed; boundary=b"),
        CUT_SHORT,
        HUNG_UP,
    ],
    ids=named,
)
async def test_a_transaction_without_a_plain_answer_is_unsettled_and_was_sent_once(serve: Serve, given: bytes) -> None:
    rows, asked = await serve(given)
    with pytest.raises(Unsettled):
        await rows.transact(CREATE)
    assert len(asked) == 1


@pytest.mark.parametrize(
    ("given", "cause"),
    [
        (parts("409 Conflict", body=error("EntityAlreadyExists")), "exists"),
        (parts("412 Precondition Failed", body=error("UpdateConditionNotSatisfied")), "stale"),
        (parts("404 Not Found", body=error("ResourceNotFound")), "missing"),
    ],
    ids=named,
)
async def test_a_refusal_is_told_apart(serve: Serve, given: bytes, cause: str) -> None:
    rows, _ = await serve(given)
    with pytest.raises(Refused) as refused:
        await rows.transact(CREATE)
    assert (refused.value.index, refused.value.cause) == (0, cause)


@pytest.mark.parametrize(
    "given",
    [
        answer("413 Request Body Too Large", error("RequestBodyTooLarge")),
        parts("413 Request Body Too Large", body=error("RequestBodyTooLarge")),
    ],
    ids=named,
)
async def test_a_transaction_that_is_too_large_is_the_client_s_to_mend(serve: Serve, given: bytes) -> None:
    rows, _ = await serve(given)
    with pytest.raises(PayloadTooLarge):
        await rows.transact(CREATE)


@pytest.mark.parametrize(
    "given",
    [
        answer("503 Server Busy", error("ServerBusy")),
        answer("500 Internal Server Error", "<html>", "text/html"),
        answer("429 Too Many Requests", error("TooManyRequests")),
        answer("404 Not Found", error("TableNotFound")),
        HUNG_UP,
    ],
    ids=named,
)
async def test_a_read_without_an_answer_is_unavailable(serve: Serve, given: bytes) -> None:
    rows, _ = await serve(given)
    with pytest.raises(Unavailable) as raised:
        await rows.get("a")
    assert int(raised.value.headers["Retry-After"]) > 0
    with pytest.raises(Unavailable):
        _ = [page async for page in rows.range("a", "b")]


async def test_a_read_is_tried_again_a_few_times(serve: Serve) -> None:
    rows, asked = await serve(answer("503 Server Busy", error("ServerBusy")))
    with pytest.raises(Unavailable):
        await rows.get("a")
    assert 2 <= len(asked) <= 5


async def test_without_a_service_a_transaction_is_unsettled_and_a_read_unavailable() -> None:
    account = AzureTables(
        f"DefaultEndpointsProtocol=http;AccountName=a;AccountKey={KEY};TableEndpoint=http://127.0.0.1:9/a;"
    )
    rows = account.rows("t", "p")
    with pytest.raises(Unsettled):
        await rows.transact(CREATE)
    with pytest.raises(Unavailable):
        await rows.get("a")
    with pytest.raises(Unavailable):
        await account.create("t")
    await account.close()
