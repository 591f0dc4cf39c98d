"""Nobody can tell an unknown provider or client from a wrong secret: not by the answer, and not by its time."""

import statistics
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import pytest

from scim.credentials import Token
from tests.attacks.service import Target, basic
from tests.attacks.test_ended import WAYS
from tests.client import Answer

type Attempt = Callable[[], Awaitable[Answer]]

CLOSE = 1.5
"""How many times as long the one may take as the other, in medians of one run: a call to the store, a signature or a
password that only one of them has would be several times as much."""


@dataclass(frozen=True, slots=True)
class Pair:
    """Two attempts that must look alike, and how often to make them."""

    unknown: Attempt
    wrong: Attempt
    times: int = 300


def wrong_secret(token: Token) -> Token:
    """Another secret of the same key id, in the right form."""
    return Token.of(token.key_id)


async def of_tokens(target: Target) -> Pair:
    wrong, stranger = wrong_secret(await target.issue("token")).text, Token.new().text
    return Pair(lambda: target.knock(f"Bearer {stranger}", "nobody"), lambda: target.knock(f"Bearer {wrong}"))


async def of_warm_tokens(target: Target) -> Pair:
    token = await target.issue("token")
    assert (await target.knock(f"Bearer {token.text}")).status == 200
    wrong = wrong_secret(token).text
    return Pair(lambda: target.knock(f"Bearer {Token.new().text}", "nobody"), lambda: target.knock(f"Bearer {wrong}"))


async def of_secrets_that_share_a_beginning(target: Target) -> Pair:
    token = (await target.issue("token")).text
    near, far = token[:-8] + ("A" if token[-8] != "A" else "B"), Token.new().text[:-8] + "A"
    return Pair(lambda: target.knock(f"Bearer {far}"), lambda: target.knock(f"Bearer {near}"))


async def of_passwords(target: Target) -> Pair:
    token = await target.issue("basic")
    stranger, wrong = basic(Token.new().key_id, "x"), basic(token.key_id, "x")
    return Pair(lambda: target.knock(stranger, "nobody"), lambda: target.knock(wrong), 15)


async def of_access_tokens(target: Target) -> Pair:
    header, payload, signature = (await target.access()).split(".")
    wrong = f"Bearer {header}.{payload}.{'A' * len(signature)}"
    return Pair(lambda: target.knock(wrong, "nobody"), lambda: target.knock(wrong))


async def of_right_access_tokens_elsewhere(target: Target) -> Pair:
    right = f"Bearer {await target.access('fabrikam')}"
    return Pair(lambda: target.knock(right, "nobody"), lambda: target.knock(right))


async def of_entra(target: Target) -> Pair:
    await target.trust("entra")
    assert (await target.knock(f"Bearer {target.entra.token()}")).status == 200
    wrong = f"Bearer {target.entra.token(header={'kid': 'key-1'}, signed_by="attacker's")}"
    return Pair(lambda: target.knock(wrong, "nobody"), lambda: target.knock(wrong))


async def of_clients(target: Target) -> Pair:
    token, stranger = await target.issue("client"), Token.new()
    path = "/scim/{}/oauth/token"
    return Pair(
        lambda: target.ask(path.format("nobody"), client_id=stranger.key_id, client_secret=stranger.text),
        lambda: target.ask(path.format("contoso"), client_id=token.key_id, client_secret=stranger.text),
    )


async def of_assertions(target: Target) -> Pair:
    await target.trust("federated")
    assert (await target.show(target.entra.token())).status == 200
    wrong = target.entra.token(header={"kid": "key-1"}, signed_by="attacker's")
    return Pair(
        lambda: target.show(wrong, "/scim/nobody/oauth/token"), lambda: target.show(wrong, "/scim/contoso/oauth/token")
    )


PAIRS: dict[str, Callable[[Target], Awaitable[Pair]]] = {
    "tokens": of_tokens,
    "tokens of a client at work": of_warm_tokens,
    "secrets that share a beginning": of_secrets_that_share_a_beginning,
    "passwords": of_passwords,
    "access tokens": of_access_tokens,
    "access tokens of another provider": of_right_access_tokens_elsewhere,
    "Entra's tokens": of_entra,
    "clients": of_clients,
    "assertions": of_assertions,
}


@pytest.mark.parametrize("what", PAIRS)
async def test_the_unknown_and_the_wrong_look_alike(target: Target, what: str) -> None:
    pair = await PAIRS[what](target)
    unknown, wrong = await pair.unknown(), await pair.wrong()
    assert unknown.status == wrong.status == 401
    assert unknown.content == wrong.content
    assert without_id(unknown) == without_id(wrong)


@pytest.mark.parametrize("what", PAIRS)
async def test_the_unknown_and_the_wrong_take_as_long(target: Target, what: str) -> None:
    pair = await PAIRS[what](target)
    ratios = []
    for _ in range(3):  # a machine that is busy with others may spoil one
        taken: dict[bool, list[float]] = {True: [], False: []}
        for number in range(pair.times * 2):
            begun = time.perf_counter()
            await (pair.unknown if number % 2 else pair.wrong)()
            taken[bool(number % 2)].append(time.perf_counter() - begun)
        ratios.append(statistics.median(taken[True]) / statistics.median(taken[False]))
        if 1 / CLOSE < ratios[-1] < CLOSE:
            return
    raise AssertionError(ratios)


@pytest.mark.parametrize("way", WAYS)
async def test_right_credentials_at_an_unknown_provider(target: Target, way: str) -> None:
    header, _ = await WAYS[way](target)
    assert await target.knock(header, "nobody") == await target.knock("Bearer nothing")
    assert await target.knock(header, "fabrikam") == await target.knock("Bearer nothing")


def without_id(answer: Answer) -> dict[str, str]:
    return {name: value for name, value in answer.headers.items() if name != "X-Request-Id"}
