"""A directory for each test to damage."""

import asyncio

import pytest

from scim.schema import Schemas
from tests.faults.planted import World
from tests.faults.worlds import built


@pytest.fixture(scope="session")
def original(schemas: Schemas) -> World:
    return asyncio.run(built(schemas))


@pytest.fixture
def world(original: World) -> World:
    held = {key: dict(properties) for key, properties in original.held.items()}
    return World(held, original.users, original.small, original.large, original.gone)
