"""What unit tests share: a storage account for the command line."""

import pytest

from scim.storage.memory import MemoryTables
from tests.client import ORIGIN


@pytest.fixture
def account(monkeypatch: pytest.MonkeyPatch) -> MemoryTables:
    """The storage account that commands reach: one in memory."""
    tables = MemoryTables()
    monkeypatch.setattr("scim.app.AzureTables", lambda *_: tables)
    monkeypatch.setenv("ROLLCALL_STORAGE", "https://a.table.core.windows.net")
    monkeypatch.setenv("ROLLCALL_PUBLIC_URL", ORIGIN)
    return tables
