"""What Azure's exporter sends becomes rows, and rows a page, as the workbook shows them."""

from datetime import UTC, datetime, timedelta

from azure.monitor.opentelemetry.exporter.export.logs._exporter import _convert_log_to_envelope
from azure.monitor.opentelemetry.exporter.export.metrics._exporter import _convert_point_to_envelope
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import InMemoryLogRecordExporter, SimpleLogRecordProcessor
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.trace import NoOpTracer

from scim import observing, telemetry
from scim.instruments import Instruments
from tests.kql.evaluating import Record, Workspace
from tests.kql.files import items
from tests.workbook.arriving import Told, rows
from tests.workbook.page import page


def told(later: timedelta = timedelta()) -> list[Told]:
    """What arrives of one request, through Azure's own conversion."""
    reader = InMemoryMetricReader()
    lines = InMemoryLogRecordExporter()  # type: ignore[no-untyped-call] # it is the SDK's
    logs = LoggerProvider(shutdown_on_exit=False)
    logs.add_log_record_processor(SimpleLogRecordProcessor(lines))
    meters = MeterProvider([reader], shutdown_on_exit=False)
    telemetry.configure()
    observing.observe(Instruments(NoOpTracer(), meters.get_meter("t"), logs.get_logger("t")))
    with telemetry.request("GET", {}) as trace:
        trace.provider, trace.endpoint, trace.status = "contoso", "/Users", 200
        telemetry.count("reads", 2)
    observing.observe(None)
    data = reader.get_metrics_data()
    assert data is not None
    metrics = [metric for metric in data.resource_metrics[0].scope_metrics[0].metrics if metric.data.data_points]
    sent = [_convert_point_to_envelope(point, each.name) for each in metrics for point in each.data.data_points]
    sent += [_convert_log_to_envelope(record) for record in lines.get_finished_logs()]
    return [*rows([each.as_dict() for each in sent], later)]


def test_a_request_becomes_two_metrics_and_a_line() -> None:
    found = told()
    named: dict[str, Record] = {row.get("Name", table): row for table, row in found}
    assert named.keys() == {"rollcall.requests", "rollcall.request.duration", "AppTraces"}
    assert named["rollcall.requests"]["Sum"] == named["rollcall.request.duration"]["ItemCount"] == 1
    assert named["rollcall.requests"]["Properties"] == {
        "provider": "contoso",
        "endpoint": "/Users",
        "method": "GET",
        "status": "200",
    }
    assert named["AppTraces"]["Message"].startswith('{"time":')


def test_rows_can_be_told_as_of_another_time() -> None:
    hours = [row["TimeGenerated"] for _, row in told(timedelta(hours=-2))]
    assert all(abs(datetime.now(UTC).replace(tzinfo=None) - time - timedelta(hours=2)).seconds < 60 for time in hours)


def test_the_page_has_every_part_of_the_workbook() -> None:
    workspace = Workspace()
    for table, row in told():
        workspace.add(table, [row])
    drawn = page(workspace, "of <one> request")
    titles = [item["content"]["title"] for item in items() if item["type"] == 3]
    assert all(f"<h2>{title.replace("'", '&#x27;')}</h2>" in drawn for title in titles)
    assert '<span class="green">well</span>' in drawn
    assert "<td>GET /Users</td>" in drawn
    assert "of &lt;one&gt; request" in drawn
    assert (
        drawn.count("<svg")
        == len([item for item in items() if "chart" in item["content"].get("visualization", "")]) - 2
    )
