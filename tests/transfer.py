"""A round trip: a directory with everything in it, exported, imported into another, and compared with it.

``python -m tests.transfer`` does it on an Azurite of its own with 10,000 users, 500 groups and 50,000 memberships.
"""

import argparse
import asyncio
import contextlib
import io
import json
import logging
import random
import re
import tempfile
import time
from collections.abc import Iterable
from itertools import batched
from pathlib import Path

from scim import cli
from scim.app import App
from scim.local import azurite
from scim.messages import BULK_REQUEST
from scim.provider import Provider
from scim.representation import Representation
from scim.schema import JsonObject
from scim.settings import Settings
from tests.client import ENTERPRISE, GROUP, ORIGIN, PATCH_OP, USER, Client, connected
from tests.faults.invariants import assert_clean

_ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_ROUND = 5
"""Groups that are each in the next one, in a circle."""


async def fill(client: Client, users: int, groups: int, memberships: int, chance: random.Random) -> None:
    """Make a directory: managers before and after their reports, and in a circle; nested groups, and in a circle."""
    people = await _bulk(client, "Users", (_person(number) for number in range(users)))
    for lot in batched(range(users), 100, strict=False):
        await _patch(client, "Users", ((people[n], _manager(people, n, chance)) for n in lot if n % 4))
    teams = await _bulk(client, "Groups", (_team(number) for number in range(groups)))
    for number, team in enumerate(teams):
        size = memberships // groups if number else min(users, max(250, memberships // groups))
        for some in batched(chance.sample(people, min(size, users)), 45, strict=False):
            await _patch(client, "Groups", [(team, _adding(some))])
    for number in range(_ROUND):
        await _patch(client, "Groups", [(teams[number], _adding([teams[(number + 1) % _ROUND]]))])


def _person(number: int) -> JsonObject:
    return {
        "schemas": [USER, ENTERPRISE],
        "userName": f"Person.{number}@Example.com",
        "externalId": f"ext-{number}",
        "name": {"givenName": f"Zoë {number}", "familyName": "Ünlü"},
        "emails": [{"value": f"p{number}@example.com", "type": "work", "primary": True}],
        "active": number % 7 != 0,
        ENTERPRISE: {"employeeNumber": str(number), "department": f"D{number % 10}"},
    }


def _team(number: int) -> JsonObject:
    return {"schemas": [GROUP], "displayName": f"Team {number}", "externalId": f"team-{number}"}


def _manager(people: list[str], number: int, chance: random.Random) -> JsonObject:
    manager = people[number] if number == 1 else chance.choice(people)
    value = {"value": manager} if number % 2 else {"value": manager, "$ref": f"../Users/{manager}"}
    return {"op": "replace", "path": f"{ENTERPRISE}:manager", "value": value}


def _adding(ids: Iterable[str]) -> JsonObject:
    return {"op": "add", "path": "members", "value": [{"value": identifier} for identifier in ids]}


async def _bulk(client: Client, endpoint: str, bodies: Iterable[JsonObject]) -> list[str]:
    made: list[str] = []
    for lot in batched(bodies, 100, strict=False):
        operations = [
            {"method": "POST", "path": f"/{endpoint}", "bulkId": str(n), "data": body} for n, body in enumerate(lot)
        ]
        made += [result["location"].rpartition("/")[2] for result in await _done(client, operations)]
    return made


async def _patch(client: Client, endpoint: str, changes: Iterable[tuple[str, JsonObject]]) -> None:
    operations = [
        {
            "method": "PATCH",
            "path": f"/{endpoint}/{identifier}",
            "data": {"schemas": [PATCH_OP], "Operations": [change]},
        }
        for identifier, change in changes
    ]
    if operations:
        await _done(client, operations)


async def _done(client: Client, operations: list[JsonObject]) -> list[JsonObject]:
    answer = await client.post("/Bulk", {"schemas": [BULK_REQUEST], "Operations": operations})
    results: list[JsonObject] = answer.json["Operations"]
    assert [result for result in results if "response" in result] == []
    return results


