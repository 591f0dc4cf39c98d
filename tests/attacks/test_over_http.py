"""What only a network can do: requests that never end, headers that no client would send, paths as they come."""

import asyncio
import statistics
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from scim.app import App
from scim.settings import Settings
from tests.attacks.service import clear, new_keys
from tests.attacks.test_crossing import TRICKS
from tests.client import USER, Client, connected
from tests.hosting import Host, hosted

SLOW = 100
"""Connections that send a byte now and then."""
SLOWER = 10.0
"""How many times as long a good request may take meanwhile."""


@pytest.fixture(scope="module")
def host(azurite: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Host]:
    keys = new_keys(tmp_path_factory.mktemp("keys") / "keys.pem")
    with hosted(azurite, ROLLCALL_SIGNING_KEYS=str(keys)) as host:
        yield host


@pytest.fixture
async def clients(host: Host) -> AsyncIterator[tuple[Client, Client]]:
    """The operator's view of two new providers, with tokens of theirs."""
    app = App.build(Settings.model_validate({"storage": host.storage, "public_url": host.url}))
    await clear(app)
    good = await connected(Client, app)
    yield good, await good.as_other("fabrikam")
    await app.close()


async def exchange(host: Host, content: bytes, patience: float = 10) -> bytes:
    """What the service answers to bytes, until it ends the connection."""
    reader, writer = await asyncio.open_connection("127.0.0.1", urlsplit(host.url).port)
    try:
        with suppress(ConnectionError):
            writer.write(content)
            await writer.drain()
            return await asyncio.wait_for(reader.read(), patience)
        return b""
    finally:
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()


def request(token: str, path: str = "/scim/contoso/v2/Users", method: str = "GET", more: str = "") -> bytes:
    head = f"{method} {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Bearer {token}\r\n{more}\r\n"
    return head.encode("latin-1")


def status(answer: bytes) -> int:
    return int(answer.split(b" ", 2)[1]) if answer else 0


def headers(answer: bytes) -> dict[str, str]:
    lines = answer.partition(b"\r\n\r\n")[0].decode("latin-1").split("\r\n")[1:]
    return {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}


async def test_headers_of_every_answer(host: Host, clients: tuple[Client, Client]) -> None:
    token = clients[0].token
    paths = ("/scim/contoso/v2/Users", "/scim/nobody/v2/Users", "/.well-known/jwks.json", "/nothing", "/oauth/token")
    for path in paths:
        answer = await exchange(host, request(token, path))
        told = headers(answer)
        assert told["x-content-type-options"] == "nosniff", path
        assert told["cache-control"] == "no-store", path
        assert told["strict-transport-security"], path
        assert "server" not in told, path
        assert "x-powered-by" not in told, path


async def test_headers_cannot_be_injected(host: Host, clients: tuple[Client, Client]) -> None:
    token = clients[0].token
    for more in (
        "X-Request-Id: a\rSet-Cookie: evil=1\r\n",
        "X-Request-Id: a\n b\r\n",
        "X-Request-Id: a\x00b\r\n",
        "X-Request-Id: a%0d%0aevil: 1\r\n",
        "Host: evil.example\r\n",
        "X-Forwarded-Host: evil.example\r\nX-Forwarded-Proto: gopher\r\n",
    ):
        answer = await exchange(host, request(token, "/scim/contoso/v2/ServiceProviderConfig", more=more))
        assert status(answer) in {0, 200, 400}, more
        assert "set-cookie" not in headers(answer)
        assert b"evil" not in answer


async def test_headers_and_targets_without_end(host: Host, clients: tuple[Client, Client]) -> None:
    token = clients[0].token
    for content in (
        request(token, more=f"X-Long: {'x' * 2_000_000}\r\n"),
        request(token, more="".join(f"X-{number}: y\r\n" for number in range(20_000))),
        request(token, "/" + "x" * 1_000_000),
        request("x" * 500_000),
        request(token, method="x" * 10_000),
        b"\x16\x03\x01" + bytes(1_000),
        b"GET /\r\n\r\n",
        request(token, more="Content-Length: -1\r\n"),
        request(token, more="Content-Length: 5\r\nContent-Length: 6\r\n"),
        request(token, more="Content-Length: 5\r\nTransfer-Encoding: chunked\r\n"),
    ):
        answer = await exchange(host, content)
        assert status(answer) < 500 or status(answer) == 501, answer[:200]
        assert b"Traceback" not in answer
    assert status(await exchange(host, request(token))) == 200


async def test_slow_requests_slow_no_good_client(host: Host, clients: tuple[Client, Client]) -> None:
    token = clients[0].token

    async def median() -> float:
        taken = []
        for _ in range(40):
            begun = time.perf_counter()
            assert status(await exchange(host, request(token))) == 200
            taken.append(time.perf_counter() - begun)
        return statistics.median(taken)

    quiet = await median()
    heads = [
        request(token, method="POST", more="Content-Length: 900000\r\n") + b'{"schemas":["' + USER.encode(),
        request("nothing", method="POST", more="Content-Length: 900000\r\n") + b"{",
        b"GET /scim/contoso/v2/Users HTTP/1.1\r\nHost: x\r\nX-Slow: ",
    ]
    slow = [await asyncio.open_connection("127.0.0.1", urlsplit(host.url).port) for _ in range(SLOW)]
    for number, (_, writer) in enumerate(slow):
        writer.write(heads[number % len(heads)])

    async def drip() -> None:
        while True:
            for _, writer in slow:
                writer.write(b"a")
            await asyncio.sleep(0.05)

    dripping = asyncio.create_task(drip())
    busy = await median()
    dripping.cancel()
    for _, writer in slow:
        writer.close()
    assert busy / quiet < SLOWER


async def test_tricks_with_paths_over_http(host: Host, clients: tuple[Client, Client]) -> None:
    good, other = clients
    user = await other.user("ben")
    for trick in TRICKS:
        for method in ("GET", "DELETE"):
            path = trick.replace("{id}", user["id"])
            answer = await exchange(host, request(good.token, path, method))
            assert status(answer) in {0, 400, 401, 404}, (method, path)
            assert b"ben" not in answer
    assert (await other.get(f"/Users/{user['id']}")).status == 200


def test_the_log_of_all_this_has_no_traces(host: Host) -> None:
    said = Path(host.said).read_text()
    assert "Traceback" not in said
    assert "evil" not in said
    assert "rollcall_" not in said
