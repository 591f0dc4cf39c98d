"""Telemetry of the true host as it arrives: at a collector, and at Azure Monitor's ingestion."""

import json
import uuid
from collections.abc import AsyncIterator

import httpx
import pytest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from scim.app import App
from scim.settings import Settings
from tests.client import PATCH_OP, Client, connected
from tests.hosting import Host, hosted
from tests.sink import Sink, sink

TRACE, PARENT = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"


class Remote:
    """A client over HTTP."""

    def __init__(self, host: Host, operator: Client, http: httpx.AsyncClient) -> None:
        self._http = http
        self._base = f"{host.url}/scim/{operator.provider.name}/v2"
        self._headers = {"Authorization": f"Bearer {operator.token}", "Content-Type": "application/scim+json"}

    async def ask(self, method: str, path: str, body: object = None, **headers: str) -> httpx.Response:
        """One request."""
        content = json.dumps(body) if body is not None else None
        return await self._http.request(method, self._base + path, content=content, headers=self._headers | headers)


@pytest.fixture(params=["collector", "azure"])
async def sent(request: pytest.FixtureRequest, azurite: str) -> AsyncIterator[tuple[Remote, Sink, str]]:
    """A service that sends its telemetry to a sink, and what it takes the sink for."""
    with sink() as place:
        environment = place.environment if request.param == "collector" else place.azure_environment
        with hosted(azurite, 1, ROLLCALL_UNHEARD_OF="x", **environment) as host:
            app = App.build(Settings.model_validate({"storage": azurite, "public_url": host.url}))
            await app.providers.prepare()
            operator = await connected(Client, app, f"traced-{uuid.uuid4().hex}")
            async with httpx.AsyncClient() as http:
                yield Remote(host, operator, http), place, request.param
            await app.close()


async def patch(remote: Remote) -> httpx.Response:
    """A PATCH of a user, below a span of its client's."""
    user = (await remote.ask("POST", "/Users", {"userName": "ann@example.com"})).json()
    operations = [{"op": "replace", "path": "title", "value": "x"}]
    body = {"schemas": [PATCH_OP], "Operations": operations}
    return await remote.ask("PATCH", f"/Users/{user['id']}", body, traceparent=f"00-{TRACE}-{PARENT}-01")


async def test_one_patch_is_one_trace_of_the_request_and_its_calls(sent: tuple[Remote, Sink, str]) -> None:
    remote, place, kind = sent
    answer = await patch(remote)
    assert answer.status_code == 200
    place.wait("PATCH /Users/{id}")
    place.wait("transact")
    if kind == "collector":
        of_trace = [span for span in place.spans if span.trace_id.hex() == TRACE]
        (request,) = [span for span in of_trace if span.name == "PATCH /Users/{id}"]
        assert (request.kind, request.parent_span_id.hex()) == (Span.SPAN_KIND_INTERNAL, PARENT)
        calls = [span for span in of_trace if span is not request]
        assert sorted(span.name for span in calls) == ["get user", "transact 3 rows"]
        assert {span.parent_span_id for span in calls} == {request.span_id}
        assert {span.kind for span in calls} == {Span.SPAN_KIND_CLIENT}
    else:
        told = {
            each["data"]["baseData"]["name"]: each
            for each in place.envelopes
            if each["tags"].get("ai.operation.id") == TRACE and each["data"]["baseType"] == "RemoteDependencyData"
        }
        assert sorted(told) == ["PATCH /Users/{id}", "get user", "transact 3 rows"]
        assert told["PATCH /Users/{id}"]["tags"]["ai.operation.parentId"] == PARENT
        assert not [each for each in place.envelopes if each["data"]["baseType"] == "RequestData"]


async def test_the_line_that_the_client_can_name_arrives_once_and_the_metrics_too(
    sent: tuple[Remote, Sink, str],
) -> None:
    remote, place, _ = sent
    answer = await patch(remote)
    identifier = answer.headers["X-Request-Id"]
    place.wait("rollcall.storage.commits")
    place.wait(f'request_id":"{identifier}' if sent[2] == "collector" else f'request_id\\":\\"{identifier}')
    bodies = b"".join(body for path, body in place.bodies)
    quoted = f'request_id":"{identifier}' if sent[2] == "collector" else f'request_id\\":\\"{identifier}'
    assert bodies.count(quoted.encode()) == 1
    assert f"{TRACE}".encode() in bodies
    assert b"ann@example.com" not in bodies


async def test_what_there_is_to_tell_of_the_start_arrives_too(sent: tuple[Remote, Sink, str]) -> None:
    remote, place, _ = sent
    assert (await remote.ask("GET", "/Users")).status_code == 200
    place.wait("ROLLCALL_UNHEARD_OF is no setting")
