"""Exporting: a directory as the operations of bulk requests that make another one like it.

First every resource is created, types that have no members before those that have. What a resource refers to is in
its creation where that came before; the rest follows in PATCHes, once all are created, so that circles need no care.
A large group gets its members in lots. Everything is read once more for what follows, since that needs no memory.
"""

from bisect import bisect_left
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from dataclasses import dataclass, field
from io import BytesIO
from itertools import batched
from pathlib import Path
from typing import Literal

from scim import bulk_lines, references
from scim.bulk_lines import Header
from scim.errors import NotFound
from scim.experimental import MEMBERSHIP
from scim.messages import PATCH_OP
from scim.profiles import PROFILES
from scim.provider import Provider
from scim.representation import Representation
from scim.schema import Json, JsonObject, ResourceType
from scim.storage.directory import Directory
from scim.storage.records import Stored

LOT = 45
"""Members that one operation adds: as many as fit into one transaction whatever the group's size."""
LARGE = 1_000
"""Members beyond which nearly every lot like that would write nearly all of a group's rows."""
LARGE_LOT = 5_000
"""Members that one operation adds to a group so large: with them a line is still less than a megabyte."""

type Turn = Literal["create", "complete"]
type Told = Callable[[Turn], None]
"""Hears of each resource that is through, and in which turn."""

_RFC = PROFILES["rfc"]
_WIDTH = 16


@dataclass(slots=True)
class Ids:
    """Ids in growing order, 16 bytes each."""

    _packed: bytearray = field(default_factory=bytearray)

    def __len__(self) -> int:
        return len(self._packed) // _WIDTH

    def __contains__(self, identifier: str) -> bool:
        wanted = bytes.fromhex(identifier.replace("-", ""))
        at = bisect_left(range(len(self)), wanted, key=self._at)
        return at < len(self) and self._at(at) == wanted

    def add(self, identifier: str) -> None:
        """One that is greater than all before it."""
        self._packed += bytes.fromhex(identifier.replace("-", ""))

    def _at(self, place: int) -> bytes:
        return bytes(self._packed[place * _WIDTH : (place + 1) * _WIDTH])


