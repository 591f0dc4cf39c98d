"""The verbs of RFC 7644 §3 on one provider's directory."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from scim import dialects, messages, patch, resources
from scim.changes import Origin
from scim.profiles import Profile
from scim.projection import Projection
from scim.representation import Representation, shows_members
from scim.resources import Links, Member, Note, Reading
from scim.schema import Json, JsonObject, ResourceType
from scim.settings import Settings
from scim.storage.acts import Edit, Request
from scim.storage.directory import Directory
from scim.storage.records import Stored, not_found
from scim.storage.rows import MAX_TRANSACTION_ROWS


@dataclass(frozen=True, slots=True)
class Service:
    """What one client may do with one provider's resources.

    Attributes:
        origin: who asks, for the change records.
        quirks: names of the departures from the standard met while answering.
    """

    representation: Representation
    profile: Profile
    settings: Settings
    origin: Origin
    quirks: set[str]

    @property
    def directory(self) -> Directory:
        """The provider's directory."""
        return self.representation.directory

    async def create(self, kind: ResourceType, body: Json, projection: Projection) -> JsonObject:
        """Create a resource from a POST's body (§3.3); gives its representation."""
        reading = self._read(kind, body)
        written = await self.directory.create(kind, reading.resource, reading.links, self._request(reading.notes))
        self._note(written.notes)
        return await self.representation.shown(written.stored, projection)

    async def retrieve(self, kind: ResourceType, identifier: str, projection: Projection) -> JsonObject:
        """One resource (§3.4.1)."""
        stored = await self.directory.get(kind, identifier, members=shows_members(kind, projection))
        if stored is None:
            raise not_found(kind, identifier)
        return await self.representation.shown(stored, projection)

    async def replace(self, kind: ResourceType, identifier: str, body: Json, projection: Projection) -> JsonObject:
        """Replace a resource by a PUT's body (§3.5.1); gives its representation."""
        reading = self._read(kind, body)

        def apply(stored: Stored) -> Reading:
            resource = resources.keep_immutable(kind, stored.attributes, reading.resource)
            resources.check(kind, stored.attributes, resource)
            return replace(reading, resource=resource, notes=())

        written = await self.directory.modify(kind, identifier, Edit("replace", apply), self._request(reading.notes))
        self._note(written.notes)
        return await self.representation.shown(written.stored, projection)

    async def modify(
        self, kind: ResourceType, identifier: str, body: Json, projection: Projection | None
    ) -> JsonObject | None:
        """Apply a PATCH's operations (§3.5.2); gives the representation if a projection says which."""
        given, noted = dialects.message(messages.PATCH_OP, body, self.profile)
        message = messages.patch_op(given, self.settings.operations_max)
        plan = patch.plan(kind, message.operations, self.profile)
        known = await self._linkable(plan.added) if plan.needs_members else {}

        def apply(stored: Stored) -> Reading:
            return self._apply(plan, stored, known)

        request = self._request((*noted, *plan.notes))
        edit = Edit("modify", apply, needs_members=plan.needs_members)
        written = await self.directory.modify(kind, identifier, edit, request)
        self._note(written.notes)
        return await self.representation.shown(written.stored, projection) if projection else None

    async def delete(self, kind: ResourceType, identifier: str) -> None:
        """Delete a resource (§3.6)."""
        await self.directory.delete(kind, identifier, self.origin)

    def _apply(self, plan: patch.Plan, stored: Stored, known: Mapping[str, JsonObject]) -> Reading:
        """A resource after a PATCH, which sees all that a client sees, but members only where it must."""
        kind = stored.kind
        before = stored if plan.needs_members else replace(stored, members={})
        outcome = plan.outcome(self.representation.full(before), known)
        derived = {"id", "meta", kind.members, kind.memberships}
        after = {name: value for name, value in outcome.resource.items() if name not in derived}
        resources.check(kind, stored.attributes, after)
        links = outcome.links
        if plan.needs_members and kind.members:
            members = outcome.resource.get(kind.members, [])
            links = Links(add={m["value"]: Member(m["value"], m.get("type")) for m in members}, clear=True)
        planned = set(plan.notes)
        return Reading(after, links, tuple(note for note in outcome.notes if note not in planned))

    async def _linkable(self, ids: Sequence[str]) -> dict[str, JsonObject]:
        """What links to resources look like, by id, as far as these exist; of too many to be linked at once, none."""
        known: dict[str, JsonObject] = {}
        for identifier in dict.fromkeys(ids if len(ids) <= MAX_TRANSACTION_ROWS else ()):
            for kind in self.representation.schemas.types.values():
                if identifier not in known and await self.directory.get(kind, identifier, members=False):
                    known[identifier] = self.representation.link(kind, identifier)
        return known

    def _read(self, kind: ResourceType, body: Json) -> Reading:
        given, bent = dialects.body(kind, body, self.profile)
        reading = resources.read(kind, given)
        return replace(reading, notes=(*bent, *reading.notes))

    def _request(self, notes: tuple[Note, ...]) -> Request:
        self._note(notes)
        return Request(self.origin, notes, self.profile.skip_unknown_members)

    def _note(self, notes: Sequence[Note]) -> None:
        self.quirks.update(note.quirk for note in notes)
