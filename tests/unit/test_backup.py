"""Each night every directory goes to where backups go, and an account that is lost is made anew from there."""

import asyncio
import gzip
import json
import random
import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from scim import cli, inventory
from scim.app import App
from scim.backup import Tally
from scim.credentials import Credential
from scim.errors import Unavailable
from scim.inventory import Inventory, InventoryError
from scim.places import Folder, PlaceError
from scim.settings import Settings
from scim.storage.checking import Checking
from scim.storage.memory import MemoryTables
from scim.storage.rows import Row, Tables
from tests.client import Client, connected, lines_of_the_service
from tests.clock import DAY, HOUR, Clock
from tests.custom import attribute, give, user_badge
from tests.faults.invariants import assert_clean
from tests.faults.lossy import Crash
from tests.transfer import assert_same, contents, fill

NIGHT = "2026-11-26"
AT = 1_795_651_200.0  # 2026-11-26T00:00:00Z


class Frail(Folder):
    """A folder to which some files cannot be written, or only so many."""

    broken: frozenset[str] = frozenset()
    left = 10**6

    async def put(self, name: str, pieces: AsyncIterator[bytes]) -> bool:
        self.left -= 1
        if self.left < 0:
            raise Crash
        if name.partition("/")[0] in self.broken:
            _ = [piece async for piece in pieces]
            raise PlaceError("the disk is full")
        return await super().put(name, pieces)


