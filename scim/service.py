"""The verbs of RFC 7644 §3 on one provider's directory."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace

from scim import dialects, filters, matching, messages, patch, planning, resources
from scim.changes import Origin
from scim.errors import InvalidFilter, NotFound, NotImplementedYet, TooMany
from scim.messages import SearchRequest
from scim.profiles import Profile
from scim.projection import Projection
from scim.resources import Links, Member, Note, Reading
from scim.schema import Json, JsonObject, ResourceType, Schemas
from scim.settings import Settings
from scim.storage.directory import Directory, Edit, Request
from scim.storage.records import Stored
from scim.storage.rows import MAX_TRANSACTION_ROWS

MAX_PAGE_MEMBERS = 100_000
"""Members in a page of groups, at which it ends."""


@dataclass(frozen=True, slots=True)
class Service:
    """What one client may do with one provider's resources.

    Attributes:
        base_url: the provider's Base URL, from which every ``meta.location`` starts.
        origin: who asks, for the change records.
        quirks: names of the departures from the standard met while answering.
    """

    directory: Directory
    schemas: Schemas
    profile: Profile
    settings: Settings
    base_url: str
    origin: Origin
    quirks: set[str] = field(default_factory=set)

    async def create(self, kind: ResourceType, body: Json, projection: Projection) -> JsonObject:
        """Create a resource from a POST's body (§3.3); gives its representation."""
        reading = self._read(kind, body)
        written = await self.directory.create(kind, reading.resource, reading.links, self._request(reading.notes))
        self._note(written.notes)
        return await self._represent(written.stored, projection)

    async def retrieve(self, kind: ResourceType, identifier: str, projection: Projection) -> JsonObject:
        """One resource (§3.4.1)."""
        stored = await self.directory.get(kind, identifier, members=self._shows_members(kind, projection))
        if stored is None:
            raise NotFound(f"There is no {kind.name} with the id {identifier[:100]}.")
        return await self._represent(stored, projection)

    async def replace(self, kind: ResourceType, identifier: str, body: Json, projection: Projection) -> JsonObject:
        """Replace a resource by a PUT's body (§3.5.1); gives its representation."""
        reading = self._read(kind, body)

        def apply(stored: Stored) -> Reading:
            resource = resources.keep_immutable(kind, stored.attributes, reading.resource)
            resources.check(kind, stored.attributes, resource)
            return replace(reading, resource=resource, notes=())

        written = await self.directory.modify(kind, identifier, Edit("replace", apply), self._request(reading.notes))
        self._note(written.notes)
        return await self._represent(written.stored, projection)

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
        return await self._represent(written.stored, projection) if projection else None

    async def delete(self, kind: ResourceType, identifier: str) -> None:
        """Delete a resource (§3.6)."""
        await self.directory.delete(kind, identifier, self.origin)

    async def search(self, kinds: Sequence[ResourceType], body: Json) -> JsonObject:
        """Answer a query in the body of a POST (§3.4.3)."""
        given, noted = dialects.message(messages.SEARCH_REQUEST, body, self.profile)
        self._note(noted)
        return await self.query(kinds, messages.search_request(given))

    async def query(self, kinds: Sequence[ResourceType], search: SearchRequest) -> JsonObject:
        """Find resources of one or several types (§3.4.2), in the order in which they were created."""
        if search.sort_by is not None:
            raise NotImplementedYet("sortBy: sorting is not supported; leave it out, the order is that of creation.")
        projections = {k.name: Projection.read(k, search.attributes, search.excluded_attributes) for k in kinds}
        count = min(self.settings.page_default if search.count is None else search.count, self.settings.page_max)
        if search.filter is None:
            total, found = await self._page(kinds, search.start_index, count)
        else:
            matches = await self._matches(kinds, search.filter)
            total, found = len(matches), matches[search.start_index - 1 :][:count]
        shown: list[JsonObject] = []
        members = 0
        for stored in found:
            projection = projections[stored.kind.name]
            members += stored.roster.count if self._shows_members(stored.kind, projection) else 0
            if shown and members > MAX_PAGE_MEMBERS:
                break
            with suppress(NotFound):  # it was deleted while it was read
                shown.append(await self._represent(stored, projection))
        return messages.list_response(shown, total, search.start_index)

    async def _page(self, kinds: Sequence[ResourceType], start_index: int, count: int) -> tuple[int, list[Stored]]:
        """A page through all resources of the types, one type after the other."""
        total, found = 0, list[Stored]()
        for kind in kinds:
            wanted = count - len(found)
            held, page = await self.directory.page(kind, max(start_index - total, 1), wanted)
            total += held
            found += page if start_index <= total else []
        return total, found

    async def _matches(self, kinds: Sequence[ResourceType], text: str) -> list[Stored]:
        """Every resource that matches a filter; a type that lacks its attributes has none, unless none has them."""
        tree = filters.parse(text, unquoted=self.profile.unquoted_literals)
        found: list[Stored] = []
        refused: list[InvalidFilter] = []
        for kind in kinds:
            try:
                meant = dialects.filter_(kind, tree, self.profile)
                matches = matching.predicate(meant, kind)
            except InvalidFilter as error:
                refused.append(error)
            else:
                found += await self._matching(kind, meant, matches)
        if len(refused) == len(kinds):
            raise refused[0]
        return found

    async def _matching(
        self, kind: ResourceType, filter_: filters.Filter, matches: Callable[[JsonObject], bool]
    ) -> list[Stored]:
        """The resources of one type that match, found by the shortest way."""
        everything = Projection.read(kind, None, None)
        if kind.members and kind.members not in filters.render(filter_).lower():
            everything = Projection.read(kind, None, [kind.members])
        candidates = await self._candidates(kind, planning.plan(filter_, kind))
        if self._shows_members(kind, everything) and len(candidates) > 1:
            looked_at = sum(stored.roster.count for stored in candidates)
            if looked_at > MAX_PAGE_MEMBERS:
                raise TooMany(
                    f"filter: the groups it looks at have {looked_at} members, and {MAX_PAGE_MEMBERS} are the limit; "
                    f"compare one of {', '.join(planning.indexed(kind))} by eq, too."
                )
        found: list[Stored] = []
        for stored in candidates:
            with suppress(NotFound):
                found += [stored] if matches(await self._represent(stored, everything)) else []
        return found

    async def _candidates(self, kind: ResourceType, lookup: planning.Lookup) -> list[Stored]:
        """The resources among which every match is."""
        match lookup:
            case planning.ById(identifier):
                stored = await self.directory.get(kind, identifier, members=False)
                return [stored] if stored else []
            case planning.ByIndex(index, value):
                return await self.directory.find(kind, index, value)
            case planning.Scan():
                total = await self.directory.total(kind)
                if total > self.settings.scan_max:
                    raise TooMany(
                        f"filter: no index helps it, and reading all {total} resources is more than the "
                        f"{self.settings.scan_max} allowed; compare one of {', '.join(planning.indexed(kind))} by eq."
                    )
                return [stored async for stored in self.directory.scan(kind)]

    async def _represent(self, stored: Stored, projection: Projection) -> JsonObject:
        """A resource as clients see it."""
        kind = stored.kind
        if self._shows_members(kind, projection):
            stored = await self.directory.with_members(stored)
        elif kind.members:
            stored = replace(stored, members={})
        return projection.apply(_representation(stored, self.schemas, self.base_url))

    def _shows_members(self, kind: ResourceType, projection: Projection) -> bool:
        return kind.members is not None and projection.shows(kind.members)

    def _apply(self, plan: patch.Plan, stored: Stored, known: Mapping[str, JsonObject]) -> Reading:
        """A resource after a PATCH, which sees all that a client sees, but members only where it must."""
        kind = stored.kind
        before = stored if plan.needs_members else replace(stored, members={})
        outcome = plan.outcome(_representation(before, self.schemas, self.base_url), known)
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
            for kind in self.schemas.types.values():
                if identifier not in known and await self.directory.get(kind, identifier, members=False):
                    known[identifier] = _link(kind, identifier, self.base_url)
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


