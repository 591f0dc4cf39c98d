"""Microsoft's SCIM Validator: lower-case operations, verbose and non-verbose requests in turn."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from tests.entra.dialects.flag import merged
from tests.entra.dialects.shared import MANAGER, Change, Dialect, Diff, Operation, operation
from tests.entra.paths import ENTERPRISE, USER, Json, JsonObject, Values


@dataclass(frozen=True, slots=True)
class Validator(Dialect):
    """Every attribute there is, 36 operations in one request."""

    mapping: ClassVar[str] = "validator"

    def create_user(self, values: Values, roles: Sequence[str], manager: str | None, turn: int) -> JsonObject:
        """Write the full body, `schemas` last, with the one string that the validator sends for a boolean."""
        body = Dialect.create_user(self, values, roles, manager, turn)
        if isinstance(assigned := body.get("roles"), list):
            body["roles"] = [{**role, "primary": "True"} for role in assigned if isinstance(role, dict)]
        del body["schemas"]
        return {**body, "schemas": [USER, ENTERPRISE]}

    def modify_user(self, diff: Diff, turn: int) -> list[Operation]:
        """Write one operation per attribute, or the merged form; clear with an empty string or with null."""
        changes = diff.changes
        set_ = [change for change in changes if change.new is not None]
        cleared = [change for change in changes if change.new is None]
        if turn % 2 == 0:
            return [operation(change.verb, change.path, change.new) for change in set_] + [
                operation("replace", change.path, "") for change in cleared
            ]
        return merged(set_) + _cleared(cleared)

    def manager(self, old: str | None, new: str | None, turn: int) -> Operation:
        """Write the id in an object or bare; remove in three ways."""
        if new is None:
            empty: tuple[Json, ...] = ("", {"value": ""})
            return (
                {"op": "remove", "path": MANAGER}
                if turn % 3 == 0
                else operation("replace", MANAGER, empty[turn % 3 - 1])
            )
        return operation("replace" if old else "add", MANAGER, new if turn % 2 else {"value": new})

    def replaces(self, turn: int) -> bool:
        """Say that every second request is a `replace`."""
        return turn % 2 == 0


def _cleared(changes: Sequence[Change]) -> list[Operation]:
    operations = [operation("replace", change.path, None) for change in changes if change.bracketed]
    simple: JsonObject = {change.path: None for change in changes if not change.bracketed}
    return [*operations, operation("replace", None, simple)] if simple else operations
