"""Users: match, create, update, disable, delete, and managers in a second pass."""

from tests.entra.dialects.shared import MANAGER, Diff, patch
from tests.entra.failures import Failed
from tests.entra.job import Job
from tests.entra.mappings import MATCH_PATHS
from tests.entra.paths import JsonObject, Target, Values
from tests.entra.source import User
from tests.entra.wire import CREATED, NO_CONTENT, NOT_FOUND, OK, encoded

ONE_CHECK_IN = 10


async def provision(job: Job, user_id: str) -> None:
    """Bring one user of the target up to date with the source."""
    user, scim_id = job.directory.users.get(user_id), job.links.users.get(user_id)
    if user is None:
        if scim_id:
            await _delete(job, user_id, scim_id)
        return
    if scim_id is None:
        if not user.in_scope:
            return
        scim_id = await match(job, "/Users", *_key(job, user))
        if scim_id is None:
            await _create(job, user)
            return
        job.links.users[user_id] = scim_id
    await _update(job, user, scim_id)


async def assign_manager(job: Job, user_id: str) -> None:
    """Set, change or remove the manager of a user whose present manager was seen in this cycle."""
    user, scim_id = job.directory.users.get(user_id), job.links.users.get(user_id)
    held = job.managers.get(user_id)
    if user is None or scim_id is None or not user.in_scope:
        return
    wanted = job.links.users.get(user.manager) if user.manager else None
    if wanted == held:
        return
    turn = next(job.turns)
    job.writes.append(f"PATCH /Users/{scim_id}: the target held manager {held!r}, the source says {wanted!r}")
    body = patch([job.dialect.manager(held, wanted, turn)])
    await _patch(job, user_id, scim_id, body)
    job.managers[user_id] = wanted
    if wanted and turn % ONE_CHECK_IN == 0:
        await _check_reference(job, scim_id, wanted)


async def match(job: Job, endpoint: str, path: str, value: str) -> str | None:
    """Look an object up by its matching attribute; the id of the one that has it, or None."""
    excluded = "excludedAttributes=members&" if endpoint == "/Groups" else ""
    query = f"{excluded}filter={encoded(job.dialect.equals(path, value))}"
    answer = await job.wire.send("GET", endpoint, query=query)
    found = answer.resources
    if len(found) > 1:
        raise Failed("DuplicateTargetEntries", f"GET {endpoint}?{query} found {len(found)} resources")
    if answer.resource["totalResults"] != len(found):
        job.oddities.append(
            f"GET {endpoint}?{query}: totalResults {answer.resource['totalResults']} for {len(found)} resources"
        )
    if not found:
        return None
    held = Target.parse(path).read(found[0])
    if not isinstance(held, str) or held.casefold() != value.casefold():
        job.oddities.append(f"GET {endpoint}?{query} found a resource whose {path} is {held!r}")
    return identifier(found[0])


def identifier(resource: JsonObject) -> str:
    """Return a resource's id, which has to be a string."""
    scim_id = resource.get("id")
    if not isinstance(scim_id, str) or not scim_id:
        raise Failed("SystemForCrossDomainIdentityManagementServiceIncompatible", f"id is {scim_id!r}, not a string")
    return scim_id


def manager_of(resource: JsonObject) -> str | None:
    """Return the id of the manager a resource names."""
    manager = Target.parse(MANAGER).read(resource)
    value = manager.get("value") if isinstance(manager, dict) else manager
    return str(value) if value else None


def _key(job: Job, user: User) -> tuple[str, str]:
    path = MATCH_PATHS[job.options.match]
    value = job.mapping.exported(user).get(path)
    if not isinstance(value, str):
        raise Failed("MandatoryFieldsMissing", f"user {user.id} has no value for {path}")
    return path, value


async def _create(job: Job, user: User) -> None:
    turn = next(job.turns)
    manager = job.links.users.get(user.manager) if user.manager and turn % 3 == 0 else None
    roles = user.roles if job.mapping.assigns_roles else ()
    job.writes.append(f"POST /Users: user {user.id} was not found in the target")
    body = job.dialect.create_user(job.mapping.exported(user), roles, manager, turn)
    answer = await job.wire.send("POST", "/Users", body=body, accept=(CREATED,))
    job.links.users[user.id] = identifier(answer.resource)
    job.managers[user.id] = manager_of(answer.resource)


async def _update(job: Job, user: User, scim_id: str) -> None:
    answer = await job.wire.send("GET", f"/Users/{scim_id}", accept=(OK, NOT_FOUND))
    if answer.status == NOT_FOUND:
        _lost(job, user.id, scim_id)
    resource = answer.resource
    job.managers[user.id] = manager_of(resource)
    diff = Diff(job.mapping.held(resource), _wanted(job, user, resource))
    operations = job.dialect.modify_user(diff, next(job.turns)) if diff.changes else []
    old = role_values(resource)
    if job.mapping.assigns_roles and user.in_scope and sorted(old) != sorted(user.roles):
        operations.append(job.dialect.roles(old, user.roles))
    if operations:
        said = [f"{change.path} was {change.old!r}, should be {change.new!r}" for change in diff.changes]
        job.writes.append(
            f"PATCH /Users/{scim_id}: {'; '.join(said) or f'roles were {old}, should be {list(user.roles)}'}"
        )
        await _patch(job, user.id, scim_id, patch(operations))


def role_values(resource: JsonObject) -> list[str]:
    """Return the values of the roles a resource holds."""
    roles = resource.get("roles")
    return [str(role.get("value")) for role in roles if isinstance(role, dict)] if isinstance(roles, list) else []


def _wanted(job: Job, user: User, resource: JsonObject) -> Values:
    """Tell what the target should hold; of a user out of scope only `active` changes."""
    if user.in_scope:
        return job.mapping.exported(user)
    held = {path: value for path, value in job.mapping.held(resource).items() if isinstance(value, str | bool)}
    return {**held, "active": False}


async def _patch(job: Job, user_id: str, scim_id: str, body: JsonObject) -> None:
    accept = (OK, NO_CONTENT, NOT_FOUND)
    answer = await job.wire.send("PATCH", f"/Users/{scim_id}", body=body, accept=accept)
    if answer.status == NOT_FOUND:
        _lost(job, user_id, scim_id)


async def _delete(job: Job, user_id: str, scim_id: str) -> None:
    job.writes.append(f"DELETE /Users/{scim_id}: user {user_id} was purged")
    await job.wire.send("DELETE", f"/Users/{scim_id}", accept=(NO_CONTENT, NOT_FOUND))
    job.links.forget_user(user_id)


def _lost(job: Job, user_id: str, scim_id: str) -> None:
    job.links.forget_user(user_id)
    raise Failed("InvalidAnchor", f"/Users/{scim_id} is gone from the target")


async def _check_reference(job: Job, scim_id: str, manager: str) -> None:
    """Ask whether the user has this manager, as Entra does without fetching the user."""
    condition = job.dialect.reference_filter.format(id=scim_id, manager=manager)
    query = f"filter={encoded(condition)}&attributes=id"
    answer = await job.wire.send("GET", "/Users", query=query)
    if [each.get("id") for each in answer.resources] != [scim_id]:
        job.oddities.append(f"GET /Users?{query} did not find the user, whose manager was just set")
