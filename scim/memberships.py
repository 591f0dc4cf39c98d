"""The memberships that a query asks for: which are meant, and where they are (draft-zollner-scim-group-membership).

They come group by group in the order of the groups' ids; of one member, in that order too; of one group, in the
order in which the store reads its members, which never changes. To a query it is a `Selection` like any other.
"""

from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator
from contextlib import aclosing, suppress
from dataclasses import dataclass

from scim import matching
from scim.errors import NotFound, TooMany
from scim.filters import And, Comparison, Filter, ValuePath
from scim.normal_forms import normal
from scim.representation import Representation
from scim.schema import JsonObject, ResourceType
from scim.selection import Pace, Walked
from scim.storage.membership import Membership, groups, parse_id, stored
from scim.storage.records import Stored

MAX_LOOKED_AT = 100_000
"""Memberships that a query looks at one by one, at most."""
STRIDE = 20_000
"""Memberships that a page of a walk looks at, at most: about as many buckets of members are read as groups may be."""
_NEAR = 1_000
"""Places from the first one within which a page of a group is read bucket by bucket, and not the group as a whole."""

type _Test = Callable[[Membership], bool]


@dataclass(frozen=True, slots=True)
class _Wanted:
    """What a filter asks for.

    Attributes:
        group: the only group whose memberships can match, if the filter names one.
        member: the only member, likewise.
        test: what is to be asked of each membership beside that; None where there is nothing more to ask.
        deep: whether the test looks at more than the member's type.
    """

    group: str | None = None
    member: str | None = None
    test: _Test | None = None
    deep: bool = False


