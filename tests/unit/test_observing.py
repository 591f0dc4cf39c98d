"""What goes on is told to whoever observes, and to nobody where nobody does."""

import asyncio
import logging
from collections.abc import Iterator

import pytest
from opentelemetry import context as opentelemetry_context
from opentelemetry import trace
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from scim import observing, telemetry
from scim.housekeeping import Housekeeping
from scim.storage.rows import Refused
from tests.client import Client, connected, new_app
from tests.observed import Observed, observed

TRACE, PARENT = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
TRACEPARENT = f"00-{TRACE}-{PARENT}-01"


@pytest.fixture
def seen() -> Iterator[Observed]:
    with observed() as seen:
        yield seen


@pytest.fixture
async def client() -> Client:
    return await connected(Client, new_app())


async def test_a_request_is_a_span_with_what_its_line_says(seen: Observed, client: Client) -> None:
    answer = await client.send("POST", "/Users", {"userName": "ann", "active": "True"}, x_request_id="r-1")
    assert answer.status == 201
    span = seen.span("POST /Users")
    assert span.kind is trace.SpanKind.INTERNAL
    assert dict(span.attributes or {}) == {
        "provider": "contoso",
        "endpoint": "/Users",
        "method": "POST",
        "status": 201,
        "request_id": "r-1",
        "quirks": 2,
    }
    assert span.status.status_code is trace.StatusCode.UNSET


async def test_an_error_of_the_clients_has_its_scim_type_and_is_no_failure(seen: Observed, client: Client) -> None:
    assert (await client.get("/Users?filter=x")).status == 400
    span = seen.span("GET /Users")
    assert (span.attributes or {})["scim_type"] == "invalidFilter"
    assert span.status.status_code is trace.StatusCode.UNSET


