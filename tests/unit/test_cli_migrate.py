"""The command that brings a directory's rows to what this version writes."""

import asyncio

import pytest

from scim import cli, remodel
from scim.custom import Custom
from scim.storage import backfilling, keys
from scim.storage.memory import MemoryTables
from scim.storage.rows import Merge
from tests.client import Client, connected, new_app
from tests.custom import BADGE, assert_in_order, attribute, give, silent, user_badge
from tests.faults.lossy import Crash

NUMBER = attribute("number", uniqueness="server")


class Operator:
    """Runs the command on one store, whose only provider is contoso."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self.tables = MemoryTables()
        self._capsys = capsys

    def __call__(self, status: int = 0) -> str:
        """What the command says: on stderr if it is to fail."""
        assert cli.main(["migrate", "contoso"]) == status
        said = self._capsys.readouterr()
        return said.err if status else said.out


@pytest.fixture
def operator(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Operator:
    operator = Operator(capsys)
    monkeypatch.setattr("scim.app.AzureTables", lambda _: operator.tables)
    monkeypatch.setenv("ROLLCALL_STORAGE", "https://a.table.core.windows.net")
    monkeypatch.setenv("ROLLCALL_PUBLIC_URL", "https://scim.example")
    return operator


async def test_rows_in_the_newest_layout_are_left_alone(operator: Operator) -> None:
    client = await connected(Client, new_app(operator.tables))
    assert await asyncio.to_thread(operator) == (
        "The rows are in layout 1, which is the newest.\nNo index is waiting to be built.\n"
    )
    rows = client.app.tables.rows(client.provider.table, client.provider.table)
    head = await rows.get(keys.HEAD)
    assert head is not None
    await rows.transact([Merge(keys.HEAD, head.etag, {"layout": 2})])
    assert "the rows are in layout 2, and this version knows 1" in await asyncio.to_thread(operator, 1)


async def test_an_index_whose_building_broke_off_is_built_to_its_end(
    operator: Operator, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = await connected(Client, new_app(operator.tables, cache_seconds=0), profile="rfc")
    await give(client, user_badge(attribute("number")))
    for n in range(120):
        await client.user(f"user{n}", **{BADGE: {"number": str(n)}})

    async def dies(*_: object) -> None:
        raise Crash

    with monkeypatch.context() as patch:
        patch.setattr(backfilling, "_at_once", dies)
        patch.setattr(remodel, "_take_back", dies)
        with pytest.raises(Crash):
            await remodel.apply(client.app.providers, "contoso", Custom.model_validate(user_badge(NUMBER)), silent)
    await client.user("meanwhile", **{BADGE: {"number": "meanwhile"}})
    assert (await client.app.providers.get("contoso")).coming
    assert f"User: {BADGE}:number becomes unique." in await asyncio.to_thread(operator)
    provider = await client.app.providers.get("contoso")
    assert (provider.custom, provider.coming) == (Custom.model_validate(user_badge(NUMBER)).text, "")
    await assert_in_order(client)
    assert "No index is waiting" in await asyncio.to_thread(operator)
