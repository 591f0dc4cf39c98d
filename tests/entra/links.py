"""What the job remembers of the target: the id of each provisioned object and the memberships it has exported."""

from dataclasses import dataclass, field


@dataclass(slots=True)
class Links:
    """Source object id -> SCIM id; group -> members exported; objects that failed and are due again.

    `inherited` are the SCIM ids of members that a group had before it was linked, of which the source knows nothing.
    """

    users: dict[str, str] = field(default_factory=dict)
    groups: dict[str, str] = field(default_factory=dict)
    members: dict[str, set[str]] = field(default_factory=dict)
    inherited: dict[str, set[str]] = field(default_factory=dict)
    due_users: set[str] = field(default_factory=set)
    due_groups: set[str] = field(default_factory=set)

    def link_group(self, group_id: str, scim_id: str) -> None:
        """Remember a group, of whose members nothing is known yet."""
        self.groups[group_id] = scim_id
        self.members[group_id] = set()

    def forget_user(self, user_id: str) -> None:
        """Drop a user who is gone from the target, and with it his memberships."""
        del self.users[user_id]
        self._leave_all(user_id)

    def forget_group(self, group_id: str) -> None:
        """Drop a group that is gone from the target."""
        del self.groups[group_id]
        del self.members[group_id]
        self.inherited.pop(group_id, None)
        self._leave_all(group_id)

    def scim_id(self, member: str) -> str | None:
        """Return the SCIM id of a user or a group."""
        return self.users.get(member) or self.groups.get(member)

    def _leave_all(self, member: str) -> None:
        for group_id, members in self.members.items():
            if member in members:
                members.discard(member)
                self.due_groups.add(group_id)
