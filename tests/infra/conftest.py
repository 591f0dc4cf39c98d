"""What the checker's tests share: a folder to write templates into, and the type data where there is some."""

from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from tests.infra import checking, own_types, resource_types
from tests.infra.resource_types import ROOT, Types

SAMPLE = Path(__file__).parent / "sample"
Check = Callable[..., list[tuple[str, int]]]


@pytest.fixture(scope="session")
def types() -> Types:
    """The shapes of Azure's resource types; tests that need them are skipped where the data is not there."""
    place = resource_types.folder()
    if place is None:
        pytest.skip("no type data: BICEP_TYPES names no folder, and there is no shared/bicep-types above the project")
    return resource_types.load(place)


@pytest.fixture(scope="session")
def own(tmp_path_factory: pytest.TempPathFactory) -> Types:
    """Shapes of our own making."""
    return own_types.load(tmp_path_factory.mktemp("types"))


@pytest.fixture
def check(tmp_path: Path) -> Check:
    """Writes templates, and answers with rules and lines of what is found: of all rules but pycep, or of some."""

    def checked(
        text: str, types: Types | None = None, rules: Iterable[str] | None = None, **files: str
    ) -> list[tuple[str, int]]:
        for name, content in {"main": text, **files}.items():
            path = tmp_path / (f"{name}.bicep" if "__" not in name else name.replace("__", "."))
            path.write_text(content, encoding="utf-8")
        found = checking.findings(tmp_path, types)
        wanted = rules or {each.rule for each in found} - {"pycep"}
        return [(each.rule, each.line) for each in found if each.rule in wanted]

    return checked


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Tests that take a ``folder`` run on the sample, and on the real templates where they are."""
    if "folder" in metafunc.fixturenames:
        folders = [folder for folder in (SAMPLE, ROOT / "infra") if (folder / "main.bicep").is_file()]
        metafunc.parametrize("folder", folders, ids=[folder.name for folder in folders])
