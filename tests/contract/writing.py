"""Writes as the service hands them to a directory, in few words."""

from collections.abc import Iterable
from dataclasses import dataclass

from scim.changes import Origin
from scim.resources import NO_LINKS, Links, Member, Note, Reading
from scim.schema import Json, Schemas
from scim.storage.acts import Edit, Request, Written
from scim.storage.directory import Directory
from scim.storage.memory import MemoryTables
from scim.storage.records import Stored
from scim.storage.rows import Rows

ORIGIN = Origin("key", "request")
REQUEST = Request(ORIGIN)
TOLERANT = Request(ORIGIN, skip_unknown_members=True)


async def founded(schemas: Schemas) -> Rows:
    """The rows of a directory in memory, ready for its first resource."""
    tables = MemoryTables()
    await tables.create("p")
    rows = tables.rows("p", "p")
    await Directory(rows, schemas).found()
    return rows


def adding(*ids: str, kind: str | None = None) -> Links:
    """Links that add members."""
    return Links(add={identifier: Member(identifier, kind) for identifier in ids})


def exactly(*ids: str) -> Links:
    """Links that leave just these members, as a PUT does."""
    return Links(add=adding(*ids).add, clear=True)


def removing(*ids: str) -> Links:
    """Links that remove members."""
    return Links(remove=frozenset(ids))


def linking(links: Links, notes: tuple[Note, ...] = ()) -> Edit:
    """An edit of members alone."""
    return Edit("modify", lambda stored: Reading(stored.attributes, links, notes))


def setting(**attributes: Json) -> Edit:
    """An edit of attributes; None unassigns one."""

    def apply(stored: Stored) -> Reading:
        after = {**stored.attributes, **attributes}
        return Reading({name: value for name, value in after.items() if value is not None})

    return Edit("modify", apply)


@dataclass(frozen=True, slots=True)
class Writer:
    """A directory with users and groups."""

    directory: Directory
    schemas: Schemas

    async def user(self, name: str, **attributes: Json) -> str:
        """Create a user; gives its id."""
        kind = self.schemas.types["User"]
        resource = {"schemas": [kind.schema.id], "userName": name, **attributes}
        return (await self.directory.create(kind, resource, NO_LINKS, REQUEST)).stored.id

    async def users(self, count: int, prefix: str = "user") -> list[str]:
        """Create many users, one after another."""
        return [await self.user(f"{prefix}{number}") for number in range(count)]

    async def group(self, name: str, *members: str, request: Request = REQUEST, **attributes: Json) -> str:
        """Create a group; gives its id."""
        kind = self.schemas.types["Group"]
        resource = {"schemas": [kind.schema.id], "displayName": name, **attributes}
        return (await self.directory.create(kind, resource, adding(*members), request)).stored.id

    async def crowd(self, name: str, members: list[str]) -> str:
        """Create a group of any size."""
        group = await self.group(name)
        for start in range(0, len(members), 40):
            await self.link(group, adding(*members[start : start + 40]))
        return group

    async def link(self, group: str, links: Links, request: Request = REQUEST) -> Written:
        """Change a group's members."""
        return await self.directory.modify(self.schemas.types["Group"], group, linking(links), request)

    async def change(self, kind: str, identifier: str, **attributes: Json) -> Written:
        """Change attributes of a resource."""
        return await self.directory.modify(self.schemas.types[kind], identifier, setting(**attributes), REQUEST)

    async def delete(self, kind: str, identifier: str) -> None:
        """Delete a resource."""
        await self.directory.delete(self.schemas.types[kind], identifier, ORIGIN)

    async def read(self, kind: str, identifier: str) -> Stored:
        """A resource that is there, with its members."""
        stored = await self.directory.get(self.schemas.types[kind], identifier, members=True)
        assert stored is not None
        return stored

    async def members(self, group: str) -> set[str]:
        """The ids of a group's members."""
        return set((await self.read("Group", group)).members or ())

    async def groups(self, user: str) -> set[str]:
        """The ids of the groups that a user carries."""
        return set((await self.read("User", user)).memberships)

    async def find(self, kind: str, path: str, value: str) -> list[str]:
        """The ids of the resources with a value."""
        found = self.schemas.types[kind]
        index = next(index for index in found.indexes if str(index.target) == path)
        return [stored.id for stored in await self.directory.find(found, index, value)]

    async def kinds(self) -> list[str]:
        """What the change records say was done, in order."""
        return [change.kind async for change in self.directory.changes()]


def other_ids(count: int) -> Iterable[str]:
    """Ids in the right form that no resource has."""
    return (f"00000000-0000-7000-8000-{number:012x}" for number in range(count))
