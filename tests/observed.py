"""What an observer gets to see of the service in this process: spans, metrics and lines, kept in memory."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from opentelemetry._logs import LogRecord
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import InMemoryLogRecordExporter, SimpleLogRecordProcessor
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import HistogramDataPoint, InMemoryMetricReader, NumberDataPoint
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from scim import observing
from scim.instruments import Instruments

type Marks = tuple[tuple[str, object], ...]


@dataclass(slots=True)
class Observed:
    """All that was exported since the observation began."""

    _spans: InMemorySpanExporter = field(default_factory=InMemorySpanExporter)
    _metrics: InMemoryMetricReader = field(default_factory=InMemoryMetricReader)
    _lines: InMemoryLogRecordExporter = field(default_factory=InMemoryLogRecordExporter)
    texts: list[str] = field(default_factory=list)

    @property
    def spans(self) -> list[ReadableSpan]:
        """The spans that have ended, in that order."""
        return list(self._spans.get_finished_spans())

    def span(self, name: str) -> ReadableSpan:
        """The only span of a name."""
        (found,) = [span for span in self.spans if span.name == name]
        return found

    @property
    def records(self) -> list[LogRecord]:
        """The log records."""
        return [record.log_record for record in self._lines.get_finished_logs()]

    @property
    def lines(self) -> list[str]:
        """Their bodies."""
        return [str(record.body) for record in self.records]

    def count(self, metric: str, **attributes: object) -> float:
        """What a counter or gauge says for exactly these attributes; of a histogram, how many values it has."""
        return self.points(metric).get(tuple(sorted(attributes.items())), 0)

    def points(self, metric: str) -> dict[Marks, float]:
        """Each combination of attributes of a metric, with its number."""
        data = self._metrics.get_metrics_data()
        self.texts.append(data.to_json() if data else "")
        found = dict[Marks, float]()
        for resource in data.resource_metrics if data else ():
            for each in (each for scope in resource.scope_metrics for each in scope.metrics if each.name == metric):
                for point in each.data.data_points:
                    marks = tuple(sorted((point.attributes or {}).items()))
                    found[marks] = _number(point)
        return found

    def everything(self) -> str:
        """All of it as text."""
        self.points("")
        records = [record.to_json() for record in self._lines.get_finished_logs()]
        return "\n".join([*(span.to_json() for span in self.spans), *records, *self.texts])


def _number(point: object) -> float:
    match point:
        case NumberDataPoint():
            return point.value
        case HistogramDataPoint():
            return point.count
    raise TypeError(type(point))


@contextmanager
def observed() -> Iterator[Observed]:
    """Observe the process for a while."""
    seen = Observed()
    spans, lines = TracerProvider(shutdown_on_exit=False), LoggerProvider(shutdown_on_exit=False)
    spans.add_span_processor(SimpleSpanProcessor(seen._spans))  # noqa: SLF001 (the same idea)
    lines.add_log_record_processor(SimpleLogRecordProcessor(seen._lines))  # noqa: SLF001
    metrics = MeterProvider([seen._metrics], shutdown_on_exit=False)  # noqa: SLF001
    observing.observe(Instruments(spans.get_tracer("t"), metrics.get_meter("t"), lines.get_logger("t")))
    try:
        yield seen
    finally:
        observing.observe(None)
        metrics.shutdown()
