"""Kusto's own parser, from npm: what is wrong with a query before anybody runs it."""

import json
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from scim.local import node
from scim.local.options import REPOSITORY

PACKAGE, VERSION = "@kusto/language-service-next", "12.4.1"
HOME = REPOSITORY / ".local" / f"kusto-{VERSION}"
_CHECK = Path(__file__).with_name("check.cjs")
_SECONDS = 180


@dataclass(frozen=True, slots=True)
class Problem:
    """What Kusto would say of a place in a query."""

    code: str
    message: str
    line: int


def problems(tables: Mapping[str, str], queries: Mapping[str, str]) -> dict[str, list[Problem]]:
    """What is wrong with each query, by its name.

    Args:
        tables: their names, with columns and types such as ``(Name:string, Sum:real)``.
        queries: their names, with texts.
    """
    _install()
    with tempfile.TemporaryDirectory() as folder:
        question = Path(folder) / "question.json"
        question.write_text(json.dumps({"tables": dict(tables), "queries": dict(queries)}))
        answer: dict[str, list[tuple[str, str, int]]] = json.loads(_run(_CHECK, [str(question)], folder=HOME))
    return {
        name: [Problem(code, message, queries[name].count("\n", 0, start) + 1) for code, message, start in found]
        for name, found in answer.items()
    }


def _install() -> None:
    """Install the package once, whole or not at all, without running anything that it brings."""
    if HOME.exists():
        return
    HOME.parent.mkdir(exist_ok=True)
    growing = Path(tempfile.mkdtemp(prefix="kusto-", dir=HOME.parent))
    try:
        (growing / "package.json").write_text(json.dumps({"private": True}))
        wanted = ["install", f"{PACKAGE}@{VERSION}", "--ignore-scripts", "--no-audit", "--no-fund"]
        _run(node.npm(), wanted, folder=growing)
        if not HOME.exists():
            growing.rename(HOME)
    finally:
        shutil.rmtree(growing, ignore_errors=True)


def _run(script: Path, arguments: list[str], *, folder: Path) -> str:
    with node.running(script, arguments, folder=folder, patience=2) as program:
        status = program.process.wait(_SECONDS)
        said = program.said()
    if status:
        raise RuntimeError(said)
    return said
