"""Changing a provider's schemas while it is in use, so that nothing is lost and nobody writes by the old ones.

First the directory's head is told what its writers must believe in, so whoever still believes otherwise can write
no more. Then the resources are read that might stand against the change. If none does, the provider's row gets the
new schemas and everybody may write again; else the head gets back what it said. Whatever breaks off in between, the
row says which schemas hold, and the same command, with the new file or the old one, brings the head after it.
"""

import hashlib
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace

from scim.changes import Origin
from scim.custom import Custom
from scim.errors import Unavailable
from scim.provider import Provider
from scim.providers import ProviderError, Providers
from scim.schema import Index, JsonObject
from scim.schema_changes import Comparison, Hurdle, compare
from scim.storage import keys
from scim.storage.backfilling import MAX_VALUES
from scim.storage.insisting import insist
from scim.storage.rows import MAX_ROW_BYTES, Create, size

type Progress = Callable[[str, int, int], None]
"""Hears how far a reading is: the name of a type, how many of its resources are read, how many there are."""

_OPERATOR = Origin("operator", "")
_NAMED = 5
"""Ids of resources that an obstacle names, at most."""
_STEP = 1_000
"""Resources after which progress is told."""
_LEFTOVERS = "The rows of what is no longer indexed could not be deleted; 'schemas set' deletes them when it runs next."


class SchemasRefused(ProviderError):
    """Resources stand against a change of schemas; nothing was changed."""


class SchemasUnfinished(ProviderError):
    """A change of schemas broke off where it could not be taken back."""


@dataclass(slots=True)
class Obstacle:
    """Resources that stand against a change: how many, and the ids of the first few."""

    hurdle: Hurdle
    count: int = 0
    ids: list[str] = field(default_factory=list)

    def add(self, identifier: str) -> None:
        """One more."""
        self.count += 1
        self.ids += [identifier] if self.count <= _NAMED else []

    def __str__(self) -> str:
        hurdle = self.hurdle
        there = "there is 1 resource" if self.count == 1 else f"there are {self.count} resources"
        named = ", ".join(self.ids) + (", …" if self.count > len(self.ids) else "")
        return f"{hurdle.type}: {hurdle.change}, and {there} {hurdle.standing}: {named}. {hurdle.remedy}"


@dataclass(frozen=True, slots=True)
class Proposal:
    """What a change of schemas comes to.

    Attributes:
        changes: a sentence for each thing that changes.
        obstacles: what stands against it.
    """

    changes: Sequence[str]
    obstacles: Sequence[Obstacle]


async def check(providers: Providers, name: str, custom: Custom, progress: Progress) -> Proposal:
    """What would change for a provider, and what stands against it now; nothing is written.

    Raises:
        ProviderError: there is no such provider, or the schemas are too long.
        CustomError: the schemas may not be as they are written.
    """
    before = replace(await providers.get(name), coming="")
    after = replace(before, custom=custom.text)
    _see_that_it_fits(after)
    comparison = compare(providers.schemas(before), providers.schemas(after))
    twins = [_twins(kind, index) for kind, indexes in comparison.indexes.items() for index in indexes]
    obstacles = await _obstacles(providers, before, [*comparison.hurdles, *twins], progress)
    return Proposal(comparison.told, obstacles)


async def apply(providers: Providers, name: str, custom: Custom, progress: Progress) -> Sequence[str]:
    """Give a provider other schemas of its own; tells what changed.

    Raises:
        SchemasRefused: resources stand against it; nothing was changed.
        SchemasUnfinished: it broke off, and must be begun once more before clients can write again.
        ProviderError: there is no such provider, or the schemas are too long, or somebody else changed it meanwhile.
        CustomError: the schemas may not be as they are written.
    """
    before = await providers.get(name)
    if not (await providers.opened(before).form()).sure:
        raise ProviderError(f"the provider's index rows are of another version; run 'migrate {name}' first")
    after = replace(before, custom=custom.text, coming="")
    _see_that_it_fits(after)
    plain = replace(before, coming="")
    comparison = compare(providers.schemas(plain), providers.schemas(after))
    coming = custom.text if comparison.indexes else ""
    _see_that_it_fits(replace(before, coming=coming))
    try:
        if coming != before.coming or not await providers.opened(before).agrees():
            before = await _begin(providers, before, coming)
        await _build(providers, before, comparison, progress)
        await _switch(providers, before, after, comparison.hurdles, progress)
    except BaseException as error:
        await _take_back(providers, name, error)
        raise
    try:
        await providers.opened(after).forget(_OPERATOR)
    except Exception:  # noqa: BLE001 (the change itself is done)
        return [*comparison.told, _LEFTOVERS]
    return comparison.told


