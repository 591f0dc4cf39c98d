"""Providers visited in turn, whatever becomes of one of them."""

import asyncio

import pytest

from scim import rounds
from scim.provider import Provider
from scim.storage.rows import TableNotFound

PROVIDERS = [Provider(name, f"p{name}", "rfc") for name in "abcde"]


@pytest.mark.parametrize("at_once", [1, 2, 9])
async def test_each_has_its_turn_once_though_others_fail_or_are_gone(at_once: int) -> None:
    called, errors = list[str](), list[Exception]()

    async def call(provider: Provider) -> None:
        called.append(provider.name)
        await asyncio.sleep(0)
        if provider.name == "b":
            raise TableNotFound
        if provider.name == "c":
            raise ValueError("c")

    await rounds.visit(PROVIDERS, call, errors, 1, at_once, lambda: 0)
    assert sorted(called) == list("abcde")
    assert [str(error) for error in errors] == ["c"]


async def test_no_more_go_on_at_the_same_time_than_may() -> None:
    now, most = 0, 0

    async def call(_: Provider) -> None:
        nonlocal now, most
        now += 1
        most = max(most, now)
        await asyncio.sleep(0)
        now -= 1

    await rounds.visit(PROVIDERS, call, [], 1, 3, lambda: 0)
    assert most == 3


async def test_no_turn_begins_after_the_round_s_time() -> None:
    called = list[str]()

    async def call(provider: Provider) -> None:
        called.append(provider.name)

    await rounds.visit(PROVIDERS, call, [], 2, 1, lambda: len(called))
    assert called == ["a", "b"]
