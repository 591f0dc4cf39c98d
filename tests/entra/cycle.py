"""One provisioning cycle in Entra's order: probes, users, managers, groups, memberships."""

import random
from collections.abc import Mapping
from dataclasses import dataclass

from tests.entra import groups, users
from tests.entra.changes import STEPS, Touched
from tests.entra.failures import Quarantined, quarantine
from tests.entra.job import Job
from tests.entra.source import object_id
from tests.entra.wire import encoded

MOST_PROBES = 3
INITIAL, QUIET = "initial", "no change"


@dataclass(frozen=True, slots=True)
class Step:
    """What a cycle is for; a full one looks at every object, an incremental one at those touched."""

    name: str
    full: bool

    @property
    def quiet(self) -> bool:
        """Whether nothing changed before it, so that nothing may be written."""
        return self.name == QUIET


def plan(cycles: int, *, fresh: bool) -> list[Step]:
    """Lay out the cycles: the first, one without a change, all kinds of change in turn, one without a change."""
    opening = ([Step(INITIAL, full=True)] if fresh else []) + [Step(QUIET, full=True)]
    events = [Step(STEPS[number % len(STEPS)][0], full=False) for number in range(cycles)]
    if cycles <= len(opening):
        return opening[:cycles]
    return [*opening, *events[: cycles - len(opening) - 1], Step(QUIET, full=True)]


def change_source(job: Job, step: Step, rng: random.Random) -> Touched:
    """Let the events of a step happen; a full step touches everything."""
    touched = Touched(set(job.links.due_users), set(job.links.due_groups))
    for event in dict(STEPS).get(step.name, ()):
        event(job.directory, rng, touched)
    if step.full:
        touched.users |= {*job.directory.users, *job.links.users}
        touched.groups |= {*job.directory.groups, *job.links.groups}
    job.links.due_users.clear()
    job.links.due_groups.clear()
    return touched


async def run(job: Job, touched: Touched, rng: random.Random) -> None:
    """Provision what was touched; raises Quarantined when the job may not go on."""
    job.begin_cycle()
    await _probe(job, rng)
    width = job.options.concurrency
    ids = _in_order(touched.users, job.directory.users)
    lost = await job.each("users", ids, lambda each: users.provision(job, each), width)
    manager_failures = await job.each(
        "managers", list(job.managers), lambda each: users.assign_manager(job, each), width
    )
    lost_groups, member_failures = set[str](), set[str]()
    if job.options.groups:
        touched.groups |= job.links.due_groups
        job.links.due_groups.clear()
        group_ids = _in_order(touched.groups, job.directory.groups)
        lost_groups = await job.each("groups", group_ids, lambda each: groups.provision(job, each), width)
        member_failures = await groups.update_members(
            job, _in_order({*group_ids, *job.links.due_groups}, job.directory.groups), rng
        )
    job.links.due_users |= lost | manager_failures
    job.links.due_groups |= lost_groups | member_failures
    references = len(manager_failures) + len(member_failures)
    attempted = len(ids) + len(touched.groups)
    reason = quarantine(failures=len(lost) + len(lost_groups), references=references, attempted=attempted)
    if reason:
        raise Quarantined(reason)


async def _probe(job: Job, rng: random.Random) -> None:
    """Ask for objects that cannot exist, one to three times."""
    for _ in range(rng.randint(1, MOST_PROBES)):
        attribute = "externalId" if job.options.match == "externalId" else "userName"
        await job.wire.probe("/Users", f"filter={encoded(f'{attribute} eq "{object_id(rng)}"')}")
        if job.options.groups:
            condition = encoded(f'{job.options.match_groups} eq "{object_id(rng)}"')
            await job.wire.probe("/Groups", f"excludedAttributes=members&filter={condition}")


def _in_order(ids: set[str], known: Mapping[str, object]) -> list[str]:
    """Sort ids the way the source lists them, those it no longer has at the end."""
    return [each for each in known if each in ids] + sorted(ids.difference(known))