def _representation(stored: Stored, schemas: Schemas, base_url: str) -> JsonObject:
    """Everything a client could be shown of a resource; links as ids, types and URLs."""
    kind, attributes = stored.kind, stored.attributes
    endpoints = {other.alias: other for other in schemas.types.values()}
    shown: JsonObject = {"schemas": attributes.get("schemas", [kind.schema.id]), "id": stored.id, **attributes}
    if kind.members and stored.members:
        shown[kind.members] = [_link(endpoints[alias], member, base_url) for member, alias in stored.members.items()]
    if kind.memberships and stored.memberships:
        shown[kind.memberships] = [
            {"value": group, "type": "direct", "$ref": f"{base_url}{_groups(schemas).endpoint}/{group}"}
            for group in stored.memberships
        ]
    shown["meta"] = {
        "resourceType": kind.name,
        "created": stored.created,
        "lastModified": stored.modified,
        "location": f"{base_url}{kind.endpoint}/{stored.id}",
        "version": stored.version,
    }
    return shown


def _link(kind: ResourceType, identifier: str, base_url: str) -> JsonObject:
    """A member as clients see it."""
    return {"value": identifier, "type": kind.name, "$ref": f"{base_url}{kind.endpoint}/{identifier}"}


def _groups(schemas: Schemas) -> ResourceType:
    """The type whose members other resources are."""
    return next(kind for kind in schemas.types.values() if kind.members)