class House:
    """An account, and a folder for its backups."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.tables = MemoryTables()
        self.clock = Clock(AT + HOUR)
        self.place = Frail(folder)

    def app(self, tables: MemoryTables | None = None) -> App:
        """The service, in a process of its own."""
        settings = Settings.model_validate(
            {"storage": "AccountName=x", "public_url": "https://scim.example.com", "backups": str(self.folder)}
        )
        app = App.build(settings, tables or self.tables)
        app.backup.place = self.place
        app.backup._clock = self.clock  # noqa: SLF001 (a clock is all that there is to set)
        return app

    async def filled(self, *names: str) -> list[Client]:
        """Providers with people and groups."""
        made = []
        for name in names:
            client = await connected(Client, self.app(), name, "rfc")
            await fill(client, 20, 6, 30, random.Random(5))  # noqa: S311
            made.append(client)
        return made

    async def run(self) -> Tally:
        """One run, in a process of its own."""
        return await self.app().backup.round()

    @property
    def files(self) -> list[str]:
        """The names of what is there."""
        return sorted(str(path.relative_to(self.folder)) for path in self.folder.rglob("*") if path.is_file())


@pytest.fixture
def house(tmp_path: Path) -> House:
    folder = tmp_path / "backups"
    folder.mkdir()
    return House(folder)


async def test_a_night_s_files_are_written_once(house: House) -> None:
    await house.filled("contoso", "fabrikam")
    with lines_of_the_service() as lines:
        tally = await house.run()
    assert (tally.written, tally.resources, tally.left, tally.errors) == (3, 52, 0, [])
    assert lines[-1]["timer"] == "backup"
    assert (lines[-1]["outcome"], lines[-1]["written"], lines[-1]["night"]) == ("ok", 3, NIGHT)
    there = [f"_account/{NIGHT}.done", f"_account/{NIGHT}.jsonl.gz", f"contoso/{NIGHT}.jsonl.gz"]
    assert house.files == [*there, f"fabrikam/{NIGHT}.jsonl.gz"]
    before = {name: (house.folder / name).read_bytes() for name in house.files}
    again = await house.run()
    assert (again.night, again.written) == ("", 0)
    assert {name: (house.folder / name).read_bytes() for name in house.files} == before
    house.clock.pass_by(DAY)
    assert (await house.run()).written == 3
    assert len(house.files) == 8


async def test_the_file_is_what_export_writes(house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    await house.filled("contoso")
    await house.run()
    _environment(monkeypatch, house.tables, house.folder)
    plain = tmp_path / "directory.jsonl"
    assert await asyncio.to_thread(cli.main, ["export", "contoso", str(plain)]) == 0
    assert gzip.decompress((house.folder / f"contoso/{NIGHT}.jsonl.gz").read_bytes()) == plain.read_bytes()


async def test_what_fails_does_not_stop_the_others_and_is_done_in_the_next_run(house: House) -> None:
    await house.filled("contoso", "fabrikam")
    house.place.broken = frozenset({"contoso", "_account"})
    with lines_of_the_service() as lines:
        tally = await house.run()
    assert (tally.written, tally.left, len(tally.errors)) == (1, 1, 2)
    assert lines[-1]["outcome"] == "failed"
    assert house.files == [f"fabrikam/{NIGHT}.jsonl.gz"]
    house.place.broken = frozenset()
    tally = await house.run()
    assert (tally.written, tally.left, tally.errors) == (2, 0, [])
    assert f"_account/{NIGHT}.done" in house.files


async def test_a_night_without_the_inventory_is_not_done(house: House) -> None:
    await house.filled("contoso")
    house.place.broken = frozenset({"_account"})
    tally = await house.run()
    assert (tally.left, len(tally.errors)) == (0, 1)
    assert house.files == [f"contoso/{NIGHT}.jsonl.gz"]
    house.place.broken = frozenset()
    assert (await house.run()).written == 1


async def test_wherever_a_run_ends_the_next_one_does_the_rest(house: House) -> None:
    await house.filled("contoso", "fabrikam")
    for left in (0, 1, 1, 0):
        house.place.left = left
        with pytest.raises((Crash, BaseExceptionGroup)):
            await house.run()
        for path in house.folder.rglob("*.gz"):
            assert gzip.decompress(path.read_bytes()).endswith(b"}}}\n")
        assert f"_account/{NIGHT}.done" not in house.files
    house.place.left = 10
    await house.run()
    assert len(house.files) == 4


async def test_two_runs_at_once_come_to_the_same(house: House) -> None:
    await house.filled("contoso", "fabrikam")
    tallies = await asyncio.gather(house.run(), house.run())
    assert [tally.errors for tally in tallies] == [[], []]
    assert len(house.files) == 4


async def test_a_run_that_has_no_time_left_leaves_the_rest_to_the_next(house: House) -> None:
    await house.filled("contoso", "fabrikam")
    tally = await house.app().backup.round(begin=0)
    assert (tally.written, tally.left, tally.errors) == (1, 2, [])
    tally = await house.app().backup.round(end=0)
    assert (tally.written, tally.left) == (0, 2)
    assert {type(error) for error in tally.errors} == {TimeoutError}
    assert (await house.run()).left == 0


async def test_without_a_place_or_a_store_a_run_is_a_line(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    app = house.app()
    app.backup.place = None
    assert (await app.backup.round()).counts()["written"] == 0

    async def away(*_: object) -> None:
        raise Unavailable("ada@example.com", retry_after=1)

    app = house.app()
    monkeypatch.setattr(app.providers, "all", away)
    with lines_of_the_service() as lines:
        assert len((await app.backup.round()).errors) == 1
    assert "ada@" not in str(lines)


def _environment(monkeypatch: pytest.MonkeyPatch, tables: MemoryTables, folder: Path) -> None:
    monkeypatch.setattr("scim.app.AzureTables", lambda *_: tables)
    monkeypatch.setenv("ROLLCALL_STORAGE", "UseDevelopmentStorage=true")
    monkeypatch.setenv("ROLLCALL_PUBLIC_URL", "https://scim.example.com")
    monkeypatch.setenv("ROLLCALL_BACKUPS", str(folder))


async def ids(app: App, name: str) -> list[tuple[str, str]]:
    """The ids of all resources, each with the time of its creation, a second apart at most, and in their order."""
    provider = await app.providers.get(name)
    directory, kinds = app.providers.directory(provider), app.providers.schemas(provider).types.values()
    return [(stored.id, stored.created[:17]) for kind in kinds async for stored in directory.scan(kind)]


def test_an_account_that_is_lost_is_restored_and_its_tokens_go_on(
    house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    _environment(monkeypatch, house.tables, house.folder)

    async def make() -> tuple[str, dict[str, object]]:
        clients = await house.filled("contoso", "fabrikam")
        await give(clients[0], user_badge(attribute("number")))
        app = house.app()
        await app.providers.enable("fabrikam", enabled=False)
        await app.providers.retain("contoso", 30)
        return clients[0].token, dict(await contents(app, "contoso"))

    token, before = asyncio.run(make())
    assert cli.main(["backup"]) == 0
    assert "3 files" in capsys.readouterr().out
    assert cli.main(["backup"]) == 0
    assert "whole already" in capsys.readouterr().out

    lost, house.tables = house.tables, MemoryTables()
    _environment(monkeypatch, house.tables, house.folder)
    night = next(path.name for path in (house.folder / "contoso").iterdir()).removesuffix(".jsonl.gz")
    kept = str(tmp_path / "kept")
    assert cli.main(["restore", night, "--into", kept, "--provider", "contoso"]) == 0
    assert cli.main(["restore", night, "--into", kept]) == 0
    assert cli.main(["restore", night, "--into", kept]) == 0

    async def look() -> None:
        app, old = house.app(), house.app(lost)
        for name in ("contoso", "fabrikam"):
            assert_same(await contents(old, name), await contents(app, name))
            assert await ids(old, name) == await ids(app, name)
            provider = await app.providers.get(name)
            rows, schemas = app.providers.directory(provider).rows, app.providers.schemas(provider)
            await assert_clean(rows, schemas)
            assert [problem async for problem in Checking(rows, schemas).check()] == []
            here, there = await app.providers.get(name), await old.providers.get(name)
            assert (here.table, here.retention_days, here.custom) == (there.table, there.retention_days, there.custom)
            assert here.enabled == there.enabled == (name == "contoso")
            assert here.cursor_key != there.cursor_key
        client = await connected(Client, app, "other", "rfc")
        client = Client(app, await app.providers.get("contoso"), token)
        there = (await client.get("/Users?count=1")).json["Resources"]
        assert (await client.get(f"/Users/{there[0]['id']}")).status == 200
        since = there[0]["meta"]["created"]
        assert (await client.get(f'/Users?filter=meta.created ge "{since}"')).json["totalResults"] == 20

    assert before
    asyncio.run(look())


def test_a_provider_that_has_resources_is_left_alone(
    house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    _environment(monkeypatch, house.tables, house.folder)
    asyncio.run(house.filled("contoso"))
    assert cli.main(["backup"]) == 0
    night = next(path.name for path in (house.folder / "contoso").iterdir()).removesuffix(".jsonl.gz")
    assert cli.main(["restore", night, "--into", str(tmp_path / "kept")]) == 1
    assert "contoso: it has resources already that are not of this restore" in capsys.readouterr().err


def test_a_backup_beside_the_night_s_has_a_name_and_is_restored_by_it(
    house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    _environment(monkeypatch, house.tables, house.folder)
    asyncio.run(house.filled("contoso"))
    assert cli.main(["backup"]) == 0
    assert cli.main(["backup", "--as", "before-the-update"]) == 0
    assert capsys.readouterr().out.splitlines()[-1].startswith("before-the-update: 2 files")
    assert len([name for name in house.files if name.startswith("contoso/")]) == 2
    before, house.tables = house.tables, MemoryTables()
    _environment(monkeypatch, house.tables, house.folder)
    assert cli.main(["restore", "before-the-update", "--into", str(tmp_path / "kept")]) == 0

    async def compare() -> None:
        assert_same(await contents(house.app(before), "contoso"), await contents(house.app(), "contoso"))

    asyncio.run(compare())
    for name in ("../x", "a/b", "", ".hidden", "x" * 41):
        with pytest.raises(SystemExit):
            cli.main(["backup", "--as", name])


def test_a_provider_that_cannot_be_restored_wholly_stops_no_other_and_stays_disabled(
    house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """One has a name twice, which was given to somebody else while it was exported; one has no file."""
    _environment(monkeypatch, house.tables, house.folder)

    async def make() -> None:
        await house.filled("gone", "twice", "whole")
        await house.run()
        (house.folder / f"gone/{NIGHT}.jsonl.gz").unlink()
        file = house.folder / f"twice/{NIGHT}.jsonl.gz"
        named = re.sub(rb'"userName":"[^"]*"', b'"userName":"ada"', gzip.decompress(file.read_bytes()), count=2)
        file.write_bytes(gzip.compress(named))

    asyncio.run(make())
    house.tables = MemoryTables()
    _environment(monkeypatch, house.tables, house.folder)
    capsys.readouterr()
    for _ in range(2):
        assert cli.main(["restore", NIGHT, "--into", str(tmp_path / "kept")]) == 1
        told = capsys.readouterr()
        assert "whole is restored" in told.out
        assert "gone: gone/" in told.err
        assert "twice: " in told.err
        assert "2 of 3 providers are not restored, or not wholly" in told.err
    assert cli.main(["providers", "list"]) == 0
    assert [line.split()[:2] for line in capsys.readouterr().out.splitlines()] == [
        ["twice", "disabled"],
        ["whole", "enabled"],
    ]


async def test_every_provider_in_the_inventory_has_a_file(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    await house.filled("contoso")
    app, lines = house.app(), inventory.lines

    async def later(tables: Tables) -> AsyncIterator[bytes]:
        await connected(Client, app, "fabrikam", "rfc")
        async for line in lines(tables):
            yield line

    monkeypatch.setattr(inventory, "lines", later)
    assert (await app.backup.round()).left == 0
    assert f"fabrikam/{NIGHT}.jsonl.gz" in house.files


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["restore", "2020-01-01", "--into", "kept"], "_account/2020-01-01.jsonl.gz cannot be read"),
        (["restore", NIGHT, "--into", "kept", "--provider", "nobody"], "there is no provider 'nobody' in the backup"),
    ],
)
def test_what_is_not_there_is_told(
    house: House,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    words: list[str],
    told: str,
) -> None:
    _environment(monkeypatch, house.tables, house.folder)
    monkeypatch.chdir(house.folder.parent)

    async def make() -> None:
        await house.filled("contoso")
        await house.run()

    asyncio.run(make())
    assert cli.main(words) == 1
    assert told in capsys.readouterr().err
    monkeypatch.setenv("ROLLCALL_BACKUPS", "")
    assert cli.main(["backup"]) == 1
    assert "ROLLCALL_BACKUPS is not set" in capsys.readouterr().err


async def test_an_inventory_holds_digests_and_no_secret(house: House) -> None:
    (client,) = await house.filled("contoso")
    await house.run()
    text = gzip.decompress((house.folder / f"_account/{NIGHT}.jsonl.gz").read_bytes()).decode()
    assert client.token.split("_")[2] not in text
    assert "cursor_key" not in text
    found = Inventory.read(text.encode().splitlines())
    assert [each.name for each in found.providers] == ["contoso"]
    key_id, properties = found.credentials[0]
    assert Credential.decode(Row(key_id, "", properties)).provider == "contoso"


@pytest.mark.parametrize("harm", ["torn", "no end", "another file", "a row less"])
async def test_an_inventory_that_is_not_whole_is_none(house: House, harm: str) -> None:
    await house.filled("contoso")
    await house.run()
    lines = gzip.decompress((house.folder / f"_account/{NIGHT}.jsonl.gz").read_bytes()).splitlines()
    damaged = {
        "torn": [*lines[:-1], lines[-1][:-4]],
        "no end": lines[:-1],
        "another file": [json.dumps([1]).encode()],
        "a row less": lines[1:],
    }[harm]
    with pytest.raises(InventoryError):
        Inventory.read(damaged)


def test_an_inventory_that_was_damaged_on_its_way_is_told(
    house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    _environment(monkeypatch, house.tables, house.folder)

    async def make() -> None:
        await house.filled("contoso")
        await house.run()

    asyncio.run(make())
    whole = (house.folder / f"_account/{NIGHT}.jsonl.gz").read_bytes()
    (tmp_path / "kept").mkdir()
    for damaged in (whole[:-20], whole[:20] + b"damaged" + whole[27:], b"no gzip at all"):
        (tmp_path / "kept" / f"_account.{NIGHT}.jsonl.gz").write_bytes(damaged)
        assert cli.main(["restore", NIGHT, "--into", str(tmp_path / "kept")]) == 1
        assert "the inventory is damaged" in capsys.readouterr().err
