"""Schemathesis, a reader of OpenAPI, against the service: it asks what the description has, and checks each answer.

Every status, content type, header and body must be as described. The cases are the same in every run. For a longer
run by hand, ``OPENAPI_EXAMPLES`` is their number for each operation; they are then random, and a failure prints what
repeats it.
"""

import asyncio
import logging
import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any

import jsonschema_rs
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from scim.app import App
from scim.schema import JsonObject
from scim.storage.memory import MemoryTables
from tests.client import Client, connected
from tests.conformance.cases import Case, load
from tests.conformance.described import Described, operations
from tests.conformance.examiners import Record, examined
from tests.conformance.test_scim2_tester import SETTINGS, Wsgi

EXAMPLES = int(os.environ.get("OPENAPI_EXAMPLES", "25"))
BY_HAND = "OPENAPI_EXAMPLES" in os.environ
CALLED = ("rfc", "entra")
CHECKS = [
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
SUCCESSFUL = {"patch": 0.04}
"""The share of requests that must succeed where an operation can: a test that is always refused shows nothing."""

type StartResponse = Callable[..., object]


@dataclass
class Service:
    """A service with one provider and a few resources, which each test has to itself."""

    profile: str
    loop: asyncio.AbstractEventLoop = field(default_factory=asyncio.new_event_loop)
    created: int = 0

    def __post_init__(self) -> None:
        self.renew()

    def __call__(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        return self.wsgi(environ, start_response)

    def renew(self) -> None:
        """Start over."""
        app = App.build(SETTINGS, MemoryTables())
        self.wsgi = Wsgi(app, self.loop)
        self.client = self.loop.run_until_complete(connected(Client, app, "tester", self.profile))
        self.ids = self.loop.run_until_complete(_resources(self.client))
        self._be(self.ids["Users"][0])

    def replenish(self) -> None:
        """Have a user and a group more, for the one that may go."""
        self.created += 1
        user = self.loop.run_until_complete(self.client.user(f"more {self.created}"))
        group = self.loop.run_until_complete(self.client.group(f"more {self.created}", user["id"]))
        self.ids = {"Users": [user["id"]], "Groups": [group["id"]]}
        self._be(user["id"])

    def _be(self, user: str) -> None:
        """Take a token of a user, who is then ``/Me``."""
        token = self.loop.run_until_complete(self.client.app.providers.issue("tester", "write", user))
        self.client = replace(self.client, token=token.text)

    @property
    def headers(self) -> dict[str, str]:
        """The headers that open the door."""
        return {"Authorization": f"Bearer {self.client.token}"}


async def _resources(client: Client) -> dict[str, list[str]]:
    emails = [{"value": "ann@example.com", "type": "work", "primary": True}, {"value": "a@home.example"}]
    ann = await client.user("ann", displayName="Ann", emails=emails, active=True)
    bert = await client.user("bert", title="Boss", name={"givenName": "Bert"})
    inner = await client.group("Inner", ann["id"])
    outer = await client.group("Outer", bert["id"], inner["id"])
    return {"Users": [ann["id"], bert["id"]], "Groups": [inner["id"], outer["id"]]}


@cache
def service(profile: str) -> Service:
    return Service(profile)


@cache
def described(profile: str) -> Any:  # noqa: ANN401 (what schemathesis makes of a description)
    """The description that the service gives of itself."""
    server = service(profile)
    return schemathesis.openapi.from_wsgi("/scim/tester/v2/openapi.json", server, headers=server.headers)


def document(profile: str) -> JsonObject:
    raw: JsonObject = described(profile).raw_schema
    return raw


def varies(profile: str, method: str, path: str) -> bool:
    """Whether two requests to an operation can differ."""
    item = document(profile)["paths"][path]
    return not {"parameters", "requestBody"}.isdisjoint(item.keys() | item[method].keys())


OPERATIONS = [
    (profile, method, path)
    for profile in CALLED
    for path, item in document(profile)["paths"].items()
    for method in item
    if method != "parameters"
]


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    """A line for each of thousands of requests helps nobody."""
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


@pytest.mark.parametrize(("profile", "method", "path"), OPERATIONS)
def test_every_answer_is_as_described(profile: str, method: str, path: str, record_property: Record) -> None:
    statuses = ask(profile, method, path, GenerationMode.POSITIVE, EXAMPLES)
    examined(record_property, "schemathesis", profile, statuses.total())
    print(f"{profile} {method} {path}: {statuses.total()} requests, {dict(statuses)}")  # noqa: T201 (for a long run)
    if not successful(
        method, statuses
    ):  # bad luck, if more of them fare better: what is tried hangs on what is imported
        assert successful(method, statuses + ask(profile, method, path, GenerationMode.POSITIVE, 8 * EXAMPLES))


def successful(method: str, statuses: Counter[int]) -> bool:
    successes = sum(count for status, count in statuses.items() if status < 400)
    return successes >= SUCCESSFUL.get(method, 0.1) * statuses.total() or statuses.keys() <= {404, 501}


@pytest.mark.parametrize(("profile", "method", "path"), [each for each in OPERATIONS if varies(*each)])
def test_what_is_not_as_described_is_answered_as_described(
    profile: str, method: str, path: str, record_property: Record
) -> None:
    statuses = ask(profile, method, path, GenerationMode.NEGATIVE, EXAMPLES // 4)
    examined(record_property, "schemathesis", profile, statuses.total())
    print(f"{profile} {method} {path}: {statuses.total()} wrong requests, {dict(statuses)}")  # noqa: T201 (as above)


def ask(profile: str, method: str, path: str, mode: GenerationMode, number: int) -> Counter[int]:
    """Send so many requests, and check every answer; gives how many there were of each status."""
    server = service(profile)
    server.renew()
    strategy = described(profile)[path][method.upper()].as_strategy(generation_mode=mode)
    statuses = Counter[int]()

    @settings(
        max_examples=number if varies(profile, method, path) else 1,
        deadline=None,
        database=None,
        derandomize=not BY_HAND,
        print_blob=BY_HAND,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=[*HealthCheck],
    )
    @given(case=strategy, data=st.data())
    def send(case: Any, data: st.DataObject) -> None:  # noqa: ANN401 (schemathesis's)
        if method == "delete":
            server.replenish()
        if mode is GenerationMode.POSITIVE:
            aim(case, data, server, statuses.total())
        elif "id" in case.path_parameters and data.draw(st.booleans()):
            _aim_path(case, data, server, Described(document(profile), ()))
        case.headers.pop("Authorization", None)
        response = case.call(headers=server.headers)
        statuses[response.status_code] += 1
        assert response.status_code < 500 or response.status_code == 501, response.content
        case.validate_response(response, checks=CHECKS)

    send()
    return statuses


SPELLED_OTHERWISE = {"entra/create-pascal-case", "rfc/create-other-case"}
"""Requests that name attributes in another case, which JSON Schema cannot say."""


@pytest.mark.parametrize(
    "case",
    [case for case in load() if "body" in case.request and case.expect["status"] < 400],
    ids=lambda case: case.name,
)
def test_what_clients_send_and_the_service_takes_is_described(case: Case) -> None:
    components = document(case.profile)["components"]
    kind = "User" if case.request["path"].startswith("/Users") else "Group"
    component = "PatchOp" if case.request["method"] == "PATCH" else f"{kind}Request"
    shape = {"$ref": f"#/components/schemas/{component}", "components": components}
    assert jsonschema_rs.is_valid(shape, case.request["body"]) is (case.name not in SPELLED_OTHERWISE)


def aim(case: Any, data: st.DataObject, server: Service, number: int) -> None:  # noqa: ANN401 (schemathesis's)
    """Turn a random request into one that more often hits: ids that exist, names that are free, filters that parse."""
    texts = Described(document(server.profile), (*server.ids["Users"], *server.ids["Groups"]))
    kinds = [kind for kind in ("User", "Group") if case.path.startswith(f"/{kind}s")] or ["User", "Group"]
    _aim_path(case, data, server, texts)
    if case.path.startswith(("/Users", "/Groups", "/Me")) and ".search" not in case.path:
        case.query |= data.draw(st.sampled_from([{}, {}, {"attributes": ""}, {"excludedAttributes": ""}]))
    for holder in (case.query, case.body):
        if isinstance(holder, dict):
            _aim_query(holder, data, texts, kinds)
    if "excludedAttributes" in case.query and data.draw(st.integers(0, 5)) < 5:
        case.query.pop("attributes", None)
    if "If-Match" in case.headers:
        case.headers["If-Match"] = data.draw(st.sampled_from(["*", "*", "*", 'W/"0"', case.headers["If-Match"]]))
    if data.draw(st.booleans()):
        case.headers.pop("If-None-Match", None)
    if isinstance(case.body, dict) and case.path == "/Bulk":
        _aim_bulk(case.body, data, server)
    elif isinstance(case.body, dict):
        _aim_body(case.body, data, server, number, operations(texts, kinds[0]))


def _aim_path(case: Any, data: st.DataObject, server: Service, texts: Described) -> None:  # noqa: ANN401
    if "id" in case.path_parameters:
        plural = case.path.split("/")[1]
        case.path_parameters["id"] = data.draw(st.sampled_from([*server.ids[plural], "nobody"]))
    if "name" in case.path_parameters:
        known = [*_urns(texts.document)] if case.path.startswith("/Schemas") else ["User", "Group"]
        case.path_parameters["name"] = data.draw(st.sampled_from([*known, "nobody"]))


def _aim_query(holder: JsonObject, data: st.DataObject, texts: Described, kinds: list[str]) -> None:
    if "filter" in holder:
        holder["filter"] = data.draw(texts.filters(kinds))
    known = st.sampled_from([*texts.attributes(kinds[0]), "nosuch", "USERNAME"])
    for name in sorted({"attributes", "excludedAttributes"} & holder.keys()):
        names = data.draw(st.lists(known, max_size=4))
        holder[name] = names if isinstance(holder[name], list) else ",".join(names)
    if "sortBy" in holder:
        holder["sortBy"] = data.draw(known)
    if "cursor" in holder and data.draw(st.booleans()):
        del holder["cursor"]
    elif "cursor" in holder:
        holder["cursor"] = data.draw(st.sampled_from(["", "", "", holder["cursor"]]))
        for other in ("startIndex", "count"):
            holder.pop(other, None)


def _aim_bulk(body: JsonObject, data: st.DataObject, server: Service) -> None:
    some = [f"/{plural}/{identifier}" for plural, ids in server.ids.items() for identifier in ids]
    for place, operation in enumerate(body.get("Operations") or ()):
        if operation.get("method") == "POST":
            operation |= {"bulkId": f"b{place}", "path": data.draw(st.sampled_from(["/Users", "/Groups"]))}
        else:
            operation["path"] = data.draw(st.sampled_from([*some, "/Users/bulkId:b0", "/nowhere"]))


def _aim_body(
    body: JsonObject, data: st.DataObject, server: Service, number: int, operation: st.SearchStrategy[JsonObject]
) -> None:
    if "Operations" in body:
        body["Operations"] = data.draw(st.lists(operation, min_size=1, max_size=2))
    for name in sorted({"userName", "displayName"} & body.keys()):
        if isinstance(body[name], str):
            body[name] = f"{body[name]}{number}".replace("\0", "")
    for member in body.get("members") or ():
        if isinstance(member, dict) and data.draw(st.integers(0, 5)) < 5:
            member["value"] = data.draw(st.sampled_from([*server.ids["Users"], *server.ids["Groups"]]))
            member.pop("type", None)


def _urns(document: JsonObject) -> Iterator[str]:
    for name in ("UserRequest", "GroupRequest"):
        properties = document["components"]["schemas"][name]["properties"]
        yield properties["schemas"]["contains"]["const"]
        yield from (key for key in properties if key.startswith("urn:"))
