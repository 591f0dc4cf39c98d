"""The command that brings a directory's rows to what this version writes."""

import asyncio

import pytest

from scim import cli, normal_forms, remodel
from scim.custom import Custom
from scim.providers import ProviderError
from scim.schema import Schemas
from scim.storage import backfilling, keys, layouts
from scim.storage.memory import MemoryTables
from scim.storage.rows import Merge, Rows
from tests.client import Client, connected, new_app
from tests.custom import BADGE, assert_in_order, attribute, give, silent, user_badge
from tests.faults.lossy import Crash
from tests.pythons import CAPITAL, GARAY, GARAY_SMALL, NEW, pythons, running

__all__ = ["pythons"]

NUMBER = attribute("number", uniqueness="server")


class Operator:
    """Runs the command on one store, whose only provider is contoso."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self.tables = MemoryTables()
        self._capsys = capsys

    def __call__(self, *arguments: str, status: int = 0) -> str:
        """What the command says: on stderr if it is to fail."""
        assert cli.main(["migrate", *arguments]) == status
        said = self._capsys.readouterr()
        return said.err if status else said.out


@pytest.fixture
def operator(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Operator:
    operator = Operator(capsys)
    monkeypatch.setattr("scim.app.AzureTables", lambda *_: operator.tables)
    monkeypatch.setenv("ROLLCALL_STORAGE", "https://a.table.core.windows.net")
    monkeypatch.setenv("ROLLCALL_PUBLIC_URL", "https://scim.example")
    return operator


async def test_rows_in_the_newest_layout_are_left_alone(operator: Operator) -> None:
    client = await connected(Client, new_app(operator.tables))
    assert await asyncio.to_thread(operator, "contoso") == (
        "The rows are in layout 1, which is the newest.\n"
        f"The keys are in the normal form {normal_forms.form()}, which is this version's.\n"
        "No index is waiting to be built.\n"
    )
    rows = client.app.tables.rows(client.provider.table, client.provider.table)
    head = await rows.get(keys.HEAD)
    assert head is not None
    await rows.transact([Merge(keys.HEAD, head.etag, {"layout": 2})])
    said = await asyncio.to_thread(operator, "contoso", status=1)
    assert "rows are in layout 2, and this version of the service knows 1" in said


async def to_two(rows: Rows, _: Schemas) -> None:
    """A step to the next layout."""
    head = await rows.get(keys.HEAD)
    assert head is not None
    await rows.transact([Merge(keys.HEAD, head.etag, {"layout": 2})])


async def test_steps_lead_to_the_newest_layout(operator: Operator, monkeypatch: pytest.MonkeyPatch) -> None:
    await connected(Client, new_app(operator.tables))
    for module in ("storage.records", "cli_migrate"):
        monkeypatch.setattr(f"scim.{module}.LAYOUT", 2)
    monkeypatch.setattr(layouts.bring, "__defaults__", ({1: to_two}, 2))
    assert "in layout 1, and would be brought to 2 first" in await asyncio.to_thread(operator, "contoso", "--dry-run")
    assert "The rows are in layout 2 now." in await asyncio.to_thread(operator, "contoso")
    assert "The rows are in layout 2, which is the newest." in await asyncio.to_thread(operator, "contoso")


@pytest.mark.usefixtures("pythons")
async def test_the_keys_of_all_providers_are_brought_to_another_form(operator: Operator) -> None:
    client = await connected(Client, new_app(operator.tables, cache_seconds=0), profile="rfc")
    other = await client.as_other("fabrikam", "rfc")
    ids = [(await other.user(name))["id"] for name in (f"{GARAY}1", f"{GARAY_SMALL}1")]
    await client.user(f"{CAPITAL}da")
    with running(NEW):
        with pytest.raises(ProviderError, match="run 'migrate contoso' first"):
            await give(client, user_badge(attribute("number")))
        dry = await asyncio.to_thread(operator, "contoso", "--dry-run")
        assert "would be brought from the normal form 1/15.1.0 to 1/16.0.0; index rows made: 1, deleted: 1." in dry
        dry = await asyncio.to_thread(operator, "fabrikam", "--dry-run", status=1)
        assert "Run this without --dry-run, and it will stop there." in dry
        said = await asyncio.to_thread(operator, status=1)
        assert f"user.userName: the values of {ids[1]} and {ids[0]} become equal\n" in said
        assert GARAY not in said
        assert "fabrikam: " in said
        assert "which is this version's" in await asyncio.to_thread(operator, "contoso")
        await give(client, user_badge(attribute("number")))
        assert (await other.delete(f"/Users/{ids[1]}")).status == 204
        assert "are brought from the normal form" in await asyncio.to_thread(operator)
        await assert_in_order(client)
        await assert_in_order(other)


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
    assert f"User: {BADGE}:number becomes unique." in await asyncio.to_thread(operator, "contoso")
    provider = await client.app.providers.get("contoso")
    assert (provider.custom, provider.coming) == (Custom.model_validate(user_badge(NUMBER)).text, "")
    await assert_in_order(client)
    assert "No index is waiting" in await asyncio.to_thread(operator, "contoso")
