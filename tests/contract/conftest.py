"""A directory on each kind of tables, and the law that every test must leave it clean."""

from collections.abc import AsyncIterator

import pytest

from scim.schema import Schemas
from scim.storage.directory import Directory
from scim.storage.rows import Rows
from tests.contract.writing import Writer
from tests.faults.invariants import assert_clean


@pytest.fixture
async def writer(rows: Rows, schemas: Schemas) -> AsyncIterator[Writer]:
    """A new directory; whatever a test does to it, its invariants hold at the end."""
    directory = Directory(rows, schemas)
    await directory.found()
    yield Writer(directory, schemas)
    await assert_clean(rows, schemas)


@pytest.fixture
async def writers(rows: Rows, schemas: Schemas, writer: Writer) -> list[Writer]:
    """The same directory as four processes would have it, each with its own lock and its own idea of the head."""
    return [writer, *(Writer(Directory(rows, schemas), schemas) for _ in range(3))]
