"""What passes between the Functions host and its Python worker.

Azure sends protobuf messages over gRPC. The worker library itself never imports protobuf: it reads attributes of what
it is given and makes its answers with the message types of an injected object. Plain attribute holders serve as well.
"""

import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from secrets import token_hex
from types import SimpleNamespace
from typing import Any


@dataclass(frozen=True, slots=True)
class Request:
    """An HTTP request as a function gets to see it."""

    method: str
    url: str
    headers: Mapping[str, str]
    query: Mapping[str, str]
    parameters: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Response:
    """An HTTP response as a function gave it."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class FunctionError(Exception):
    """The function raised, or returned what is no HTTP response; the text is the worker's account of it."""


class _TypedData:
    __slots__ = ("_kind", "bytes", "http", "json")

    def __init__(self, *, http: SimpleNamespace | None = None, content: bytes = b"", json: str = "") -> None:
        self.http = http
        self.bytes = content
        self.json = json
        self._kind = "http" if http else "json" if json else "bytes" if content else None

    def WhichOneof(self, _group: str) -> str | None:  # noqa: N802 - protobuf's name
        return self._kind


class _ParameterBinding(SimpleNamespace):
    def WhichOneof(self, _group: str) -> str:  # noqa: N802 - protobuf's name
        return "data"


class _StatusResult(SimpleNamespace):
    Failure = 0
    Success = 1


class _BindingInfo(SimpleNamespace):
    undefined = 0
    out = 1
    inout = 2


class _RpcHttpCookie(SimpleNamespace):
    SameSite = SimpleNamespace(**{"None": 0, "Lax": 1, "Strict": 2, "ExplicitNone": 3})


class _Protos:
    """The message types by name; one without constants of its own is a plain holder of attributes."""

    StatusResult = _StatusResult
    BindingInfo = _BindingInfo
    ParameterBinding = _ParameterBinding
    RpcHttpCookie = _RpcHttpCookie

    def __getattr__(self, name: str) -> type[SimpleNamespace]:
        return SimpleNamespace


_PROPERTIES = {"protos": _Protos(), "host": "127.0.0.1"}


def envelope(**message: Any) -> SimpleNamespace:  # noqa: ANN401 - whatever message it is
    """A message to the worker, as the dispatcher hands it over."""
    return SimpleNamespace(name=next(iter(message)), request=SimpleNamespace(**message), properties=_PROPERTIES)


def invocation(function_id: str, trigger: str, request: Request) -> SimpleNamespace:
    """The message that runs a function on a request; `trigger` is the name of the function's argument."""
    data, headers = _TypedData(http=_http(request)), request.headers
    return _invocation(function_id, trigger, data, headers.get("traceparent"), headers.get("tracestate", ""))


def timer_invocation(function_id: str, trigger: str, *, past_due: bool = False) -> SimpleNamespace:
    """The message that runs a function because it is time; no account is given of earlier and later runs."""
    timer = {"Schedule": {"AdjustForDST": True}, "ScheduleStatus": None, "IsPastDue": past_due}
    return _invocation(function_id, trigger, _TypedData(json=json.dumps(timer)))


def _http(request: Request) -> SimpleNamespace:
    return SimpleNamespace(
        method=request.method,
        url=request.url,
        headers=request.headers,
        query=request.query,
        params=request.parameters,
        body=_TypedData(content=request.body),
    )


def _invocation(
    function_id: str, trigger: str, data: _TypedData, trace_parent: str | None = None, trace_state: str = ""
) -> SimpleNamespace:
    return envelope(
        invocation_request=SimpleNamespace(
            invocation_id=str(uuid.uuid4()),
            function_id=function_id,
            input_data=[_ParameterBinding(name=trigger, data=data)],
            trigger_metadata={},
            trace_context=SimpleNamespace(
                trace_parent=trace_parent or f"00-{token_hex(16)}-{token_hex(8)}-01",
                trace_state=trace_state,
                attributes={},
            ),
            retry_context=SimpleNamespace(retry_count=0, max_retry_count=0, exception=None),
        )
    )


def succeeded(result: SimpleNamespace) -> bool:
    """Whether the worker's answer tells of success."""
    return bool(result.result.status == _StatusResult.Success)


def require_success(result: SimpleNamespace) -> None:
    """See that the function did not fail.

    Raises:
        FunctionError: It did.
    """
    if not succeeded(result):
        raise FunctionError(result.result.exception.stack_trace or result.result.exception.message)


def response(result: SimpleNamespace) -> Response:
    """The HTTP response in the worker's answer to an invocation.

    Raises:
        FunctionError: There is none in it.
    """
    require_success(result)
    http = getattr(result.return_value, "http", None)
    if http is None:  # a function may return a plain string
        text = getattr(result.return_value, "string", "")
        return Response(200, {"content-type": "text/plain; charset=utf-8"}, text.encode())
    if http.cookies:
        raise FunctionError("It set a cookie, which the local host does not imitate.")
    return Response(int(http.status_code), http.headers, getattr(http.body, "bytes", b""))
