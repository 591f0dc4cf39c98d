"""The parts put together, and that a whole run leaves no secret and no personal value in any log."""

import io
import logging
from collections.abc import Iterator

import pytest

from scim import telemetry
from scim.app import App
from scim.settings import Settings
from scim.storage.tables import AzureTables
from tests.client import ENTERPRISE, GROUP, ORIGIN, SEARCH_REQUEST, USER, Client, new_client

PERSONAL = (
    "ann.lee",
    "ann@",
    "Ann Lee",
    "Annabel",
    "lee@private.example",
    "+49 30 123",
    "Crew Zeta",
    "zeta-1",
    "hunter2",
    "Boss of all",
    "boss-id",
)
"""Parts of every name, address and text that the run below sends."""


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """Everything that any logger says, at the lowest level."""
    telemetry.configure()
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(logging.Formatter("%(name)s %(levelname)s %(message)s %(pathname)s"))
    loggers = [logging.getLogger(name) for name in (None, "scim", "asyncio")]
    before = [logger.level for logger in loggers]
    for logger in loggers:
        logger.addHandler(handler)
        logger.setLevel(logging.DEBUG)
    yield stream
    for logger, level in zip(loggers, before, strict=True):
        logger.removeHandler(handler)
        logger.setLevel(level)


async def run(client: Client) -> None:
    """Every verb, well and badly."""
    person = {
        "userName": "ann.lee@corp.example",
        "displayName": "Ann Lee",
        "name": {"givenName": "Annabel"},
        "emails": [{"type": "work", "value": "lee@private.example"}],
        "phoneNumbers": [{"type": "work", "value": "+49 30 123"}],
        "password": "hunter2",
        ENTERPRISE: {"manager": "boss-id"},
    }
    user = await client.user("ann.lee@corp.example")
    path = f"/Users/{user['id']}"
    await client.put(path, {"schemas": [USER], **person})
    await client.post("/Users", {"schemas": [USER], **person})
    await client.post("/Users", {"schemas": [USER], **person, "active": "Boss of all"})
    await client.send("POST", "/Users", content=b'{"userName": "ann.lee" "ann.lee"}')
    await client.send("POST", "/Users", content=b'{"userName": "ann.lee"}', content_type="text/ann.lee")
    await client.get("/Users?filter=userName+eq+%22ann.lee@corp.example%22")
    await client.get("/Users?filter=emails.value+eq+%22lee@private.example%22&ann@x=1")
    await client.get("/Users?filter=title+ann.lee+%22Boss+of+all%22")
    await client.post("/.search", {"schemas": [SEARCH_REQUEST], "filter": 'displayName co "Ann Lee"', "count": "ann@"})
    await client.patch(path, {"op": "Replace", "path": 'emails[type eq "work"].value', "value": "lee@private.example2"})
    await client.patch(path, {"op": "Replace", "path": "ann.lee", "value": "Boss of all"})
    await client.patch(path, {"op": "Replace", "path": 'title[value eq "ann@"]', "value": "Boss of all"})
    group = await client.group("Crew Zeta", user["id"], externalId="zeta-1")
    await client.post("/Groups", {"schemas": [GROUP], "displayName": "crew zeta"})
    await client.patch(f"/Groups/{group['id']}", {"op": "add", "path": "members", "value": "Boss of all"})
    await client.get("/Users/ann.lee@corp.example")
    await client.get("/ann.lee@corp.example")
    await client.send("GET", "/Users", x_request_id="ann@corp.example", user_agent="ann.lee")
    await client.send("GET", "/Users", authorization="Bearer ann.lee")
    await client.delete(path)


async def test_no_secret_and_no_personal_value_reaches_a_log(log: io.StringIO, monkeypatch: pytest.MonkeyPatch) -> None:
    client = await new_client()
    logging.getLogger("scim").setLevel(logging.DEBUG)
    await run(client)

    async def burst(*_: object, **__: object) -> None:
        raise ExceptionGroup("Ann Lee", [ValueError(client.token), RuntimeError("lee@private.example")])

    monkeypatch.setattr("scim.storage.directory.Directory.write", burst)
    assert (await client.post("/Users", {"schemas": [USER], "userName": "ann.lee"})).status == 500
    monkeypatch.setattr("scim.auth.Authenticator.authenticate", burst)
    assert (await client.get("/Users")).status == 500
    said = log.getvalue()
    assert said.count('"endpoint":"/Users/{id}"') >= 5
    assert "ExceptionGroup" in said
    lower = said.lower()
    for secret in (*PERSONAL, client.token, client.token[22:65], client.provider.cursor_key.hex()):
        assert secret.lower() not in lower, secret


async def test_the_log_fixture_would_see_a_leak(log: io.StringIO) -> None:
    logging.getLogger("scim").debug("about %s", "ann.lee")
    logging.getLogger("anything").debug("Ann Lee")
    assert "ann.lee" in log.getvalue()
    assert "Ann Lee" in log.getvalue()


async def test_an_app_is_built_from_settings_without_a_call_and_closed() -> None:
    key = "AccountName=a;AccountKey=YQ==;TableEndpoint=http://127.0.0.1:1/a;DefaultEndpointsProtocol=http"
    settings = Settings.model_validate({"storage": key, "public_url": f"{ORIGIN}/"})
    app = App.build(settings)
    assert isinstance(app.tables, AzureTables)
    assert app.base_url("contoso") == f"{ORIGIN}/scim/contoso/v2"
    await app.close()
