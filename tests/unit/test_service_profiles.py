"""What each profile makes of what clients send: the table of the profiles' switches, on the wire."""

from typing import Any

import pytest

from tests.client import ENTERPRISE, GROUP, PATCH_OP, USER, Answer, Client, new_client

NOBODY = "01990000-0000-7000-8000-000000000000"

type Operation = dict[str, Any]


async def patched(profile: str, *operations: Operation, **attributes: Any) -> tuple[Answer, Client, str]:  # noqa: ANN401 (JSON)
    """A user with some attributes, after a PATCH."""
    client = await new_client(profile)
    path = f"/Users/{(await client.user('ann', **attributes))['id']}"
    return await client.patch(path, *operations), client, path


def replace(path: str, value: object) -> Operation:
    return {"op": "replace", "path": path, "value": value}


WORK = {"type": "work", "value": "a@x.example"}
PRIMARY_ROLE = {"value": "r1", "primary": True}

PATCHES: dict[str, tuple[dict[str, Any], list[Operation], dict[str, Any], str]] = {
    "an unmatched value path": (
        {},
        [replace('emails[type eq "work"].value', "a@x.example")],
        {"emails": [WORK]},
        "noTarget",
    ),
    "a string for a boolean": ({}, [replace("active", "False")], {"active": False}, "invalidValue"),
    "a string for a boolean in a path": (
        {"roles": [PRIMARY_ROLE]},
        [replace('roles[primary eq "True"].value', "r2")],
        {"roles": [{"value": "r2", "primary": True}]},
        "invalidFilter",
    ),
    "remove with a value": (
        {"emails": [WORK, {"type": "home", "value": "h@x.example"}]},
        [{"op": "remove", "path": "emails", "value": [{"value": "h@x.example"}]}],
        {"emails": [WORK]},
        "invalidValue",
    ),
    "a bare string for a complex value": (
        {},
        [replace(f"{ENTERPRISE}:manager", "m1")],
        {ENTERPRISE: {"manager": {"value": "m1"}}},
        "invalidValue",
    ),
    "an array for a single value": (
        {},
        [replace(f"{ENTERPRISE}:manager", [{"$ref": None, "value": "m1"}])],
        {ENTERPRISE: {"manager": {"value": "m1"}}},
        "invalidValue",
    ),
    "JSON text in a role": (
        {},
        [{"op": "add", "path": "roles", "value": [{"value": '{"id":"1","value":"Admin","displayName":"Admins"}'}]}],
        {"roles": [{"value": "Admin", "display": "Admins"}]},
        "",
    ),
    "an empty string": ({"title": "Boss"}, [replace("title", "")], {}, ""),
    "an empty string on another type": ({"active": True}, [replace("active", "")], {}, "invalidValue"),
    "an empty manager": (
        {ENTERPRISE: {"manager": {"value": "m1"}}},
        [replace(f"{ENTERPRISE}:manager", {"value": ""})],
        {},
        "",
    ),
    "a bare name of an extension's attribute": (
        {},
        [replace("manager", {"value": "m1"})],
        {ENTERPRISE: {"manager": {"value": "m1"}}},
        "invalidPath",
    ),
    "no operations": ({}, [], {}, "invalidSyntax"),
    "an unknown path beside another": (
        {},
        [replace("nosuch", "x"), replace("title", "Boss")],
        {"title": "Boss"},
        "invalidPath",
    ),
    "two primaries": (
        {},
        [replace("emails", [WORK | {"primary": True}, {"value": "b", "primary": True}])],
        {"emails": [WORK, {"value": "b", "primary": True}]},
        "invalidValue",
    ),
}
EXACT = {"JSON text in a role", "an empty string", "an empty manager"}
"""What ``rfc`` takes as it is written."""


@pytest.mark.parametrize("quirk", PATCHES)
async def test_entra_is_understood(quirk: str) -> None:
    given, operations, wanted, _ = PATCHES[quirk]
    answer, client, path = await patched("entra", *operations, **given)
    assert answer.status == 200, answer.content
    shown = {name: value for name, value in answer.json.items() if name not in {"schemas", "id", "userName", "meta"}}
    if quirk == "two primaries":
        shown["emails"][0].pop("primary", None)
    assert shown == wanted
    assert (await client.get(path)).json == answer.json
    assert (ENTERPRISE in answer.json["schemas"]) == (ENTERPRISE in wanted)


@pytest.mark.parametrize("quirk", sorted(set(PATCHES) - EXACT))
async def test_the_standard_is_held_to_the_letter(quirk: str) -> None:
    given, operations, _, scim_type = PATCHES[quirk]
    answer, client, path = await patched("rfc", *operations, **given)
    assert answer.error == (400, scim_type)
    assert given.items() <= (await client.get(path)).json.items()


