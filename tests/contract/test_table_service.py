"""What Table Storage may answer when it is not well, and what that means to us."""

import io
import json
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator

import azure.identity.aio
import pytest
from azure.core.exceptions import HttpResponseError
from azure.identity import CredentialUnavailableError

from scim import telemetry
from scim.errors import PayloadTooLarge, Unavailable
from scim.handlers import Request
from scim.storage import account
from scim.storage.rows import Create, Refused, TableNotFound, Unreachable, Unsettled
from scim.storage.tables import AzureTables
from tests.client import ORIGIN, new_app
from tests.contract.listening import HUNG_UP, KEY, Asked, Listener, answer, error, parts

CREATE = [Create("a", {"x": 1})]
CUT_SHORT = answer("202 Accepted", "--b\r\n", "multipart/mixed; boundary=b", length=500)


def named(given: object) -> str:
    """What to call an answer in the list of tests: its status line."""
    return given.partition(b"\r\n")[0].decode() or "hung up" if isinstance(given, bytes) else str(given)


type Serve = Callable[[bytes], Awaitable[tuple[AzureTables, list[Asked]]]]


@pytest.fixture(autouse=True)
def _without_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(account, "PAUSES", (0.0, 0.0, 0.0))


@pytest.fixture
async def serve() -> AsyncIterator[Serve]:
    """A table service that answers every request with the same bytes."""
    opened: list[tuple[Listener, AzureTables]] = []

    async def start(given: bytes) -> tuple[AzureTables, list[Asked]]:
        listener = await Listener([given]).start()
        opened.append((listener, AzureTables(listener.storage)))
        return opened[-1][1], listener.asked

    yield start
    for listener, store in opened:
        await store.close()
        await listener.stop()


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
    store, asked = await serve(given)
    rows = store.rows("t", "p")
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
    store, _ = await serve(given)
    rows = store.rows("t", "p")
    with pytest.raises(Refused) as refused:
        await rows.transact(CREATE)
    assert (refused.value.index, refused.value.cause) == (0, cause)


@pytest.mark.parametrize(
    "status", ["404 ResourceNotFound", "409 EntityAlreadyExists", "412 UpdateConditionNotSatisfied"]
)
async def test_only_an_answer_about_one_of_the_writes_is_a_refusal(serve: Serve, status: str) -> None:
    store, _ = await serve(answer(status, error(status[4:])))
    with pytest.raises(HttpResponseError, match=status):
        await store.rows("t", "p").transact(CREATE)


@pytest.mark.parametrize(
    "given",
    [
        answer("413 Request Body Too Large", error("RequestBodyTooLarge")),
        parts("413 Request Body Too Large", body=error("RequestBodyTooLarge")),
    ],
    ids=named,
)
async def test_a_transaction_that_is_too_large_is_the_client_s_to_mend(serve: Serve, given: bytes) -> None:
    store, _ = await serve(given)
    rows = store.rows("t", "p")
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
    store, _ = await serve(given)
    rows = store.rows("t", "p")
    with pytest.raises(Unavailable) as raised:
        await rows.get("a")
    assert int(raised.value.headers["Retry-After"]) > 0
    with pytest.raises(Unavailable):
        _ = [page async for page in rows.range("a", "b")]


async def test_a_read_is_tried_again_a_few_times(serve: Serve) -> None:
    store, asked = await serve(answer("503 Server Busy", error("ServerBusy")))
    rows = store.rows("t", "p")
    with pytest.raises(Unavailable):
        await rows.get("a")
    assert 2 <= len(asked) <= 5


async def test_without_a_service_a_transaction_is_unsettled_and_a_read_unavailable() -> None:
    store = AzureTables(
        f"DefaultEndpointsProtocol=http;AccountName=a;AccountKey={KEY};TableEndpoint=http://127.0.0.1:9/a;"
    )
    rows = store.rows("t", "p")
    with pytest.raises(Unsettled):
        await rows.transact(CREATE)
    with pytest.raises(Unavailable):
        await rows.get("a")
    with pytest.raises(Unavailable):
        await store.create("t")
    await store.close()


# A table that is gone


@pytest.mark.parametrize(
    "given",
    [
        answer("404 Not Found", error("TableNotFound")),
        answer("409 Conflict", error("TableBeingDeleted")),
        parts("404 Not Found", body=error("TableNotFound")),
        parts("409 Conflict", body=error("TableBeingDeleted")),
    ],
    ids=named,
)
async def test_a_table_that_is_gone_or_going_is_told_apart(serve: Serve, given: bytes) -> None:
    store, _ = await serve(given)
    rows = store.rows("t", "p")
    with pytest.raises(TableNotFound):
        await rows.transact(CREATE)
    if not given.startswith(b"HTTP/1.1 202"):
        with pytest.raises(TableNotFound):
            await rows.get("a")
        with pytest.raises(TableNotFound):
            _ = [page async for page in rows.range("a", "b")]
        await store.drop("t")


