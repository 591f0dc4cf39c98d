"""What an operator may set is written down: in README.md, and for a first start in local.settings.sample.json."""

import json
import re
from pathlib import Path

import pytest
from pydantic.fields import FieldInfo

from scim.local import azurite
from scim.settings import PREFIX, Settings

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()
SAMPLE = json.loads((ROOT / "local.settings.sample.json").read_text())["Values"]


@pytest.mark.parametrize(("name", "field"), Settings.model_fields.items())
def test_the_readme_says_of_each_setting_its_default_and_what_to_write(name: str, field: FieldInfo) -> None:
    default = "" if field.is_required() else f"{field.default} "
    assert f"\n| `{PREFIX}{name.upper()}` | {default}| {field.description} |\n" in README


def test_the_readme_names_no_setting_that_is_not_there() -> None:
    named = set(re.findall(rf"{PREFIX}[A-Z_]+", README))
    assert named == {PREFIX + name.upper() for name in Settings.model_fields}


def test_the_sample_holds_the_required_settings_and_no_others() -> None:
    required = {PREFIX + name.upper() for name, field in Settings.model_fields.items() if field.is_required()}
    assert {name for name in SAMPLE if name.startswith(PREFIX)} == required
    assert Settings.read(SAMPLE).public_url == "http://127.0.0.1:7071"


def test_the_sample_reaches_azurite_where_it_is_by_default() -> None:
    standard = azurite.connection_string(azurite.EVERYTHING)
    assert (SAMPLE["AzureWebJobsStorage"], SAMPLE["ROLLCALL_STORAGE"]) == (standard, standard)