async def test_a_fault_of_ours_is_a_failure_without_its_text(
    seen: Observed, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(*_: object) -> None:
        raise RuntimeError("ann@example.com")

    monkeypatch.setattr("scim.auth.Authenticator.authenticate", fail)
    assert (await client.get("/Users")).status == 500
    (span,) = seen.spans
    assert (span.name, span.status.status_code) == ("GET", trace.StatusCode.ERROR)
    assert span.status.description is None
    assert span.events == ()
    assert "ann@" not in seen.everything()


async def test_what_the_clients_headers_name_is_the_parent(seen: Observed, client: Client) -> None:
    answer = await client.send("GET", "/Users", traceparent=TRACEPARENT)
    assert answer.status == 200
    span = seen.span("GET /Users")
    assert span.parent is not None
    assert (f"{span.parent.trace_id:032x}", f"{span.parent.span_id:016x}") == (TRACE, PARENT)
    assert f'"trace_id":"{TRACE}"' in seen.lines[0]


async def test_what_the_worker_has_attached_is_the_parent_before_that(seen: Observed, client: Client) -> None:
    hosts = TraceContextTextMapPropagator().extract({"traceparent": TRACEPARENT.replace("00f0", "11f0")})
    token = opentelemetry_context.attach(hosts)
    try:
        await client.send("GET", "/Users", traceparent=TRACEPARENT)
    finally:
        opentelemetry_context.detach(token)
    parent = seen.span("GET /Users").parent
    assert parent is not None
    assert f"{parent.span_id:016x}" == PARENT.replace("00f0", "11f0")


@pytest.mark.parametrize("crooked", ["", "x", TRACEPARENT[:-3], TRACEPARENT.replace(TRACE, "0" * 32)])
async def test_without_a_parent_that_can_be_read_a_trace_of_its_own_begins(
    seen: Observed, client: Client, crooked: str
) -> None:
    await client.send("GET", "/Users", traceparent=crooked)
    assert seen.span("GET /Users").parent is None


async def test_a_line_belongs_to_the_span_of_its_request(seen: Observed, client: Client) -> None:
    await client.get("/Users")
    (record,) = seen.records
    context = seen.span("GET /Users").context
    assert context is not None
    assert (record.trace_id, record.span_id) == (context.trace_id, context.span_id)
    assert record.severity_text == "INFO"


async def test_requests_are_counted_and_timed_by_what_they_were(seen: Observed, client: Client) -> None:
    await client.user("ann")
    await client.user("ben")
    await client.get("/Users/unknown")
    await client.send("GET", "/Users", authorization=None)
    marks = {"provider": "contoso", "endpoint": "/Users", "method": "POST", "status": 201}
    assert seen.count("rollcall.requests", **marks) == 2
    assert seen.count("rollcall.request.duration", **marks) == 2
    assert seen.count("rollcall.requests", **marks | {"endpoint": "/Users/{id}", "method": "GET", "status": 404}) == 1
    assert seen.count("rollcall.requests", method="GET", status=401) == 1


async def test_a_method_that_nobody_knows_makes_no_series_of_its_own(seen: Observed, client: Client) -> None:
    await client.send("ANN", "/Users")
    ((marks, _),) = seen.points("rollcall.requests").items()
    assert dict(marks)["method"] == "_OTHER"


async def test_quirks_are_counted_by_provider(seen: Observed, client: Client) -> None:
    for name in ("ann", "ben"):
        await client.user(name, active="True")
    counted = {dict(marks)["quirk"]: number for marks, number in seen.points("rollcall.quirks").items()}
    assert counted == {"string_boolean": 2}
    assert all(dict(marks)["provider"] == "contoso" for marks in seen.points("rollcall.quirks"))


def refuse() -> None:
    with telemetry.call("transact", "5 rows"):
        observing.answered(202)
        raise Refused(0, "stale")


async def test_a_call_is_a_span_below_its_request_and_counted_by_its_outcome(seen: Observed) -> None:
    with telemetry.request("GET", {}), telemetry.call("get", "user"):
        observing.answered(200)
        observing.retried()
    with pytest.raises(Refused), telemetry.request("PATCH", {}):
        refuse()
    call, request = seen.span("get user"), seen.span("GET")
    assert call.parent is not None
    assert call.parent == request.context
    assert call.kind is trace.SpanKind.CLIENT
    assert dict(call.attributes or {}) == {"operation": "get", "status": 200, "retries": 1, "outcome": "ok"}
    assert seen.span("transact 5 rows").status.status_code is trace.StatusCode.ERROR
    assert seen.span("transact 5 rows").events == ()
    assert seen.count("rollcall.storage.calls", operation="get", outcome="ok") == 1
    assert seen.count("rollcall.storage.calls", operation="transact", outcome="Refused") == 1
    assert seen.count("rollcall.storage.retries") == 1
    assert (request.attributes or {})["reads"] == 1


async def test_calls_of_a_requests_tasks_are_below_it_and_requests_do_not_mix(seen: Observed) -> None:
    async def call(what: str) -> None:
        with telemetry.call("range", what):
            await asyncio.sleep(0)

    async def answer(name: str) -> None:
        with telemetry.request(name, {}):
            await asyncio.gather(call(f"{name} a"), call(f"{name} b"))

    await asyncio.gather(answer("GET"), answer("PUT"))
    below = {span.name: span.parent for span in seen.spans if span.kind is trace.SpanKind.CLIENT}
    for name in ("GET", "PUT"):
        assert below[f"range {name} a"] == below[f"range {name} b"] == seen.span(name).context
    assert len(below) == 4


async def test_commits_are_counted(seen: Observed, client: Client) -> None:
    ann = await client.user("ann")
    await client.get(f"/Users/{ann['id']}")
    await client.patch(f"/Users/{ann['id']}", {"op": "replace", "path": "title", "value": "x"})
    assert seen.count("rollcall.storage.commits") == 2
    assert seen.points("rollcall.storage.conflicts") == {}


async def test_an_attempt_that_came_too_late_is_a_conflict(seen: Observed, client: Client) -> None:
    other = Client(new_app(client.app.tables), client.provider, client.token)
    for number in range(3):
        await client.user(f"a{number}")
        await other.user(f"b{number}")
    assert seen.count("rollcall.storage.commits") == 6
    assert seen.count("rollcall.storage.conflicts") >= 1


async def test_a_timers_run_is_a_trace_of_its_own_and_counted(seen: Observed) -> None:
    with telemetry.timer("retention"):
        pass
    with telemetry.timer("retention") as run:
        run.failed = True
    with pytest.raises(ValueError, match="x"), telemetry.timer("retention"):
        raise ValueError("x")
    assert seen.count("rollcall.timer.runs", timer="retention", outcome="ok") == 1
    assert seen.count("rollcall.timer.runs", timer="retention", outcome="failed") == 2
    assert [span.name for span in seen.spans] == ["timer retention"] * 3
    assert [span.status.is_ok for span in seen.spans] == [True, False, False]


async def test_housekeeping_tells_how_many_intents_it_saw(seen: Observed, client: Client) -> None:
    await Housekeeping(client.app.providers).round()
    assert seen.count("rollcall.timer.runs", timer="housekeeping", outcome="ok") == 1
    assert seen.points("rollcall.intents") == {(("provider", "contoso"),): 0}


async def test_a_failing_round_of_housekeeping_is_a_failed_run(
    seen: Observed, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(*_: object) -> None:
        raise RuntimeError

    monkeypatch.setattr(client.app.providers, "all", fail)
    await Housekeeping(client.app.providers).round()
    assert seen.count("rollcall.timer.runs", timer="housekeeping", outcome="failed") == 1


async def test_a_number_of_intents_that_nobody_has_looked_at_for_long_is_told_no_more(
    seen: Observed, monkeypatch: pytest.MonkeyPatch
) -> None:
    observing.see_intents("contoso", 3)
    assert seen.count("rollcall.intents", provider="contoso") == 3
    monkeypatch.setattr("scim.instruments._KEPT", 0.0)
    assert seen.points("rollcall.intents") == {}


async def test_work_behind_a_request_is_a_trace_of_its_own_that_names_it(seen: Observed) -> None:
    async def go_on() -> None:
        with observing.follow("work", "finish intent"), telemetry.call("get", "intent"):
            pass

    with telemetry.request("PUT", {"traceparent": TRACEPARENT}):
        task = asyncio.create_task(go_on())
    await task
    work, request = seen.span("finish intent"), seen.span("PUT")
    assert work.parent is None
    assert [link.context for link in work.links] == [request.context]
    assert seen.span("get intent").parent == work.context


def test_lines_of_other_kinds_are_records_too(seen: Observed) -> None:
    telemetry.configure()
    logging.getLogger("scim").warning("something %s", "ann")
    (line,) = seen.lines
    assert '"message":"something %s"' in line


async def test_where_nobody_observes_nothing_is_told(client: Client) -> None:
    with observed() as seen:
        pass
    assert (await client.get("/Users")).status == 200
    with telemetry.timer("retention"), telemetry.call("get", "user"):
        observing.answered(200)
        observing.retried()
    observing.see_intents("contoso", 1)
    assert (seen.spans, seen.lines) == ([], [])
