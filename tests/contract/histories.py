"""One history, acted out on a directory and on a dict that knows no rows: the answers must be the same."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Literal

from scim.errors import ScimError
from scim.normal_forms import normal
from scim.resources import Links, Member
from scim.storage.acts import Written
from tests.contract.writing import Writer

Verb = Literal["user", "group", "rename", "mail", "join", "leave", "set", "delete user", "delete group"]


@dataclass(frozen=True, slots=True)
class Step:
    """One request; resources are named by their place among all that were ever created of their type.

    Attributes:
        name: a name or an e-mail address to give.
        places: users that join, leave or remain; the last of them is a group when there are several.
    """

    verb: Verb
    at: int
    name: str
    places: tuple[int, ...]


@dataclass(slots=True)
class Model:
    """A directory without rows: what it must answer, in the plainest way."""

    names: dict[str, str] = field(default_factory=dict)
    mails: dict[str, str] = field(default_factory=dict)
    members: dict[str, set[str]] = field(default_factory=dict)
    users: list[str] = field(default_factory=list)
    groups: list[str] = field(default_factory=list)

    def taken(self, name: str, kind: Sequence[str], but: str = "") -> bool:
        """Whether another resource of a type has a name."""
        return any(
            self.names[other].strip().casefold() == name.strip().casefold()
            for other in kind
            if other in self.names and other != but
        )

    def delete(self, identifier: str) -> None:
        """Forget a resource, and every membership."""
        del self.names[identifier]
        self.mails.pop(identifier, None)
        self.members.pop(identifier, None)
        for members in self.members.values():
            members.discard(identifier)


@dataclass(slots=True)
class Actor:
    """Acts a history out on both, and compares answer by answer."""

    writer: Writer
    model: Model = field(default_factory=Model)

    async def act(self, step: Step) -> str:
        """Do one step; gives what came of it, in a word that does not depend on the store."""
        act = getattr(self, "_" + step.verb.replace(" ", "_"))
        answer: str = await act(step)
        return f"{step.verb}: {answer}"

    async def _user(self, step: Step) -> str:
        model = self.model
        try:
            identifier = await self.writer.user(step.name)
        except ScimError as error:
            assert model.taken(step.name, model.users)
            return type(error).__name__
        assert not model.taken(step.name, model.users)
        model.users.append(identifier)
        model.names[identifier] = step.name
        return "done"

    async def _group(self, step: Step) -> str:
        model, members = self.model, self._members(step)
        try:
            identifier = await self.writer.group(step.name, *members)
        except ScimError as error:
            assert model.taken(step.name, model.groups) or members - model.names.keys()
            return type(error).__name__
        assert not model.taken(step.name, model.groups)
        model.groups.append(identifier)
        model.names[identifier] = step.name
        model.members[identifier] = members
        return "done"

    async def _rename(self, step: Step) -> str:
        model = self.model
        kind, path, ids = [("User", "userName", model.users), ("Group", "displayName", model.groups)][step.at % 2]
        if not ids:
            return "nothing"
        identifier = ids[step.at % len(ids)]
        expected = identifier in model.names and not model.taken(step.name, ids, identifier)
        try:
            written = await self.writer.change(kind, identifier, **{path: step.name})
        except ScimError as error:
            assert not expected
            return type(error).__name__
        assert expected
        assert written.changed is (model.names[identifier] != step.name)
        model.names[identifier] = step.name
        return "done" if written.changed else "no change"

    async def _mail(self, step: Step) -> str:
        model = self.model
        if not model.users or (identifier := model.users[step.at % len(model.users)]) not in model.names:
            return "nothing"
        await self.writer.change("User", identifier, emails=[{"value": step.name}])
        model.mails[identifier] = step.name
        return "done"

    async def _join(self, step: Step) -> str:
        return await self._relink(step, Links(add=self._adding(step)))

    async def _leave(self, step: Step) -> str:
        return await self._relink(step, Links(remove=frozenset(self._members(step))))

    async def _set(self, step: Step) -> str:
        return await self._relink(step, Links(add=self._adding(step), clear=True))

    async def _relink(self, step: Step, links: Links) -> str:
        model = self.model
        if not model.groups:
            return "nothing"
        group = model.groups[step.at % len(model.groups)]
        unknown = links.add.keys() - model.names.keys()
        try:
            written: Written = await self.writer.link(group, links)
        except ScimError as error:
            assert group not in model.names or unknown
            return type(error).__name__
        before = model.members[group]
        after = (set() if links.clear else before - links.remove) | links.add.keys()
        assert written.changed is (after != before)
        model.members[group] = after
        return "done" if written.changed else "no change"

    async def _delete_user(self, step: Step) -> str:
        return await self._delete("User", self.model.users, step.at)

    async def _delete_group(self, step: Step) -> str:
        return await self._delete("Group", self.model.groups, step.at)

    async def _delete(self, kind: str, ids: list[str], at: int) -> str:
        if not ids:
            return "nothing"
        identifier = ids[at % len(ids)]
        try:
            await self.writer.delete(kind, identifier)
        except ScimError as error:
            assert identifier not in self.model.names
            return type(error).__name__
        self.model.delete(identifier)
        return "done"

    def _members(self, step: Step) -> set[str]:
        return set(self._named(step))

    def _adding(self, step: Step) -> dict[str, Member]:
        return {identifier: Member(identifier, None) for identifier in self._named(step)}

    def _named(self, step: Step) -> Iterator[str]:
        model = self.model
        for number, place in enumerate(step.places):
            ids = model.groups if number and number == len(step.places) - 1 else model.users
            if ids:
                yield ids[place % len(ids)]

    async def compare(self) -> None:
        """Everything that can be read must be as the model says."""
        model, writer = self.model, self.writer
        for kind, ids in (("User", model.users), ("Group", model.groups)):
            living = [identifier for identifier in ids if identifier in model.names]
            total, page = await writer.directory.page(writer.schemas.types[kind], 1, 500)
            assert (total, [stored.id for stored in page]) == (len(living), living)
        for group, members in model.members.items():
            assert await writer.members(group) == members
            assert await writer.find("Group", "displayName", model.names[group].upper()) == [group]
        for user in model.users:
            if user in model.names:
                assert await writer.groups(user) == {g for g, members in model.members.items() if user in members}
                assert await writer.find("User", "userName", model.names[user].swapcase()) == [user]
        for mail in set(model.mails.values()):
            index = writer.schemas.types["User"].indexes[2].target.leaf
            same = [u for u in model.users if u in model.mails and normal(index, model.mails[u]) == normal(index, mail)]
            assert await writer.find("User", "emails.value", mail) == same
