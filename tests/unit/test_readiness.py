"""What probes are told: that the process lives, and whether it can serve; and what that costs."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from scim import readiness
from scim.app import App
from scim.handlers import Request
from scim.places import PlaceError
from scim.readiness import Readiness
from scim.settings import Settings
from scim.signing import Signing, rolled, write
from scim.storage import keys
from scim.storage.memory import MemoryTables
from scim.storage.rows import Merge, Row, Rows, Unreachable
from tests.budgets.counting import CountingTables
from tests.client import ORIGIN, Answer, lines_of_the_service, new_app
from tests.faults.scripted import ScriptedRows

WHERE = "acme.table.core.windows.net"


async def ask(app: App, path: str = "/ready", method: str = "GET") -> Answer:
    response = await app.handle(Request(method, f"{ORIGIN}{path}", {}))
    return Answer(response.status.value, response.headers, response.body)


def checks(answer: Answer) -> dict[str, dict[str, Any]]:
    return {each["name"]: each for each in answer.json["checks"]}


async def test_settings_of_another_version_are_told_and_do_no_harm(caplog: pytest.LogCaptureFixture) -> None:
    given = {"ROLLCALL_STORAGE": "UseDevelopmentStorage=true", "ROLLCALL_PUBLIC_URL": ORIGIN, "ROLLCALL_NEW": "secret"}
    app = App.build(Settings.read(given, strict=False), MemoryTables())
    answer = await ask(app)
    assert answer.status == 200
    found = checks(answer)["settings"]
    assert (found["ok"], found["needed"]) == (False, False)
    assert "ROLLCALL_NEW is no setting: take it away" in caplog.text
    assert "NEW" not in str(answer.json)
    assert "settings" not in checks(await ask(new_app()))


class Away(MemoryTables):
    """A store that does not answer, at once or never."""

    error: Exception | None = None

    def rows(self, table: str, partition: str) -> Rows:
        return _Away(super().rows(table, partition), self)


class _Away(ScriptedRows):
    def __init__(self, rows: Rows, tables: Away) -> None:
        super().__init__(rows)
        self._tables = tables

    async def get(self, key: str) -> Row | None:
        await self._fail()
        return await super().get(key)

    async def range(
        self, low: str, high: str, limit: int | None = None, *, keys_only: bool = False
    ) -> AsyncIterator[list[Row]]:
        await self._fail()
        async for page in super().range(low, high, limit, keys_only=keys_only):
            yield page

    async def _fail(self) -> None:
        if isinstance(self._tables.error, TimeoutError):
            await asyncio.sleep(3600)
        if self._tables.error is not None:
            raise self._tables.error


class Place:
    """A place for backups, or none."""

    there = True

    async def ready(self) -> None:
        if not self.there:
            raise PlaceError("create the container")


async def test_a_process_that_lives_says_so_without_asking_anybody() -> None:
    tables = CountingTables(MemoryTables())
    app = new_app(tables)
    answer = await ask(app, "/health")
    assert (answer.status, answer.headers["Content-Type"], answer.json) == (200, "application/json", {"status": "ok"})
    assert (await ask(app, "/health", "HEAD")).content == b""
    assert tables.calls.reads == 0
    assert (await ask(app, "/health/x")).status == 404


@pytest.mark.parametrize("path", ["/health", "/ready"])
@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
async def test_other_methods_are_not_allowed(path: str, method: str) -> None:
    tables = CountingTables(MemoryTables())
    refused = await ask(new_app(tables), path, method)
    assert (refused.status, refused.headers["Allow"]) == (405, "GET")
    assert tables.calls.reads == 0


async def test_a_service_that_can_serve_says_what_it_looked_at_and_names_nobody() -> None:
    app = new_app(cache_seconds=0)
    assert (await ask(app)).status == 200
    app = new_app(app.tables, cache_seconds=0)
    for name in ("contoso", "fabrikam"):
        await app.providers.create(name, "rfc", {})
    answer = await ask(app)
    assert (answer.status, answer.headers["Content-Type"]) == (200, "application/json")
    assert answer.json["ready"] is True
    found = checks(answer)
    assert [*found] == ["providers", "credentials", "layouts"]
    assert {(each["ok"], each["needed"]) for each in found.values()} == {(True, True)}
    assert found["providers"]["sentence"] == "the table can be read"
    assert found["layouts"]["sentence"] == "all providers that were asked are in this version's layout"
    assert b"contoso" not in answer.content
    assert (await ask(app, method="HEAD")).content == b""


async def test_a_store_that_is_away_is_503_with_a_sentence_that_does_not_say_where_it_is() -> None:
    tables = Away()
    app = new_app(tables, cache_seconds=0)
    await app.providers.create("contoso", "rfc", {})
    remedy = f"the store at {WHERE} does not let this identity in: give it the role"
    tables.error = Unreachable(remedy, WHERE)
    answer = await ask(app)
    assert (answer.status, answer.json["ready"]) == (503, False)
    told = {each["sentence"] for each in checks(answer).values()}
    assert told == {"the store does not let this identity in: give it the role"}
    assert WHERE.encode() not in answer.content
    assert (await ask(app, method="HEAD")).status == 503


async def test_what_does_not_answer_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(readiness, "PATIENCE", 0.02)
    tables = Away()
    tables.error = TimeoutError()
    async with asyncio.timeout(20):
        answer = await ask(new_app(tables))
    assert answer.status == 503
    assert checks(answer)["credentials"]["sentence"] == "there was no answer within 0.02 seconds"


async def test_what_nobody_foresaw_is_in_the_log_by_its_type_alone() -> None:
    tables = Away()
    tables.error = LookupError("ada@example.com")
    app = new_app(tables)
    with lines_of_the_service() as lines:
        answer = await ask(app)
    assert answer.status == 503
    assert b"ada@" not in answer.content
    assert b"the check failed; the log says where" in answer.content
    assert "ada@" not in str(lines)


async def test_rows_of_another_layout_are_503_until_they_are_migrated(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(readiness, "KEPT", 0)
    app = new_app(cache_seconds=0)
    provider = await app.providers.create("contoso", "rfc", {})
    rows = app.providers.directory(provider).rows

    async def say(**head: int | str) -> None:
        row = await rows.get(keys.HEAD)
        assert row is not None
        await rows.transact([Merge(keys.HEAD, row.etag, head)])

    await say(layout=2)
    answer = await ask(app)
    assert answer.status == 503
    assert checks(answer)["layouts"]["sentence"] == (
        "some providers are in another layout: run 'python -m scim migrate'"
    )
    await say(layout=1, form="1/2.0.0")
    answer = await ask(app)
    assert answer.status == 200
    assert "; some wait for 'python -m scim migrate'" in checks(answer)["layouts"]["sentence"]


async def test_keys_that_sign_must_be_readable_and_backups_may_be_out_of_reach(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(readiness, "KEPT", 0)
    app, place, held = new_app(), Place(), write(rolled((), 0))
    there = [False]

    async def source() -> str:
        if not there[0]:
            raise OSError("the key vault acme does not give them")
        return held

    now = [0.0]
    looks = Readiness(app.tables, app.providers, Signing(source, ORIGIN, lambda: now[0]), place)  # type: ignore[arg-type] # all that is asked of it
    report = await looks.look()
    found = {check.name: check for check in report.checks}
    assert not report.ready
    assert (found["signing keys"].ok, found["backups"].ok) == (False, True)
    assert "ROLLCALL_SIGNING_KEYS" in found["signing keys"].sentence
    assert "acme" not in found["signing keys"].sentence
    there[0], now[0] = True, 10_000.0
    place.there = False
    report = await looks.look()
    found = {check.name: check for check in report.checks}
    assert report.ready
    assert (found["signing keys"].sentence, found["backups"].sentence) == ("there are some", "create the container")
    assert (found["backups"].ok, found["backups"].needed) == (False, False)
    there[0], now[0] = False, 20_000.0
    report = await looks.look()
    assert report.ready
    assert "cannot be read anew" in {check.name: check for check in report.checks}["signing keys"].sentence


async def test_a_flood_costs_one_look(monkeypatch: pytest.MonkeyPatch) -> None:
    tables = CountingTables(MemoryTables())
    app = new_app(tables, cache_seconds=0)
    await app.providers.create("contoso", "rfc", {})
    tables.calls.reset()
    answers = await asyncio.gather(*(ask(app) for _ in range(200)))
    assert {answer.status for answer in answers} == {200}
    cost = tables.calls.reads
    assert cost <= 5
    await ask(app)
    assert tables.calls.reads == cost
    monkeypatch.setattr(readiness, "KEPT", -1)
    await ask(app)
    assert tables.calls.reads == cost + 3  # the two tables, and the one provider's head


async def test_whoever_gives_up_takes_the_look_from_nobody_else() -> None:
    app = new_app(MemoryTables())
    first = asyncio.create_task(ask(app))
    await asyncio.sleep(0)
    second = asyncio.create_task(ask(app))
    await asyncio.sleep(0)
    first.cancel()
    assert (await second).status == 200
    with pytest.raises(asyncio.CancelledError):
        await first


async def test_many_providers_cost_no_more_than_sixteen_reads_and_all_are_asked_in_turn(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(readiness, "KEPT", -1)
    tables = CountingTables(MemoryTables())
    app = new_app(tables, cache_seconds=0)
    providers = [await app.providers.create(f"p{number}", "rfc", {}) for number in range(50)]
    broken = app.providers.directory(providers[49]).rows
    row = await broken.get(keys.HEAD)
    assert row is not None
    await broken.transact([Merge(keys.HEAD, row.etag, {"layout": 2})])
    statuses = []
    for _ in range(6):
        tables.calls.reset()
        statuses.append((await ask(app)).status)
        assert tables.calls.reads <= 16 + 4
    assert 503 in statuses
    assert statuses[-2:] == [503, 503]
    row = await broken.get(keys.HEAD)
    assert row is not None
    await broken.transact([Merge(keys.HEAD, row.etag, {"layout": 1})])
    assert (await ask(app)).status == 200


async def test_the_description_says_what_probes_may_ask() -> None:
    document = json.loads((await ask(new_app(), "/openapi.json")).content)
    for name in ("health", "ready"):
        described = document["paths"][f"/{name}"]
        assert described["servers"] == [{"url": ORIGIN}]
        assert described["get"]["security"] == []
    assert {"200", "503"} <= document["paths"]["/ready"]["get"]["responses"].keys()


async def test_checks_that_fail_are_one_line_a_look_and_probes_are_no_errors(caplog: pytest.LogCaptureFixture) -> None:
    tables = Away()
    tables.error = Unreachable("there is no store")
    app = new_app(tables)
    for _ in range(5):
        assert (await ask(app)).status == 503
    lines = [json.loads(text) for text in caplog.messages if text.startswith("{")]
    (told,) = [line for line in lines if "checks" in line]
    assert (told["level"], told["ready"]) == ("ERROR", False)
    assert told["checks"] == ["providers", "credentials", "layouts"]
    assert [line["level"] for line in lines if line.get("endpoint") == "/ready"] == ["INFO"] * 5
