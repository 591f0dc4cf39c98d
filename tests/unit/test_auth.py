"""Who is let in; that every refusal looks alike; that nothing crosses from one provider to another."""

import string
import zlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import pytest

from scim.auth import Authenticator
from scim.credentials import Token
from scim.errors import Forbidden, Unauthorized
from scim.storage.memory import MemoryTables
from scim.storage.rows import Delete
from tests.budgets.counting import CountingTables
from tests.client import (
    ENTERPRISE,
    GROUP,
    SEARCH_REQUEST,
    USER,
    Answer,
    Client,
    connected,
    lines_of_the_service,
    new_app,
    new_client,
)

UNKNOWN = "01990000-0000-7000-8000-000000000000"
_BASE62 = string.digits + string.ascii_uppercase + string.ascii_lowercase


@dataclass(frozen=True, slots=True)
class House:
    """A service whose store counts, with two providers."""

    client: Client
    other: Client
    tables: CountingTables


@pytest.fixture
async def house() -> House:
    tables = CountingTables(MemoryTables())
    client = await new_client(tables=tables)
    return House(client, await client.as_other("fabrikam"), tables)


def signed(stem: str) -> str:
    """A token of the right form, whoever made it."""
    number, digits = zlib.crc32(stem.encode()), ""
    while len(digits) < 6:
        number, digit = divmod(number, 62)
        digits = _BASE62[digit] + digits
    return f"{stem}_{digits}"


def with_another_secret(token: str) -> str:
    stem = token[:-7]
    return signed(stem[:-1] + ("A" if stem[-1] != "A" else "B"))


def with_another_checksum(token: str) -> str:
    return token[:-1] + ("0" if token[-1] != "0" else "1")


async def test_a_right_token_opens_its_provider_whatever_the_case_of_the_scheme(house: House) -> None:
    for scheme in ("Bearer", "bearer", "BEARER"):
        answer = await house.client.send("GET", "/Users", authorization=f"{scheme}  {house.client.token} ")
        assert answer.status == 200
    authenticator = Authenticator(house.client.app.providers)
    principal = await authenticator.authenticate(f"Bearer {house.client.token}", "contoso")
    assert (principal.provider.name, principal.scope) == ("contoso", "write")
    assert principal.credential == house.client.token.split("_")[1]


def test_a_token_carries_its_checksum() -> None:
    token = Token.new().text
    assert signed(token[:-7]) == token
    assert Token.parse(with_another_secret(token)) is not None
    assert Token.parse(with_another_checksum(token)) is None


# Every refusal looks alike

type Bad = Callable[[House], tuple[str, str | None]]

REFUSED: dict[str, Bad] = {
    "missing": lambda _: ("contoso", None),
    "blank": lambda _: ("contoso", ""),
    "no token": lambda _: ("contoso", "Bearer"),
    "malformed": lambda _: ("contoso", "Bearer rollcall_x"),
    "not ASCII": lambda h: ("contoso", f"Bearer {h.client.token}é"),
    "basic": lambda h: ("contoso", f"Basic {h.client.token}"),
    "twice": lambda h: ("contoso", f"Bearer {h.client.token},Bearer {h.client.token}"),
    "unknown key id": lambda _: ("contoso", f"Bearer {Token.new().text}"),
    "wrong secret": lambda h: ("contoso", f"Bearer {with_another_secret(h.client.token)}"),
    "wrong checksum": lambda h: ("contoso", f"Bearer {with_another_checksum(h.client.token)}"),
    "another provider's": lambda h: ("contoso", f"Bearer {h.other.token}"),
    "unknown provider": lambda h: ("nobody", f"Bearer {h.client.token}"),
    "unknown provider and token": lambda _: ("nobody", f"Bearer {Token.new().text}"),
    "no name of a provider": lambda h: ("A%20b%FF", f"Bearer {h.client.token}"),
    "the name in upper case": lambda h: ("CONTOSO", f"Bearer {h.client.token}"),
}


