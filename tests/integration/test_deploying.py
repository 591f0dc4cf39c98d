"""The steps of infra/deploy.sh, with a stand-in for the Azure CLI that notes what it is asked: nothing leaves here.

What az makes of it is Azure's to show. What is real is the rest: the package, and the simulator against the service.
"""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from zipfile import ZipFile

import pytest

from scim.app import App
from scim.local.options import REPOSITORY
from tests.hosting import Host

_AZ = """#!{python}
import json, os, sys
arguments = sys.argv[1:]
with open({log!r}, "a") as log:
    log.write(json.dumps(arguments) + "\\n")
outputs, query = json.loads({outputs!r}), arguments[arguments.index("--query") + 1] if "--query" in arguments else ""
if query.startswith("properties.outputs."):
    print(outputs[query.split(".")[2]])
elif "tags.rollcallCommit" in query:
    print("0123abcd")
elif arguments[:2] == ["group", "exists"]:
    print(json.dumps("GROUP_THERE" in os.environ))
elif arguments[:3] == ["rest", "--method", "get"]:
    import jmespath
    print(json.dumps(jmespath.search(query, json.loads(os.environ["CONFIGURATION"]))))
sys.exit({status})
"""


@dataclass(frozen=True, slots=True)
class Azure:
    """A folder with an ``az`` in it that notes what it is asked."""

    folder: Path

    def stand_in(self, outputs: Mapping[str, str], status: int = 0) -> None:
        """Let the template's outputs be these, and every command end so."""
        script = self.folder / "az"
        told = {"python": sys.executable, "log": str(self.folder / "log"), "outputs": json.dumps(outputs)}
        script.write_text(_AZ.format(**told, status=status))
        script.chmod(0o755)

    def deploy(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run the script."""
        return subprocess.run(  # noqa: S603 (our own script)
            [str(REPOSITORY / "infra" / "deploy.sh"), *arguments],
            env={"PATIENCE": "1", **os.environ, "PATH": f"{self.folder}:{os.environ['PATH']}"},
            capture_output=True,
            text=True,
            check=False,
        )

    def asked(self) -> list[list[str]]:
        """What az was asked, in order."""
        log = self.folder / "log"
        return [json.loads(line) for line in log.read_text().splitlines()] if log.exists() else []


@pytest.fixture
def azure(tmp_path: Path) -> Azure:
    stand_in = Azure(tmp_path)
    stand_in.stand_in({"AZURE_FUNCTION_NAME": "func-x"})
    return stand_in


@pytest.mark.parametrize("arguments", [[], ["up"], ["fly", "group"]])
def test_without_sense_it_explains_itself_and_asks_nothing(azure: Azure, arguments: list[str]) -> None:
    done = azure.deploy(*arguments)
    assert done.returncode == 2
    assert "infra/deploy.sh STEP RESOURCE_GROUP" in done.stderr
    assert azure.asked() == []


def test_a_template_is_compiled_linted_and_validated_before_it_is_deployed(azure: Azure) -> None:
    assert azure.deploy("check", "group", "some.json").returncode == 0
    assert azure.deploy("what-if", "group").returncode == 0
    assert azure.deploy("template", "group").returncode == 0
    build, lint, *deployments = azure.asked()
    assert build[:2] == ["bicep", "build"]
    assert lint[:2] == ["bicep", "lint"]
    assert [each[:3] for each in deployments] == [
        ["deployment", "group", verb] for verb in ("validate", "what-if", "create")
    ]
    assert [each[each.index("--parameters") + 1] for each in deployments] == [
        "@some.json",
        "@infra/main.parameters.json",
        "@infra/main.parameters.json",
    ]


def test_the_package_is_deployed_to_the_template_s_function_app(azure: Azure, tmp_path: Path) -> None:
    package = tmp_path / "package.zip"
    assert azure.deploy("code", "group", str(package)).returncode == 1
    assert azure.asked() == []
    package.touch()
    assert azure.deploy("code", "group", str(package)).returncode == 0
    *_, deployed = azure.asked()
    assert deployed[:4] == ["functionapp", "deployment", "source", "config-zip"]
    assert deployed[deployed.index("--name") + 1] == "func-x"
    assert deployed[deployed.index("--src") + 1] == str(package)


@pytest.mark.parametrize("step", ["check", "what-if", "template", "ready", "smoke", "good"])
def test_a_step_that_azure_refuses_fails(azure: Azure, step: str) -> None:
    azure.stand_in({}, status=3)
    assert azure.deploy(step, "group").returncode != 0


_ENTRA = {"name": "caller-0", "ipAddress": "AzureActiveDirectory", "tag": "ServiceTag", "action": "Allow"}
_OTHERS = {"name": "Deny all", "ipAddress": "Any", "action": "Deny", "priority": 2147483647}


def test_this_machine_is_admitted_and_dismissed(azure: Azure, monkeypatch: pytest.MonkeyPatch) -> None:
    old = {"name": "deployer", "ipAddress": "203.0.113.1/32", "action": "Allow", "priority": 90}
    there = {"ftpsState": "Disabled", "ipSecurityRestrictions": [old, _ENTRA, _OTHERS]}
    monkeypatch.setenv("CONFIGURATION", json.dumps({"properties": there}))
    monkeypatch.setenv("ADDRESS", "203.0.113.7")
    assert azure.deploy("admit", "group").returncode == 0
    assert azure.deploy("dismiss", "group").returncode == 0
    added, removed = [each for each in azure.asked() if each[:3] == ["rest", "--method", "patch"]]
    assert added[added.index("--url") + 1] == removed[removed.index("--url") + 1]
    assert "/resourceGroups/group/providers/Microsoft.Web/sites/func-x/config/web?" in added[added.index("--url") + 1]
    bodies = [json.loads(each[each.index("--body") + 1]) for each in (added, removed)]
    new = old | {"ipAddress": "203.0.113.7/32"}
    assert bodies == [{"properties": {"ipSecurityRestrictions": [*rule, _ENTRA, _OTHERS]}} for rule in ([new], [])]


def test_what_cannot_be_read_is_not_written(azure: Azure, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ADDRESS", "203.0.113.7")  # and no configuration, so that the first question fails
    assert azure.deploy("admit", "group").returncode != 0
    assert [each for each in azure.asked() if "patch" in each] == []


def test_what_would_change_is_asked_by_who_may_only_read(azure: Azure) -> None:
    assert azure.deploy("what-if", "group", "some.json").returncode == 0
    (asked,) = azure.asked()
    assert asked[asked.index("--validation-level") + 1] == "ProviderNoRbac"
    assert asked.count("--parameters") == 2
    assert {"@some.json", "deployerOperates=false"} < set(asked)


def test_the_last_good_commit_is_remembered_and_told(azure: Azure) -> None:
    assert azure.deploy("good", "group", "cafe").returncode == 0
    assert "tags.rollcallCommit=cafe" in azure.asked()[0]
    assert azure.deploy("good", "group").stdout == "0123abcd\n"


async def test_the_simulator_tries_a_provider_that_goes_with_it(
    azure: Azure, service: Host, operator: App, tmp_path: Path
) -> None:
    keys = {"ROLLCALL_SIGNING_KEYS": str(tmp_path / "keys.pem")}
    azure.stand_in({"ROLLCALL_STORAGE": service.storage, "ROLLCALL_PUBLIC_URL": service.url} | keys)
    before = await operator.providers.all()
    smoke = azure.deploy("smoke", "group")
    assert smoke.returncode == 0, smoke.stderr
    assert "All green" in smoke.stdout
    assert await operator.providers.all() == before


def test_a_first_key_is_made_once(azure: Azure, service: Host, tmp_path: Path) -> None:
    keys = tmp_path / "keys.pem"
    outputs = {"ROLLCALL_STORAGE": service.storage, "ROLLCALL_PUBLIC_URL": service.url}
    azure.stand_in(outputs | {"ROLLCALL_SIGNING_KEYS": str(keys)})
    assert azure.deploy("keys", "group").returncode == 0
    first = keys.read_text()
    assert azure.deploy("keys", "group").stdout == "There are signing keys.\n"
    assert keys.read_text() == first


def test_up_does_all_of_it_in_order(
    azure: Azure, service: Host, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ADDRESS", "203.0.113.7")
    monkeypatch.setenv("LOCATION", "westeurope")
    monkeypatch.setenv("CONFIGURATION", json.dumps({"properties": {"ipSecurityRestrictions": [_ENTRA]}}))
    keys = tmp_path / "keys.pem"
    outputs = {"ROLLCALL_STORAGE": service.storage, "ROLLCALL_PUBLIC_URL": service.url, "ENTRA_TENANT_URL": "https://x"}
    azure.stand_in(outputs | {"ROLLCALL_SIGNING_KEYS": str(keys), "AZURE_FUNCTION_NAME": "func-x"})
    up = azure.deploy("up", "group", "some.json")
    assert (up.returncode, keys.exists()) == (0, True), up.stderr
    assert up.stdout.endswith("Base URLs are https://x\n")
    asked = [each[:4] for each in azure.asked() if "show" not in each]
    assert [" ".join(each) for each in asked] == [
        "group exists --name group",
        "group create --name group",
        "deployment group create --resource-group",
        "functionapp deployment source config-zip",
        *["rest --method get --url", "rest --method patch --url"] * 2,
    ]


def test_a_group_that_is_there_keeps_its_tags(azure: Azure, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOCATION", "westeurope")
    monkeypatch.setenv("GROUP_THERE", "")
    monkeypatch.setenv("PATIENCE", "1")
    azure.deploy("up", "group")
    assert ["group", "exists", "--name", "group"] in azure.asked()
    assert [each for each in azure.asked() if each[:2] == ["group", "create"]] == []


def test_a_key_that_cannot_be_made_fails_in_the_end(azure: Azure, service: Host) -> None:
    outputs = {"ROLLCALL_STORAGE": service.storage, "ROLLCALL_PUBLIC_URL": service.url}
    azure.stand_in(outputs | {"ROLLCALL_SIGNING_KEYS": "/proc/nowhere/keys.pem"})
    assert azure.deploy("keys", "group").returncode == 1


def test_the_package_has_all_that_is_imported_compiled_and_nothing_else(tmp_path: Path) -> None:
    made = subprocess.run(
        ["make", "--silent", "package"],  # noqa: S607 (make is wherever it is)
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=False,
    )
    assert made.returncode == 0, made.stderr
    with ZipFile(REPOSITORY / "dist" / "rollcall.zip") as package:
        names = package.namelist()
        package.extractall(tmp_path)
    top = {name.split("/")[0] for name in names}
    assert top == {"function_app.py", "host.json", "requirements.txt", "scim", ".python_packages", "__pycache__"}
    assert [name for name in names if name.startswith("scim/local")] == []
    code = [name for name in names if name.startswith("scim/") and name.endswith(".py")]
    assert len([name for name in names if name.startswith("scim/") and name.endswith(".pyc")]) == len(code) > 100
    said = subprocess.run(  # noqa: S603 (our own interpreter)
        [sys.executable, "-S", "-c", _IMPORTED],
        cwd=tmp_path,
        env={"ROLLCALL_STORAGE": "UseDevelopmentStorage=true", "ROLLCALL_PUBLIC_URL": "https://scim.example"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert said.returncode == 0, said.stderr
    assert said.stdout.split() == ["yes", str(tmp_path / "scim/__pycache__/app.cpython-313.pyc")]


_IMPORTED = """
import sys
sys.path[:0] = [".", ".python_packages/lib/site-packages"]
import function_app
import scim.app, aiohttp, azure.identity, jwt, pydantic
print("yes", scim.app.__cached__)
"""
