"""Everything that lets a client in is replaced while jobs run, in a service of two processes; not one request fails.

The service's processes read the signing keys anew each second instead of each few minutes, and a new key signs after
three seconds instead of a quarter of an hour; otherwise they are as deployed.
"""

import asyncio
import shutil
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import jwt
import pytest

from scim import signing, vault
from scim.app import App
from scim.local.options import REPOSITORY
from scim.local.settings import SCRIPT_ROOT
from scim.settings import Settings
from tests.entra import Options, Report, run
from tests.hosting import Host, hosted

KNOWN_AFTER = 3.0
SMALL = {"users": 12, "groups": 3, "memberships": 20, "cycles": 2, "concurrency": 4, "parallel": 4}
HASTY = f"""
from pathlib import Path
from scim import signing
signing.KNOWN_AFTER, signing._FRESH, signing._AGAIN = {KNOWN_AFTER}, 1.0, 0.5
exec(compile(Path({str(REPOSITORY / "function_app.py")!r}).read_text(), "function_app.py", "exec"))
"""


@pytest.fixture
def keys(tmp_path: Path) -> Path:
    """The file of the signing keys, with one that signs already."""
    place = tmp_path / "keys.pem"
    place.write_text(signing.write([signing.SigningKey.new(time.time() - 2 * KNOWN_AFTER)]))
    return place


@pytest.fixture
def service(azurite: str, tmp_path: Path, keys: Path) -> Iterator[Host]:
    """The service in two processes, in haste."""
    folder = tmp_path / "app"
    folder.mkdir()
    (folder / "function_app.py").write_text(HASTY)
    shutil.copy(REPOSITORY / "host.json", folder)
    environment = {SCRIPT_ROOT: str(folder), "ROLLCALL_SIGNING_KEYS": str(keys), "ROLLCALL_CACHE_SECONDS": "1"}
    with hosted(azurite, 2, **environment) as service:
        yield service


@pytest.fixture
async def operator(service: Host, keys: Path) -> AsyncIterator[App]:
    """The same service in this process, for its commands."""
    settings = {"storage": service.storage, "public_url": service.url, "signing_keys": str(keys)}
    app = App.build(Settings.model_validate(settings))
    await app.providers.prepare()
    yield app
    await app.close()


@dataclass(slots=True)
class Jobs:
    """Runs one after the other on one provider, each with what lets it in by then."""

    base_url: str
    state: Path
    let_in_by: dict[str, str]
    reports: list[Report] = field(default_factory=list)
    enough: bool = False

    async def run(self) -> None:
        """Run until it is enough."""
        while not self.enough:
            options = Options(
                base_url=self.base_url,
                state=self.state,
                token_seconds=0.2,
                **self.let_in_by,  # type: ignore[arg-type] # all of them are texts
                **SMALL,  # type: ignore[arg-type] # all of them are numbers
            )
            self.reports.append(await run(options))

    async def one_more(self) -> None:
        """Wait for a run that began after now."""
        seen = len(self.reports)
        while len(self.reports) < seen + 2:  # noqa: ASYNC110 (what runs tells nobody)
            await asyncio.sleep(0.05)

    def assert_undisturbed(self) -> None:
        for report in self.reports:
            assert report.quarantine is None
            assert report.ok, [*report.failures, *report.differences]
            assert [(cycle.retries, cycle.failed_tries) for cycle in report.cycles] == [(0, {})] * len(report.cycles)


async def kid_of_a_new_token(url: str, client: dict[str, str]) -> str:
    form = {"grant_type": "client_credentials", **{name: client[name] for name in ("client_id", "client_secret")}}
    async with httpx.AsyncClient() as http:
        answer = await http.post(f"{url}/oauth/token", data=form)
    return str(jwt.get_unverified_header(answer.json()["access_token"])["kid"])


async def published(url: str) -> set[str]:
    """The kids of the keys that anyone may read."""
    async with httpx.AsyncClient() as http:
        metadata = await http.get(f"{url}/.well-known/oauth-authorization-server")
        keys = await http.get(metadata.json()["jwks_uri"])
    return {key["kid"] for key in keys.json()["keys"]}


async def made(operator: App, name: str, folder: Path, kind: str) -> Jobs:
    """Jobs on a new provider, let in by a credential of that kind."""
    await operator.providers.create(name, "entra", {})
    token = await operator.providers.issue(name, kind=kind)  # type: ignore[arg-type] # one of the kinds
    base_url = operator.base_url(name)
    endpoint = f"{base_url.removesuffix('/v2')}/oauth/token"
    client = {"token_endpoint": endpoint, "client_id": token.key_id, "client_secret": token.text}
    return Jobs(base_url, folder / name, client if kind == "client" else {"token": token.text})


async def test_no_request_fails_while_token_secret_and_signing_key_are_replaced(
    operator: App, service: Host, keys: Path, tmp_path: Path
) -> None:
    bearer, client = [await made(operator, f"rotated-{kind}", tmp_path, kind) for kind in ("token", "client")]
    keyring, old_keys = operator.providers.keyring, signing.read(await vault.source(str(keys))())
    async with asyncio.TaskGroup() as jobs:
        for each in (bearer, client):
            jobs.create_task(each.run())
        await asyncio.gather(bearer.one_more(), client.one_more())

        old_token, key_id = bearer.let_in_by["token"].split("_")[1], client.let_in_by["client_id"]
        bearer.let_in_by = {"token": (await keyring.rotate("rotated-token", old_token, 1)).text}
        secret = (await keyring.rotate("rotated-client", key_id, 1)).text
        client.let_in_by = client.let_in_by | {"client_secret": secret}
        await vault.sink(str(keys))(signing.write(signing.rolled(old_keys, time.time())))
        await asyncio.gather(bearer.one_more(), client.one_more())

        await keyring.revoke("rotated-token", old_token)
        await keyring.revoke("rotated-client", key_id, "1")
        async with asyncio.timeout(60):
            while await kid_of_a_new_token(service.url, client.let_in_by) == old_keys[0].kid:  # noqa: ASYNC110
                await asyncio.sleep(0.2)
        assert await published(service.url) == {key.kid for key in signing.read(await vault.source(str(keys))())}
        await asyncio.gather(bearer.one_more(), client.one_more())
        bearer.enough = client.enough = True
    for each in (bearer, client):
        assert len(each.reports) >= 6
        each.assert_undisturbed()
    requests = sum(cycle.requests for each in (bearer, client) for report in each.reports for cycle in report.cycles)
    print(f"{requests} requests, none failed")  # noqa: T201 (to be told)
    for name in ("rotated-token", "rotated-client"):
        await operator.providers.delete(name)
