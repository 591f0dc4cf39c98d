"""How much of a process one provider may have."""

import asyncio
from contextlib import ExitStack, suppress

import pytest

from scim.app import App
from scim.errors import TooManyRequests
from scim.handlers import Request
from scim.pacing import BURST, Pace
from scim.settings import Settings
from scim.storage.memory import MemoryTables
from scim.storage.rows import Rows, Tables
from tests.client import GROUP, PATCH_OP, new_client


class Clock:
    """Stands still until it is set."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


def refusal(pace: Pace, provider: str = "a") -> str | None:
    try:
        with pace.admit(provider):
            return None
    except TooManyRequests as error:
        return error.headers["Retry-After"]


def test_a_provider_that_sends_too_fast_is_told_when_to_come_back_and_others_are_served() -> None:
    clock = Clock()
    pace = Pace(5, 0, clock)
    assert [refusal(pace) for _ in range(5 * BURST)] == [None] * 5 * BURST
    assert refusal(pace) == "1"
    assert refusal(pace, "b") is None
    clock.now = 0.1
    assert refusal(pace) == "1"
    clock.now = 1
    assert [refusal(pace) for _ in range(6)] == [*[None] * 5, "1"]
    clock.now = 10_000
    assert [refusal(pace) for _ in range(5 * BURST + 1)] == [*[None] * 5 * BURST, "1"]


def test_retry_after_is_the_time_until_the_next_request_may_come() -> None:
    clock = Clock()
    pace = Pace(1, 0, clock)
    for _ in range(BURST):
        assert refusal(pace) is None
    assert refusal(pace) == "1"
    clock.now = 0.99
    assert refusal(pace) == "1"
    clock.now = 1.01
    assert refusal(pace) is None


def test_no_more_requests_are_under_way_than_may_be_whatever_becomes_of_them() -> None:
    pace = Pace(0, 2)
    for _ in range(3):
        with ExitStack() as stack:
            stack.enter_context(suppress(KeyError))
            stack.enter_context(pace.admit("a"))
            stack.enter_context(pace.admit("a"))
            assert refusal(pace) == "1"
            assert refusal(pace, "b") is None
            raise KeyError
    assert refusal(pace) is None


async def served(tables: Tables, **settings: str) -> tuple[App, dict[str, str]]:
    """The service with a provider of its own, and what opens it."""
    given = {"ROLLCALL_STORAGE": "UseDevelopmentStorage=true", "ROLLCALL_PUBLIC_URL": "https://scim.example"}
    app = App.build(Settings.read(given | settings), tables)
    await app.providers.prepare()
    if all(provider.name != "acme" for provider in await app.providers.all()):
        await app.providers.create("acme", "rfc", {})
    token = await app.providers.issue("acme")
    return app, {"authorization": f"Bearer {token.text}"}


async def test_over_http_it_is_429_with_a_scim_body() -> None:
    app, headers = await served(MemoryTables(), ROLLCALL_REQUESTS_PER_SECOND="1")
    request = Request("GET", "https://scim.example/scim/acme/v2/Users", headers, b"")
    answers = [await app.handle(request) for _ in range(BURST + 2)]
    assert {answer.status.value for answer in answers[:BURST]} == {200}
    assert (answers[-1].status.value, answers[-1].headers["Retry-After"]) == (429, "1")
    assert b"1 requests in a second" in answers[-1].body
    stranger = Request("GET", request.url, {"authorization": "Bearer x"}, b"")
    assert (await app.handle(stranger)).status.value == 401, "only who is known can use a share up"


async def test_a_store_that_hangs_does_not_keep_the_client_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    tables = MemoryTables()
    _, headers = await served(tables)
    reached = tables.rows

    class Hanging:
        async def get(self, _: str) -> None:
            await asyncio.sleep(3_600)

    def rows(table: str, partition: str) -> Rows:
        return Hanging() if table.startswith("p0") or len(table) > 30 else reached(table, partition)  # type: ignore[return-value] # all that is called

    monkeypatch.setattr(tables, "rows", rows)
    app, _ = await served(tables)
    object.__setattr__(app.settings, "request_seconds", 0.05)
    url = "https://scim.example/scim/acme/v2/Users/0199b9a0-0000-7000-8000-000000000000"
    answer = await app.handle(Request("GET", url, headers, b""))
    assert (answer.status.value, answer.headers["Retry-After"]) == (503, "5")


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH"])
async def test_others_get_their_turn_while_a_large_body_is_read(method: str) -> None:
    client = await new_client()
    group = (await client.group("Staff"))["id"]
    linked = [{"value": f"nobody {number}"} for number in range(40_000)]
    body = {"schemas": [GROUP], "displayName": "Staff", "members": linked}
    patch = {"schemas": [PATCH_OP], "Operations": [{"op": "add", "path": "members", "value": linked}]}
    turns = 0

    async def other() -> None:
        nonlocal turns
        while True:
            await asyncio.sleep(0)
            turns += 1

    task = asyncio.create_task(other())
    path = "/Groups" if method == "POST" else f"/Groups/{group}"
    answer = await client.send(method, path, patch if method == "PATCH" else body)
    task.cancel()
    assert answer.error == (400, "invalidValue")
    assert turns > 20, "it takes some hundred milliseconds, and each turn comes within five"


def test_a_large_body_counts_as_several_requests_for_which_later_ones_wait() -> None:
    clock = Clock()
    pace = Pace(1, 0, clock)
    with pace.admit("a", 39_999):
        assert (refusal(pace), refusal(pace, "b")) == ("11", None), "20 are taken of 10 that may come at once"
    clock.now = 10.9
    assert refusal(pace) == "1"
    clock.now = 11.1
    assert refusal(pace) is None
