"""What the host makes of requests and answers, with the service behind it."""

import http.client
from urllib.parse import urlsplit

import httpx
import pytest

from tests.client import GROUP, USER
from tests.hosting import Host
from tests.integration.conftest import Connect, Remote

NOBODY = "01990000-0000-7000-8000-000000000000"


async def test_every_verb_works_over_http(client: Remote) -> None:
    assert (await client.get("/Users?filter=userName+eq+%22nobody%22")).ids == []
    ann = await client.user("Ann+Lee@example.com", title="Böss 😀")
    assert ann["title"] == "Böss 😀"
    assert ann["meta"]["location"] == f"{client.base_url}/Users/{ann['id']}"
    found = await client.get("/Users?filter=userName+eq+%22ann%2Blee%40example.com%22")
    assert found.ids == [ann["id"]]
    assert found.headers["content-type"] == "application/scim+json; charset=utf-8"
    assert found.headers["x-content-type-options"] == "nosniff"
    group = await client.group("Staff", ann["id"])
    added = await client.patch(f"/Groups/{group['id']}", {"op": "replace", "path": "displayName", "value": "Crew"})
    assert (added.status, added.content) == (204, b"")
    put = await client.put(f"/Users/{ann['id']}", {"schemas": [USER], "userName": "ann"})
    assert (put.json["userName"], put.json["groups"][0]["value"]) == ("ann", group["id"])
    search = {"schemas": ["urn:ietf:params:scim:api:messages:2.0:SearchRequest"]}
    for path, count in (("/Users/.search", 1), ("/Groups/.search", 1), ("/.search", 2)):
        assert len((await client.post(path, search)).ids) == count
    assert len((await client.get("")).ids) == 2
    for path in ("/Schemas", f"/Schemas/{GROUP}", "/ResourceTypes/User", "/ServiceProviderConfig"):
        assert (await client.get(path)).status == 200
    assert (await client.delete(f"/Users/{ann['id']}")).status == 204
    assert (await client.get(f"/Users/{ann['id']}")).error == (404, None)
    assert "members" not in (await client.get(f"/Groups/{group['id']}")).json


async def test_the_service_is_described_to_anybody_and_to_a_client(client: Remote, service: Host) -> None:
    described = await client.http.get(f"{service.url}/openapi.json")
    assert (described.status_code, described.headers["content-type"]) == (200, "application/json")
    assert described.json()["servers"][0]["url"] == f"{service.url}/scim/{{provider}}/v2"
    assert (await client.get("/openapi.json")).json["servers"] == [{"url": client.base_url}]


@pytest.mark.parametrize(
    "path", ["/Users", "/users", "/USERS/", "//Users", "/Users?aadOptscim062020", "/Users/?aadOptscim062020="]
)
async def test_the_hosts_own_rules_for_paths_do_not_matter(client: Remote, path: str) -> None:
    ann = await client.user("ann")
    assert (await client.get(path)).ids == [ann["id"]]


@pytest.mark.parametrize(
    ("method", "path", "status", "allow"),
    [
        ("DELETE", "/Users", 405, "GET, POST"),
        ("HEAD", "/Users/.search", 405, "POST"),
        ("OPTIONS", "/Groups/x", 405, "GET, PUT, PATCH, DELETE"),
        ("GET", "/Users/.search", 405, "POST"),
        ("PUT", "/.search", 405, "POST"),
        ("POST", "/Schemas", 405, "GET"),
        ("PATCH", "/ServiceProviderConfig", 405, "GET"),
        ("GET", "/Bulk", 405, "POST"),
        ("POST", "/Bulk/x", 404, None),
        ("GET", "/Me", 501, None),
        ("GET", "/Nothing", 404, None),
        ("GET", "/Users/a/b", 404, None),
        ("GET", "/Users/a%2Fb", 404, None),
        ("GET", f"/Users/{NOBODY}", 404, None),
        ("GET", "/../v2/Nothing", 404, None),
    ],
)
async def test_refusals_are_the_services_own(
    client: Remote, method: str, path: str, status: int, allow: str | None
) -> None:
    answer = await client.send(method, path)
    assert answer.status == status
    assert answer.headers.get("allow") == allow
    if method == "HEAD":
        assert answer.content == b""
    else:
        assert answer.error == (status, None)


async def test_outside_every_base_url_the_service_answers_too(service: Host) -> None:
    async with httpx.AsyncClient(base_url=service.url) as browser:
        for path in ("/", "/scim", "/favicon.ico", "/api/scim/x/v2/Users", "/SCIM/x/v2/Users"):
            answer = await browser.get(path)
            assert (answer.status_code, answer.json()["status"]) == (404, "404")
        refused = await browser.get("/scim/nobody/v2/Users")
        assert refused.status_code == 401
        assert refused.headers["www-authenticate"] == 'Bearer realm="scim"'


async def test_bodies_meet_the_same_rules_as_in_process(client: Remote) -> None:
    good = b'{"schemas": ["%s"], "userName": "ann"}' % USER.encode()
    for content_type, status in ((None, 201), ("application/json", 409), ("text/plain", 415)):
        assert (await client.send("POST", "/Users", content=good, content_type=content_type)).status == status
    for content in (b"", b"[", b'{"a": 1, "a": 2}', rb'{"a": "\u0000"}', b'{"a": "\xff"}'):
        assert (await client.send("POST", "/Users", content=content)).error == (400, "invalidSyntax")
    big = good.replace(b"ann", b"x" * 1_000_000)
    assert (await client.send("POST", "/Users", content=big)).error == (413, None)


async def test_a_chunked_body_is_refused_with_what_to_do(client: Remote) -> None:
    async def pieces() -> object:
        yield b"{}"

    response = await client.http.post(
        f"{client.base_url}/Users",
        content=pieces(),  # type: ignore[arg-type] # an async iterator of bytes
        headers={"authorization": f"Bearer {client.token}", "content-type": "application/scim+json"},
    )
    assert response.status_code == 400
    assert "Content-Length" in response.json()["detail"]


@pytest.mark.parametrize("host", ["", "[", "a:b:c", "evil.example/x?y", "127.0.0.1:99999"])
def test_a_host_header_that_is_none_is_no_fault_of_the_service(service: Host, host: str) -> None:
    parts = urlsplit(service.url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port)
    connection.putrequest("GET", "/scim/nobody/v2/Users", skip_host=True)
    connection.putheader("Host", host)
    connection.endheaders()
    assert connection.getresponse().status in {400, 401, 404}
    connection.close()


async def test_two_providers_at_once_do_not_cross(connect: Connect) -> None:
    first, second = await connect(), await connect("rfc")
    for client, number in ((first, "1"), (second, "2")):
        await client.user("ann", externalId=number)
    for client, other, number in ((first, second, "1"), (second, first, "2")):
        (shown,) = (await client.get("/Users")).json["Resources"]
        assert shown["externalId"] == number
        assert (await other.get(f"/Users/{shown['id']}")).error == (404, None)
        crossed = Remote(client.app, other.provider, client.token, client.http)
        assert (await crossed.get("/Users")).error == (401, None)


async def test_the_log_of_the_process_holds_a_line_for_each_request_and_no_name(client: Remote, service: Host) -> None:
    before = service.said.read_text().count('"provider"')
    await client.user("jasper.unmistakable@example.com")
    await client.get("/Users?filter=userName+eq+%22jasper.unmistakable@example.com%22")
    await client.send("GET", "/Users/jasper.unmistakable")
    said = service.said.read_text()
    assert said.count('"provider"') == before + 3
    assert "jasper" not in said
    assert client.token[22:65] not in said
