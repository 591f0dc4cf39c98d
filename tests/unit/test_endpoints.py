"""The HTTP surface: routes, methods, media types, and errors as SCIM says them."""

import json
from dataclasses import replace

import pytest

from scim.handlers import Request
from scim.storage.rows import Row
from tests.client import ERROR, GROUP, ORIGIN, PATCH_OP, USER, Answer, Client, lines_of_the_service, new_client

NOBODY = "01990000-0000-7000-8000-000000000000"
RESOURCE_METHODS = "GET, PUT, PATCH, DELETE"
ANY_METHOD = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")


@pytest.fixture
async def client() -> Client:
    return await new_client()


# Routes and methods


@pytest.mark.parametrize(
    ("path", "methods"),
    [
        ("/Users", "GET, POST"),
        ("/Groups", "GET, POST"),
        (f"/Users/{NOBODY}", RESOURCE_METHODS),
        (f"/Groups/{NOBODY}", RESOURCE_METHODS),
        ("/.search", "POST"),
        ("/Users/.search", "POST"),
        ("/Groups/.search", "POST"),
        ("/Bulk", "POST"),
        ("/Me", "GET, PUT, PATCH, DELETE, POST"),
        ("/Schemas", "GET"),
        (f"/Schemas/{USER}", "GET"),
        ("/ResourceTypes", "GET"),
        ("/ResourceTypes/User", "GET"),
        ("/ServiceProviderConfig", "GET"),
    ],
)
async def test_every_endpoint_names_the_methods_it_knows(client: Client, path: str, methods: str) -> None:
    for method in {*ANY_METHOD, "TRACE", "get"} - {*methods.split(", "), "HEAD"}:
        answer = await client.send(method, path)
        assert answer.error == (405, None), method
        assert answer.headers["Allow"] == methods


async def test_head_is_answered_as_get_is_but_without_a_body(client: Client) -> None:
    user = await client.user("ann")
    for path, status in [(f"/Users/{user['id']}", 200), (f"/Users/{NOBODY}", 404), ("/Schemas", 200), ("/Bulk", 405)]:
        answer = await client.send("HEAD", path)
        assert (answer.status, answer.content) == (status, b"")


@pytest.mark.parametrize(("method", "path"), [("GET", "/Me"), ("PATCH", "/me")])
async def test_what_the_standard_knows_and_the_service_does_not_is_501(client: Client, method: str, path: str) -> None:
    assert (await client.send(method, path, {})).error == (501, None)


@pytest.mark.parametrize("path", ["/x/", "/Devices", "/Users/a/b", "/.search/x", "/Me/x", "/Schemas/a/b", "/Users.x"])
async def test_other_paths_below_the_base_url_are_404_and_name_the_endpoints(client: Client, path: str) -> None:
    answer = await client.get(path)
    assert answer.error == (404, None)
    assert "/Users" in answer.json["detail"]


@pytest.mark.parametrize("path", ["/ServiceProviderConfig/x", "/ResourceTypes/x", "/Schemas/x", "/Schemas/User"])
async def test_unknown_parts_of_discovery_are_404(client: Client, path: str) -> None:
    assert (await client.get(path)).error == (404, None)


@pytest.mark.parametrize("url", ["/", "/scim", "/scim/contoso", "/api/scim/contoso/v2/Users", "/scim//v2/Users"])
async def test_paths_outside_every_base_url_are_404_even_without_a_token(client: Client, url: str) -> None:
    response = await client.app.handle(Request("GET", ORIGIN + url, {}))
    answer = Answer(response.status, response.headers, response.body)
    assert answer.error == (404, None)
    assert "/scim/{provider}/v2" in answer.json["detail"]


@pytest.mark.parametrize(
    "path",
    ["/Users", "/users", "/USERS", "//Users", "/Users/", "//Users//", "/Users?aadOptscim062020", "/Users/?x="],
)
async def test_the_case_of_an_endpoint_and_empty_segments_do_not_count(client: Client, path: str) -> None:
    user = await client.user("ann")
    assert (await client.get(path)).ids == [user["id"]]


@pytest.mark.parametrize("identifier", ["a%2Fb", "%00", "%FF", "..", "%E2%80%AE", "x" * 300, NOBODY.upper(), "a b"])
@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "DELETE"])
async def test_an_id_that_cannot_be_one_is_404(client: Client, method: str, identifier: str) -> None:
    body: dict[str, object] | None = None
    if method == "PUT":
        body = {"schemas": [USER], "userName": "ann"}
    if method == "PATCH":
        body = {"schemas": [PATCH_OP], "Operations": [{"op": "add", "path": "title", "value": "x"}]}
    assert (await client.send(method, f"/Users/{identifier}", body)).error == (404, None)