async def test_the_standard_takes_empty_strings_and_json_text_for_what_they_are() -> None:
    text = '{"value":"Admin"}'
    role = {"op": "add", "path": "roles", "value": [{"value": text}]}
    answer, _, _ = await patched("rfc", replace("title", ""), role)
    assert (answer.json["title"], answer.json["roles"]) == ("", [{"value": text}])


@pytest.mark.parametrize(
    ("profile", "path", "status"),
    [
        ("entra", "/Users?filter=externalId+eq+e-1", 200),
        ("rfc", "/Users?filter=externalId+eq+e-1", 400),
        ("entra", "/Users?filter=active+eq+%22True%22", 200),
        ("rfc", "/Users?filter=active+eq+%22True%22", 400),
        ("entra", "/Users?filter=manager+eq+m1", 200),
        ("entra", "/Users?filter=id+eq+{id}+and+manager+eq+m1&attributes=id", 200),
        ("rfc", "/Users?filter=manager+eq+%22m1%22", 400),
    ],
)
async def test_filters_of_entra_are_for_entra_only(profile: str, path: str, status: int) -> None:
    client = await new_client(profile)
    user = await client.user("ann", externalId="e-1", active=True, **{ENTERPRISE: {"manager": {"value": "m1"}}})
    await client.user("bob", externalId="e-2", active=False)
    answer = await client.get(path.format(id=user["id"]))
    assert answer.status == status
    if status == 200:
        assert answer.ids == [user["id"]]
    else:
        assert answer.error == (400, "invalidFilter")


BODIES: dict[str, tuple[dict[str, Any], str]] = {
    "no schemas": ({"userName": "ann"}, "invalidSyntax"),
    "an unknown URN in schemas": ({"schemas": [USER, "urn:x:y"], "userName": "ann"}, "invalidValue"),
    "an unknown extension": ({"schemas": [USER], "userName": "ann", "urn:x:y": {"a": 1}}, "invalidValue"),
    "a misprinted extension": (
        {"schemas": [USER, "urn:ietf:params:scim:schemas:extension:enterprise:2.0User"], "userName": "ann"},
        "invalidValue",
    ),
    "a string for a boolean": ({"schemas": [USER], "userName": "ann", "active": "True"}, "invalidValue"),
    "a bare manager": ({"schemas": [USER], "userName": "ann", ENTERPRISE: {"manager": "m1"}}, "invalidValue"),
}


@pytest.mark.parametrize("quirk", BODIES)
async def test_bodies_of_entra_are_for_entra_only(quirk: str) -> None:
    body, scim_type = BODIES[quirk]
    created = await (await new_client("entra")).post("/Users", body)
    assert (created.status, created.json["userName"]) == (201, "ann")
    assert created.json.get("active", True) is True
    assert created.json.get(ENTERPRISE, {"manager": {"value": "m1"}}) == {"manager": {"value": "m1"}}
    assert "urn:x:y" not in created.json
    assert (await (await new_client("rfc")).post("/Users", body)).error == (400, scim_type)


@pytest.mark.parametrize("profile", ["entra", "rfc"])
async def test_both_take_any_case_nulls_and_unknown_attributes(profile: str) -> None:
    client = await new_client(profile)
    body = {
        "SCHEMAS": [USER.upper()],
        "UserName": "ann",
        "Name": {"GIVENNAME": "Ann", "familyName": None},
        "addresses": None,
        "roles": [],
        "department": None,
        "constructor": {"a": 1},
        "groups": [{"value": "x"}],
        "id": "mine",
        ENTERPRISE.lower(): {"Department": "IT"},
    }
    created = await client.post("/Users", body)
    assert created.status == 201, created.content
    assert created.json.keys() == {"schemas", "id", "userName", "name", ENTERPRISE, "meta"}
    assert created.json["schemas"] == [USER, ENTERPRISE]
    assert (created.json["name"], created.json[ENTERPRISE]) == ({"givenName": "Ann"}, {"department": "IT"})
    operations: list[Operation] = [
        {"OP": "ADD", "Path": "NAME.familyname", "VALUE": "A"},
        {"op": "Replace", "value": {"TITLE": "T"}},
    ]
    message: dict[str, Any] = {"schemas": [PATCH_OP], "operations": operations}
    answer = await client.send("PATCH", f"/Users/{created.json['id']}", message)
    assert (answer.json["name"]["familyName"], answer.json["title"]) == ("A", "T")


# Members


@pytest.fixture
async def entra() -> Client:
    return await new_client("entra")


