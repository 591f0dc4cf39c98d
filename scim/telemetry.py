"""What the service tells its operator: one line of JSON for each request, on the logger ``scim``.

A line says what was asked and how it went, and nothing of whom it was about: the endpoint is a template and never
a path, an error is the names of its types and the places it passed through, and never its text. For the same
reason a message of any other kind is written without its arguments. What the line says is also told to whoever observes
the process, as a span and as numbers (``scim.observing``).
"""

import json
import logging
import re
import uuid
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http import HTTPMethod, HTTPStatus
from time import perf_counter
from typing import Any, Literal

from scim import observing
from scim.describing import describe

_CLIENT_ID_HEADERS = ("x-ms-client-request-id", "x-request-id")
_CLIENT_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")

_ENCODER = json.JSONEncoder(separators=(",", ":"))
_logger = logging.getLogger("scim")


@dataclass(slots=True)
class Trace:
    """What is known of one request so far; filled in by whoever learns it.

    Attributes:
        request_id: what answers, change records and lines of one request have in common.
        method: the HTTP method.
        endpoint: the template of the endpoint, such as ``/Users/{id}``; None where no endpoint was found.
        provider: the provider's id, once a credential has opened it.
        status: the HTTP status answered.
        scim_type: RFC 7644's keyword for the cause of an error.
        quirks: names of the departures from the standard that the profile let pass.
        storage_calls: how often the store was called, by kind of call.
        error: what went wrong, as ``describe`` says it.
        trace_id: that of the request's trace; None where nobody observes the process.
        started: the reading of a monotonic clock when the request came in.
    """

    request_id: str
    method: str
    endpoint: str | None = None
    provider: str | None = None
    status: int | None = None
    scim_type: str | None = None
    quirks: set[str] = field(default_factory=set)
    storage_calls: Counter[str] = field(default_factory=Counter)
    error: list[dict[str, Any]] = field(default_factory=list)
    trace_id: str | None = None
    started: float = field(default_factory=perf_counter)

    def fail(self, error: BaseException) -> None:
        """Note an unforeseen exception."""
        self.error = describe(error)

    @property
    def seconds(self) -> float:
        """How long it has taken so far."""
        return perf_counter() - self.started

    @property
    def level(self) -> int:
        """The level of the request's line: an error where the service is at fault."""
        ours = HTTPStatus.INTERNAL_SERVER_ERROR
        failed = self.status is None or (self.status >= ours and self.status != HTTPStatus.NOT_IMPLEMENTED)
        failed = failed and self.endpoint != "/ready"  # which says so in a line of its own
        return logging.ERROR if failed or self.error else logging.INFO

    def fields(self) -> dict[str, Any]:
        """The request as its line tells it."""
        return {
            "request_id": self.request_id,
            **({"trace_id": self.trace_id} if self.trace_id else {}),
            "provider": self.provider,
            "method": self.method,
            "endpoint": self.endpoint,
            "status": self.status,
            "scim_type": self.scim_type,
            "duration_ms": round(self.seconds * 1000, 1),
            "storage_calls": dict(self.storage_calls),
            "quirks": sorted(self.quirks),
            "error": self.error,
        }

    def tell(self, followed: observing.Followed) -> None:
        """Tell an observer what the request was: in a span, and in numbers of all requests."""
        method = self.method if self.method in HTTPMethod else "_OTHER"
        marks: dict[str, str | int | None] = {
            "provider": self.provider or None,
            "endpoint": self.endpoint,
            "method": method,
            "status": self.status,
        }
        known = {name: mark for name, mark in marks.items() if mark is not None}
        observing.count("requests", known)
        observing.took(self.seconds, known)
        whose = {name: known[name] for name in known.keys() & {"provider"}}
        for quirk in self.quirks:
            observing.count("quirks", {**whose, "quirk": quirk})
        followed.name = " ".join(filter(None, [method, self.endpoint]))
        followed.failed = self.level == logging.ERROR
        followed.attributes |= known | self.storage_calls | {"request_id": self.request_id, "quirks": len(self.quirks)}
        if self.scim_type:
            followed.attributes["scim_type"] = self.scim_type


_current: ContextVar[Trace | None] = ContextVar("scim_trace", default=None)


