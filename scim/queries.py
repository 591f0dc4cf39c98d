"""Queries: which resources a client asks for, in which order, and in which pages (RFC 7644 §3.4.2, §3.4.3)."""

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import dropwhile

from scim import dialects, filters, matching, messages, sensitive
from scim.cursors import Cursors, Place
from scim.errors import InvalidCount, InvalidFilter, NotFound
from scim.experimental import MEMBERSHIP
from scim.filters import Filter, Present
from scim.folding import fold, known, paths
from scim.memberships import MembershipSelection
from scim.messages import SearchRequest
from scim.profiles import Profile
from scim.projection import Projection
from scim.provider import Provider
from scim.representation import Representation, shows_members
from scim.resources import Note
from scim.schema import Json, JsonObject, ResourceType
from scim.selection import Pace, Selection
from scim.settings import Settings
from scim.sorting import Key, Order
from scim.storage.records import Stored

MAX_COMPARISONS = 1_000_000
"""Comparisons that reading resources one after another may come to, at most: a long filter reads fewer of them."""
MAX_PAGE_MEMBERS = 100_000
"""Members in a page of groups, at which it ends."""


type AnySelection = Selection | MembershipSelection


@dataclass(frozen=True, slots=True)
class _Item:
    """A match and its place among the others; the resource itself only as far as there is room for it."""

    place: Place
    stored: Stored | None
    kind: ResourceType

    @property
    def order(self) -> tuple[Key, str]:
        """What it is put in order by."""
        return self.place.key, self.place.id


