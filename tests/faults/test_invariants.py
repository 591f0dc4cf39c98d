"""The checker of invariants sees every fault it is there to see."""

import asyncio
from collections.abc import Callable

import pytest

from scim.schema import Schemas
from scim.storage.directory import Directory
from scim.storage.memory import MemoryTables
from scim.storage.rows import Create, Property, Rows
from tests.contract.writing import Writer, adding
from tests.faults.invariants import assert_clean, check
from tests.faults.planted import FAULTS, Held, World, data, packed


async def copied(rows: Rows) -> Held:
    return {row.key: dict(row.properties) async for page in rows.range("", "~") for row in page}


async def built(schemas: Schemas) -> World:
    tables = MemoryTables()
    await tables.create("p")
    rows = tables.rows("p", "p")
    directory = Directory(rows, schemas)
    await directory.found()
    writer = Writer(directory, schemas)
    users = await writer.users(504)
    mails = [{"value": "Zoë@example.org"}, {"value": "z2@example.org"}]
    users.append(await writer.user("zoe", externalId="Z:1", emails=mails))
    small = await writer.group("small", *users[:5])
    large = await writer.crowd("large", users[:230])
    await writer.link(small, adding(large))
    gone = await writer.user("gone")
    await writer.delete("User", gone)
    await assert_clean(rows, schemas)
    return World(await copied(rows), users, small, large, gone)


@pytest.fixture(scope="module")
def original(schemas: Schemas) -> World:
    return asyncio.run(built(schemas))


@pytest.fixture
def world(original: World) -> World:
    held = {key: dict(properties) for key, properties in original.held.items()}
    return World(held, original.users, original.small, original.large, original.gone)


async def found(world: World, schemas: Schemas) -> list[str]:
    tables = MemoryTables()
    await tables.create("p")
    rows = tables.rows("p", "p")
    await rows.transact([Create(key, properties) for key, properties in world.held.items()])
    return await check(rows, schemas)


@pytest.mark.parametrize("plant", FAULTS, ids=lambda plant: plant.__name__)
async def test_a_planted_fault_is_seen(world: World, schemas: Schemas, plant: Callable[[World], None]) -> None:
    plant(world)
    assert any(FAULTS[plant] in sentence for sentence in await found(world, schemas))


async def test_a_directory_without_faults_is_clean(world: World, schemas: Schemas) -> None:
    assert await found(world, schemas) == []


async def test_an_open_intent_excuses_what_it_still_lists_and_nothing_else(world: World, schemas: Schemas) -> None:
    number = "f" * 16
    leaver = world.users[0]
    last = max(key for key in world.held if key.startswith("change:")).partition(":")[2]
    world.held[f"change:{number}"] = {"previous": last, "kind": "delete", "id_": leaver}
    world.held["head"]["number"] = number
    world.held[f"tombstone:{leaver}"] = {"number": number}
    del world.held[f"user:{leaver}"], world.held["user.userName:user0"]
    runs = data(world.row("head:runs:user"), "runs")
    world.row("head:runs:user")["runs"] = runs[:16] + (499).to_bytes(2)
    world.head("runs", {"user": [world.users[500], 5, 504], "group": [world.small, 2, 2]})
    intent: dict[str, Property] = {"began": number, "building": "", "groups": packed(world.small, world.large)}
    world.held[f"intent:{leaver}"] = intent
    world.head("intents", {leaver: number})
    assert await found(world, schemas) == []
    intent["groups"] = packed(world.small)
    assert await found(world, schemas) == [f"{world.large}: the member {leaver} does not exist"]