async def refused(house: House, provider: str, authorization: str | None) -> tuple[Answer, int]:
    """The answer, and the number of calls to the store that it took."""
    client = replace(house.client, provider=replace(house.client.provider, name=provider))
    await house.client.app.providers.keyring.close()  # notes of when others were let in
    house.tables.calls.reset()
    answer = await client.send("GET", "/Users", authorization=authorization, x_request_id="same")
    assert house.tables.calls.transactions == []
    return answer, house.tables.calls.reads


@pytest.mark.parametrize("warm", [False, True])
@pytest.mark.parametrize("how", REFUSED)
async def test_every_wrong_token_gets_the_same_answer_after_the_same_calls(house: House, how: str, warm: bool) -> None:
    if warm:
        for client in (house.client, house.other):
            assert (await client.get("/Users")).status == 200
    told, calls = await refused(house, *REFUSED[how](house))
    missing, _ = await refused(house, *REFUSED["missing"](house))
    assert told == missing
    assert told.error == (401, None)
    assert told.headers["WWW-Authenticate"] == 'Bearer realm="scim"'  # RFC 6750 §3: never without a parameter
    assert calls == 1


async def test_a_revoked_token_gets_that_answer_too(house: House) -> None:
    spare = replace(house.client, token=(await house.client.app.providers.issue("contoso")).text)
    await house.client.app.providers.keyring.revoke("contoso", spare.token.split("_")[1])
    missing = await refused(house, "contoso", None)
    assert await refused(house, "contoso", f"Bearer {spare.token}") == missing
    assert (await house.client.get("/Users")).status == 200


async def test_a_revoked_token_is_worthless_once_the_cache_forgets_it() -> None:
    client = await new_client(cache_seconds=0)
    assert (await client.get("/Users")).status == 200
    await client.app.providers.keyring.revoke("contoso", client.token.split("_")[1])
    assert (await client.get("/Users")).error == (401, None)


async def test_a_token_of_a_deleted_provider_does_not_open_its_successor(house: House) -> None:
    app = house.client.app
    assert (await house.client.get("/Users")).status == 200
    await app.providers.delete("contoso")
    successor = await house.client.as_other("contoso")
    assert (await house.client.get("/Users")).error == (401, None)
    assert (await successor.get("/Users")).status == 200


# Providers deleted by another process, while this one remembers them


@dataclass(frozen=True, slots=True)
class Deleted:
    """A client whose provider another process has deleted, and that process's client of a successor."""

    former: Client
    successor: Client
    tables: CountingTables


@pytest.fixture
async def deleted() -> Deleted:
    tables = CountingTables(MemoryTables())
    former, operator = await new_client(tables=tables), new_app(tables)
    await former.user("ann")
    await operator.providers.delete("contoso")
    return Deleted(former, replace(await connected(Client, operator), app=former.app), tables)


async def test_a_new_provider_of_an_old_name_is_served_at_once(deleted: Deleted) -> None:
    assert (await deleted.successor.get("/Users")).ids == []
    assert (await deleted.former.get("/Users")).error == (401, None)
    assert (await deleted.successor.get("/Users")).ids == []


@pytest.mark.parametrize(("method", "path"), [("GET", "/Users"), ("GET", f"/Users/{UNKNOWN}"), ("POST", "/Users")])
async def test_the_token_of_a_deleted_provider_is_refused_once_its_table_is_gone(
    deleted: Deleted, method: str, path: str
) -> None:
    body = {"schemas": [USER], "userName": "bob"} if method == "POST" else None
    assert (await deleted.former.send(method, path, body)).error == (401, None)
    assert (await deleted.successor.get("/Users")).ids == []


async def test_a_token_that_opens_no_provider_is_looked_up_once_and_the_provider_once_anew(deleted: Deleted) -> None:
    app = new_app(deleted.tables)
    left = await app.providers.issue("contoso")
    rows = deleted.tables.rows("providers", "provider")
    await rows.transact([Delete("contoso")])
    deleted.tables.calls.reset()
    with pytest.raises(Unauthorized):
        await Authenticator(app.providers).authenticate(f"Bearer {left.text}", "contoso")
    assert deleted.tables.calls.keys == [left.key_id, "contoso", "contoso"]