# What every answer has


async def test_every_verb_answers_as_the_standard_has_it(client: Client) -> None:
    created = await client.post("/Users", {"schemas": [USER], "userName": "ann"})
    location = f"{ORIGIN}/scim/contoso/v2/Users/{created.json['id']}"
    assert (created.status, created.headers["Location"]) == (201, location)
    assert created.json["meta"]["location"] == location
    path = f"/Users/{created.json['id']}"
    assert (await client.get(path)).json == created.json
    replaced = await client.put(path, {"schemas": [USER], "userName": "ann", "title": "Boss"})
    assert (replaced.status, replaced.json["title"]) == (200, "Boss")
    modified = await client.patch(path, {"op": "replace", "path": "title", "value": "Chief"})
    assert (modified.status, modified.json["title"]) == (200, "Chief")
    deleted = await client.delete(path)
    assert (deleted.status, deleted.content) == (204, b"")
    assert deleted.headers["Content-Type"].startswith("application/scim+json")
    assert (await client.delete(path)).error == (404, None)
    assert (await client.get(path)).error == (404, None)


async def test_every_answer_is_scim_json_is_not_cached_and_carries_the_clients_request_id(client: Client) -> None:
    for path, status in [("/Users", 200), (f"/Users/{NOBODY}", 404)]:
        answer = await client.send("GET", path, x_ms_client_request_id="abc-1")
        assert answer.status == status
        assert answer.headers["Content-Type"] == "application/scim+json; charset=utf-8"
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["X-Request-Id"] == "abc-1"
        other = await client.send("GET", path, x_ms_client_request_id="an id <b>")
        assert len(other.headers["X-Request-Id"]) == 36


async def test_a_group_patch_is_answered_by_204_unless_attributes_are_asked(client: Client) -> None:
    group = await client.group("Staff")
    rename = {"op": "replace", "path": "displayName", "value": "Crew"}
    path = f"/Groups/{group['id']}"
    quiet = await client.patch(path, rename)
    assert (quiet.status, quiet.content) == (204, b"")
    without = await client.patch(f"{path}?excludedAttributes=members", rename)
    assert (without.status, without.json["displayName"]) == (200, "Crew")
    shown = await client.patch(f"{path}?attributes=displayName", rename)
    assert (shown.status, shown.json) == (
        200,
        {"schemas": [GROUP], "id": group["id"], "displayName": "Crew"},
    )


@pytest.mark.parametrize("version", ["v1", "v3", "V1.1", "v20"])
async def test_another_version_of_scim_is_refused_to_those_who_may_ask(client: Client, version: str) -> None:
    request = Request("GET", f"{ORIGIN}/scim/contoso/{version}/Users", {"authorization": f"Bearer {client.token}"})
    answer = await client.app.handle(request)
    assert (answer.status, json.loads(answer.body)["scimType"]) == (400, "invalidVers")
    assert (await client.app.handle(replace(request, headers={}))).status == 401


# Media types and bodies


@pytest.mark.parametrize("accept", [None, "*/*", "application/scim+json", "application/json", "text/html", ""])
async def test_any_accept_header_and_none_is_answered(client: Client, accept: str | None) -> None:
    answer = await client.send("GET", "/Users", accept=accept)
    assert (answer.status, answer.json["totalResults"]) == (200, 0)


@pytest.mark.parametrize(
    "content_type", [None, "application/json", "application/scim+json;charset=UTF-8", "application/x+json"]
)
@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH"])
async def test_bodies_of_json_are_read(client: Client, method: str, content_type: str | None) -> None:
    path = "/Users" if method == "POST" else f"/Users/{(await client.user('ann'))['id']}"
    body: dict[str, object] = {"schemas": [USER], "userName": "bob"}
    if method == "PATCH":
        body = {"schemas": [PATCH_OP], "Operations": [{"op": "add", "value": {"userName": "bob"}}]}
    content = json.dumps(body).encode()
    answer = await client.send(method, path, content=content, content_type=content_type)
    assert answer.json["userName"] == "bob"


