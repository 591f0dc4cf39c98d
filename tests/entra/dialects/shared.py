"""What every dialect has to say, from a difference between two states to the body of a request.

A dialect is pure. Where Entra has been seen to write one thing in several ways, the caller's `turn`, a running number,
picks the way, so that one run shows them all.
"""

import json
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal

from tests.entra.mappings import ROLE_TYPE
from tests.entra.paths import ENTERPRISE, GROUP, USER, Json, JsonObject, Target, Value, Values

PATCH_OP = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
MANAGER = f"{ENTERPRISE}:manager"

type ReplaceMembers = Literal["add", "set", "never"]
type Operation = JsonObject


@dataclass(frozen=True, slots=True)
class Change:
    """One target path whose value differs; None stands for no value."""

    path: str
    old: object
    new: Value | None

    @property
    def bracketed(self) -> bool:
        """Whether the path selects an element."""
        return "[" in self.path

    @property
    def verb(self) -> str:
        """`add` where the target had nothing, else `replace`."""
        return "add" if self.old is None else "replace"


@dataclass(frozen=True, slots=True)
class Diff:
    """What the target holds at the mapped paths and what it should hold."""

    held: Mapping[str, object]
    wanted: Values

    @property
    def changes(self) -> list[Change]:
        """The paths that differ, in the mapping's order, cleared ones last; `1` is not `true` here."""
        set_ = [Change(p, self.held.get(p), v) for p, v in self.wanted.items() if not _equal(self.held.get(p), v)]
        return set_ + [Change(path, old, None) for path, old in self.held.items() if path not in self.wanted]


def _equal(held: object, wanted: Value) -> bool:
    return type(held) is type(wanted) and held == wanted


def patch(operations: Sequence[Operation]) -> JsonObject:
    """Put operations into their envelope."""
    return {"schemas": [PATCH_OP], "Operations": list(operations)}


def operation(op: str, path: str | None, value: Json) -> Operation:
    """Write one operation; a path-less one has no `path` member."""
    return {"op": op, "value": value} if path is None else {"op": op, "path": path, "value": value}


def nested(values: Values) -> JsonObject:
    """Build the resource that holds these values at these paths."""
    resource: JsonObject = {}
    for path, value in values.items():
        Target.parse(path).write(resource, value)
    return resource


def quoted(value: str) -> str:
    """Write a filter's string literal."""
    return json.dumps(value, ensure_ascii=False)


def named_roles(values: Sequence[str]) -> Json:
    """Write the full set of roles, none primary."""
    return [{"primary": False, "type": ROLE_TYPE, "display": value, "value": value} for value in values]


@dataclass(frozen=True, slots=True)
class Dialect(ABC):
    """The forms of one kind of client; `base_url` is for `$ref`."""

    base_url: str = ""
    replace_members: ReplaceMembers = "never"

    mapping: ClassVar[str] = "default"
    reference_filter: ClassVar[str] = 'id eq "{id}" and manager eq "{manager}"'

    def equals(self, path: str, value: str) -> str:
        """Write the filter of a match."""
        return f"{path} eq {quoted(value)}"

    def create_user(self, values: Values, roles: Sequence[str], manager: str | None, turn: int) -> JsonObject:
        """Write the body of a POST to /Users."""
        del roles
        body: JsonObject = {"schemas": [USER, ENTERPRISE], **nested(values)}
        if "emails" in body:
            Target.parse('emails[type eq "work"].primary').write(body, value=True)
        if manager:
            Target.parse(MANAGER).write(body, self.manager_in_create(manager, turn))
        return body

    def manager_in_create(self, manager: str, turn: int) -> Json:
        """Write a manager that is known when the user is created."""
        del turn
        return {"value": manager}

    @abstractmethod
    def modify_user(self, diff: Diff, turn: int) -> list[Operation]:
        """Write the operations that bring a user's mapped values up to date."""

    @abstractmethod
    def manager(self, old: str | None, new: str | None, turn: int) -> Operation:
        """Write the operation that sets, changes or removes the manager."""

    def roles(self, old: Sequence[str], new: Sequence[str]) -> Operation:
        """Write the operation that assigns roles."""
        del old
        return operation("replace", "roles", named_roles(new))

    def create_group(self, values: Values) -> JsonObject:
        """Write the body of a POST to /Groups; members follow in PATCH requests."""
        return {**values, "schemas": [GROUP]}

    def modify_group(self, changes: Sequence[Change]) -> list[Operation]:
        """Write the operations that rename a group."""
        return [operation("replace", None, {change.path: change.new for change in changes})]

    def add_members(self, ids: Sequence[str], turn: int) -> list[Operation]:
        """Write the operations that add members."""
        op = "replace" if self.replace_members == "add" and self.replaces(turn) else "add"
        return [operation(op, "members", [{"value": each} for each in ids])]

    def remove_members(self, ids: Sequence[str], turn: int) -> list[Operation]:
        """Write the operations that remove members."""
        del turn
        return [{"op": "remove", "path": f'members[value eq "{each}"]'} for each in ids]

    def set_members(self, ids: Sequence[str]) -> list[Operation]:
        """Write the operation that gives a group exactly these members."""
        return [operation("replace", "members", [{"value": each} for each in ids])]

    def replaces(self, turn: int) -> bool:
        """Whether this turn's members travel in a `replace`."""
        del turn
        return False
