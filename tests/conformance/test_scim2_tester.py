"""An independent reader of the standard, ``scim2-tester``, against the service on a store in memory."""

import asyncio
import json
import uuid
from collections.abc import Callable, Iterable, Iterator
from http import HTTPStatus
from io import BytesIO
from typing import Any
from wsgiref.util import request_uri

import pytest
from pydantic import BaseModel
from scim2_client.engines.wsgi import WSGISCIMClient
from scim2_tester import CheckResult, Status, check_server

from scim import remodel
from scim.app import App
from scim.custom import Custom
from scim.handlers import Request
from scim.settings import Settings
from scim.storage.memory import MemoryTables
from tests.client import PROFILE_NAMES
from tests.conformance.deviations import deviations, expected, passed
from tests.conformance.examiners import Record, examined
from tests.custom import DEVICE_FILE, silent

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


class WithMembers(Wsgi):
    """The same, for a tester that creates memberships of random text: each gets a group and a member that exist.

    The draft's memberships have no writable ``$ref``, by which the tester makes up ids of resources that are there.
    """

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., object]) -> Iterable[bytes]:
        if environ["REQUEST_METHOD"] == "POST" and environ["PATH_INFO"].endswith("/GroupMemberships"):
            given = json.loads(environ["wsgi.input"].read())
            given["group"] = {"value": self._created(environ, "Group", "displayName")}
            given["member"] = {"value": self._created(environ, "User", "userName")}
            environ = self._with_body(environ, environ["PATH_INFO"], given)
        return super().__call__(environ, start_response)

    def _created(self, environ: dict[str, Any], kind: str, name: str) -> str:
        urn = f"urn:ietf:params:scim:schemas:core:2.0:{kind}"
        path = environ["PATH_INFO"].replace("GroupMemberships", f"{kind}s")
        body = {"schemas": [urn], name: str(uuid.uuid4())}
        (answer,) = super().__call__(self._with_body(environ, path, body), lambda *_: None)
        identifier: str = json.loads(answer)["id"]
        return identifier

    @staticmethod
    def _with_body(environ: dict[str, Any], path: str, body: dict[str, Any]) -> dict[str, Any]:
        return {**environ, "PATH_INFO": path, "wsgi.input": BytesIO(json.dumps(body).encode())}


@pytest.fixture
def loop() -> Iterator[asyncio.AbstractEventLoop]:
    loop = asyncio.new_event_loop()
    yield loop
    loop.close()


def _results(
    loop: asyncio.AbstractEventLoop, profile: str, custom: Custom | None = None, **switches: str
) -> list[CheckResult]:
    app = App.build(SETTINGS, MemoryTables())
    loop.run_until_complete(app.providers.create("tester", profile, switches))
    loop.run_until_complete(remodel.apply(app.providers, "tester", custom or Custom(), silent))
    token = loop.run_until_complete(app.providers.issue("tester"))
    headers = {"Authorization": f"Bearer {token.text}"}
    return check_server(WSGISCIMClient(WithMembers(app, loop), app.base_url("tester"), headers))


@pytest.mark.parametrize("profile", PROFILE_NAMES)
def test_the_tester_finds_no_more_than_is_expected(
    loop: asyncio.AbstractEventLoop, profile: str, record_property: Record
) -> None:
    results = _results(loop, profile)
    assert deviations(results) == expected(profile)
    assert passed(results) > 100
    examined(record_property, "tester", profile, passed(results))


@pytest.mark.parametrize("profile", PROFILE_NAMES)
def test_the_tester_finds_no_more_than_is_expected_of_memberships(
    loop: asyncio.AbstractEventLoop, profile: str
) -> None:
    results = _results(loop, profile, group_memberships="on")
    assert deviations(results) == expected("group_memberships")
    about = [result for result in results if result.resource_type == "GroupMembership"]
    assert sum(result.status is Status.SUCCESS for result in about) >= 5


@pytest.mark.parametrize("profile", PROFILE_NAMES)
def test_the_tester_finds_nothing_wrong_with_types_of_a_providers_own(
    loop: asyncio.AbstractEventLoop, profile: str, record_property: Record
) -> None:
    """RFC 9944's devices and applications, of which neither the service nor the tester knows anything."""
    results = _results(loop, profile, Custom.read(DEVICE_FILE.read_bytes()))
    assert deviations(result for result in results if not _mistaken(result)) == expected(profile)
    assert passed(results) > 200
    examined(record_property, "devices", profile, passed(results))
    assert {"Device", "EndpointApp"} <= {result.resource_type for result in results}


def _mistaken(result: CheckResult) -> bool:
    """Whether a PATCH's answer is right, and the tester expected something else.

    It adds values to an attribute that has some from its step before, and expects just the new ones, where RFC 7644
    §3.5.2.1 has both; and it expects to see again what is never returned, if it is within an extension.
    """
    data: dict[str, Any] = result.data or {}
    if result.title not in {"check_add_attribute", "check_replace_attribute"} or "expected" not in data:
        return False
    wanted, actual = _parts(data["expected"]), _parts(data.get("actual", data.get("modify_actual")))
    adding = result.title == "check_add_attribute"
    return wanted.keys() == actual.keys() and all(
        all(each in actual[name] for each in value) if adding and isinstance(value, list) else value == actual[name]
        for name, value in wanted.items()
    )


def _parts(value: object) -> dict[str, Any]:
    """What is in a value and can be returned."""
    if not isinstance(value, BaseModel):
        return {} if value is None else {"value": value}
    unseen = {"schemas", "irk", "bootstrap_key", "fdo_voucher"}
    return {name: held for name, held in value if held is not None and name not in unseen}
