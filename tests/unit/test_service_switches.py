"""Every switch of every profile, overridden for one provider both ways: what it lets pass, and what it does not."""

from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest

from scim.profiles import PROFILES, SWITCHES
from tests.client import ENTERPRISE, GROUP, USER, Answer, Client, connected, new_app

NOBODY = "01a21575-5b66-758d-9c8f-eea8ae975b63"
UNKNOWN = "urn:example:Unknown"

type Probe = Callable[[Client], Awaitable[object]]


async def user(client: Client, **attributes: object) -> Answer:
    return await client.post("/Users", {"schemas": [USER], "userName": "bert", **attributes})


async def patch_user(client: Client, *operations: dict[str, object]) -> Answer:
    return await client.patch(f"/Users/{(await client.user('anna'))['id']}", *operations)


async def patch_group(client: Client, op: str, *members: str) -> Answer:
    """Patch the members of a group of which anna is the only member."""
    anna = (await client.user("anna"))["id"]
    team = (await client.group("Team", anna))["id"]
    value = [{"value": identifier} for identifier in (members or (anna,))]
    await client.patch(f"/Groups/{team}", {"op": op, "path": "members", "value": value})
    return await client.get(f"/Groups/{team}")


async def create_unmatched(client: Client) -> object:
    return await patch_user(client, {"op": "add", "path": 'emails[type eq "home"].value', "value": "a@b.example"})


async def boolean_strings(client: Client) -> object:
    return await user(client, active="False")


async def remove_values(client: Client) -> object:
    return "members" not in (await patch_group(client, "remove")).json


async def replace_members(client: Client) -> object:
    other = (await client.user("other"))["id"]
    return len((await patch_group(client, "replace", other)).json["members"]) == 2


async def loose_values(client: Client) -> object:
    return await patch_user(client, {"op": "add", "path": f"{ENTERPRISE}:manager", "value": "42"})


async def empty_unassigns(client: Client) -> object:
    return "title" not in (await user(client, title="")).json


async def unquoted_literals(client: Client) -> object:
    return await client.get("/Users?filter=userName+eq+anna")


async def ignore_unknown_schemas(client: Client) -> object:
    return await user(client, **{UNKNOWN: {"a": 1}})


async def bare_extension_names(client: Client) -> object:
    return await client.get("/Users?filter=manager+pr")


async def allow_empty_operations(client: Client) -> object:
    return await patch_user(client)


async def allow_missing_schemas(client: Client) -> object:
    return await client.post("/Users", {"userName": "bert"})


async def skip_unknown_paths(client: Client) -> object:
    title: dict[str, object] = {"op": "add", "path": "title", "value": "Boss"}
    return await patch_user(client, title, {"op": "add", "path": "shoeSize", "value": 42})


async def skip_unknown_members(client: Client) -> object:
    other = (await client.user("other"))["id"]
    return len((await patch_group(client, "add", NOBODY, other)).json["members"]) == 2


async def last_primary_wins(client: Client) -> object:
    return await user(client, emails=[{"value": f"{n}@b.example", "primary": True} for n in range(2)])


async def plain_schemas(client: Client) -> object:
    return "externalId" in {each["name"] for each in (await client.get(f"/Schemas/{USER}")).json["attributes"]}


async def unique_group_names(client: Client) -> object:
    await client.group("Team")
    return (await client.post("/Groups", {"schemas": [GROUP], "displayName": "team"})).status == 409


async def refuse_personal_urls(client: Client) -> object:
    return (await client.get("/Users?filter=userName+eq+%22ann%22")).status == 403


async def group_memberships(client: Client) -> object:
    return await client.get("/GroupMemberships")


PROBES: dict[str, Probe] = {
    probe.__name__: probe
    for probe in (
        create_unmatched,
        boolean_strings,
        remove_values,
        replace_members,
        loose_values,
        empty_unassigns,
        unquoted_literals,
        ignore_unknown_schemas,
        bare_extension_names,
        allow_empty_operations,
        allow_missing_schemas,
        skip_unknown_paths,
        skip_unknown_members,
        last_primary_wins,
        plain_schemas,
        refuse_personal_urls,
        unique_group_names,
        group_memberships,
    )
}


def test_every_switch_is_probed() -> None:
    assert tuple(PROBES) == SWITCHES


@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize("switch", SWITCHES)
@pytest.mark.parametrize("bent", [True, False])
async def test_a_switch_is_overridden_for_one_provider(profile: str, switch: str, bent: bool) -> None:
    word = ("add" if bent else "set") if switch == "replace_members" else "on" if bent else "off"
    client = await connected(Client, new_app(), profile=profile, **{switch: word})
    outcome = await PROBES[switch](client)
    assert (outcome.status < 300 if isinstance(outcome, Answer) else outcome) is bent


@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize("switch", SWITCHES)
async def test_without_an_override_a_switch_is_as_the_profile_has_it(profile: str, switch: str) -> None:
    client = await connected(Client, new_app(), profile=profile)
    outcome = await PROBES[switch](client)
    expected = getattr(PROFILES[profile], switch)
    assert (outcome.status < 300 if isinstance(outcome, Answer) else outcome) is (expected in (True, "add"))


@pytest.mark.parametrize("profile", PROFILES)
async def test_an_override_made_later_acts_and_can_be_taken_back(profile: str) -> None:
    client = await connected(Client, new_app(cache_seconds=0), profile=profile)
    for word, status in (("on", 200), ("off", 400), ("on", 200)):
        changed = replace(client, provider=await client.app.providers.set("contoso", {"unquoted_literals": word}))
        assert (await changed.get("/Users?filter=userName+eq+anna")).status == status