@pytest.fixture
async def rfc() -> Client:
    return await new_client("rfc")


async def shown_members(client: Client, group: str) -> list[str]:
    members = (await client.get(f"/Groups/{group}")).json.get("members", [])
    return sorted(member["value"] for member in members)


async def team(client: Client, count: int) -> tuple[str, list[str]]:
    """A group of some users, and one user more."""
    ids = [(await client.user(f"u{number}"))["id"] for number in range(count + 1)]
    return (await client.group("Staff", *ids[:count]))["id"], ids


async def test_replace_of_members_adds_for_entra_and_sets_for_the_standard(entra: Client, rfc: Client) -> None:
    for client, kept in ((entra, 2), (rfc, 0)):
        group, ids = await team(client, 2)
        answer = await client.patch(f"/Groups/{group}", replace("members", [{"value": ids[2]}]))
        assert answer.status == 204
        assert await shown_members(client, group) == [*ids[:kept], ids[2]]
        await client.patch(f"/Groups/{group}", replace("members", []))
        assert await shown_members(client, group) == []


async def test_a_single_switch_can_be_overridden(entra: Client) -> None:
    group, ids = await team(entra, 2)
    await entra.app.providers.set("contoso", {"replace_members": "set"})
    await entra.patch(f"/Groups/{group}", replace("members", [{"value": ids[2]}]))
    assert await shown_members(entra, group) == [ids[2]]


async def test_legacy_removal_of_members_takes_only_those_listed(entra: Client, rfc: Client) -> None:
    for client, status in ((entra, 204), (rfc, 400)):
        group, ids = await team(client, 3)
        for value in ([{"$ref": None, "value": ids[0]}], [{"value": ids[3]}]):
            answer = await client.patch(f"/Groups/{group}", {"op": "Remove", "path": "members", "value": value})
            assert answer.status == status
        assert await shown_members(client, group) == (ids[1:3] if status == 204 else ids[:3])


async def test_unknown_members_are_skipped_beside_known_ones_and_recorded(entra: Client, rfc: Client) -> None:
    for client, status in ((entra, 204), (rfc, 400)):
        group, ids = await team(client, 1)
        mixed = {"op": "Add", "path": "members", "value": [{"value": NOBODY}, {"value": ids[1]}]}
        assert (await client.patch(f"/Groups/{group}", mixed)).status == status
        assert await shown_members(client, group) == (ids if status == 204 else ids[:1])
        alone = await client.patch(f"/Groups/{group}", mixed | {"value": [{"value": NOBODY}]})
        assert alone.error == (400, "invalidValue")
        assert NOBODY in alone.json["detail"]
    changes = [change async for change in entra.app.providers.directory(entra.provider).changes()]
    assert [note.quirk for note in changes[-1].notes] == ["unknown_member_skipped"]


async def test_a_request_whose_only_effect_was_to_skip_is_recorded_and_moves_no_version(entra: Client) -> None:
    group, ids = await team(entra, 1)
    before = (await entra.get(f"/Groups/{group}")).json
    value = [{"value": NOBODY}, {"value": ids[0]}]
    assert (await entra.patch(f"/Groups/{group}", {"op": "add", "path": "members", "value": value})).status == 204
    assert (await entra.get(f"/Groups/{group}")).json == before
    changes = [change async for change in entra.app.providers.directory(entra.provider).changes()]
    assert (changes[-1].kind, changes[-1].moved, changes[-1].values) == ("skipped", (), None)


async def test_group_names_are_unique_unless_switched_off(entra: Client) -> None:
    body = {"schemas": [GROUP], "displayName": "Staff"}
    assert (await entra.post("/Groups", body)).status == 201
    assert (await entra.post("/Groups", body | {"displayName": "STAFF"})).error == (409, "uniqueness")
    other = await entra.as_other("fabrikam")
    await other.app.providers.set("fabrikam", {"unique_group_names": "off"})
    twins = [(await other.group("Staff"))["id"] for _ in range(2)]
    assert (await other.get("/Groups?filter=displayName+eq+%22staff%22")).ids == twins
    schema = (await other.get(f"/Schemas/{GROUP}")).json
    assert next(a for a in schema["attributes"] if a["name"] == "displayName")["uniqueness"] == "none"


async def test_schemas_are_shown_as_the_profile_has_them(entra: Client, rfc: Client) -> None:
    for client, plain in ((entra, True), (rfc, False)):
        attributes = {a["name"]: a for a in (await client.get(f"/Schemas/{USER}")).json["attributes"]}
        assert ("externalId" in attributes) == plain
        assert (attributes["profileUrl"]["type"] == "string") == plain
        assert ("password" in attributes) != plain
