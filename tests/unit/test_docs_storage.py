"""The rows shown in docs/storage.md are those that the store writes.

Run as a program, ``python -m tests.unit.test_docs_storage``, it brings the page up to date.
"""

import asyncio
import base64
import random
import re
import secrets
import uuid
from collections.abc import AsyncIterator, Awaitable, Iterator, Sequence
from pathlib import Path
from unittest import mock

from scim import normal_forms
from scim.changes import Origin
from scim.credentials import Credential
from scim.provider import Provider
from scim.resources import Links, Member, Note, Reading
from scim.schema import JsonObject, ResourceType, Schemas
from scim.storage import keys
from scim.storage.acts import Edit, Request
from scim.storage.commit import Commit
from scim.storage.deletion import Deletion
from scim.storage.directory import Directory
from scim.storage.members import CAPACITY
from scim.storage.memory import MemoryRows
from scim.storage.records import Stored
from scim.storage.retaining import Retention
from scim.storage.rows import Properties, Property, Row, Write
from scim.storage.runs import RUN

PAGE = Path(__file__).parents[2] / "docs" / "storage.md"
BLOCK = re.compile(r"(?<=<!-- generated: )(?P<name>[a-z ]+) -->\n.*?(?=<!-- end -->)", re.DOTALL)
LONGEST = 120
"""Characters of a value that the page shows."""

CORE = "urn:ietf:params:scim:schemas:core:2.0:"
ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
ADA: JsonObject = {
    "schemas": [f"{CORE}User", ENTERPRISE],
    "externalId": "9f1c",
    "userName": "Ada@example.com",
    "displayName": "Ada Lovelace",
    "active": True,
    "emails": [{"type": "work", "value": "ada@example.com", "primary": True}],
    ENTERPRISE: {"department": "Research"},
}
ENGINEERS: JsonObject = {"schemas": [f"{CORE}Group"], "externalId": "77ab", "displayName": "Engineers"}


class CountedRows(MemoryRows):
    """Rows in memory that count how often they are called."""

    def __init__(self) -> None:
        super().__init__()
        self.reads = 0
        self.sizes: list[int] = []

    async def get(self, key: str) -> Row | None:
        self.reads += 1
        return await super().get(key)

    async def range(
        self, low: str, high: str, limit: int | None = None, *, keys_only: bool = False
    ) -> AsyncIterator[list[Row]]:
        async for page in super().range(low, high, limit, keys_only=keys_only):
            self.reads += 1
            yield page

    async def transact(self, writes: Sequence[Write]) -> list[str]:
        self.sizes.append(len(writes))
        return await super().transact(writes)

    def named(self, prefix: str) -> list[Row]:
        """The rows whose keys begin so."""
        return [self._rows[key] for key in self._keys if key.startswith(prefix)]


class Story:
    """A directory in which a second passes before each request."""

    def __init__(self, schemas: Schemas) -> None:
        self.schemas = schemas
        self.user, self.group = schemas.types["User"], schemas.types["Group"]
        self.rows = CountedRows()
        self.directory = Directory(self.rows, schemas, self.clock)
        self.now = 1_795_424_400_000  # 2026-11-23T09:00:00Z
        self.requests = 0

    def clock(self) -> int:
        """The time of the request."""
        return self.now

    def request(self, *notes: Note) -> Request:
        """The next request."""
        self.now += 1_000
        self.requests += 1
        return Request(Origin("4zpdrtdfy62r", f"request-{self.requests}"), notes)

    async def tell(self) -> Stored:
        """One user, one group, and what happens to them; gives the user."""
        await self.directory.found()
        ada = await self.create(self.user, ADA)
        engineers = await self.create(self.group, ENGINEERS)
        await self.add_members(engineers, [ada])
        await self.disable(ada, Note("string_boolean", "active"))
        return ada

    async def measure(self, ada: Stored) -> str:
        """What requests cost, as a table."""
        lines = []
        for what, call in self._requests(ada):
            self.rows.reads, self.rows.sizes = 0, []
            await call
            written = ", ".join(map(str, self.rows.sizes)) or "none"
            lines.append(f"| {what} | {self.rows.reads} | {written} |\n")
        return "\n| Request | Reads | Rows in its transaction |\n|---|---|---|\n" + "".join(lines) + "\n"

    def _requests(self, ada: Stored) -> Iterator[tuple[str, Awaitable[object]]]:
        """Requests to measure; each is made when the one before it is done."""
        user, directory = self.user, self.directory
        grace = {**ADA, "userName": "grace@example.com"}
        yield "create a user with one e-mail address", self.create(user, grace)
        yield "create a group without members", self.create(self.group, {**ENGINEERS, "displayName": "Writers"})
        (group,) = [row.key.partition(":")[2] for row in self.rows.named("group:")][1:]
        writers = Stored(self.group, group, {}, "", "", 0)
        yield "add a member to a small group", self.add_members(writers, [ada])
        yield "enable a user", self.directory.modify(user, ada.id, _active(value=True), self.request())
        yield (
            "enable a user who is enabled already",
            self.directory.modify(user, ada.id, _active(value=True), self.request()),
        )
        yield "read a user by `id`, groups included", directory.get(user, ada.id, members=True)
        yield "find a user by `userName`", directory.find(user, user.indexes[0], "ADA@example.com")
        yield "list users from any `startIndex`, with `totalResults`", directory.page(user, 1, 100)
        yield "delete a user who is in two groups", directory.delete(user, ada.id, self.request().origin)

    async def grow(self) -> None:
        """What appears only in larger directories."""
        people = [
            await self.create(self.user, {"schemas": [f"{CORE}User"], "userName": f"user{number}@example.com"})
            for number in range(RUN)
        ]
        large = await self.create(self.group, {**ENGINEERS, "displayName": "Large"})
        for start in range(0, CAPACITY + 1, 90):
            await self.add_members(large, people[: CAPACITY + 1][start : start + 90])
        deletion = Deletion(self.schemas, self.group, large.id, self.request().origin, whole=False)
        await Commit(self.rows, self.clock).write(deletion)

    async def create(self, kind: ResourceType, attributes: JsonObject) -> Stored:
        """Store a resource."""
        return (await self.directory.create(kind, attributes, Links(), self.request())).stored

    async def disable(self, user: Stored, *notes: Note) -> None:
        """Set ``active`` to false."""
        await self.directory.modify(self.user, user.id, _active(value=False), self.request(*notes))

    async def add_members(self, group: Stored, users: Sequence[Stored]) -> None:
        """Let users join a group."""
        links = Links(add={user.id: Member(user.id, "User") for user in users})
        edit = Edit("modify", lambda held: Reading(held.attributes, links))
        await self.directory.modify(self.group, group.id, edit, self.request())


