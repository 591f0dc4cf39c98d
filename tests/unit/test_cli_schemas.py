"""The operator's commands about a provider's own schemas."""

import asyncio
import io
import json
import sys
from pathlib import Path

import pytest

from scim import cli, remodel
from scim.custom import Custom
from scim.schema import JsonObject
from scim.storage.memory import MemoryTables
from tests.client import Client, new_app
from tests.custom import BADGE, DEVICE_FILE, attribute, user_badge

FILE = user_badge(attribute("number", uniqueness="server"))
PLAIN = user_badge(attribute("number"))


class Operator:
    """Runs commands on one store, whose only provider is contoso."""

    def __init__(self, account: MemoryTables, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.tables = account
        self._folder = folder
        self._capsys = capsys

    def __call__(self, command: str, file: JsonObject | str | Path | None = None, status: int = 0) -> tuple[str, str]:
        """What a command says on stdout and on stderr."""
        arguments = ["schemas", command, "contoso"]
        if isinstance(file, Path):
            arguments.append(str(file))
        elif file is not None:
            path = self._folder / "schemas.json"
            path.write_text(file if isinstance(file, str) else json.dumps(file), encoding="utf-8")
            arguments.append(str(path))
        assert cli.main(arguments) == status
        out, err = self._capsys.readouterr()
        return out, err


@pytest.fixture
def operator(account: MemoryTables, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Operator:
    operator = Operator(account, tmp_path, capsys)
    assert cli.main(["providers", "create", "contoso", "--profile", "rfc"]) == 0
    capsys.readouterr()
    return operator


async def user(operator: Operator, name: str, **attributes: object) -> str:
    app = new_app(operator.tables, cache_seconds=0)
    provider = await app.providers.get("contoso")
    client = Client(app, provider, (await app.providers.issue("contoso")).text)
    identifier: str = (await client.user(name, **attributes))["id"]
    return identifier


def test_a_file_is_checked_set_shown_and_taken_away(operator: Operator) -> None:
    assert operator("show") == ("{}\n", "")
    told = f"User: a new extension, {BADGE}.\nUser: {BADGE}:number is unique.\n"
    assert operator("check", FILE) == (told + "Nothing stands against it.\n", "")
    assert operator("show") == ("{}\n", "")
    assert operator("set", FILE) == (told, "")
    shown, _ = operator("show")
    assert Custom.read(shown) == Custom.model_validate(FILE)
    assert operator("check", shown) == operator("set", shown) == ("Nothing changes.\n", "")
    assert operator("set", "{}") == (f"User: the extension {BADGE} is removed.\n", "")
    assert operator("show") == ("{}\n", "")


def test_the_documented_example_can_be_set_and_counted(operator: Operator, capsys: pytest.CaptureFixture[str]) -> None:
    out, _ = operator("set", DEVICE_FILE)
    assert out.splitlines() == [
        "Device: a new resource type, at /Devices.",
        "EndpointApp: a new resource type, at /EndpointApps.",
    ]
    assert cli.main(["providers", "show", "contoso"]) == 0
    assert "\nDevices   0\n" in capsys.readouterr().out


def test_a_file_may_come_from_standard_input(operator: Operator, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(json.dumps(PLAIN).encode())))
    assert operator("set", Path("-")) == (f"User: a new extension, {BADGE}.\n", "")


@pytest.mark.parametrize("command", ["check", "set"])
async def test_what_stands_against_it_is_said_and_nothing_done(operator: Operator, command: str) -> None:
    await asyncio.to_thread(operator, "set", PLAIN)
    ann, bob = [await user(operator, name, **{BADGE: {"number": "1"}}) for name in ("ann", "bob")]
    out, err = await asyncio.to_thread(operator, command, FILE, 1)
    assert err.startswith(f"scim: User: {BADGE}:number becomes unique, and there is 1 resource with a value that ")
    assert bob in err
    assert ann not in err
    assert (out != "") is (command == "check")
    shown, _ = await asyncio.to_thread(operator, "show")
    assert Custom.read(shown) == Custom.model_validate(PLAIN)


@pytest.mark.parametrize(
    ("file", "sentence"),
    [
        ("[", "scim: The file is not JSON"),
        ({"colour": 1}, "scim: colour is not known here"),
        (
            user_badge(attribute("number", mutability="writeOnly")),
            f"scim: {BADGE}:number: it is writeOnly",
        ),
        (Path("/nowhere/schemas.json"), "scim: /nowhere/schemas.json cannot be read: No such file or directory"),
    ],
)
def test_a_file_that_is_wrong_is_refused_before_anything_is_done(
    operator: Operator, file: JsonObject | str | Path, sentence: str
) -> None:
    for command in ("check", "set"):
        out, err = operator(command, file, 1)
        assert err.startswith(sentence)
        assert out == ""


def test_a_provider_that_is_not_there_is_named(capsys: pytest.CaptureFixture[str], operator: Operator) -> None:
    assert operator("show")[1] == ""
    assert cli.main(["schemas", "show", "nobody"]) == 1
    assert capsys.readouterr().err == "scim: there is no provider 'nobody'\n"


@pytest.mark.parametrize("arguments", [[], ["set", "contoso"], ["check"], ["show"], ["draw", "contoso"]])
def test_a_command_that_makes_no_sense_is_status_2(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        cli.main(["schemas", *arguments])
    assert end.value.code == 2
    assert "usage: python -m scim schemas" in capsys.readouterr().err


def test_help_shows_what_a_file_looks_like(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        cli.main(["schemas", "--help"])
    assert '"indexes": ["badgeNumber"]' in capsys.readouterr().out


async def test_progress_goes_to_standard_error(operator: Operator, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remodel, "_STEP", 1)
    monkeypatch.setattr("scim.cli_schemas._QUIET_STEP", 2)
    await asyncio.to_thread(operator, "set", PLAIN)
    for name in ("ann", "bob", "cid"):
        await user(operator, name)
    out, err = await asyncio.to_thread(operator, "set", FILE)
    assert err == "2 of 3 resources of the type User are read\n"
    assert out == f"User: {BADGE}:number: uniqueness changes.\nUser: {BADGE}:number becomes unique.\n"
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    _, err = await asyncio.to_thread(operator, "set", "{}")
    assert err.endswith("\r3 of 3 resources of the type User are read\n")
