"""The local host answers over HTTP as the Functions host does."""

import http.client
import json
import socket
from collections.abc import Iterator

import httpx
import pytest

from scim.local import ports
from tests.integration.local_process import Running, make_app, start


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    folder = make_app(tmp_path_factory.mktemp("app"))
    (folder / "local.settings.json").write_text('{"Values": {"SETTING": "from the file"}}')
    running = start(folder, environment={"FUNCTIONS_REQUEST_BODY_SIZE_LIMIT": "1000"})
    try:
        yield running.await_answer()
    finally:
        running.stop()


@pytest.fixture
def client(host: Running) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=host.url) as client:
        yield client


def raw(host: Running, method: str, target: str, headers: list[tuple[str, str]] = []) -> tuple[int, bytes]:  # noqa: B006 - only read
    """A request sent as it is written: no client library tidies it up."""
    connection = http.client.HTTPConnection("127.0.0.1", host.port)
    connection.putrequest(method, target, skip_accept_encoding=True)
    for name, value in headers:
        connection.putheader(name, value)
    connection.endheaders()
    response = connection.getresponse()
    answer = response.status, response.read()
    connection.close()
    return answer


def test_a_function_sees_the_request_as_azure_hands_it_over(host: Running, client: httpx.Client) -> None:
    seen = client.post(
        "/scim/P1/v2/Users/a%20b/c/?filter=&Count=1&count=2",
        content=b'{"a": 1}',
        headers=[("X-Many", "1"), ("x-many", "2"), ("Authorization", "Bearer t")],
    ).json()
    assert seen["method"] == "POST"
    assert seen["url"] == f"{host.url}/scim/P1/v2/Users/a%20b/c/?filter=&Count=1&count=2"
    assert seen["query"] == {"Count": "1,2"}
    assert seen["route"] == {"provider": "P1", "rest": "a b/c/"}
    assert seen["body"] == '{"a": 1}'
    assert (seen["headers"]["x-many"], seen["headers"]["authorization"]) == ("1,2", "Bearer t")


@pytest.mark.parametrize(
    ("target", "rest", "path"),
    [
        ("/scim/p/v2/Users", None, "/scim/p/v2/Users"),
        ("/SCIM/p/v2/users/", None, "/SCIM/p/v2/users/"),
        ("/scim/p/v2/Users/a%2Fb%C3%A9", "a%2Fbé", "/scim/p/v2/Users/a%2Fb%C3%A9"),
        ("/scim/p/v2/Groups/../Users/./1", "1", "/scim/p/v2/Users/1"),
    ],
)
def test_a_path_reaches_a_function_decoded_and_tidied(host: Running, target: str, rest: str | None, path: str) -> None:
    _, body = raw(host, "GET", target)
    seen = json.loads(body)
    assert seen["route"].get("rest") == rest
    assert seen["url"] == host.url + path


def test_the_scheme_and_host_are_those_the_front_end_names(host: Running) -> None:
    headers = [("X-Forwarded-Proto", "https"), ("DISGUISED-HOST", "rollcall.example")]
    _, body = raw(host, "GET", "/blocking", headers)
    assert json.loads(body)["url"] == "https://rollcall.example/blocking"


@pytest.mark.parametrize(
    ("method", "path", "status", "content"),
    [
        ("GET", "/things/.search", 200, b"thing"),
        ("POST", "/things/.search", 200, b"search"),
        ("DELETE", "/things/.search", 404, b""),
        ("GET", "/nowhere", 404, b""),
        ("GET", "/scim/p/v2//Users", 404, b""),
        ("GET", "/admin/functions", 404, b""),
        ("GET", "/", 204, b""),
        ("GET", "/raises", 500, b""),
        ("GET", "/none", 500, b""),
        ("GET", "/status/204", 204, b""),
        ("GET", "/status/304", 304, b""),
        ("GET", "/status/418", 418, b"body"),
        ("GET", "/status/x", 404, b""),
        ("HEAD", "/blocking", 200, b""),
        ("GET", "/a%00b", 400, b""),
        ("GET", "/scim/p/v2/Users?f=" + "x" * 4077, 200, None),
        ("GET", "/scim/p/v2/Users?f=" + "x" * 4078, 414, b""),
    ],
)
def test_the_host_answers_as_azures_does(
    host: Running, method: str, path: str, status: int, content: bytes | None
) -> None:
    answered, body = raw(host, method, path)
    assert answered == status
    assert content is None or body == content


def test_custom_headers_are_added_where_absent_and_length_is_told_only_for_nothing(client: httpx.Client) -> None:
    with_body, without = client.get("/blocking"), client.get("/nowhere")
    assert with_body.headers["x-frame-options"] == "DENY"
    assert with_body.headers["transfer-encoding"] == "chunked"
    assert with_body.headers["content-type"] == "application/scim+json"
    assert without.headers["x-frame-options"] == "no"
    assert without.headers["content-length"] == "0"
    assert {answer.headers["x-extra"] for answer in (with_body, without)} == {"yes"}


def test_a_chunked_body_arrives_empty_and_the_developer_is_told(host: Running, client: httpx.Client) -> None:
    seen = client.post("/scim/p/v2/Users", content=iter([b"a", b"b"])).json()
    assert seen["body"] == ""
    assert client.get("/blocking").status_code == 200, "the connection can be used again"
    assert "without Content-Length" in host.errors.read_text()


@pytest.mark.parametrize(("size", "status"), [(1000, 200), (1001, 413)])
def test_a_body_beyond_the_limit_is_refused(client: httpx.Client, size: int, status: int) -> None:
    assert client.post("/scim/p/v2/Users", content=b"x" * size).status_code == status


def test_local_settings_reach_the_function(client: httpx.Client) -> None:
    assert client.get("/blocking").json()["setting"] == "from the file"


def test_the_developer_is_told_what_failed(host: Running, client: httpx.Client) -> None:
    client.get("/raises")
    log = host.errors.read_text()
    assert "RuntimeError: inside" in log
    assert "Function name:" not in log, "the worker library's line for every call"


def test_the_service_sends_its_answers_without_waiting_for_acknowledgements() -> None:
    with ports.listen(0) as listener:
        assert listener.proto == socket.IPPROTO_TCP  # what asyncio asks before it sets TCP_NODELAY