@dataclass(frozen=True, slots=True)
class Queries:
    """What one client may ask of one provider's directory.

    Attributes:
        quirks: names of the departures from the standard met while answering.
        clock: gives Unix time in seconds.
    """

    representation: Representation
    provider: Provider
    profile: Profile
    settings: Settings
    quirks: set[str]
    clock: Callable[[], float] = time.time

    async def ask(self, kinds: Sequence[ResourceType], search: SearchRequest) -> JsonObject:
        """Answer a query in a URL (§3.4.2).

        Raises:
            Sensitive: the provider wants it in a body, since it may be personal.
            ScimError: as for ``query``.
        """
        if self.profile.refuse_personal_urls and search.filter is not None:
            tree, _ = dialects.query_filter(search.filter, self.profile)
            for kind in kinds:
                sensitive.check(dialects.filter_(kind, tree, self.profile)[0], kind)
        return await self.query(kinds, search)

    async def search(self, kinds: Sequence[ResourceType], body: Json) -> JsonObject:
        """Answer a query in the body of a POST (§3.4.3)."""
        given, noted = dialects.message(messages.SEARCH_REQUEST, body, self.profile)
        self._note(noted)
        return await self.query(kinds, messages.search_request(given))

    async def query(self, kinds: Sequence[ResourceType], search: SearchRequest) -> JsonObject:
        """Find resources of one or several types (§3.4.2), by index or by cursor (RFC 9865).

        Without ``sortBy`` they come one type after another, each in the order of creation.

        Raises:
            InvalidFilter, InvalidPath, InvalidValue: no type has what the query names, or not like that.
            InvalidCursor, ExpiredCursor, InvalidCount: the next page cannot be asked for like that.
            TooMany: it would take more reading than the service is willing to do.
        """
        projections = {k.name: Projection.read(k, search.attributes, search.excluded_attributes) for k in kinds}
        count = self._count(search)
        order = self._order(kinds, search)
        cursors = None if search.cursor is None else self._cursors(kinds, search)
        place: Place | None = None
        if cursors and search.cursor:
            place, count = cursors.open(search.cursor, None if search.count is None else count, self.clock())
        selections = self._selections(kinds, search.filter)
        order = order.among([selection.kind for selection in selections]) if count else Order()
        if cursors is None or not count:
            total, items = await self._from_index(selections, order, search.start_index, count)
            shown, _ = await self._shown(items, projections)
            if cursors:
                return messages.cursor_page(shown, total, None)
            return messages.list_response(shown, total, search.start_index)
        items, beyond, known = await self._from_place(selections, order, place, count)
        shown, last = await self._shown(items, projections)
        beyond = replace(last, scanned=place is not None and place.scanned) if last else beyond
        sealed = cursors.seal(replace(beyond, total=known), count, self.clock()) if beyond else None
        return messages.cursor_page(shown, known, sealed)

    def _count(self, search: SearchRequest) -> int:
        """How many resources the page may hold."""
        most = self.settings.page_max
        if search.cursor is not None and search.count is not None and search.count > most:
            raise InvalidCount(f"count: a page has at most {most} resources; ask for as many, or for fewer.")
        return min(self.settings.page_default if search.count is None else search.count, most)

    def _order(self, kinds: Sequence[ResourceType], search: SearchRequest) -> Order:
        """The order asked for; the path may be written as in a filter."""
        path = search.sort_by
        if path is None:
            return Order()

        def meant(kind: ResourceType) -> str:
            term = self._meant(kind, Present(path))
            return term.path if isinstance(term, Present) else path

        return Order.read(kinds, meant, descending=search.sort_order == "descending")

    def _cursors(self, kinds: Sequence[ResourceType], search: SearchRequest) -> Cursors:
        """The cursors of this query, and of no other."""
        query = [self.provider.table, [k.alias for k in kinds], search.filter, search.sort_by, search.sort_order]
        return Cursors(self.provider.cursor_key, self.settings.cursor_seconds, query)

    def _selections(self, kinds: Sequence[ResourceType], text: str | None) -> list[AnySelection]:
        """What is asked of each type that may have matches."""
        scan_max = self.settings.scan_max
        if text is None:
            return [self._selection(kind, None, scan_max) for kind in kinds]
        tree, bent = dialects.query_filter(text, self.profile)
        self._note(bent)
        scan_max = min(scan_max, MAX_COMPARISONS // filters.terms(tree))
        meant = [self._meant(kind, tree) for kind in kinds]
        if len(kinds) > 1:
            _check_known(kinds, meant)
        asked = [_asked(kind, each, alone=len(kinds) == 1) for kind, each in zip(kinds, meant, strict=True)]
        return [
            self._selection(kind, None if each is True else each, scan_max)
            for kind, each in zip(kinds, asked, strict=True)
            if each is not False
        ]

    def _meant(self, kind: ResourceType, written: Filter) -> Filter:
        """A filter in the RFC's form."""
        meant, bent = dialects.filter_(kind, written, self.profile)
        self._note(bent)
        return meant

    def _note(self, notes: Iterable[Note]) -> None:
        self.quirks.update(note.quirk for note in notes)

    def _selection(self, kind: ResourceType, filter_: Filter | None, scan_max: int) -> AnySelection:
        """What is asked of one type."""
        select = MembershipSelection if kind.name == MEMBERSHIP else Selection
        return select(self.representation, kind, filter_, scan_max)

    async def _from_index(
        self, selections: Sequence[AnySelection], order: Order, start_index: int, count: int
    ) -> tuple[int, list[_Item]]:
        """The number of all matches, and those on a page that begins at an index."""
        if order.targets is not None:
            items = await self._sorted(selections, order)
            return len(items), await self._read(items[start_index - 1 :][:count])
        total, found = 0, list[Stored]()
        for selection in selections:
            begin, wanted = max(start_index - total, 1), count - len(found)
            held, page = await selection.page(begin, wanted, descending=order.descending)
            total += held
            found += page
        return total, [_item(stored) for stored in found]

    async def _from_place(
        self, selections: Sequence[AnySelection], order: Order, place: Place | None, count: int
    ) -> tuple[list[_Item], Place | None, int | None]:
        """What is on the page after a place, the place it comes to if there is more, and the number of all matches."""
        if order.targets is None:
            return await self._walk(selections, place, count, descending=order.descending)
        items = await self._sorted(selections, order)
        rest = [item for item in items if place is None or order.follows(item.order, (place.key, place.id))]
        beyond = rest[count - 1].place if len(rest) > count else None
        return await self._read(rest[:count]), beyond, len(items)

    async def _walk(
        self, selections: Sequence[AnySelection], place: Place | None, count: int, *, descending: bool
    ) -> tuple[list[_Item], Place | None, int | None]:
        """As above, in the order of creation, one type after another; all are counted once, when the walk begins."""
        counting = place is None
        total, budget = (0 if place is None else place.total), min((each.scan_max for each in selections), default=0)
        found: list[Stored] = []
        beyond: Place | None = None
        for selection in dropwhile(lambda each: place is not None and each.kind.alias != place.kind, selections):
            alias, wanted = selection.kind.alias, 0 if beyond else count - len(found)
            after = place.id if place and place.kind == alias else ""
            if not counting and (beyond or not wanted or budget <= 0):
                beyond = beyond or Place(alias, after)
                break
            pace = Pace(wanted, budget, descending=descending, counting=counting)
            walked = await selection.walk(after, pace, scanning=bool(after) and place is not None and place.scanned)
            budget -= walked.examined
            found += walked.found
            if counting:
                total = None if total is None or walked.total is None else total + walked.total
            if walked.more and not beyond:
                beyond = Place(alias, walked.position, scanned=walked.scanned)
        return [_item(stored) for stored in found], beyond, total

    async def _sorted(self, selections: Sequence[AnySelection], order: Order) -> list[_Item]:
        """Every match, in order; a page of them is kept whole, of the others only what they are sorted by."""
        items: list[_Item] = []
        for selection in selections:
            async for stored in selection.every("sortBy"):
                bare = replace(stored, members={}) if selection.kind.members else stored
                key = order.key(selection.kind, self.representation.full(bare))
                kept = stored if len(items) < self.settings.page_max else None
                items.append(_Item(Place(selection.kind.alias, stored.id, key), kept, selection.kind))
        return order.arrange(items, lambda item: item.order)

    async def _read(self, items: Sequence[_Item]) -> list[_Item]:
        """The items with their resources, but for those that were deleted meanwhile."""
        held = {item.place.id: item.stored for item in items if item.stored}
        for kind in {item.kind for item in items if item.stored is None}:
            wanted = [item.place.id for item in items if item.stored is None and item.kind is kind]
            held |= {stored.id: stored for stored in await self.representation.directory.many(kind, wanted)}
        return [replace(item, stored=held[item.place.id]) for item in items if item.place.id in held]

    async def _shown(
        self, items: Sequence[_Item], projections: Mapping[str, Projection]
    ) -> tuple[list[JsonObject], Place | None]:
        """What clients see of a page, and its last place where it had to end before it would hold too many members."""
        shown: list[JsonObject] = []
        members, last = 0, None
        for item in items:
            if item.stored is None:
                continue
            projection = projections[item.kind.name]
            members += item.stored.roster.count if shows_members(item.kind, projection) else 0
            if shown and members > MAX_PAGE_MEMBERS:
                return shown, last
            with suppress(NotFound):  # it was deleted while it was read
                shown.append(await self.representation.shown(item.stored, projection))
            last = item.place
        return shown, None


def _item(stored: Stored) -> _Item:
    return _Item(Place(stored.kind.alias, stored.id), stored, stored.kind)


def _asked(kind: ResourceType, filter_: Filter, *, alone: bool) -> Filter | bool:
    """What a filter asks of each resource of a type; a boolean where that is the same for all.

    Raises:
        InvalidFilter: the type does not understand it.
    """
    understood = filter_ if alone else known(filter_, kind)
    if isinstance(understood, bool):
        return understood
    matching.predicate(understood, kind)
    return fold(understood, kind)


def _check_known(kinds: Sequence[ResourceType], meant: Sequence[Filter]) -> None:
    """Refuse an attribute that none of several types has; a filter has its paths in the same order for each."""
    for written in zip(*map(paths, meant), strict=True):
        if all(kind.resolve(path) is None for kind, path in zip(kinds, written, strict=True)):
            names = ", ".join(kind.name for kind in kinds)
            raise InvalidFilter(f"None of {names} has an attribute {written[0][:200]}.")
