"""Traces as they happen, on the terminal: each request with its calls to the store below it, and how long each took."""

import sys
from collections.abc import Iterator, Sequence

from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor, SpanExporter, SpanExportResult

from scim import observing
from scim.instruments import Instruments

_SHOWN_OF = ("status", "scim_type", "outcome", "retries")


def show() -> None:
    """Print the traces of this process from now on."""
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(_Printer()))
    observing.observe(Instruments(provider.get_tracer("rollcall"), MeterProvider().get_meter("rollcall"), None))


class _Printer(SpanExporter):
    """Keeps what ends until the span above it all has ended, and prints the tree."""

    def __init__(self) -> None:
        self._below: dict[int, list[ReadableSpan]] = {}

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        for span in spans:
            if span.kind.name == "CLIENT" and span.parent is not None:
                self._below.setdefault(span.parent.span_id, []).append(span)
            elif span.context is not None:
                print("\n".join(tree(span, self._below.pop(span.context.span_id, []))), file=sys.stderr, flush=True)
        return SpanExportResult.SUCCESS


def tree(root: ReadableSpan, below: Sequence[ReadableSpan]) -> Iterator[str]:
    """A span and those below it, each with when it began after the first, how long it took, and what came of it."""
    began = root.start_time or 0
    yield _line("", root, began)
    ordered = sorted(below, key=lambda span: span.start_time or 0)
    for span in ordered:
        yield _line("└─ " if span is ordered[-1] else "├─ ", span, began)


def _line(branch: str, span: ReadableSpan, began: int) -> str:
    start, end = span.start_time or 0, span.end_time or 0
    attributes = span.attributes or {}
    told = " ".join(f"{name}={attributes[name]!s}" for name in _SHOWN_OF if attributes.get(name) not in {None, 0, "ok"})
    return f"{(start - began) / 1e6:8.1f} {(end - start) / 1e6:8.1f} ms  {branch}{span.name}  {told}".rstrip()
