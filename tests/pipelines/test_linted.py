"""The pipelines and the script they call, looked over by those who know their languages; none is run here."""

import subprocess
import sys
from pathlib import Path

import pytest
import yaml  # type: ignore[import-untyped]

ROOT = Path(__file__).parents[2]
BIN = Path(sys.executable).parent

WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
AZURE = [ROOT / "azure-pipelines.yml", ROOT / "infra" / "azure-pipelines-deploy.yml"]

ACTIONLINT = ("actionlint", "-no-color")
ZIZMOR = ("zizmor", "--offline", "--no-progress", "--color=never", "--min-severity=medium", "--no-config")
SCHEMA = ("check-jsonschema", "--regex-variant=python", "--builtin-schema")
GITHUB_SCHEMA = (*SCHEMA, "vendor.github-workflows")
AZURE_SCHEMA = (*SCHEMA, "vendor.azure-pipelines", "--data-transform=azure-pipelines")
SHELLCHECK = ("shellcheck", "--severity=style", "--external-sources")


def complaints(command: tuple[str, ...], *files: Path) -> str:
    """What a linter says of files; nothing where it is content."""
    done = subprocess.run(  # noqa: S603 (our own commands)
        [str(BIN / command[0]), *command[1:], *map(str, files)],
        capture_output=True,
        text=True,
        check=False,
        env={"PATH": f"{BIN}:/usr/bin:/bin"},
    )
    return done.stdout + done.stderr if done.returncode else ""


@pytest.mark.parametrize("command", [ACTIONLINT, GITHUB_SCHEMA, ZIZMOR], ids=lambda command: command[0])
def test_the_workflows_of_github_are_right(command: tuple[str, ...]) -> None:
    assert len(WORKFLOWS) == 3
    assert complaints(command, *WORKFLOWS) == ""


def test_the_pipelines_of_azure_devops_are_right() -> None:
    assert complaints(AZURE_SCHEMA, *AZURE) == ""


def test_a_pipe_fails_where_its_first_command_fails() -> None:
    """GitHub's shell does not see to that by itself, and would tell a pull request of no change."""
    jobs = [job for file in WORKFLOWS for job in yaml.safe_load(file.read_text())["jobs"].values()]
    scripts = [step["run"] for job in jobs for step in job.get("steps", []) if " | " in step.get("run", "")]
    assert len(scripts) == 1
    assert all(script.startswith("set -o pipefail\n") for script in scripts)


def test_going_back_waits_for_nobody() -> None:
    """A job of its own would need the environment's approval once more."""
    (deploy,) = yaml.safe_load((ROOT / ".github" / "workflows" / "deploy-to.yml").read_text())["jobs"].values()
    back = [step for step in deploy["steps"] if "failure()" in str(step.get("if"))]
    assert [step.get("id", step.get("name")) for step in back] == ["back", None, "Deploy what was there"]


def test_the_script_is_right() -> None:
    assert complaints(SHELLCHECK, ROOT / "infra" / "deploy.sh") == ""


@pytest.mark.parametrize(
    ("command", "source", "right", "wrong", "said"),
    [
        (ACTIONLINT, "deploy.yml", "vars.AZURE_TENANT_ID", "var.AZURE_TENANT_ID", 'undefined variable "var"'),
        (ACTIONLINT, "deploy.yml", "needs: dev\n", "needs: development\n", 'needs job "development"'),
        (ACTIONLINT, "deploy-to.yml", 'admit "$GROUP"', "admit $GROUP", "SC2086"),
        (GITHUB_SCHEMA, "ci.yml", "timeout-minutes: 30", "timeout-minute: 30", "timeout-minute"),
        (ZIZMOR, "deploy.yml", "azure/login@a457da9ea143d694b1b9c7c869ebb04ebe844ef5", "azure/login@v2", "unpinned"),
        (ZIZMOR, "deploy.yml", '"$NUMBER"', '"${{ github.event.pull_request.title }}"', "template-injection"),
        (AZURE_SCHEMA, "azure-pipelines-deploy.yml", "runOnce:", "runTwice:", "runTwice"),
        (AZURE_SCHEMA, "azure-pipelines.yml", "dependsOn: build", "dependOn: build", "dependOn"),
        (SHELLCHECK, "deploy.sh", '--resource-group "$group"', "--resource-group $group", "SC2086"),
    ],
)
def test_a_fault_is_seen(  # noqa: PLR0913, PLR0917 (a table)
    tmp_path: Path, command: tuple[str, ...], source: str, right: str, wrong: str, said: str
) -> None:
    path = next(each for each in [*WORKFLOWS, *AZURE, ROOT / "infra" / "deploy.sh"] if each.name == source)
    planted = tmp_path / ".github" / "workflows" / source
    planted.parent.mkdir(parents=True)
    text = path.read_text()
    assert right in text
    planted.write_text(text.replace(right, wrong))
    assert said in complaints(command, planted)
