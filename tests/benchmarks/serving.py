"""Providers to measure, and their operator in this process."""

import logging
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from scim.app import App
from scim.provider import Provider
from scim.settings import Settings
from scim.storage.rows import Tables
from tests.benchmarks.load import Target


@dataclass(frozen=True, slots=True)
class Operator:
    """The operator of a service on a store, in this process; ``target`` is a new provider of it."""

    storage: str
    app: App
    provider: Provider
    target: Target


@asynccontextmanager
async def operated(storage: str, url: str, tables: Tables | None = None) -> AsyncIterator[Operator]:
    """Make a provider on a store, for the service that answers at a URL."""
    app = App.build(Settings.model_validate({"storage": storage, "public_url": url}), tables)
    logging.getLogger("scim").setLevel(logging.ERROR)  # the lines of this process are nobody's
    try:
        await app.providers.prepare()
        provider = await app.providers.create(f"b{uuid.uuid4().hex[:12]}", "entra", {})
        token = (await app.providers.issue(provider.name)).text
        yield Operator(storage, app, provider, Target(app.base_url(provider.name), token))
    finally:
        await app.close()
