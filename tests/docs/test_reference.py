"""The reference holds all that there is, and each of it is explained."""

import re

import pytest

from scim import cli
from scim.errors import ScimError
from scim.profiles import SWITCHES
from scim.settings import PREFIX, Settings
from tests.docs import blocks, commands, reference, template, told
from tests.docs.described import ROOT, functions

PAGES = reference.pages()


def rows(page: str) -> dict[str, list[str]]:
    """The rows of a page's tables, by their first cell."""
    lines = re.findall(r"^\| (.*) \|$", PAGES[f"reference/{page}.md"], re.MULTILINE)
    return {cells[0].strip("`"): cells for line in lines if (cells := re.split(r"(?<!\\) \| ", line))}


@pytest.mark.parametrize("page", PAGES)
def test_no_cell_of_an_explanation_is_empty(page: str) -> None:
    empty = re.findall(r"^\|.*\| +\|$", PAGES[page], re.MULTILINE)
    assert [line for line in empty if "AZURE_" not in line] == []


def test_every_setting_is_there() -> None:
    held = rows("settings")
    for name, field in Settings.model_fields.items():
        assert held[f"{PREFIX}{name.upper()}"][2] == field.description


def test_every_command_and_argument_is_there() -> None:
    page = PAGES["reference/commands.md"]
    found = list(commands.leaves(cli.parser()))
    assert len(found) > 25
    for parser, _ in found:
        name = parser.prog.removeprefix("python -m scim ")
        section = page.partition(f"\n## {name}\n")[2].partition("\n## ")[0]
        named = set(re.findall(r"(?<![\w-])--[a-z-]+", parser.format_usage()))
        assert {word for word in named if f"| `{word}" not in section} == set(), name


def test_every_error_is_there() -> None:
    page = PAGES["reference/errors.md"]
    waiting: list[type[ScimError]] = [ScimError]
    while waiting:
        kind = waiting.pop()
        waiting += kind.__subclasses__()
        assert re.search(
            rf"^\| {kind.status.value} .* \| {f'`{kind.scim_type}`' if kind.scim_type else ''}", page, re.MULTILINE
        )


def test_every_switch_quirk_and_field_is_there() -> None:
    assert set(SWITCHES) <= rows("switches").keys()
    assert told.bent().keys() | told.fields().keys() <= rows("telemetry").keys()


def test_every_function_is_there() -> None:
    page = PAGES["reference/endpoints.md"]
    assert [each for each in functions() if f"| `{each.name}` | `" not in page] == []
    assert {each.trigger for each in functions()} == {"route", "timer_trigger"}


def test_every_parameter_of_the_template_is_there() -> None:
    whole = (ROOT / "infra" / "main.bicep").read_text()
    named = set(re.findall(r"^(?:param|output) (\w+)", whole, re.MULTILINE))
    assert {each.name for each in template.declared()} == named
    assert {each.name for each in template.declared() if each.what == "param" and not each.told} == set()


def test_pages_name_settings_and_switches_that_are_there() -> None:
    known = {f"{PREFIX}{name.upper()}" for name in Settings.model_fields}
    for page in blocks.pages():
        text = page.read_text()
        assert set(re.findall(rf"\b{PREFIX}[A-Z_]+\b", text)) <= known, page
        assert set(re.findall(r"--set ([a-z_]+)=", text)) <= set(SWITCHES), page


def test_pages_name_commands_that_are_there() -> None:
    known = {parser.prog.removeprefix("python -m scim ") for parser, _ in commands.leaves(cli.parser())}
    groups = {name.partition(" ")[0] for name in known if " " in name}
    for page in blocks.pages():
        for first, second in re.findall(r"python -m scim ([a-z]+)(?: ([a-z]+))?", page.read_text()):
            assert first in known or (first in groups and (not second or f"{first} {second}" in known)), (page, first)


def test_every_alert_has_a_page_and_every_page_an_alert() -> None:
    page = (ROOT / "docs" / "operate" / "alerts.md").read_text()
    named = set(re.findall(r"^\| \[([a-z-]+)\]\(#", page, re.MULTILINE))
    there = {path.stem for path in (ROOT / "infra" / "queries").glob("*.kql")}
    assert named == there


def test_every_metric_is_there() -> None:
    made = {name for name, _, _, _ in told.instruments()}
    assert "rollcall.requests" in made
    assert made <= rows("telemetry").keys()
