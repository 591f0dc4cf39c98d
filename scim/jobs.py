"""A bulk job: the operations of one request, what they are about, and which of them wait for which (RFC 7644 §3.7).

An operation refers to what another one creates by a bulkId, in its path or in its data. The bulkId of an operation
that creates nothing stands for the resource that the operation is about.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal
from urllib.parse import unquote, urlsplit

from scim import references
from scim.errors import InvalidPath, InvalidSyntax, InvalidValue, MethodNotAllowed, NotFound, ScimError, UriTooLong
from scim.messages import BulkOperation
from scim.ordering import turns
from scim.profiles import Profile
from scim.references import Cut, Resolve
from scim.schema import Json, ResourceType, Schemas

MAX_PATH = 4_096
"""Characters in the path of an operation, at most: as many as in the URL of a request."""

type Part = Literal["whole", "first", "later", "settle"]

_IN_CIRCLES: tuple[Part, ...] = ("first", "later", "settle")
_COLLECTION, _RESOURCE = ("POST",), ("PUT", "PATCH", "DELETE")


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation, as far as it can be understood by itself.

    Attributes:
        message: what the client sent.
        kind: the type of the resource that it is about; None where its path leads nowhere.
        named: the id in its path, or the bulkId that stands for one; empty where it creates a resource.
        problem: why it cannot be done, if that can be told already.
        mentioned: the bulkIds in its data.
    """

    message: BulkOperation
    kind: ResourceType | None
    named: str
    problem: ScimError | None
    mentioned: frozenset[str]

    @property
    def creates(self) -> bool:
        """Whether it is to create a resource."""
        return self.message.method == "POST"

    @property
    def of_path(self) -> str | None:
        """The bulkId in its path, if there is one."""
        return references.of_path(self.named)

    @property
    def resource_type(self) -> ResourceType:
        """The type of the resource; only where the path leads to one."""
        if self.kind is None:
            raise LookupError("this operation is about nothing")
        return self.kind


@dataclass(frozen=True, slots=True)
class Job:
    """The operations of one request.

    Attributes:
        operations: all of them, as they were sent.
        places: the place of each bulkId's operation.
        known: the ids that bulkIds of requests before this one stand for.
    """

    operations: Sequence[Operation]
    places: Mapping[str, int]
    known: Mapping[str, str] = field(default_factory=dict)

    def source(self, name: str) -> int | str:
        """Where a bulkId leads: to the place of the operation that creates a resource, or to an id.

        Raises:
            InvalidValue: it leads nowhere.
        """
        passed: set[str] = set()
        current: str | None = name
        while current is not None and current in self.places and current not in passed:
            passed.add(current)
            operation = self.operations[self.places[current]]
            if operation.creates:
                return self.places[current]
            current = operation.of_path
            if current is None and operation.named:
                return operation.named
        if current is not None and current not in passed and current in self.known:
            return self.known[current]
        raise InvalidValue(f"bulkId:{name[:200]} stands for nothing: no operation of the request creates it.")

    def creators(self, names: Iterable[str]) -> set[int]:
        """The places of the operations that create what some bulkIds stand for."""
        found: set[int] = set()
        for name in names:
            try:
                source = self.source(name)
            except InvalidValue:  # the operation that refers to it will fail
                continue
            if isinstance(source, int):
                found.add(source)
        return found

    def turns(self) -> list[tuple[int, ...]]:
        """The places of the operations, in the order in which they are to be done; circles together.

        An operation waits for those that create what it refers to, and for the one before it on the same resource.
        """
        waits: list[set[int]] = []
        last: dict[tuple[str, int | str], int] = {}
        for place, operation in enumerate(self.operations):
            waited = self.creators(operation.mentioned)
            waited |= self.creators([operation.of_path]) if operation.of_path is not None else set()
            if operation.kind is not None and operation.named:
                about = operation.kind.name, self._about(operation)
                waited |= {last[about]} if about in last else set()
                last[about] = place
            waits.append(waited)
        return turns(waits)

    def steps(self, profile: Profile) -> list["Step"]:
        """All that is to be done, in its order; a circle is created, completed, and then looked at as a whole."""
        steps: list[Step] = []
        for turn in self.turns():
            start = len(steps)
            if len(turn) == 1 and turn[0] not in self.creators(self.operations[turn[0]].mentioned):
                steps.append(Step(start, start, turn[0], "whole", self.operations[turn[0]].mentioned))
                continue
            firsts, circle = self._firsts(turn, profile), frozenset(turn)
            for part in _IN_CIRCLES:
                for place in turn if part == "settle" else firsts:
                    cut, names = firsts[place]
                    if part != "later" or cut.later:
                        needed = self.operations[place].mentioned if part == "later" else names
                        steps.append(Step(len(steps), start, place, part, needed, circle, cut))
        return steps

    def _firsts(self, circle: Sequence[int], profile: Profile) -> dict[int, tuple[Cut, frozenset[str]]]:
        """What is created first of each of several resources that refer to each other, and what that refers to.

        They are created in the order given here: as they were sent, but each after those without which it cannot be.
        """
        firsts: dict[int, tuple[Cut, frozenset[str]]] = {}
        pending = [*circle]

        def first(place: int) -> tuple[Cut, frozenset[str]]:
            operation = self.operations[place]
            missing = frozenset(name for name in operation.mentioned if self.creators([name]) & left)
            cut = references.cut(operation.resource_type, operation.message.data, profile, missing)
            return cut, operation.mentioned - missing

        while pending:
            left = {*pending}
            tried = ((place, first(place)) for place in pending)
            place, found = next(((place, found) for place, found in tried if found[0].whole), (pending[0], None))
            firsts[place] = found or first(place)
            pending.remove(place)
        return firsts

    def _about(self, operation: Operation) -> int | str:
        try:
            return operation.named if operation.of_path is None else self.source(operation.of_path)
        except InvalidValue:
            return operation.named


