"""What must be true when all workers have stopped: what was acknowledged is there, once, and nothing else."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass
from time import monotonic

from scim.changes import Change
from scim.schema import JsonObject, Schemas
from scim.storage.directory import Directory
from scim.storage.rows import Rows
from tests.faults.insisting import Client
from tests.faults.invariants import check
from tests.faults.raw import read
from tests.faults.workers import Model

_PATIENCE = 120.0


@dataclass(frozen=True, slots=True)
class Ground:
    """The rows of a provider, reached without any fault in between."""

    rows: Rows
    schemas: Schemas

    async def intents(self) -> list[str]:
        """Ids of what is left to do."""
        return sorted((await read(self.rows, self.schemas))[1].intents)

    async def settle(self, client: Client) -> tuple[float, int]:
        """Write, as any client does, until nothing is left to do; gives seconds and the number of writes.

        Raises:
            AssertionError: it takes too long.
        """
        began, writes = monotonic(), 0
        while left := await self.intents():
            assert monotonic() - began < _PATIENCE, f"nobody finishes {left}"
            await client.insist("POST", "/Users", {"userName": f"late-{began}-{writes}"}, "late")
            writes += 1
            await asyncio.sleep(0.5)
        return monotonic() - began, writes

    async def verdict(self, models: Sequence[Model], shared: Sequence[str]) -> list[str]:
        """One sentence for each thing that is wrong."""
        directory = Directory(self.rows, self.schemas)
        changes = [change async for change in directory.changes()]
        resources = [sentence async for sentence in self._resources(directory, models, shared)]
        return [*await check(self.rows, self.schemas), *_changes(changes, models), *resources]

    async def _resources(
        self, directory: Directory, models: Sequence[Model], shared: Sequence[str]
    ) -> AsyncIterator[str]:
        expected = _resources(models, shared)
        for kind in self.schemas.types.values():
            async for stored in directory.scan(kind):
                whole = await directory.with_members(stored)
                if whole.attributes.get("externalId") == "late" or str(whole.attributes.get("userName")).startswith(
                    "late-"
                ):
                    continue
                wanted = expected.pop(whole.id, None)
                found = _seen(whole.attributes, set(whole.memberships), set(whole.members or ()))
                if wanted is None:
                    yield f"{whole.id}: nobody was told of this {kind.name}, {found[0]}"
                else:
                    for there, acknowledged in zip(found, wanted, strict=True):
                        if there != acknowledged:
                            yield f"{whole.id}: {_difference(there, acknowledged)}"
        for identifier, wanted in expected.items():
            yield f"{identifier}: {wanted[0]} was acknowledged, and is not there"


type Seen = tuple[str | frozenset[str], ...]
"""Name, title, groups and members."""


def _difference(there: str | frozenset[str], acknowledged: str | frozenset[str]) -> str:
    if isinstance(there, str) or isinstance(acknowledged, str):
        return f"{there!r} is there, {acknowledged!r} was acknowledged"
    return f"{sorted(there - acknowledged)} too many are there, {sorted(acknowledged - there)} are missing"


def _seen(attributes: JsonObject, groups: set[str], members: set[str]) -> Seen:
    name = attributes.get("userName") or attributes.get("displayName")
    return str(name), str(attributes.get("title", "")), frozenset(groups), frozenset(members)


def _resources(models: Sequence[Model], shared: Sequence[str]) -> dict[str, Seen]:
    """Every resource that must be there."""
    crowds: dict[str, set[str]] = {group: set() for group in shared}
    expected: dict[str, Seen] = {}
    for model in models:
        for identifier, user in model.users.items():
            expected[identifier] = (user.name, user.title, frozenset(user.groups), frozenset())
            for group in user.groups & crowds.keys():
                crowds[group].add(identifier)
        for group, members in model.groups.items():
            expected[group] = (model.names[group], "", frozenset(), frozenset(members))
    for number, group in enumerate(shared):
        expected[group] = (f"shared-{number}", "", frozenset(), frozenset(crowds[group]))
    return expected


def _changes(changes: Sequence[Change], models: Sequence[Model]) -> Iterator[str]:
    """Every acknowledged write has its change, once; every creation and deletion, too."""
    expected = Counter[str]()
    for model in models:
        expected.update(model.changes)
    own = [change for change in changes if change.kind not in {"follow", "settings"}]
    found = Counter(change.origin.request for change in own if change.origin.request.startswith("request-"))
    for mark in sorted(expected.keys() | found.keys()):
        if expected[mark] != found[mark]:
            yield f"{mark}: {found[mark]} changes, and {expected[mark]} were acknowledged"
    for kind in ("create", "delete"):
        for identifier, times in Counter(change.id for change in own if change.kind == kind).items():
            if times > 1:
                yield f"{identifier}: {times} changes say {kind}"
