"""Groups: match, create, rename, delete, and memberships once every object exists."""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tests.entra.dialects.shared import Diff, Operation, patch
from tests.entra.failures import Failed
from tests.entra.job import Job, pooled
from tests.entra.paths import Values
from tests.entra.source import Group
from tests.entra.users import identifier, match
from tests.entra.wire import CREATED, NO_CONTENT, NOT_FOUND, OK

LARGEST_LOT = 40
SHARE_IN_LOTS = 0.25
SHARE_IN_PARALLEL = 0.25
SHARE_AS_SET = 0.33
WORTH_A_BURST = 4


@dataclass(frozen=True, slots=True)
class Lot:
    """The members that one request adds or removes, as source object ids; `whole` replaces the set."""

    add: tuple[str, ...] = ()
    remove: tuple[str, ...] = ()
    whole: bool = False


def exported(group: Group) -> Values:
    """Return what this group should look like in the target, members aside."""
    return {"displayName": group.name, "externalId": group.id}


async def provision(job: Job, group_id: str) -> None:
    """Bring one group of the target up to date with the source, members aside."""
    group, scim_id = job.directory.groups.get(group_id), job.links.groups.get(group_id)
    if group is None:
        if scim_id:
            job.writes.append(f"DELETE /Groups/{scim_id}: group {group_id} was deleted")
            await job.wire.send("DELETE", f"/Groups/{scim_id}", accept=(NO_CONTENT, NOT_FOUND))
            job.links.forget_group(group_id)
        return
    if scim_id is None:
        path = job.options.match_groups
        scim_id = await match(job, "/Groups", path, str(exported(group)[path]))
        if scim_id is None:
            await _create(job, group)
            return
        job.links.link_group(group_id, scim_id)
    await _update(job, group, scim_id)


async def _create(job: Job, group: Group) -> None:
    job.writes.append(f"POST /Groups: group {group.id} was not found in the target")
    answer = await job.wire.send("POST", "/Groups", body=job.dialect.create_group(exported(group)), accept=(CREATED,))
    job.links.link_group(group.id, identifier(answer.resource))


async def _update(job: Job, group: Group, scim_id: str) -> None:
    answer = await job.wire.send(
        "GET", f"/Groups/{scim_id}", query="excludedAttributes=members", accept=(OK, NOT_FOUND)
    )
    if answer.status == NOT_FOUND:
        _lost(job, group.id, scim_id)
    resource, wanted = answer.resource, exported(group)
    if "members" in resource:
        job.oddities.append(f"GET /Groups/{scim_id}?excludedAttributes=members returned members")
    changes = Diff({path: resource[path] for path in wanted if resource.get(path) is not None}, wanted).changes
    if changes:
        said = [f"{change.path} was {change.old!r}, should be {change.new!r}" for change in changes]
        job.writes.append(f"PATCH /Groups/{scim_id}: {'; '.join(said)}")
        await _patch(job, group.id, job.dialect.modify_group(changes))


async def update_members(job: Job, group_ids: Sequence[str], rng: random.Random) -> set[str]:
    """Export every difference in membership: most groups one request after another, some in a burst."""
    plans = {group_id: lots for group_id in group_ids if (lots := list(_lots(job, group_id, rng)))}
    bursts = {g for g, lots in plans.items() if len(lots) >= WORTH_A_BURST and rng.random() < SHARE_IN_PARALLEL}

    lost = set[str]()
    total = sum(map(len, plans.values()))

    async def export(group_id: str, width: int = 1) -> None:
        lots = {str(number): lot for number, lot in enumerate(plans[group_id])}

        async def send(number: str) -> None:
            await _send(job, group_id, lots[number])

        if await job.each("memberships", lots, send, width, total):
            lost.add(group_id)

    await pooled([each for each in plans if each not in bursts], export, job.options.concurrency)
    for group_id in sorted(bursts):
        await export(group_id, job.options.parallel)
    return lost


def _lots(job: Job, group_id: str, rng: random.Random) -> Iterator[Lot]:
    """Cut the difference into requests: mostly one member each, some in lots, now and then the whole set."""
    if group_id not in job.directory.groups or group_id not in job.links.groups:
        return
    wanted = {each for each in job.directory.groups[group_id].members if job.links.scim_id(each)}
    known = job.links.members[group_id]
    add, remove = sorted(wanted - known), sorted(known - wanted)
    as_set = job.options.replace_members == "set" and job.dialect.replaces(0) and rng.random() < SHARE_AS_SET
    if as_set and wanted and (add or remove):
        yield Lot(tuple(sorted(wanted)), tuple(remove), whole=True)
        return
    rng.shuffle(add)
    size = LARGEST_LOT if rng.random() < SHARE_IN_LOTS else 1
    yield from (Lot(add=tuple(add[start : start + size])) for start in range(0, len(add), size))
    yield from (Lot(remove=tuple(remove[start : start + size])) for start in range(0, len(remove), size))


async def _send(job: Job, group_id: str, lot: Lot) -> None:
    ids = [scim_id for each in lot.add or lot.remove if (scim_id := job.links.scim_id(each))]
    if group_id not in job.links.groups or not ids:
        return
    turn = next(job.turns)
    if lot.whole:
        operations = job.dialect.set_members(ids)
    elif lot.add:
        operations = job.dialect.add_members(ids, turn)
    else:
        operations = job.dialect.remove_members(ids, turn)
    job.writes.append(f"PATCH /Groups/{job.links.groups[group_id]}: {len(ids)} members")
    await _patch(job, group_id, operations)
    job.links.members[group_id] |= set(lot.add)
    job.links.members[group_id] -= set(lot.remove)


async def _patch(job: Job, group_id: str, operations: list[Operation]) -> None:
    scim_id = job.links.groups[group_id]
    accept = (OK, NO_CONTENT, NOT_FOUND)
    answer = await job.wire.send("PATCH", f"/Groups/{scim_id}", body=patch(operations), accept=accept)
    if answer.status == NOT_FOUND:
        _lost(job, group_id, scim_id)


def _lost(job: Job, group_id: str, scim_id: str) -> None:
    if job.links.groups.get(group_id) == scim_id:
        job.links.forget_group(group_id)
        job.links.due_groups.add(group_id)
    raise Failed("InvalidAnchor", f"/Groups/{scim_id} is gone from the target")
