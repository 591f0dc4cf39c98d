"""What goes on, in OpenTelemetry's terms: the one module that knows how spans, metrics and log records are made.

A request's span is of kind INTERNAL, for the Functions host has made the SERVER span around it: Application Insights
counts a request once. A call to the store is of kind CLIENT.
"""

import logging
import time
from collections.abc import Iterable, Mapping

from opentelemetry import trace
from opentelemetry._logs import Logger, LogRecord, SeverityNumber
from opentelemetry.context import Context
from opentelemetry.metrics import CallbackOptions, Meter, Observation
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from scim.observing import Attributes, Counted, Kind, Span

DESCRIPTIONS: Mapping[Counted, str] = {
    "requests": "requests answered",
    "storage.calls": "calls to the store",
    "storage.commits": "transactions that moved a head",
    "storage.conflicts": "attempts at a write that came too late: another process had moved the head",
    "storage.retries": "calls to the store that were sent once more",
    "quirks": "requests in which a departure from the standard was let pass",
    "timer.runs": "runs of timers",
}
_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 220.0)
_KEPT = 20 * 60.0
"""Seconds for which a number of intents is told on: housekeeping looks at a provider every 15 minutes at least."""
_KINDS: Mapping[Kind, trace.SpanKind] = {
    "request": trace.SpanKind.INTERNAL,
    "call": trace.SpanKind.CLIENT,
    "work": trace.SpanKind.INTERNAL,
}
_SEVERITIES = {
    logging.DEBUG: SeverityNumber.DEBUG,
    logging.INFO: SeverityNumber.INFO,
    logging.WARNING: SeverityNumber.WARN,
    logging.ERROR: SeverityNumber.ERROR,
    logging.CRITICAL: SeverityNumber.FATAL,
}
_PROPAGATOR = TraceContextTextMapPropagator()


class _Followed:
    """One span."""

    def __init__(self, span: trace.Span) -> None:
        self.span = span

    @property
    def trace_id(self) -> str:
        return trace.format_trace_id(self.span.get_span_context().trace_id)

    def end(self, name: str, attributes: Attributes, *, failed: bool) -> None:
        self.span.update_name(name)
        self.span.set_attributes(attributes)
        if failed:
            self.span.set_status(trace.StatusCode.ERROR)
        self.span.end()


class Instruments:
    """An observer that makes spans, metrics and log records.

    Args:
        tracer: makes the spans.
        meter: makes the instruments, all named ``rollcall.…``.
        logger: takes the lines of the log; None where the process's own handlers see to them.
    """

    def __init__(self, tracer: trace.Tracer, meter: Meter, logger: Logger | None) -> None:
        self._tracer = tracer
        self._logger = logger
        self._counters = {
            what: meter.create_counter(f"rollcall.{what}", "1", description)
            for what, description in DESCRIPTIONS.items()
        }
        self._duration = meter.create_histogram(
            "rollcall.request.duration", "s", "how long requests took", explicit_bucket_boundaries_advisory=_SECONDS
        )
        self._intents: dict[str, tuple[int, float]] = {}
        meter.create_observable_gauge(
            "rollcall.intents", [self._observe_intents], "1", "intents open when this process last looked for them"
        )

    def begin(self, kind: Kind, name: str, within: Span | None, headers: Mapping[str, str]) -> Span:
        """Start a span: a request's below the host's, a call's below what it is made for, and work's by itself."""
        around = within.span if isinstance(within, _Followed) else None
        if kind == "request":
            span = self._tracer.start_span(name, _around(headers), _KINDS[kind])
        elif kind == "work":
            links = [trace.Link(around.get_span_context())] if around else None
            span = self._tracer.start_span(name, Context(), _KINDS[kind], links=links)
        else:
            context = trace.set_span_in_context(around, Context()) if around else Context()
            span = self._tracer.start_span(name, context, _KINDS[kind])
        return _Followed(span)

    def count(self, what: Counted, attributes: Attributes) -> None:
        """Add one to a counter."""
        self._counters[what].add(1, attributes)

    def took(self, seconds: float, attributes: Attributes) -> None:
        """Add a request to the histogram."""
        self._duration.record(seconds, attributes)

    def see_intents(self, provider: str, number: int) -> None:
        """Keep what housekeeping saw, until it looks again."""
        self._intents[provider] = number, time.monotonic()

    def write(self, line: str, level: int, within: Span | None) -> None:
        """Make a log record of a line, with the line as its body."""
        if self._logger is not None:
            around = within.span if isinstance(within, _Followed) else None
            record = LogRecord(
                timestamp=time.time_ns(),
                context=trace.set_span_in_context(around, Context()) if around else Context(),
                severity_text=logging.getLevelName(level),
                severity_number=_SEVERITIES.get(level, SeverityNumber.UNSPECIFIED),
                body=line,
            )
            self._logger.emit(record)

    def _observe_intents(self, _: CallbackOptions) -> Iterable[Observation]:
        now = time.monotonic()
        self._intents = {name: seen for name, seen in self._intents.items() if now - seen[1] < _KEPT}
        return [Observation(number, {"provider": name}) for name, (number, _) in self._intents.items()]


def _around(headers: Mapping[str, str]) -> Context:
    """What a request is part of: the host's span, which the worker has attached, or else what the headers name."""
    if trace.get_current_span().get_span_context().is_valid:
        return trace.set_span_in_context(trace.get_current_span(), Context())
    return _PROPAGATOR.extract(headers, Context())
