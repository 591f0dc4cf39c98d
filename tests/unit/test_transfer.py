"""A directory in a file and back: the same, however often it breaks off on the way."""

import asyncio
import gzip
import io
import json
import random
import stat
import uuid
from collections.abc import Sequence
from pathlib import Path

import pytest

from scim import bulk_lines, cli, exporting
from scim.app import App
from scim.changes import Origin
from scim.errors import Unavailable
from scim.exporting import Export
from scim.importing import Failure, Import, Progress
from scim.messages import BULK_REQUEST
from scim.provider import Provider
from scim.representation import Representation
from scim.schema import Json, JsonObject
from scim.service import Service
from scim.storage.directory import Directory
from scim.storage.memory import MemoryTables
from scim.storage.rows import Refused, Rows, Write
from tests.client import ENTERPRISE, USER, Client, connected, new_app
from tests.custom import BADGE, attribute, give, user_badge
from tests.faults.lossy import Crash, MortalRows
from tests.transfer import assert_in_order, assert_same, contents, fill


class Mover:
    """Exports from one provider and imports into others, on one store."""

    def __init__(self, account: MemoryTables, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.tables = account
        self.path = folder / "directory.jsonl"
        self._capsys = capsys

    def __call__(self, *command: str | Path, status: int = 0) -> str:
        """What a command says on stderr."""
        assert cli.main([str(word) for word in command]) == status
        return self._capsys.readouterr().err

    @property
    def app(self) -> App:
        return new_app(self.tables, cache_seconds=0)

    async def client(self, name: str, **switches: str) -> Client:
        return await connected(Client, self.app, name, "rfc", **switches)

    def filled(self, users: int = 30, groups: int = 6, memberships: int = 60) -> None:
        """Make the provider ``source``."""

        async def make() -> None:
            await fill(await self.client("source"), users, groups, memberships, random.Random(5))  # noqa: S311

        asyncio.run(make())

    def lines(self) -> list[JsonObject]:
        return [json.loads(line) for line in self.path.read_bytes().splitlines()]

    def write(self, *operations: JsonObject) -> None:
        """Write lines of one bulk request each."""
        lines = [json.dumps({"schemas": [BULK_REQUEST], "Operations": [each]}) for each in operations]
        self.path.write_text("\n".join(lines) + "\n")

    def assert_moved(self, to: str = "target") -> None:
        """Fail if the two providers differ."""

        async def look() -> None:
            app = self.app
            source, target = await contents(app, "source"), await contents(app, to)
            assert source
            assert_same(source, target)
            await assert_in_order(app, await app.providers.get(to))

        asyncio.run(look())


@pytest.fixture
def mover(account: MemoryTables, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Mover:
    return Mover(account, tmp_path, capsys)


@pytest.fixture
def _short_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bulk_lines, "OPERATIONS", 7)


def person(name: str, **more: Json) -> JsonObject:
    data = {"schemas": [USER], "userName": name, **more}
    return {"method": "POST", "path": "/Users", "bulkId": name, "data": data}


# The round trip


def test_what_is_exported_and_imported_is_the_same(mover: Mover) -> None:
    mover.filled(users=300, groups=20, memberships=900)
    said = mover("export", "source", mover.path)
    assert "300 of the type User, 20 of the type Group" in said
    mover("providers", "create", "target", "--profile", "entra")
    assert "0 were refused" in mover("import", "target", mover.path)
    mover.assert_moved()


def test_a_compressed_file_is_the_same_and_is_imported_as_far_as_it_is_there(mover: Mover) -> None:
    mover.filled()
    packed = mover.path.with_name("directory.jsonl.gz")
    mover("export", "source", mover.path)
    mover("export", "source", packed)
    assert gzip.decompress(packed.read_bytes()) == mover.path.read_bytes()
    assert stat.S_IMODE(packed.stat().st_mode) == 0o600
    assert "compressed" in mover("export", "source", packed, "--resume", status=1)
    mover("providers", "create", "target", "--profile", "entra")
    assert "0 were refused" in mover("import", "target", packed)
    mover.assert_moved()

    mover("providers", "create", "other", "--profile", "entra")
    torn = mover.path.with_name("torn.gz")
    torn.write_bytes(packed.read_bytes()[:-40])
    assert "is not whole" in mover("import", "other", torn, status=1)
    whole = packed.read_bytes()
    torn.with_name("bad.gz").write_bytes(whole[:200] + b"xxxx" + whole[204:])
    assert "cannot be read" in mover("import", "other", torn.with_name("bad.gz"), status=1)


def test_ids_are_kept_where_there_never_were_any_and_nowhere_else(mover: Mover) -> None:
    mover.filled()
    mover("export", "source", mover.path)
    assert "cannot keep their ids" in mover("import", "source", mover.path, "--keep-ids", status=1)
    mover("providers", "create", "target", "--profile", "entra")
    mover("import", "target", mover.path, "--keep-ids")
    mover("import", "target", mover.path, "--keep-ids")
    mover.assert_moved()

    async def ids(name: str) -> list[str]:
        app = mover.app
        provider = await app.providers.get(name)
        kinds = app.providers.schemas(provider).types.values()
        return [each.id for kind in kinds async for each in app.providers.directory(provider).scan(kind)]

    assert asyncio.run(ids("source")) == asyncio.run(ids("target"))


def _members_added(operation: JsonObject) -> list[JsonObject]:
    data = operation["data"]
    added: list[JsonObject] = data["Operations"][0]["value"] if operation["method"] == "PATCH" else data["members"]
    return added


def test_a_large_group_gets_its_members_in_large_lots(mover: Mover, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exporting, "LARGE", 120)
    monkeypatch.setattr(exporting, "LARGE_LOT", 110)

    async def make() -> None:
        source = await mover.client("source")
        people = [(await source.user(f"u{number}"))["id"] for number in range(250)]
        await source.group("large", *people)
        await source.group("small", *people[:120])
        await mover.client("target")

    asyncio.run(make())
    mover("export", "source", mover.path)
    operations = [each for line in mover.lines() for each in line.get("Operations", ())]
    added = [len(_members_added(each)) for each in operations if each["path"].startswith("/Groups")]
    assert added == [110, 110, 30, 45, 45, 30]
    mover("import", "target", mover.path)
    mover.assert_moved()


def test_a_line_is_shorter_than_a_megabyte() -> None:
    file = io.BytesIO()
    packed = bulk_lines.Packed(file)
    member = {"value": f"bulkId:{uuid.uuid4()}", "type": "Group"}
    packed.add({"method": "POST", "path": "/Users", "data": {"title": "x" * (bulk_lines.BYTES - 100)}})
    packed.add({"method": "PATCH", "path": "/Groups", "data": {"value": [member] * exporting.LARGE_LOT}})
    assert bulk_lines.BYTES < file.tell() < 1_000_000


def test_schemas_of_a_provider_s_own_must_be_there_first(mover: Mover) -> None:
    async def make() -> None:
        source = await mover.client("source")
        await give(source, user_badge(attribute("number")))
        await source.user("ann", **{BADGE: {"number": "7"}})
        await mover.client("target")

    asyncio.run(make())
    mover("export", "source", mover.path)
    said = mover("import", "target", mover.path, status=1)
    assert said.startswith("scim: 'source', of which ")
    assert "has schemas of its own that 'target' has not" in said

    async def follow() -> None:
        app = mover.app
        await give(Client(app, await app.providers.get("target"), ""), user_badge(attribute("number")))

    asyncio.run(follow())
    mover("import", "target", mover.path)
    mover.assert_moved()


def test_urls_of_the_provider_s_own_resources_lead_to_the_new_ones(mover: Mover) -> None:
    async def make() -> None:
        source = await mover.client("source")
        boss = (await source.user("boss"))["id"]
        url = f"https://scim.example/scim/source/v2/Users/{boss}"
        await source.user("ann", **{ENTERPRISE: {"manager": {"value": boss, "$ref": url}}})
        await source.user("bob", **{ENTERPRISE: {"manager": {"value": "elsewhere"}}})
        gone = (await source.user("gone"))["id"]
        await source.user("cid", **{ENTERPRISE: {"manager": {"value": gone}}})
        await source.delete(f"/Users/{gone}")
        await mover.client("target")

    asyncio.run(make())
    mover("export", "source", mover.path)
    mover("import", "target", mover.path)
    mover.assert_moved()


# The file


def test_the_file_is_nobody_else_s_and_is_never_overwritten(mover: Mover) -> None:
    mover.filled(users=2, groups=5, memberships=0)
    mover("export", "source", mover.path)
    assert stat.S_IMODE(mover.path.stat().st_mode) == 0o600
    before = mover.path.read_bytes()
    assert "is there already; --resume goes on" in mover("export", "source", mover.path, status=1)
    mover("export", "source", mover.path, "--resume")
    assert mover.path.read_bytes() == before


def test_every_line_is_a_bulk_request_that_any_server_takes(mover: Mover) -> None:
    mover.filled(users=230, groups=6, memberships=600)
    mover("export", "source", mover.path)
    header, *requests, last = mover.lines()
    assert header["rollcall"]["provider"] == "source"
    assert last == {"rollcall": {"end": {"User": 230, "Group": 6}}}
    known: set[str] = set()
    for request in requests:
        assert request["schemas"] == [BULK_REQUEST]
        assert 1 <= len(request["Operations"]) <= 100
        for operation in request["Operations"]:
            named = set(json.dumps(operation).split("bulkId:")[1:])
            assert {each[:36] for each in named} <= known
            if operation["method"] == "POST":
                known.add(operation["bulkId"])
                assert "id" not in operation["data"]
                assert "meta" not in operation["data"]
    assert len(known) == 236


@pytest.mark.usefixtures("_short_lines")
def test_an_export_goes_on_wherever_it_broke_off(mover: Mover) -> None:
    mover.filled(users=62, groups=6, memberships=100)  # a line ends within the first group's members
    mover("export", "source", mover.path)
    whole = mover.path.read_bytes()
    seed = random.randrange(1 << 32)  # noqa: S311
    chance = random.Random(seed)  # noqa: S311
    ends = [at + 1 for at, byte in enumerate(whole) if byte == ord("\n")]
    for number, cut in enumerate([*ends, *chance.sample(range(len(whole)), 6)]):
        mover.path.write_bytes(whole[:cut])
        mover("export", "source", mover.path, "--resume")
        name = f"target{number}"
        mover("providers", "create", name, "--profile", "rfc")
        said = mover("import", name, mover.path)
        assert "0 were refused" in said, f"seed {seed}, cut at {cut}: {said}"
        mover.assert_moved(name)
        Path(f"{mover.path}.progress").unlink()


@pytest.mark.usefixtures("_short_lines")
def test_a_group_that_shrinks_before_its_export_goes_on_lacks_nobody(mover: Mover) -> None:
    mover.filled(users=62, groups=6, memberships=100)
    mover("export", "source", mover.path)
    lines = mover.path.read_bytes().splitlines(keepends=True)
    at = next(number for number, line in enumerate(lines) if b'"/Groups"' in line)
    assert json.loads(lines[at])["Operations"][-1]["method"] == "POST"
    mover.path.write_bytes(b"".join(lines[: at + 1]))
    first = json.loads(lines[at])["Operations"][-1]

    async def shrink() -> None:
        app = mover.app
        source = Client(app, await app.providers.get("source"), (await app.providers.issue("source")).text)
        gone = first["data"]["members"][0]["value"].removeprefix("bulkId:")
        remove = {"op": "remove", "path": f'members[value eq "{gone}"]'}
        assert (await source.patch(f"/Groups/{first['bulkId']}", remove)).status == 204

    async def look() -> None:
        source, target = await contents(mover.app, "source"), await contents(mover.app, "target")
        held, moved = [{link["value"] for link in each["Group Team 0"]["members"]} for each in (source, target)]
        assert held < moved

    asyncio.run(shrink())
    mover("export", "source", mover.path, "--resume")
    mover("providers", "create", "target", "--profile", "rfc")
    mover("import", "target", mover.path)
    asyncio.run(look())


def test_only_an_export_of_the_same_directory_is_gone_on_with(mover: Mover) -> None:
    mover.filled(users=2, groups=5, memberships=0)
    mover("providers", "create", "other", "--profile", "rfc")
    mover("export", "source", mover.path)
    assert "is no export of 'other'" in mover("export", "other", mover.path, "--resume", status=1)
    mover.path.write_text("{}\n")
    assert "is no export of 'source'" in mover("export", "source", mover.path, "--resume", status=1)


async def test_an_export_beside_writers_can_be_imported(mover: Mover) -> None:
    """Whoever comes late, or goes early, leaves no reference to nobody."""
    seed = random.randrange(1 << 32)  # noqa: S311
    chance = random.Random(seed)  # noqa: S311
    source = await mover.client("source")
    await fill(source, 60, 6, 100, chance)
    app = mover.app
    users, groups = [await _ids(app, source.provider, name) for name in ("User", "Group")]
    export = Export(_representation(app, source.provider))
    with mover.path.open("wb") as file:
        packed = bulk_lines.Packed(file)
        count, late = 0, users[0]
        async for operation in export.operations(lambda _: None):
            packed.add(operation)
            count += 1
            if count % 3:
                continue
            if chance.random() < 0.3:
                await source.delete(f"/Users/{users.pop(chance.randrange(len(users)))}")
            late = (await source.user(f"late {count}", **{ENTERPRISE: {"manager": {"value": late}}}))["id"]
            add = {"op": "add", "path": "members", "value": [{"value": late}]}
            await source.patch(f"/Groups/{chance.choice(groups)}", add)
            lead = {"op": "replace", "path": f"{ENTERPRISE}:manager", "value": {"value": late}}
            await source.patch(f"/Users/{chance.choice(users)}", lead)
        packed.flush()
    target = await mover.client("target")
    progress = Progress.open(":memory:", mover.path, target.provider.table, 0)
    await Import(_service(app, target.provider), progress).run(mover.path, lambda: None)
    assert [failure.reason for failure in progress.failures] == [], f"seed {seed}"
    progress.close()
    await assert_in_order(app, target.provider)


# Breaking off


def _directory(app: App, provider: Provider) -> Directory:
    return app.providers.directory(provider)


async def _ids(app: App, provider: Provider, name: str) -> list[str]:
    kind = app.providers.schemas(provider).types[name]
    return [stored.id async for stored in _directory(app, provider).scan(kind)]


def _representation(app: App, provider: Provider) -> Representation:
    return Representation(_directory(app, provider), app.providers.schemas(provider), app.base_url(provider.name))


def _service(app: App, provider: Provider, rows: Rows | None = None) -> Service:
    schemas = app.providers.schemas(provider)
    directory = Directory(rows, schemas) if rows else _directory(app, provider)
    representation = Representation(directory, schemas, app.base_url(provider.name))
    return Service(representation, provider.profile, app.settings, Origin("import", ""), set())


async def _exported(mover: Mover) -> dict[str, JsonObject]:
    """Export a small directory whose groups share names with nobody, though they might."""
    source = await mover.client("source")
    await fill(source, 12, 6, 30, random.Random(5))  # noqa: S311
    with mover.path.open("wb") as file:
        packed = bulk_lines.Packed(file)
        async for operation in Export(_representation(source.app, source.provider)).operations(lambda _: None):
            packed.add(operation)
        packed.flush()
    return await contents(source.app, "source")


async def _imported(client: Client, mover: Mover, rows: Rows | None = None) -> list[Failure]:
    """Run an import, or what of it comes before its end; gives what was refused."""
    kept = f"{mover.path}.{client.provider.name}"
    directory = client.app.providers.directory(client.provider)
    progress = Progress.open(kept, mover.path, client.provider.table, await directory.last())
    try:
        doing = Import(_service(client.app, client.provider, rows), progress)
        await doing.recall()
        await doing.run(mover.path, lambda: None)
        return progress.failures
    finally:
        progress.close()


@pytest.mark.parametrize("within", [False, True])
@pytest.mark.parametrize("applies", [False, True])
async def test_at_whatever_transaction_an_import_breaks_off_the_next_one_makes_it_whole(
    mover: Mover, applies: bool, within: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between lines, and within a line that takes many transactions."""
    if within:
        monkeypatch.setattr("scim.storage.drafts.MAX_TRANSACTION_ROWS", 20)
    else:
        monkeypatch.setattr(bulk_lines, "OPERATIONS", 7)
    wanted = await _exported(mover)
    for last in range(1, 200):
        client = await mover.client(f"target{last}", unique_group_names="off")
        app, provider = client.app, client.provider
        crashed = await _breaks_off(client, mover, last, applies=applies)
        assert await _imported(client, mover) == []
        assert_same(wanted, await contents(app, provider.name))
        await assert_in_order(app, provider)
        if not crashed:
            assert last > 6
            return
    raise AssertionError("no import comes to its end")


async def _breaks_off(client: Client, mover: Mover, last: int, *, applies: bool) -> bool:
    """Import in a process that ends with a transaction, the ``last``; whether it came to that."""
    rows = client.app.tables.rows(client.provider.table, client.provider.table)
    try:
        await _imported(client, mover, MortalRows(rows, last, applies=applies))
    except Crash:
        return True
    return False


@pytest.mark.parametrize("applies", [False, True])
async def test_a_circle_within_a_line_is_closed_by_the_next_import(
    mover: Mover, applies: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("scim.storage.drafts.MAX_TRANSACTION_ROWS", 8)
    bosses = {"a": "b", "b": "c", "c": "a"}
    operations = [person(each, **{ENTERPRISE: {"manager": {"value": f"bulkId:{of}"}}}) for each, of in bosses.items()]
    mover.path.write_text(json.dumps({"schemas": [BULK_REQUEST], "Operations": operations}) + "\n")
    for last in range(1, 50):
        client = await mover.client(f"target{last}")
        app, provider = client.app, client.provider
        crashed = await _breaks_off(client, mover, last, applies=applies)
        assert await _imported(client, mover) == []
        found = await contents(app, provider.name)
        managers = {user["userName"]: user[ENTERPRISE]["manager"]["value"] for user in found.values()}
        assert managers == {each: f"User {of}" for each, of in bosses.items()}
        if not crashed:
            return


class _Late:
    """Rows of a process that ends while its first transaction is on its way."""

    def __init__(self, rows: Rows) -> None:
        self._rows = rows
        self.get = rows.get
        self.range = rows.range
        self.sent: Sequence[Write] = ()

    async def transact(self, writes: Sequence[Write]) -> list[str]:
        if len(writes) == 1:  # the fence
            return await self._rows.transact(writes)
        self.sent = writes
        raise Crash


async def test_what_a_process_sent_before_it_ended_comes_too_late_for_the_next_one(mover: Mover) -> None:
    await _exported(mover)
    client = await mover.client("target")
    rows = client.app.tables.rows(client.provider.table, client.provider.table)
    late = _Late(rows)
    with pytest.raises(Crash):
        await _imported(client, mover, late)
    progress = Progress.open(f"{mover.path}.target", mover.path, client.provider.table, 0)
    doing = Import(_service(client.app, client.provider), progress)
    await doing.recall()
    with pytest.raises(Refused):
        await rows.transact(late.sent)
    progress.close()


@pytest.mark.usefixtures("_short_lines")
async def test_an_import_waits_for_a_store_that_does_not_answer_and_then_stops(
    mover: Mover, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits: list[float] = []

    async def sleep(seconds: float) -> None:
        waits.append(seconds)

    class _Gone(_Late):
        left = 3

        async def transact(self, writes: Sequence[Write]) -> list[str]:
            self.left -= 1
            if self.left < 0:
                raise Unavailable("The store does not answer.", retry_after=1)
            return await self._rows.transact(writes)

    wanted = await _exported(mover)
    monkeypatch.setattr("scim.importing.asyncio.sleep", sleep)
    client = await mover.client("target")
    with pytest.raises(Unavailable):
        await _imported(client, mover, _Gone(client.app.tables.rows(client.provider.table, client.provider.table)))
    assert waits == [1, 2, 5, 10, 20]
    assert await _imported(client, mover) == []
    assert_same(wanted, await contents(client.app, "target"))


def test_two_imports_of_a_file_at_once_are_one_too_many(mover: Mover) -> None:
    mover("providers", "create", "target", "--profile", "rfc")
    mover.write(person("ann"))
    table = asyncio.run(mover.app.providers.get("target")).table
    first = Progress.open(f"{mover.path}.progress", mover.path, table, 0)
    assert "perhaps another import has it" in mover("import", "target", mover.path, status=1)
    first.close()
    mover("import", "target", mover.path)
    mover("providers", "create", "other", "--profile", "rfc")
    assert "or import a copy of this file" in mover("import", "other", mover.path, status=1)


# Refusals


def test_what_is_refused_is_told_by_its_line_and_not_by_its_values(mover: Mover) -> None:
    mover("providers", "create", "target", "--profile", "rfc")
    bad = {"method": "PATCH", "path": "/Users/bulkId:ann", "data": {"schemas": [], "Operations": [{"op": "secret"}]}}
    mover.write(person("ann"), person("Ann"), person("bob", active="secret"), bad)
    with mover.path.open("a") as file:
        file.write("secret\n[]\n" + json.dumps(person("cid")) + "\n")
    said = mover("import", "target", mover.path, status=1)
    assert "2 operations are done, 5 were refused" in said
    assert "line 2, operation 1: POST: 409 uniqueness: userName: another User has this value" in said
    assert "line 3, operation 1: POST: 400 invalidValue: active" in said
    assert "line 5, operation 0: it is not JSON" in said
    assert "line 6, operation 0: it is neither a bulk request nor one of its operations" in said
    assert "secret" not in said
    assert said.rstrip().endswith("scim: 5 operations were refused")
    assert mover("import", "target", mover.path, status=1).rstrip().endswith("scim: 5 operations were refused")


def test_a_number_of_refusals_can_be_too_many(mover: Mover) -> None:
    mover("providers", "create", "target", "--profile", "rfc")
    mover.write(person("ann"), person("Ann"), person("ANN"), person("bob"))
    said = mover("import", "target", mover.path, "--fail-on-errors", "1", status=1)
    assert "1 operations are done, 1 were refused" in said
    assert "2 operations are done, 2 were refused" in mover("import", "target", mover.path, status=1)


def test_a_file_that_is_not_whole_is_told_of(mover: Mover) -> None:
    mover.filled(users=3, groups=5, memberships=0)
    mover("export", "source", mover.path)
    mover("providers", "create", "target", "--profile", "rfc")
    lines = mover.path.read_bytes().splitlines(keepends=True)
    mover.path.write_bytes(b"".join(lines[:-1]))
    assert "is not whole" in mover("import", "target", mover.path, status=1)
    mover("export", "source", mover.path, "--resume")
    for _ in range(2):  # the second time, nothing is left to do
        mover("import", "target", mover.path)
        mover.assert_moved()


def test_a_dry_run_tells_what_would_be_refused_and_changes_nothing(mover: Mover) -> None:
    mover.filled(users=12, groups=6, memberships=12)
    mover("export", "source", mover.path)
    mover("providers", "create", "target", "--profile", "rfc")
    assert "0 were refused" in mover("import", "target", mover.path, "--dry-run")
    refused = mover("import", "source", mover.path, "--dry-run", status=1)
    assert "line 2, operation 1: POST: 409 uniqueness: userName" in refused
    assert not Path(f"{mover.path}.progress").exists()
    assert asyncio.run(contents(mover.app, "target")) == {}
    mover("import", "target", mover.path)
    mover.assert_moved()
