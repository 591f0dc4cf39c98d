"""Workers: clients of a provider that do all that clients do, and know what must have come of it."""

import random
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from urllib.parse import quote

from scim.schema import Json, JsonObject
from tests.client import GROUP, PATCH_OP, USER, Answer
from tests.faults.insisting import Client

BULK = "urn:ietf:params:scim:api:messages:2.0:BulkRequest"
MANY = 40
"""Members in one request, at most."""


@dataclass(slots=True)
class User:
    """A user as it must be."""

    name: str
    title: str = ""
    groups: set[str] = field(default_factory=set)


@dataclass(slots=True)
class Model:
    """What has been acknowledged.

    Attributes:
        groups: those that this worker alone writes to: the members of each.
        names: the name of each of them.
        changes: how many change records each request must have left.
        won: names that all want and this worker got.
    """

    users: dict[str, User] = field(default_factory=dict)
    groups: dict[str, set[str]] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)
    gone: dict[str, str] = field(default_factory=dict)
    changes: Counter[str] = field(default_factory=Counter)
    won: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Worker:
    """One client; nobody else touches its users, so it knows what each answer must be.

    Attributes:
        shared: groups to which all workers add their users.
    """

    number: int
    client: Client
    chance: random.Random
    shared: list[str]
    model: Model = field(default_factory=Model)
    done: Counter[str] = field(default_factory=Counter)
    made: int = 0

    async def step(self) -> None:
        """One random operation."""
        ways: dict[Callable[[], Awaitable[None]], int] = {
            self.create: 5,
            self.replace: 2,
            self.retitle: 3,
            self.rename: 2,
            self.delete: 2,
            self.join: 4,
            self.join_many: 2,
            self.leave: 2,
            self.leave_many: 1,
            self.look_up: 3,
            self.look_at: 2,
            self.found_group: 2,
            self.drop_group: 1,
            self.rename_group: 1,
            self.bulk: 1,
            self.copy: 1,
            self.contest: 1,
        }
        [way] = self.chance.choices(list(ways), list(ways.values()))
        if not self.model.users:
            way = self.create
        self.done[way.__name__] += 1
        await way()

    # users

    async def create(self) -> None:
        name, mark = self._fresh("user"), self._mark()
        answer, unheard = await self._write("POST", "/Users", _user(name, mark), mark)
        self._created(name, await self._found(answer, "Users", "userName", name, unheard=unheard))

    async def replace(self) -> None:
        user, title, mark = self._any_user(), self._fresh("title"), self._mark()
        held = self.model.users[user]
        body = _user(held.name, mark) | {"title": title}
        if self._is(await self._write("PUT", f"/Users/{user}", body, mark), 200):
            held.title = title

    async def retitle(self) -> None:
        user, title = self._any_user(), self._fresh("title")
        if await self._patch(f"/Users/{user}", {"op": "Replace", "path": "title", "value": title}):
            self.model.users[user].title = title

    async def rename(self) -> None:
        user, name = self._any_user(), self._fresh("user")
        if await self._patch(f"/Users/{user}", {"op": "Replace", "path": "userName", "value": name}):
            self.model.users[user].name = name

    async def delete(self) -> None:
        user = self._any_user()
        if await self._delete(f"/Users/{user}"):
            gone = self.model.users.pop(user)
            self.model.gone[user] = gone.name
            for group in gone.groups:
                self.model.groups.get(group, set()).discard(user)

    async def copy(self) -> None:
        """A name that is taken stays taken."""
        name = self.model.users[self._any_user()].name.upper()
        answer, _ = await self.client.insist("POST", "/Users", _user(name, ""), self._mark())
        self._expect(answer.status == 409, f"{name}, which is taken, was answered {answer.status}")

    async def contest(self) -> None:
        """A name that all workers want; whoever gets it is told by the external id."""
        name, mark = f"contested-{self.chance.randrange(40)}", self._mark()
        answer, unheard = await self.client.insist("POST", "/Users", _user(name, mark), mark)
        if answer.status == 409:
            found = await self._search("Users", "userName", name)
            self._expect(len(found) == 1, f"{name} is refused, and {len(found)} have it")
            if not found or found[0].get("externalId") != mark:
                return
            self._expect(unheard, f"a phantom conflict over {name}")
            identifier = found[0]["id"]
        else:
            self._expect(answer.status == 201, f"{name} was answered {answer.status}")
            identifier = answer.json["id"]
        self.model.changes[mark] += 1
        self.model.won.append(name)
        self._created(name, identifier)

    # groups

    async def join(self) -> None:
        await self._join([self._any_user()])

    async def join_many(self) -> None:
        await self._join(self._some_users(list(self.model.users)))

    async def leave(self) -> None:
        await self._leave(1)

    async def leave_many(self) -> None:
        await self._leave(MANY)

    async def found_group(self) -> None:
        name, mark, users = self._fresh("group"), self._mark(), self._some_users(list(self.model.users))
        body = {"schemas": [GROUP], "displayName": name, "externalId": mark, "members": _values(users)}
        answer, unheard = await self._write("POST", "/Groups", body, mark)
        group = await self._found(answer, "Groups", "displayName", name, unheard=unheard)
        self.model.groups[group] = set(users)
        self.model.names[group] = name
        for user in users:
            self.model.users[user].groups.add(group)

    async def rename_group(self) -> None:
        if self.model.groups:
            group, name = self.chance.choice(list(self.model.groups)), self._fresh("group")
            if await self._patch(f"/Groups/{group}", {"op": "Replace", "path": "displayName", "value": name}):
                self.model.names[group] = name

    async def drop_group(self) -> None:
        if self.model.groups:
            group = self.chance.choice(list(self.model.groups))
            if await self._delete(f"/Groups/{group}"):
                for user in self.model.groups.pop(group):
                    self.model.users[user].groups.discard(group)
                self.model.gone[group] = self.model.names.pop(group)

    async def _join(self, users: list[str]) -> None:
        group = self.chance.choice([*self.shared, *self.model.groups])
        new = [user for user in users if group not in self.model.users[user].groups]
        operation: JsonObject = {"op": "Add", "path": "members", "value": _values(users)}
        if await self._patch(f"/Groups/{group}", operation, changes=bool(new)):
            for user in new:
                self.model.users[user].groups.add(group)
            self.model.groups.get(group, set()).update(new)

    async def _leave(self, most: int) -> None:
        groups = sorted({group for user in self.model.users.values() for group in user.groups})
        if groups:
            group = self.chance.choice(groups)
            members = [name for name, user in self.model.users.items() if group in user.groups][:most]
            if await self._patch(f"/Groups/{group}", {"op": "Remove", "path": "members", "value": _values(members)}):
                for user in members:
                    self.model.users[user].groups.discard(group)
                self.model.groups.get(group, set()).difference_update(members)

    # reads

    async def look_up(self) -> None:
        """What was acknowledged is found at once, in whatever process."""
        user = self._any_user()
        name = self.model.users[user].name
        ids = [found["id"] for found in await self._search("Users", "userName", name)]
        self._expect(ids == [user], f"{name} is {user}, and found is {ids}")
        if self.model.gone:
            gone = self.chance.choice(list(self.model.gone))
            kind, attribute = ("Users", "userName") if "user" in self.model.gone[gone] else ("Groups", "displayName")
            found = await self._search(kind, attribute, self.model.gone[gone])
            self._expect(not found or "contested" in self.model.gone[gone], f"{gone} is deleted, and found")

    async def look_at(self) -> None:
        user = self._any_user()
        answer, _ = await self.client.insist("GET", f"/Users/{user}")
        if self._is((answer, False), 200):
            held, shown = self.model.users[user], answer.json
            self._expect(
                (shown["userName"], shown.get("title", "")) == (held.name, held.title), f"{user} is shown as it was"
            )
            groups = {group["value"] for group in shown.get("groups", [])}
            self._expect(held.groups <= groups, f"{user} is shown without {held.groups - groups}")

    # bulk

    async def bulk(self) -> None:
        """Some creations and some changes in one request; what was not done is asked again."""
        mark = self._mark()
        names = [self._fresh("user") for _ in range(self.chance.randint(1, 8))]
        changed = {user: self._fresh("title") for user in self._some_users(list(self.model.users))[:8]}
        left: dict[str, JsonObject] = {
            name: {"method": "POST", "path": "/Users", "bulkId": name, "data": _user(name, mark)} for name in names
        }
        for user, title in changed.items():
            operation = {"op": "Replace", "path": "title", "value": title}
            data = {"schemas": [PATCH_OP], "Operations": [operation]}
            left[user] = {"method": "PATCH", "path": f"/Users/{user}", "bulkId": user, "data": data}
        unheard: set[str] = set()
        while left:
            body = {"schemas": [BULK], "Operations": list(left.values())}
            answer, again = await self.client.insist("POST", "/Bulk", body, mark)
            if not self._is((answer, again), 200):
                return
            if again:
                unheard |= left.keys()
            for outcome in answer.json["Operations"]:
                key, status = outcome["bulkId"], int(outcome["status"])
                if status in {429, 503}:
                    unheard.add(key)
                    continue
                del left[key]
                self.model.changes[mark] += 1
                if key in changed:
                    self._expect(status in {200, 204}, f"PATCH of {key} in bulk was answered {status}")
                    self.model.users[key].title = changed[key]
                else:
                    self._created(key, await self._found_in_bulk(key, outcome, unheard=key in unheard))

    async def _found_in_bulk(self, name: str, outcome: JsonObject, *, unheard: bool) -> str:
        if outcome["status"] == "201":
            return str(outcome["location"]).rpartition("/")[2]
        self._expect(outcome["status"] == "409" and unheard, f"a phantom conflict over {name}: {outcome}")
        return str((await self._search("Users", "userName", name))[0]["id"])

    # what they share

    async def _write(self, method: str, path: str, body: Json, mark: str) -> tuple[Answer, bool]:
        """A write that must leave one change."""
        answer = await self.client.insist(method, path, body, mark)
        self.model.changes[mark] += 1
        return answer

    async def _patch(self, path: str, operation: JsonObject, *, changes: bool = True) -> bool:
        body, mark = {"schemas": [PATCH_OP], "Operations": [operation]}, self._mark()
        answer = await self.client.insist("PATCH", path, body, mark)
        self.model.changes[mark] += changes
        return self._is(answer, 200, 204)

    async def _delete(self, path: str) -> bool:
        answer, unheard = await self._write("DELETE", path, None, self._mark())
        return self._is((answer, unheard), 204, *([404] if unheard else []))

    async def _found(self, answer: Answer, kind: str, attribute: str, name: str, *, unheard: bool) -> str:
        """The id of what was created, looked up where the answer to the creation was not heard."""
        if answer.status == 201:
            return str(answer.json["id"])
        self._expect(answer.status == 409 and unheard, f"a phantom conflict over {name}: {answer.content!r}")
        found = await self._search(kind, attribute, name)
        self._expect(len(found) == 1, f"{name} was refused, and {len(found)} have it")
        return str(found[0]["id"]) if found else ""

    async def _search(self, kind: str, attribute: str, value: str) -> list[JsonObject]:
        answer, _ = await self.client.insist("GET", f"/{kind}?filter={quote(f'{attribute} eq "{value}"')}")
        return list(answer.json["Resources"]) if self._is((answer, False), 200) else []

    def _created(self, name: str, identifier: str) -> None:
        self._expect(identifier not in self.model.users, f"{identifier} was given twice")
        self.model.users[identifier] = User(name)

    def _is(self, answered: tuple[Answer, bool], *statuses: int) -> bool:
        answer, _ = answered
        self._expect(answer.status in statuses, f"{answer.status}, and not {statuses}: {answer.content[:300]!r}")
        return answer.status in statuses

    def _expect(self, true: bool, otherwise: str) -> None:
        if not true:
            self.client.account.wrong.append(f"worker {self.number}: {otherwise}")

    def _any_user(self) -> str:
        return self.chance.choice(list(self.model.users))

    def _some_users(self, users: list[str]) -> list[str]:
        return self.chance.sample(users, min(len(users), self.chance.randint(1, MANY)))

    def _fresh(self, stem: str) -> str:
        self.made += 1
        return f"{stem}-{self.number}-{self.made}"

    def _mark(self) -> str:
        return self._fresh("request")


def _user(name: str, mark: str) -> JsonObject:
    return {"schemas": [USER], "userName": name, "externalId": mark}


def _values(ids: list[str]) -> list[Json]:
    return [{"value": identifier} for identifier in ids]
