"""A resource as clients see it, made of what the directory keeps of it (RFC 7643 §3)."""

from dataclasses import dataclass, replace

from scim.experimental import MEMBERSHIP
from scim.projection import Projection
from scim.schema import JsonObject, ResourceType, Schemas
from scim.storage.directory import Directory
from scim.storage.records import Stored


@dataclass(frozen=True, slots=True)
class Shown:
    """A resource as an answer shows it.

    Attributes:
        version: ``meta.version``, whether it is shown or not.
        location: ``meta.location``, likewise.
        resource: what the client asked to see; None if nothing.
    """

    version: str
    location: str
    resource: JsonObject | None = None


@dataclass(frozen=True, slots=True)
class Representation:
    """How one provider's resources look.

    Attributes:
        base_url: the provider's Base URL, from which every ``meta.location`` starts.
    """

    directory: Directory
    schemas: Schemas
    base_url: str

    async def answer(self, stored: Stored, projection: Projection | None) -> Shown:
        """A resource with what every answer tells of it; raises as ``shown`` does."""
        resource = await self.shown(stored, projection) if projection else None
        return Shown(stored.version, self.location(stored.kind, stored.id), resource)

    async def shown(self, stored: Stored, projection: Projection) -> JsonObject:
        """What a projection shows of a resource; its members are read only if they are shown.

        Raises:
            NotFound: it was deleted meanwhile.
        """
        if shows_members(stored.kind, projection):
            stored = await self.directory.with_members(stored)
        elif stored.kind.members:
            stored = replace(stored, members={})
        return projection.apply(self.full(stored))

    def full(self, stored: Stored) -> JsonObject:
        """Everything a client could be shown of a resource; links as ids, types and URLs."""
        kind, attributes = stored.kind, stored.attributes
        if kind.name == MEMBERSHIP:
            return self._membership(stored)
        shown: JsonObject = {"schemas": attributes.get("schemas", [kind.schema.id]), "id": stored.id, **attributes}
        if kind.members and stored.members:
            types = {other.alias: other for other in self.schemas.types.values()}
            shown[kind.members] = [self.link(types[alias], member) for member, alias in stored.members.items()]
        if kind.memberships and stored.memberships:
            groups = next(other for other in self.schemas.types.values() if other.members)
            shown[kind.memberships] = [
                {"value": group, "type": "direct", "$ref": self.location(groups, group)} for group in stored.memberships
            ]
        shown["meta"] = {
            "resourceType": kind.name,
            "created": stored.created,
            "lastModified": stored.modified,
            "location": self.location(kind, stored.id),
            "version": stored.version,
        }
        return shown

    def kept(self, kind: ResourceType, shown: JsonObject) -> JsonObject:
        """What is kept of a resource that is shown in full."""
        derived = {"id", "meta", kind.members, kind.memberships}
        kept = {name: value for name, value in shown.items() if name not in derived}
        if kind.name == MEMBERSHIP:
            return {name: {"value": value["value"]} if "value" in value else value for name, value in kept.items()}
        return kept

    def _membership(self, stored: Stored) -> JsonObject:
        """A membership, of whose time nothing is kept; it never changes, so its version is always the same."""
        groups = next(other for other in self.schemas.types.values() if other.members)
        (member, alias), *_ = (stored.members or {}).items()
        members = next(other for other in self.schemas.types.values() if other.alias == alias)
        group = stored.attributes["group"]["value"]
        location = self.location(stored.kind, stored.id)
        return {
            "schemas": stored.attributes["schemas"],
            "id": stored.id,
            "group": {"value": group, "$ref": self.location(groups, group)},
            "member": self.link(members, member),
            "meta": {"resourceType": stored.kind.name, "location": location, "version": stored.version},
        }

    def link(self, kind: ResourceType, identifier: str) -> JsonObject:
        """A member."""
        return {"value": identifier, "type": kind.name, "$ref": self.location(kind, identifier)}

    def location(self, kind: ResourceType, identifier: str) -> str:
        """A resource's URL."""
        return f"{self.base_url}{kind.endpoint}/{identifier}"


def shows_members(kind: ResourceType, projection: Projection) -> bool:
    """Whether a projection shows any of the links that a resource of this type has."""
    return kind.members is not None and projection.shows(kind.members)
