"""An independent reader of the standard, ``scim2-tester``, against the service on a store in memory."""

import asyncio
from collections.abc import Callable, Iterable, Iterator
from http import HTTPStatus
from typing import Any
from wsgiref.util import request_uri

import pytest
from scim2_client.engines.wsgi import WSGISCIMClient
from scim2_tester import CheckResult, Status, check_server

from scim.app import App
from scim.handlers import Request
from scim.settings import Settings
from scim.storage.memory import MemoryTables
from tests.client import PROFILE_NAMES
from tests.conformance.deviations import deviations, expected

SETTINGS = Settings(storage="UseDevelopmentStorage=true", public_url="http://localhost")


class Wsgi:
    """The service as the tester's in-process client calls it."""

    def __init__(self, app: App, loop: asyncio.AbstractEventLoop) -> None:
        self._app = app
        self._loop = loop

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., object]) -> Iterable[bytes]:
        headers = {
            name[5:].lower().replace("_", "-"): text for name, text in environ.items() if name.startswith("HTTP_")
        }
        headers["content-type"] = environ.get("CONTENT_TYPE", "")
        body = environ["wsgi.input"].read()
        request = Request(environ["REQUEST_METHOD"], request_uri(environ), headers, body)
        response = self._loop.run_until_complete(self._app.handle(request))
        start_response(f"{response.status.value} {HTTPStatus(response.status).phrase}", list(response.headers.items()))
        return [response.body]


@pytest.fixture
def loop() -> Iterator[asyncio.AbstractEventLoop]:
    loop = asyncio.new_event_loop()
    yield loop
    loop.close()


def _results(loop: asyncio.AbstractEventLoop, profile: str) -> list[CheckResult]:
    app = App.build(SETTINGS, MemoryTables())
    loop.run_until_complete(app.providers.create("tester", profile, {}))
    token = loop.run_until_complete(app.providers.issue("tester"))
    headers = {"Authorization": f"Bearer {token.text}"}
    return check_server(WSGISCIMClient(Wsgi(app, loop), app.base_url("tester"), headers))


@pytest.mark.parametrize("profile", PROFILE_NAMES)
def test_the_tester_finds_no_more_than_is_expected(loop: asyncio.AbstractEventLoop, profile: str) -> None:
    results = _results(loop, profile)
    assert deviations(results) == expected(profile)
    assert sum(result.status is Status.SUCCESS for result in results) > 100
