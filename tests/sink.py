"""A place on this machine that telemetry is sent to: a collector over OTLP, and Azure Monitor's ingestion."""

import gzip
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from scim.local.ports import LOOPBACK

type Envelope = dict[str, Any]


@dataclass(slots=True)
class Sink:
    """What has come in.

    Attributes:
        bodies: the path of each request, and its body.
    """

    url: str = ""
    bodies: list[tuple[str, bytes]] = field(default_factory=list)

    @property
    def environment(self) -> dict[str, str]:
        """What makes the service send its telemetry here, as to a collector."""
        return {"OTEL_EXPORTER_OTLP_ENDPOINT": self.url} | _OFTEN

    @property
    def azure_environment(self) -> dict[str, str]:
        """What makes the service send it here, as to Azure Monitor."""
        key = "00000000-0000-0000-0000-000000000000"
        connection = f"InstrumentationKey={key};IngestionEndpoint={self.url}/"
        return {"APPLICATIONINSIGHTS_CONNECTION_STRING": connection} | _OFTEN

    @property
    def spans(self) -> list[Span]:
        """The spans that have come over OTLP."""
        requests = [ExportTraceServiceRequest.FromString(body) for path, body in self.bodies if path == "/v1/traces"]
        resources = [resource for request in requests for resource in request.resource_spans]
        return [span for resource in resources for scope in resource.scope_spans for span in scope.spans]

    @property
    def envelopes(self) -> list[Envelope]:
        """What Application Insights has been told."""
        return [envelope for path, body in self.bodies if path.endswith("/track") for envelope in json.loads(body)]

    def wait(self, until: str, seconds: float = 30) -> None:
        """Wait until a text has come in, for so long at most."""
        end = time.monotonic() + seconds
        while not any(until.encode() in body for _, body in self.bodies):
            if time.monotonic() > end:
                raise TimeoutError(until)
            time.sleep(0.05)


_OFTEN = {
    "PYTHON_ENABLE_OPENTELEMETRY": "true",
    "OTEL_BSP_SCHEDULE_DELAY": "200",
    "OTEL_BLRP_SCHEDULE_DELAY": "200",
    "OTEL_METRIC_EXPORT_INTERVAL": "1000",
}
"""The worker hands the log over, and exports come soon: milliseconds."""


@contextmanager
def sink() -> Iterator[Sink]:
    """Take in telemetry for a while."""
    made = Sink()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if self.headers["Content-Encoding"] == "gzip":
                body = gzip.decompress(body)
            made.bodies.append((self.path, body))
            answer = _accepted(body) if self.path.endswith("/track") else b""
            self.send_response(200)
            self.send_header("Content-Type", "application/json" if answer else "application/x-protobuf")
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer((LOOPBACK, 0), Handler) as server:
        made.url = f"http://{LOOPBACK}:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield made
        finally:
            server.shutdown()
            thread.join()


def _accepted(body: bytes) -> bytes:
    number = len(json.loads(body))
    return json.dumps({"itemsReceived": number, "itemsAccepted": number, "errors": []}).encode()
