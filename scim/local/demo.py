"""The provider that a fresh start makes, so that there is something to connect to."""

import os
from contextlib import suppress

from scim.app import App
from scim.errors import ScimError
from scim.local.connection import Connection
from scim.providers import ProviderError
from scim.settings import Settings

NAME = "demo"

_REACHING = ("ROLLCALL_STORAGE", "ROLLCALL_PUBLIC_URL")


async def create(profile: str, previous: Connection | None = None) -> Connection:
    """Make a provider and a token for it in the storage that the environment names, before anything is served.

    Args:
        profile: The provider's profile; one that is there already keeps its own.
        previous: The connection that an earlier run on the same data left. While its token is valid it is used again,
            at the public address of this run; otherwise its provider gets a new token.
    """
    app = App.build(Settings.read(os.environ))
    try:
        await app.providers.prepare()
        with suppress(ProviderError):  # it is there already
            await app.providers.create(NAME, profile, {})
        kept = previous.token if previous is not None and await _opens(app, previous.token) else None
        token = kept or (await app.providers.issue(NAME)).text
        environment = {name: os.environ[name] for name in _REACHING}
        profile_name = (await app.providers.get(NAME)).profile_name
        return Connection(app.base_url(NAME), token, environment, profile_name)
    finally:
        await app.close()


async def _opens(app: App, token: str) -> bool:
    try:
        await app.authenticator.authenticate(f"Bearer {token}", NAME)
    except ScimError:
        return False
    return True
