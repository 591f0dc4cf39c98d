"""What the commands of a page find: a folder like the project's, a running service, and the providers they name."""

import re
import shlex
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from scim import signing, vault
from scim.app import App
from scim.credentials import Token
from scim.providers import ProviderError
from scim.schema import JsonObject
from tests.client import GROUP, USER
from tests.docs.blocks import Block
from tests.docs.described import ROOT

NAMES = ("demo", "contoso", "contoso-2", "fabrikam")
"""The providers that pages speak of."""
_SHARED = ("docs", "function_app.py", "host.json", "infra", "scim", "tests", "pyproject.toml")
"""What the folder has of the project's."""


@dataclass
class World:
    """The providers, and what is put in the place of placeholders.

    Attributes:
        app: the operator's, on the service's store.
        folder: where the commands run.
        python: what stands for `.venv/bin/python`.
    """

    app: App
    folder: Path
    python: Path
    token: str = ""
    client: Token | None = None
    version: str = ""
    group: str = ""
    _http: httpx.AsyncClient = field(default_factory=httpx.AsyncClient)

    @property
    def reaching(self) -> dict[str, str]:
        """What the command line needs, as a page on operating takes it for given."""
        settings = self.app.settings
        return {
            "ROLLCALL_STORAGE": settings.storage,
            "ROLLCALL_PUBLIC_URL": settings.public_url,
            "ROLLCALL_SIGNING_KEYS": settings.signing_keys,
            "ROLLCALL_BACKUPS": str(self.folder / "backups"),
        }

    async def begin(self, blocks: list[Block]) -> None:
        """Make what a page takes for given: a demo provider as `make run` does, and contoso where it makes none."""
        keys = self.app.settings.signing_keys
        await vault.sink(keys)(signing.write(signing.rolled((), 0)))
        await self.app.providers.create("demo", "entra", {})
        self.token = (await self.app.providers.issue("demo")).text
        if not any("providers create contoso " in block.text for block in blocks):
            await self.app.providers.create("contoso", "entra", {})
        self._lay_out()

    def _lay_out(self) -> None:
        for name in _SHARED:
            (self.folder / name).symlink_to(ROOT / name)
        (self.folder / ".venv" / "bin").mkdir(parents=True)
        (self.folder / "backups").mkdir()
        (self.folder / ".venv" / "bin" / "python").symlink_to(self.python)
        told_there = {"BASE_URL": self.app.base_url("demo"), "TOKEN": self.token, **self.reaching}
        told = self.folder / ".local" / "connection.env"
        told.parent.mkdir()
        told.write_text("".join(f"{name}={shlex.quote(value)}\n" for name, value in told_there.items()))

    async def end(self) -> None:
        """Leave nothing to the next page."""
        for name in NAMES:
            try:
                await self.app.providers.delete(name)
            except ProviderError:
                continue  # the page made none, or deleted it
        await self._http.aclose()

    async def filled(self, block: Block) -> str:
        """A block with values in the place of its placeholders; what `make` installs or starts is here already."""
        text = "".join(line for line in block.text.splitlines(keepends=True) if not line.startswith("make "))
        for pattern, value in RULES:
            while found := re.search(pattern, text):
                start, end = found.span("here")
                text = text[:start] + await value(self, found) + text[end:]
        return text

    async def user(self, provider: str = "demo", request: str = "") -> str:
        """A new user's id."""
        token = self.token if provider == "demo" else (await self.app.providers.issue(provider)).text
        body: JsonObject = {"schemas": [USER], "userName": f"{uuid.uuid4().hex}@example.com"}
        made = await self._post(provider, token, "Users", body, request)
        self.version = made.json()["meta"]["version"].removeprefix('W/"').removesuffix('"')
        return str(made.json()["id"])

    async def deleted(self, provider: str) -> str:
        """The id of a user who was deleted."""
        identifier = await self.user(provider)
        token = (await self.app.providers.issue(provider)).text
        url = f"{self.app.base_url(provider)}/Users/{identifier}"
        (await self._http.delete(url, headers={"authorization": f"Bearer {token}"})).raise_for_status()
        return identifier

    async def members(self) -> str:
        """A new group's id, which is kept."""
        body: JsonObject = {
            "schemas": [GROUP],
            "displayName": uuid.uuid4().hex,
            "members": [{"value": await self.user()}],
        }
        self.group = str((await self._post("demo", self.token, "Groups", body)).json()["id"])
        return self.group

    async def membership(self) -> str:
        """The id of a membership."""
        url = f"{self.app.base_url('demo')}/GroupMemberships?filter=group.value eq %22{await self.members()}%22"
        await self.app.providers.set("demo", {"group_memberships": "on"})
        listed = await self._http.get(url, headers={"authorization": f"Bearer {self.token}"})
        return str(listed.json()["Resources"][0]["id"])

    async def oauth(self) -> Token:
        """An OAuth client of demo, the same for all of a page."""
        self.client = self.client or await self.app.providers.issue("demo", kind="client")
        return self.client

    async def _post(
        self, provider: str, token: str, endpoint: str, body: JsonObject, request: str = ""
    ) -> httpx.Response:
        headers = {"authorization": f"Bearer {token}"} | ({"x-request-id": request} if request else {})
        answer = await self._http.post(f"{self.app.base_url(provider)}/{endpoint}", json=body, headers=headers)
        return answer.raise_for_status()


