"""The operator's commands."""

import asyncio
import json
import re
from collections.abc import Coroutine
from typing import Any

import pytest

from scim import cli
from scim.app import App
from scim.profiles import SWITCHES
from scim.storage.memory import MemoryTables
from scim.storage.rows import Unreachable
from tests.client import ORIGIN, Client, new_app

NOBODY = "01990000-0000-7000-8000-000000000000"


class Operator:
    """Runs commands on one store, and a client beside them."""

    def __init__(self, account: MemoryTables, capsys: pytest.CaptureFixture[str]) -> None:
        self.tables = account
        self._capsys = capsys

    def __call__(self, command: str, status: int = 0) -> str:
        """What a command says on stdout; or on stderr, if it is to fail."""
        assert cli.main(command.split()) == status
        out, err = self._capsys.readouterr()
        if status == 0:
            assert err == ""
            return out
        assert out == ""
        return err

    def create(self, command: str) -> Client:
        """The client that the provider just created, or its new token, was for."""
        said = self(command)
        base_url, token = re.findall(r"^(?:Base URL|Token) +(\S+)$", said, re.MULTILINE)
        name = base_url.removeprefix(f"{ORIGIN}/scim/").removesuffix("/v2")
        assert base_url == f"{ORIGIN}/scim/{name}/v2"
        app = self.app()
        return Client(app, self.do(app.providers.get(name)), token)

    def app(self) -> App:
        return new_app(self.tables, cache_seconds=0)

    def do[T](self, coroutine: Coroutine[Any, Any, T]) -> T:
        return asyncio.run(coroutine)


@pytest.fixture
def operator(account: MemoryTables, capsys: pytest.CaptureFixture[str]) -> Operator:
    return Operator(account, capsys)


def test_a_provider_is_created_with_a_token_that_works_and_is_shown_once(operator: Operator) -> None:
    client = operator.create("providers create contoso --profile entra --set replace_members=set")
    assert operator.do(client.get("/Users")).status == 200
    assert client.provider.profile.replace_members == "set"
    for command in ("list", "show contoso"):
        said = operator(f"providers {command}")
        assert "contoso  enabled  profile entra replace_members=set  created 20" in said
        assert client.token not in said
    shown = operator("providers show contoso")
    assert f"Base URL  {ORIGIN}/scim/contoso/v2\n" in shown
    assert f"Token     {client.token.split('_')[1]}  may write  issued 20" in shown
    assert re.search(r"^Users +0$", shown, re.MULTILINE)
    assert re.findall(r"^  (\w+) = (?:on|off|set|add)$", shown, re.MULTILINE) == list(SWITCHES)


def test_show_counts_users_and_groups(operator: Operator) -> None:
    client = operator.create("providers create contoso --profile rfc --set group_memberships=on")
    ann = operator.do(client.user("ann"))["id"]
    operator.do(client.group("Staff", ann))
    operator.do(client.group("Crew"))
    shown = operator("providers show contoso")
    assert re.findall(r"^(\w+) +(\d+)$", shown, re.MULTILINE) == [("Users", "1"), ("Groups", "2")]


def test_a_provider_is_set_disabled_and_enabled(operator: Operator) -> None:
    client = operator.create("providers create contoso --profile rfc")
    said = operator("providers set contoso --set create_unmatched=on --set replace_members=add")
    assert "profile rfc create_unmatched=on replace_members=add" in said
    assert "contoso  disabled  " in operator("providers disable contoso")
    assert operator.do(client.get("/Users")).status == 403
    assert "contoso  enabled  " in operator("providers enable contoso")
    assert operator.do(client.get("/Users")).status == 200


def test_tokens_are_added_with_a_scope_and_revoked(operator: Operator) -> None:
    client = operator.create("providers create contoso --profile rfc")
    reader = operator.create("providers token contoso --scope read")
    assert operator.do(reader.get("/Users")).status == 200
    assert operator.do(reader.post("/Users", {})).status == 403
    key_id = client.token.split("_")[1]
    assert operator(f"providers token contoso --revoke {key_id}") == f"{key_id} is revoked\n"
    assert operator.do(client.get("/Users")).status == 401
    assert operator.do(reader.get("/Users")).status == 200


@pytest.mark.parametrize("answer", ["contoso", "Contoso", ""])
def test_deleting_asks_for_the_name_first(operator: Operator, monkeypatch: pytest.MonkeyPatch, answer: str) -> None:
    client = operator.create("providers create contoso --profile rfc")
    monkeypatch.setattr("builtins.input", lambda _: answer)
    if answer == "contoso":
        assert "contoso is deleted" in operator("providers delete contoso")
        assert operator.do(client.get("/Users")).status == 401
        assert operator("providers list") == ""
    else:
        assert operator("providers delete contoso", status=1) == "scim: not deleted: the names differ\n"
        assert operator.do(client.get("/Users")).status == 200


def test_deleting_does_not_ask_when_told_so(operator: Operator) -> None:
    operator.create("providers create contoso --profile rfc")
    assert operator("providers delete contoso --yes") == "contoso is deleted\n"


