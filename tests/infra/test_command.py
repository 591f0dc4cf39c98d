"""The command line: what it prints, and how it ends."""

import shutil
from pathlib import Path

import pytest

from tests.infra.__main__ import main
from tests.infra.conftest import SAMPLE


@pytest.mark.usefixtures("types")
def test_nothing_wrong_prints_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(SAMPLE)]) == 0
    assert capsys.readouterr() == ("", "")


def test_findings_are_printed_with_file_line_and_rule(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(SAMPLE, tmp_path / "sample")
    monkeypatch.chdir(tmp_path)
    path = Path("sample/modules/data.bicep")
    path.write_text(path.read_text().replace("allowSharedKeyAccess: false", "allowSharedKeyAccess: true"))
    assert main(["sample"]) == 1
    assert capsys.readouterr().out == (
        "sample/modules/data.bicep:22: shared-key: allowSharedKeyAccess of account must be false\n"
    )


def test_without_the_type_data_it_says_so_and_checks_the_rest(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("BICEP_TYPES", str(tmp_path / "nowhere"))
    (tmp_path / "main.bicep").write_text("var a = 1\nresource t 'No.Such/things@2030-01-01' = {\n  name: 't'\n}\n")
    assert main([str(tmp_path)]) == 1
    printed = capsys.readouterr()
    assert "NOT checked" in printed.err
    assert "unused: nothing uses a" in printed.out
    assert "No.Such" not in printed.out


def test_a_folder_without_templates_is_not_all_right(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(tmp_path)]) == 1
    assert "there is no .bicep file here" in capsys.readouterr().out


def test_the_list_of_resources(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(SAMPLE), "--resources"]) == 0
    head, *lines = capsys.readouterr().out.splitlines()
    assert head.split() == ["type", "version", "name", "condition", "module"]
    assert ["Microsoft.KeyVault/vaults", "2025-05-01", "vault", "hasVault", "main/vault"] in [
        line.split() for line in lines
    ]


@pytest.mark.usefixtures("types")
def test_the_report_on_faults(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(SAMPLE), "--faults"]) == 0
    printed = capsys.readouterr().out
    assert "keys are accepted" in printed
    assert "passes in silence, as with the compiler" in printed
    assert "NOT" not in printed
