"""The checker of invariants sees every fault it is there to see."""

from collections.abc import Callable

import pytest

from scim.schema import Schemas
from scim.storage.rows import Property
from tests.faults.invariants import check
from tests.faults.planted import FAULTS, World, data, packed
from tests.faults.worlds import laid


async def found(world: World, schemas: Schemas) -> list[str]:
    return await check(await laid(world.held), schemas)


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
