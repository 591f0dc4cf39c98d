"""PATCH operations taken apart: steps that each have one target (RFC 7644 §3.5.2).

A path is resolved against the schema. An operation without a path names its attributes in its value, and is as many
steps as it names: ``{"name.givenName": …}`` and ``{"urn:…:User:department": …}`` are read like paths, and an
extension's object becomes a step for each of its attributes.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Literal

from scim.errors import BadRequest, InvalidPath, InvalidValue, NoTarget
from scim.filters import Filter, PatchPath
from scim.messages import Operation
from scim.resources import refuse_twins
from scim.schema import Json, JsonObject, Target

_BRACKETS = re.compile(r"\[.*\]", re.DOTALL)

type Find = Callable[[str], Target | None]
"""What an attribute path without brackets names, if anything."""
type ReadPath = Callable[[str], PatchPath]
"""What an attribute path with brackets says."""


class NoElements(InvalidPath):
    """A path selects from what has no elements."""


@dataclass(frozen=True, slots=True)
class Step:
    """What one operation does at one target.

    Attributes:
        op: add, remove or replace.
        target: the attribute, sub-attribute or extension.
        filter: which elements of the attribute are meant, where the path says so.
        value: the value to add or to replace by, as the client wrote it.
        has_value: whether there is a value at all, be it null.
        operation: the place of the operation in its request.
    """

    op: Literal["add", "remove", "replace"]
    target: Target
    filter: Filter | None
    value: Json
    has_value: bool
    operation: int


@dataclass(frozen=True, slots=True)
class Unknown:
    """A name that the schema does not have.

    Attributes:
        name: the name, without any filter.
        key: whether it is a key of a value, and not a path.
        error: what is wrong with it beyond that, if anything.
    """

    name: str
    key: bool
    error: BadRequest | None = None


def spread(operation: Operation, place: int, find: Find, read: ReadPath) -> Iterator[Step | Unknown]:
    """The steps of an operation, and the names in it that mean nothing.

    Args:
        operation: the operation.
        place: its place in the request.
        find: what a name means.
        read: reads a path that has a filter, as `filters.parse_path` does.

    Raises:
        InvalidPath, InvalidFilter: the path is not of the grammar.
        NoTarget: a ``remove`` has no path.
        InvalidValue: an operation without a path has no object for a value.
    """
    without_path = operation.path is None
    for name, value in _named(operation).items():
        try:
            simple = without_path and "[" not in name
            target, filter_ = (find(name), None) if simple else _locate(name, find, read)
        except NoElements as error:
            yield Unknown(name.partition("[")[0], key=False, error=error)
            continue
        if target is None:
            yield Unknown(_BRACKETS.sub("", name), key=without_path)
        elif not (without_path and read_only(target)):
            step = Step(operation.op, target, filter_, value, operation.has_value, place)
            yield from _in_extension(step, find)


def read_only(target: Target) -> bool:
    """Whether clients may not change what the target names."""
    attribute = target.attribute
    return attribute is not None and "readOnly" in {attribute.mutability, target.leaf.mutability}


def _named(operation: Operation) -> JsonObject:
    """What the operation names, each with the value it has for it."""
    if operation.path is not None:
        if operation.op != "remove" and not operation.has_value:
            raise InvalidValue("The operation needs a value; null unassigns an attribute.")
        return {operation.path: operation.value}
    if operation.op == "remove":
        raise NoTarget("A remove needs a path: it removes what the path names.")
    if not isinstance(operation.value, dict):
        raise InvalidValue("Without a path, the value of an operation must be an object of attributes.")
    refuse_twins(operation.value, "")
    return operation.value


def _locate(path: str, find: Find, read: ReadPath) -> tuple[Target | None, Filter | None]:
    target = find(path)
    if target is not None:
        return target, None
    parsed = read(path)
    target = find(parsed.path)
    if target is None or parsed.filter is None:
        return target, None
    attribute = target.attribute
    if attribute is None or target.sub is not None or not (attribute.multi_valued or attribute.type == "complex"):
        raise NoElements(f"{target} has no elements that a filter in brackets could select.")
    if parsed.sub is None:
        return target, parsed.filter
    sub = attribute.sub(parsed.sub)
    return (Target(target.extension, attribute, sub), parsed.filter) if sub else (None, None)


def _in_extension(step: Step, find: Find) -> Iterator[Step | Unknown]:
    """The step itself, or those that an extension's object is made of."""
    urn = step.target.extension
    if step.target.attribute is not None or urn is None or step.op == "remove":
        yield step
        return
    if step.value is None:
        yield replace(step, op="remove", has_value=False)
        return
    if not isinstance(step.value, dict):
        raise InvalidValue(f"{urn} must be an object.")
    refuse_twins(step.value, f"{urn}:")
    for name, value in step.value.items():
        target = find(f"{urn}:{name}")
        if target is None:
            yield Unknown(f"{urn}:{name}", key=True)
        elif not read_only(target):
            yield replace(step, target=target, value=value)
