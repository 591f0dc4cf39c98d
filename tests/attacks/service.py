"""A service with everything switched on, two providers, and every kind of credential of both."""

import itertools
import time
from base64 import b64encode
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from ipaddress import ip_address
from pathlib import Path
from typing import Self
from urllib.parse import urlencode

from scim import signing
from scim.app import App
from scim.credentials import Kind, Token
from scim.handlers import Request
from scim.settings import Settings
from scim.storage.memory import MemoryTables
from tests.client import ORIGIN, Answer, Client, connected
from tests.entra_keys import TRUST, FakeEntra

_ADDRESSES = itertools.count(int(ip_address("10.0.0.1")))
FORM = "application/x-www-form-urlencoded"
ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


@dataclass(frozen=True, slots=True)
class Target:
    """What is attacked.

    Attributes:
        keys: the file of the signing keys.
        good: the client of the provider ``contoso``, with a bearer token.
        other: that of ``fabrikam``.
        spread: whether each request comes from another address, so that no failure slows the next.
    """

    app: App
    entra: FakeEntra
    keys: Path
    good: Client
    other: Client
    spread: bool = False

    def with_other_keys(self) -> Self:
        """The same deployment, after its signing keys were lost or replaced as a whole."""
        keys = new_keys(self.keys.with_name("others.pem"))
        settings = self.app.settings.model_copy(update={"signing_keys": str(keys)})
        return replace(self, app=App.build(settings, self.app.tables), keys=keys)

    async def issue(self, kind: Kind, provider: str = "contoso") -> Token:
        """A new credential."""
        return await self.app.providers.issue(provider, kind=kind)

    async def trust(self, kind: Kind, provider: str = "contoso") -> str:
        """Trust the usual tokens of Entra's; gives the key id."""
        return (await self.app.providers.keyring.trust(await self.app.providers.get(provider), TRUST, kind)).key_id

    async def send(
        self, method: str, target: str, content: bytes = b"", /, origin: str = ORIGIN, **headers: str
    ) -> Answer:
        """A request to any path of the service, as it is."""
        headers = ({"x_forwarded_for": str(ip_address(next(_ADDRESSES)))} if self.spread else {}) | headers
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        response = await self.app.handle(Request(method, origin + target, named, content))
        return Answer(response.status.value, response.headers, response.body)

    async def ask(self, path: str = "/oauth/token", /, *, authorization: str = "", **form: str) -> Answer:
        """A request for an access token."""
        content = urlencode({"grant_type": "client_credentials", **form}).encode()
        headers = {"authorization": authorization} if authorization else {}
        return await self.send("POST", path, content, content_type=FORM, **headers)

    async def show(self, assertion: str, path: str = "/scim/contoso/oauth/token", **form: str) -> Answer:
        """A request for an access token that shows an assertion."""
        return await self.ask(path, client_assertion_type=ASSERTION, client_assertion=assertion, **form)

    async def access(self, provider: str = "contoso") -> str:
        """An access token of a new client."""
        token = await self.issue("client", provider)
        answer = await self.ask(client_id=token.key_id, client_secret=token.text)
        assert answer.status == 200, answer.content
        return str(answer.json["access_token"])

    async def knock(self, authorization: str, provider: str = "contoso", **headers: str) -> Answer:
        """A request with any credential to a provider."""
        headers = {"authorization": authorization, "x_request_id": "same"} | headers
        return await self.send("GET", f"/scim/{provider}/v2/Users", **headers)


def basic(user: str, password: str) -> str:
    """The header of HTTP Basic."""
    return f"Basic {b64encode(f'{user}:{password}'.encode()).decode()}"


def new_keys(file: Path) -> Path:
    """A file with a new signing key."""
    file.write_text(signing.write([signing.SigningKey.new(time.time())]))
    return file


async def clear(app: App) -> None:
    """Make room for the two providers in a store that others used."""
    await app.providers.prepare()
    for provider in await app.providers.all():
        if provider.name in {"contoso", "fabrikam"}:
            await app.providers.delete(provider.name)


@asynccontextmanager
async def target(folder: Path, **settings: str | int) -> AsyncIterator[Target]:
    """A service to attack, with keys and files of its own."""
    keys = new_keys(folder / "keys.pem")
    async with FakeEntra.running() as entra:
        whole = {
            "storage": "UseDevelopmentStorage=true",
            "public_url": ORIGIN,
            "requests_per_second": 0,
            "signing_keys": str(keys),
            "entra_authority": entra.url,
            **settings,
        }
        app = App.build(Settings.model_validate(whole), MemoryTables())
        good = await connected(Client, app)
        yield Target(app, entra, keys, good, await good.as_other("fabrikam"))
        await app.close()
