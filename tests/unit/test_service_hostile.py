"""Requests made to break the service, or to keep it busy: refused with a reason, and quickly."""

from time import process_time

import pytest

from scim import patch
from scim.schema import Json, JsonObject
from tests.client import USER, Client, new_client


@pytest.fixture(params=["rfc", "entra"])
async def client(request: pytest.FixtureRequest) -> Client:
    return await new_client(request.param)


@pytest.mark.parametrize("text", ['{"value":"\\ud800"}', '{"value":"a\\u0000b"}', '{"value":"a","value":"b"}', "{"])
async def test_json_text_that_the_service_would_not_read_stays_text(text: str) -> None:
    client = await new_client("entra")
    user = await client.user("ann", roles=[{"value": text}])
    assert user["roles"] == [{"value": text}]
    role = {"op": "Add", "path": "roles", "value": [{"value": text, "type": "x"}]}
    assert (await client.patch(f"/Users/{user['id']}", role)).json["roles"][1]["value"] == text


async def _seconds(client: Client, user: JsonObject, value: Json) -> float:
    started = process_time()
    assert (await client.patch(f"/Users/{user['id']}", {"op": "replace", "value": value})).status < 500
    return process_time() - started


async def test_unknown_names_take_time_in_proportion(client: Client) -> None:
    user = await client.user("ann")
    few = [await _seconds(client, user, {f"x{n}": 1 for n in range(500)}) for _ in range(3)]
    many = [await _seconds(client, user, {f"x{n}": 1 for n in range(5_000)}) for _ in range(3)]
    assert min(many) < 40 * min(few)  # 10 times the names: 100 times the time if it grew with the square


@pytest.mark.parametrize("value", ["[" * 50_000, "a[" * 25_000, "." * 50_000])
async def test_odd_names_of_attributes_are_passed_over_at_once(client: Client, value: str) -> None:
    started = process_time()
    search = {"schemas": ["urn:ietf:params:scim:api:messages:2.0:SearchRequest"], "attributes": [value]}
    assert (await client.post("/Users/.search", search)).status == 200
    assert process_time() - started < 100 * await _baseline(client)


async def _baseline(client: Client) -> float:
    started = process_time()
    for _ in range(10):
        await client.get("/Users")
    return process_time() - started


async def test_operations_that_look_at_values_without_end_are_413(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    user = await client.user("ann", roles=[{"value": str(number)} for number in range(100)])
    again = {"op": "add", "path": "roles", "value": [{"value": "1"}]}
    monkeypatch.setattr(patch, "MAX_WORK", 10_000)
    assert (await client.patch(f"/Users/{user['id']}", *[again] * 10)).status == 200
    refused = await client.patch(f"/Users/{user['id']}", *[again] * 11)
    assert refused.error == (413, None)
    assert "look at too many values" in refused.json["detail"]
    selecting = {"op": "remove", "path": "roles[" + " or ".join(f'value eq "x{n}"' for n in range(100)) + "]"}
    assert (await client.patch(f"/Users/{user['id']}", selecting)).error == (413, None)


async def test_many_unknown_names_are_recorded_by_their_number(client: Client) -> None:
    body = {"schemas": [USER], "userName": "ann", **{f"unknown{number}": 1 for number in range(5_000)}}
    assert (await client.post("/Users", body)).status == 201
    changes = [change async for change in client.app.providers.directory(client.provider).changes()]
    assert [(note.quirk, note.attribute) for note in changes[-1].notes][-1] == ("more_notes", "4900")
    assert len(changes[-1].notes) == 101


@pytest.mark.parametrize("selector", ['type eq "User"', "type pr", "$ref pr", '$ref co "Users"'])
async def test_an_operation_sees_what_one_before_it_added(client: Client, selector: str) -> None:
    user, group = await client.user("ann"), await client.group("staff")
    add = {"op": "add", "path": "members", "value": [{"value": user["id"]}]}
    remove = {"op": "remove", "path": f"members[{selector}]"}
    path = f"/Groups/{group['id']}"
    assert (await client.patch(path, add, remove)).status == 204
    assert "members" not in (await client.get(path)).json
    assert (await client.patch(path, remove, add)).status == 204
    assert (await client.get(path)).json["members"][0]["value"] == user["id"]


async def test_adding_nothing_to_a_member_does_not_remove_it(client: Client) -> None:
    user = await client.user("ann")
    group = await client.group("staff", user["id"])
    add = {"op": "add", "path": f'members[value eq "{user["id"]}"]', "value": None}
    await client.patch(f"/Groups/{group['id']}", add)
    assert (await client.get(f"/Groups/{group['id']}")).json["members"][0]["value"] == user["id"]


@pytest.mark.parametrize("path", ['displayName[type eq "work"].value', 'emails[foo eq "work"].value', "nosuch"])
async def test_one_unusable_path_does_not_keep_a_disable_from_arriving(path: str) -> None:
    client = await new_client("entra")
    user = await client.user("ann", active=True)
    unusable = {"op": "Replace", "path": path, "value": "x"}
    disable = {"op": "Replace", "path": "active", "value": "False"}
    for operations in ([unusable, disable], [disable, unusable]):
        await client.patch(f"/Users/{user['id']}", {"op": "Replace", "path": "active", "value": True})
        assert (await client.patch(f"/Users/{user['id']}", *operations)).json["active"] is False
    assert (await client.patch(f"/Users/{user['id']}", unusable)).status == 400
    together = {"op": "replace", "value": {path: "x", "active": True}}
    assert (await client.patch(f"/Users/{user['id']}", together)).json["active"] is True


async def test_parts_of_strings_keep_their_blanks(client: Client) -> None:
    user = await client.user("ann", nickName="Babs Jensen")
    for filter_, found in [
        ('nickName+co+"s+J"', True),
        ('nickName+co+"bs++"', False),
        ('nickName+sw+"Babs+"', True),
        ('nickName+sw+"Bab+"', False),
        ('nickName+ew+"+Jensen"', True),
        ('nickName+ew+"+ensen"', False),
        ('nickName+eq+"+babs+jensen+"', True),
    ]:
        assert ((await client.get(f"/Users?filter={filter_}")).ids == [user["id"]]) is found, filter_


async def test_an_index_of_any_length_is_an_integer(client: Client) -> None:
    await client.user("ann")
    assert (await client.get(f"/Users?startIndex={'9' * 40}")).ids == []
    assert len((await client.get(f"/Users?count={'9' * 40}")).ids) == 1