@dataclass(frozen=True, slots=True)
class Step:
    """What is done at one time for an operation: the whole of it, or a part of it, where it is in a circle.

    Attributes:
        number: its place among all steps.
        turn: the number of the first step of the same turn.
        place: the operation's place.
        names: the bulkIds in what is written.
        circle: the places of all operations in the circle, if it is in one.
        cut: what is to be created first and what later, in a circle.
    """

    number: int
    turn: int
    place: int
    part: Part
    names: frozenset[str]
    circle: frozenset[int] = frozenset()
    cut: Cut | None = None


def read(
    messages: Sequence[BulkOperation],
    schemas: Schemas,
    base_url: str,
    profile: Profile,
    known: Mapping[str, str] | None = None,
) -> Job:
    """The job that the operations of a bulk request make up.

    Args:
        messages: the operations.
        schemas: what resources there can be.
        base_url: the provider's Base URL, below which a path may be written as a whole URL.
        profile: how far names may be bent.
        known: the ids that bulkIds of requests before this one stand for.
    """
    operations = [_operation(message, schemas, base_url, profile) for message in messages]
    return Job(
        operations,
        {message.bulk_id: place for place, message in enumerate(messages) if message.bulk_id},
        {} if known is None else known,
    )


def with_ids(operation: Operation, profile: Profile, resolve: Resolve) -> Json:
    """An operation's data with ids in place of references; nothing where it deletes, for that needs none.

    Raises:
        ScimError: what ``resolve`` raises.
    """
    if operation.message.method == "DELETE":
        return None
    put = references.in_patch if operation.message.method == "PATCH" else references.in_body
    return put(operation.resource_type, operation.message.data, profile, resolve)


def _operation(message: BulkOperation, schemas: Schemas, base_url: str, profile: Profile) -> Operation:
    kind, named, problem = None, "", None
    try:
        kind, named = _located(message.path, schemas, base_url)
        _check(message, named)
    except ScimError as error:
        problem = error
    operation = Operation(message, kind, named, problem, frozenset())
    if problem is not None:
        return operation
    mentioned: dict[str, str] = {}
    with_ids(operation, profile, lambda name: mentioned.setdefault(name, name))
    return Operation(message, kind, named, None, frozenset(mentioned))


def _located(path: str, schemas: Schemas, base_url: str) -> tuple[ResourceType, str]:
    """The type of resource that a path leads to, and the id in it, if there is one."""
    if len(path) > MAX_PATH:
        raise UriTooLong(f"The path has {len(path)} characters; the limit is {MAX_PATH}.")
    below = path
    for base in (base_url, urlsplit(base_url).path):
        if path.lower().startswith(f"{base}/".lower()):
            below = path[len(base) :]
            break
    if "?" in below or "#" in below:
        raise InvalidPath("The path of a bulk operation has no query and no fragment; it is /Users or /Users/{id}.")
    match [unquote(segment) for segment in below.split("/") if segment]:
        case [name, *rest] if len(rest) <= 1 and (kind := schemas.at(f"/{name}")):
            return kind, "".join(rest)
        case _:
            names = ", ".join(kind.endpoint for kind in schemas.types.values())
            raise NotFound(f"There are no resources at {path[:200]!a}; they are at {names}.")


def _check(message: BulkOperation, named: str) -> None:
    allowed = _RESOURCE if named else _COLLECTION
    if message.method not in allowed:
        raise MethodNotAllowed(message.method[:20], allowed)
    if message.data is None and message.method != "DELETE":
        raise InvalidSyntax(f"data is missing; it must be the body of the {message.method}.")
