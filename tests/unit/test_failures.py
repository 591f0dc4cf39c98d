"""Failures: the more of them from one place, the longer each answer takes; never beyond a bound, never for others."""

import asyncio

import pytest

from scim.errors import TooManyRequests
from scim.failures import FREE, Failures
from tests.clock import HOUR, Clock


def test_the_first_failures_are_answered_at_once_and_later_ones_later_and_later() -> None:
    failures = Failures(Clock())
    assert [failures.failed("contoso", "a") for _ in range(FREE)] == [0] * FREE
    waits = [failures.failed("contoso", "a") for _ in range(20)]
    assert waits == sorted(waits)
    assert 0 < waits[0] < waits[-1] == 2


def test_failures_count_for_one_address_at_one_provider() -> None:
    failures = Failures(Clock())
    for _ in range(FREE + 5):
        failures.failed("contoso", "a")
    assert failures.failed("contoso", "b") == 0
    assert failures.failed("fabrikam", "a") == 0
    assert failures.failed("contoso", "a") > 0


def test_failures_are_forgiven_in_time() -> None:
    clock = Clock()
    failures = Failures(clock)
    for _ in range(FREE + 5):
        failures.failed("contoso", "a")
    clock.pass_by(HOUR)
    assert failures.failed("contoso", "a") == 0


def test_no_more_than_so_many_places_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("scim.failures._MAX_KNOWN", 100)
    clock = Clock()
    failures = Failures(clock)
    for number in range(350):
        failures.failed("contoso", f"a{number}")
        assert len(failures._counts) <= 100  # noqa: SLF001 (what is remembered shows nowhere else)


async def test_few_answers_are_kept_back_at_a_time_and_more_are_429(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("scim.failures._KEPT_BACK", 2)
    failures = Failures(Clock())
    for _ in range(FREE):
        await failures.slow("contoso", "a")
    kept = [asyncio.create_task(failures.slow("contoso", "a")) for _ in range(2)]
    await asyncio.sleep(0)
    with pytest.raises(TooManyRequests) as refused:
        await failures.slow("contoso", "a")
    assert refused.value.headers["Retry-After"]
    await asyncio.gather(*kept)
    await failures.slow("contoso", "a")
