"""RFC 9944's devices, of which the product knows nothing: a provider with docs/schemas/device.json serves them."""

import json
from urllib.parse import quote

import pytest

from scim.messages import BULK_REQUEST
from scim.schema import Json, JsonObject
from tests.client import PATCH_OP, SEARCH_REQUEST, Client
from tests.custom import DEVICE_FILE, assert_in_order, client_with

FILE: JsonObject = json.loads(DEVICE_FILE.read_bytes())
CORE = "urn:ietf:params:scim:schemas:core:2.0:"
EXTENSION = "urn:ietf:params:scim:schemas:extension:"
DEVICE, APP = f"{CORE}Device", f"{CORE}EndpointApp"
BLE, DPP, MAB = (f"{EXTENSION}{name}:2.0:Device" for name in ("ble", "dpp", "ethernet-mab"))
FDO, ZIGBEE = f"{EXTENSION}fido-device-onboard:2.0:Device", f"{EXTENSION}zigbee:2.0:Device"
PASS_KEY, APPS = f"{EXTENSION}pairingPassKey:2.0:Device", f"{EXTENSION}endpointAppsExt:2.0:Device"

BY_BULK_ID: JsonObject = {"value": "bulkId:app"}

HEART_MONITOR: JsonObject = {
    "displayName": "BLE Heart Monitor",
    "active": True,
    "mudUrl": "https://example.com/mud/Heart",
    BLE: {
        "versionSupport": ["5.3", "5.4"],
        "deviceMacAddress": "2C:54:91:88:C9:E2",
        "isRandom": False,
        "irk": "0123456789abcdef",
        "mobility": True,
        "pairingMethods": [PASS_KEY],
    },
    PASS_KEY: {"key": 123456},
}


@pytest.fixture(params=["rfc", "entra"])
async def client(request: pytest.FixtureRequest) -> Client:
    return await client_with(FILE, request.param)


async def device(client: Client, body: JsonObject) -> JsonObject:
    answer = await client.post("/Devices", {"schemas": [DEVICE], **body})
    assert answer.status == 201, answer.content
    assert answer.headers["Location"] == answer.json["meta"]["location"]
    return answer.json


async def found(client: Client, filter_: str) -> list[str]:
    return (await client.get(f"/Devices?filter={quote(filter_)}")).ids


async def test_a_device_is_created_found_changed_and_deleted(client: Client) -> None:
    created = await device(client, HEART_MONITOR)
    assert created["schemas"] == [DEVICE, BLE, PASS_KEY]
    assert created["meta"]["resourceType"] == "Device"
    assert created["meta"]["location"].endswith(f"/v2/Devices/{created['id']}")
    expected = {**HEART_MONITOR, BLE: {k: v for k, v in HEART_MONITOR[BLE].items() if k != "irk"}}
    assert {name: created[name] for name in HEART_MONITOR} == expected
    path = f"/Devices/{created['id']}"

    for filter_ in (
        f'{BLE}:deviceMacAddress eq "2c:54:91:88:c9:e2"',
        f'{BLE}:versionSupport eq "5.4" and active eq true',
        f"{PASS_KEY}:key ge 100000",
        'displayName eq "ble heart monitor"',
        'mudUrl sw "https://example.com/mud/H"',
        'meta.resourceType eq "Device" and not (active eq false)',
    ):
        assert await found(client, filter_) == [created["id"]], filter_
    assert await found(client, 'mudUrl eq "https://example.com/mud/heart"') == []

    operations: list[Json] = [
        {"op": "replace", "path": "active", "value": False},
        {"op": "add", "path": f"{BLE}:versionSupport", "value": ["6.0"]},
        {"op": "remove", "path": f'{BLE}:versionSupport[value eq "5.3"]'},
        {"op": "replace", "value": {f"{BLE}:mobility": False, "displayName": "Monitor"}},
        {"op": "remove", "path": PASS_KEY},
    ]
    changed = await client.send("PATCH", path, {"schemas": [PATCH_OP], "Operations": operations})
    assert changed.status == 200
    assert (changed.json["active"], changed.json["displayName"]) == (False, "Monitor")
    assert changed.json[BLE]["versionSupport"] == ["5.4", "6.0"]
    assert changed.json["schemas"] == [DEVICE, BLE]

    put = {"schemas": [DEVICE, MAB], "active": True, MAB: {"deviceMacAddress": "AA:BB:CC:11:22:33"}}
    replaced = await client.put(path, put)
    assert replaced.json.keys() == {"schemas", "id", "meta", "active", MAB}
    assert await found(client, f'{MAB}:deviceMacAddress eq "aa:bb:cc:11:22:33"') == [created["id"]]
    assert await found(client, f"{BLE}:deviceMacAddress pr") == []

    assert (await client.delete(path)).status == 204
    assert (await client.get(path)).status == 404
    assert (await client.get("/Devices")).json["totalResults"] == 0
    kinds = [c.kind async for c in client.app.providers.directory(client.provider).changes() if c.type == "Device"]
    assert kinds == ["create", "modify", "replace", "delete"]
    await assert_in_order(client)


