"""RFC 7644 to the letter, for service providers that promise no more."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from tests.entra.dialects.shared import MANAGER, Change, Dialect, Diff, Operation, named_roles, operation, quoted
from tests.entra.paths import ENTERPRISE, JsonObject, Target, Values


@dataclass(frozen=True, slots=True)
class Rfc(Dialect):
    """No departure, and no reliance on what the RFC leaves open."""

    reference_filter: ClassVar[str] = f'id eq "{{id}}" and {MANAGER}.value eq "{{manager}}"'

    def equals(self, path: str, value: str) -> str:
        """Write the filter of a match with the whole condition inside the brackets."""
        target = Target.parse(path)
        if target.selector is None:
            return f"{path} eq {quoted(value)}"
        key, literal = target.selector
        return f"{target.attribute}[{key} eq {quoted(str(literal))} and {target.sub} eq {quoted(value)}]"

    def create_user(self, values: Values, roles: Sequence[str], manager: str | None, turn: int) -> JsonObject:
        """Write the body, with only the schemas and arrays it uses."""
        body = Dialect.create_user(self, values, roles, manager, turn)
        if ENTERPRISE not in body and isinstance(body["schemas"], list):
            body["schemas"].remove(ENTERPRISE)
        if roles:
            body["roles"] = named_roles(roles)
        return body

    def modify_user(self, diff: Diff, turn: int) -> list[Operation]:
        """Write one operation per attribute, and one per element that is new or goes."""
        del turn
        operations: list[Operation] = []
        made: dict[str, JsonObject] = {}
        for change in diff.changes:
            target = Target.parse(change.path)
            if target.element is None:
                operations.append(_simple(change))
            elif change.new is None:
                operations += _cleared(target, diff, operations)
            elif any(path.startswith(f"{target.element}.") for path in diff.held):
                operations.append(operation(change.verb, _typed(change.path), change.new))
            elif target.element in made:
                made[target.element][str(target.sub)] = change.new
            else:
                made[target.element] = _element(target, change)
                operations.append(operation("add", target.attribute, [made[target.element]]))
        return operations

    def manager(self, old: str | None, new: str | None, turn: int) -> Operation:
        """Write the complex attribute."""
        del turn
        if new is None:
            return {"op": "remove", "path": MANAGER}
        return operation("replace" if old else "add", MANAGER, {"value": new})


def _simple(change: Change) -> Operation:
    if change.new is None:
        return {"op": "remove", "path": change.path}
    return operation(change.verb, change.path, change.new)


def _cleared(target: Target, diff: Diff, already: Sequence[Operation]) -> list[Operation]:
    """Remove the sub-attribute while its element keeps another, else the element, once."""
    if any(path.startswith(f"{target.element}.") for path in diff.wanted):
        return [{"op": "remove", "path": _typed(target.path)}]
    whole: Operation = {"op": "remove", "path": _typed(str(target.element))}
    return [] if whole in already else [whole]


def _element(target: Target, change: Change) -> JsonObject:
    key, literal = target.selector or ("", "")
    return {key: literal, str(target.sub): change.new}


def _typed(path: str) -> str:
    return path.replace('eq "True"', "eq true")
