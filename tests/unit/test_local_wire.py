"""Messages between host and worker."""

from types import SimpleNamespace

import pytest

from scim.local import wire


def request(**changes: object) -> wire.Request:
    given: dict[str, object] = {
        "method": "GET",
        "url": "http://h/x",
        "headers": {},
        "query": {},
        "parameters": {},
        "body": b"",
    }
    return wire.Request(**(given | changes))  # type: ignore[arg-type] # the fields are given by name


def result(**answer: object) -> SimpleNamespace:
    return SimpleNamespace(result=SimpleNamespace(status=1), **answer)


def test_an_invocation_carries_the_request_under_the_name_of_the_trigger() -> None:
    asked = wire.invocation("id-1", "req", request(body=b"{}", query={"a": "1"})).request.invocation_request
    (given,) = asked.input_data
    assert (asked.function_id, given.name, given.WhichOneof("rpc_data")) == ("id-1", "req", "data")
    assert given.data.WhichOneof("data") == "http"
    assert given.data.http.query == {"a": "1"}
    assert (given.data.http.body.WhichOneof("data"), given.data.http.body.bytes) == ("bytes", b"{}")


def test_an_empty_body_is_no_body() -> None:
    asked = wire.invocation("id-1", "req", request()).request.invocation_request
    assert asked.input_data[0].data.http.body.WhichOneof("data") is None


def test_the_callers_trace_is_kept_and_a_new_one_made_when_there_is_none() -> None:
    kept = wire.invocation("id-1", "req", request(headers={"traceparent": "00-a-b-01"})).request.invocation_request
    made = [wire.invocation("id-1", "req", request()).request.invocation_request for _ in range(2)]
    assert kept.trace_context.trace_parent == "00-a-b-01"
    assert made[0].trace_context.trace_parent != made[1].trace_context.trace_parent
    assert [len(part) for part in made[0].trace_context.trace_parent.split("-")] == [2, 32, 16, 2]


def test_an_http_response_is_read_from_the_answer() -> None:
    http = SimpleNamespace(
        status_code="201", headers={"Location": "x"}, cookies=None, body=SimpleNamespace(bytes=b"{}")
    )
    assert wire.response(result(return_value=SimpleNamespace(http=http))) == wire.Response(
        201, {"Location": "x"}, b"{}"
    )


def test_a_plain_string_is_a_text_response() -> None:
    answer = wire.response(result(return_value=SimpleNamespace(string="é")))
    assert answer == wire.Response(200, {"content-type": "text/plain; charset=utf-8"}, "é".encode())


def test_a_cookie_is_refused_rather_than_lost() -> None:
    http = SimpleNamespace(status_code="200", headers={}, cookies=[SimpleNamespace()], body=None)
    with pytest.raises(wire.FunctionError, match="cookie"):
        wire.response(result(return_value=SimpleNamespace(http=http)))


def test_a_failure_is_an_error_with_the_workers_account() -> None:
    failed = SimpleNamespace(status=0, exception=SimpleNamespace(message="RuntimeError: x", stack_trace="line 3"))
    with pytest.raises(wire.FunctionError, match="line 3"):
        wire.response(SimpleNamespace(result=failed))
