"""Whoever guesses is slowed, and nobody else is: not even a client at the same address."""

import asyncio
import statistics
import time
import tracemalloc
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from scim.credentials import Token
from scim.failures import Failures
from tests.attacks.service import Target, basic
from tests.attacks.test_ended import WAYS

GUESSES = 10_000
AT_ONCE = 4
KEPT_BACK = 8
"""More of those who guess from one address: the answers to so many are kept back."""
SLOWER = 4.0 * (AT_ONCE + 1)
"""How many times as long a good request may take while guesses come: its turn among them, several times over."""
ADDRESS = "192.0.2.1"

type Guess = Callable[[int], str]
GUESSED: dict[str, Guess] = {
    "tokens": lambda _: f"Bearer {Token.new().text}",
    "no tokens": lambda number: f"Bearer {number}",
}


async def timed(target: Target, header: str) -> float:
    """How long a good request takes, in seconds."""
    begun = time.perf_counter()
    assert (await target.knock(header, x_forwarded_for=ADDRESS)).status == 200
    return time.perf_counter() - begun


@pytest.mark.parametrize("how", GUESSED)
@pytest.mark.parametrize("address", [ADDRESS, ""], ids=["the same address", "many addresses"])
async def test_ten_thousand_guesses_slow_no_good_client(target: Target, how: str, address: str) -> None:
    good = f"Bearer {target.good.token}"
    quiet = statistics.median([await timed(target, good) for _ in range(200)])
    source = {"x_forwarded_for": address} if address else {}
    statuses: Counter[int] = Counter()
    left = iter(range(GUESSES))

    async def guess() -> None:
        for number in left:
            statuses[(await target.knock(GUESSED[how](number), **source)).status] += 1
            await asyncio.sleep(0)

    guessing = asyncio.gather(*[guess() for _ in range(AT_ONCE + (KEPT_BACK if address else 0))])
    busy = []
    while not guessing.done():
        busy.append(await timed(target, good))
        await asyncio.sleep(0.001)
    await guessing
    assert statuses.total() == GUESSES
    assert set(statuses) == ({401, 429} if address else {401})
    assert len(busy) > 100
    assert statistics.median(busy) / quiet < SLOWER


async def test_guesses_are_answered_later_and_later(target: Target) -> None:
    taken = []
    for _ in range(14):
        begun = time.perf_counter()
        assert (await target.knock("Bearer nothing", x_forwarded_for=ADDRESS)).status == 401
        taken.append(time.perf_counter() - begun)
    assert min(taken[-2:]) > 10 * max(statistics.median(taken[:8]), 0.001)
    assert taken[-1] > taken[-3]
    begun = time.perf_counter()
    assert (await target.knock(f"Bearer {target.good.token}", x_forwarded_for=ADDRESS)).status == 200
    assert time.perf_counter() - begun < taken[-1]


def test_all_addresses_of_a_network_of_ipv6_are_one() -> None:
    failures, addresses = Failures(), [f"2001:db8:1:2::{number:x}" for number in range(1, 21)]
    assert [failures.failed("contoso", address) > 0 for address in addresses] == [False] * 10 + [True] * 10
    assert failures.failed("contoso", "2001:db8:1:3::1") == failures.failed("contoso", "192.0.2.1") == 0


@pytest.mark.parametrize("way", WAYS)
async def test_no_number_of_failures_locks_a_client_out(target: Target, way: str) -> None:
    header, key_id = await WAYS[way](target)
    assert (await target.knock(header)).status == 200
    wrong = {
        "token": f"Bearer {Token.of(key_id).text}",
        "basic": basic(key_id, "wrong"),
    }.get(way, header[:-8] + "AAAAAAAA")
    guesses = [asyncio.create_task(target.knock(wrong, x_forwarded_for=ADDRESS)) for _ in range(60)]
    await asyncio.sleep(0.05)
    assert (await target.knock(header, x_forwarded_for=ADDRESS)).status == 200
    for guess in guesses:
        guess.cancel()
    await asyncio.gather(*guesses, return_exceptions=True)
    assert (await target.knock(header, x_forwarded_for=ADDRESS)).status == 200


async def test_guesses_of_user_names_keep_no_password_waiting(target: Target) -> None:
    token = await target.issue("basic")
    guesses = [asyncio.create_task(target.knock(basic(Token.new().key_id, "x"))) for _ in range(60)]
    await asyncio.sleep(0)
    assert (await target.knock(basic(token.key_id, token.text))).status == 200
    assert not all(guess.done() for guess in guesses)
    assert {answer.status for answer in await asyncio.gather(*guesses)} == {401, 429}


async def test_guesses_of_one_password_turn_nobody_else_away(target: Target) -> None:
    attacked, good = await target.issue("basic", "fabrikam"), await target.issue("basic")
    guesses = [asyncio.create_task(target.knock(basic(attacked.key_id, str(i)), "fabrikam")) for i in range(60)]
    await asyncio.sleep(0)
    assert (await target.knock(basic(good.key_id, good.text))).status == 200
    assert {answer.status for answer in await asyncio.gather(*guesses)} == {401, 429}


async def test_guesses_fill_no_memory(target: Target) -> None:
    await target.trust("entra")
    await target.knock(f"Bearer {target.good.token}")
    parts = [target.app.providers, target.app.providers.keyring, target.app.authenticator, target.app.endpoints]
    before = size(parts)
    for number in range(300):
        entra = target.entra.token(target.entra.claims(f"tenant-{number}"), {"kid": f"kid-{number}"}, "attacker's")
        provider = f"provider-{number}"
        await target.knock(f"Bearer {Token.new().text}", provider)
        await target.knock(f"Bearer {entra}", provider)
        await target.ask(f"/scim/{provider}/oauth/token", client_id=Token.new().key_id, client_secret="x")
        await target.show(entra, f"/scim/{provider}/oauth/token")
    counted = 4 * 300  # addresses and providers whose failures are remembered
    assert size(parts) - before <= counted + 10


def test_failures_fill_no_memory() -> None:
    failures = Failures()
    tracemalloc.start()
    try:
        for number in range(30_000):
            failures.failed(f"{number}" + "x" * 4_000, str(number))
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert most < 10_000_000
    assert size(failures) <= 10_000


def size(whole: Any, seen: set[int] | None = None) -> int:  # noqa: ANN401 (any object of the service)
    """How many entries the dictionaries, lists and sets of objects of the service have, all together."""
    seen = set() if seen is None else seen
    if id(whole) in seen:
        return 0
    seen.add(id(whole))
    if isinstance(whole, dict):
        return len(whole) + sum(size(value, seen) for value in whole.values())
    if isinstance(whole, list | set | tuple):
        return len(whole) + sum(size(value, seen) for value in whole)
    if type(whole).__module__.startswith("scim.") and "schema" not in type(whole).__module__:
        return sum(size(value, seen) for value in getattr(whole, "__dict__", {}).values())
    return 0
