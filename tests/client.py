"""A client of the service in this process: requests without a network, on tables in memory."""

import json
import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any, Self

from scim.app import App
from scim.credentials import Scope
from scim.handlers import Request
from scim.profiles import PROFILES
from scim.provider import Provider
from scim.schema import Json, JsonObject
from scim.settings import Settings
from scim.storage.memory import MemoryTables
from scim.storage.rows import Tables

ORIGIN = "https://scim.example"
USER = "urn:ietf:params:scim:schemas:core:2.0:User"
GROUP = "urn:ietf:params:scim:schemas:core:2.0:Group"
ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
PATCH_OP = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
SEARCH_REQUEST = "urn:ietf:params:scim:api:messages:2.0:SearchRequest"
LIST_RESPONSE = "urn:ietf:params:scim:api:messages:2.0:ListResponse"
ERROR = "urn:ietf:params:scim:api:messages:2.0:Error"

PROFILE_NAMES = tuple(PROFILES)


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP response as a client reads it."""

    status: int
    headers: Mapping[str, str]
    content: bytes

    @property
    def json(self) -> JsonObject:
        """The body."""
        body: JsonObject = json.loads(self.content)
        return body

    @property
    def error(self) -> tuple[int, str | None]:
        """Status and scimType of an error, whose body must say the same."""
        assert self.json["schemas"] == [ERROR]
        assert self.json["status"] == str(self.status)
        assert self.json["detail"]
        assert self.headers["Content-Type"].startswith("application/scim+json")
        return self.status, self.json.get("scimType")

    @property
    def ids(self) -> list[str]:
        """The ids of the resources in a list."""
        assert self.status == 200, self.content
        return [resource["id"] for resource in self.json["Resources"]]


@dataclass(frozen=True, slots=True)
class Client:
    """A provider's client."""

    app: App
    provider: Provider
    token: str

    async def send(
        self, method: str, path: str, body: Json = None, content: bytes | None = None, **headers: str | None
    ) -> Answer:
        """Send a request to a path, still encoded, below the Base URL; a header of None is left out."""
        base: dict[str, str | None] = {"authorization": f"Bearer {self.token}"}
        if body is not None:
            content = json.dumps(body).encode()
            base["content-type"] = "application/scim+json; charset=utf-8"
        given = base | {name.replace("_", "-"): value for name, value in headers.items()}
        sent = {name: value for name, value in given.items() if value is not None}
        return await self._exchange(method, path, sent, content or b"")

    async def _exchange(self, method: str, path: str, headers: Mapping[str, str], content: bytes) -> Answer:
        url = f"{ORIGIN}/scim/{self.provider.name}/v2{path}"
        response = await self.app.handle(Request(method, url, headers, content))
        return Answer(response.status.value, response.headers, response.body)

    async def get(self, path: str) -> Answer:
        """GET a path."""
        return await self.send("GET", path)

    async def post(self, path: str, body: Json) -> Answer:
        """POST a body."""
        return await self.send("POST", path, body)

    async def put(self, path: str, body: Json) -> Answer:
        """PUT a body."""
        return await self.send("PUT", path, body)

    async def patch(self, path: str, *operations: JsonObject) -> Answer:
        """PATCH with some operations."""
        return await self.send("PATCH", path, {"schemas": [PATCH_OP], "Operations": list(operations)})

    async def delete(self, path: str) -> Answer:
        """DELETE a resource."""
        return await self.send("DELETE", path)

    async def user(self, name: str, /, **attributes: Json) -> JsonObject:
        """Create a user; gives what the service says of it."""
        answer = await self.post("/Users", {"schemas": [USER], "userName": name, **attributes})
        assert answer.status == 201, answer.content
        return answer.json

    async def group(self, name: str, /, *members: str, **attributes: Json) -> JsonObject:
        """Create a group with members; gives what the service says of it."""
        linked = [{"value": member} for member in members]
        body = {"schemas": [GROUP], "displayName": name, "members": linked, **attributes}
        answer = await self.post("/Groups", body)
        assert answer.status == 201, answer.content
        return answer.json

    async def as_other(self, name: str, profile: str = "entra") -> Self:
        """The client of another provider of the same service."""
        return await connected(type(self), self.app, name, profile)

    async def with_scope(self, scope: Scope) -> Self:
        """The same client with another token."""
        return replace(self, token=(await self.app.providers.issue(self.provider.name, scope)).text)


async def connected[C: Client](
    kind: type[C], app: App, name: str = "contoso", profile: str = "entra", **switches: str
) -> C:
    """A client of a new provider."""
    provider = await app.providers.create(name, profile, switches)
    return kind(app, provider, (await app.providers.issue(name)).text)


def new_app(tables: Tables | None = None, **settings: int) -> App:
    """A service on tables in memory, or on those given."""
    return App.build(
        Settings.model_validate(
            {"storage": "AccountName=x", "public_url": ORIGIN, "requests_per_second": 0, **settings}
        ),
        MemoryTables() if tables is None else tables,
    )


async def new_client(profile: str = "entra", tables: Tables | None = None, **settings: int) -> Client:
    """A client of the only provider of a new service."""
    return await connected(Client, new_app(tables, **settings), profile=profile)


@contextmanager
def lines_of_the_service() -> Iterator[list[dict[str, Any]]]:
    """The lines that the service logs while the block runs."""
    lines: list[dict[str, Any]] = []

    class Keep(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            lines.append(record.__dict__.get("fields", {}))

    keep, logger = Keep(), logging.getLogger("scim")
    logger.addHandler(keep)
    try:
        yield lines
    finally:
        logger.removeHandler(keep)
