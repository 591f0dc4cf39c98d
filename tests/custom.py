"""Schemas of a provider's own, for tests: a badge for users, a cost centre for groups, and things of every type."""

from pathlib import Path

import pytest

from scim import remodel
from scim.custom import Custom
from scim.remodel import SchemasRefused
from scim.schema import Json, JsonObject
from scim.storage.rows import Tables
from tests.client import Client, new_client
from tests.faults.invariants import assert_clean

DEVICE_FILE = Path(__file__).parents[1] / "docs" / "schemas" / "device.json"
BADGE = "urn:example:schemas:badge:1.0:User"
COST = "urn:example:schemas:cost:1.0:Group"
THING = "urn:example:schemas:core:1.0:Thing"
EXTRA = "urn:example:schemas:extra:1.0:Thing"


def attribute(name: str, kind: str = "string", **characteristics: Json) -> JsonObject:
    """An attribute as a file declares it."""
    return {"name": name, "type": kind, **characteristics}


NUMBER = attribute("number", uniqueness="server")
"""An attribute of badges."""


def schema(urn: str, *attributes: JsonObject, name: str = "") -> JsonObject:
    """A schema as a file declares it."""
    return {"id": urn, "name": name or urn.split(":")[3].capitalize(), "attributes": list(attributes)}


def extension(urn: str, of: str = "User", **more: Json) -> JsonObject:
    """An extension of a type as a file declares it."""
    return {"resourceType": of, "schema": urn, **more}


def resource_type(urn: str = THING, name: str = "Thing", *extensions: str, **more: Json) -> JsonObject:
    """A resource type as a file declares it."""
    listed = [{"schema": each, "required": False} for each in extensions]
    return {"name": name, "endpoint": f"/{name}s", "schema": urn, "schemaExtensions": listed, **more}


def user_badge(*attributes: JsonObject, required: bool = False, indexes: tuple[str, ...] = ()) -> JsonObject:
    """A file with one extension of User."""
    added = extension(BADGE, required=required, indexes=list(indexes))
    return {"schemas": [schema(BADGE, *attributes)], "extensions": [added]}


def number(value: str) -> dict[str, Json]:
    """What a user with such a badge has beside a name."""
    return {BADGE: {"number": value}}


def things(*attributes: JsonObject, indexes: tuple[str, ...] = ()) -> JsonObject:
    """A file with one resource type of its own."""
    return {"schemas": [schema(THING, *attributes, name="Thing")], "resourceTypes": [resource_type(indexes=[*indexes])]}


async def give(client: Client, file: JsonObject) -> list[str]:
    """Give a client's provider schemas of its own; tells what changed."""
    told = await remodel.apply(client.app.providers, client.provider.name, Custom.model_validate(file), silent)
    return [*told]


async def refusal(client: Client, file: JsonObject) -> str:
    """What is said where a client's provider may not have schemas of its own."""
    with pytest.raises(SchemasRefused) as refused:
        await give(client, file)
    return str(refused.value)


async def client_with(file: JsonObject, profile: str = "rfc", tables: Tables | None = None) -> Client:
    """A client of a provider that has schemas of its own."""
    client = await new_client(profile, tables, cache_seconds=0)
    await give(client, file)
    return client


async def assert_in_order(client: Client) -> None:
    """Fail if anything is wrong with the rows of the client's provider."""
    provider = await client.app.providers.get(client.provider.name)
    rows = client.app.tables.rows(provider.table, provider.table)
    await assert_clean(rows, client.app.providers.schemas(provider))


def silent(_: str, __: int, ___: int) -> None:
    """Progress that nobody hears of."""


async def keys_of(client: Client, low: str, high: str) -> list[str]:
    """The keys of the provider's rows in a range."""
    rows = client.app.tables.rows(client.provider.table, client.provider.table)
    return [row.key async for page in rows.range(low, high) for row in page]
