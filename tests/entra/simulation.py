"""A whole run: source, cycles, verification, report."""

import json
import random
import secrets

import httpx

from tests.entra import cycle
from tests.entra.dialects import DIALECTS
from tests.entra.failures import Failed, Quarantined
from tests.entra.job import Job, Watch
from tests.entra.mappings import mapping
from tests.entra.options import Options
from tests.entra.oracle import Oracle
from tests.entra.report import Cycle, Report
from tests.entra.source import generate
from tests.entra.state import State, load
from tests.entra.tally import Tally
from tests.entra.wire import Wire, connect


async def run(
    options: Options, *, transport: httpx.AsyncBaseTransport | None = None, watch: Watch | None = None
) -> Report:
    """Provision a made-up directory and check the target after every cycle.

    Args:
        options: What to provision, where, and how.
        transport: Another way to the target than the network.
        watch: Told the phase, how many objects it has done more, and how many there are.

    Raises:
        Unreachable: Nothing answers at the base URL.
        ValueError: The state file is not one, or belongs to another target.
    """
    state = _begun(options)
    async with connect(options, transport) as client:
        wire = Wire(options, client, random.Random(f"{state.seed}:wire"))
        job = _job(options, state, wire, watch or _unwatched)
        report = Report(state.seed, options.dialect, warnings=wire.warnings)
        oracle = Oracle(job)
        try:
            await _cycles(job, state, oracle, report)
        except Quarantined as quarantined:
            report.quarantine = str(quarantined)
            report.statuses.update(wire.tally.statuses)
    if options.json:
        options.json.write_text(json.dumps(report.as_json(), indent=1, ensure_ascii=False), encoding="utf-8")
    return report


def _begun(options: Options) -> State:
    """Take an earlier run up, or make a new source."""
    if options.state and options.state.exists():
        return load(options.state, options.base_url)
    seed = secrets.randbelow(1_000_000) if options.seed is None else options.seed
    sizes = {"users": options.users, "groups": options.groups, "memberships": options.memberships}
    return State(seed, options.base_url, generate(random.Random(f"{seed}"), **sizes))


def _job(options: Options, state: State, wire: Wire, watch: Watch) -> Job:
    base_url = options.base_url.partition("?")[0].rstrip("/")
    dialect = DIALECTS[options.dialect](base_url, options.replace_members)
    table = mapping(options.mapping or dialect.mapping, options.match)
    return Job(options, wire, dialect, table, state.directory, state.links, watch)


async def _cycles(job: Job, state: State, oracle: Oracle, report: Report) -> None:
    await _survey(job, oracle, report)
    for step in cycle.plan(job.options.cycles, fresh=state.cycle == 0):
        state.cycle += 1
        rng = random.Random(f"{state.seed}:{state.cycle}")
        job.wire.tally = Tally()
        await cycle.run(job, cycle.change_source(job, step, rng), rng)
        done = Cycle.of(state.cycle, step.name, job.wire.tally, job, list(job.oddities))
        if step.quiet and job.writes:
            done.differences.append(
                f"nothing had changed, yet {done.writes} writing requests were needed: {job.writes[0]}"
            )
            done.differences.extend(job.writes[1:])
        report.statuses.update(job.wire.tally.statuses)
        report.cycles.append(done)
        job.wire.tally = Tally()
        done.differences.extend(await oracle.verify())
        report.verification.update(job.wire.tally.statuses)
        if job.options.state:
            state.save(job.options.state)


async def _survey(job: Job, oracle: Oracle, report: Report) -> None:
    """See what is there already; a target that cannot list its resources is not worth a cycle."""
    try:
        await oracle.survey()
    except Failed as failure:
        raise Quarantined(f"EncounteredQuarantineException: {failure.sentence}") from failure
    report.verification.update(job.wire.tally.statuses)
    job.wire.tally = Tally()


def _unwatched(phase: str, done: int, total: int) -> None:
    del phase, done, total
