"""The log of a run in which everything happens, and what is observed of it, hold no secret and nothing of anybody."""

import json
import logging
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from scim import signing
from scim.app import App
from scim.credentials import Kind, Token
from scim.schema import JsonObject, ResourceType
from scim.storage.rows import Rows, Tables, Write
from scim.storage.tables import AzureTables
from tests.attacks import service
from tests.attacks.marked import Marks
from tests.attacks.service import Target, basic
from tests.client import PATCH_OP, SEARCH_REQUEST, Client, connected
from tests.custom import DEVICE_FILE, give
from tests.observed import observed
from tests.through import ThroughTables

BULK_REQUEST = "urn:ietf:params:scim:api:messages:2.0:BulkRequest"


class Log(logging.Handler):
    """All that is logged, as any handler of the process might write it, with the text of every exception."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.setFormatter(logging.Formatter("%(levelname)s %(name)s %(message)s %(args)s"))
        self.text = ""

    def emit(self, record: logging.LogRecord) -> None:
        self.text += f"{self.format(record)} {record.__dict__.get('fields', '')}\n"


@pytest.fixture
def log() -> Iterator[Log]:
    log, loggers = Log(), [logging.getLogger(), logging.getLogger("scim")]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.addHandler(log)
        logger.setLevel(logging.DEBUG)
    yield log
    for logger, level in zip(loggers, levels, strict=True):
        logger.removeHandler(log)
        logger.setLevel(level)


@pytest.fixture
async def run(tmp_path: Path, azurite: str) -> AsyncIterator[Target]:
    """A service on true tables, with clients whose providers are new."""
    async with service.target(tmp_path) as made:
        app = App.build(made.app.settings, AzureTables(azurite))
        await service.clear(app)
        good = await connected(Client, app)
        yield replace(made, app=app, good=good, other=await good.as_other("fabrikam", "rfc"), spread=True)
        await app.close()


async def use(client: Client, kind: ResourceType, marks: Marks) -> None:
    """Every verb with marked values, right ones and wrong ones."""
    at, body = kind.endpoint, marks.resource(kind)
    created = await client.post(at, body)
    assert created.status == 201, created.content
    path = f"{at}/{created.json['id']}"
    await client.post(at, body)
    await client.put(path, marks.resource(kind))
    for attribute in kind.attributes:
        marked = marks.value(attribute)
        await client.patch(path, {"op": "replace", "path": attribute.name, "value": marked})
        await client.patch(
            path, {"op": "add", "path": f'{attribute.name}[value eq "{marks.text()}"].type', "value": marked}
        )
        await client.post(at, {**body, attribute.name: {"wrong": marked}})
        await client.get(f"{at}?filter={quote(f'{attribute.name} eq "{marks.text()}"')}&attributes={marks.text()}")
        search = {
            "schemas": [SEARCH_REQUEST],
            "filter": f'{attribute.name} co "{marks.text()}"',
            "sortBy": marks.text(),
        }
        await client.post(f"{at}/.search", search)
    data = marks.resource(kind)
    patch = {"schemas": [PATCH_OP], "Operations": [{"op": "replace", "path": "externalId", "value": marks.text()}]}
    operations = [
        {"method": "POST", "path": at, "bulkId": marks.text(), "data": data},
        {"method": "PATCH", "path": path, "data": patch},
        {"method": "PUT", "path": f"{at}/{marks.text()}", "data": data},
        {"method": marks.text(), "path": marks.text()},
    ]
    await client.post("/Bulk", {"schemas": [BULK_REQUEST], "Operations": operations})
    for crooked in (f"/{marks.text()}", f"{at}/{marks.text()}", f"{at}?cursor={marks.text()}&count={marks.text()}"):
        await client.get(crooked)
    headers: dict[str, Any] = {"if_match": f'"{marks.text()}"', "prefer": marks.text(), "user_agent": marks.text()}
    await client.send("GET", path, None, **headers)
    await client.send("POST", at, content=f'{{"{marks.text()}": {marks.text()}'.encode())
    await client.delete(path)
    await client.delete(path)


async def knock_in_every_way(target: Target) -> list[str]:
    """Use every kind of credential, right ones and wrong ones; gives their secrets."""
    kinds: tuple[Kind, ...] = ("token", "basic", "client")
    tokens = {kind: await target.issue(kind) for kind in kinds}
    await target.trust("entra")
    await target.trust("federated")
    entra, wrong = target.entra.token(), target.entra.token(signed_by="attacker's")
    password = basic(tokens["basic"].key_id, tokens["basic"].text)
    client = tokens["client"]
    access = [
        (await target.ask(client_id=client.key_id, client_secret=client.text)).json["access_token"],
        (await target.ask(authorization=basic(client.key_id, client.text))).json["access_token"],
        (await target.show(entra)).json["access_token"],
    ]
    stranger = Token.new()
    bearers = (tokens["token"].text, entra, wrong, stranger.text, *access)
    for header in (*[f"Bearer {text}" for text in bearers], password):
        for provider in ("contoso", "fabrikam", "nobody"):
            await target.knock(header, provider)
    await target.show(wrong)
    await target.ask(client_id=client.key_id, client_secret=stranger.text)
    soon = await target.app.providers.issue("contoso", days=1)  # about to end: a warning is logged
    assert (await target.knock(f"Bearer {soon.text}")).status == 200
    texts = [token.text for token in (*tokens.values(), stranger, soon)]
    signatures = [part for text in (entra, wrong, *access) for part in text.split(".")[1:]]
    return [*[text.split("_", 2)[2] for text in texts], *signatures, password.split()[1]]


class _Failing:
    """Rows whose faults tell all that was to be written, as those of a store's own library may."""

    def __init__(self, rows: Rows) -> None:
        self._rows = rows

    async def transact(self, writes: Sequence[Write]) -> list[str]:
        raise RuntimeError(f"cannot write {writes}")

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 (whatever rows have)
        return getattr(self._rows, name)


