"""What Microsoft Entra ID sends in each of its dialects, request by request, and what it must get back."""

from typing import Any

import pytest

from tests.client import ENTERPRISE, GROUP, USER
from tests.integration.conftest import Remote

type Body = dict[str, Any]

LEGACY_USER: Body = {
    "schemas": [USER, ENTERPRISE],
    "externalId": "0a21f0f2",
    "userName": "Test_User@example.com",
    "active": "True",
    "addresses": None,
    "emails": [{"primary": True, "type": "work", "value": "x@example.com"}],
    "meta": {"resourceType": "User"},
    "name": {"formatted": "given family", "familyName": "family", "givenName": "given"},
    "roles": [],
}
MANAGER = f"{ENTERPRISE}:manager"


async def probed(client: Remote) -> None:
    """Test Connection: what matches nobody is 200 and an empty list."""
    for path in (
        "/Users?filter=userName+eq+%227d420df3-9995-4831-a406-ecf8166f5f6a%22",
        "/Groups?excludedAttributes=members&filter=displayName+eq+%227d420df3-9995-4831-a406-ecf8166f5f6a%22",
    ):
        answer = await client.send("GET", path, adscimversion="5.0")
        assert (answer.status, answer.json["totalResults"], answer.json["Resources"]) == (200, 0, [])


async def matched(client: Remote, name: str) -> Body:
    (found,) = (await client.get(f"/Users?filter=userName+eq+%22{name}%22")).json["Resources"]
    shown: Body = found
    return shown


async def test_legacy(client: Remote) -> None:
    await probed(client)
    created = await client.post("/Users", LEGACY_USER)
    assert (created.status, created.json["active"]) == (201, True)
    boss = await client.user("boss@example.com")
    path = f"/Users/{created.json['id']}"
    twin = LEGACY_USER | {"userName": "TEST_USER@example.com"}
    assert (await client.post("/Users", twin)).error == (409, "uniqueness")
    assert (await matched(client, "test_user%40EXAMPLE.com")) == created.json

    operations = [
        {"op": "Replace", "path": 'emails[type eq "work"].value', "value": "AdeleV2@example.com"},
        {"op": "Add", "path": 'addresses[type eq "work"].formatted', "value": "18/2111"},
        {"op": "Add", "path": 'addresses[type eq "work"].country', "value": "DE"},
        {"op": "Add", "path": 'phoneNumbers[type eq "mobile"].value', "value": "+49 30 1"},
        {"op": "Add", "path": f"{ENTERPRISE}:department", "value": "Retail"},
        {"op": "Add", "path": MANAGER, "value": boss["id"]},
        {"op": "Replace", "path": "name.givenName", "value": "Adele"},
        {"op": "Replace", "path": "active", "value": "False"},
    ]
    patched = (await client.patch(path, *operations)).json
    assert patched["emails"] == [{"primary": True, "type": "work", "value": "AdeleV2@example.com"}]
    assert patched["addresses"] == [{"type": "work", "formatted": "18/2111", "country": "DE"}]
    assert patched["phoneNumbers"] == [{"type": "mobile", "value": "+49 30 1"}]
    assert patched["name"] == {"formatted": "given family", "familyName": "family", "givenName": "Adele"}
    assert patched["active"] is False
    assert patched[ENTERPRISE]["department"] == "Retail"
    assert patched[ENTERPRISE]["manager"]["value"] == boss["id"]
    check = f"/Users?filter=id+eq+{created.json['id']}+and+manager+eq+{boss['id']}&attributes=id"
    assert (await client.get(check)).ids == [created.json["id"]]

    group = await client.post(
        "/Groups",
        {
            "schemas": [GROUP, "http://schemas.microsoft.com/2006/11/ResourceManagement/ADSCIM/2.0/Group"],
            "externalId": "8aa1a0c0",
            "displayName": "displayName",
            "meta": {"resourceType": "Group"},
        },
    )
    assert group.status == 201
    where = f"/Groups/{group.json['id']}"
    value = [{"$ref": None, "value": created.json["id"]}]
    for _ in range(2):
        assert (await client.patch(where, {"op": "Add", "path": "members", "value": value})).status == 204
    assert [member["value"] for member in (await client.get(where)).json["members"]] == [created.json["id"]]
    again = await client.patch(path, {"op": "Replace", "path": "active", "value": "True"})
    assert (again.json["active"], again.json["groups"][0]["value"]) == (True, group.json["id"])
    for _ in range(2):
        assert (await client.patch(where, {"op": "Remove", "path": "members", "value": value})).status == 204
    assert "members" not in (await client.get(where)).json
    assert (await client.patch(where, {"op": "Replace", "path": "displayName", "value": "New"})).status == 204

    for status in (204, 404):
        assert (await client.delete(path)).status == status
    assert (await client.post("/Users", LEGACY_USER)).status == 201
    assert (await client.delete(where)).status == 204


