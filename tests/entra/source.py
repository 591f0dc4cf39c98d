"""The source directory: the users and groups that Entra would provision."""

import random
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from tests.entra import people


@dataclass(frozen=True, slots=True)
class User:
    """A user of the source directory; attribute names are Entra's, not SCIM's."""

    id: str
    attributes: dict[str, str]
    manager: str | None = None
    roles: tuple[str, ...] = ()
    blocked: bool = False
    assigned: bool = True
    deleted: bool = False

    @property
    def in_scope(self) -> bool:
        """Whether the provisioning job still looks at this user's attributes."""
        return self.assigned and not self.deleted

    @property
    def active(self) -> bool:
        """What `IsSoftDeleted` says, turned round."""
        return self.in_scope and not self.blocked


@dataclass(frozen=True, slots=True)
class Group:
    """A group of the source directory; members are object ids of users and groups."""

    id: str
    name: str
    members: frozenset[str] = frozenset()


@dataclass(slots=True)
class Directory:
    """All that is to be provisioned, what keeps its names unique, and names free to be used again."""

    users: dict[str, User] = field(default_factory=dict)
    groups: dict[str, Group] = field(default_factory=dict)
    serial: int = 0
    tag: str = ""
    vacant_users: list[str] = field(default_factory=list)
    vacant_groups: list[str] = field(default_factory=list)

    def add_user(self, rng: random.Random) -> User:
        """Make one more user."""
        self.serial += 1
        user = User(object_id(rng), people.attributes(rng, self.serial, self.tag))
        if rng.random() < people.SHARE_WITH_ROLES:
            user = replace(user, roles=(rng.choice(people.ROLES),))
        self.users[user.id] = user
        return user

    def add_group(self, rng: random.Random, name: str | None = None) -> Group:
        """Make one more group, empty."""
        self.serial += 1
        group = Group(object_id(rng), name or people.group_name(rng, self.serial, self.tag))
        self.groups[group.id] = group
        return group

    def edit_user(self, user_id: str, **changes: object) -> None:
        """Change fields of a user."""
        self.users[user_id] = replace(self.users[user_id], **changes)  # type: ignore[arg-type]  # named by callers

    def edit_attributes(self, user_id: str, **values: str | None) -> None:
        """Change attributes of a user; None takes one away."""
        merged = self.users[user_id].attributes | values
        self.edit_user(user_id, attributes={name: value for name, value in merged.items() if value is not None})

    def edit_members(self, group_id: str, members: frozenset[str]) -> None:
        """Give a group other members."""
        self.groups[group_id] = replace(self.groups[group_id], members=members)

    def purge(self, user_id: str) -> Iterator[str]:
        """Forget a user for good; yields the ids of users and groups that pointed at it."""
        del self.users[user_id]
        for report in [user.id for user in self.users.values() if user.manager == user_id]:
            self.edit_user(report, manager=None)
            yield report
        for group in [group for group in self.groups.values() if user_id in group.members]:
            self.edit_members(group.id, group.members - {user_id})
            yield group.id


def object_id(rng: random.Random) -> str:
    """Make an object id, repeatable for one seed."""
    return str(uuid.UUID(int=rng.getrandbits(128), version=4))


def generate(rng: random.Random, *, users: int, groups: int, memberships: int) -> Directory:
    """Make a directory of the sizes asked for; every tenth group holds another group."""
    directory = Directory(tag=people.name_tag(rng))
    for _ in range(users):
        directory.add_user(rng)
    ids = list(directory.users)
    for position, user_id in enumerate(ids[1:], start=1):
        if rng.random() < people.SHARE_WITH_MANAGER:
            directory.edit_user(user_id, manager=ids[rng.randrange(max(1, position // 4))])
    names = [directory.add_group(rng).id for _ in range(groups)]
    for group_id, size in zip(names, _sizes(rng, users, groups, memberships), strict=True):
        directory.edit_members(group_id, frozenset(rng.sample(ids, size)))
    for inner, outer in zip(names[1::10], names[::10], strict=False):
        directory.edit_members(outer, directory.groups[outer].members | {inner})
    return directory


def _sizes(rng: random.Random, users: int, groups: int, memberships: int) -> list[int]:
    """Share the memberships out, unevenly as in life, with no group above the number of users."""
    sizes = [0] * groups
    weights = [1 / (1 + position) for position in range(groups)]
    left = memberships
    while left:
        for position in rng.choices(range(groups), weights, k=left):
            if sizes[position] < users:
                sizes[position] += 1
                left -= 1
            else:
                weights[position] = 0
    return sizes
