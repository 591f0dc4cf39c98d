"""Schemas of a provider's own over HTTP and on Azurite: set by the command, served by every process."""

import asyncio
import time
from urllib.parse import quote

from tests.client import USER
from tests.custom import DEVICE_FILE
from tests.hosting import Host
from tests.integration.conftest import Connect, Remote
from tests.integration.test_command_line import Shell
from tests.unit.test_devices import BLE, DEVICE, DPP, HEART_MONITOR, MAB, PASS_KEY


async def until(client: Remote, path: str, status: int) -> None:
    """Ask until the service has noticed that the provider's schemas are others, as it must within a second."""
    end = time.monotonic() + 10
    while (answer := await client.get(path)).status != status:
        assert time.monotonic() < end, answer.content
        await asyncio.sleep(0.05)


async def test_devices_live_and_die_over_http(service: Host, second_service: Host, connect: Connect) -> None:
    shell, client = Shell(service), await connect("rfc")
    name = client.provider.name
    ann = await client.user("ann")
    assert (await client.get("/Devices")).error == (404, None)
    assert "Nothing stands against it." in shell(f"schemas check {name} {DEVICE_FILE}")
    assert "Device: a new resource type, at /Devices." in shell(f"schemas set {name} {DEVICE_FILE}")
    assert '"name": "zigbeeExtension"' in shell(f"schemas show {name}")

    second = f"{second_service.url}/scim/{name}/v2"
    headers = {"authorization": f"Bearer {client.token}"}
    written = await client.http.post(f"{second}/Users", json={"schemas": [USER], "userName": "bob"}, headers=headers)
    assert written.status_code == 201, "the other process reads the provider anew before it writes"
    await until(client, "/Devices", 200)

    created = await client.post("/Devices", {"schemas": [DEVICE], **HEART_MONITOR})
    assert created.status == 201, created.content
    assert created.json["schemas"] == [DEVICE, BLE, PASS_KEY]
    path = f"/Devices/{created.json['id']}"
    assert created.headers["location"] == f"{client.base_url}{path}"
    again = await client.post("/Devices", {"schemas": [DEVICE], **HEART_MONITOR})
    assert again.error == (409, "uniqueness")
    wifi = {"active": True, DPP: {"dppVersion": 2, "bootstrapKey": "secret", "serialNumber": "4774LH2b4044"}}
    second_device = await client.post("/Devices", {"schemas": [DEVICE], **wifi})
    for filter_, identifier in (
        (f'{BLE}:deviceMacAddress eq "2c:54:91:88:c9:e2"', created.json["id"]),
        (f'{DPP}:serialNumber eq "4774lh2B4044"', second_device.json["id"]),
        (f"{PASS_KEY}:key eq 123456.0", created.json["id"]),
    ):
        assert (await client.get(f"/Devices?filter={quote(filter_)}")).ids == [identifier]
    patched = await client.patch(path, {"op": "replace", "path": f"{BLE}:mobility", "value": False})
    assert patched.json[BLE]["mobility"] is False
    put = {"schemas": [DEVICE], "active": False, MAB: {"deviceMacAddress": "AA:BB:CC:11:22:33"}}
    assert (await client.put(path, put)).json["schemas"] == [DEVICE, MAB]

    refused = shell(f"schemas set {name} /dev/stdin", status=1, typed="{}")
    assert "Device: the resource type is removed, and there are 2 resources of this type: " in refused
    for identifier in (created.json["id"], second_device.json["id"]):
        assert (await client.delete(f"/Devices/{identifier}")).status == 204
    assert "EndpointApp: the resource type is removed." in shell(f"schemas set {name} -", typed="{}")
    assert (await client.delete(f"/Users/{ann['id']}")).status == 204
    await until(client, "/Devices", 404)
