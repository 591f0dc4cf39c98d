"""The simulator as an OAuth client: one token for many requests, renewed before its end."""

import asyncio
import json
import random
from urllib.parse import parse_qs

import httpx
import pytest

from tests.entra.failures import Quarantined
from tests.entra.options import Options
from tests.entra.wire import Wire, connect

BASE_URL, ENDPOINT = "https://scim.example/scim/p/v2", "https://scim.example/scim/p/oauth/token"


class Server:
    """A token endpoint that numbers its tokens, and a resource server that keeps what it is shown."""

    def __init__(self, status: int = 200, **told: object) -> None:
        self.status = status
        self.told = {"token_type": "Bearer", "expires_in": 3_600, **told}
        self.asked: list[dict[str, list[str]]] = []
        self.shown: list[str] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if str(request.url) == ENDPOINT:
            assert "Authorization" not in request.headers
            self.asked.append(parse_qs(request.content.decode()))
            body = {"access_token": f"token-{len(self.asked)}", **self.told}
            return httpx.Response(self.status, content=json.dumps(body), headers={"Content-Type": "application/json"})
        self.shown.append(request.headers["Authorization"])
        return httpx.Response(200, json={}, headers={"Content-Type": "application/scim+json"})

    def wire(self, token_seconds: float | None = None) -> Wire:
        options = Options(
            base_url=BASE_URL,
            token_endpoint=ENDPOINT,
            client_id="the client",
            client_secret="s&cret",
            token_seconds=token_seconds,
        )
        return Wire(options, connect(options, httpx.MockTransport(self)), random.Random(1))  # noqa: S311 (no secret)


async def test_many_requests_at_once_share_one_token() -> None:
    server = Server()
    wire = server.wire()
    await asyncio.gather(*(wire.send("GET", "/Users/1") for _ in range(10)))
    form = {"grant_type": ["client_credentials"], "client_id": ["the client"], "client_secret": ["s&cret"]}
    assert server.asked == [form]
    assert server.shown == ["Bearer token-1"] * 10


async def test_a_token_is_renewed_before_its_end() -> None:
    server = Server()
    wire = server.wire(token_seconds=0)
    for _ in range(3):
        await wire.send("GET", "/Users/1")
    assert server.shown == [f"Bearer token-{number}" for number in (1, 2, 3)]


@pytest.mark.parametrize(
    ("server", "sentence"),
    [
        (Server(401, error="invalid_client"), "was answered 401 invalid_client"),
        (Server(access_token=""), "was answered 200 without a token"),
        (Server(expires_in=3_599), "a token lives 3599 s, not 60 to 360 min"),
        (Server(expires_in=21_601), "a token lives 21601 s, not 60 to 360 min"),
    ],
)
async def test_a_token_endpoint_that_fails_microsofts_test_quarantines_the_job(server: Server, sentence: str) -> None:
    with pytest.raises(Quarantined, match=sentence):
        await server.wire().send("GET", "/Users/1")
    assert server.shown == []
