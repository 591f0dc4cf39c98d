"""Provisioning providers and their tokens, as the operator's commands use them."""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from typing import Literal

import pytest

from scim.credentials import Token
from scim.errors import Unavailable
from scim.keyring import CredentialError
from scim.provider import Provider
from scim.providers import ProviderError, Providers
from scim.schema import Schemas
from scim.storage.memory import MemoryTables
from scim.storage.rows import Create, Delete, Refused, Row, Rows, Unsettled, Write
from tests.client import GROUP, new_client


@pytest.fixture
async def providers() -> Providers:
    made = Providers(MemoryTables(), Schemas.load(), cache_seconds=0)
    await made.prepare()
    return made


async def test_a_new_provider_has_a_table_of_its_own_a_key_and_an_empty_directory(providers: Providers) -> None:
    first = await providers.create("contoso", "entra", {"replace_members": "set"})
    second = await providers.create("fabrikam-2", "rfc", {})
    assert [await providers.get(each.name) for each in (first, second)] == [first, second]
    assert await providers.all() == [first, second]
    assert re.fullmatch("p[0-9a-f]{32}", first.table)
    assert first.table != second.table
    assert len(first.cursor_key) == 32
    assert first.cursor_key != second.cursor_key
    assert (first.profile.replace_members, first.profile.create_unmatched) == ("set", True)
    assert (first.enabled, first.retention_days, first.profile_name) == (True, 90, "entra")
    for kind in providers.schemas(first).types.values():
        assert await providers.directory(first).total(kind) == 0


def test_a_provider_comes_back_from_its_row_as_it_was() -> None:
    switches = {"create_unmatched": "on"}
    provider = Provider("contoso", "p1", "rfc", switches, False, b"\x00\xff", 7, "2026-01-01T00:00:00Z")
    assert Provider.decode(Row("contoso", "", provider.encode())) == provider
    assert "\\xff" not in repr(provider)


@pytest.mark.parametrize("name", ["a", "0", "a-b", "x" * 63, "contoso", "123"])
async def test_names_fit_for_a_url(providers: Providers, name: str) -> None:
    assert (await providers.create(name, "rfc", {})).name == name


@pytest.mark.parametrize("name", ["", "A", "a_b", "-a", "a-", "a b", "é", "x" * 64, "a/b", "a.b", "a\n"])
async def test_other_names_are_refused_with_what_fits(providers: Providers, name: str) -> None:
    with pytest.raises(ProviderError, match="use 1 to 63 of a-z, 0-9 and inner hyphens"):
        await providers.create(name, "rfc", {})
    with pytest.raises(ProviderError, match="there is no provider"):
        await providers.get(name)


async def test_a_name_is_taken_once_even_by_two_at_the_same_moment() -> None:
    class Late(MemoryTables):
        """A store in which somebody else's provider of the same name is written between look and leap."""

        dropped: list[str]

        def rows(self, table: str, partition: str) -> Rows:
            rows = super().rows(table, partition)
            return _Taken(rows) if table == "providers" else rows

        async def drop(self, table: str) -> None:
            self.dropped.append(table)
            await super().drop(table)

    tables = Late()
    tables.dropped = []
    providers = Providers(tables, Schemas.load())
    with pytest.raises(ProviderError, match="there is a provider 'contoso' already"):
        await providers.create("contoso", "rfc", {})
    assert len(tables.dropped) == 1
    again = Providers(MemoryTables(), Schemas.load())
    await again.create("contoso", "rfc", {})
    with pytest.raises(ProviderError, match="there is a provider 'contoso' already"):
        await again.create("contoso", "entra", {})


class _Taken:
    def __init__(self, rows: Rows) -> None:
        self._rows = rows
        self.get, self.range = rows.get, rows.range

    async def transact(self, writes: Sequence[Write]) -> list[str]:
        if isinstance(writes[0], Create):
            raise Refused(0, "exists")
        return await self._rows.transact(writes)


@pytest.mark.parametrize(
    ("profile", "switches", "sentence"),
    [
        ("azure", {}, "there is no profile 'azure'; the profiles are rfc, entra"),
        ("rfc", {"nosuch": "on"}, "there is no switch 'nosuch'; the switches are create_unmatched"),
        ("rfc", {"create_unmatched": "yes"}, "switch create_unmatched takes on or off, not 'yes'"),
        ("entra", {"replace_members": "on"}, "switch replace_members takes set or add, not 'on'"),
    ],
)
async def test_unknown_profiles_and_switches_are_refused(
    providers: Providers, profile: str, switches: dict[str, str], sentence: str
) -> None:
    with pytest.raises(ProviderError, match=sentence):
        await providers.create("contoso", profile, switches)
    assert await providers.all() == []