@dataclass(slots=True)
class Export:
    """An export at one point of its way.

    Attributes:
        created: the ids of the resources whose creation is written, by the names of their types.
        at: how far it is: the turn, and the type and id of the last resource, perhaps not all of it.
        ended: whether it is whole.
    """

    representation: Representation
    created: dict[str, Ids] = field(init=False)
    at: tuple[Turn, str, str] | None = None
    ended: bool = False

    def __post_init__(self) -> None:
        self.created = {kind.name: Ids() for kind in self._kinds}

    @property
    def counts(self) -> dict[str, int]:
        """How many resources of each type are created."""
        return {name: len(ids) for name, ids in self.created.items()}

    @property
    def _kinds(self) -> list[ResourceType]:
        return [kind for kind in self.representation.schemas.types.values() if kind.name != MEMBERSHIP]

    def recall(self, path: Path) -> int:
        """Take the way that a file has come; gives the byte behind its last whole line."""
        end = 0
        for behind, line in bulk_lines.whole_lines(path):
            end = behind
            self.ended = bulk_lines.is_end(line)
            for operation in [] if bulk_lines.about(line) is not None else bulk_lines.operations(line):
                self._recall(operation)
        return end

    def _recall(self, operation: Json) -> None:
        _, endpoint, *named = str(operation["path"]).split("/")
        kind = self.representation.schemas.at(f"/{endpoint}")
        if kind is None:
            raise bulk_lines.LinesError(f"the file has resources at /{endpoint}, and the provider has none there")
        if operation["method"] == "POST":
            self.created[kind.name].add(operation["bulkId"])
            self.at = "create", kind.name, operation["bulkId"]
            return
        identifier = references.of_path(named[0]) or ""
        if self.at is None or self.at[1:] != (kind.name, identifier):
            self.at = "complete", kind.name, identifier

    async def operations(self, told: Told) -> AsyncIterator[JsonObject]:
        """The operations that are still to be written; of the resource that it is at, perhaps some once more.

        What is done twice changes nothing the second time.
        """
        for kind in self._left("create"):
            async for stored in self._resources("create", kind):
                for operation in self._create(stored):
                    yield operation
                told("create")
        for kind in self._left("complete"):
            async for stored in self._resources("complete", kind):
                for operation in self._complete(stored):
                    yield operation
                told("complete")

    def _left(self, turn: Turn) -> list[ResourceType]:
        if self.at is None:
            return self._kinds
        current, name, _ = self.at
        if current != turn:
            return [] if turn == "create" else self._kinds
        names = [kind.name for kind in self._kinds]
        return self._kinds[names.index(name) :]

    async def _resources(self, turn: Turn, kind: ResourceType) -> AsyncIterator[Stored]:
        """The resources of a type from where the export is, whole."""
        directory = self.representation.directory
        last = self.at[2] if self.at and self.at[:2] == (turn, kind.name) else ""
        if last and (stored := await directory.get(kind, last, members=True)):
            yield stored
        async for found in directory.scan(kind, last):
            try:
                yield await directory.with_members(found)
            except NotFound:  # it was deleted meanwhile
                continue

    def _create(self, stored: Stored) -> Iterator[JsonObject]:
        kind, members = stored.kind, stored.members or {}
        lots = list(_lots(stored, (m for m in members if self._before(stored, m))))
        begun = stored.id in self.created[kind.name]
        if not begun:
            body = self._cut(stored).body
            if kind.members and lots:
                body = {**body, kind.members: self._members(stored, lots[0])}
            self.created[kind.name].add(stored.id)
            yield {"method": "POST", "path": kind.endpoint, "bulkId": stored.id, "data": body}
        for lot in lots if begun else lots[1:]:
            yield self._patch(stored, [self._adding(stored, lot)])

    def _complete(self, stored: Stored) -> Iterator[JsonObject]:
        """What refers to resources that were not there when the resource was created."""
        if stored.id not in self.created[stored.kind.name]:
            return  # it came when its type was through
        later = references.of_later(stored.kind, self._cut(stored).later, _RFC, self._named)
        if later:
            yield self._patch(stored, later)
        missing = (m for m in stored.members or {} if not self._before(stored, m) and self._is_created(m))
        for lot in _lots(stored, missing):
            yield self._patch(stored, [self._adding(stored, lot)])

    def _cut(self, stored: Stored) -> references.Cut:
        kind, attributes = stored.kind, self._relative(stored.attributes)
        given = {"schemas": [kind.schema.id], **attributes}

        def resolve(identifier: str) -> str | None:
            return f"bulkId:{identifier}" if self._before(stored, identifier) else None

        cut = references.of_stored(kind, given, _RFC, resolve)
        return cut if cut.whole else references.Cut(given, cut.later, whole=True)

    def _relative(self, held: Json) -> Json:
        """A value with URLs of this provider's resources as they are seen from beside each other."""
        if isinstance(held, dict):
            return {name: self._relative(inner) for name, inner in held.items()}
        if isinstance(held, list):
            return [self._relative(inner) for inner in held]
        base = f"{self.representation.base_url}/"
        return f"../{held.removeprefix(base)}" if isinstance(held, str) and held.startswith(base) else held

    def _before(self, stored: Stored, identifier: str) -> bool:
        """Whether a resource was created before another one."""
        for name, ids in self.created.items():
            if name == stored.kind.name:
                return identifier < stored.id and identifier in ids
            if identifier in ids:
                return True
        return False

    def _is_created(self, identifier: str) -> bool:
        return any(identifier in ids for ids in self.created.values())

    def _named(self, identifier: str) -> str:
        """What stands for an id when all are created; one that is no resource's stays as it is."""
        return f"bulkId:{identifier}" if self._is_created(identifier) else identifier

    def _members(self, group: Stored, lot: tuple[str, ...]) -> list[JsonObject]:
        names = {kind.alias: kind.name for kind in self.representation.schemas.types.values()}
        members = group.members or {}
        return [{"value": f"bulkId:{member}", "type": names[members[member]]} for member in lot]

    def _adding(self, group: Stored, lot: tuple[str, ...]) -> JsonObject:
        return {"op": "add", "path": group.kind.members, "value": self._members(group, lot)}

    def _patch(self, stored: Stored, changes: list[Json]) -> JsonObject:
        return {
            "method": "PATCH",
            "path": f"{stored.kind.endpoint}/bulkId:{stored.id}",
            "data": {"schemas": [PATCH_OP], "Operations": changes},
        }


async def header(provider: Provider, directory: Directory) -> bytes:
    """The line before all others."""
    change = f"{await directory.last():016x}"
    return Header(provider.name, provider.table, change, bulk_lines.digest(provider.custom)).line()


async def lines(export: Export, told: Told) -> AsyncIterator[bytes]:
    """The lines that are still to be written, each whole, down to the one that says that they are all."""
    written = BytesIO()
    packed = bulk_lines.Packed(written)

    def taken() -> bytes:
        line = written.getvalue()
        written.seek(0)
        written.truncate()
        return line

    async for operation in export.operations(told):
        packed.add(operation)
        if written.tell():
            yield taken()
    packed.flush()
    yield taken() + bulk_lines.end(export.counts)


def _lots(group: Stored, members: Iterable[str]) -> Iterator[tuple[str, ...]]:
    """Some members of a group, as many together as one operation adds."""
    return batched(members, LOT if group.roster.count <= LARGE else LARGE_LOT, strict=False)
