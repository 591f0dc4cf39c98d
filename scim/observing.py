"""What goes on, as spans and numbers, for whoever observes the process beside its log.

Nobody does unless a deployment says so (``scim.monitoring``); until then all of this costs a comparison. What is told
here leaves the process, so it is told in the words of the code: names of operations, kinds of rows, ids of providers,
statuses and counts. A key, a value, a URL or the text of an exception has no place in it.
"""

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from contextvars import ContextVar
from dataclasses import dataclass, field
from types import TracebackType
from typing import Literal, Protocol

type Attributes = Mapping[str, str | int | float | bool]
type Kind = Literal["request", "call", "work"]
type Counted = Literal[
    "requests", "storage.calls", "storage.commits", "storage.conflicts", "storage.retries", "quirks", "timer.runs"
]
"""What is counted; DESCRIPTIONS of ``scim.instruments`` say what of."""


class Span(Protocol):
    """Something that takes its time, as an observer follows it."""

    @property
    def trace_id(self) -> str:
        """What all spans of one story have in common: 32 hexadecimal digits."""
        ...

    def end(self, name: str, attributes: Attributes, *, failed: bool) -> None:
        """It is over, and this is what it was."""
        ...


class Observer(Protocol):
    """Who follows what goes on."""

    def begin(self, kind: Kind, name: str, within: Span | None, headers: Mapping[str, str]) -> Span:
        """Something begins: in a request or in other work, or, where it is a request itself, with its headers.

        Work is no part of what it is begun in, which may be over before it; it names it, though.
        """
        ...

    def count(self, what: Counted, attributes: Attributes) -> None:
        """One more."""
        ...

    def took(self, seconds: float, attributes: Attributes) -> None:
        """A request took so long."""
        ...

    def see_intents(self, provider: str, number: int) -> None:
        """A provider has so many intents open at this moment."""
        ...

    def write(self, line: str, level: int, within: Span | None) -> None:
        """A line of the log, as it is printed; ``level`` is a number of ``logging``."""
        ...


class _Process:
    observer: Observer | None = None


_span: ContextVar[Span | None] = ContextVar("scim_span", default=None)
_call: ContextVar["_Call | None"] = ContextVar("scim_call", default=None)
_UNSEEN = nullcontext()


def observe(observer: Observer | None) -> None:
    """Let somebody observe the process from now on, or nobody."""
    _Process.observer = observer


def count(what: Counted, attributes: Attributes | None = None) -> None:
    """Count one of something."""
    if _Process.observer is not None:
        _Process.observer.count(what, attributes or {})


def took(seconds: float, attributes: Attributes) -> None:
    """Say how long a request took."""
    if _Process.observer is not None:
        _Process.observer.took(seconds, attributes)


def see_intents(provider: str, number: int) -> None:
    """Say how many intents of a provider are open."""
    if _Process.observer is not None:
        _Process.observer.see_intents(provider, number)


def write(line: str, level: int) -> None:
    """Hand on a line of the log, with the span it belongs to."""
    if _Process.observer is not None:
        _Process.observer.write(line, level, _span.get())


@dataclass(slots=True)
class Followed:
    """A request or other work while it goes on; whoever does it fills in what it came to.

    Attributes:
        trace_id: its trace's; None where nobody observes it.
    """

    name: str
    trace_id: str | None = None
    failed: bool = False
    attributes: dict[str, str | int | float | bool] = field(default_factory=dict)


@contextmanager
def follow(kind: Kind, name: str, headers: Mapping[str, str] | None = None) -> Iterator[Followed]:
    """Follow a request or other work, and the calls made for it; tasks that it starts are part of it."""
    observer = _Process.observer
    if observer is None:
        yield Followed(name)
        return
    span = observer.begin(kind, name, _span.get(), headers or {})
    followed, token = Followed(name, span.trace_id), _span.set(span)
    try:
        yield followed
    except BaseException:
        followed.failed = True
        raise
    finally:
        _span.reset(token)
        span.end(followed.name, followed.attributes, failed=followed.failed)


def call(operation: str, what: str) -> AbstractContextManager[object]:
    """Follow one call to the store, until its answer.

    Args:
        operation: what is asked of a table: ``get``, ``range`` or ``transact``.
        what: the kind of row, or how many rows.
    """
    return _UNSEEN if _Process.observer is None else _Call(_Process.observer, operation, what)


def answered(status: int) -> None:
    """Note the HTTP status with which the store answers the call that is under way."""
    under_way = _call.get()
    if under_way is not None:
        under_way.attributes["status"] = status


def retried() -> None:
    """Count that the call which is under way is sent once more."""
    under_way = _call.get()
    if under_way is not None:
        under_way.retries += 1
        count("storage.retries")


class _Call:
    """A call to the store that somebody observes."""

    def __init__(self, observer: Observer, operation: str, what: str) -> None:
        self._observer, self._operation, self._name = observer, operation, f"{operation} {what}"
        self.attributes: dict[str, str | int] = {"operation": operation}
        self.retries = 0

    def __enter__(self) -> None:
        self._token = _call.set(self)
        self._span = self._observer.begin("call", self._name, _span.get(), {})

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        _call.reset(self._token)
        outcome = "ok" if kind is None else kind.__name__
        self._observer.count("storage.calls", {"operation": self._operation, "outcome": outcome})
        attributes = {**self.attributes, "retries": self.retries, "outcome": outcome}
        self._span.end(self._name, attributes, failed=kind is not None)