async def contents(app: App, name: str) -> dict[str, JsonObject]:
    """Every resource of a provider by what it is called: with such names in place of ids, and without ``meta``."""
    provider = await app.providers.get(name)
    schemas, directory = app.providers.schemas(provider), app.providers.directory(provider)
    representation = Representation(directory, schemas, app.base_url(name))
    called: dict[str, str] = {}
    shown: dict[str, JsonObject] = {}
    for kind in schemas.types.values():
        async for stored in directory.scan(kind):
            full = representation.full(await directory.with_members(stored))
            own = called[stored.id] = f"{kind.name} {full.get('userName') or full.get('displayName')}"
            assert own not in shown, f"{own} is there twice"
            shown[own] = {name: held for name, held in full.items() if name not in {"id", "meta"}}
    return {own: _renamed(full, called, app.base_url(name)) for own, full in shown.items()}


def _renamed(resource: JsonObject, called: dict[str, str], base_url: str) -> JsonObject:
    text = _ID.sub(lambda found: called.get(found[0], found[0]), json.dumps(resource, ensure_ascii=False))
    read: JsonObject = json.loads(text.replace(base_url, ".."))
    for links in {"members", "groups"} & read.keys():
        read[links] = sorted(read[links], key=lambda link: str(link["value"]))
    return read


def assert_same(before: dict[str, JsonObject], after: dict[str, JsonObject]) -> None:
    """Fail with the names of resources that differ."""
    assert before.keys() ^ after.keys() == set()
    assert [name for name, resource in before.items() if resource != after[name]] == []


async def assert_in_order(app: App, provider: Provider) -> None:
    """Fail if a provider's rows are not as they must be."""
    as_it_is = await app.providers.get(provider.name)
    rows = app.tables.rows(as_it_is.table, as_it_is.table)
    await assert_clean(rows, app.providers.schemas(as_it_is))


def _measured(what: str, storage: str, *command: str) -> None:
    begun, said = time.monotonic(), io.StringIO()
    with contextlib.redirect_stderr(said):
        status = cli.main(["--storage", storage, "--public-url", ORIGIN, *command])
    assert status == 0, said.getvalue()
    print(f"{what}: {time.monotonic() - begun:.1f} s; {said.getvalue().splitlines()[-1]}", flush=True)


def main() -> None:
    """Make the round trip and tell how long each part took."""
    parser = argparse.ArgumentParser(prog="python -m tests.transfer", description=__doc__)
    parser.add_argument("--users", type=int, default=10_000)
    parser.add_argument("--groups", type=int, default=500)
    parser.add_argument("--memberships", type=int, default=50_000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()

    async def made(app: App) -> None:
        await app.providers.prepare()
        client = await connected(Client, app, "source", "rfc")
        await app.providers.create("target", "rfc", {})
        begun = time.monotonic()
        await fill(client, options.users, options.groups, options.memberships, random.Random(options.seed))  # noqa: S311
        print(f"made: {time.monotonic() - begun:.1f} s", flush=True)

    async def compared(app: App) -> None:
        source, target = await contents(app, "source"), await contents(app, "target")
        assert_same(source, target)
        await assert_in_order(app, await app.providers.get("target"))
        print(f"{len(source):,} resources are the same")

    logging.disable(logging.INFO)
    with azurite.running() as storage, tempfile.TemporaryDirectory() as folder:
        settings = Settings.model_validate({"storage": storage, "public_url": ORIGIN})

        async def with_app(work: object) -> None:
            app = App.build(settings)
            try:
                await work(app)  # type: ignore[operator] # one of the two above
            finally:
                await app.close()

        path = Path(folder, "directory.jsonl")
        asyncio.run(with_app(made))
        _measured("export", storage, "export", "source", str(path))
        print(f"file: {path.stat().st_size:,} bytes")
        _measured("import", storage, "import", "target", str(path))
        asyncio.run(with_app(compared))


if __name__ == "__main__":
    main()
