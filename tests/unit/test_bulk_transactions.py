"""The transactions of a bulk request: some operations share one, some take several, some are decided again."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace

import pytest

from scim.errors import Conflict, NotFound, ScimError
from scim.storage.acts import Act, Written
from scim.storage.directory import Directory
from scim.storage.memory import MemoryTables
from scim.storage.rows import Rows
from tests.bulk import (
    delete,
    group,
    identifier,
    members,
    names,
    patch,
    read,
    send,
    statuses,
    user,
)
from tests.client import (
    PROFILE_NAMES,
    Client,
    new_app,
    new_client,
)
from tests.faults.scripted import Fate, ScriptedRows


@pytest.fixture(params=PROFILE_NAMES)
async def client(request: pytest.FixtureRequest) -> Client:
    return await new_client(request.param)


async def test_what_takes_several_transactions_alone_takes_them_in_a_bulk_request(client: Client) -> None:
    ann = await client.user("ann")
    for n in range(120):
        await client.group(f"g{n}", ann["id"])
    results = await send(client, user("bob"), delete(f"/Users/{ann['id']}"), user("ann"), patch("/Users/bulkId:ann"))
    assert statuses(results[:3]) == ["201", "204", "201"]
    assert (await client.get(f"/Users/{ann['id']}")).status == 404
    assert not [group for group in (await client.get("/Groups?count=200")).json["Resources"] if "members" in group]


async def test_what_takes_more_than_a_transaction_is_done_in_its_turn(client: Client) -> None:
    users = [user(f"u{n}") for n in range(150)]
    crowd = group("crowd", *(f"bulkId:u{n}" for n in range(150)))
    results = await send(client, *users, crowd, group("g", "bulkId:u0", "bulkId:u149"), group("h", "bulkId:crowd"))
    assert statuses(results) == ["201"] * 153


class Scripted(MemoryTables):
    """A storage account in memory, on the way to which transactions meet what a script says."""

    def __init__(self, calm: MemoryTables, *fates: Fate) -> None:
        self._calm = calm
        self._fates = fates

    def rows(self, table: str, partition: str) -> Rows:
        """A partition with the whole script before it."""
        return ScriptedRows(self._calm.rows(table, partition), *self._fates)


@pytest.mark.parametrize("fate", ["request lost", "answer lost", "comes late", "refused without a place"])
async def test_what_comes_late_is_told_as_it_came(fate: Fate) -> None:
    tables = MemoryTables()
    client = await new_client("rfc", tables)
    ann, bob = await client.user("ann"), await client.user("bob")
    unlucky = replace(client, app=new_app(Scripted(tables, fate)))
    title = {"op": "add", "path": "title", "value": "Boss"}
    results = await send(
        unlucky, delete(f"/Users/{ann['id']}", bulkId="a"), patch(f"/Users/{bob['id']}", title), user("eve", "bulkId:a")
    )
    assert statuses(results) == ["204", "200", "201"]
    assert (await read(client, results[1]))["title"] == "Boss"
    assert await names(client) == {"bob", "eve"}


async def test_what_stood_against_an_operation_when_it_was_first_decided_is_forgotten(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    ann = await client.user("ann")
    empty = client.app.providers.directory((await client.as_other("fabrikam")).provider)
    write_each = Directory.write_each

    async def again(self: Directory, wanted: Sequence[Act]) -> AsyncIterator[Written | ScimError]:
        assert [type(outcome) async for outcome in empty.try_each(wanted)] == [NotFound, Conflict, Conflict]
        async for outcome in write_each(self, wanted):
            yield outcome

    monkeypatch.setattr(Directory, "write_each", again)
    title = {"op": "add", "path": "title", "value": "Boss"}
    sent = [patch(f"/Users/{ann['id']}", title, bulkId="a"), user("bob", "bulkId:a"), group("g", "bulkId:bob")]
    results = await send(client, *sent)
    assert statuses(results) == ["200", "201", "201"]
    assert await members(client, results[2]) == {identifier(results[1])}


async def test_requests_at_the_same_time_do_not_mix(client: Client) -> None:
    sent = [
        [group(f"g{n}", *(f"bulkId:u{n}.{m}" for m in range(30))), *(user(f"u{n}.{m}") for m in range(30))]
        for n in range(4)
    ]
    answers = await asyncio.gather(*(send(client, *operations, user("same") | {"bulkId": "x"}) for operations in sent))
    assert sorted(results[-1]["status"] for results in answers) == ["201", "409", "409", "409"]
    for results in answers:
        assert statuses(results[:-1]) == ["201"] * 31
        assert await members(client, results[0]) == {identifier(result) for result in results[1:-1]}
