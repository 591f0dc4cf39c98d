"""Reading memberships one by one, in few words."""

from scim.storage.directory import Directory
from scim.storage.members import place
from scim.storage.membership import Membership
from scim.storage.records import Stored
from tests.contract.writing import Writer


def in_order(ids: list[str]) -> list[str]:
    """Members in the order in which they are read."""
    return sorted(ids, key=lambda each: (place(each), each))


async def one(writer: Writer, group: str, member: str) -> Membership | None:
    """The membership of a member in a group."""
    return await writer.directory.membership(group, member)


async def walked(directory: Directory, group: Stored, after: str = "") -> list[str]:
    """The members of a group behind another one, read bucket by bucket."""
    return [each.member async for each in directory.memberships(group, after)]


async def bare(writer: Writer, group: str) -> Stored:
    """A group without the members in its buckets."""
    stored = await writer.directory.get(writer.schemas.types["Group"], group, members=False)
    assert stored is not None
    return stored
