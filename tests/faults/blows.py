"""Writes of all kinds under which a process may be killed, and what each does to the directory if it was heard."""

import random
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from itertools import batched, chain, cycle

from scim.schema import Json, JsonObject
from tests.client import GROUP, PATCH_OP, USER
from tests.faults.insisting import Client
from tests.faults.workers import BULK, Model, User

CROWD = 250
CLUBS = 60
"""Members of a group, and groups of a user, whose deletion is more than one transaction takes."""
THRONG = 800
"""Members whose buckets are more than ``tests.faults.host`` lets one transaction take."""


@dataclass(frozen=True, slots=True)
class Blow:
    """A write that may be cut short.

    Attributes:
        heard: for each change that it leaves, in their order, what that does to the model.
    """

    method: str
    path: str
    body: Json
    heard: tuple[Callable[[], None], ...]


@dataclass(slots=True)
class Quarry:
    """The resources that are written to when the process is killed, prepared by way of another process."""

    client: Client
    chance: random.Random
    model: Model = field(default_factory=Model)
    made: int = 0
    throng: list[str] = field(default_factory=list)
    pool: list[str] = field(default_factory=list)
    clubs: list[str] = field(default_factory=list)

    async def prepare(self) -> None:
        """Make users for crowds and groups for whoever is in many."""
        self.throng = await self._users(THRONG)
        self.pool = self.throng[:CROWD]
        self.clubs = [await self._group([]) for _ in range(CLUBS)]

    async def any(self, kind: str) -> Blow:
        """A blow of a kind, ready to strike."""
        ways: dict[str, Callable[[], Awaitable[Blow]]] = {
            "create": self.create,
            "retitle": self.retitle,
            "replace": self.replace,
            "rename": self.rename,
            "delete": self.delete,
            "found": self.found,
            "join": self.join,
            "leave": self.leave,
            "bulk": self.bulk,
            "delete_crowd": self.delete_crowd,
            "delete_clubber": self.delete_clubber,
            "found_crowd": lambda: self.found_with(self.pool),
            "found_throng": lambda: self.found_with(self.throng),
            "swap_crowd": lambda: self.swap(self.pool[:150], self.pool[100:]),
            "swap_throng": lambda: self.swap(self.throng[:500], self.throng[300:]),
            "join_crowd": lambda: self.join_with(self.pool[:50], self.pool[50:]),
            "join_throng": lambda: self.join_with(self.pool, self.throng[250:]),
            "leave_crowd": lambda: self.leave_with(self.pool, self.pool[100:]),
            "leave_throng": lambda: self.leave_with(self.throng, self.throng[::2]),
        }
        return await ways[kind]()

    async def create(self) -> Blow:
        name = self._fresh("user")
        return Blow("POST", "/Users", {"schemas": [USER], "userName": name}, (self._pending(name),))

    async def retitle(self) -> Blow:
        [user], title = await self._users(1), self._fresh("title")
        return self._patch(f"/Users/{user}", "title", title, lambda: setattr(self.model.users[user], "title", title))

    async def replace(self) -> Blow:
        [user], title = await self._users(1), self._fresh("title")
        body = {"schemas": [USER], "userName": self.model.users[user].name, "title": title}
        return Blow("PUT", f"/Users/{user}", body, (lambda: setattr(self.model.users[user], "title", title),))

    async def rename(self) -> Blow:
        [user], name = await self._users(1), self._fresh("user")
        return self._patch(f"/Users/{user}", "userName", name, lambda: setattr(self.model.users[user], "name", name))

    async def delete(self) -> Blow:
        [user] = await self._users(1)
        await self._group([user, *self.pool[:5]])
        return self._deletion(user)

    async def found(self) -> Blow:
        return await self.found_with(self.chance.sample(self.pool, 40))

    async def join(self) -> Blow:
        users = self.chance.sample(self.pool, 40)
        return await self.join_with([user for user in self.pool if user not in users], users)

    async def leave(self) -> Blow:
        return await self.leave_with(self.pool, self.chance.sample(self.pool, 40))

    async def found_with(self, members: list[str]) -> Blow:
        """A group that comes into being with members."""
        name = self._fresh("group")
        body: JsonObject = {"schemas": [GROUP], "displayName": name, "members": _values(members)}
        return Blow("POST", "/Groups", body, (self._pending(name, members),))

    async def join_with(self, members: list[str], users: list[str]) -> Blow:
        """A group of some gets others, too."""
        group = await self._group(members)
        operation: JsonObject = {"op": "Add", "path": "members", "value": _values(users)}
        return Blow("PATCH", f"/Groups/{group}", _patching(operation), (lambda: self._joined(group, users),))

    async def leave_with(self, members: list[str], users: list[str]) -> Blow:
        """A group loses some of its members."""
        group = await self._group(members)
        operation: JsonObject = {"op": "Remove", "path": "members", "value": _values(users)}
        return Blow("PATCH", f"/Groups/{group}", _patching(operation), (lambda: self._left(group, users),))

    async def swap(self, members: list[str], others: list[str]) -> Blow:
        """A group of some has others in their place, a few of whom it had before."""
        group = await self._group(members)
        body = {"schemas": [GROUP], "displayName": self.model.names[group], "members": _values(others)}

        def heard() -> None:
            self._left(group, members)
            self._joined(group, others)

        return Blow("PUT", f"/Groups/{group}", body, (heard,))

    async def bulk(self) -> Blow:
        names = [self._fresh("user") for _ in range(40)]
        body: JsonObject = {"schemas": [BULK], "Operations": _creations(names)}
        return Blow("POST", "/Bulk", body, tuple(self._pending(name) for name in names))

    async def delete_crowd(self) -> Blow:
        """The deletion of a group with many members."""
        group = await self._group(self.pool)
        return self._deletion(group)

    async def delete_clubber(self) -> Blow:
        """The deletion of a user in many groups."""
        [user] = await self._users(1)
        operation: JsonObject = {"op": "Add", "path": "members", "value": _values([user])}
        await self._bulk([("PATCH", f"/Groups/{club}", _patching(operation)) for club in self.clubs])
        for club in self.clubs:
            self._joined(club, [user])
        return self._deletion(user)

    # what becomes of the model

    def _pending(self, name: str, members: list[str] | None = None) -> Callable[[], None]:
        """A creation whose id nobody was told: it stands in the model under its name until it is looked up."""

        def heard() -> None:
            if members is None:
                self.model.users[name] = User(name)
            else:
                self.model.names[name] = name
                self._joined(name, members)

        return heard

    async def identify(self) -> None:
        """Look up the ids of what was created without an answer."""
        for name in [name for name, user in self.model.users.items() if name == user.name]:
            self.model.users[await self._id("Users", "userName", name)] = self.model.users.pop(name)
        for name in [name for name in self.model.groups if self.model.names[name] == name]:
            members = list(self.model.groups[name])
            self._left(name, members)
            group = await self._id("Groups", "displayName", name)
            self.model.names[group] = self.model.names.pop(name)
            del self.model.groups[name]
            self._joined(group, members)

    def _deletion(self, identifier: str) -> Blow:
        def heard() -> None:
            if identifier in self.model.users:
                for group in self.model.users.pop(identifier).groups:
                    self.model.groups[group].discard(identifier)
            else:
                self._left(identifier, list(self.model.groups[identifier]))
                del self.model.groups[identifier], self.model.names[identifier]

        kind = "Users" if identifier in self.model.users else "Groups"
        return Blow("DELETE", f"/{kind}/{identifier}", None, (heard,))

    def _patch(self, path: str, attribute: str, value: str, heard: Callable[[], None]) -> Blow:
        return Blow("PATCH", path, _patching({"op": "Replace", "path": attribute, "value": value}), (heard,))

    def _joined(self, group: str, users: list[str]) -> None:
        self.model.groups.setdefault(group, set()).update(users)
        for user in users:
            self.model.users[user].groups.add(group)

    def _left(self, group: str, users: list[str]) -> None:
        self.model.groups[group].difference_update(users)
        for user in users:
            self.model.users[user].groups.discard(group)

    # preparations

    async def _users(self, count: int) -> list[str]:
        names = [self._fresh("user") for _ in range(count)]
        ids = [
            identifier
            for some in batched(names, 100, strict=False)
            for identifier in await self._bulk(
                [("POST", "/Users", {"schemas": [USER], "userName": name}) for name in some]
            )
        ]
        self.model.users |= {identifier: User(name) for identifier, name in zip(ids, names, strict=True)}
        return ids

    async def _group(self, members: list[str]) -> str:
        name = self._fresh("group")
        [group] = await self._bulk([("POST", "/Groups", {"schemas": [GROUP], "displayName": name})])
        for some in batched(members, CROWD, strict=False):
            operation: JsonObject = {"op": "Add", "path": "members", "value": _values(list(some))}
            await self.client.insist("PATCH", f"/Groups/{group}", _patching(operation))
        self.model.names[group] = name
        self._joined(group, members)
        return group

    async def _bulk(self, wanted: list[tuple[str, str, JsonObject]]) -> list[str]:
        """Do many things, all of which must succeed; gives the ids of their resources."""
        operations: list[Json] = [
            {"method": method, "path": path, "bulkId": str(number), "data": data}
            for number, (method, path, data) in enumerate(wanted)
        ]
        answer, unheard = await self.client.insist("POST", "/Bulk", {"schemas": [BULK], "Operations": operations})
        assert not unheard, answer.content
        outcomes = answer.json["Operations"]
        assert all(outcome["status"][0] == "2" for outcome in outcomes), outcomes
        return [str(outcome["location"]).rpartition("/")[2] for outcome in outcomes]

    async def _id(self, kind: str, attribute: str, name: str) -> str:
        answer, _ = await self.client.insist("GET", f"/{kind}?filter={attribute}%20eq%20%22{name}%22")
        [found] = answer.json["Resources"]
        return str(found["id"])

    def _fresh(self, stem: str) -> str:
        self.made += 1
        return f"{stem}-q-{self.made}"


LARGE = (
    "delete_crowd",
    "delete_clubber",
    *(f"{what}_{size}" for what in ("found", "swap", "join", "leave") for size in ("crowd", "throng")),
)
"""Those that take several transactions: a crowd's members are told later, a throng's set is built beforehand, too."""
SMALL = ("bulk", "create", "join", "replace", "found", "delete", "leave", "retitle", "rename")


def kinds(chance: random.Random) -> Iterator[str]:
    """Kinds of blows without end: large ones and small ones in turn, and each as often as the others."""
    large, small = cycle(chance.sample(LARGE, len(LARGE))), cycle(chance.sample(SMALL, len(SMALL)))
    return chain.from_iterable(zip(large, small, strict=True))


def _creations(names: list[str]) -> list[Json]:
    return [
        {"method": "POST", "path": "/Users", "bulkId": name, "data": {"schemas": [USER], "userName": name}}
        for name in names
    ]


def _patching(operation: JsonObject) -> JsonObject:
    return {"schemas": [PATCH_OP], "Operations": [operation]}


def _values(ids: list[str]) -> list[Json]:
    return [{"value": identifier} for identifier in ids]
