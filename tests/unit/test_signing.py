"""The keys that sign: read, rolled, and known in every process before they are used."""

import asyncio
import json
import stat
import subprocess
import sys
from pathlib import Path

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from scim.errors import Unavailable
from scim.signing import KNOWN_AFTER, LEEWAY, LONGEST_LIFE, KeysError, Signing, SigningKey, read, rolled, signer, write
from tests.client import ORIGIN, lines_of_the_service
from tests.clock import DAY, HOUR, MINUTE, Clock

AUDIENCE = f"{ORIGIN}/scim/contoso/v2"


class Source:
    """The text of the keys, which may be away."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.text = write([SigningKey.new(clock())])
        self.away: Exception | None = None
        self.asked = 0
        self.let = asyncio.Event()
        self.let.set()

    async def __call__(self) -> str:
        self.asked += 1
        await self.let.wait()
        if self.away:
            raise self.away
        return self.text

    def roll(self) -> None:
        self.text = write(rolled(read(self.text), self.clock()))

    def process(self) -> Signing:
        """What one process knows of it."""
        return Signing(self, ORIGIN, self.clock)


@pytest.fixture
def source() -> Source:
    return Source(Clock())


async def signed(signing: Signing, minutes: int = 60) -> str:
    return await signing.sign({"client_id": "c"}, AUDIENCE, minutes * 60)


async def good(signing: Signing, token: str) -> bool:
    return await signing.claims(token, AUDIENCE) is not None


# Tokens


async def test_a_token_says_what_rfc_9068_asks(source: Source) -> None:
    token = await signed(source.process(), 90)
    header, claims = jwt.get_unverified_header(token), jwt.decode(token, options={"verify_signature": False})
    (key,) = read(source.text)
    assert header == {"alg": "ES256", "kid": key.kid, "typ": "at+jwt"}
    assert claims["exp"] - claims["iat"] == 90 * 60
    assert (claims["iss"], claims["aud"], claims["client_id"]) == (ORIGIN, AUDIENCE, "c")
    assert claims["jti"] != jwt.decode(await signed(source.process()), options={"verify_signature": False})["jti"]


async def test_a_token_is_good_from_now_to_its_end_give_or_take_half_a_minute(source: Source) -> None:
    signing = source.process()
    token = await signed(signing)
    for passed, right in ((-LEEWAY, True), (-LEEWAY - 1, False), (HOUR + LEEWAY - 1, True), (HOUR + LEEWAY, False)):
        source.clock.pass_by(passed)
        assert await good(signing, token) is right, passed
        source.clock.pass_by(-passed)


async def test_a_token_is_good_for_its_audience_and_from_its_issuer_alone(source: Source) -> None:
    signing = source.process()
    token = await signed(signing)
    for audience in ("", ORIGIN, f"{ORIGIN}/scim/fabrikam/v2", f"{AUDIENCE}/"):
        assert await signing.claims(token, audience) is None
    assert await Signing(source, "https://other.example", source.clock).claims(token, AUDIENCE) is None


async def test_a_token_by_another_key_or_of_another_type_is_not_ours(source: Source) -> None:
    signing, (ours,) = source.process(), read(source.text)
    told = jwt.decode(await signed(signing), options={"verify_signature": False})
    stranger = SigningKey.new(source.clock()).private
    header = {"kid": ours.kid, "typ": "at+jwt"}
    assert await good(signing, jwt.encode(told, ours.private, "ES256", header))
    for token in (
        jwt.encode(told, stranger, "ES256", header),
        jwt.encode(told, ours.private, "ES256", header | {"typ": "JWT"}),
        jwt.encode(told, ours.private, "ES256", {"typ": "at+jwt"}),
        jwt.encode({name: told[name] for name in told if name != "exp"}, ours.private, "ES256", header),
        jwt.encode(told | {"aud": [AUDIENCE]}, ours.private, "ES256", header),
        "a.b.c",
        "",
    ):
        assert not await good(signing, token)


# The text


def test_keys_are_written_and_read_and_named_by_their_thumbprint() -> None:
    keys = [SigningKey.new(1_700_000_000 + each) for each in range(3)]
    again = read("# kept by hand\n" + write(keys[::-1]))
    assert [(key.kid, key.created) for key in again] == [(key.kid, key.created) for key in keys]
    assert "PRIVATE" not in repr(again)
    for key in again:
        assert jwt.PyJWK(key.public).key_id == key.kid
        assert "d" not in key.public


def pem(key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey) -> str:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "no signing key"),
        ("secret", "no signing key"),
        (pem(ec.generate_private_key(ec.SECP256R1())), "no signing key"),
        ("Created: 2026-01-01T00:00:00Z\n" + pem(ec.generate_private_key(ec.SECP384R1())), "P-256"),
        ("Created: 2026-01-01T00:00:00Z\n" + pem(rsa.generate_private_key(65_537, 2_048)), "P-256"),
        ("Created: soon\n" + pem(ec.generate_private_key(ec.SECP256R1())), "'soon' cannot be read"),
        ("Created: x\n-----BEGIN PRIVATE KEY-----\nc2VjcmV0\n-----END PRIVATE KEY-----\n", "'x' cannot be read"),
    ],
)
def test_a_text_without_right_keys_is_refused_and_not_repeated(text: str, said: str) -> None:
    with pytest.raises(KeysError, match=said) as refused:
        read(text)
    assert "c2VjcmV0" not in str(refused.value)


# Rolling


async def test_rolling_refuses_no_live_token_in_any_of_two_processes(source: Source) -> None:
    """Eight hours, in which a key is rolled each two, and tokens of six hours are shown at both processes."""
    first, second = source.process(), source.process()
    live: list[tuple[float, str]] = []
    signers = set[str]()
    for minute in range(0, 480, 6):
        if minute % 120 == 60:
            source.roll()
        token = await signed((first, second)[minute // 6 % 2], 360)
        signers.add(jwt.get_unverified_header(token)["kid"])
        live = [(end, each) for end, each in live if end > source.clock()] + [(source.clock() + 360 * 60, token)]
        for _, each in live:
            assert await good(first, each)
            assert await good(second, each)
        source.clock.pass_by(6 * MINUTE)
    assert len(signers) == 5


async def test_a_new_key_signs_only_once_every_process_knows_it(source: Source) -> None:
    signing = source.process()
    (old,) = read(source.text)
    source.clock.pass_by(HOUR)
    source.roll()
    new = read(source.text)[1]
    source.clock.pass_by(KNOWN_AFTER - 1)
    assert jwt.get_unverified_header(await signed(signing))["kid"] == old.kid
    assert {each["kid"] for each in (await signing.jwks())["keys"]} == {old.kid, new.kid}
    source.clock.pass_by(1)
    assert jwt.get_unverified_header(await signed(signing))["kid"] == new.kid


def test_the_first_key_signs_at_once_and_goes_on_while_the_second_is_young() -> None:
    first = SigningKey.new(0)
    assert signer([first], 0) is first
    assert signer([first, SigningKey.new(10)], 20) is first


def test_a_key_is_retired_when_the_last_token_that_it_signed_has_expired() -> None:
    keys = (SigningKey.new(0), SigningKey.new(DAY))
    last = DAY + KNOWN_AFTER + LONGEST_LIFE + LEEWAY
    assert rolled(keys, last)[:-1] == keys
    assert rolled(keys, last + 1)[:-1] == keys[1:]


# The source


async def test_an_unknown_kid_asks_the_source_again_each_half_minute_at_most(source: Source) -> None:
    signing = source.process()
    await signed(signing)
    stranger = await signed(Source(source.clock).process())
    for _ in range(60):
        source.clock.pass_by(1)
        assert not await good(signing, stranger)
    assert source.asked == 2
    assert await good(signing, await signed(signing))


async def test_a_source_that_fails_leaves_the_keys_as_they_were(source: Source) -> None:
    signing = source.process()
    token = await signed(signing, 360)
    for trouble in (OSError("the vault is away"), KeysError("no key")):
        source.away = trouble
        source.clock.pass_by(HOUR)
        with lines_of_the_service() as lines:
            assert await good(signing, token)
        assert [line["message"] for line in lines] == ["the signing keys cannot be read"]
        assert "vault" not in json.dumps(lines)
    asked = source.asked
    assert await good(signing, token)
    assert source.asked == asked


async def test_without_any_key_it_says_so_and_does_not_ask_at_every_request(source: Source) -> None:
    signing, source.away = source.process(), OSError("away")
    for doing in (signed(signing), signing.jwks(), signed(signing)):
        with pytest.raises(Unavailable) as refused:
            await doing
        assert refused.value.headers["Retry-After"]
    assert await signing.claims("a.b.c", AUDIENCE) is None  # whoever signed it
    assert source.asked == 1
    source.away = None
    source.clock.pass_by(6)
    assert await good(signing, await signed(signing))


async def test_many_who_come_before_the_keys_are_read_wait_for_one_reading(source: Source) -> None:
    signing = source.process()
    source.let.clear()
    asking = [asyncio.create_task(signed(signing)) for _ in range(5)]
    await asyncio.sleep(0)
    source.let.set()
    assert [await good(signing, token) for token in await asyncio.gather(*asking)] == [True] * 5
    assert source.asked == 1


async def test_who_holds_known_keys_does_not_wait_while_they_are_read_anew(source: Source) -> None:
    signing = source.process()
    token = await signed(signing, 360)
    source.clock.pass_by(HOUR)
    source.let.clear()
    reading = asyncio.create_task(signing.jwks())
    await asyncio.sleep(0)
    async with asyncio.timeout(5):
        assert await good(signing, token)
    assert not reading.done()
    source.let.set()
    await reading


# The file


def test_the_file_of_keys_is_its_owners_alone_even_where_a_broken_off_one_lies(tmp_path: Path) -> None:
    place = tmp_path / "below" / "keys.pem"
    left = tmp_path / "below" / "keys.new"
    left.parent.mkdir()
    left.write_text("left over")
    left.chmod(0o666)
    code = "import os, pathlib, sys; from scim.vault import _write_file; os.umask(0)\n"
    code += "_write_file(pathlib.Path(sys.argv[1]), 'k')"
    subprocess.run([sys.executable, "-c", code, place], check=True)  # noqa: S603 (a umask of its own)
    assert place.read_text() == "k"
    assert stat.S_IMODE(place.stat().st_mode) == 0o600
    assert not left.exists()


async def test_a_token_of_a_key_that_may_be_new_is_not_called_wrong_while_the_keys_cannot_be_read(
    source: Source,
) -> None:
    behind = source.process()
    old = await signed(behind, 360)
    source.roll()
    source.clock.pass_by(KNOWN_AFTER + 1)
    new, source.away = await signed(source.process()), OSError("away")
    with pytest.raises(Unavailable) as refused:
        await behind.claims(new, AUDIENCE)
    assert refused.value.headers["Retry-After"]
    assert await good(behind, old)
    source.away = None
    source.clock.pass_by(31)
    assert await good(behind, new)
