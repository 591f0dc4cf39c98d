"""The operator's commands and the local host, each in a process of its own."""

import asyncio
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from scim.local.options import REPOSITORY
from tests.client import USER
from tests.hosting import Host
from tests.integration.conftest import Connect, Remote

NOBODY = "01990000-0000-7000-8000-000000000000"


class Shell:
    """Runs ``python -m scim`` against the store of the running service."""

    def __init__(self, service: Host) -> None:
        self._environment = os.environ | {"ROLLCALL_STORAGE": service.storage, "ROLLCALL_PUBLIC_URL": service.url}

    def __call__(self, command: str, status: int = 0, typed: str = "") -> str:
        """What a command says: on stderr if it is to fail."""
        done = self._run(command, status, typed)
        return done.stderr if status else done.stdout

    def output(self, command: str, status: int) -> str:
        """What a command prints on stdout, though it is to fail."""
        return self._run(command, status).stdout

    def _run(self, command: str, status: int, typed: str = "") -> subprocess.CompletedProcess[str]:
        done = subprocess.run(  # noqa: S603 (our own command)
            [sys.executable, "-m", "scim", *command.split()],
            cwd=REPOSITORY,
            env=self._environment,
            input=typed,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == status, done.stderr
        return done


async def test_a_provider_from_its_creation_to_its_end(service: Host, connect: Connect) -> None:
    shell, model = Shell(service), await connect()
    name = f"cli-{model.provider.name}"
    said = shell(f"providers create {name} --profile entra --set replace_members=set")
    found = re.search(rf"^Base URL  ({re.escape(service.url)}/scim/{name}/v2)\nToken     (\S+)$", said, re.MULTILINE)
    assert found
    client = replace(model, provider=await model.app.providers.get(name), token=found[2])
    assert client.base_url == found[1]

    ann = await client.user("ann")
    group = await client.group("Staff", ann["id"])
    mixed = {"op": "Add", "path": "members", "value": [{"value": NOBODY}, {"value": ann["id"]}]}
    assert (await client.patch(f"/Groups/{group['id']}", mixed)).status == 204
    assert f"{name}  enabled  profile entra replace_members=set" in shell("providers list")
    shown = shell(f"providers show {name}")
    assert re.search(r"^Users +1\nGroups +1$|^Groups +1\nUsers +1$", shown, re.MULTILINE)
    assert "replace_members = set" in shown

    every = [json.loads(line) for line in shell(f"changes {name} --json").splitlines()]
    assert [change["kind"] for change in every] == ["create", "create", "skipped"]
    assert {change["credential"] for change in every} == {client.token.split("_")[1]}
    since = shell(f"changes {name} --since {every[1]['number']} --resource {group['id']} --json").splitlines()
    assert [json.loads(line)["kind"] for line in since] == ["create", "skipped"]
    (skipped,) = shell(f"changes {name} --skipped --json").splitlines()
    assert json.loads(skipped)["notes"] == [{"quirk": "unknown_member_skipped", "attribute": "members"}]

    token = re.search(r"^Token     (\S+)$", shell(f"providers token {name} --scope read"), re.MULTILINE)
    assert token
    reader = replace(client, token=token[1])
    assert (await reader.get("/Users")).ids == [ann["id"]]
    assert (await reader.delete(f"/Users/{ann['id']}")).error == (403, None)
    shell(f"providers set {name} --set boolean_strings=off")
    shell(f"providers token {name} --revoke {reader.token.split('_')[1]}")
    shell(f"providers disable {name}")
    await expect(client, 403)
    assert (await reader.get("/Users")).status == 401
    shell(f"providers enable {name}")
    await expect(client, 200)
    text = {"op": "replace", "path": "active", "value": "False"}
    assert (await client.patch(f"/Users/{ann['id']}", text)).error == (400, "invalidValue")

    assert "the names differ" in shell(f"providers delete {name}", status=1, typed="no\n")
    assert f"{name} is deleted" in shell(f"providers delete {name}", typed=f"{name}\n")
    assert (await client.get("/Users")).status == 401
    assert shell(f"providers show {name}", status=1) == f"scim: there is no provider {name!r}\n"
    assert "usage: " in shell("providers create", status=2)


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        (("AccountKey=", "AccountKey=AAAA"), "refuses the account's key"),
        (("AccountKey=", "AccountKey=A"), "copy the connection string"),
        (("TableEndpoint=http://127.0.0.1:", "TableEndpoint=http://127.0.0.1:1/"), "127.0.0.1:1 does not answer"),
        (("TableEndpoint=http://127.0.0.1:", "TableEndpoint=http://host.invalid:"), "host.invalid:"),
        (("AccountName", "Name"), "copy the connection string"),
    ],
)
def test_an_account_out_of_reach_is_one_sentence(service: Host, wrong: tuple[str, str], sentence: str) -> None:
    storage = service.storage.replace(*wrong)
    assert storage != service.storage
    said = Shell(replace(service, storage=storage))("providers list", status=1)
    assert said.startswith("scim: ")
    assert sentence in said
    assert said.count("\n") == 1
    assert "AccountKey=" not in said


async def expect(client: Remote, status: int) -> None:
    """Ask until the service has forgotten the provider's former state, as it must within its cache's second."""
    until = time.monotonic() + 10
    while (answer := await client.get("/Users")).status != status:
        assert time.monotonic() < until, answer.content
        await asyncio.sleep(0.05)


def test_the_local_host_prints_what_connects(tmp_path: Path) -> None:
    for name in ("function_app.py", "host.json", "scim"):
        source = REPOSITORY / name
        copy = shutil.copytree if source.is_dir() else shutil.copy
        copy(source, tmp_path / name)
    (tmp_path / ".local").mkdir()
    (tmp_path / ".local" / "azurite").symlink_to(REPOSITORY / ".local" / "azurite")
    with subprocess.Popen(
        [sys.executable, "-m", "scim.local", "--port", "0", "--profile", "rfc"],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        try:
            said = ""
            for line in process.stdout:
                said += line
                if "Ctrl-C" in line:
                    break
            found = re.search(r"Base URL +(\S+)\n +Token +(\S+)", said)
            assert found, said + process.communicate()[1]
            headers = {"authorization": f"Bearer {found[2]}"}
            with httpx.Client(base_url=found[1], headers=headers) as browser:
                created = browser.post("/Users", json={"schemas": [USER], "userName": "ann"})
                assert (created.status_code, created.headers["location"]) == (201, created.json()["meta"]["location"])
                assert browser.get("/Users").json()["totalResults"] == 1
                assert browser.post("/Users", json={"userName": "bob"}).status_code == 400, "the profile is rfc"
        finally:
            process.send_signal(signal.SIGINT)
            _, errors = process.communicate(timeout=30)
        assert process.returncode == 0
        assert "Traceback" not in errors
        assert found[2] not in errors
