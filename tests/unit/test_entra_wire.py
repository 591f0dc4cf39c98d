"""The simulator's requests look like Entra's on the wire, and its retries are bounded."""

# ruff: noqa: S311 - faked answers are no secret

import random
from collections.abc import Callable

import httpx
import pytest

from tests.entra.failures import Failed, Quarantined, Unreachable
from tests.entra.options import Options
from tests.entra.wire import Wire, connect, encoded

BASE_URL = "https://scim.example/v2"
EMPTY = {"schemas": ["urn:ietf:params:scim:api:messages:2.0:ListResponse"], "totalResults": 0, "Resources": []}

type Respond = Callable[[httpx.Request], httpx.Response]


def scim(status: int, body: object = None, **headers: str) -> httpx.Response:
    return httpx.Response(status, json=body, headers={"Content-Type": "application/scim+json", **headers})


def wire(respond: Respond, seen: list[httpx.Request] | None = None, **options: object) -> Wire:
    def answer(request: httpx.Request) -> httpx.Response:
        if seen is not None:
            seen.append(request)
        return respond(request)

    chosen = Options(**{"base_url": BASE_URL, "token": "secret", "longest_wait": 0.0, **options})  # type: ignore[arg-type]  # checked by Options
    return Wire(chosen, connect(chosen, httpx.MockTransport(answer)), random.Random(1))


@pytest.mark.parametrize(
    ("text", "on_the_wire"),
    [
        ('userName eq "7d420df3-9995-4831"', "userName+eq+%227d420df3-9995-4831%22"),
        ('userName eq "a@b.c"', "userName+eq+%22a%40b.c%22"),
        (
            'emails[type eq "work"].value eq "tag+x@y"',
            "emails%5Btype+eq+%22work%22%5D.value+eq+%22tag%2Bx%40y%22",
        ),
        ('displayName eq "é \\"&#%"', "displayName+eq+%22%C3%A9+%5C%22%26%23%25%22"),
    ],
)
async def test_a_filter_is_form_encoded_and_httpx_leaves_it_alone(text: str, on_the_wire: str) -> None:
    assert encoded(text) == on_the_wire
    seen: list[httpx.Request] = []
    await wire(lambda _: scim(200, EMPTY), seen).send("GET", "/Users", query=f"filter={encoded(text)}")
    assert seen[0].url.raw_path.decode() == f"/v2/Users?filter={on_the_wire}"


async def test_headers_are_those_of_entra() -> None:
    seen: list[httpx.Request] = []
    one = wire(lambda _: scim(200, {}), seen)
    await one.send("GET", "/Users/1")
    await one.send("PATCH", "/Users/1", body={})
    get, patch = seen
    assert "Content-Type" not in get.headers
    assert patch.headers["Content-Type"] == "application/scim+json; charset=utf-8"
    assert {each.headers["Authorization"] for each in seen} == {"Bearer secret"}
    assert {each.headers["ADSCIMVersion"] for each in seen} == {"5.0"}
    assert {each.headers["Accept"] for each in seen} == {"*/*"}


@pytest.mark.parametrize(
    ("options", "target"),
    [
        ({}, "/v2/Users?a=b"),
        ({"flag_in_url": True}, "/v2/Users?a=b&aadOptscim062020"),
        ({"base_url": f"{BASE_URL}/?aadOptscim062020"}, "/v2/Users?a=b&aadOptscim062020"),
    ],
)
async def test_the_flag_of_the_tenant_url_follows_the_query(options: dict[str, object], target: str) -> None:
    seen: list[httpx.Request] = []
    await wire(lambda _: scim(200, {}), seen, **options).send("GET", "/Users", query="a=b")
    assert seen[0].url.raw_path.decode() == target


@pytest.mark.parametrize(
    ("method", "status", "requests"),
    [("GET", 500, 3), ("PATCH", 500, 1), ("GET", 429, 6), ("PATCH", 429, 6), ("POST", 503, 6), ("PATCH", 400, 1)],
)
async def test_what_is_tried_again_and_how_often(method: str, status: int, requests: int) -> None:
    seen: list[httpx.Request] = []
    with pytest.raises(Failed):
        await wire(lambda _: scim(status, {"detail": "no"}, **{"Retry-After": "1"}), seen).send(method, "/Users/1")
    assert len(seen) == requests


async def test_a_server_that_was_busy_is_asked_again() -> None:
    answers = iter([scim(429, None, **{"Retry-After": "120"}), scim(503), scim(200, {"id": "1"})])
    one = wire(lambda _: next(answers))
    assert (await one.send("PATCH", "/Users/1", body={})).body == {"id": "1"}
    assert one.tally.retries == 2


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (scim(404, {"detail": "nothing"}), "was answered 404, not 200: nothing"),
        (scim(401), "was answered 401"),
        (scim(500), "was answered 500"),
        (scim(200, {**EMPTY, "totalResults": 1, "Resources": [{"id": "1"}]}), "found something that cannot exist"),
        (scim(200, []), "not a JSON object"),
        (scim(200, {"Resources": []}), "not a ListResponse"),
        (httpx.Response(200, text="<html>"), "not a JSON object"),
    ],
)
async def test_a_probe_not_answered_by_an_empty_list_quarantines_the_job(answer: httpx.Response, reason: str) -> None:
    with pytest.raises(Quarantined, match=reason):
        await wire(lambda _: answer).probe("/Users", "filter=x")


async def test_a_failure_says_what_was_asked_and_what_came() -> None:
    with pytest.raises(Failed, match=r"EntryConflict: POST /Users was answered 409, not 201: taken"):
        await wire(lambda _: scim(409, {"detail": "taken"})).send("POST", "/Users", body={}, accept=(201,))


async def test_a_connection_refused_at_first_is_unreachable_and_later_a_failure() -> None:
    answers = iter([True])

    def respond(request: httpx.Request) -> httpx.Response:
        if next(answers, False):
            return scim(200, {})
        raise httpx.ConnectError("refused", request=request)

    one = wire(respond)
    await one.send("GET", "/Users")
    with pytest.raises(Failed, match="WebExceptionProtocolError"):
        await one.send("GET", "/Users")
    with pytest.raises(Unreachable, match=r"cannot reach https://scim\.example/v2"):
        await wire(respond).send("GET", "/Users")


async def test_a_timeout_is_a_failure_of_its_own() -> None:
    def respond(request: httpx.Request) -> httpx.Response:
        raise httpx.ReadTimeout("slow", request=request)

    with pytest.raises(Failed, match="Timeout: PATCH /Users/1"):
        await wire(respond).send("PATCH", "/Users/1", body={})


@pytest.mark.parametrize("kind", ["429", "500", "timeout"])
async def test_injected_trouble_strikes_before_or_after_the_request(kind: str) -> None:
    seen: list[httpx.Request] = []
    one = wire(lambda _: scim(200, {}), seen, inject=(kind,), inject_rate=0.5)
    for _ in range(60):
        try:
            await one.send("PATCH", "/Users/1", body={})
        except Failed as failure:
            assert failure.temporary  # noqa: PT017 - some of the 60 succeed
    assert one.tally.injected > 10
    assert len(seen) < 60 + one.tally.retries
    if kind != "429":
        assert len(seen) > 60 - one.tally.injected


async def test_a_wrong_media_type_and_a_missing_location_are_warned_of() -> None:
    one = wire(lambda _: httpx.Response(201, json={"id": "1"}))
    await one.send("POST", "/Users", body={}, accept=(201,))
    assert set(one.warnings) == {
        "POST 201 came as application/json, not application/scim+json",
        "a 201 came without Location",
    }
