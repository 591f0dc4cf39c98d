"""What is observed of calls to the Table service: operation, kind of row, status, retries, and nothing of anybody."""

import pytest
from opentelemetry import trace

from scim import telemetry
from scim.storage import account
from scim.storage.rows import Create, Refused, Unreachable
from scim.storage.tables import AzureTables
from tests.contract.listening import Listener, answer, error, found, page, parts
from tests.observed import Observed, observed

NAME = "ann.secret"
KEY = f"user.userName:{NAME}"
TABLE = f"p{0x5CA1:032x}"


async def ask(*answers: bytes, table: str = TABLE) -> Observed:
    """A get of a person's row, a range and a write within a request, which is told of faults."""
    listener = await Listener(list(answers)).start()
    store = AzureTables(listener.storage)
    rows = store.rows(table, "contoso")
    with observed() as seen, telemetry.request("GET", {}) as request:
        request.status = 200
        for call in (rows.get(KEY), anext(rows.range(KEY, f"{KEY};")), rows.transact([Create(KEY, {"name": NAME})])):
            try:
                await call
            except Exception as fault:  # noqa: BLE001 (whichever it is)
                request.fail(fault)
    await store.close()
    await listener.stop()
    return seen


async def test_a_call_says_what_kind_of_row_it_is_about() -> None:
    seen = await ask(found(KEY), page(KEY), parts("204 No Content"))
    calls = [span for span in seen.spans if span.kind is trace.SpanKind.CLIENT]
    assert [span.name for span in calls] == ["get user.userName", "range user.userName", "transact 1 rows"]
    assert [dict(span.attributes or {}) for span in calls] == [
        {"operation": operation, "status": status, "retries": 0, "outcome": "ok"}
        for operation, status in (("get", 200), ("range", 200), ("transact", 202))
    ]
    assert NAME not in seen.everything()


async def test_a_table_of_the_deployment_is_named_and_none_of_its_rows() -> None:
    seen = await ask(found(KEY), page(KEY), parts("204 No Content"), table="providers")
    assert [span.name for span in seen.spans][:2] == ["get providers", "range providers"]


async def test_what_is_sent_again_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(account, "PAUSES", (0.001, 0.001, 0.001))
    busy = answer("503 Server Busy", error("ServerBusy"))
    seen = await ask(busy, busy, found(KEY), page(KEY), parts("204 No Content"))
    assert (seen.span("get user.userName").attributes or {})["retries"] == 2
    assert (seen.span("range user.userName").attributes or {})["retries"] == 0
    assert seen.count("rollcall.storage.retries") == 2


async def test_faults_are_named_by_their_types_and_nothing_that_the_store_says_of_them() -> None:
    told = answer("400 Bad Request", error(f"InvalidInput{NAME}"))
    refused = parts("409 Conflict", error(f"EntityAlreadyExists {NAME}"))
    seen = await ask(told, answer("403 Forbidden", error(f"AuthorizationFailure {NAME}")), refused)
    outcomes = [(span.attributes or {}).get("outcome") for span in seen.spans][:3]
    assert outcomes == ["HttpResponseError", Unreachable.__name__, Refused.__name__]
    assert seen.count("rollcall.storage.calls", operation="transact", outcome="Refused") == 1
    assert NAME not in seen.everything()
    assert all(span.events == () and span.status.description is None for span in seen.spans)
