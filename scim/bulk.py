"""Bulk: many operations in one request, which may refer to what others of them create (RFC 7644 §3.7).

Operations are done in the order in which they were sent, but each after those that it refers to. Resources that
refer to each other in a circle are created without the references that close it, and get these once all of them
exist; if one of them cannot be created, none stays.
"""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from http import HTTPStatus
from urllib.parse import quote

from scim import dialects, jobs, messages, references
from scim.changes import Origin
from scim.errors import Conflict, InvalidSyntax, ScimError, Unavailable
from scim.jobs import Job, Operation, Step
from scim.messages import BULK_REQUEST, BulkRequest
from scim.preconditions import UNCONDITIONAL, Condition
from scim.schema import Json, JsonObject
from scim.service import Service
from scim.storage import keys
from scim.storage.acts import Act, Written
from scim.storage.drafts import NOTHING, Draft, View
from scim.storage.rows import SettingsChanged

PATIENCE = 180.0
"""Seconds after which no operation is begun, so that the client still hears what came of the others."""


class _Ended(ScimError):
    """So many operations have failed that this one is not begun."""


async def perform(
    service: Service, body: Json, known: Mapping[str, str] | None = None, origins: Sequence[Origin] = ()
) -> JsonObject:
    """Do the operations of a bulk request; gives the BulkResponse.

    Args:
        service: what the client may do.
        body: the request.
        known: the ids that bulkIds of requests before this one stand for.
        origins: for each operation, what its change record says of who asked; none: what the service says.

    Raises:
        InvalidSyntax: the body is no BulkRequest.
        PayloadTooLarge: it has more operations than are allowed.
        SettingsChanged: the provider has other settings by now; nothing was done.
    """
    message = _message(service, body)
    schemas, base_url = service.representation.schemas, service.representation.base_url
    job = jobs.read(message.operations, schemas, base_url, service.profile, known)
    steps = job.steps(service.profile)
    doing = _Doing(service, job, message.fail_on_errors, origins)
    places, done = iter(steps), False
    async for outcome in service.write_each([doing.act(step) for step in steps]):
        if isinstance(outcome, SettingsChanged) and not done:
            raise outcome  # all of it may be done once more, by the settings that hold now
        done = done or isinstance(outcome, Written)
        doing.note(next(places), outcome)
    results = map(doing.result, range(len(job.operations)))
    return messages.bulk_response([result for result in results if result is not None])


def _message(service: Service, body: Json) -> BulkRequest:
    given, noted = dialects.message(BULK_REQUEST, body, service.profile)
    message = messages.bulk_request(given, service.settings.operations_max)
    if not message.operations and not service.profile.allow_empty_operations:
        raise InvalidSyntax("Operations is empty; it must hold at least one operation.")
    service.quirks.update(note.quirk for note in noted)
    if not message.operations:
        service.quirks.add("empty_operations")
    return message