async def test_no_secret_and_no_personal_value_is_logged(
    run: Target, azurite: str, log: Log, capfd: pytest.CaptureFixture[str]
) -> None:
    marks = Marks()
    await give(run.other, json.loads(DEVICE_FILE.read_text()))
    with observed() as seen:
        for client in (run.good, run.other):
            provider = await client.app.providers.get(client.provider.name)
            for kind in client.app.providers.schemas(provider).types.values():
                await use(client, kind, marks)
        secrets = await knock_in_every_way(run)
        await use_failing(run, AzureTables(azurite), marks)
        await run.app.housekeeping.round()
    secrets += [line for line in run.keys.read_text().splitlines() if len(line) > 40]
    secrets += [azurite.partition("AccountKey=")[2].partition(";")[0]]
    told = "".join([log.text, *capfd.readouterr(), seen.everything()]).lower()
    assert len(seen.spans) > 600
    assert {"get user.username", "transact 4 rows", "timer housekeeping"} <= {each.name.lower() for each in seen.spans}
    assert len(seen.lines) > 300
    assert "rollcall.request.duration" in told
    assert told.count('"status"') > 300
    assert "about to end" in told
    assert "runtimeerror" in told
    assert len(marks.made) > 400
    assert signing.read(run.keys.read_text())
    found = {text for text in [*marks.made, *secrets, "rollcall_", run.good.token[-50:]] if text.lower() in told}
    assert found == set()


async def use_failing(run: Target, tables: Tables, marks: Marks) -> None:
    """Let the store fail while people are looked up, written and listed."""
    app = App.build(run.app.settings, ThroughTables(tables, _Failing))
    client = replace(run.good, app=app)
    statuses = []
    for kind in app.providers.schemas(client.provider).types.values():
        body: JsonObject = marks.resource(kind)
        path = f"{kind.endpoint}/{marks.text()}"
        for method, to in (("POST", kind.endpoint), ("GET", path), ("PUT", path)):
            statuses.append((await client.send(method, to, None if method == "GET" else body)).status)
    assert 500 in statuses
    await app.close()