async def test_a_table_that_is_gone_while_its_provider_is_not_is_503(house: House) -> None:
    await house.tables.drop(house.client.provider.table)
    for _ in range(2):
        assert (await house.client.get("/Users")).error == (503, None)
    assert (await house.other.get("/Users")).status == 200


async def test_only_right_tokens_are_remembered(house: House) -> None:
    await refused(house, *REFUSED["wrong secret"](house))
    await house.client.get("/Users")
    await house.client.app.providers.keyring.close()
    house.tables.calls.reset()
    assert (await house.client.get("/Users")).status == 200
    assert not any(house.client.token.split("_")[1] in key for key in house.tables.calls.keys)
    wrong, calls = await refused(house, *REFUSED["wrong secret"](house))
    assert (wrong.status, calls) == (401, 1)


# Ends


async def test_the_log_warns_once_60_20_and_5_days_before_a_credential_ends(house: House) -> None:
    keyring, key_id = house.client.app.providers.keyring, house.client.token.split("_")[1]
    warned = list[int]()
    for days in (61, 59, 21, 19, 6, 4, 1):
        await keyring.close()
        await keyring.expire("contoso", key_id, days)
        with lines_of_the_service() as lines:
            for _ in range(3):
                assert (await house.client.get("/Users")).status == 200
        warnings = [line for line in lines if line.get("message") == "a credential is about to end"]
        assert [(line["provider"], line["credential"]) for line in warnings] == [("contoso", key_id)] * len(warnings)
        warned += [days] * len(warnings)
    assert warned == [59, 19, 4]


# Disabled providers, scopes


async def test_a_disabled_provider_is_403_and_only_to_those_with_its_token() -> None:
    client = await new_client(cache_seconds=0)
    await client.app.providers.enable("contoso", enabled=False)
    assert (await client.get("/Users")).error == (403, None)
    assert (await client.send("DELETE", "/nowhere")).error == (403, None)
    assert (await replace(client, token=Token.new().text).get("/Users")).error == (401, None)
    assert (await client.send("GET", "/Users", authorization=None)).error == (401, None)
    await client.app.providers.enable("contoso", enabled=True)
    assert (await client.get("/Users")).status == 200


async def test_the_authenticator_says_so_in_errors(house: House) -> None:
    authenticator = Authenticator(house.client.app.providers)
    with pytest.raises(Unauthorized):
        await authenticator.authenticate(None, "contoso")
    await house.client.app.providers.enable("contoso", enabled=False)
    with pytest.raises(Forbidden):
        await authenticator.authenticate(f"Bearer {house.client.token}", "contoso")


async def test_a_token_that_may_only_read_reads_everything_and_writes_nothing(house: House) -> None:
    user, group = await house.client.user("ann"), await house.client.group("Staff")
    reader = await house.client.with_scope("read")
    for path in ("/Users", f"/Users/{user['id']}", "/Groups", f"/Groups/{group['id']}", "/Schemas", "/ResourceTypes"):
        assert (await reader.get(path)).status == 200
    for path in ("/.search", "/Users/.search", "/Groups/.search"):
        assert (await reader.post(path, {"schemas": [SEARCH_REQUEST]})).status == 200
    for method, path in [
        ("POST", "/Users"),
        ("PUT", f"/Users/{user['id']}"),
        ("PATCH", f"/Users/{user['id']}"),
        ("DELETE", f"/Users/{user['id']}"),
        ("POST", "/Groups"),
        ("PUT", f"/Groups/{group['id']}"),
        ("PATCH", f"/Groups/{group['id']}"),
        ("DELETE", f"/Groups/{group['id']}"),
    ]:
        answer = await reader.send(method, path, {"schemas": [USER], "userName": "eve", "displayName": "Eve"})
        assert answer.error == (403, None), (method, path)
    assert (await house.client.get(f"/Users/{user['id']}")).json == user
    assert (await house.client.get(f"/Groups/{group['id']}")).json == group


# Isolation


