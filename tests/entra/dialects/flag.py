"""The production job with `aadOptscim062020`: lower-case operations, real booleans, simple attributes merged."""

from collections.abc import Sequence
from dataclasses import dataclass

from tests.entra.dialects.shared import MANAGER, Change, Dialect, Diff, Operation, named_roles, operation
from tests.entra.paths import JsonObject, Values

DISABLED = {"active": False}


@dataclass(frozen=True, slots=True)
class Flag(Dialect):
    """What the tenant URL's flag makes of a job."""

    def create_user(self, values: Values, roles: Sequence[str], manager: str | None, turn: int) -> JsonObject:
        """Write the body with `meta` and with `roles` even when empty."""
        body = Dialect.create_user(self, values, roles, manager, turn)
        body["meta"] = {"resourceType": "User"}
        body.setdefault("roles", named_roles(roles))
        if turn % 5 == 0:
            body |= {name: None for name in ("addresses", "title", "phoneNumbers") if name not in body}
        return body

    def modify_user(self, diff: Diff, turn: int) -> list[Operation]:
        """Write bracketed paths on their own and merge the rest."""
        changes = diff.changes
        if turn % 2 == 0 and {change.path: change.new for change in changes} == DISABLED:
            return [operation("replace", "active", value=False)]
        return merged([change for change in changes if change.new is not None]) + [
            {"op": "remove", "path": change.path} for change in changes if change.new is None
        ]

    def manager(self, old: str | None, new: str | None, turn: int) -> Operation:
        """Write the id as a plain string; remove by an empty one or by name."""
        if new is None:
            return operation("replace", MANAGER, "") if turn % 2 else {"op": "remove", "path": MANAGER}
        return operation("replace" if old else "add", MANAGER, new)

    def replaces(self, turn: int) -> bool:
        """Say that one request in three is a `replace`."""
        return turn % 3 == 0


def merged(changes: Sequence[Change]) -> list[Operation]:
    """Give each bracketed path its operation and merge the others into one path-less operation per kind."""
    operations = [operation(change.verb, change.path, change.new) for change in changes if change.bracketed]
    for verb in ("add", "replace"):
        simple = {change.path: change.new for change in changes if change.verb == verb and not change.bracketed}
        if simple:
            operations.append(operation(verb, None, {**simple}))
    return operations
