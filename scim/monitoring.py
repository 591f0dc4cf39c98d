"""Where telemetry goes: to Azure Monitor, to a collector that speaks OTLP, to both, or nowhere.

The variables are not ours but Azure's and OpenTelemetry's. Where none is set, nothing of OpenTelemetry is imported. No
provider is made the process's own: libraries that would trace by themselves, the storage SDK with its URLs among them,
find none.
"""

import logging
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from scim import observing, telemetry

if TYPE_CHECKING:
    from opentelemetry.sdk._logs.export import LogRecordExporter
    from opentelemetry.sdk.metrics.export import MetricExporter
    from opentelemetry.sdk.trace.export import SpanExporter

AZURE_MONITOR = "APPLICATIONINSIGHTS_CONNECTION_STRING"
"""Names the Application Insights resource; Azure's name for it."""
OTLP = "OTEL_EXPORTER_OTLP_ENDPOINT"
"""The URL of a collector, over HTTP; OpenTelemetry's name for it."""
HANDED_OVER = "PYTHON_ENABLE_OPENTELEMETRY"
"""Whether the Functions host leaves the log to us: else it sends our lines on itself, and they would come twice."""
NAME = "rollcall"
UNASKED = (
    "APPLICATIONINSIGHTS_STATSBEAT_DISABLED_ALL",
    "APPLICATIONINSIGHTS_OPENTELEMETRY_RESOURCE_METRIC_DISABLED",
)
"""What Azure's exporter sends beside what it is given: how it fares, and a row with each batch of spans."""

_logger = logging.getLogger("scim")


@dataclass(frozen=True, slots=True)
class Outlet:
    """A place that telemetry goes to."""

    spans: "SpanExporter"
    metrics: "MetricExporter"
    lines: "LogRecordExporter"


def begin(environment: Mapping[str, str], identity: str = "") -> None:
    """Send telemetry to where the environment says, if it says so; once for a process.

    It comes before all else that has something to tell. What cannot be read of the environment is told and left out:
    that nobody observes the service is no reason not to serve.

    Args:
        environment: the process's.
        identity: the client id of the managed identity that may write to Azure Monitor; blank: what
            ``APPLICATIONINSIGHTS_AUTHENTICATION_STRING`` says, or nobody, where the connection string is enough.
    """
    telemetry.configure()
    outlets = [*_outlets(environment, identity)]
    if outlets:
        observing.observe(assembled(outlets, environment))


def assembled(outlets: list[Outlet], environment: Mapping[str, str]) -> observing.Observer:
    """An observer whose spans, metrics and lines go to all outlets, by threads of their own."""
    from opentelemetry.sdk._logs import LoggerProvider  # noqa: PLC0415 (heavy, and for deployments only)
    from opentelemetry.sdk._logs.export import BatchLogRecordProcessor  # noqa: PLC0415
    from opentelemetry.sdk.metrics import MeterProvider  # noqa: PLC0415
    from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader  # noqa: PLC0415
    from opentelemetry.sdk.resources import Resource  # noqa: PLC0415
    from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415
    from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415

    from scim.instruments import Instruments  # noqa: PLC0415

    resource = Resource.create(named(environment))
    spans, lines = TracerProvider(resource=resource), LoggerProvider(resource=resource)
    readers = [PeriodicExportingMetricReader(outlet.metrics) for outlet in outlets]
    for outlet in outlets:
        spans.add_span_processor(BatchSpanProcessor(outlet.spans))
        lines.add_log_record_processor(BatchLogRecordProcessor(outlet.lines))
    handed_over = environment.get(HANDED_OVER, "").lower() in {"1", "true"}
    metrics = MeterProvider(readers, resource)
    return Instruments(spans.get_tracer(NAME), metrics.get_meter(NAME), lines.get_logger(NAME) if handed_over else None)


def named(environment: Mapping[str, str]) -> dict[str, Any]:
    """Which service and which instance it is, by the names that Azure gives them."""
    names = {"service.name": environment.get("OTEL_SERVICE_NAME") or environment.get("WEBSITE_SITE_NAME") or NAME}
    instance = environment.get("WEBSITE_INSTANCE_ID")
    return names | ({"service.instance.id": instance} if instance else {})


def _outlets(environment: Mapping[str, str], identity: str) -> Iterator[Outlet]:
    if environment.get(AZURE_MONITOR):
        try:
            outlet = _azure_monitor(environment[AZURE_MONITOR], identity)
        except ValueError:
            told = f"{AZURE_MONITOR} is no connection string of Application Insights, which is sent nothing"
            _logger.error("telemetry", extra={"fields": {"message": told}})  # noqa: TRY400 (a value may be in its text)
        else:
            yield outlet
    if environment.get(OTLP):
        yield _collector()


def _azure_monitor(connection: str, identity: str) -> Outlet:
    for variable in UNASKED:
        os.environ.setdefault(variable, "true")
    from azure.monitor.opentelemetry.exporter import (  # noqa: PLC0415 (heavy, and for deployments only)
        AzureMonitorLogExporter,
        AzureMonitorMetricExporter,
        AzureMonitorTraceExporter,
    )

    options: dict[str, Any] = {"connection_string": connection, "disable_offline_storage": True}
    if identity:
        from azure.identity import ManagedIdentityCredential  # noqa: PLC0415 (the same)

        options["credential"] = ManagedIdentityCredential(client_id=identity)
    return Outlet(
        AzureMonitorTraceExporter(**options), AzureMonitorMetricExporter(**options), AzureMonitorLogExporter(**options)
    )


def _collector() -> Outlet:
    from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter  # noqa: PLC0415 (the same)
    from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter  # noqa: PLC0415
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter  # noqa: PLC0415

    return Outlet(OTLPSpanExporter(), OTLPMetricExporter(), OTLPLogExporter())
