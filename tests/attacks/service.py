"""A service with everything switched on, two providers, and every kind of credential of both."""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode

from scim import signing
from scim.app import App
from scim.credentials import Kind, Token
from scim.handlers import Request
from scim.settings import Settings
from scim.storage.memory import MemoryTables
from tests.client import ORIGIN, Answer, Client, connected
from tests.entra_keys import TRUST, FakeEntra

FORM = "application/x-www-form-urlencoded"
ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


@dataclass(frozen=True, slots=True)
class Target:
    """What is attacked.

    Attributes:
        keys: the file of the signing keys.
        good: the client of the provider ``contoso``, with a bearer token.
        other: that of ``fabrikam``.
    """

    app: App
    entra: FakeEntra
    keys: Path
    good: Client
    other: Client

    async def issue(self, kind: Kind, provider: str = "contoso") -> Token:
        """A new credential."""
        return await self.app.providers.issue(provider, kind=kind)

    async def trust(self, kind: Kind, provider: str = "contoso") -> str:
        """Trust the usual tokens of Entra's; gives the key id."""
        return (await self.app.providers.keyring.trust(await self.app.providers.get(provider), TRUST, kind)).key_id

    async def send(self, method: str, target: str, content: bytes = b"", **headers: str) -> Answer:
        """A request to any path of the service, as it is."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        response = await self.app.handle(Request(method, ORIGIN + target, named, content))
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

    async def knock(self, authorization: str, provider: str = "contoso", path: str = "/Users") -> Answer:
        """A request with any credential to a provider."""
        return await self.send("GET", f"/scim/{provider}/v2{path}", authorization=authorization, x_request_id="same")


@asynccontextmanager
async def target(folder: Path, **settings: str | int) -> AsyncIterator[Target]:
    """A service to attack, with keys and files of its own."""
    keys = folder / "keys.pem"
    keys.write_text(signing.write([signing.SigningKey.new(time.time())]))
    async with FakeEntra.running() as entra:
        whole = {
            "storage": "Memory=yes",
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
