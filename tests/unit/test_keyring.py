"""The keyring: several credentials at once, rotated, expired, revoked, and seen in use."""

import asyncio
import time
from dataclasses import replace

import pytest

from scim.credentials import Credential, Kind, Token, Trust, at, is_password
from scim.keyring import CredentialError, Keyring
from scim.provider import Provider
from scim.storage.memory import MemoryTables
from scim.storage.rows import Rows, Unreachable
from tests.budgets.counting import CountingTables
from tests.clock import DAY, MINUTE, Clock

CONTOSO, FABRIKAM = Provider("contoso", "p1", "entra"), Provider("fabrikam", "p2", "entra")
TRUST = Trust("tenant", "audience", "application", "subject")


class House:
    """A keyring on tables that count, and another process's."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.tables = CountingTables(MemoryTables())
        self.keyring, self.elsewhere = (Keyring(self.tables, clock=self.clock) for _ in range(2))

    async def held(self, key_id: str) -> Credential:
        found = await self.keyring.get(key_id)
        assert found is not None
        return found

    async def opens(self, token: Token) -> bool:
        """Whether a token, or the secret of a client, is good."""
        found = await self.keyring.get(token.key_id)
        return found is not None and found.opened_by(token.digest, self.keyring.now) is not None


@pytest.fixture
async def house() -> House:
    made = House()
    await made.keyring.prepare()
    return made


# Rotating


async def test_several_tokens_of_a_provider_are_good_at_once(house: House) -> None:
    tokens = [await house.keyring.issue(CONTOSO) for _ in range(5)]
    await house.keyring.issue(FABRIKAM)
    assert [await house.opens(token) for token in tokens] == [True] * 5
    assert {each.key_id for each in await house.keyring.of("contoso")} == {token.key_id for token in tokens}


@pytest.mark.parametrize("overlap", [0, 1, 30])
async def test_a_rotated_token_stays_good_for_its_overlap_and_no_longer(house: House, overlap: float) -> None:
    old = await house.keyring.issue(CONTOSO, scope="read", user="ann")
    new = await house.keyring.rotate("contoso", old.key_id, overlap)
    assert await house.opens(old) == (overlap > 0)
    house.clock.pass_by(max(overlap * DAY - 1, 0))
    assert await house.opens(old) == (overlap > 0)
    house.clock.pass_by(1)
    assert not await house.opens(old)
    assert await house.opens(new)
    kept = await house.held(new.key_id)
    assert (kept.scope, kept.user, kept.kind, kept.ends) == ("read", "ann", "token", "")


async def test_rotating_makes_nothing_last_longer(house: House) -> None:
    old = await house.keyring.issue(CONTOSO)
    await house.keyring.expire("contoso", old.key_id, 2)
    new = await house.keyring.rotate("contoso", old.key_id, 30, days=90)
    assert (await house.held(old.key_id)).ends == at(house.clock() + 2 * DAY)
    assert (await house.held(new.key_id)).ends == at(house.clock() + 90 * DAY)


async def test_a_rotated_password_is_kept_by_its_slow_digest(house: House) -> None:
    old = await house.keyring.issue(CONTOSO, "basic")
    new = await house.keyring.rotate("contoso", old.key_id, 1)
    assert new.key_id != old.key_id
    for token in (old, new):
        (secret,) = (await house.held(token.key_id)).secrets
        assert is_password(token.text, secret.digest)


async def test_a_client_has_two_secrets_at_a_time_and_no_third(house: House) -> None:
    first = await house.keyring.issue(CONTOSO, "client")
    second = await house.keyring.rotate("contoso", first.key_id, 7)
    assert second.key_id == first.key_id
    assert await house.opens(first)
    assert await house.opens(second)
    with pytest.raises(CredentialError, match="two secrets already"):
        await house.keyring.rotate("contoso", first.key_id, 7)
    house.clock.pass_by(7 * DAY)
    third = await house.keyring.rotate("contoso", first.key_id, 7)
    assert [await house.opens(each) for each in (first, second, third)] == [False, True, True]


async def test_a_client_whose_secret_leaked_gets_a_new_one_in_place_of_all(house: House) -> None:
    first = await house.keyring.issue(CONTOSO, "client")
    second = await house.keyring.rotate("contoso", first.key_id, 7)
    third = await house.keyring.rotate("contoso", first.key_id, 0)
    assert [await house.opens(each) for each in (first, second, third)] == [False, False, True]
    assert len((await house.held(first.key_id)).secrets) == 1  # so that no token issued for the others is good


async def test_a_client_that_was_to_end_lives_on_by_its_new_secret_alone(house: House) -> None:
    first = await house.keyring.issue(CONTOSO, "client")
    await house.keyring.expire("contoso", first.key_id, 1)
    second = await house.keyring.rotate("contoso", first.key_id, 30)
    house.clock.pass_by(DAY)
    assert [await house.opens(first), await house.opens(second)] == [False, True]


@pytest.mark.parametrize("kind", ["token", "client"])
async def test_what_takes_the_place_of_one_that_ends_ends_as_long_after(house: House, kind: Kind) -> None:
    first = await house.keyring.issue(CONTOSO, kind, days=90)
    house.clock.pass_by(80 * DAY)
    second = await house.keyring.rotate("contoso", first.key_id, 7)
    house.clock.pass_by(89 * DAY)
    assert await house.opens(second)
    house.clock.pass_by(DAY)
    assert not await house.opens(second)


async def test_a_new_secret_has_the_mark_of_none_before_it(house: House) -> None:
    first = await house.keyring.issue(CONTOSO, "client")
    await house.keyring.rotate("contoso", first.key_id, 7)
    (_, revoked) = (await house.held(first.key_id)).secrets
    await house.keyring.revoke("contoso", first.key_id, revoked.id)
    await house.keyring.rotate("contoso", first.key_id, 7)
    assert revoked.mark not in {each.mark for each in (await house.held(first.key_id)).secrets}


async def test_one_of_a_clients_secrets_is_revoked(house: House) -> None:
    first = await house.keyring.issue(CONTOSO, "client")
    second = await house.keyring.rotate("contoso", first.key_id, 7)
    with pytest.raises(CredentialError, match="has no secret '3'"):
        await house.keyring.revoke("contoso", first.key_id, "3")
    await house.keyring.revoke("contoso", first.key_id, "1")
    assert [await house.opens(first), await house.opens(second)] == [False, True]


async def test_what_trusts_entra_has_no_secret_to_rotate(house: House) -> None:
    made = await house.keyring.trust(CONTOSO, TRUST, "federated")
    with pytest.raises(CredentialError, match="no secret of its own"):
        await house.keyring.rotate("contoso", made.key_id, 1)


async def test_a_trust_is_there_once_and_again_after_its_provider_was_made_anew(house: House) -> None:
    first = await house.keyring.trust(CONTOSO, TRUST, "entra")
    with pytest.raises(CredentialError, match="already"):
        await house.keyring.trust(CONTOSO, replace(TRUST, tenant="other"), "entra")
    anew = await house.keyring.trust(replace(CONTOSO, table="p9"), TRUST, "entra")
    assert anew.key_id == first.key_id
    assert (await house.held(anew.key_id)).table == "p9"


async def test_nobody_touches_the_credentials_of_another_provider(house: House) -> None:
    token = await house.keyring.issue(CONTOSO)
    for doing in (
        house.keyring.rotate("fabrikam", token.key_id, 1),
        house.keyring.expire("fabrikam", token.key_id, 1),
        house.keyring.revoke("fabrikam", token.key_id),
        house.keyring.revoke("contoso", "a/b"),
        house.keyring.revoke("contoso", "é"),
    ):
        with pytest.raises(CredentialError, match="no credential"):
            await doing
    assert await house.opens(token)


@pytest.mark.parametrize("kind", ["token", "client"])
async def test_of_two_who_rotate_at_once_one_is_told_to_try_again(house: House, kind: str) -> None:
    token = await house.keyring.issue(CONTOSO, kind)  # type: ignore[arg-type] # one of the kinds
    told = await asyncio.gather(
        house.keyring.rotate("contoso", token.key_id, 0),
        house.elsewhere.rotate("contoso", token.key_id, 0),
        return_exceptions=True,
    )
    assert sorted(type(each).__name__ for each in told) == ["CredentialError", "Token"]


# Expiring and revoking


async def test_a_credential_expires_when_it_was_told_to(house: House) -> None:
    token = await house.keyring.issue(CONTOSO, days=10)
    await house.keyring.expire("contoso", token.key_id, 1)
    house.clock.pass_by(DAY - 1)
    assert await house.opens(token)
    house.clock.pass_by(1)
    assert not await house.opens(token)


async def test_a_credential_that_is_to_end_now_does(house: House) -> None:
    token = await house.keyring.issue(CONTOSO)
    await house.keyring.expire("contoso", token.key_id, 0)
    assert not await house.opens(token)


async def test_a_revoked_credential_is_cached_no_more_here_and_for_a_while_elsewhere(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = await house.keyring.issue(CONTOSO)
    held = await house.held(token.key_id)
    for keyring in (house.keyring, house.elsewhere):
        keyring.remember(held, time.monotonic())
        assert keyring.cached(token.key_id) == held
    await house.keyring.revoke("contoso", token.key_id)
    assert house.keyring.cached(token.key_id) is None
    assert house.elsewhere.cached(token.key_id) == held
    later = time.monotonic() + 60
    monkeypatch.setattr(time, "monotonic", lambda: later)
    assert house.elsewhere.cached(token.key_id) is None


async def test_what_was_read_before_it_was_revoked_is_not_remembered_after(house: House) -> None:
    token = await house.keyring.issue(CONTOSO)
    asked_at, held = time.monotonic(), await house.held(token.key_id)
    await house.keyring.revoke("contoso", token.key_id)
    house.keyring.remember(held, asked_at)
    assert house.keyring.cached(token.key_id) is None


async def test_what_took_long_to_prove_is_not_believed_longer_for_it(house: House) -> None:
    token = await house.keyring.issue(CONTOSO)
    house.keyring.remember(await house.held(token.key_id), time.monotonic() - 60)
    assert house.keyring.cached(token.key_id) is None


async def test_revoking_what_somebody_else_revoked_is_no_trouble(house: House) -> None:
    token = await house.keyring.issue(CONTOSO)
    done = await asyncio.gather(
        *(each.revoke("contoso", token.key_id) for each in (house.keyring, house.elsewhere)), return_exceptions=True
    )
    assert all(each is None or isinstance(each, CredentialError) for each in done)
    assert not await house.opens(token)


# In use


async def note(keyring: Keyring, credential: Credential, address: str) -> None:
    keyring.note_use(credential, address)
    await keyring.close()


async def test_use_is_noted_with_time_and_address_once_a_minute_in_all_processes_together(house: House) -> None:
    token = await house.keyring.issue(CONTOSO)
    held = await house.held(token.key_id)
    house.tables.calls.reset()
    for second in range(0, 121, 10):
        await note((house.keyring, house.elsewhere)[second // 10 % 2], held, f"192.0.2.{second}")
        house.clock.pass_by(10)
    assert len(house.tables.calls.transactions) == 3
    noted = await house.held(token.key_id)
    assert (noted.used, noted.used_from) == (at(house.clock() - 10), "192.0.2.120")
    assert noted.unused == held


async def test_a_note_brings_no_revoked_credential_back(house: House) -> None:
    token = await house.keyring.issue(CONTOSO)
    held = await house.held(token.key_id)
    await house.keyring.revoke("contoso", token.key_id)
    await note(house.keyring, held, "")
    assert await house.keyring.get(token.key_id) is None


class _Stuck:
    """Rows of a store that does not answer until it is let, and then not either."""

    def __init__(self, rows: Rows, let: asyncio.Event) -> None:
        self._let = let
        self.range = rows.range
        self.transact = rows.transact

    async def get(self, _: str) -> None:
        await self._let.wait()
        raise Unreachable("see that it runs")


async def test_a_note_neither_delays_nor_fails_whom_it_is_about(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    token = await house.keyring.issue(CONTOSO)
    held, let = await house.held(token.key_id), asyncio.Event()
    monkeypatch.setattr(house.keyring, "_rows", _Stuck(house.tables.rows("credentials", "credential"), let))
    house.keyring.note_use(held, "192.0.2.1")
    (noting,) = house.keyring._notes  # noqa: SLF001 (nothing else shows it)
    let.set()
    await noting  # it raises nothing
    monkeypatch.undo()
    assert (await house.held(token.key_id)).used == ""
    house.clock.pass_by(MINUTE)
    await note(house.keyring, held, "192.0.2.1")
    assert (await house.held(token.key_id)).used == house.keyring.now
