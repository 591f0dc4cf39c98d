"""The verbs of RFC 7644 §3 on one provider's directory.

A verb that writes is an act first, which can be done alone or with others in one transaction.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, replace

from scim import characteristics, dialects, messages, patch, resources
from scim.changes import Origin
from scim.errors import ScimError
from scim.pacing import fairly
from scim.preconditions import UNCONDITIONAL, Condition
from scim.profiles import Profile
from scim.projection import Projection
from scim.representation import Representation, Shown
from scim.resources import Links, Member, Note, Reading
from scim.schema import Json, JsonObject, ResourceType
from scim.settings import Settings
from scim.storage.acts import Act, Edit, Request, Written, exists
from scim.storage.directory import Directory
from scim.storage.drafts import Draft, View
from scim.storage.records import Stored, not_found
from scim.storage.rows import MAX_TRANSACTION_ROWS


@dataclass(frozen=True, slots=True)
class Service:
    """What one client may do with one provider's resources.

    Attributes:
        origin: who asks, for the change records.
        quirks: names of the departures from the standard met while answering.
        dry_run: answer as ever, and write nothing.
        size: bytes in the body.
        keep_ids: whether what is created in a bulk request gets its bulkId as its id, if that can be one.
        wanted: the id that what is created is to have; blank: a new one.
    """

    representation: Representation
    profile: Profile
    settings: Settings
    origin: Origin
    quirks: set[str]
    dry_run: bool = False
    size: int = 0
    keep_ids: bool = False
    wanted: str = ""

    @property
    def directory(self) -> Directory:
        """The provider's directory."""
        return self.representation.directory

    async def create(self, kind: ResourceType, body: Json, projection: Projection) -> Shown:
        """Create a resource from a POST's body (§3.3)."""
        return await self._done(await fairly(self.size, self.creation, kind, body), projection)

    async def retrieve(
        self, kind: ResourceType, identifier: str, projection: Projection, condition: Condition = UNCONDITIONAL
    ) -> Shown:
        """One resource (§3.4.1), without its representation if the client has it already."""
        stored = await self.directory.get(kind, identifier, members=False)
        if stored is None:
            raise not_found(kind, identifier)
        if condition.unchanged(stored.version):
            return await self.representation.answer(stored, None)
        condition.check(stored.version)
        return await self.representation.answer(stored, projection)

    async def replace(
        self,
        kind: ResourceType,
        identifier: str,
        body: Json,
        projection: Projection,
        condition: Condition = UNCONDITIONAL,
    ) -> Shown:
        """Replace a resource by a PUT's body (§3.5.1)."""
        act = await fairly(self.size, self.replacement, kind, identifier, body, condition)
        return await self._done(act, projection)

    async def modify(
        self,
        kind: ResourceType,
        identifier: str,
        body: Json,
        projection: Projection | None,
        condition: Condition = UNCONDITIONAL,
    ) -> Shown:
        """Apply a PATCH's operations (§3.5.2); shows the resource if a projection says what of it."""
        act = await fairly(self.size, self.modification, kind, identifier, body, condition)
        return await self._done(act, projection)

    async def delete(self, kind: ResourceType, identifier: str, condition: Condition = UNCONDITIONAL) -> None:
        """Delete a resource (§3.6)."""
        await self._done(self.deletion(kind, identifier, condition), None)

    def creation(self, kind: ResourceType, body: Json) -> Act:
        """The act of ``create``."""
        reading = self._read(kind, body)
        return self.directory.creation(kind, reading.resource, reading.links, self._request(reading.notes))

    def replacement(self, kind: ResourceType, identifier: str, body: Json, condition: Condition = UNCONDITIONAL) -> Act:
        """The act of ``replace``."""
        reading = self._read(kind, body)

        def apply(stored: Stored) -> Reading:
            condition.check(stored.version)
            resource = characteristics.keep_immutable(kind, stored.attributes, reading.resource)
            characteristics.check(kind, stored.attributes, resource)
            return replace(reading, resource=resource, notes=())

        return self.directory.modification(kind, identifier, Edit("replace", apply), self._request(reading.notes))

    def modification(
        self, kind: ResourceType, identifier: str, body: Json, condition: Condition = UNCONDITIONAL
    ) -> Act:
        """The act of ``modify``."""
        given, noted = dialects.message(messages.PATCH_OP, body, self.profile)
        message = messages.patch_op(given, self.settings.operations_max)
        plan = patch.plan(kind, message.operations, self.profile)
        request = self._request((*noted, *plan.notes))

        async def decide(view: View, draft: Draft) -> Written:
            known = await self._linkable(view, plan.added) if plan.needs_members else {}

            def apply(stored: Stored) -> Reading:
                condition.check(stored.version)
                return self._apply(plan, stored, known)

            edit = Edit("modify", apply, needs_members=plan.needs_members)
            return await self.directory.modification(kind, identifier, edit, request).decide(view, draft)

        return Act(decide, foreseen=self.directory.foreseen(kind, identifier, plan.links))

    def deletion(self, kind: ResourceType, identifier: str, condition: Condition = UNCONDITIONAL) -> Act:
        """The act of ``delete``."""

        def check(stored: Stored) -> None:
            condition.check(stored.version)

        return self.directory.deletion(kind, identifier, self.origin, check)

    async def write_each(self, acts: Sequence[Act]) -> AsyncIterator[Written | ScimError]:
        """Do acts one after the other, many of them in one transaction; or only see what they would come to."""
        outcomes = self.directory.try_each(acts) if self.dry_run else self.directory.write_each(acts)
        async for outcome in outcomes:
            if isinstance(outcome, Written):
                self._note(outcome.notes)
            yield outcome

    async def _done(self, act: Act, projection: Projection | None) -> Shown:
        (outcome,) = [outcome async for outcome in self.write_each([act])]
        if isinstance(outcome, ScimError):
            raise outcome
        return await self.representation.answer(outcome.stored, projection)

    def _apply(self, plan: patch.Plan, stored: Stored, known: Mapping[str, JsonObject]) -> Reading:
        """A resource after a PATCH, which sees all that a client sees, but members only where it must."""
        kind = stored.kind
        before = stored if plan.needs_members or not kind.members else replace(stored, members={})
        outcome = plan.outcome(self.representation.full(before), known)
        after = self.representation.kept(kind, outcome.resource)
        characteristics.check(kind, stored.attributes, after)
        links = outcome.links
        if plan.needs_members and kind.members:
            members = outcome.resource.get(kind.members, [])
            links = Links(add={m["value"]: Member(m["value"], m.get("type")) for m in members}, clear=True)
        planned = set(plan.notes)
        return Reading(after, links, tuple(note for note in outcome.notes if note not in planned))

    async def _linkable(self, view: View, ids: Sequence[str]) -> dict[str, JsonObject]:
        """What links to resources look like, by id, as far as these exist; of too many to be linked at once, none."""
        known: dict[str, JsonObject] = {}
        for identifier in dict.fromkeys(ids if len(ids) <= MAX_TRANSACTION_ROWS else ()):
            for kind in self.representation.schemas.types.values():
                if identifier not in known and await exists(view, kind, identifier):
                    known[identifier] = self.representation.link(kind, identifier)
        return known

    def _read(self, kind: ResourceType, body: Json) -> Reading:
        given, bent = dialects.body(kind, body, self.profile)
        reading = resources.read(kind, given)
        return Reading(reading.resource, reading.links, (*bent, *reading.notes))

    def _request(self, notes: tuple[Note, ...]) -> Request:
        self._note(notes)
        return Request(self.origin, notes, self.profile.skip_unknown_members, self.wanted)

    def _note(self, notes: Sequence[Note]) -> None:
        self.quirks.update(note.quirk for note in notes)
