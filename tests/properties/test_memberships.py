"""Memberships as resources and as members of groups: whichever way they come and go, all views tell the same."""

import asyncio
from itertools import chain
from typing import Literal

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.client import Client, connected, new_app

MEMBERSHIP = "urn:ietf:params:scim:schemas:core:2.0:GroupMembership"
USERS, GROUPS = 5, 3

type Way = Literal["patch", "resource", "put"]
type Verb = Literal["add", "remove"]
type Step = tuple[Way, Verb, int, int]
"""How, what, in which group, and which member: a user, or, counted on from there, a group."""

steps = st.tuples(
    st.sampled_from(["patch", "resource", "put"]),
    st.sampled_from(["add", "remove"]),
    st.integers(0, GROUPS - 1),
    st.integers(0, USERS + GROUPS - 1),
)


@settings(deadline=None, max_examples=40)
@given(st.sampled_from(["rfc", "entra"]), st.integers(1, 7), st.lists(steps, max_size=25))
def test_every_view_of_memberships_tells_the_same(profile: str, page: int, history: list[Step]) -> None:
    asyncio.run(_acted_out(profile, page, history))


async def _acted_out(profile: str, page: int, history: list[Step]) -> None:
    client = await connected(Client, new_app(), profile=profile, group_memberships="on")
    users = [(await client.user(f"user{number}"))["id"] for number in range(USERS)]
    groups = [(await client.group(f"group{number}"))["id"] for number in range(GROUPS)]
    everybody = [*users, *groups]
    model: dict[str, set[str]] = {group: set() for group in groups}
    for way, verb, at, which in history:
        group, member = groups[at], everybody[which]
        await _act(client, (way, verb), group, member, model[group])
        (model[group].add if verb == "add" else model[group].discard)(member)
    await _compare(client, page, users, everybody, model)


async def _act(client: Client, doing: tuple[Way, Verb], group: str, member: str, before: set[str]) -> None:
    """Add a member or remove one; the answer must be the one for who was there before."""
    way, there, adding = doing[0], member in before, doing[1] == "add"
    if way == "resource" and adding:
        body = {"schemas": [MEMBERSHIP], "group": {"value": group}, "member": {"value": member}}
        assert (await client.post("/GroupMemberships", body)).status == (409 if there else 201)
    elif way == "resource":
        assert (await client.delete(f"/GroupMemberships/{group}.{member}")).status == (204 if there else 404)
    elif way == "patch":
        add = {"op": "add", "path": "members", "value": [{"value": member}]}
        remove = {"op": "remove", "path": f'members[value eq "{member}"]'}
        assert (await client.patch(f"/Groups/{group}", add if adding else remove)).status == 204
    else:
        shown = (await client.get(f"/Groups/{group}")).json
        after = before | {member} if adding else before - {member}
        shown["members"] = [{"value": each} for each in after]
        assert (await client.put(f"/Groups/{group}", shown)).status == 200


async def _compare(
    client: Client, page: int, users: list[str], everybody: list[str], model: dict[str, set[str]]
) -> None:
    expected = {f"{group}.{member}" for group, members in model.items() for member in members}
    by_group = {group: await _walked(client, f"filter=group.value+eq+%22{group}%22&", page) for group in model}
    by_member = {each: await _walked(client, f"filter=member.value+eq+%22{each}%22&", page) for each in everybody}
    listed = await _walked(client, "", page)
    assert listed == [each for group in sorted(by_group) for each in by_group[group]], "group by group"
    assert set(listed) == expected
    assert len(listed) == len(expected)
    assert sorted(chain.from_iterable(by_member.values())) == sorted(listed)
    for group, members in model.items():
        shown = (await client.get(f"/Groups/{group}")).json.get("members", [])
        assert {each["value"] for each in shown} == members
        assert {each.partition(".")[2] for each in by_group[group]} == members
    for user in users:
        carried = (await client.get(f"/Users/{user}")).json.get("groups", [])
        assert {each.partition(".")[0] for each in by_member[user]} == {each["value"] for each in carried}
    for group, members in model.items():
        for member in everybody:
            status = (await client.get(f"/GroupMemberships/{group}.{member}")).status
            assert status == (200 if member in members else 404)


async def _walked(client: Client, query: str, page: int) -> list[str]:
    """The ids of all memberships that a query finds, page by page."""
    found: list[str] = []
    while True:
        answer = await client.get(f"/GroupMemberships?{query}startIndex={len(found) + 1}&count={page}")
        found += answer.ids
        if len(found) >= answer.json["totalResults"]:
            return found
        assert answer.ids
