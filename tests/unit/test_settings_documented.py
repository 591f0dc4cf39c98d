"""What an operator may set is written down: in README.md, in the sample for a first start, and in the template."""

import json
import re
from pathlib import Path

import pytest
from pydantic.fields import FieldInfo

from scim.local import azurite
from scim.settings import PREFIX, Settings

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()
INFRA = ROOT / "infra"
TEMPLATE = (INFRA / "main.bicep").read_text() + (INFRA / "modules" / "site.bicep").read_text()
SET_BY_TEMPLATE = set(
    re.findall(rf"^ +({PREFIX}[A-Z_]+):", (INFRA / "modules" / "site.bicep").read_text(), re.MULTILINE)
)
EVERY = {PREFIX + name.upper() for name in Settings.model_fields}
SAMPLE = json.loads((ROOT / "local.settings.sample.json").read_text())["Values"]


@pytest.mark.parametrize(("name", "field"), Settings.model_fields.items())
def test_the_readme_says_of_each_setting_its_default_and_what_to_write(name: str, field: FieldInfo) -> None:
    default = "" if field.is_required() else f"{field.default} "
    assert f"\n| `{PREFIX}{name.upper()}` | {default}| {field.description} |\n" in README


def test_the_readme_names_no_setting_that_is_not_there() -> None:
    assert set(re.findall(rf"{PREFIX}[A-Z_]+", README)) == EVERY


def test_the_sample_holds_the_required_settings_and_no_others() -> None:
    required = {PREFIX + name.upper() for name, field in Settings.model_fields.items() if field.is_required()}
    assert {name for name in SAMPLE if name.startswith(PREFIX)} == required
    assert Settings.read(SAMPLE).public_url == "http://127.0.0.1:7071"


def test_the_sample_reaches_azurite_where_it_is_by_default() -> None:
    standard = azurite.connection_string(azurite.EVERYTHING)
    assert (SAMPLE["AzureWebJobsStorage"], SAMPLE["ROLLCALL_STORAGE"]) == (standard, standard)


def test_the_template_names_every_setting_and_no_other() -> None:
    assert set(re.findall(rf"{PREFIX}[A-Z_]+", TEMPLATE)) == EVERY


def test_the_template_sets_what_is_required_and_what_it_makes_itself() -> None:
    required = {PREFIX + name.upper() for name, field in Settings.model_fields.items() if field.is_required()}
    made = {"ROLLCALL_IDENTITY", "ROLLCALL_SIGNING_KEYS", "ROLLCALL_BACKUPS", "ROLLCALL_ENTRA_AUTHORITY"}
    assert required | made == SET_BY_TEMPLATE


@pytest.mark.parametrize("file", sorted(INFRA.glob("*.parameters.json")), ids=lambda file: file.stem)
def test_what_a_file_of_parameters_sets_besides_is_a_setting_and_right(file: Path) -> None:
    given = json.loads(file.read_text())["parameters"].get("settings", {"value": {}})["value"]
    Settings.read(SAMPLE | {name: text for name, text in given.items() if name.startswith(PREFIX)})
