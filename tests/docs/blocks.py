"""The blocks of commands in README.md and docs, and which of them can be run here."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.docs.described import ROOT

MARK = re.compile(r"^(?P<fence> *```)sh no-run: (?P<why>.+)$", re.MULTILINE)
"""The info string of a block that is not run: the first word colours it, the rest says why."""

REASONS = {
    "needs Azure": "a subscription, and the Azure CLI or azd",
    "needs Core Tools": "Azure Functions Core Tools",
    "installs Python": "another Python, from pyenv or uv",
}
"""Why a block may not be run; any other word is a slip."""

_BLOCK = re.compile(r"^(?P<indent> *)```sh(?P<info>[^\n]*)\n(?P<text>.*?)^ *```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True, slots=True)
class Block:
    """A block of commands.

    Attributes:
        line: where it begins on its page.
        info: what stands behind ``sh``.
    """

    page: str
    line: int
    info: str
    text: str

    @property
    def why_not(self) -> str | None:
        """Why it is not run; None if it is to be run."""
        return self.info.removeprefix(" no-run: ") if self.info else None

    def __str__(self) -> str:
        return f"{self.page}:{self.line}"


def pages() -> Iterator[Path]:
    """README.md and every page that is written by hand."""
    yield ROOT / "README.md"
    yield from sorted((ROOT / "docs").rglob("*.md"))


def of(page: Path) -> list[Block]:
    """The blocks of a page, in their order."""
    whole, name = page.read_text(), str(page.relative_to(ROOT))
    return [
        Block(name, whole.count("\n", 0, found.start()) + 1, found["info"].rstrip(), _flush(found))
        for found in _BLOCK.finditer(whole)
    ]


def _flush(found: re.Match[str]) -> str:
    """The text without the indentation that a list gives it."""
    return re.sub(rf"^{found['indent']}", "", found["text"], flags=re.MULTILINE)
