"""``check``, ``repair`` and ``erase``, each in a process of its own, while the service runs."""

import json

from scim.schema import Schemas
from scim.storage import keys
from scim.storage.rows import Create, Delete, Merge
from tests.client import USER
from tests.faults.invariants import assert_clean
from tests.hosting import Host
from tests.integration.conftest import Connect
from tests.integration.test_command_line import NOBODY, Shell


async def test_a_directory_is_checked_repaired_and_checked(service: Host, connect: Connect, schemas: Schemas) -> None:
    shell, model = Shell(service), await connect()
    name = model.provider.name
    ann = await model.user("ann")
    await model.group("Staff", ann["id"])
    assert "1 of the type User, 1 of the type Group; 0 faults" in shell(f"check {name}")

    rows = model.app.providers.directory(model.provider).rows
    await rows.transact([Delete("user.userName:ann"), Create("user.userName:bob", {"of": ann["id"]})])
    found = [json.loads(line) for line in _said(shell, f"check {name} --json")]
    where = f"user.userName of {ann['id']}"
    assert {(problem["state"], problem["where"]) for problem in found[:-1]} == {("repair", where)}
    assert found[-1]["faults"] == 2
    dry = _said(shell, f"repair {name} --dry-run --json")
    assert sorted(dry) == sorted(_said(shell, f"check {name} --json"))
    mended = shell(f"repair {name}")
    assert mended.count(f"mended     {where}: ") == 2
    assert "ann" not in mended
    assert "bob" not in mended
    assert "0 faults" in shell(f"check {name} --progress")
    assert (await model.get('/Users?filter=userName eq "ann"')).ids == [ann["id"]]
    assert [change["kind"] for change in _changes(shell, name)] == ["create", "create", "repair", "repair"]
    await assert_clean(rows, schemas)

    lost = await rows.get(keys.change(int(_changes(shell, name)[1]["number"], 16)))
    assert lost is not None
    await rows.transact([Delete(lost.key)])
    assert "1 of these is wrong" in shell(f"repair {name}", status=1)
    await rows.transact([Create(lost.key, lost.properties)])
    assert "there is no provider 'nobody'" in shell("check nobody", status=1)


async def test_keys_of_an_older_unicode_are_brought_to_this_one(service: Host, connect: Connect) -> None:
    shell, model = Shell(service), await connect(profile="rfc")
    name, shaking = model.provider.name, "\U0001fae8"
    ids = [(await model.user(f"{text}{n}"))["id"] for n, text in enumerate([shaking, shaking, "plain"])]
    rows = model.app.providers.directory(model.provider).rows
    head, old = await rows.get(keys.HEAD), "user.userName:=f0=9f=ab=a8.old"
    assert head is not None
    other = Merge(keys.HEAD, head.etag, {"form": "1/14.0.0"})
    await rows.transact([other, Delete("user.userName:=f0=9f=ab=a81"), Create(old, {"of": ids[1]})])

    refused = await model.post("/Users", {"schemas": [USER], "userName": f"{shaking}2"})
    assert refused.error == (503, None)
    assert "python -m scim migrate" in refused.json["detail"]
    await model.user("another")
    assert (await model.get(f'/Users?filter=userName eq "{shaking}1"')).ids == [ids[1]]
    assert "run 'migrate' first" in shell.output(f"check {name}", 1)
    for dry in (" --dry-run", " --dry-run", " --progress"):
        assert "index rows made: 1, deleted: 1." in shell(f"migrate {name}{dry}")
    assert "which is this version's" in shell(f"migrate {name}")
    assert "0 faults" in shell(f"check {name}")
    assert (await model.get(f'/Users?filter=userName eq "{shaking}1"')).ids == [ids[1]]
    await model.user(f"{shaking}2")
    await assert_clean(rows, schemas=model.app.providers.schemas(model.provider))


async def test_what_was_recorded_of_a_resource_is_erased(service: Host, connect: Connect) -> None:
    shell, model = Shell(service), await connect()
    name, ann = model.provider.name, (await model.user("ann@example.org"))["id"]
    assert f"the User {ann} is not deleted; delete it first" in shell(f"erase {name} {ann}", status=1)
    assert f"never had a resource with the id '{NOBODY}'" in shell(f"erase {name} {NOBODY}", status=1)
    assert (await model.delete(f"/Users/{ann}")).status == 204
    assert "ann@example.org" in shell(f"changes {name}")
    assert "2 change records are read; 2 of them lost their values" in shell(f"erase {name} {ann}")
    assert shell(f"changes {name}").count("its values are erased") == 2
    assert "ann@" not in shell(f"changes {name} --json")
    assert "3 change records are read; 0 of them lost their values" in shell(f"erase {name} {ann}")
    assert "0 faults" in shell(f"check {name}")


def _said(shell: Shell, command: str) -> list[str]:
    """What a command prints that ends with 1."""
    return shell.output(command, 1).splitlines()


def _changes(shell: Shell, name: str) -> list[dict[str, str]]:
    return [json.loads(line) for line in shell(f"changes {name} --json").splitlines()]


async def test_what_is_older_than_the_retention_is_taken_out_when_told_to(service: Host, connect: Connect) -> None:
    shell, model = Shell(service), await connect()
    name = model.provider.name
    gone = (await model.user("ann"))["id"]
    await model.delete(f"/Users/{gone}")
    assert "keeps values in change records for 1 day\n" in shell(f"providers retention {name} 1")
    assert "Retention 1 days" in shell(f"providers show {name}")
    rows = model.app.providers.directory(model.provider).rows
    await rows.transact([Create(keys.erasure(gone), {"type": "User"})])
    said = shell("retain")
    assert "change records of" in said
    assert "erasures that broke off are ended" in said
    assert [bool(change["erased"]) for change in _changes(shell, name)] == [True, True, False]
    for wrong in ("0", "x", "3651"):
        assert "is no number of days" in shell(f"providers retention {name} {wrong}", status=2)
