"""Every attack has a target of its own."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.attacks import service


@pytest.fixture
async def target(tmp_path: Path) -> AsyncIterator[service.Target]:
    async with service.target(tmp_path) as made:
        yield replace(made, spread=True)