async def _begin(providers: Providers, before: Provider, coming: str) -> Provider:
    """Have the indexes kept, from now on, that are to be built; and no others than those and the provider's own."""
    plain, building = replace(before, coming=""), replace(before, coming=coming)
    await _agree(providers, before, plain)
    await providers.opened(plain).forget_leftovers(providers.schemas(plain))
    await _agree(providers, plain, building)
    return building


async def _agree(providers: Providers, before: Provider, after: Provider) -> None:
    """Have a provider's row and the head of its directory say the same."""
    await insist(lambda: providers.opened(after).take_over(_OPERATOR))
    await providers.replace(before, after)


async def _build(providers: Providers, provider: Provider, comparison: Comparison, progress: Progress) -> None:
    """Make the rows of new indexes, while clients write."""
    directory, types = providers.opened(provider), providers.schemas(provider).types
    found: dict[tuple[str, Index], Obstacle] = {}
    for name in comparison.indexes:
        read, total = 0, await directory.total(types[name])
        async for filled in directory.backfill(types[name]):
            read += 1
            for index in filled.against:
                found.setdefault((name, index), Obstacle(_twins(name, index))).add(filled.id)
            if read % _STEP == 0:
                progress(name, read, total)
    if found:
        raise SchemasRefused("\n".join(map(str, found.values())))


async def _switch(
    providers: Providers, before: Provider, after: Provider, hurdles: Sequence[Hurdle], progress: Progress
) -> None:
    """Put other schemas in force, unless a resource stands against them; nobody else can write until it is decided."""
    changed = providers.opened(after)
    await insist(lambda: changed.take_over(_OPERATOR))
    await providers.replace(before, before)  # only now is it sure that nobody writes by other schemas
    await changed.forget_leftovers(providers.schemas(before))
    await _see_that_none_stands(providers, before, hurdles, progress)
    await providers.replace(before, after)


def _twins(name: str, index: Index) -> Hurdle:
    """Whether an index can be built: asked of one resource after the other, it remembers their values."""
    seen: set[bytes] = set()

    def stands(resource: JsonObject) -> bool:
        stems = {keys.index_stem(index, value) for value in index.target.values(resource)}
        if len(stems) > MAX_VALUES or not index.unique:
            return len(stems) > MAX_VALUES
        own = {hashlib.sha256(stem.encode()).digest()[:16] for stem in stems}
        twin = bool(own & seen)
        seen.update(own)
        return twin

    become = "unique" if index.unique else "indexed"
    too_many = f"more than {MAX_VALUES} values"
    standing = f"with a value that another one has, or {too_many}" if index.unique else f"with {too_many}"
    remedy = "Change the values first, or leave it as it is."
    return Hurdle(name, f"{index.target} becomes {become}", standing, remedy, stands)


def _see_that_it_fits(provider: Provider) -> None:
    taken = size(Create(provider.name, provider.encode()))
    if taken > MAX_ROW_BYTES:
        raise ProviderError(
            f"the provider would take {taken:,} bytes with these schemas, and {MAX_ROW_BYTES:,} are the limit"
        )


async def _take_back(providers: Providers, name: str, error: BaseException) -> None:
    """Let those write whose schemas the provider's row has, whatever has happened to it, and build nothing."""
    try:
        provider = await providers.get(name)
        plain = replace(provider, coming="")
        await _agree(providers, provider, plain)
        with suppress(Unavailable):
            await providers.opened(plain).forget_leftovers(providers.schemas(plain))
    except Exception:  # noqa: BLE001 (what to do is the same, whatever it was)
        raise SchemasUnfinished(
            f"the change broke off, and the clients of {name!r} cannot write until 'schemas set' has run once more, "
            "with this file or with the one before"
        ) from error


async def _see_that_none_stands(
    providers: Providers, provider: Provider, hurdles: Sequence[Hurdle], progress: Progress
) -> None:
    if obstacles := await _obstacles(providers, provider, hurdles, progress):
        raise SchemasRefused("\n".join(map(str, obstacles)))


async def _obstacles(
    providers: Providers, provider: Provider, hurdles: Sequence[Hurdle], progress: Progress
) -> list[Obstacle]:
    """What of a directory stands against hurdles; each type that has one is read once."""
    directory, types = providers.opened(provider), providers.schemas(provider).types
    found = [Obstacle(hurdle) for hurdle in hurdles]
    for name in dict.fromkeys(hurdle.type for hurdle in hurdles):
        mine = [obstacle for obstacle in found if obstacle.hurdle.type == name]
        read, total = 0, await directory.total(types[name])
        async for stored in directory.scan(types[name]):
            read += 1
            for obstacle in mine:
                if obstacle.hurdle.stands(stored.attributes):
                    obstacle.add(stored.id)
            if read % _STEP == 0:
                progress(name, read, total)
    return [obstacle for obstacle in found if obstacle.count]
