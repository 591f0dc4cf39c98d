"""What all tests share: the schemas, the two kinds of tables, and closed sockets where none are needed."""

import uuid
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from pytest_socket import disable_socket

from scim.local import azurite as emulator
from scim.schema import Schemas
from scim.storage.memory import MemoryTables
from scim.storage.rows import Rows, Tables
from scim.storage.tables import AzureTables

_TESTS = Path(__file__).parent
_WITHOUT_NETWORK = {"infra", "properties", "unit"}


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Close sockets to tests that need none, but for those marked ``enable_socket``; an event loop needs its own."""
    folder = item.path.relative_to(_TESTS).parts[0]
    if folder in _WITHOUT_NETWORK and item.get_closest_marker("enable_socket") is None:
        disable_socket(allow_unix_socket=True)


@pytest.fixture(scope="session")
def schemas() -> Schemas:
    """RFC 7643's own schemas and resource types."""
    return Schemas.load()


@pytest.fixture(scope="session")
def azurite() -> Iterator[str]:
    """The connection string of an Azurite that runs as long as the tests do."""
    with emulator.running() as connection_string:
        yield connection_string


@pytest.fixture(scope="session")
def blobs() -> Iterator[str]:
    """The connection string of an Azurite with blobs, for as long as the tests run."""
    with emulator.running({"blob": 0, "queue": 0, "table": 0}) as connection_string:
        yield connection_string


@pytest.fixture(params=["memory", "azurite"])
async def tables(request: pytest.FixtureRequest) -> AsyncIterator[Tables]:
    """A storage account: one in memory, then Azurite's."""
    kind = request.param
    account: Tables = MemoryTables() if kind == "memory" else AzureTables(request.getfixturevalue("azurite"))
    yield account
    await account.close()


@pytest.fixture
async def rows(tables: Tables) -> AsyncIterator[Rows]:
    """A partition of a fresh table."""
    name = f"t{uuid.uuid4().hex}"
    await tables.create(name)
    yield tables.rows(name, name)
    await tables.drop(name)
