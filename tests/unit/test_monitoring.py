"""Where telemetry goes is what Azure's and OpenTelemetry's own variables say, and nowhere without them."""

import os
import subprocess
import sys
from collections.abc import Iterator

import pytest
from azure.identity import ManagedIdentityCredential
from azure.monitor.opentelemetry.exporter import AzureMonitorTraceExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

from scim import monitoring, observing
from scim.local.options import REPOSITORY
from scim.monitoring import AZURE_MONITOR, HANDED_OVER, OTLP, Outlet
from tests.client import lines_of_the_service

CONNECTION = "InstrumentationKey=00000000-0000-0000-0000-000000000000;IngestionEndpoint=https://x.example/"
COLLECTOR = "http://127.0.0.1:9"
LOADED = "import sys, function_app; function_app.service(); print(sorted(m for m in sys.modules if 'telemetry' in m))"


@pytest.fixture
def assembled(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Outlet]]:
    """The outlets that an observer was made for; none is, so that no thread of it outlives the test."""
    found: list[Outlet] = []
    monkeypatch.setattr(monitoring, "assembled", lambda outlets, _: found.extend(outlets))
    for name in monitoring.UNASKED:
        monkeypatch.setenv(name, "true")
    yield found
    for outlet in found:
        for exporter in (outlet.spans, outlet.metrics, outlet.lines):
            exporter.shutdown()
    observing.observe(None)


def loaded(**environment: str) -> str:
    """The modules about telemetry that the service has loaded once it is built."""
    given = {"ROLLCALL_STORAGE": "UseDevelopmentStorage=true", "ROLLCALL_PUBLIC_URL": "https://scim.example"}
    without = {name: text for name, text in os.environ.items() if name not in {AZURE_MONITOR, OTLP}}
    command = [sys.executable, "-c", LOADED]
    ran = subprocess.run(  # noqa: S603 (our own command)
        command, cwd=REPOSITORY, env=without | given | environment, capture_output=True, text=True, check=True
    )
    return ran.stdout.strip()


def test_nothing_of_opentelemetry_is_loaded_where_nothing_is_configured() -> None:
    assert loaded() == "['scim.telemetry']"


def test_only_what_is_configured_is_loaded() -> None:
    found = loaded(OTEL_EXPORTER_OTLP_ENDPOINT=COLLECTOR, OTEL_METRIC_EXPORT_TIMEOUT="1")
    assert "'opentelemetry.sdk.trace'" in found
    assert "azure.monitor" not in found


def test_a_collector_is_reached_over_otlp(assembled: list[Outlet]) -> None:
    monitoring.begin({OTLP: COLLECTOR})
    assert [type(outlet.spans) for outlet in assembled] == [OTLPSpanExporter]


def test_azure_monitor_and_a_collector_can_both_be_told(assembled: list[Outlet]) -> None:
    monitoring.begin({OTLP: COLLECTOR, AZURE_MONITOR: CONNECTION})
    assert [type(outlet.spans) for outlet in assembled] == [AzureMonitorTraceExporter, OTLPSpanExporter]


@pytest.mark.parametrize("wrong", ["what the portal shows", "InstrumentationKey=the key"])
def test_a_connection_string_that_is_none_is_told_and_keeps_nothing_else_from_working(
    assembled: list[Outlet], wrong: str
) -> None:
    with lines_of_the_service() as lines:
        monitoring.begin({OTLP: COLLECTOR, AZURE_MONITOR: wrong})
    assert [type(outlet.spans) for outlet in assembled] == [OTLPSpanExporter]
    (line,) = lines
    assert line["message"].startswith(f"{AZURE_MONITOR} is no connection string")
    assert wrong not in str(line)


def test_the_managed_identity_signs_in_to_azure_monitor(assembled: list[Outlet]) -> None:
    monitoring.begin({AZURE_MONITOR: CONNECTION}, "11111111-1111-1111-1111-111111111111")
    monitoring.begin({AZURE_MONITOR: CONNECTION})
    signed, unsigned = (
        [getattr(exporter, "_credential", None) for exporter in (outlet.spans, outlet.metrics, outlet.lines)]
        for outlet in assembled
    )
    assert all(isinstance(credential, ManagedIdentityCredential) for credential in signed)
    assert unsigned == [None] * 3


@pytest.mark.parametrize(("value", "exported"), [("true", True), ("1", True), ("false", False), ("", False)])
def test_lines_are_exported_only_where_the_host_leaves_them_to_us(value: str, exported: bool) -> None:
    made = monitoring.assembled([], {HANDED_OVER: value})
    assert (getattr(made, "_logger", None) is not None) is exported


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({}, {"service.name": "rollcall"}),
        ({"WEBSITE_SITE_NAME": "app"}, {"service.name": "app"}),
        ({"WEBSITE_SITE_NAME": "app", "OTEL_SERVICE_NAME": "scim"}, {"service.name": "scim"}),
        ({"WEBSITE_INSTANCE_ID": "i1"}, {"service.name": "rollcall", "service.instance.id": "i1"}),
    ],
)
def test_the_service_is_named_as_azure_names_it(environment: dict[str, str], expected: dict[str, str]) -> None:
    assert monitoring.named(environment) == expected
