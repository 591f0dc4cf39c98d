"""The production job without a flag: capitalised operations, string booleans, a path per operation."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from tests.entra.dialects.shared import MANAGER, Change, Dialect, Diff, Operation, named_roles, operation
from tests.entra.mappings import ROLE_TYPE
from tests.entra.paths import ENTERPRISE, GROUP, USER, Json, JsonObject, Value, Values

ADSCIM_GROUP = "http://schemas.microsoft.com/2006/11/ResourceManagement/ADSCIM/2.0/Group"
MALFORMED_ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0User"
NULLS = ("addresses", "title", "phoneNumbers", "preferredLanguage", "department", "manager")


@dataclass(frozen=True, slots=True)
class Legacy(Dialect):
    """The oldest form and still the default of a job."""

    schemas_in_create: ClassVar[tuple[list[Json], ...]] = (
        [USER, ENTERPRISE],
        [USER, ENTERPRISE],
        [USER],
        [USER, MALFORMED_ENTERPRISE],
    )

    def create_user(self, values: Values, roles: Sequence[str], manager: str | None, turn: int) -> JsonObject:
        """Write the body with `meta`, `roles` even when empty, and now and then nulls or a string boolean."""
        body = Dialect.create_user(self, values, roles, manager, turn)
        body["schemas"] = self.schemas_in_create[turn % 4]
        body["meta"] = {"resourceType": "User"}
        body.setdefault("roles", _created_roles(roles))
        if turn % 2:
            body["active"] = _text(values["active"])
        if turn % 5 == 0:
            body |= {name: None for name in NULLS if name not in body}
        return body

    def manager_in_create(self, manager: str, turn: int) -> Json:
        """Write the bare id or the object."""
        return manager if turn % 2 else {"value": manager}

    def modify_user(self, diff: Diff, turn: int) -> list[Operation]:
        """Write one operation per attribute."""
        return [_modify(change, turn) for change in diff.changes]

    def manager(self, old: str | None, new: str | None, turn: int) -> Operation:
        """Write the id as a plain string, or as the documentation has it."""
        if new is None:
            forms: tuple[Operation, ...] = (
                operation("Replace", MANAGER, ""),
                {"op": "Remove", "path": MANAGER},
                {"op": "Remove", "path": f'manager[value eq "{old}"]'},
            )
            return forms[turn % 3]
        if turn % 4 == 3:
            return operation("Add", "manager", [{"$ref": f"{self.base_url}/Users/{new}", "value": new}])
        return operation("Replace" if old else "Add", MANAGER, new)

    def roles(self, old: Sequence[str], new: Sequence[str]) -> Operation:
        """Write added roles as JSON text in a string; anything else as the full set."""
        added = [role for role in new if role not in old]
        if len(added) + len(old) != len(new):
            return operation("Replace", "roles", named_roles(new))
        texts = [json.dumps({"id": f"06b0-{role}", "value": role, "displayName": role}) for role in added]
        return operation("Add", "roles", [{"value": text} for text in texts])

    def create_group(self, values: Values) -> JsonObject:
        """Write the body with Entra's own schema URN beside the RFC's."""
        return {"schemas": [GROUP, ADSCIM_GROUP], **values, "meta": {"resourceType": "Group"}}

    def modify_group(self, changes: Sequence[Change]) -> list[Operation]:
        """Write one operation per attribute."""
        return [operation("Replace", change.path, change.new) for change in changes]

    def add_members(self, ids: Sequence[str], turn: int) -> list[Operation]:
        """Write the members with an empty reference."""
        del turn
        return [operation("Add", "members", [{"$ref": None, "value": each} for each in ids])]

    def remove_members(self, ids: Sequence[str], turn: int) -> list[Operation]:
        """Write the members to remove as a value, with or without the empty reference."""
        reference: JsonObject = {"$ref": None} if turn % 2 == 0 else {}
        return [operation("Remove", "members", [{**reference, "value": each} for each in ids])]


def _modify(change: Change, turn: int) -> Operation:
    if change.new is not None:
        return operation(change.verb.capitalize(), change.path, _text(change.new))
    if turn % 2:
        return {"op": "Remove", "path": change.path, "value": str(change.old)}
    return {"op": "Remove", "path": change.path}


def _text(value: Value) -> str:
    return str(value)


def _created_roles(roles: Sequence[str]) -> Json:
    if len(roles) == 1:
        return [{"primary": True, "type": ROLE_TYPE, "value": roles[0]}]
    return named_roles(roles)
