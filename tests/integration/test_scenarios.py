"""Every case once over HTTP: Microsoft's runtime, the host's own rules, Azurite's tables."""

import asyncio

import pytest

from tests.conformance.cases import Scenario, scenarios
from tests.conformance.playing import play
from tests.integration.conftest import Connect

SIDE_BY_SIDE = 8
"""Scenarios played at once, each with a provider of its own."""

PLAYED = [scenario for scenario in scenarios() if not scenario.settings]


@pytest.mark.parametrize("suite", sorted({scenario.suite for scenario in PLAYED}))
async def test_every_request_is_answered_as_expected(suite: str, connect: Connect) -> None:
    turns = asyncio.Semaphore(SIDE_BY_SIDE)

    async def take_turn(scenario: Scenario) -> None:
        async with turns:
            await play(await connect(scenario.profiles[0], **scenario.switches), scenario)

    ended = await asyncio.gather(*map(take_turn, (s for s in PLAYED if s.suite == suite)), return_exceptions=True)
    if failed := [error for error in ended if isinstance(error, Exception)]:
        raise ExceptionGroup(f"{len(failed)} scenarios of {suite}", failed)
