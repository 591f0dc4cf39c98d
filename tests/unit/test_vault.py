"""Where the keys are kept: a file, or a secret in Key Vault behind a managed identity."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from types import SimpleNamespace

import pytest
from aiohttp import web
from azure.core.exceptions import ClientAuthenticationError

from scim import vault
from scim.identity import vault_scope
from scim.local import ports
from scim.signing import KeysError, read
from tests.answering import answering

pytestmark = pytest.mark.enable_socket


class Identity:
    """A managed identity, or none."""

    right = True

    async def close(self) -> None:
        pass

    async def get_token(self, scope: str, **_: object) -> SimpleNamespace:
        if not self.right:
            raise ClientAuthenticationError("no managed identity, tenant 1234")
        return SimpleNamespace(token=f"for {scope}")


class Vault:
    """A key vault on this machine."""

    def __init__(self) -> None:
        self.secret: str | None = None
        self.status = 200
        self.seen: list[web.Request] = []

    async def answer(self, request: web.Request) -> web.Response:
        self.seen.append(request)
        if request.method == "PUT":
            self.secret = (await request.json())["value"]
        if self.secret is None:
            return web.Response(status=404)
        return web.json_response({"value": self.secret}, status=self.status)


@pytest.fixture
def identity(monkeypatch: pytest.MonkeyPatch) -> type[Identity]:
    monkeypatch.setattr("azure.identity.aio.DefaultAzureCredential", Identity)
    monkeypatch.setattr(Identity, "right", Identity.right)
    return Identity


@pytest.fixture
async def kept(identity: type[Identity], monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[tuple[Vault, str]]:
    del identity
    listener = ports.listen(0)
    here, place = Vault(), f"https://127.0.0.1:{ports.number(listener)}/secrets/keys"
    plain = vault._vault  # noqa: SLF001 (without TLS, which this machine has no certificate for)
    monkeypatch.setattr(vault, "_vault", lambda method, url, *body: plain(method, url.replace("https", "http"), *body))
    async with answering(listener, "*", "/secrets/keys", here.answer):
        yield here, place


async def test_a_file_gives_what_was_written_to_it(tmp_path: Path) -> None:
    place = str(tmp_path / "keys.pem")
    with pytest.raises(FileNotFoundError):
        await vault.source(place)()
    for text in ("one", "another"):
        await vault.sink(place)(text)
        assert await vault.source(place)() == text


async def test_a_file_that_holds_anything_else_holds_no_keys(tmp_path: Path) -> None:
    (tmp_path / "keys.pem").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(KeysError):
        read(await vault.source(str(tmp_path / "keys.pem"))())


async def test_a_key_vault_gives_what_was_written_to_it(kept: tuple[Vault, str]) -> None:
    here, place = kept
    with pytest.raises(FileNotFoundError, match="no such secret"):
        await vault.source(place)()
    await vault.sink(place)("the keys")
    assert await vault.source(place)() == "the keys"
    assert [request.method for request in here.seen] == ["GET", "PUT", "GET"]
    for request in here.seen:
        assert request.headers["Authorization"] == f"Bearer for {vault_scope(request.host)}"
        assert request.query["api-version"]


@pytest.mark.parametrize("cloud", ["vault.azure.net", "vault.usgovcloudapi.net", "vault.azure.cn"])
async def test_the_identity_is_asked_for_a_token_of_the_vaults_own_cloud(
    identity: type[Identity], monkeypatch: pytest.MonkeyPatch, cloud: str
) -> None:
    asked: list[str] = []

    async def get_token(_: Identity, scope: str) -> SimpleNamespace:
        asked.append(scope)
        raise ClientAuthenticationError("enough")

    monkeypatch.setattr(identity, "get_token", get_token)
    with pytest.raises(OSError, match="does not give"):
        await vault.source(f"https://contoso.{cloud}/secrets/keys")()
    assert asked == [f"https://{cloud}/.default"]


async def test_an_identity_that_does_not_answer_is_not_waited_for_beyond_the_bound(
    identity: type[Identity], monkeypatch: pytest.MonkeyPatch
) -> None:
    async def get_token(*_: object) -> None:
        await asyncio.sleep(30)

    monkeypatch.setattr(identity, "get_token", get_token)
    monkeypatch.setattr(vault, "_SECONDS", 0.01)
    async with asyncio.timeout(20):
        with pytest.raises(OSError, match="TimeoutError"):
            await vault.source("https://contoso.vault.azure.net/secrets/keys")()


@pytest.mark.parametrize("status", [403, 429, 500])
async def test_a_key_vault_that_refuses_gives_an_error_without_the_secret(kept: tuple[Vault, str], status: int) -> None:
    here, place = kept
    here.secret, here.status = "the keys", status
    with pytest.raises(OSError, match="does not give the signing keys") as refused:
        await vault.source(place)()
    assert "the keys" not in str(refused.value).replace("the signing keys", "")
    assert refused.value.__cause__ is None


async def test_without_an_identity_or_a_vault_the_error_is_of_the_same_kind(
    identity: type[Identity], monkeypatch: pytest.MonkeyPatch
) -> None:
    nowhere = "https://127.0.0.1:9/secrets/keys"
    with pytest.raises(OSError, match="does not give"):
        await vault.source(nowhere)()
    monkeypatch.setattr(identity, "right", False)
    with pytest.raises(OSError, match="ClientAuthenticationError") as refused:
        await vault.source(nowhere)()
    assert "1234" not in str(refused.value)