class MembershipSelection:
    """What one query asks of memberships; they are never asked for from last to first."""

    def __init__(
        self, representation: Representation, kind: ResourceType, filter_: Filter | None, scan_max: int
    ) -> None:
        """See what is wanted.

        Args:
            representation: the provider's resources.
            kind: the type of memberships.
            filter_: understood by the type; None for all memberships.
            scan_max: groups that may be read one after another.
        """
        self.kind = kind
        self._directory = representation.directory
        self._representation = representation
        self.scan_max = scan_max
        self._wanted = _Wanted() if filter_ is None else self._read(filter_)

    async def page(self, start_index: int, count: int, *, descending: bool = False) -> tuple[int, list[Stored]]:  # noqa: ARG002 (as a Selection)
        """The number of all matches, and ``count`` of them from the 1-based ``start_index`` on.

        Raises:
            TooMany: it takes too much reading to know.
        """
        total, found = 0, list[Membership]()
        if self._wanted.member is None and self._wanted.test is None:
            total, found = await self._counted(start_index, count)
        else:
            async for some in self._all("filter"):
                found += some[max(start_index - 1 - total, 0) :][: count - len(found)]
                total += len(some)
        return total, self._stored(found)

    async def every(self, purpose: str) -> AsyncIterator[Stored]:
        """Every match, in order.

        Raises:
            TooMany: it takes too much reading; names the ``purpose``, which is the parameter that wants them all.
        """
        async for some in self._all(purpose):
            for membership in some:
                yield stored(self.kind, membership)

    async def walk(self, after: str, pace: Pace, *, scanning: bool = False) -> Walked:
        """The next page of a walk through all matches; it ends early once it has looked at many.

        Args:
            after: the place that the walk has come to; blank to begin.
            pace: what the page may be, groups being what may be read for it; never descending.
            scanning: of no use here.
        """
        count = pace.count
        if self._wanted.member is not None:
            found = await self._of_member(self._wanted.member)
            rest = [membership for membership in found if membership.id > after]
            page = Walked(self._stored(rest[:count]), after, len(rest) > count, len(found))
            page.position = page.found[-1].id if page.found else after
            return page
        counting = pace.counting and self._wanted.group is not None and self._wanted.test is None
        page, looked_at = Walked(position=after, total=0 if counting else None, scanned=scanning), 0
        async with aclosing(self._onwards(after, page, counting=counting)) as onwards:
            async for membership in onwards:
                looked_at += 1
                matches = self._wanted.test is None or self._wanted.test(membership)
                full, spent = len(page.found) == count, looked_at > STRIDE or page.examined > pace.budget
                if (full and matches) or (spent and looked_at > 1):
                    page.more = True
                    break
                if not full:
                    page.position = membership.id
                    page.found += self._stored([membership]) if matches else []
        return page

    async def _onwards(self, after: str, page: Walked, *, counting: bool) -> AsyncGenerator[Membership]:
        """The memberships beyond a place, in all groups or in the only one; the page takes note of the groups."""
        begun, _, member = after.partition(".")
        async with aclosing(self._groups(begun)) as there:
            async for group in there:
                page.examined += 1
                page.total = group.roster.count if counting else None
                with suppress(NotFound):  # it was deleted while it was read
                    walk = self._directory.memberships(group, member if group.id == begun else "")
                    async with aclosing(walk) as members:
                        async for membership in members:
                            yield membership

    async def _counted(self, start_index: int, count: int) -> tuple[int, list[Membership]]:
        """The number of all memberships, in one group or in any, and a page of them; no others are read."""
        await self._check_groups("filter")
        total, found = 0, list[Membership]()
        async for group in self._groups():
            first = max(start_index - 1 - total, 0)
            total += group.roster.count
            if len(found) < count and start_index <= total:
                with suppress(NotFound):  # it was deleted while it was read
                    found += await self._some(group, first, count - len(found))
        return total, found

    async def _some(self, group: Stored, first: int, most: int) -> list[Membership]:
        """Memberships in a group from the place ``first`` (from 0) on."""
        if first + most > _NEAR:
            return await self._directory.all_memberships(group, first, most)
        found: list[Membership] = []
        async with aclosing(self._directory.memberships(group)) as members:
            async for membership in members:
                found.append(membership)
                if len(found) >= first + most:
                    break
        return found[first:]

    async def _all(self, purpose: str) -> AsyncIterator[list[Membership]]:
        """All matches, those in one group together."""
        wanted, looked_at = self._wanted, 0
        if wanted.member is not None:
            yield await self._of_member(wanted.member)
            return
        light = wanted.group is not None and not wanted.deep and purpose == "filter"
        await self._check_groups(purpose)
        async for group in self._groups():
            looked_at += group.roster.count
            if looked_at > MAX_LOOKED_AT and not light:
                raise _too_many(purpose, "more memberships", MAX_LOOKED_AT)
            some: list[Membership] = []
            with suppress(NotFound):  # it was deleted while it was read
                some = self._passed(await self._directory.all_memberships(group))
            yield some

    async def _of_member(self, member: str) -> list[Membership]:
        """The memberships of one member, or the one it has in a group, as far as they match."""
        if self._wanted.group is None:
            return self._passed(await self._directory.memberships_of(member))
        found = await self._directory.membership(self._wanted.group, member)
        return self._passed([found]) if found else []

    async def _groups(self, first: str = "") -> AsyncGenerator[Stored]:
        """The only group, if it is there, or every group from an id on."""
        if self._wanted.group is None:
            async with aclosing(self._directory.groups(first)) as there:
                async for group in there:
                    yield group
            return
        kind = groups(self._representation.schemas)
        only = await self._directory.get(kind, self._wanted.group, members=False)
        if only is not None:
            yield only

    async def _check_groups(self, purpose: str) -> None:
        """Refuse to read more groups than may be read.

        Raises:
            TooMany: there are more.
        """
        if self._wanted.group is None:
            total = await self._directory.total(groups(self._representation.schemas))
            if total > self.scan_max:
                raise _too_many(purpose, f"all {total} groups", self.scan_max)

    def _passed(self, found: list[Membership]) -> list[Membership]:
        test = self._wanted.test
        return [membership for membership in found if test(membership)] if test else found

    def _stored(self, found: list[Membership]) -> list[Stored]:
        return [stored(self.kind, membership) for membership in found]

    def _read(self, filter_: Filter) -> _Wanted:
        """What a filter asks for."""
        named: dict[str, str] = {}
        deep = False
        for name, value in _terms(self.kind, filter_):
            deep = deep or not name or name in named
            named.setdefault(name, value)
        test: _Test | None = None
        if deep:
            test = self._asking(matching.predicate(filter_, self.kind))
        elif "member.type" in named:
            test = self._of_type(named["member.type"])
        return _Wanted(named.get("group.value"), named.get("member.value"), test, deep)

    def _asking(self, matches: Callable[[JsonObject], bool]) -> _Test:
        """The whole filter, asked of what a client sees of a membership."""
        return lambda membership: matches(self._representation.full(stored(self.kind, membership)))

    def _of_type(self, name: str) -> _Test:
        """Whether the member is of the type of that name, compared as the schema compares."""
        types, target = self._representation.schemas.types.values(), self.kind.resolve("member.type")
        same = [each for each in types if target and normal(target.leaf, each.name) == normal(target.leaf, name)]
        wanted = {each.alias for each in same}
        return lambda membership: membership.alias in wanted


def _too_many(purpose: str, what: str, limit: int) -> TooMany:
    return TooMany(
        f"{purpose}: it takes reading {what} than the {limit} allowed; compare group.value or member.value by eq, and "
        "member.type if need be, or page by cursor."
    )


def _terms(kind: ResourceType, filter_: Filter) -> Iterator[tuple[str, str]]:
    """What every match has equal, by the name of its attribute; the name is blank for whatever else is asked."""
    pending: list[tuple[str, Filter]] = [("", filter_)]
    while pending:
        prefix, term = pending.pop()
        match term:
            case And(terms):
                pending.extend((prefix, inner) for inner in reversed(terms))
            case ValuePath(path, inner):
                pending.append((f"{path}.", inner))
            case Comparison(path, "eq", str(value)):
                yield from _equal(str(kind.resolve(prefix + path)), value)
            case _:
                yield "", ""


def _equal(name: str, value: str) -> Iterator[tuple[str, str]]:
    match name:
        case "id":
            group, member = parse_id(value) or ("", "")
            yield "group.value", group
            yield "member.value", member
        case "group" | "member":
            yield f"{name}.value", value
        case "group.value" | "member.value" | "member.type":
            yield name, value
        case _:
            yield "", ""
