"""The command line of the local host."""

from pathlib import Path

import pytest

from scim.local.options import REPOSITORY, Options, parse


def test_the_defaults_serve_rollcall_in_memory() -> None:
    options = parse([])
    assert options == Options(port=7071, profile=None, azurite_only=False, data=None, workers=1, trace=False, app=None)
    assert options.app_root == REPOSITORY
    assert (REPOSITORY / "pyproject.toml").is_file()


def test_folders_are_made_absolute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert parse(["--data", "d", "--app", "a"]).data == tmp_path / "d"


@pytest.mark.parametrize(
    "arguments",
    [
        ["--port", "65536"],
        ["--port", "-1"],
        ["--port", "x"],
        ["--workers", "0"],
        ["--profile", "scim"],
        ["--data", __file__],
    ],
)
def test_options_that_make_no_sense_end_with_code_2(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        parse(arguments)
    assert ended.value.code == 2
    assert arguments[0] in capsys.readouterr().err
