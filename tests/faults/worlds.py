"""A directory with a little of everything, as rows to be damaged."""

from scim.schema import Schemas
from scim.storage.directory import Directory
from scim.storage.memory import MemoryTables
from scim.storage.rows import Create, Rows
from tests.contract.writing import Writer, adding, founded
from tests.faults.invariants import assert_clean
from tests.faults.planted import Held, World


async def copied(rows: Rows) -> Held:
    """Every row, to be edited by hand."""
    return {row.key: dict(row.properties) async for page in rows.range("", "~") for row in page}


async def built(schemas: Schemas) -> World:
    """A directory with users, a small group in which a large one is, and a user who is gone."""
    rows = await founded(schemas)
    writer = Writer(Directory(rows, schemas), schemas)
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


async def laid(held: Held) -> Rows:
    """The rows, in a store of their own."""
    tables = MemoryTables()
    await tables.create("p")
    rows = tables.rows("p", "p")
    await rows.transact([Create(key, properties) for key, properties in held.items()])
    return rows