async def test_two_providers_hold_the_same_names_and_know_nothing_of_each_other(house: House) -> None:
    ours = await house.client.user("ann", externalId="1", emails=[{"value": "ann@example.com"}])
    theirs = await house.other.user("ann", externalId="1", emails=[{"value": "ann@example.com"}])
    await house.client.group("Staff", ours["id"], externalId="g")
    await house.other.group("Staff", theirs["id"], externalId="g")
    for filter_ in (
        'userName+eq+"ann"',
        'externalId+eq+"1"',
        'emails.value+eq+"ann@example.com"',
        "userName+pr",
        f'id+eq+"{ours["id"]}"+or+id+eq+"{theirs["id"]}"',
    ):
        assert (await house.client.get(f"/Users?filter={filter_.replace('"', '%22')}")).ids == [ours["id"]]
    by_id = f"filter=id+eq+%22{theirs['id']}%22"
    assert (await house.client.get(f"/Users?{by_id}")).ids == []
    assert (await house.client.get("/Users")).ids == [ours["id"]]


@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "DELETE"])
async def test_another_providers_id_is_as_unknown_as_any(house: House, method: str) -> None:
    theirs = await house.other.user("bob")
    group = await house.other.group("Crew", theirs["id"])
    await house.client.user("ann")
    for path, identifier in (("/Users", theirs["id"]), ("/Groups", group["id"])):
        body: dict[str, Any] | None = None
        if method == "PUT":
            body = {"schemas": [USER, GROUP], "userName": "x", "displayName": "x"}
        if method == "PATCH":
            body = {"Operations": [{"op": "add", "path": "displayName", "value": "x"}]}
        answer = await house.client.send(method, f"{path}/{identifier}", body)
        other = await house.client.send(method, f"{path}/{UNKNOWN}", body)
        assert answer.error == (404, None)
        assert answer.content.replace(identifier.encode(), b"") == other.content.replace(UNKNOWN.encode(), b"")
    assert (await house.other.get(f"/Users/{theirs['id']}")).json["groups"][0]["value"] == group["id"]


async def test_another_providers_user_cannot_become_a_member(house: House) -> None:
    ours, theirs = await house.client.user("ann"), await house.other.user("bob")
    alone = {"schemas": [GROUP], "displayName": "A", "members": [{"value": theirs["id"]}]}
    assert (await house.client.post("/Groups", alone)).error == (400, "invalidValue")
    mixed = await house.client.group("B", ours["id"], theirs["id"])
    assert [member["value"] for member in mixed["members"]] == [ours["id"]]
    add = {"op": "add", "path": "members", "value": [{"value": theirs["id"]}]}
    assert (await house.client.patch(f"/Groups/{mixed['id']}", add)).error == (400, "invalidValue")
    assert "groups" not in (await house.other.get(f"/Users/{theirs['id']}")).json


async def test_another_providers_user_as_manager_is_a_mere_text(house: House) -> None:
    theirs = await house.other.user("boss")
    ours = await house.client.user("ann", **{ENTERPRISE: {"manager": {"value": theirs["id"]}}})
    unknown = await house.client.user("eve", **{ENTERPRISE: {"manager": {"value": "nobody"}}})
    assert ours[ENTERPRISE]["manager"].keys() == unknown[ENTERPRISE]["manager"].keys()
    assert (await house.other.get(f"/Users/{theirs['id']}")).json == theirs


# What is kept of a token


async def test_of_a_token_only_its_digest_is_kept(house: House) -> None:
    kept = ""
    for table, partition in (("providers", "provider"), ("credentials", "credential")):
        async for page in house.tables.rows(table, partition).range("", "\x7f"):
            kept += repr(page)
    assert kept.count("contoso") >= 2
    for client in (house.client, house.other):
        key_id, secret, check = client.token[9:21], client.token[22:65], client.token[66:]
        assert key_id in kept
        assert secret not in kept
        assert client.token not in kept
        assert f"_{check}" not in kept
    assert house.client.token not in repr(await house.client.app.providers.get("contoso"))
    assert house.client.token not in repr(Token.parse(house.client.token))