async def test_an_address_belongs_to_one_device(client: Client) -> None:
    await device(client, HEART_MONITOR)
    other = {**HEART_MONITOR, BLE: {**HEART_MONITOR[BLE], "deviceMacAddress": "2c:54:91:88:c9:e2"}}
    answer = await client.post("/Devices", {"schemas": [DEVICE], **other})
    assert answer.error == (409, "uniqueness")
    assert answer.json["detail"].startswith(f"{BLE}:deviceMacAddress: another Device has this value")


@pytest.mark.parametrize(
    ("body", "named"),
    [
        ({"displayName": "x"}, "active"),
        ({"active": True, BLE: {"versionSupport": ["5.3"]}}, f"{BLE}:deviceMacAddress"),
        ({"active": True, DPP: {"dppVersion": 2}}, f"{DPP}:bootstrapKey"),
        ({"active": True, DPP: {"dppVersion": "2", "bootstrapKey": "x"}}, f"{DPP}:dppVersion"),
        ({"active": True, FDO: {"fdoVoucher": " "}}, f"{FDO}:fdoVoucher"),
        ({"active": True, ZIGBEE: {"versionSupport": [], "deviceEui64Address": "x"}}, f"{ZIGBEE}:versionSupport"),
    ],
)
async def test_what_the_standard_requires_is_asked_for_by_name(body: JsonObject, named: str) -> None:
    client = await client_with(FILE)
    answer = await client.post("/Devices", {"schemas": [DEVICE], **body})
    assert answer.error == (400, "invalidValue")
    assert answer.json["detail"].startswith(f"{named} ")


async def test_secrets_of_devices_are_taken_and_never_shown(client: Client) -> None:
    secret = "MDkwEwYHKoZIzj0CAQ"
    created = await device(
        client, {"active": True, DPP: {"dppVersion": 2, "bootstrapKey": secret}, FDO: {"fdoVoucher": secret}}
    )
    assert created[DPP] == {"dppVersion": 2}
    assert FDO not in created
    assert secret not in str(created)
    asked = await client.get(f"/Devices/{created['id']}?attributes={DPP}:bootstrapKey,{FDO}")
    assert secret.encode() not in asked.content


async def test_an_extension_within_an_extension_is_refused_with_where_it_belongs() -> None:
    client = await client_with(FILE)
    nested = {**HEART_MONITOR[BLE], PASS_KEY: {"key": 123456}}
    answer = await client.post("/Devices", {"schemas": [DEVICE], "active": True, BLE: nested})
    assert answer.error == (400, "invalidSyntax")
    assert answer.json["detail"] == f"'{PASS_KEY}' cannot stand within {BLE}; extensions stand beside each other."


async def test_an_application_and_the_devices_that_it_controls(client: Client) -> None:
    app = await client.post(
        "/EndpointApps",
        {
            "schemas": [APP],
            "applicationType": "deviceControl",
            "applicationName": "Control",
            "certificateInfo": {"rootCA": "d2hhdHNVcA==", "subjectName": "CN=EX1"},
        },
    )
    assert app.status == 201
    retyped = {"op": "replace", "path": "applicationType", "value": "telemetry"}
    assert (await client.patch(f"/EndpointApps/{app.json['id']}", retyped)).error == (400, "mutability")
    created = await device(client, {"active": True, APPS: {"applications": [{"value": app.json["id"]}]}})
    assert await found(client, f'{APPS}:applications.value eq "{app.json["id"]}"') == [created["id"]]
    assert await found(client, f'{APPS}:applications[value eq "{app.json["id"]}"]') == [created["id"]]