@contextmanager
def request(method: str, headers: Mapping[str, str]) -> Iterator[Trace]:
    """The trace of a request while it is answered; its line is written at the end, an escaping exception included.

    Args:
        method: the HTTP method.
        headers: the request's headers, with names in lower case.
    """
    with observing.follow("request", "request", headers) as followed:
        trace = Trace(correlation_id(headers), method, trace_id=followed.trace_id)
        token = _current.set(trace)
        try:
            yield trace
        except BaseException as error:
            trace.fail(error)
            raise
        finally:
            _current.reset(token)
            if followed.trace_id:
                trace.tell(followed)
            if _logger.isEnabledFor(trace.level):
                _logger.log(trace.level, "request", extra={"fields": trace.fields()})


def warn_of_end(provider: str, credential: str, ends: str) -> None:
    """Say that a credential is about to end, for somebody to rotate it."""
    fields = {"message": "a credential is about to end", "provider": provider, "credential": credential, "ends": ends}
    _logger.warning("ends", extra={"fields": fields})


def readiness(wrong: Sequence[str], *, ready: bool) -> None:
    """Say which checks of readiness have failed, if any have; probes themselves are no faults of ours."""
    if wrong:
        fields = {"message": "checks of readiness failed", "checks": list(wrong), "ready": ready}
        _logger.log(logging.WARNING if ready else logging.ERROR, "readiness", extra={"fields": fields})


def setting_unknown(sentence: str) -> None:
    """Say that a setting is none that this version knows, and so without effect."""
    _logger.error("setting", extra={"fields": {"message": sentence}})


def keys_unread(error: Exception) -> None:
    """Say that the signing keys could not be read; for how long those known before serve on depends on their source."""
    _logger.error("keys", extra={"fields": {"message": "the signing keys cannot be read", "error": describe(error)}})


def tenant_keys_unread(url: str, error: Exception) -> None:
    """Say that Entra does not give a tenant's keys: tokens signed by keys seen before are taken on, others are not."""
    fields = {"message": "the keys of a tenant cannot be read", "url": url, "error": describe(error)}
    _logger.error("keys", extra={"fields": fields})


def current() -> Trace | None:
    """The trace of the request being answered, if one is."""
    return _current.get()


def count(call: Literal["reads", "transactions"], number: int = 1) -> None:
    """Count calls to the store for the request being answered, if one is; tasks it starts count for it too."""
    trace = _current.get()
    if trace is not None:
        trace.storage_calls[call] += number


def call(operation: Literal["get", "range", "transact"], what: str) -> AbstractContextManager[object]:
    """Count a call to the store, and let whoever observes the process follow it until its answer.

    Args:
        operation: what is asked of a table.
        what: the kind of row, or how many rows.
    """
    count("transactions" if operation == "transact" else "reads")
    return observing.call(operation, what)


def correlation_id(headers: Mapping[str, str]) -> str:
    """The id the client gave its request, where it gave one that is fit to be written down, else a new UUID."""
    given = (headers.get(name, "") for name in _CLIENT_ID_HEADERS)
    return next((text for text in given if _CLIENT_ID.fullmatch(text)), None) or str(uuid.uuid4())


class JsonLine(logging.Formatter):
    """A log record as one line of JSON."""

    def format(self, record: logging.LogRecord) -> str:
        """The fields of a request's record; of any other its message, without arguments, and its exception."""
        line = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
        }
        fields = getattr(record, "fields", None)
        return _ENCODER.encode(line | (_message(record) if fields is None else fields))


def _message(record: logging.LogRecord) -> dict[str, Any]:
    trace = _current.get()
    error = record.exc_info and record.exc_info[1]
    return {
        "request_id": trace and trace.request_id,
        "logger": record.name,
        "message": record.msg if isinstance(record.msg, str) else type(record.msg).__name__,
        "error": describe(error) if error else [],
    }


class _Outlet(logging.Handler):
    """Hands finished lines on to the handlers of the process, as on Azure Functions, or else to stderr."""

    def __init__(self) -> None:
        super().__init__()
        self.setFormatter(JsonLine())
        self._stderr = logging.StreamHandler()

    def emit(self, record: logging.LogRecord) -> None:
        text = self.format(record)
        observing.write(text, record.levelno)
        line = logging.LogRecord(record.name, record.levelno, record.pathname, record.lineno, text, None, None)
        process = logging.getLogger()
        (process if process.handlers else self._stderr).handle(line)


def configure() -> None:
    """Send the lines of ``scim`` out as JSON and silence the SDK's own; may be called again without effect.

    The SDK's lines would hold URLs, and in them row keys with names of users.
    """
    for name in ("azure", "azure.core"):
        logging.getLogger(name).setLevel(logging.WARNING)
    _logger.setLevel(logging.INFO)
    _logger.propagate = False
    if not any(isinstance(handler, _Outlet) for handler in _logger.handlers):
        _logger.addHandler(_Outlet())