type Value = Callable[[World, re.Match[str]], Awaitable[str]]


async def _new_user(world: World, found: re.Match[str]) -> str:
    return await world.user(found.groupdict().get("provider") or "demo")


async def _deleted_user(world: World, found: re.Match[str]) -> str:
    return await world.deleted(found["provider"])


async def _group(world: World, _: re.Match[str]) -> str:
    return world.group or await world.members()


async def _version(world: World, _: re.Match[str]) -> str:
    return world.version


async def _membership(world: World, _: re.Match[str]) -> str:
    return await world.membership()


async def _key_id(world: World, found: re.Match[str]) -> str:
    return (await world.app.providers.issue(found["provider"])).key_id


async def _base_url(world: World, _: re.Match[str]) -> str:
    return world.app.base_url("demo")


async def _token(world: World, _: re.Match[str]) -> str:
    return world.token


async def _token_endpoint(world: World, _: re.Match[str]) -> str:
    return f"{world.app.settings.public_url}/scim/demo/oauth/token"


async def _client_id(world: World, _: re.Match[str]) -> str:
    return (await world.oauth()).key_id


async def _client_secret(world: World, _: re.Match[str]) -> str:
    return (await world.oauth()).text


async def _entra_id(_: World, __: re.Match[str]) -> str:
    return str(uuid.uuid4())


async def _request_id(world: World, found: re.Match[str]) -> str:
    request = uuid.uuid4().hex
    await world.user(found["provider"], request)
    return request


RULES: tuple[tuple[str, Value], ...] = (
    (r"erase (?P<provider>\S+) (?P<here>ID)\b", _deleted_user),
    (r"changes (?P<provider>\S+) --resource (?P<here>ID)\b", _new_user),
    (r"changes (?P<provider>\S+) --json \| grep \"(?P<here>REQUEST_ID)\"", _request_id),
    (r"token (?P<provider>\S+) --user (?P<here>ID)\b", _new_user),
    (r"/Users/(?P<here>ID)\b", _new_user),
    (r'W/"(?P<here>VERSION)"', _version),
    (r"/GroupMemberships/(?P<here>ID)\b", _membership),
    (r'"(?P<here>GROUP)"', _group),
    (r'"(?P<here>USER)"', _new_user),
    (r"(?:rotate|revoke) (?P<provider>\S+) (?P<here>KEY_ID)\b", _key_id),
    (r"--base-url (?P<here>URL)\b", _base_url),
    (r"--token (?P<here>TOKEN)\b", _token),
    (r"--token-endpoint (?P<here>URL)\b", _token_endpoint),
    (r"(?:--client-id |client_id=)(?P<here>ID|CLIENT_ID)\b", _client_id),
    (r"(?:CLIENT_SECRET|client_secret)=(?P<here>SECRET)\b", _client_secret),
    (r"--(?:tenant|subject|audience|application) (?P<here>ID)\b", _entra_id),
)
"""What stands for a placeholder, by the words around it."""

LEFT = re.compile(
    r"(?<![$\w{])(?:ID|KEY_ID|CLIENT_ID|REQUEST_ID|URL|TOKEN|SECRET|GROUP|USER|VERSION|ACCOUNT|APP)\b(?!=)"
)
"""A placeholder that no rule knows."""
