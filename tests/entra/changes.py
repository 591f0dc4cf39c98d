"""What happens in the source directory between two cycles."""

import random
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace

from tests.entra import people
from tests.entra.source import Directory, User

SHARE = 0.05
CLEARED = ("jobTitle", "department", "mobile", "facsimileTelephoneNumber", "preferredLanguage", "state")


@dataclass(slots=True)
class Touched:
    """The ids whose watermark moved."""

    users: set[str] = field(default_factory=set)
    groups: set[str] = field(default_factory=set)

    def note(self, directory: Directory, ids: Iterable[str]) -> None:
        """Add ids to the side they belong to; a deleted id is given by the event itself."""
        for each in ids:
            (self.groups if each in directory.groups else self.users).add(each)


type Event = Callable[[Directory, random.Random, Touched], None]


def _some(rng: random.Random, ids: Iterable[str], share: float = SHARE) -> list[str]:
    pool = list(ids)
    return rng.sample(pool, min(len(pool), max(1, round(len(pool) * share))))


def _users(directory: Directory, wanted: Callable[[User], bool] = lambda user: user.active) -> list[str]:
    return [user.id for user in directory.users.values() if wanted(user)]


def _settled(directory: Directory, touched: Touched) -> list[str]:
    """List active users with no change under way: what is not exported before they leave scope never is."""
    return [each for each in _users(directory) if each not in touched.users]


def edit_attributes(directory: Directory, rng: random.Random, touched: Touched) -> None:
    """Give users other titles, departments, telephone numbers and display names, several at once."""
    for user_id in _some(rng, _users(directory), 2 * SHARE):
        directory.serial += 1
        edits = {
            "jobTitle": people.title(rng, directory.serial),
            "department": people.department(rng),
            "mobile": people.phone(rng),
            "displayName": people.display_name("Édité", "O'Neil", directory.serial),
            "city": f"L'Aquila {directory.serial}",
            "surname": "D'Édité",
        }
        names = rng.sample(sorted(edits), rng.randint(1, len(edits)))
        directory.edit_attributes(user_id, **{name: edits[name] for name in names})
        touched.users.add(user_id)


def clear_attributes(directory: Directory, rng: random.Random, touched: Touched) -> None:
    """Take attributes away."""
    for user_id in _some(rng, _users(directory)):
        directory.edit_attributes(user_id, **dict.fromkeys(rng.sample(CLEARED, 2)))
        touched.users.add(user_id)


def change_roles(directory: Directory, rng: random.Random, touched: Touched) -> None:
    """Add a role, or swap all; the last role never goes, for that would unassign the user."""
    for user_id in _some(rng, _users(directory)):
        roles = directory.users[user_id].roles
        extra = rng.choice([role for role in people.ROLES if role not in roles])
        directory.edit_user(user_id, roles=(*roles, extra) if len(roles) == 1 else (extra,))
        touched.users.add(user_id)


def change_managers(directory: Directory, rng: random.Random, touched: Touched) -> None:
    """Set, change and remove managers."""
    ids = _users(directory)
    for turn, user_id in enumerate(_some(rng, ids, 2 * SHARE)):
        manager = None if turn % 3 == 0 else rng.choice(ids)
        directory.edit_user(user_id, manager=manager)
        touched.users.add(user_id)


def rename_users(directory: Directory, rng: random.Random, touched: Touched) -> None:
    """Give users other user principal names, one in three in letter case only."""
    for turn, user_id in enumerate(_some(rng, _users(directory))):
        directory.serial += 1
        old = directory.users[user_id].attributes["userPrincipalName"]
        new = (
            old.swapcase()
            if turn % 3 == 2 and old.isascii()
            else people.user_name(rng, directory.serial, directory.tag)
        )
        directory.edit_attributes(user_id, userPrincipalName=new)
        touched.users.add(user_id)


def disable_users(directory: Directory, rng: random.Random, touched: Touched) -> None:
    """Block accounts, or unassign users."""
    for turn, user_id in enumerate(_some(rng, _settled(directory, touched))):
        directory.edit_user(user_id, **({"blocked": True} if turn % 2 else {"assigned": False}))
        touched.users.add(user_id)


def enable_users(directory: Directory, rng: random.Random, touched: Touched) -> None:
    """Bring disabled users back, some with other attributes."""
    disabled = _users(directory, lambda user: not user.deleted and not user.active)
    for user_id in _some(rng, disabled, 0.7):
        directory.serial += 1
        directory.edit_user(user_id, blocked=False, assigned=True)
        directory.edit_attributes(user_id, jobTitle=people.title(rng, directory.serial))
        touched.users.add(user_id)


