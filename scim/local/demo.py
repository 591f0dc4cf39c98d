"""The provider that a fresh start makes, so that there is something to connect to."""

import os
import time
from contextlib import suppress

from scim import signing, vault
from scim.app import App
from scim.errors import ScimError
from scim.local.connection import Connection
from scim.providers import ProviderError
from scim.settings import Settings

NAME = "demo"

_REACHING = ("ROLLCALL_STORAGE", "ROLLCALL_PUBLIC_URL", "ROLLCALL_SIGNING_KEYS")


async def create(profile: str, previous: Connection | None = None) -> Connection:
    """Make a provider and a token for it in the storage that the environment names, before anything is served.

    Args:
        profile: The provider's profile; one that is there already keeps its own.
        previous: The connection that an earlier run on the same data left. While its token is valid it is used again,
            at the public address of this run; otherwise its provider gets a new token.
    """
    app = App.build(Settings.read(os.environ))
    try:
        await _make_keys(app.settings.signing_keys)
        await app.providers.prepare()
        with suppress(ProviderError):  # it is there already
            await app.providers.create(NAME, profile, {})
        kept = previous.token if previous is not None and await _opens(app, previous.token) else None
        token = kept or (await app.providers.issue(NAME)).text
        environment = {name: os.environ[name] for name in _REACHING if name in os.environ}
        profile_name = (await app.providers.get(NAME)).profile_name
        return Connection(app.base_url(NAME), token, environment, profile_name)
    finally:
        await app.close()


async def _make_keys(where: str) -> None:
    """Make the first signing key, where there is none: in a file that git does not know and nobody else can read."""
    if where and not where.startswith("https://"):
        try:
            await vault.source(where)()
        except FileNotFoundError:
            await vault.sink(where)(signing.write(signing.rolled((), time.time())))


async def _opens(app: App, token: str) -> bool:
    try:
        await app.authenticator.authenticate(f"Bearer {token}", NAME)
    except ScimError:
        return False
    return True
