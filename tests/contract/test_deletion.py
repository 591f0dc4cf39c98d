"""Deleting, on every kind of tables: in one transaction, or behind an intent when too many others are concerned."""

import asyncio
from dataclasses import dataclass

import pytest

from scim.resources import Links
from scim.schema import Schemas
from scim.storage.directory import Directory
from scim.storage.memory import MemoryTables
from scim.storage.rows import Rows
from tests.contract.writing import Writer, adding, removing
from tests.faults.invariants import assert_clean
from tests.faults.moving import move


@dataclass(frozen=True, slots=True)
class Company:
    """A user in 150 groups; a group of 1,000 members, him among them; a group in which that group is."""

    users: list[str]
    groups: list[str]
    everybody: str
    parent: str

    @property
    def busy(self) -> str:
        """The user who is in all groups."""
        return self.users[0]


async def build(rows: Rows, schemas: Schemas) -> Company:
    directory = Directory(rows, schemas)
    await directory.found()
    writer = Writer(directory, schemas)
    users = await writer.users(1_000)
    groups = [await writer.group(f"g{number}", users[0]) for number in range(150)]
    everybody = await writer.crowd("everybody", users)
    parent = await writer.group("parent", everybody, groups[0])
    await writer.link(everybody, Links(add=adding(*groups[:2]).add, remove=frozenset(users[998:])))
    return Company(users, groups, everybody, parent)


async def built_in_memory(schemas: Schemas) -> tuple[Rows, Company]:
    tables = MemoryTables()
    await tables.create("p")
    rows = tables.rows("p", "p")
    company = await build(rows, schemas)
    await assert_clean(rows, schemas)
    return rows, company


@pytest.fixture(scope="module")
def built(schemas: Schemas) -> tuple[Rows, Company]:
    return asyncio.run(built_in_memory(schemas))


@pytest.fixture
async def company(built: tuple[Rows, Company], rows: Rows) -> Company:
    source, company = built
    await move(source, rows)
    return company


@pytest.fixture
def writer(rows: Rows, schemas: Schemas) -> Writer:
    return Writer(Directory(rows, schemas), schemas)


async def gone(writer: Writer, kind: str, identifier: str) -> bool:
    return await writer.directory.get(writer.schemas.types[kind], identifier, members=False) is None


async def test_a_user_in_150_groups_goes_and_a_group_of_a_thousand_members(
    writer: Writer, company: Company, rows: Rows, schemas: Schemas
) -> None:
    before = await writer.read("Group", company.groups[-1])
    await writer.delete("User", company.busy)
    assert await gone(writer, "User", company.busy)
    for group in (*company.groups[2::49], company.groups[-1]):
        assert await writer.members(group) == set()
    assert company.busy not in await writer.members(company.everybody)
    assert (await writer.read("Group", company.groups[-1])).number > before.number
    kinds = await writer.kinds()
    after = kinds[kinds.index("delete") :]
    assert after == ["delete", *["follow"] * (len(after) - 1)]
    assert 5 <= len(after) <= 9

    member = await writer.read("User", company.users[500])
    await writer.delete("Group", company.everybody)
    assert await gone(writer, "Group", company.everybody)
    left = await writer.read("User", company.users[500])
    assert (left.memberships, left.modified) == ((), member.modified)
    assert left.number > member.number
    assert await writer.members(company.parent) == {company.groups[0]}
    await writer.group("everybody", company.users[1])
    await assert_clean(rows, schemas)


async def test_both_go_at_once_and_others_write_meanwhile(
    writer: Writer, company: Company, rows: Rows, schemas: Schemas
) -> None:
    other = Writer(Directory(rows, schemas), schemas)
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(writer.delete("User", company.busy))
        tasks.create_task(other.delete("Group", company.everybody))
        tasks.create_task(writer.delete("Group", company.groups[0]))
        tasks.create_task(other.link(company.groups[5], adding(*company.users[1:20])))
        tasks.create_task(other.link(company.groups[6], removing(company.busy)))
    assert await writer.members(company.groups[5]) == set(company.users[1:20])
    assert await writer.members(company.parent) == set()
    await assert_clean(rows, schemas)