def soft_delete_users(directory: Directory, rng: random.Random, touched: Touched) -> None:
    """Move users to the recycle bin."""
    for user_id in _some(rng, _settled(directory, touched), 2 * SHARE):
        directory.edit_user(user_id, deleted=True)
        touched.users.add(user_id)


def restore_users(directory: Directory, rng: random.Random, touched: Touched) -> None:
    """Bring half of the recycle bin back."""
    for user_id in _some(rng, _users(directory, lambda user: user.deleted), 0.5):
        directory.edit_user(user_id, deleted=False)
        touched.users.add(user_id)


def purge_users(directory: Directory, rng: random.Random, touched: Touched) -> None:
    """Empty the recycle bin."""
    for user_id in _some(rng, _users(directory, lambda user: user.deleted), 1.0):
        directory.vacant_users.append(directory.users[user_id].attributes["userPrincipalName"])
        touched.note(directory, directory.purge(user_id))
        touched.users.add(user_id)


def add_users(directory: Directory, rng: random.Random, touched: Touched) -> None:
    """Hire people."""
    for _ in _some(rng, list(directory.users)):
        user = directory.add_user(rng)
        directory.edit_user(user.id, manager=rng.choice(_users(directory)))
        touched.users.add(user.id)
        for group_id in _some(rng, directory.groups, 0.02):
            directory.edit_members(group_id, directory.groups[group_id].members | {user.id})
            touched.groups.add(group_id)


def add_groups(directory: Directory, rng: random.Random, touched: Touched) -> None:
    """Found groups, with members from the start, and put one group into another."""
    for _ in _some(rng, list(directory.groups)):
        group = directory.add_group(rng)
        directory.edit_members(group.id, frozenset(_some(rng, _users(directory), 0.1)))
        outer = rng.choice([each for each in directory.groups if each != group.id])
        directory.edit_members(outer, directory.groups[outer].members | {group.id})
        touched.groups |= {group.id, outer}


def rename_groups(directory: Directory, rng: random.Random, touched: Touched) -> None:
    """Give groups other names."""
    for group_id in _some(rng, directory.groups):
        directory.serial += 1
        renamed = replace(directory.groups[group_id], name=people.group_name(rng, directory.serial, directory.tag))
        directory.groups[group_id] = renamed
        touched.groups.add(group_id)


def delete_groups(directory: Directory, rng: random.Random, touched: Touched) -> None:
    """Delete groups, from those that hold them too."""
    for group_id in _some(rng, directory.groups):
        directory.vacant_groups.append(directory.groups.pop(group_id).name)
        touched.groups.add(group_id)
        for outer in [group for group in directory.groups.values() if group_id in group.members]:
            directory.edit_members(outer.id, outer.members - {group_id})
            touched.groups.add(outer.id)


def recreate_groups(directory: Directory, rng: random.Random, touched: Touched) -> None:
    """Found new groups under the names of deleted ones."""
    while directory.vacant_groups:
        group = directory.add_group(rng, directory.vacant_groups.pop())
        directory.edit_members(group.id, frozenset(_some(rng, _users(directory))))
        touched.groups.add(group.id)


def reuse_user_names(directory: Directory, rng: random.Random, touched: Touched) -> None:
    """Hire namesakes of people who were deleted for good."""
    while directory.vacant_users:
        user = directory.add_user(rng)
        directory.edit_attributes(user.id, userPrincipalName=directory.vacant_users.pop())
        touched.users.add(user.id)


def change_members(directory: Directory, rng: random.Random, touched: Touched) -> None:
    """Let people join and leave groups."""
    ids = _users(directory)
    for group_id in _some(rng, directory.groups, 0.3):
        members = directory.groups[group_id].members
        leaving = _some(rng, sorted(members), 0.1)
        directory.edit_members(group_id, (members - set(leaving)) | set(_some(rng, ids, 0.02)))
        touched.groups.add(group_id)


def reorganise(directory: Directory, rng: random.Random, touched: Touched) -> None:
    """Move many people into one group and many out of it at once."""
    if directory.groups:
        group_id = rng.choice(list(directory.groups))
        members = directory.groups[group_id].members
        joining = rng.sample(_users(directory), min(60, len(_users(directory))))
        directory.edit_members(group_id, frozenset(_some(rng, sorted(members), 0.5)) | set(joining))
        touched.groups.add(group_id)


STEPS: tuple[tuple[str, tuple[Event, ...]], ...] = (
    ("attributes", (edit_attributes, clear_attributes, change_roles, change_managers)),
    ("renames", (rename_users, disable_users, rename_groups, change_members)),
    ("soft deletes", (enable_users, soft_delete_users, reorganise)),
    ("purges, hires", (restore_users, purge_users, add_users, add_groups, delete_groups)),
    ("re-creations", (recreate_groups, reuse_user_names, change_members, edit_attributes)),
)
