"""A strict client we did not write, and the tester built on it, over HTTP: every answer is checked against the RFCs.

``scim2-client`` refuses an answer with a status, a media type, an attribute or a value that the standard, or what the
service says of itself in /Schemas, does not allow there.
"""

import asyncio
from typing import Any

import httpx2
import pytest
from scim2_client.engines.httpx2 import AsyncSCIMClient, SyncSCIMClient
from scim2_models import (
    Error,
    ListResponse,
    PatchOp,
    PatchOperation,
    ScimProvider,
    SearchRequest,
)
from scim2_tester import check_server

from tests.client import ENTERPRISE, PROFILE_NAMES
from tests.conformance.deviations import deviations, expected, passed
from tests.conformance.examiners import Record, examined
from tests.integration.conftest import Connect, Remote


def http_options(remote: Remote) -> dict[str, Any]:
    return {
        "base_url": remote.base_url,
        "headers": {"Authorization": f"Bearer {remote.token}"},
        "timeout": 60,
        "trust_env": False,
    }


@pytest.mark.parametrize("profile", PROFILE_NAMES)
async def test_a_strict_client_goes_through_the_life_of_users_and_groups(
    connect: Connect, profile: str, record_property: Record
) -> None:
    remote = await connect(profile)
    answers: list[int] = []

    async def count(response: httpx2.Response) -> None:
        answers.append(response.status_code)

    async with httpx2.AsyncClient(**http_options(remote), event_hooks={"response": [count]}) as http:
        scim: Any = AsyncSCIMClient(http, provider=ScimProvider())
        await scim.discover()
        user_model: Any = scim.get_resource_model("User")
        group_model: Any = scim.get_resource_model("Group")
        ann = await scim.create(
            user_model.model_validate(
                {
                    "userName": "ann@example.com",
                    "name": {"givenName": "Ann", "familyName": "Lee"},
                    "emails": [{"value": "ann@example.com", "type": "work", "primary": True}],
                    "active": True,
                    ENTERPRISE: {"department": "Poetry", "manager": {"value": "0"}},
                }
            )
        )
        assert isinstance(ann, user_model), ann
        bob = await scim.create(user_model.model_validate({"userName": "bob@example.com"}))
        staff = await scim.create(group_model.model_validate({"displayName": "Staff", "members": [{"value": ann.id}]}))

        shown = await scim.query(user_model, ann.id)
        assert [group.value for group in shown.groups] == [staff.id]
        found = await scim.query(
            user_model, query_parameters=SearchRequest(filter='userName eq "ANN@example.com"', attributes=["userName"])
        )
        assert isinstance(found, ListResponse)
        assert [each.id for each in found.resources or ()] == [ann.id]
        everything = await scim.search(SearchRequest(filter='displayName eq "Staff" or userName sw "bob"', count=10))
        assert {each.id for each in everything.resources or ()} == {staff.id, bob.id}

        patched = await scim.modify(
            user_model,
            ann.id,
            PatchOp[user_model](
                operations=[
                    PatchOperation(op=PatchOperation.Op.replace_, path="active", value=False),
                    PatchOperation(op=PatchOperation.Op.add, path='emails[type eq "work"].display', value="Ann"),
                ]
            ),
        )
        assert (patched.active, patched.emails[0].display) == (False, "Ann")
        await scim.modify(
            group_model,
            staff.id,
            PatchOp[group_model](
                operations=[PatchOperation(op=PatchOperation.Op.add, path="members", value=[{"value": bob.id}])]
            ),
        )
        team = await scim.query(group_model, staff.id)
        assert {member.value for member in team.members} == {ann.id, bob.id}

        fresh = await scim.query(user_model, ann.id)
        fresh.title = "Poet"
        replaced = await scim.replace(fresh)
        assert replaced.title == "Poet"
        stale = await scim.replace(fresh, raise_scim_errors=False)
        assert isinstance(stale, user_model | Error)

        duplicate = await scim.create(
            user_model.model_validate({"userName": "BOB@example.com"}), raise_scim_errors=False
        )
        assert isinstance(duplicate, Error)
        assert (duplicate.status, duplicate.scim_type) == (409, "uniqueness")
        for model, identifier in ((group_model, staff.id), (user_model, ann.id), (user_model, bob.id)):
            assert await scim.delete(model, identifier) is None
            gone = await scim.query(model, identifier, raise_scim_errors=False)
            assert isinstance(gone, Error)
            assert gone.status == 404
    examined(record_property, "client", profile, len(answers))


@pytest.mark.parametrize("profile", PROFILE_NAMES)
async def test_the_tester_finds_no_more_than_is_expected_over_http(
    connect: Connect, profile: str, record_property: Record
) -> None:
    remote = await connect(profile)

    def run() -> list[Any]:
        with httpx2.Client(**http_options(remote)) as http:
            return list(check_server(SyncSCIMClient(http, provider=ScimProvider())))

    results = await asyncio.to_thread(run)
    assert deviations(results) == expected(profile)
    assert len(results) > 100
    examined(record_property, "tester over HTTP", profile, passed(results))