@pytest.mark.parametrize(
    ("method", "path"),
    [("POST", "/Users"), ("POST", "/Groups"), ("POST", "/Users/.search"), ("POST", "/.search"), ("PUT", "/Users/x")],
)
async def test_bodies_of_other_types_are_415(client: Client, method: str, path: str) -> None:
    answer = await client.send(method, path, content=b"{}", content_type="text/xml; charset=utf-8")
    assert answer.error == (415, None)
    assert "application/scim+json" in answer.json["detail"]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"[",
        b"[]",
        b'"x"',
        b"null",
        b"7",
        b'{"schemas": ["x"], "schemas": ["x"]}',
        b'{"schemas": NaN}',
        b'{"userName": "\xff"}',
        rb'{"userName": "\u0000"}',
        rb'{"userName": "\ud800"}',
        b'{"n": 1e999}',
        b'{"n": %s}' % (b"7" * 5000),
        b"[" * 5000,
        b'{"a":' * 66 + b"1" + b"}" * 66,
    ],
)
@pytest.mark.parametrize(("method", "path"), [("POST", "/Users"), ("PUT", "/Users/{id}"), ("PATCH", "/Users/{id}")])
async def test_a_body_that_is_no_single_json_object_is_400(
    client: Client, content: bytes, method: str, path: str
) -> None:
    user = await client.user("ann")
    answer = await client.send(method, path.format(id=user["id"]), content=content)
    assert answer.error == (400, "invalidSyntax")
    assert (await client.get(f"/Users/{user['id']}")).json == user


async def test_a_body_with_a_byte_order_mark_is_read(client: Client) -> None:
    content = b"\xef\xbb\xbf" + json.dumps({"schemas": [USER], "userName": "ann"}).encode()
    assert (await client.send("POST", "/Users", content=content)).status == 201


async def test_a_chunked_body_that_the_host_lost_is_400_and_says_what_to_do(client: Client) -> None:
    answer = await client.send("POST", "/Users", content=b"", transfer_encoding="chunked")
    assert answer.error == (400, None)
    assert "Content-Length" in answer.json["detail"]


async def test_a_body_beyond_the_limit_is_413_and_names_it() -> None:
    client = await new_client(body_max=10_000, group_body_max=20_000)
    fitting = {"schemas": [USER], "userName": "ann", "title": "x" * 9_900}
    assert (await client.post("/Users", fitting)).status == 201
    answer = await client.post("/Users", fitting | {"title": "x" * 10_000})
    assert answer.error == (413, None)
    assert "10000" in answer.json["detail"]
    group = {"schemas": [GROUP], "displayName": "x" * 15_000}
    assert (await client.post("/Groups", group)).status == 201
    assert (await client.post("/Groups", group | {"externalId": "x" * 5_000})).error == (413, None)


async def test_a_patch_with_too_many_operations_is_413() -> None:
    client = await new_client(operations_max=3)
    user = await client.user("ann")
    operation = {"op": "replace", "path": "title", "value": "x"}
    assert (await client.patch(f"/Users/{user['id']}", *[operation] * 3)).status == 200
    answer = await client.patch(f"/Users/{user['id']}", *[operation] * 4)
    assert answer.error == (413, None)
    assert "the limit is 3" in answer.json["detail"]


# Faults of our own


async def test_an_unforeseen_fault_is_500_with_a_correlation_id_and_nothing_else(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def burst(*_: object) -> Row | None:
        raise RuntimeError("secret of ann@example.com")

    monkeypatch.setattr("scim.queries.Queries.query", burst)
    with lines_of_the_service() as lines:
        answer = await client.send("GET", "/Users?filter=userName+eq+%22ann@example.com%22", x_request_id="trace-7")
    assert answer.error == (500, None)
    assert answer.json == {
        "schemas": [ERROR],
        "status": "500",
        "detail": "Something unforeseen happened; its correlation id is trace-7.",
    }
    (line,) = lines
    assert (line["status"], line["request_id"], line["error"][0]["type"]) == (500, "trace-7", "RuntimeError")
    assert "ann" not in json.dumps(line)
    assert "secret" not in json.dumps(line)


async def test_a_store_that_is_away_is_503_with_a_time_to_come_back(client: Client) -> None:
    await client.app.tables.drop(client.provider.table)
    answer = await client.get(f"/Users/{NOBODY}")
    assert answer.error == (503, None)
    assert 1 <= int(answer.headers["Retry-After"]) <= 5


async def test_each_request_leaves_one_line_that_names_the_template_of_its_endpoint(client: Client) -> None:
    user = await client.user("ann")
    with lines_of_the_service() as lines:
        await client.get(f"/users/{user['id']}")
        await client.patch(f"/Users/{user['id']}", {"op": "Replace", "path": "active", "value": "False"})
        await client.post("/Users", {"schemas": [USER], "userName": "ANN"})
        await replace(client, token="none").get("/Users")
    told = [(each["method"], each["endpoint"], each["status"], each["scim_type"], each["provider"]) for each in lines]
    assert told == [
        ("GET", "/Users/{id}", 200, None, "contoso"),
        ("PATCH", "/Users/{id}", 200, None, "contoso"),
        ("POST", "/Users", 409, "uniqueness", "contoso"),
        ("GET", None, 401, None, None),
    ]
    assert lines[1]["quirks"] == ["string_boolean"]