async def test_switches_are_set_one_by_one_and_kept(providers: Providers) -> None:
    await providers.create("contoso", "rfc", {"create_unmatched": "on"})
    changed = await providers.set("contoso", {"boolean_strings": "on"})
    assert changed.switches == {"create_unmatched": "on", "boolean_strings": "on"}
    assert (await providers.set("contoso", {"create_unmatched": "off"})).profile.create_unmatched is False
    with pytest.raises(ProviderError, match="no switch"):
        await providers.set("contoso", {"nosuch": "on"})
    assert (await providers.get("contoso")).switches == {"create_unmatched": "off", "boolean_strings": "on"}


async def test_unique_group_names_can_be_changed_while_the_directory_is_empty() -> None:
    client = await new_client()
    providers = client.app.providers
    await providers.set("contoso", {"unique_group_names": "off"})
    await client.user("ann")
    with pytest.raises(ProviderError, match="only while the directory is empty"):
        await providers.set("contoso", {"unique_group_names": "on"})
    await providers.set("contoso", {"unique_group_names": "off", "boolean_strings": "off"})


async def test_a_changed_uniqueness_is_in_force_at_once() -> None:
    client = await new_client(cache_seconds=0)
    group = await client.group("Staff")
    await client.delete(f"/Groups/{group['id']}")
    await client.app.providers.set("contoso", {"unique_group_names": "off"})
    await client.group("Staff")
    assert (await client.post("/Groups", {"schemas": [GROUP], "displayName": "staff"})).status == 201


async def test_a_provider_changed_by_somebody_else_at_the_same_time_is_not_overwritten(
    providers: Providers, monkeypatch: pytest.MonkeyPatch
) -> None:
    await providers.create("contoso", "rfc", {})

    async def stale(_: Sequence[Write]) -> list[str]:
        raise Refused(0, "stale")

    monkeypatch.setattr(providers._rows, "transact", stale)  # noqa: SLF001 (a fault planted)
    with pytest.raises(ProviderError, match="somebody else changed the provider"):
        await providers.enable("contoso", enabled=False)


async def test_deleting_leaves_neither_tokens_nor_rows_and_frees_the_name() -> None:
    client = await new_client()
    providers, table = client.app.providers, client.provider.table
    other = await client.as_other("fabrikam")
    await client.user("ann")
    await providers.delete("contoso")
    assert await providers.keyring.get(client.token.split("_")[1]) is None
    assert [each.name for each in await providers.all()] == ["fabrikam"]
    successor = await client.as_other("contoso")
    assert successor.provider.table != table
    assert (await successor.get("/Users")).ids == []
    assert (await other.get("/Users")).status == 200
    with pytest.raises(ProviderError, match="there is no provider 'nobody'"):
        await providers.delete("nobody")


class Failing(MemoryTables):
    """A store that fails at one of the calls that change it, before it is done or after.

    Attributes:
        held: the tables there are.
        calls: how many such calls are still to come, the failing one included; 0 if none will fail.
        done: whether the failing call is done nevertheless.
    """

    def __init__(self) -> None:
        super().__init__()
        self.held = set[str]()
        self.calls = 0
        self.done = False

    def rows(self, table: str, partition: str) -> Rows:
        return _FailingRows(super().rows(table, partition), self)

    async def create(self, table: str) -> None:
        self.held.add(table)
        await super().create(table)

    async def drop(self, table: str) -> None:
        with self.failing(Unavailable("Silence.", retry_after=1)) as goes_through:
            if goes_through:
                self.held.discard(table)
                await super().drop(table)

    @contextmanager
    def failing(self, error: Exception) -> Iterator[bool]:
        """Fail with that error, if it is time; gives whether the call is done."""
        self.calls -= 1
        yield self.calls != 0 or self.done
        if self.calls == 0:
            raise error


class _FailingRows:
    def __init__(self, rows: Rows, tables: Failing) -> None:
        self._rows, self._tables = rows, tables
        self.get, self.range = rows.get, rows.range

    async def transact(self, writes: Sequence[Write]) -> list[str]:
        etags = list[str]()
        with self._tables.failing(Unsettled()) as goes_through:
            if goes_through:
                etags = await self._rows.transact(writes)
        return etags