async def test_devices_are_paged_searched_and_counted_beside_users(client: Client) -> None:
    ann = await client.user("ann", displayName="Lamp 1")
    ids = [(await device(client, {"active": n % 2 == 0, "displayName": f"Lamp {n}"}))["id"] for n in range(5)]
    page = await client.get("/Devices?startIndex=2&count=2")
    assert (page.ids, page.json["totalResults"]) == (ids[1:3], 5)
    everything = await client.post("/.search", {"schemas": [SEARCH_REQUEST], "filter": 'displayName eq "lamp 1"'})
    assert sorted(everything.ids) == sorted([ann["id"], ids[1]])
    mine = {"schemas": [SEARCH_REQUEST], "filter": "active eq true", "attributes": ["displayName"]}
    answer = await client.post("/Devices/.search", mine)
    assert [each.keys() for each in answer.json["Resources"]] == [{"schemas", "id", "displayName"}] * 3


async def test_bulk_sorting_cursors_conditions_and_dry_runs_know_devices(client: Client) -> None:
    control = {"schemas": [APP], "applicationType": "telemetry", "applicationName": "Control"}
    lamps = [
        {"active": True, "displayName": "B", MAB: {"deviceMacAddress": "x"}, APPS: {"applications": [BY_BULK_ID]}},
        {"active": True, "displayName": "A", MAB: {"deviceMacAddress": "y"}},
    ]
    operations: list[Json] = [{"method": "POST", "path": "/EndpointApps", "bulkId": "app", "data": control}]
    operations += [
        {"method": "POST", "path": "/Devices", "bulkId": str(n), "data": {"schemas": [DEVICE], **lamp}}
        for n, lamp in enumerate(lamps)
    ]
    done = await client.post("/Bulk", {"schemas": [BULK_REQUEST], "Operations": operations})
    assert [each["status"] for each in done.json["Operations"]] == ["201"] * 3
    app, first, second = (each["location"].rpartition("/")[2] for each in done.json["Operations"])
    assert await found(client, f'{APPS}:applications.value eq "{app}"') == [first]
    assert await found(client, f'{MAB}:deviceMacAddress sw "Y" or displayName eq "b"') == [first, second]
    assert (await client.get("/Devices?sortBy=displayName")).ids == [second, first]
    descending = f"/Devices?sortBy={MAB}:deviceMacAddress&sortOrder=descending"
    assert (await client.get(descending)).ids == [second, first]
    page = await client.get("/Devices?count=1&cursor=")
    rest = await client.get(f"/Devices?count=1&cursor={page.json['nextCursor']}")
    assert (page.ids, rest.ids) == ([first], [second])
    body = {"schemas": [DEVICE], "active": False}
    tried = await client.send("PUT", f"/Devices/{first}", body, prefer="dry-run")
    assert (tried.status, tried.json["active"]) == (200, False)
    assert (await client.send("PUT", f"/Devices/{first}", body, if_match='W/"0"')).error == (412, None)
    assert (await client.get(f"/Devices/{first}")).json["active"] is True
    described = (await client.get("/openapi.json")).json["paths"]
    assert {"/Devices", "/Devices/{id}", "/Devices/.search", "/EndpointApps"} <= described.keys()
    await assert_in_order(client)


async def test_the_discovery_endpoints_tell_of_devices(client: Client) -> None:
    kind = (await client.get("/ResourceTypes/Device")).json
    assert (kind["endpoint"], kind["schema"]) == ("/Devices", DEVICE)
    assert [each["schema"] for each in kind["schemaExtensions"]][:2] == [BLE, PASS_KEY]
    types = (await client.get("/ResourceTypes")).json["Resources"]
    assert [each["id"] for each in types] == ["User", "Group", "Device", "EndpointApp"]
    served = {each["id"]: each for each in (await client.get("/Schemas")).json["Resources"]}
    assert {entry["id"] for entry in FILE["schemas"]} <= served.keys()
    key = [each for each in served[DPP]["attributes"] if each["name"] == "bootstrapKey"]
    assert [(each["mutability"], each["returned"]) for each in key] == [("writeOnly", "never")]
    irk = [each for each in served[BLE]["attributes"] if each["name"] == "irk"]
    assert (len(irk) == 1) is (client.provider.profile_name == "rfc")  # entra sees no optional secrets, as no password


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE"])
async def test_a_provider_without_the_file_has_no_devices(method: str) -> None:
    client = await (await client_with(FILE)).as_other("fabrikam", "rfc")
    assert (await client.send(method, "/Devices/1", {} if method != "GET" else None)).status == 404
