"""Queries: which resources a client asks for, and in which pages (RFC 7644 §3.4.2, §3.4.3)."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass

from scim import dialects, filters, matching, messages, planning
from scim.errors import InvalidFilter, NotFound, NotImplementedYet, TooMany
from scim.messages import SearchRequest
from scim.profiles import Profile
from scim.projection import Projection
from scim.representation import Representation, shows_members
from scim.schema import Json, JsonObject, ResourceType
from scim.settings import Settings
from scim.storage.records import Stored

MAX_PAGE_MEMBERS = 100_000
"""Members in a page of groups, at which it ends."""


@dataclass(frozen=True, slots=True)
class Queries:
    """What one client may ask of one provider's directory.

    Attributes:
        quirks: names of the departures from the standard met while answering.
    """

    representation: Representation
    profile: Profile
    settings: Settings
    quirks: set[str]

    async def search(self, kinds: Sequence[ResourceType], body: Json) -> JsonObject:
        """Answer a query in the body of a POST (§3.4.3)."""
        given, noted = dialects.message(messages.SEARCH_REQUEST, body, self.profile)
        self.quirks.update(note.quirk for note in noted)
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
            members += stored.roster.count if shows_members(stored.kind, projection) else 0
            if shown and members > MAX_PAGE_MEMBERS:
                break
            with suppress(NotFound):  # it was deleted while it was read
                shown.append(await self.representation.shown(stored, projection))
        return messages.list_response(shown, total, search.start_index)

    async def _page(self, kinds: Sequence[ResourceType], start_index: int, count: int) -> tuple[int, list[Stored]]:
        """A page through all resources of the types, one type after the other."""
        total, found = 0, list[Stored]()
        for kind in kinds:
            wanted = count - len(found)
            held, page = await self.representation.directory.page(kind, max(start_index - total, 1), wanted)
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
        if shows_members(kind, everything) and len(candidates) > 1:
            looked_at = sum(stored.roster.count for stored in candidates)
            if looked_at > MAX_PAGE_MEMBERS:
                raise TooMany(
                    f"filter: the groups it looks at have {looked_at} members, and {MAX_PAGE_MEMBERS} are the limit; "
                    f"compare one of {', '.join(planning.indexed(kind))} by eq, too."
                )
        found: list[Stored] = []
        for stored in candidates:
            with suppress(NotFound):
                found += [stored] if matches(await self.representation.shown(stored, everything)) else []
        return found

    async def _candidates(self, kind: ResourceType, lookup: planning.Lookup) -> list[Stored]:
        """The resources among which every match is."""
        match lookup:
            case planning.ById(identifier):
                stored = await self.representation.directory.get(kind, identifier, members=False)
                return [stored] if stored else []
            case planning.ByIndex(index, value):
                return await self.representation.directory.find(kind, index, value)
            case planning.Scan():
                total = await self.representation.directory.total(kind)
                if total > self.settings.scan_max:
                    raise TooMany(
                        f"filter: no index helps it, and reading all {total} resources is more than the "
                        f"{self.settings.scan_max} allowed; compare one of {', '.join(planning.indexed(kind))} by eq."
                    )
                return [stored async for stored in self.representation.directory.scan(kind)]
