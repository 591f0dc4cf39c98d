"""Memberships read while others write: nobody who stays is passed over or met twice, and nothing is read torn."""

from collections.abc import AsyncIterator
from itertools import islice, pairwise

import pytest

from scim.errors import NotFound, Unavailable
from scim.resources import Links
from scim.schema import Schemas
from scim.storage import keys, membership, records
from scim.storage.directory import Directory
from scim.storage.members import CAPACITY, EMPTY, PLACES, Roster, pack_links, place
from scim.storage.membership import Membership
from scim.storage.memory import MemoryTables
from scim.storage.records import Stored
from scim.storage.rows import Create, Rows, Tables
from tests.contract.between import Between
from tests.contract.walking import bare, in_order, walked
from tests.contract.writing import Writer, adding


@pytest.fixture
async def tables() -> AsyncIterator[Tables]:
    """Memory alone: the turns are what is tested, and they are the same on every kind of tables."""
    account = MemoryTables()
    yield account
    await account.close()


async def test_a_walk_skips_and_repeats_nobody_who_stays(rows: Rows, writer: Writer) -> None:
    """Between its reads, others join until every bucket has been split, and others leave."""
    users = await writer.users(1_100)
    staying, leaving, joining = users[:300], users[300:420], users[420:]
    group = await writer.crowd("g", staying + leaving)
    stored, met = await bare(writer, group), list[str]()
    coming, going = iter(joining), iter(leaving)
    async for each in Writer(Directory(rows, writer.schemas), writer.schemas).directory.memberships(stored):
        met.append(each.member)
        if len(met) % 10 == 0:
            add = adding(*islice(coming, 17)).add
            await writer.link(group, Links(add=add, remove=frozenset(islice(going, 3))))
    grown = await bare(writer, group)
    assert grown.roster.buckets > 2 * stored.roster.buckets - 1, "or nothing was split"
    assert len(set(met)) == len(met)
    assert set(staying) <= set(met)
    assert all((place(a), a) < (place(b), b) for a, b in pairwise(met))


async def test_a_bucket_that_is_split_once_its_group_was_read_is_read_anew(rows: Rows, writer: Writer) -> None:
    users = await writer.users(2 * CAPACITY + 1)
    group = await writer.crowd("g", users[:-1])
    before = await bare(writer, group)
    moving = next(user for user in users[:-1] if Roster(0, 3).bucket(user) == 2)
    directory = Directory(
        Between(rows, f"group:{group}", lambda: writer.link(group, adding(users[-1]))), writer.schemas
    )
    assert await directory.membership(group, moving) == Membership(group, moving, "user")
    assert (await bare(writer, group)).roster.buckets == 3
    assert await walked(writer.directory, before) == in_order(users), "with a row from before the split"


async def test_a_group_that_goes_while_it_is_read_has_no_memberships(rows: Rows, writer: Writer) -> None:
    users = await writer.users(CAPACITY + 1)
    group = await writer.crowd("g", users)
    stored = await bare(writer, group)
    directory = Directory(Between(rows, f"group:{group}", lambda: writer.delete("Group", group)), writer.schemas)
    assert await directory.membership(group, users[0]) is None
    with pytest.raises(NotFound, match=group):
        await walked(writer.directory, stored)


async def test_a_bucket_that_never_rests_is_not_shown_torn(writer: Writer, monkeypatch: pytest.MonkeyPatch) -> None:
    users = await writer.users(CAPACITY + 2)
    group = await writer.crowd("g", users[:-1])
    stored = await bare(writer, group)
    monkeypatch.setattr(membership, "changed_after", lambda *_: True)
    with pytest.raises(Unavailable, match="changing all the time"):
        await writer.directory.membership(group, users[0])
    with pytest.raises(Unavailable, match="changing all the time"):
        await walked(writer.directory, stored)


async def test_members_on_the_edges_of_what_buckets_hold_are_met_too(rows: Rows, schemas: Schemas) -> None:
    edges = [at for bits in range(9) for first in range(0, PLACES, PLACES >> bits) for at in (first, first - 1)]
    tails = (int(f"{at % PLACES:032b}"[::-1], 2) for at in edges)
    ids = {f"00000000-0000-7000-8000-0000{tail:08x}": "user" for tail in tails}
    roster, buckets = EMPTY.edit({0: {}}, ids, ())
    kind, group = schemas.types["Group"], "00000000-0000-7000-8000-000000000000"
    stored = Stored(kind, group, {}, "", "", 1, roster)
    held = [(at, {"number": f"{1:016x}", **pack_links(links)}) for at, links in buckets.items()]
    await rows.transact([Create(keys.resource("group", group), records.encode(stored))])
    await rows.transact([Create(keys.members(group, roster.generation, at), bucket) for at, bucket in held])
    assert roster.buckets > 2
    assert await walked(Directory(rows, schemas), stored) == in_order([*ids])