async def test_flag(client: Remote) -> None:
    await probed(client)
    flag = "?aadOptscim062020"
    created = await client.post(f"/Users{flag}", LEGACY_USER | {"active": True})
    path = f"/Users/{created.json['id']}{flag}"
    operations: list[Body] = [
        {"op": "replace", "path": 'emails[type eq "work"].value', "value": "new@example.com"},
        {
            "op": "replace",
            "value": {
                "displayName": "Bjfe",
                "name.givenName": "Kkom",
                "name.familyName": "Unua",
                f"{ENTERPRISE}:employeeNumber": "Aklq",
            },
        },
        {"op": "add", "value": {"title": "Boss", "externalId": "new"}},
        {"op": "replace", "path": "active", "value": False},
    ]
    patched = (await client.patch(path, *operations)).json
    assert (patched["displayName"], patched["title"], patched["active"]) == ("Bjfe", "Boss", False)
    assert patched["name"] == {"formatted": "given family", "familyName": "Unua", "givenName": "Kkom"}
    assert patched[ENTERPRISE] == {"employeeNumber": "Aklq"}
    assert (await client.get(f"/Users{flag}&filter=externalId+eq+%22new%22")).ids == [created.json["id"]]
    unchanged = await client.patch(path, *operations)
    assert unchanged.json["meta"] == patched["meta"]

    group = await client.group("Staff", externalId="g")
    where = f"/Groups/{group['id']}"
    others = [(await client.user(f"other{number}"))["id"] for number in range(2)]
    for user in others:
        replace = {"op": "replace", "path": "members", "value": [{"value": user}]}
        assert (await client.patch(where + flag, replace)).status == 204
    assert sorted(member["value"] for member in (await client.get(where)).json["members"]) == sorted(others)
    rename = {"op": "replace", "value": {"displayName": "Crew", "externalId": "g2"}}
    assert (await client.patch(where, rename)).status == 204
    remove = {"op": "remove", "path": f'members[value eq "{others[0]}"]'}
    assert (await client.patch(where + flag, remove)).status == 204
    shown = (await client.get(where)).json
    assert [member["value"] for member in shown["members"]] == others[1:]
    assert (shown["displayName"], shown["externalId"]) == ("Crew", "g2")
    found = await client.get("/Groups?excludedAttributes=members&filter=displayName+eq+%22crew%22")
    assert found.ids == [group["id"]]
    assert "members" not in found.json["Resources"][0]


@pytest.mark.parametrize("verbose", [True, False])
async def test_validator(client: Remote, verbose: bool) -> None:
    await probed(client)
    body = {
        "userName": "nickolas.bernhard@robelweber.example",
        "active": True,
        "profileUrl": "MFGMUGTYPBKA",
        "locale": "NNRDFXPHOXUY",
        "phoneNumbers": [
            {"type": "work", "value": "45-955-7623", "primary": True},
            {"type": "mobile", "value": "45-955-7623"},
        ],
        ENTERPRISE: {"employeeNumber": "PAUCKSIOCHXT", "manager": {"value": "CYKQWKOFNTWC"}},
        "roles": [{"primary": "True", "display": "HRHF", "value": "RTSK", "type": "VMIY"}],
        "schemas": [USER, ENTERPRISE],
    }
    created = (await client.post("/Users", body)).json
    assert created["roles"] == [{"primary": True, "display": "HRHF", "value": "RTSK", "type": "VMIY"}]
    assert (created["profileUrl"], created[ENTERPRISE]["manager"]["value"]) == ("MFGMUGTYPBKA", "CYKQWKOFNTWC")
    path = f"/Users/{created['id']}"
    simple = {"displayName": "A", "title": "B", "userType": "C", f"{ENTERPRISE}:division": "D", "name.middleName": "E"}
    filtered = {
        'roles[primary eq "True"].value': "new",
        'phoneNumbers[type eq "fax"].value': "1",
        'emails[type eq "work"].value': "n@example.com",
        'emails[type eq "work"].primary': True,
    }
    operations: list[Body] = [{"op": "replace", "path": name, "value": value} for name, value in filtered.items()]
    if verbose:
        operations += [{"op": "replace", "path": name, "value": value} for name, value in simple.items()]
    else:
        operations.append({"op": "replace", "value": simple})
    patched = (await client.patch(path, *operations)).json
    assert patched["roles"][0] | {"value": "new"} == created["roles"][0] | {"value": "new"}
    assert patched["roles"][0]["value"] == "new"
    assert patched["emails"] == [{"type": "work", "value": "n@example.com", "primary": True}]
    assert [phone["type"] for phone in patched["phoneNumbers"]] == ["work", "mobile", "fax"]
    assert (patched["displayName"], patched["name"], patched["userType"]) == ("A", {"middleName": "E"}, "C")
    assert patched[ENTERPRISE]["division"] == "D"
    cleared = await client.patch(path, {"op": "replace", "path": MANAGER, "value": {"value": ""}})
    assert "manager" not in cleared.json[ENTERPRISE]
    for value in ("", None):
        await client.patch(path, {"op": "replace", "path": "title", "value": "X"})
        assert "title" not in (await client.patch(path, {"op": "replace", "path": "title", "value": value})).json
    assert (await client.patch(path)).status == 200
    names = {a["name"]: a for a in (await client.get(f"/Schemas/{USER}")).json["attributes"]}
    assert names["profileUrl"]["type"] == "string"
    assert "externalId" in names
    assert all(value is not None for attribute in names.values() for value in attribute.values())
