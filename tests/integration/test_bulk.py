"""Bulk requests through the host, on Azurite."""

from typing import Any

import httpx2
import pytest
from scim2_client.engines.httpx2 import AsyncSCIMClient
from scim2_models import BulkOperation, BulkRequest, BulkResponse, Error, ScimProvider

from tests.client import ENTERPRISE, GROUP, PROFILE_NAMES, USER
from tests.integration.conftest import Connect, Remote

BULK_REQUEST = "urn:ietf:params:scim:api:messages:2.0:BulkRequest"


async def test_two_hundred_operations_that_refer_to_each_other_are_one_request(client: Remote) -> None:
    gone = [(await client.user(f"gone{n}"))["id"] for n in range(10)]
    groups = [
        {
            "method": "POST",
            "path": "/Groups",
            "bulkId": f"g{n}",
            "data": {
                "schemas": [GROUP],
                "displayName": f"Group {n}",
                "members": [{"value": f"bulkId:u{m}"} for m in range(n, 160, 10)]
                + [{"value": f"bulkId:g{(n + 1) % 10}"}],
            },
        }
        for n in range(10)
    ]
    users = [
        {
            "method": "POST",
            "path": "/Users",
            "bulkId": f"u{n}",
            "data": {
                "schemas": [USER, ENTERPRISE],
                "userName": f"user{n}@example.com",
                ENTERPRISE: {"manager": {"value": f"bulkId:u{n // 2}"}},
            },
        }
        for n in range(160)
    ]
    changes = [
        {
            "method": "PATCH",
            "path": f"/Groups/bulkId:g{n}",
            "data": [{"op": "remove", "path": f'members[value eq "bulkId:u{n}"]'}],
        }
        for n in range(10)
    ]
    deletions = [{"method": "DELETE", "path": f"/Users/{identifier}"} for identifier in gone]
    refused = [users[n] | {"bulkId": f"again{n}"} for n in range(10)]
    sent = [*groups, *users, *changes, *deletions, *refused]
    answer = await client.post("/Bulk", {"schemas": [BULK_REQUEST], "Operations": sent})
    assert answer.status == 200, answer.content
    results = answer.json["Operations"]
    assert [result["status"] for result in results] == ["201"] * 170 + ["204"] * 20 + ["409"] * 10
    ids = {result["bulkId"]: result["location"].rpartition("/")[2] for result in results[:170]}
    for n in (0, 9):
        group = (await client.get(f"/Groups/{ids[f'g{n}']}")).json
        expected = {ids[f"u{m}"] for m in range(n + 10, 160, 10)} | {ids[f"g{(n + 1) % 10}"]}
        assert {member["value"] for member in group["members"]} == expected
        assert group["meta"]["location"] == results[n]["location"]
    for n in (0, 1, 159):
        user = (await client.get(f"/Users/{ids[f'u{n}']}")).json
        assert user[ENTERPRISE]["manager"]["value"] == ids[f"u{n // 2}"]
    assert (await client.get("/Users?count=0")).json["totalResults"] == 160


@pytest.mark.parametrize("profile", PROFILE_NAMES)
async def test_a_strict_client_understands_every_result(connect: Connect, profile: str) -> None:
    remote = await connect(profile)
    ann = (await remote.user("ann"))["id"]
    http_options: dict[str, Any] = {"headers": {"Authorization": f"Bearer {remote.token}"}, "trust_env": False}
    async with httpx2.AsyncClient(base_url=remote.base_url, timeout=60, **http_options) as http:
        scim: Any = AsyncSCIMClient(http, provider=ScimProvider())
        await scim.discover()
        user_model, group_model = scim.get_resource_model("User"), scim.get_resource_model("Group")
        bob = user_model.model_validate({"userName": "bob"})
        members = [{"value": "bulkId:bob"}, {"value": "bulkId:crew"}]
        crew = group_model.model_validate({"displayName": "Crew", "members": members})
        some: Any = BulkOperation
        people, crews = some[user_model], some[group_model]
        operations: list[Any] = [
            crews(method="POST", path="/Groups", bulk_id="crew", data=crew),
            people(method="POST", path="/Users", bulk_id="bob", data=bob),
            people(method="PUT", path=f"/Users/{ann}", data=user_model.model_validate({"userName": "anna"})),
            people(method="DELETE", path=f"/Users/{ann}", version='W/"old"'),
            people(method="DELETE", path=f"/Users/{ann}"),
        ]
        either: Any = BulkRequest
        answer = await scim.bulk(either[user_model | group_model](operations=operations))
    assert isinstance(answer, BulkResponse)
    results = answer.operations or []
    assert [str(result.status) for result in results] == ["201", "201", "200", "412", "204"]
    assert isinstance(results[3].response, Error)
    assert results[3].response.status == 412
    shown = (await remote.get(f"/Groups/{str(results[0].location).rpartition('/')[2]}")).json
    assert {member["$ref"] for member in shown["members"]} == {results[0].location, results[1].location}
