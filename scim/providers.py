"""Provisioning providers: their settings, their schemas, and their directories.

Their rows lie in a table of their own; what opens them is on the keyring.
"""

import secrets
import time
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import replace

from scim import addresses, experimental
from scim.changes import Origin
from scim.credentials import Credential, Kind, Scope, Token, at
from scim.custom import Custom
from scim.extending import extended
from scim.keyring import Keyring
from scim.profiles import PROFILES
from scim.provider import Provider, is_name
from scim.schema import Schemas
from scim.schema_changes import compare
from scim.storage.directory import Directory
from scim.storage.rows import Create, Delete, Merge, Refused, Row, Rows, Tables

PROVIDERS = "providers"
_MAX_SCHEMAS = 200  # different ones that a process keeps at hand
_AT_THE_SAME_TIME = "somebody else changed the provider at the same time; try again"
_OPERATOR = Origin("operator", "")


class ProviderError(Exception):
    """What an operator asked for cannot be done; the text says why."""


class Providers:
    """The providers of one storage account.

    Args:
        standard: what every provider serves.
        drafts: what providers whose switches say so serve beside that; None where no provider is to.
    """

    def __init__(
        self, tables: Tables, standard: Schemas, cache_seconds: float = 60, drafts: Schemas | None = None
    ) -> None:
        self._tables = tables
        self._standard = standard
        self._drafts = drafts
        self._rows: Rows = tables.rows(PROVIDERS, "provider")
        self.keyring = Keyring(tables, cache_seconds)
        self._cache_seconds = cache_seconds
        self._cached: dict[str, tuple[float, Provider]] = {}
        self._directories: dict[str, tuple[Schemas, Directory]] = {}
        self._schemas: dict[tuple[bool, bool, str, str], Schemas] = {}

    async def prepare(self) -> None:
        """Create the two tables, if they are not there."""
        await self._tables.create(PROVIDERS)
        await self.keyring.prepare()

    async def create(self, name: str, profile: str, switches: Mapping[str, str]) -> Provider:
        """A new provider with an empty directory.

        Raises:
            ProviderError: the name is taken or not fit for a URL, or a profile or switch is unknown.
        """
        if not is_name(name):
            raise ProviderError(f"{name!r} is no name for a provider: use 1 to 63 of a-z, 0-9 and inner hyphens")
        _known(profile, switches)
        provider = Provider(
            name=name,
            table=f"p{uuid.uuid4().hex}",
            profile_name=profile,
            switches=dict(switches),
            cursor_key=secrets.token_bytes(32),
            created=at(time.time()),
        )
        await self.prepare()
        if await self._rows.get(name) is not None:
            raise ProviderError(f"there is a provider {name!r} already")
        await self._tables.create(provider.table)
        await self.directory(provider).found()
        try:
            await self._rows.transact([Create(name, provider.encode())])
        except Refused:
            await self._tables.drop(provider.table)
            raise ProviderError(f"there is a provider {name!r} already") from None
        return provider

    async def get(self, name: str) -> Provider:
        """The provider of that name, from the store.

        Raises:
            ProviderError: there is none.
        """
        return Provider.decode(await self._row(name))

    async def cached(self, name: str) -> Provider | None:
        """The provider of that name as it was at most ``cache_seconds`` ago; None if there was none."""
        held = self._cached.get(name)
        return held[1] if held and held[0] > time.monotonic() else await self.refreshed(name)

    async def refreshed(self, name: str) -> Provider | None:
        """The provider of that name as it is now, cached from now on; None if there is none."""
        row = await self._rows.get(name)
        if row is None:
            self.forget(name)
            return None
        provider = Provider.decode(row)
        self._cached[name] = time.monotonic() + self._cache_seconds, provider
        return provider

    async def opened_by(self, name: str, credential: Credential) -> Provider | None:
        """The provider of that name, if it is the one that a credential was issued for, and no later one."""
        for look in (self.cached, self.refreshed):  # it may have been made anew since it was cached
            provider = await look(name)
            if provider is not None and provider.table == credential.table:
                return provider
        return None

    def forget(self, name: str) -> None:
        """Cache nothing of the provider of that name."""
        self._cached.pop(name, None)

    async def all(self) -> list[Provider]:
        """Every provider, by name."""
        return [Provider.decode(row) async for page in self._rows.range("0", "~") for row in page]

    async def set(self, name: str, switches: Mapping[str, str]) -> Provider:
        """Override switches of a provider's profile.

        Raises:
            ProviderError: a switch is unknown, or may not be changed on a directory that holds resources.
        """
        row = await self._row(name)
        before = Provider.decode(row)
        merged = {**before.switches, **switches}
        _known(before.profile_name, merged)
        after = replace(before, switches=merged)
        changes_keys = after.profile.unique_group_names != before.profile.unique_group_names
        if changes_keys and not await self.directory(after).adopt(_OPERATOR):
            raise ProviderError("unique_group_names can be changed only while the directory is empty")
        return await self._update(row, after)

    async def replace(self, before: Provider, after: Provider) -> None:
        """Write a provider that has just been read, if it is still what it was.

        Raises:
            ProviderError: there is none any more, or somebody else changed it at the same time.
        """
        row = await self._row(before.name)
        if Provider.decode(row) != before:
            raise ProviderError(_AT_THE_SAME_TIME)
        if after != before:
            await self._update(row, after)

    async def enable(self, name: str, *, enabled: bool) -> Provider:
        """Let a provider's clients be served, or turn them away with 403."""
        row = await self._row(name)
        return await self._update(row, replace(Provider.decode(row), enabled=enabled))

    async def delete(self, name: str) -> None:
        """Disable a provider, then delete its credentials, its directory, and last the row that names them.

        Whatever breaks off on the way, deleting it once more finishes the work.

        Raises:
            ProviderError: there is none, or somebody else changed it at the same time.
        """
        row = await self._row(name)
        provider = replace(Provider.decode(row), enabled=False)
        etag = await self._write(name, Merge(name, row.etag, provider.encode()))
        await self.keyring.revoke_all(name)
        await self._tables.drop(provider.table)
        await self._write(name, Delete(name, etag))

    async def close(self) -> None:
        """Leave what goes on behind requests to others."""
        await self.keyring.close()
        for _, directory in self._directories.values():
            await directory.finishing.close()

    def directory(self, provider: Provider) -> Directory:
        """The provider's directory: one per process, so that its writers do not collide."""
        held, schemas = self._directories.get(provider.table), self.schemas(provider)
        if held is None or held[0] is not schemas:
            held = self._directories[provider.table] = schemas, self.opened(provider)
        return held[1]

    def open_directory(self, provider: Provider) -> Directory | None:
        """The provider's directory, if this process has had to do with it."""
        held = self._directories.get(provider.table)
        return held[1] if held else None

    def opened(self, provider: Provider) -> Directory:
        """The provider's directory once more, for somebody who changes what the others take it for."""
        return Directory(self._tables.rows(provider.table, provider.table), self.schemas(provider))

    def schemas(self, provider: Provider) -> Schemas:
        """The schemas that a provider serves: the standard's, as its switches want them, and its own.

        Raises:
            CustomError: its own may not be as they are written.
        """
        profile = provider.profile
        unique, tried = profile.unique_group_names, profile.group_memberships
        held = self._schemas.get((unique, tried, provider.custom, provider.coming))
        if held is None:
            served = self._standard if unique else self._standard.without_uniqueness("Group", "displayName")
            served = experimental.tried(served, self._drafts) if tried and self._drafts else served
            held = extended(served, Custom.read(provider.custom)) if provider.custom else served
            held = _building(held, extended(served, Custom.read(provider.coming))) if provider.coming else held
            if len(self._schemas) >= _MAX_SCHEMAS:
                self._schemas.clear()
            self._schemas[unique, tried, provider.custom, provider.coming] = held
        return held

    async def issue(
        self, name: str, scope: Scope = "write", user: str = "", kind: Kind = "token", days: float = 0
    ) -> Token:
        """A new token, password, or OAuth client for a provider; only now can it be seen.

        Args:
            name: the provider's name.
            scope: what its client may do.
            user: the id of the user whom ``/Me`` is for it, if for any.
            kind: ``token``, ``basic`` or ``client``.
            days: after how many it expires; 0: never.

        Raises:
            ProviderError: there is no such provider or user.
        """
        provider = await self.get(name)
        users = self.schemas(provider).types["User"]
        if user and await self.directory(provider).get(users, user, members=False) is None:
            raise ProviderError(f"provider {name!r} has no user with the id {user!r}")
        return await self.keyring.issue(provider, kind, scope, user, days)

    async def allow(self, name: str, networks: Sequence[str]) -> Provider:
        """Let requests come from some networks only; from everywhere, if there are none.

        Raises:
            ProviderError: one of them is no network.
        """
        row = await self._row(name)
        try:
            allowed = addresses.networks(networks)
        except ValueError as error:
            raise ProviderError(f"{error}; write a network such as 192.0.2.0/24 or 2001:db8::/32") from None
        return await self._update(row, replace(Provider.decode(row), allowed=allowed))

    async def retain(self, name: str, days: int) -> Provider:
        """Let a provider's change records keep personal values for so many days."""
        row = await self._row(name)
        return await self._update(row, replace(Provider.decode(row), retention_days=days))

    async def _row(self, name: str) -> Row:
        row = await self._rows.get(name) if is_name(name) else None
        if row is None:
            raise ProviderError(f"there is no provider {name!r}")
        return row

    async def _update(self, row: Row, provider: Provider) -> Provider:
        await self._write(row.key, Merge(row.key, row.etag, provider.encode(row.properties)))
        return provider

    async def _write(self, name: str, write: Merge | Delete) -> str:
        """Change a provider's row as it was read; gives its new etag."""
        try:
            (etag,) = await self._rows.transact([write])
        except Refused as refused:
            if refused.cause != "missing" or isinstance(write, Merge):
                raise ProviderError(_AT_THE_SAME_TIME) from None
            etag = ""
        self.forget(name)
        return etag


def _building(schemas: Schemas, coming: Schemas) -> Schemas:
    """The same schemas, with the indexes kept that others have beside theirs."""
    built = compare(schemas, coming).indexes
    types = {name: replace(kind, building=built.get(name, ())) for name, kind in schemas.types.items()}
    return replace(schemas, types=types, digest=f"{schemas.digest} coming={coming.digest}")


def _known(profile: str, switches: Mapping[str, str]) -> None:
    if profile not in PROFILES:
        raise ProviderError(f"there is no profile {profile!r}; the profiles are {', '.join(PROFILES)}")
    try:
        PROFILES[profile].override(dict(switches))
    except ValueError as error:
        raise ProviderError(str(error)) from None
