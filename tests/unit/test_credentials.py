"""Credentials as values: their form, what opens them, and when they end."""

from dataclasses import replace

import pytest

from scim.credentials import (
    Credential,
    Secret,
    Token,
    Trust,
    ending,
    entra_id,
    federated_id,
    is_key_id,
    is_password,
    slow_digest,
    warned_days,
)
from scim.storage.rows import Row

NOW, LATER, LAST = "2026-05-01T00:00:00Z", "2026-06-01T00:00:00Z", "2026-07-01T00:00:00Z"
TRUST = Trust("t", "a", "app", "s")


def client(*secrets: Secret, expires: str = "") -> Credential:
    return Credential("0123456789ab", "client", "contoso", "p1", "write", NOW, secrets, expires=expires)


def test_a_token_says_whose_it_is_and_is_never_the_same() -> None:
    made = {Token.new().text for _ in range(100)}
    assert len(made) == 100
    for text in made:
        parsed = Token.parse(text)
        assert parsed is not None
        assert is_key_id(parsed.key_id)
        assert text.startswith(f"rollcall_{parsed.key_id}_")


@pytest.mark.parametrize("place", [0, 8, 12, 21, 30, 64, 66, 71])
def test_a_token_with_one_character_mistyped_is_none(place: int) -> None:
    text = Token.new().text
    assert Token.parse(text[:place] + ("x" if text[place] != "x" else "y") + text[place + 1 :]) is None


def test_neither_a_token_nor_a_secret_shows_itself() -> None:
    token = Token.new()
    assert token.text not in repr(token)
    assert token.digest not in repr(client(Secret("1", token.digest, NOW)))


def test_a_row_holds_all_of_a_credential() -> None:
    for whole in (
        client(Secret("1", "d", NOW, LATER), Secret("2", "e", LATER), expires=LAST),
        replace(client(), kind="federated", trust=TRUST, scope="read", user="u", used=NOW, used_from="192.0.2.1"),
    ):
        assert Credential.decode(Row(whole.key_id, "etag", whole.encode())) == whole


def test_only_a_live_secret_of_a_live_credential_opens_it() -> None:
    old, new = Secret("1", "d" * 64, NOW, LATER), Secret("2", "e" * 64, NOW)
    held = client(old, new)
    assert held.opened_by(old.digest, NOW) is old
    assert held.opened_by(new.digest, NOW) is new
    assert held.opened_by("f" * 64, NOW) is None
    assert held.opened_by(old.digest, LATER) is None
    assert held.opened_by(new.digest, LATER) is new
    assert ending(held, LATER).opened_by(new.digest, LATER) is None


@pytest.mark.parametrize(
    ("secrets", "expires", "ends"),
    [
        ((), "", ""),
        ((), LATER, LATER),
        (("",), "", ""),
        ((LATER,), "", LATER),
        ((LATER, ""), "", ""),
        ((LATER, LAST), "", LAST),
        ((LATER, LAST), LATER, LATER),
        ((LATER,), LAST, LATER),
    ],
)
def test_a_credential_ends_with_its_last_secret_or_before(secrets: tuple[str, ...], expires: str, ends: str) -> None:
    assert client(*(Secret("1", "d", NOW, each) for each in secrets), expires=expires).ends == ends


def test_an_end_is_only_ever_brought_nearer() -> None:
    assert ending(client(), LATER).expires == LATER
    assert ending(client(expires=LATER), LAST).expires == LATER
    assert ending(client(expires=LAST), LATER).expires == LATER


@pytest.mark.parametrize(
    ("now", "days"),
    [
        ("2026-05-01T23:59:59Z", 0),
        ("2026-05-02T00:00:00Z", 60),
        ("2026-06-10T23:59:59Z", 60),
        ("2026-06-11T00:00:00Z", 20),
        ("2026-06-25T23:59:59Z", 20),
        ("2026-06-26T00:00:00Z", 5),
        ("2026-07-02T00:00:00Z", 5),
    ],
)
def test_warnings_begin_60_20_and_5_days_before_the_end(now: str, days: int) -> None:
    assert warned_days(LAST, now) == days
    assert warned_days("", now) == 0


def test_a_password_is_known_by_a_slow_digest_with_a_salt_of_its_own() -> None:
    kept = slow_digest("correct horse")
    assert slow_digest("correct horse") != kept
    assert is_password("correct horse", kept)
    assert not is_password("Correct horse", kept)
    assert "horse" not in kept


def test_an_assertion_tells_its_client_by_provider_tenant_and_subject_alone() -> None:
    usual = federated_id("contoso", TRUST)
    assert is_key_id(usual)
    assert federated_id("contoso", replace(TRUST, audience="b", application="c")) == usual
    for other in (replace(TRUST, tenant="u"), replace(TRUST, subject="v")):
        assert federated_id("contoso", other) != usual
    assert federated_id("fabrikam", TRUST) != usual


def test_the_key_id_of_entras_tokens_is_no_other_credentials() -> None:
    assert not is_key_id(entra_id("contoso"))
