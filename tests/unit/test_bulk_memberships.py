"""Memberships in bulk requests, as the draft that describes them has it."""

import pytest

from tests.bulk import BULK_REQUEST, delete, group, identifier, members, read, send, statuses, user
from tests.client import GROUP, USER, Client, connected, new_app

MEMBERSHIP = "urn:ietf:params:scim:schemas:core:2.0:GroupMembership"
NOBODY = "00000000-0000-7000-8000-000000000000"


def creation(bulk_id: str, group: str, member: str) -> dict[str, object]:
    data = {"schemas": [MEMBERSHIP], "group": {"value": group}, "member": {"value": member}}
    return {"method": "POST", "path": "/GroupMemberships", "bulkId": bulk_id, "data": data}


@pytest.mark.parametrize("size", [1, 200])
async def test_memberships_come_and_go_in_one_request(size: int) -> None:
    client = await connected(Client, new_app(), profile="rfc", group_memberships="on")
    ids = [(await client.user(f"user{number}"))["id"] for number in range(size + 2)]
    group = (await client.group("Staff"))["id"]
    for start in range(0, size, 40):
        linked = [{"value": each} for each in ids[start : min(start + 40, size)]]
        await client.patch(f"/Groups/{group}", {"op": "add", "path": "members", "value": linked})
    operations = [
        creation("a", group, ids[size]),
        creation("b", group, ids[size + 1]),
        creation("c", group, ids[0]),
        {"method": "DELETE", "path": f"/GroupMemberships/{group}.{ids[0]}"},
        creation("d", "bulkId:group", "bulkId:user"),
        {"method": "POST", "path": "/Users", "bulkId": "user", "data": {"schemas": [USER], "userName": "new"}},
        {"method": "POST", "path": "/Groups", "bulkId": "group", "data": {"schemas": [GROUP], "displayName": "New"}},
        creation("e", group, NOBODY),
    ]
    answer = await client.post("/Bulk", {"schemas": [BULK_REQUEST], "Operations": operations})
    done = {each.get("bulkId", "deletion"): each for each in answer.json["Operations"]}
    assert {name: each["status"] for name, each in done.items()} == {
        "a": "201",
        "b": "201",
        "c": "409",
        "deletion": "204",
        "d": "201",
        "user": "201",
        "group": "201",
        "e": "400",
    }
    assert done["a"]["location"].endswith(f"/GroupMemberships/{group}.{ids[size]}")
    new = (await client.get("/Groups?filter=displayName+eq+%22New%22")).json["Resources"][0]
    assert done["d"]["location"].endswith(f"/GroupMemberships/{new['id']}.{new['members'][0]['value']}")
    listed = await client.get(f"/GroupMemberships?filter=group.value+eq+%22{group}%22&count=500")
    assert {each.partition(".")[2] for each in listed.ids} == {*ids[1:]}


async def test_memberships_are_resources_like_any_other() -> None:
    client = await connected(Client, new_app(), group_memberships="on")
    urn = "urn:ietf:params:scim:schemas:core:2.0:GroupMembership"
    data = {"schemas": [urn], "group": {"value": "bulkId:g"}, "member": {"value": "bulkId:ann"}}
    membership = {"method": "POST", "path": "/GroupMemberships", "bulkId": "m", "data": data}
    sent = [membership, user("ann"), group("g"), membership | {"bulkId": "again"}]
    results = await send(client, *sent)
    assert statuses(results) == ["201", "201", "201", "409"]
    assert await members(client, results[2]) == {identifier(results[1])}
    assert (await read(client, results[0]))["member"]["value"] == identifier(results[1])
    gone = await send(client, delete(f"/GroupMemberships/{identifier(results[0])}"))
    assert statuses(gone) == ["204"]
    assert await members(client, results[2]) == set()
    both = await send(client, membership, user("bob"), group("h"), delete("/GroupMemberships/bulkId:m"))
    assert statuses(both) == ["400", "201", "201", "409"]
