"""Probes and timers as the host runs them, and an account that is restored from what the timers wrote."""

import asyncio
import os
import random
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from scim.app import App
from scim.blobs import Container
from scim.local.options import REPOSITORY
from scim.settings import Settings
from tests.client import Client
from tests.contract.containers import made
from tests.hosting import Host, hosted
from tests.integration.conftest import Connect
from tests.transfer import assert_same, contents, fill

TIMERS = ("housekeeping", "retention", "backup")


async def test_probes_are_answered_without_a_token_and_other_methods_are_not(service: Host, connect: Connect) -> None:
    await connect()
    async with httpx.AsyncClient(base_url=service.url, timeout=30) as http:
        health, ready = await http.get("/health"), await http.get("/ready")
        assert (health.status_code, health.json()) == (200, {"status": "ok"})
        assert (ready.status_code, ready.json()["ready"]) == (200, True)
        assert [each["name"] for each in ready.json()["checks"]] == ["providers", "credentials", "layouts"]
        assert (await http.head("/ready")).status_code == 200
        refused = await http.post("/ready")
        assert (refused.status_code, refused.headers["Allow"]) == (405, "GET")
        assert (await http.get("/ready/more")).status_code == 404


@dataclass(frozen=True, slots=True)
class Kept:
    """A service whose backups go to a container."""

    host: Host
    container: str


@pytest.fixture
def kept(blobs: str) -> Iterator[Kept]:
    container = asyncio.run(made(blobs))
    with hosted(blobs, ROLLCALL_CACHE_SECONDS="1", ROLLCALL_BACKUPS=container) as host:
        yield Kept(host, container)


def test_each_timer_runs_when_told_to_and_a_lost_account_is_restored_from_its_work(
    kept: Kept, azurite: str, tmp_path: Path
) -> None:
    url, said = kept.host.url, kept.host.said

    def app(storage: str) -> App:
        return App.build(Settings.model_validate({"storage": storage, "public_url": url}))

    async def first() -> tuple[str, str]:
        old = app(kept.host.storage)
        await old.providers.prepare()
        name = f"contoso-{os.getpid()}"
        client = Client(old, await old.providers.create(name, "entra", {}), (await old.providers.issue(name)).text)
        await fill(client, 40, 6, 60, random.Random(7))  # noqa: S311 (no secret)
        async with httpx.AsyncClient(base_url=url, timeout=30) as http:
            assert (await http.post("/admin/functions/nobody")).status_code == 404
            assert (await http.get("/admin/functions/backup")).status_code == 404
            ready = (await http.get("/ready")).json()
            assert {each["name"]: each["ok"] for each in ready["checks"]}["backups"] is True
            for timer in TIMERS:
                assert (await http.post(f"/admin/functions/{timer}", json={"input": ""})).status_code == 202
        place, night = Container(kept.container), datetime.now(UTC).date().isoformat()
        for _ in range(600):
            lines = said.read_text()
            if all(f'"timer":"{timer}","outcome":"ok"' in lines for timer in TIMERS):
                break
            await asyncio.sleep(0.1)
        assert await place.has(f"_account/{night}.done")
        assert await place.has(f"{name}/{night}.jsonl.gz")
        await place.close()
        await old.close()
        return name, client.token

    name, token = asyncio.run(first())
    words = ("restore", datetime.now(UTC).date().isoformat(), "--into", str(tmp_path / "kept"), "--provider", name)
    restored = subprocess.run(  # noqa: S603 (our own command)
        [sys.executable, "-m", "scim", *words],
        cwd=REPOSITORY,
        env=os.environ | {"ROLLCALL_STORAGE": azurite, "ROLLCALL_PUBLIC_URL": url, "ROLLCALL_BACKUPS": kept.container},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert restored.returncode == 0, restored.stderr
    assert f"{name} is restored" in restored.stdout

    async def second() -> None:
        old, new = app(kept.host.storage), app(azurite)
        assert_same(await contents(old, name), await contents(new, name))
        client = Client(new, await new.providers.get(name), token)
        assert (await client.get("/Users?count=1")).json["totalResults"] == 40
        await new.providers.delete(name)
        await old.close()
        await new.close()

    asyncio.run(second())