def _active(*, value: bool) -> Edit:
    return Edit("modify", lambda held: Reading({**held.attributes, "active": value}))


def _shown(value: Property) -> str:
    if isinstance(value, bytes) and value:
        text = base64.b64encode(value).decode()
        return f"`{text}`" if len(text) <= LONGEST else f"`{text[:60]}` … ({len(value)} bytes)"
    return f"`{value}`" if value not in ("", b"") else "(empty)"


_TYPES = {str: "String", bytes: "Binary", int: "Int32", bool: "Boolean"}


def _table(row: Row) -> str:
    properties: Properties = row.properties
    lines = [f"| {name} | {_TYPES[type(value)]} | {_shown(value)} |\n" for name, value in properties.items()]
    return f"\n**`{row.key}`**\n\n| Property | Type | Value |\n|---|---|---|\n{''.join(lines)}"


def _tables(rows: Sequence[Row]) -> str:
    return "".join(map(_table, rows)) + "\n"


async def blocks() -> dict[str, str]:
    """The generated parts of the page, by their names."""
    seeded = random.Random(2026)  # noqa: S311 (the same rows each time)

    def uuid4() -> uuid.UUID:
        return uuid.UUID(int=seeded.getrandbits(128), version=4)

    with (
        mock.patch.object(uuid, "uuid4", uuid4),
        mock.patch.object(secrets, "randbits", seeded.getrandbits),
        mock.patch.object(normal_forms, "form", return_value="1/15.1.0"),
    ):
        story = Story(Schemas.load())
        ada = await story.tell()
        shown = {
            "head": _tables(story.rows.named("head")),
            "user": _tables(story.rows.named("user:")),
            "user indexes": _tables(story.rows.named("user.")),
            "group": _tables(story.rows.named("group:")),
            "group indexes": _tables(story.rows.named("group.")),
            "changes": _tables(story.rows.named("change:")),
        }
        shown["calls"] = await story.measure(ada)
        shown["tombstone"] = _tables(story.rows.named("tombstone:"))
        deletion = int(str(story.rows.named("tombstone:")[0].properties["number"]), 16)
        await story.grow()
        await Retention(story.rows, deletion + 1)()
        emptied = story.rows.named(keys.change(deletion))
        shown["retention"] = _tables([*story.rows.named("job:retention"), *emptied])
    return shown | {
        "runs": _tables(story.rows.named("head:runs:")),
        "bucket": _tables(story.rows.named("members:")[:1]),
        "intent": _tables(story.rows.named("intent:")),
    }


def _renewed(page: str, fresh: dict[str, str]) -> str:
    return BLOCK.sub(lambda found: f"{found['name']} -->\n{fresh[found['name']]}", page)


async def test_the_rows_on_the_page_are_those_the_store_writes() -> None:
    page, fresh = PAGE.read_text(), await blocks()
    shown = {found["name"]: found[0] for found in BLOCK.finditer(page)}
    assert shown.keys() == fresh.keys()
    stale = [name for name, text in fresh.items() if shown[name] != f"{name} -->\n{text}"]
    assert not stale, "python -m tests.unit.test_docs_storage brings docs/storage.md up to date"


def test_the_page_names_every_property_of_providers_and_credentials() -> None:
    section = PAGE.read_text().partition("## Providers and credentials")[2]
    provider = Provider("contoso", "p0", "rfc").encode()
    credential = Credential("k", "token", "contoso", "p0", "write", "").encode()
    assert [name for name in (*provider, *credential) if f"`{name}`" not in section] == []


if __name__ == "__main__":
    PAGE.write_text(_renewed(PAGE.read_text(), asyncio.run(blocks())))