# An account that lets nobody in, or is not there


async def each_call(store: AzureTables) -> list[str]:
    """What every kind of call tells the operator."""
    rows, told = store.rows("t", "p"), list[str]()

    async def pages() -> None:
        _ = [page async for page in rows.range("a", "b")]

    for call in (rows.get("a"), pages(), rows.transact(CREATE), store.create("t"), store.drop("t")):
        with pytest.raises(Unreachable) as raised:
            await call
        assert raised.value.detail == "The store does not answer; send the request again."
        assert int(raised.value.headers["Retry-After"]) > 0
        told.append(raised.value.remedy)
    return told


@pytest.mark.parametrize(
    "given",
    [
        answer("403 Forbidden", error("AuthenticationFailed")),
        answer("403 Forbidden", error("AuthorizationFailure")),
        answer("401 Unauthorized", error("InvalidAuthenticationInfo")),
        answer("403 Forbidden", "<html>", "text/html"),
    ],
    ids=named,
)
async def test_a_key_that_is_refused_is_the_operator_s_to_mend(serve: Serve, given: bytes) -> None:
    store, _ = await serve(given)
    (said,) = {*await each_call(store)}
    assert said.startswith("the store at 127.0.0.1:")
    assert "refuses the account's key: copy the connection string" in said
    assert KEY not in said


async def test_a_refusal_within_a_transaction_is_the_same(serve: Serve) -> None:
    store, _ = await serve(parts("403 Forbidden", body=error("AuthorizationPermissionMismatch")))
    with pytest.raises(Unreachable):
        await store.rows("t", "p").transact(CREATE)


@pytest.mark.parametrize(
    "storage", ["Memory=yes", "AccountName=a;AccountKey=abc", "AccountName=;AccountKey=", "https://"]
)
async def test_a_malformed_address_is_told_at_the_first_call(storage: str) -> None:
    store = AzureTables(storage)
    (said,) = {*await each_call(store)}
    assert "ROLLCALL_STORAGE" in said
    assert "connection string" in said
    await store.close()


class NotSignedIn:
    """What stands for the process's identity where nobody has signed in."""

    async def get_token(self, *_: str, **__: object) -> None:
        raise CredentialUnavailableError("Please run 'az login' to set up an account, ann@x.example.")

    async def close(self) -> None:
        """Nothing is held."""


async def test_an_account_by_its_url_needs_somebody_who_is_signed_in(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(azure.identity.aio, "DefaultAzureCredential", NotSignedIn)
    store = AzureTables("https://acme.table.core.windows.net")
    (said,) = {*await each_call(store)}
    assert said.startswith("nobody is signed in to the store at acme.table.core.windows.net")
    assert "'az login'" in said
    assert "Storage Table Data Contributor" in said
    assert "ann@" not in said
    await store.close()


async def test_a_host_that_does_not_answer_is_named() -> None:
    store = AzureTables(f"AccountName=a;AccountKey={KEY};TableEndpoint=http://127.0.0.1:9/a")
    with pytest.raises(Unreachable) as raised:
        await store.create("t")
    assert raised.value.remedy.startswith("the store at 127.0.0.1:9 does not answer: see that it runs")
    assert KEY not in raised.value.remedy
    await store.close()


async def test_an_answer_that_no_table_service_gives_is_told_to_who_creates_tables(serve: Serve) -> None:
    store, _ = await serve(answer("400 Bad Request", error("InvalidUri")))
    with pytest.raises(Unreachable) as raised:
        await store.create("t")
    assert "answers 400: see that ROLLCALL_STORAGE names the account's tables" in raised.value.remedy


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """The lines of the service as they are written."""
    stream = io.StringIO()
    handler, logger = logging.StreamHandler(stream), logging.getLogger("scim")
    handler.setFormatter(telemetry.JsonLine())
    logger.addHandler(handler)
    yield stream
    logger.removeHandler(handler)


@pytest.mark.parametrize("given", [answer("403 Forbidden", error("AuthenticationFailed")), None], ids=named)
async def test_the_service_answers_503_and_tells_its_operator_why(
    serve: Serve, log: io.StringIO, given: bytes | None
) -> None:
    store = AzureTables("Memory=yes") if given is None else (await serve(given))[0]
    answered = await new_app(store).handle(Request("GET", f"{ORIGIN}/scim/contoso/v2/Users", {}))
    assert (answered.status, answered.headers["Content-Type"][:21]) == (503, "application/scim+json")
    for secret in (b"127.0.0.1", b"ROLLCALL_STORAGE", b"key"):
        assert secret not in answered.body
    told, request = (json.loads(line) for line in log.getvalue().splitlines())
    assert (told["level"], request["level"], request["status"]) == ("ERROR", "ERROR", 503)
    assert "ROLLCALL_STORAGE" in told["message"]
    assert told["error"]
    assert told["request_id"] == request["request_id"]