@dataclass(slots=True)
class _Doing:
    """A job while it is done. A step may be decided more than once, and what the last time came to counts.

    Attributes:
        most_errors: the number of failed operations after which no other is begun, if there is one.
        origins: who asked for each operation, where that is not the same for all.
        until: the time after which no operation is begun.
        made: what operations came to, committed or not, by their places.
        errors: what stands against operations, by their places and the numbers of the steps.
    """

    service: Service
    job: Job
    most_errors: int | None
    origins: Sequence[Origin]
    until: float = field(default_factory=lambda: time.monotonic() + PATIENCE)
    made: dict[int, Written] = field(default_factory=dict)
    errors: dict[int, dict[int, ScimError]] = field(default_factory=dict)

    def act(self, step: Step) -> Act:
        """A step as something to be written."""
        operation = self.job.operations[step.place]
        deletes = step.part == "settle" or operation.message.method == "DELETE"
        begin = partial(self._attempt, step, begin=True) if deletes else None
        known = operation.problem is None and operation.kind is not None
        foreseen = self.service.directory.foreseen(operation.resource_type, operation.named) if known else NOTHING
        return Act(partial(self._attempt, step), begin, foreseen)

    def note(self, step: Step, outcome: Written | ScimError) -> None:
        """Take down what a step came to in the end."""
        if isinstance(outcome, ScimError):
            self._fail(step, outcome)
        elif step.part != "settle":
            self._forget(step)
            self.made[step.place] = outcome

    def result(self, place: int) -> JsonObject | None:
        """What the response says of an operation; nothing if it was not begun."""
        message, error = self.job.operations[place].message, self._error(place)
        if isinstance(error, _Ended):
            return None
        result: JsonObject = {"method": message.method[:20]}
        if message.bulk_id is not None:
            result["bulkId"] = message.bulk_id
        if location := self._location(place):
            result["location"] = location
        if error is not None:
            return {**result, "status": str(error.status.value), "response": messages.error(error)}
        if message.method != "DELETE":
            result["version"] = self.made[place].stored.version
        return {**result, "status": str(_status(self.job.operations[place]).value)}

    def _location(self, place: int) -> str | None:
        """The URL of the resource that an operation is about, as far as there is one."""
        operation = self.job.operations[place]
        if operation.kind is None:
            return None
        try:
            identifier = self._target(place)
        except ScimError:
            return None
        return self.service.representation.location(operation.kind, quote(identifier, safe="")) if identifier else None

    async def _attempt(self, step: Step, view: View, draft: Draft, *, begin: bool = False) -> Written:
        self._forget(step)
        try:
            self._check_end(step)
            act = await (self._settlement(step, view) if step.part == "settle" else self._act(step, view))
            if act is None:
                return self.made[step.place]
            written = await (act.begin if begin and act.begin else act.decide)(view, draft)
        except ScimError as error:
            self._fail(step, error)
            raise
        if step.part == "settle":
            self._fail(step, _broken())
        else:
            self.made[step.place] = written
        return written

    def _check_end(self, step: Step) -> None:
        if self.most_errors is not None:
            failed = sum(min(numbers) < step.turn for numbers in self.errors.values())
            if failed >= self.most_errors:
                raise _Ended("The operation was not begun.")
        if step.number == step.turn and time.monotonic() > self.until:
            raise Unavailable("The operations before this one took too long; send it again.", retry_after=1)

    def _service(self, step: Step) -> Service:
        service = replace(self.service, origin=self.origins[step.place]) if self.origins else self.service
        if not service.keep_ids:
            return service
        wanted = self.job.operations[step.place].message.bulk_id or ""
        return replace(service, wanted=wanted if keys.is_id(wanted) else "")

    async def _act(self, step: Step, view: View) -> Act:
        """The act that a step is, now that all it refers to exists."""
        service, operation = self._service(step), self.job.operations[step.place]
        if operation.problem is not None:
            raise operation.problem
        kind, message = operation.resource_type, operation.message
        if step.circle:
            return await self._part(step, view)
        ids = await self._ids(step, view)
        data = jobs.with_ids(operation, service.profile, ids.__getitem__)
        if operation.creates:
            return service.creation(kind, data)
        identifier = self._target(step.place, step.number)
        condition = UNCONDITIONAL if message.version is None else Condition.version(message.version)
        match message.method:
            case "PUT":
                return service.replacement(kind, identifier, data, condition)
            case "PATCH":
                return service.modification(kind, identifier, data, condition)
            case _:
                return service.deletion(kind, identifier, condition)

    async def _part(self, step: Step, view: View) -> Act:
        """What is done for one of several resources that refer to each other in a circle."""
        kind, cut = self.job.operations[step.place].resource_type, step.cut
        if cut is None or self._any_failed(step):
            raise _broken()
        if not cut.whole:
            raise Conflict("References go round in a circle here, and what is required cannot come later.")
        ids = await self._ids(step, view)
        profile = self.service.profile
        if step.part == "first":
            return self._service(step).creation(kind, references.in_body(kind, cut.body, profile, ids.__getitem__))
        data = references.in_patch(kind, list(cut.later), profile, ids.__getitem__)
        return self._service(step).modification(kind, self.made[step.place].stored.id, data)

    async def _settlement(self, step: Step, view: View) -> Act | None:
        """The end of a resource of a circle that could not be closed; nothing if it could."""
        if not self._any_failed(step):
            return None
        kind, made = self.job.operations[step.place].resource_type, self.made.get(step.place)
        if made is None or await view.get(keys.resource(kind.alias, made.stored.id)) is None:
            raise _broken()
        return self._service(step).deletion(kind, made.stored.id)

    async def _ids(self, step: Step, view: View) -> dict[str, str]:
        """The ids that the bulkIds in a step's data stand for.

        Raises:
            InvalidValue: one stands for nothing, or that in the operation's path.
            Conflict: what one stands for could not be created.
        """
        operation = self.job.operations[step.place]
        named = () if operation.of_path is None else (operation.of_path,)
        sources = {name: self.job.source(name) for name in (*sorted(step.names), *named)}
        ids = {name: self._id(name, step.number) for name in step.names}
        created = {
            name: keys.resource(self.job.operations[source].resource_type.alias, identifier)
            for name, identifier in ids.items()
            if isinstance(source := sources[name], int)
        }
        rows = dict(zip(dict.fromkeys(created.values()), await view.fetch(created.values()), strict=True))
        for name, key in created.items():
            if rows[key] is None:
                raise _failed(name)
        return ids

    def _id(self, name: str, before: int | None = None) -> str:
        source = self.job.source(name)
        if name in self.job.places and self._error(self.job.places[name], before) is not None:
            raise _failed(name)
        if isinstance(source, str):
            return source
        if self._error(source, before) is not None or source not in self.made:
            raise _failed(name)
        return self.made[source].stored.id

    def _target(self, place: int, before: int | None = None) -> str:
        """The id of the resource that an operation is about."""
        operation = self.job.operations[place]
        if operation.creates:
            if self._error(place) is not None:
                raise _broken()
            return self.made[place].stored.id
        return operation.named if operation.of_path is None else self._id(operation.of_path, before)

    def _fail(self, step: Step, error: ScimError) -> None:
        self.errors.setdefault(step.place, {})[step.number] = error

    def _forget(self, step: Step) -> None:
        """Take back what stood against a step when it was decided before."""
        found = self.errors.get(step.place, {})
        found.pop(step.number, None)
        if not found:
            self.errors.pop(step.place, None)

    def _error(self, place: int, before: int | None = None) -> ScimError | None:
        """The first error that stands against an operation, or the first before a step."""
        found = self.errors.get(place)
        number = min(found) if found else None
        return found[number] if found and number is not None and (before is None or number < before) else None

    def _any_failed(self, step: Step) -> bool:
        """Whether an operation of the step's circle failed before it."""
        return any(self._error(place, step.number) is not None for place in self.errors.keys() & step.circle)


def _status(operation: Operation) -> HTTPStatus:
    """The status of the same operation in a request of its own."""
    match operation.message.method:
        case "POST":
            return HTTPStatus.CREATED
        case "PATCH" if operation.resource_type.members is None:
            return HTTPStatus.OK
        case "PUT":
            return HTTPStatus.OK
        case _:
            return HTTPStatus.NO_CONTENT


def _failed(name: str) -> Conflict:
    return Conflict(f"bulkId:{name[:200]} stands for a resource whose own operation failed.")


def _broken() -> Conflict:
    return Conflict("The operation refers in a circle to others, and one of these failed; none of them was done.")
