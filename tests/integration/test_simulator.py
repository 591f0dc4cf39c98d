"""Whole provisioning jobs, as Microsoft Entra ID runs them, over HTTP."""

import asyncio

import pytest

from tests.entra import Options, Report, run
from tests.entra.cycle import QUIET
from tests.entra.options import Injected
from tests.integration.conftest import Connect, Remote

SIZE = {"users": 40, "groups": 8, "memberships": 120}


async def provisioned(client: Remote, dialect: str, **options: object) -> Report:
    """A run of eight cycles, in which every kind of change is made."""
    given = {**SIZE, "longest_wait": 0.2, **options}
    report = await run(Options(base_url=client.base_url, token=client.token, dialect=dialect, **given))  # type: ignore[arg-type] # any option
    print(f"seed {report.seed}")  # noqa: T201 (to run a failed one again)
    return report


def assert_green(report: Report) -> None:
    assert [*report.failures, *report.differences] == []
    assert report.quarantine is None
    assert report.ok
    quiet = [cycle for cycle in report.cycles if cycle.name == QUIET]
    assert quiet
    assert [cycle.writes for cycle in quiet] == [0] * len(quiet)


@pytest.mark.parametrize(
    ("dialect", "profile"), [("legacy", "entra"), ("flag", "entra"), ("validator", "entra"), ("rfc", "rfc")]
)
async def test_a_job_is_green_in_every_dialect(connect: Connect, dialect: str, profile: str) -> None:
    client = await connect(profile)
    replace_members = "set" if profile == "rfc" else "add"
    report = await provisioned(client, dialect, flag_in_url=dialect == "flag", replace_members=replace_members)
    assert_green(report)


@pytest.mark.parametrize("inject", [("429", "500", "timeout")])
async def test_a_job_is_green_though_answers_are_lost(client: Remote, inject: tuple[Injected, ...]) -> None:
    assert_green(await provisioned(client, "flag", inject=inject))


async def test_two_jobs_at_once_do_not_cross(connect: Connect) -> None:
    first, second = await connect(), await connect()
    small = {"users": 15, "groups": 3, "memberships": 20}
    for report in await asyncio.gather(
        provisioned(first, "legacy", **small, seed=7), provisioned(second, "flag", **small, seed=7)
    ):
        assert_green(report)