@pytest.mark.parametrize("done", [False, True])
@pytest.mark.parametrize("calls", [1, 2, 3, 4, 5])
async def test_deleting_again_finishes_what_broke_off_at_any_step(calls: int, done: bool) -> None:
    tables = Failing()
    providers = Providers(tables, Schemas.load(), cache_seconds=0)
    provider = await providers.create("contoso", "rfc", {})
    for _ in range(2):
        await providers.issue("contoso")
    tables.calls, tables.done = calls, done
    with pytest.raises((Unsettled, Unavailable)):
        await providers.delete("contoso")
    if (calls, done) != (5, True):
        assert (await providers.get("contoso")).table == provider.table
        assert (await providers.get("contoso")).enabled == ((calls, done) == (1, False))
        await providers.delete("contoso")
    assert await providers.all() == []
    assert await providers.keyring.of("contoso") == []
    assert tables.held == {"providers", "credentials"}


async def test_deleting_takes_five_steps() -> None:
    tables = Failing()
    providers = Providers(tables, Schemas.load())
    await providers.create("contoso", "rfc", {})
    for _ in range(2):
        await providers.issue("contoso")
    tables.calls = 6
    await providers.delete("contoso")
    assert tables.calls == 1


@pytest.mark.parametrize(("cause", "finished"), [("stale", False), ("missing", True)])
async def test_two_who_delete_a_provider_at_once_do_not_harm_its_successor(
    providers: Providers, monkeypatch: pytest.MonkeyPatch, cause: Literal["stale", "missing"], finished: bool
) -> None:
    await providers.create("contoso", "rfc", {})
    transact = providers._rows.transact  # noqa: SLF001 (a fault planted)

    async def too_late(writes: Sequence[Write]) -> list[str]:
        if isinstance(writes[0], Delete):
            assert writes[0].etag, "without it, another's provider might be deleted"
            raise Refused(0, cause)
        return await transact(writes)

    monkeypatch.setattr(providers._rows, "transact", too_late)  # noqa: SLF001 (a fault planted)
    with nullcontext() if finished else pytest.raises(ProviderError, match="somebody else changed the provider"):
        await providers.delete("contoso")


# Tokens


async def test_tokens_are_issued_listed_and_revoked_each_by_itself(providers: Providers) -> None:
    for name in ("contoso", "fabrikam"):
        await providers.create(name, "rfc", {})
    write, read = await providers.issue("contoso"), await providers.issue("contoso", "read")
    foreign = await providers.issue("fabrikam")
    listed = {credential.key_id: credential.scope for credential in await providers.keyring.of("contoso")}
    assert listed == {write.key_id: "write", read.key_id: "read"}
    with pytest.raises(CredentialError, match="has no credential with the key id"):
        await providers.keyring.revoke("contoso", foreign.key_id)
    with pytest.raises(CredentialError, match="has no credential with the key id"):
        await providers.keyring.revoke("contoso", "000000000000")
    await providers.keyring.revoke("contoso", write.key_id)
    assert [credential.key_id for credential in await providers.keyring.of("contoso")] == [read.key_id]
    with pytest.raises(ProviderError, match="there is no provider"):
        await providers.issue("nobody")


def test_tokens_have_the_form_that_scanners_know_and_are_all_different() -> None:
    tokens = [Token.new() for _ in range(200)]
    assert len({token.text for token in tokens}) == len({token.digest for token in tokens}) == 200
    for token in tokens:
        assert re.fullmatch(r"rollcall_[0-9a-z]{12}_[A-Za-z0-9_-]{43}_[0-9A-Za-z]{6}", token.text)
        assert Token.parse(token.text) == token
        assert re.fullmatch("[0-9a-f]{64}", token.digest)


def test_a_mistyped_token_is_none() -> None:
    text = Token.new().text
    wrong = [text[:at] + ("x" if letter != "x" else "y") + text[at + 1 :] for at, letter in enumerate(text)]
    swapped = [text[:at] + text[at + 1] + text[at] + text[at + 2 :] for at in range(21, len(text) - 1)]
    longer = [text[:-1], f"{text}0", text.upper(), f" {text}", f"{text}\n", ""]
    for mistyped in {*wrong, *swapped, *longer} - {text}:
        assert Token.parse(mistyped) is None, mistyped
