"""The whole service over HTTP: function_app.py in Microsoft's runtime, on Azurite."""

import asyncio
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass

import httpx
import pytest

from scim.app import App
from scim.provider import Provider
from scim.schema import Schemas
from scim.settings import Settings
from scim.storage.checking import Checking
from scim.storage.directory import Directory
from tests.client import Answer, Client
from tests.faults.invariants import assert_clean
from tests.hosting import Host, hosted


@dataclass(frozen=True, slots=True)
class Remote(Client):
    """A provider's client over HTTP; ``app`` is the operator's, in this process and on the same store."""

    http: httpx.AsyncClient

    @property
    def base_url(self) -> str:
        """The provider's Base URL."""
        return self.app.base_url(self.provider.name)

    async def _exchange(self, method: str, path: str, headers: Mapping[str, str], content: bytes) -> Answer:
        response = await self.http.request(method, self.base_url + path, content=content, headers=headers)
        return Answer(response.status_code, response.headers, response.content)


type Connect = Callable[..., Awaitable[Remote]]


@pytest.fixture(scope="session")
def service(azurite: str) -> Iterator[Host]:
    """The service, started once for all tests."""
    with hosted(azurite, ROLLCALL_CACHE_SECONDS="1") as service:
        yield service


@pytest.fixture(scope="session")
def second_service(azurite: str) -> Iterator[Host]:
    """Another process of the same service on the same store, as a deployment under load has several."""
    with hosted(azurite, ROLLCALL_CACHE_SECONDS="1") as service:
        yield service


@pytest.fixture
async def operator(service: Host) -> AsyncIterator[App]:
    """The same service in this process, to make and inspect providers."""
    app = App.build(Settings.model_validate({"storage": service.storage, "public_url": service.url}))
    await app.providers.prepare()
    yield app
    await app.close()


@pytest.fixture
async def connect(operator: App, service: Host, schemas: Schemas) -> AsyncIterator[Connect]:
    """Makes clients of new providers; at the end each one's rows are in order, and none of its people in the log."""
    made: list[Provider] = []
    limits = httpx.Limits(max_connections=32, max_keepalive_connections=32)
    async with httpx.AsyncClient(timeout=60, limits=limits) as http:

        async def connect(profile: str = "entra", **switches: str) -> Remote:
            provider = await operator.providers.create(f"t{uuid.uuid4().hex[:12]}", profile, switches)
            made.append(provider)
            return Remote(operator, provider, (await operator.providers.issue(provider.name)).text, http)

        yield connect
    said = service.said.read_text().lower()
    async with asyncio.TaskGroup() as ends:
        for provider in made:
            ends.create_task(_end(operator, provider, schemas, said))


async def _end(operator: App, provider: Provider, schemas: Schemas, said: str) -> None:
    as_it_is = operator.providers.schemas(await operator.providers.get(provider.name))
    rows = operator.tables.rows(provider.table, provider.table)
    await assert_clean(rows, as_it_is)
    assert [problem async for problem in Checking(rows, as_it_is).check() if problem.remedy != "pending"] == []
    await assert_silent(operator.providers.directory(provider), schemas, said)
    await operator.providers.delete(provider.name)


async def assert_silent(directory: Directory, schemas: Schemas, said: str) -> None:
    """Fail if a log, in lower case, names an address of a user; other names may be words that anybody says."""
    addresses = set[str]()
    async for stored in directory.scan(schemas.types["User"]):
        emails = stored.attributes.get("emails", ())
        addresses |= {stored.attributes["userName"], *(each["value"] for each in emails if "value" in each)}
    assert [address for address in addresses if "@" in address and address.lower() in said] == []


@pytest.fixture
async def client(connect: Connect) -> Remote:
    """A client of a new provider with the profile ``entra``."""
    return await connect()
