"""Every command that the pages show is run, unless its block says why it cannot be."""

import asyncio
import os
import re
from asyncio.subprocess import PIPE, STDOUT
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.client import ERROR
from tests.docs import blocks
from tests.docs.blocks import REASONS, Block
from tests.docs.described import ROOT
from tests.docs.world import LEFT, World

ALL = {page: blocks.of(page) for page in blocks.pages()}
EVERY = [block for found in ALL.values() for block in found]
RUN = {page: [block for block in found if block.why_not is None] for page, found in ALL.items()}
TARGETS = set(re.findall(r"^([a-z]+):.*##", (ROOT / "Makefile").read_text(), re.MULTILINE))
REFUSALS = (f'"schemas":["{ERROR}"]', '"error":"')
"""What the answer to a refused request has in it, SCIM's or OAuth's."""
SECONDS = 60
"""What a block may take at most; most take less than two."""


def test_what_is_not_run_says_why_in_known_words() -> None:
    unknown = [str(block) for block in EVERY if block.info and block.why_not not in REASONS]
    assert unknown == [], "write `sh no-run: REASON`, with one of REASONS"


def test_no_other_fence_hides_commands() -> None:
    fences = [
        f"{page.relative_to(ROOT)}: {info}"
        for page in ALL
        for info in re.findall(r"^ *```(\S+)", page.read_text(), re.MULTILINE)
        if info not in {"sh", "json", "text", "markdown"}
    ]
    assert fences == []


@pytest.mark.parametrize("block", [block for block in EVERY if block.why_not], ids=str)
def test_what_is_not_run_could_not_be(block: Block) -> None:
    words = {
        "needs Azure": r"\b(az|azd|infra/deploy\.sh)\b|\.windows\.net|azurewebsites",
        "needs Core Tools": r"\bfunc\b",
        "installs Python": r"\b(pyenv|uv)\b",
    }
    assert re.search(words[block.why_not or ""], block.text), "nothing in it needs that"


@pytest.mark.parametrize("block", EVERY, ids=str)
def test_targets_of_make_exist(block: Block) -> None:
    assert set(re.findall(r"^make ([a-z]+)", block.text, re.MULTILINE)) <= TARGETS


@pytest.mark.parametrize("page", [page for page, found in RUN.items() if found], ids=lambda page: page.stem)
async def test_the_commands_of_a_page_run(page: Path, world: World) -> None:
    await world.begin(RUN[page])
    shell = await Shell.start(world.folder, world.reaching)
    try:
        for block in RUN[page]:
            text = await world.filled(block)
            assert not LEFT.search(re.sub(r"#.*", "", text)), f"{block}: a placeholder that no rule knows"
            said = await shell.run(text)
            assert said is not None, f"{block} failed:\n{shell.said}"
            refused = any(word in said for word in REFUSALS)
            assert not refused, f"{block} was refused:\n{said}"
    finally:
        await shell.stop()


class Shell:
    """One bash for all blocks of a page, so that each finds what those before it have set; it ends where one fails."""

    def __init__(self, process: asyncio.subprocess.Process, folder: Path) -> None:
        self._process = process
        self._folder = folder
        self.said = ""

    @classmethod
    async def start(cls, folder: Path, reaching: Mapping[str, str]) -> "Shell":
        """Start it in a folder, with what reaches the store in its environment."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith("ROLLCALL_")}
        process = await asyncio.create_subprocess_exec(
            "bash", cwd=folder, env={**kept, **reaching}, stdin=PIPE, stdout=PIPE, stderr=STDOUT, limit=2**24
        )
        shell = cls(process, folder)
        await shell._write("set -euo pipefail\n")
        return shell

    async def run(self, text: str) -> str | None:
        """What a block prints; None if a command of it failed."""
        script = self._folder / ".block.sh"
        script.write_text(text)
        await self._write(f". {script} </dev/null; echo; echo {_DONE}\n")
        self.said = ""
        async with asyncio.timeout(SECONDS):
            while line := (await self._line()):
                if line.strip() == _DONE:
                    return self.said
                self.said += line
        return None

    async def stop(self) -> None:
        """End it."""
        if self._process.returncode is None:
            self._process.kill()
        await self._process.communicate()

    async def _write(self, text: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(text.encode())
        await self._process.stdin.drain()

    async def _line(self) -> str:
        assert self._process.stdout is not None
        return (await self._process.stdout.readline()).decode()


_DONE = "the-block-is-done"