@pytest.mark.parametrize(
    ("command", "sentence"),
    [
        ("providers show nobody", "there is no provider 'nobody'"),
        ("providers delete nobody", "there is no provider 'nobody'"),
        ("providers token nobody", "there is no provider 'nobody'"),
        ("providers disable A_B", "there is no provider 'A_B'"),
        ("changes nobody", "there is no provider 'nobody'"),
        ("providers create contoso --profile rfc", "there is a provider 'contoso' already"),
        ("providers create A --profile rfc", "'A' is no name for a provider"),
        ("providers set contoso --set nosuch=on", "there is no switch 'nosuch'"),
        ("providers set contoso --set create_unmatched=1", "takes on or off, not '1'"),
        ("providers token contoso --revoke abc", "has no credential with the key id 'abc'"),
    ],
)
def test_what_cannot_be_done_is_one_sentence_and_status_1(operator: Operator, command: str, sentence: str) -> None:
    operator.create("providers create contoso --profile rfc")
    said = operator(command, status=1)
    assert said.startswith("scim: ")
    assert sentence in said
    assert said.count("\n") == 1


@pytest.mark.parametrize(
    "command",
    [
        "",
        "providers",
        "providers create contoso",
        "providers create contoso --profile azure",
        "providers create contoso --profile rfc --set create_unmatched",
        "providers set contoso",
        "providers token contoso --scope all",
        "providers token contoso --revoke abc --scope read",
        "providers token contoso --scope write --revoke abc",
        "changes contoso --since yesterday",
        "changes",
    ],
)
def test_a_command_that_makes_no_sense_is_status_2(
    operator: Operator, command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as end:
        operator(command)
    assert end.value.code == 2
    assert "usage: python -m scim" in capsys.readouterr().err


def test_missing_settings_are_named_and_options_stand_in_for_them(
    operator: Operator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("ROLLCALL_STORAGE")
    monkeypatch.delenv("ROLLCALL_PUBLIC_URL")
    said = operator("providers list", status=1)
    assert "ROLLCALL_STORAGE is not set" in said
    assert "ROLLCALL_PUBLIC_URL is not set" in said
    operator.create(f"--storage https://b.example --public-url {ORIGIN} providers create contoso --profile rfc")


def test_a_store_that_is_away_is_one_sentence(operator: Operator) -> None:
    client = operator.create("providers create contoso --profile rfc")
    operator.do(operator.tables.drop(client.provider.table))
    for command in ("changes", "providers show"):
        assert operator(f"{command} contoso", status=1) == "scim: The provider's table is not there.\n"


def test_a_store_out_of_reach_is_told_as_its_operator_needs_it(
    operator: Operator, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def create(_: str) -> None:
        raise Unreachable("the store at 127.0.0.1:9 does not answer: see that it runs")

    monkeypatch.setattr(operator.tables, "create", create)
    said = operator("providers list", status=1)
    assert said == "scim: the store at 127.0.0.1:9 does not answer: see that it runs\n"


# changes


def test_changes_tell_who_did_what_to_which_resource(operator: Operator) -> None:
    client = operator.create("providers create contoso --profile entra")
    key_id = client.token.split("_")[1]

    async def history() -> tuple[str, str]:
        ann = await client.user("ann", title="Boss")
        await client.patch(f"/Users/{ann['id']}", {"op": "Replace", "path": "active", "value": "False"})
        group = await client.group("Staff", ann["id"])
        add = {"op": "add", "path": "members", "value": [{"value": NOBODY}, {"value": ann["id"]}]}
        await client.patch(f"/Groups/{group['id']}", add)
        await client.delete(f"/Users/{ann['id']}")
        return ann["id"], group["id"]

    user, group = operator.do(history())
    lines = operator("changes contoso --json").splitlines()
    told = [json.loads(line) for line in lines]
    assert [(each["kind"], each["type"], each["id"]) for each in told] == [
        ("create", "User", user),
        ("modify", "User", user),
        ("create", "Group", group),
        ("skipped", "Group", group),
        ("delete", "User", user),
    ]
    assert {each["credential"] for each in told} == {key_id}
    assert [each["previous"] for each in told[1:]] == [each["number"] for each in told[:-1]]
    assert told[1]["values"] == {"active": {"before": None, "after": False}}
    assert told[1]["notes"] == [{"quirk": "string_boolean", "attribute": "active"}]
    assert sorted(told[2]["moved"]) == [["group", group], ["user", user]]
    assert told[3]["notes"] == [{"quirk": "unknown_member_skipped", "attribute": "members"}]

    text = operator("changes contoso")
    assert f"modify  User {user}  by {key_id}\n    active: null -> false\n    string_boolean: active\n" in text
    assert f'members: added ["{user}"]' in text

    def numbers(options: str) -> list[str]:
        return [json.loads(line)["number"] for line in operator(f"changes contoso --json {options}").splitlines()]

    every = [each["number"] for each in told]
    assert numbers(f"--resource {group}") == [every[2], every[3], every[4]]
    assert numbers(f"--resource {user}") == [every[0], every[1], every[2], every[4]]
    assert numbers("--skipped") == [every[3]]
    assert numbers(f"--since {every[2]}") == every[2:]
    assert numbers(f"--since {told[0]['at']}") == every
    assert numbers("--since 2001-01-01") == every
    assert numbers("--since 2101-01-01T00:00:00Z") == []
    assert numbers(f"--since {every[2]} --resource {user} --skipped") == []
