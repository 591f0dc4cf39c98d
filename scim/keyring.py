"""The keyring: the credentials of all providers, kept in one table and looked up by their key ids."""

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace

from scim.credentials import (
    MAX_SECRETS,
    Credential,
    Kind,
    Scope,
    Secret,
    Token,
    Trust,
    at,
    ending,
    entra_id,
    federated_id,
    lifetime,
    live,
    slow_digest,
)
from scim.errors import ScimError
from scim.provider import Provider
from scim.storage.rows import Create, Delete, Merge, Refused, Row, Rows, Tables, Unsettled, Write

CREDENTIALS = "credentials"
_MAX_CACHED = 10_000
_NOTED_EVERY = 60.0
"""Seconds between two notes of when a credential was used."""
DAY = 86_400.0


class CredentialError(Exception):
    """What an operator asked for cannot be done to a credential; the text says why."""


class Keyring:
    """The credentials of one storage account.

    Args:
        cache_seconds: for how long a credential that was found is believed without another look.
        clock: gives Unix time in seconds.
    """

    def __init__(self, tables: Tables, cache_seconds: float = 60, clock: Callable[[], float] = time.time) -> None:
        self._tables = tables
        self._rows: Rows = tables.rows(CREDENTIALS, "credential")
        self._cache_seconds = cache_seconds
        self._clock = clock
        self._cached: dict[str, tuple[float, Credential]] = {}
        self._forgot_at = float("-inf")
        self._noted: dict[str, float] = {}
        self._notes: set[asyncio.Task[None]] = set()

    @property
    def now(self) -> str:
        """The time, as credentials have it."""
        return at(self._clock())

    async def prepare(self) -> None:
        """Create the table, if it is not there."""
        await self._tables.create(CREDENTIALS)

    async def issue(
        self, provider: Provider, kind: Kind = "token", scope: Scope = "write", user: str = "", days: float = 0
    ) -> Token:
        """A new token, password, or OAuth client with its first secret; only now can it be seen.

        Args:
            provider: what it opens.
            kind: ``token``, ``basic`` or ``client``.
            scope: what its client may do.
            user: the id of the user whom ``/Me`` is, if any.
            days: after how many it expires; 0: never.
        """
        token = Token.new()
        digest = slow_digest(token.text) if kind == "basic" else token.digest
        made = Secret("1", digest, self.now, self._in_days(days))
        credential = Credential(token.key_id, kind, provider.name, provider.table, scope, self.now, (made,), user=user)
        await self._rows.transact([Create(token.key_id, credential.encode())])
        return token

    async def trust(self, provider: Provider, trust: Trust, kind: Kind, scope: Scope = "write") -> Credential:
        """Take tokens of Entra's for a provider's client: ``federated``, for tokens of ours, or ``entra``, as they are.

        Raises:
            CredentialError: the provider trusts the same already.
        """
        key_id = entra_id(provider.name) if kind == "entra" else federated_id(provider.name, trust)
        made = Credential(key_id, kind, provider.name, provider.table, scope, self.now, trust=trust)
        row = await self._rows.get(key_id)
        if row is not None and Credential.decode(row).table == provider.table:
            raise CredentialError(f"the provider trusts it already; revoke {key_id} first")
        await self._transact(Create(key_id, made.encode()) if row is None else Merge(key_id, row.etag, made.encode()))
        self.forget(key_id)
        return made

    async def rotate(self, name: str, key_id: str, overlap: float, days: float = 0) -> Token:
        """A new token or password in place of another, or a new secret of an OAuth client.

        Args:
            name: the provider's name.
            key_id: what is to be replaced.
            overlap: for how many days the old one stays good beside the new one, at most.
            days: after how many days the new one expires; 0: as many as the one before it had, or never.

        Raises:
            CredentialError: there is no such credential, or it has no secret; or a client has two secrets already.
        """
        row, old = await self._own(name, key_id)
        if old.trust is not None:
            raise CredentialError(f"{key_id} has no secret of its own: it trusts Entra's")
        until, now = self._in_days(overlap) if overlap else self.now, self.now
        ends = self._in_days(days or lifetime(old) / DAY)
        if old.kind != "client":
            token = Token.new()
            digest = slow_digest(token.text) if old.kind == "basic" else token.digest
            made = replace(
                old,
                key_id=token.key_id,
                created=now,
                secrets=(Secret("1", digest, now, ends),),
                expires="",
                used="",
                used_from="",
            )
            await self._transact(
                Create(token.key_id, made.encode()), Merge(key_id, row.etag, ending(old, until).encode())
            )
        else:
            kept = live(old.secrets, at(self._clock() - DAY))  # what an expired one was good for may still be
            if overlap and len(live(kept, now)) >= MAX_SECRETS:
                raise CredentialError(f"{key_id} has two secrets already; revoke one of them, or wait for its end")
            token = Token.of(key_id)
            number = str(max((int(each.id) for each in old.secrets), default=0) + 1)
            aged = [replace(each, expires=min(each.expires or "~", old.expires or "~", until)) for each in kept]
            fresh = Secret(number, token.digest, now, ends)
            await self._change(row, replace(old, secrets=(*(aged if overlap else ()), fresh), expires=""))
        self.forget(key_id)
        return token

    async def expire(self, name: str, key_id: str, days: float) -> Credential:
        """Let a credential end after so many days, if it does not before."""
        row, old = await self._own(name, key_id)
        return await self._change(row, ending(old, at(self._clock() + days * DAY)))

    async def revoke(self, name: str, key_id: str, secret: str = "") -> None:
        """Make a credential worthless, or one of its secrets: here at once, elsewhere within the time it is cached.

        What was issued for it is worthless, too.

        Raises:
            CredentialError: the provider has no such credential, or it no such secret.
        """
        row, held = await self._own(name, key_id)
        if secret:
            left = tuple(each for each in held.secrets if each.id != secret)
            if len(left) == len(held.secrets):
                raise CredentialError(f"{key_id} has no secret {secret!r}")
            await self._change(row, replace(held, secrets=left))
        else:
            with suppress(Refused):  # somebody else revoked it
                await self._rows.transact([Delete(key_id)])
            self.forget(key_id)

    async def revoke_all(self, name: str) -> None:
        """Make all credentials of a provider worthless."""
        for credential in await self.of(name):
            with suppress(Refused):  # somebody else revoked it
                await self._rows.transact([Delete(credential.key_id)])
            self.forget(credential.key_id)

    async def of(self, name: str) -> list[Credential]:
        """A provider's credentials."""
        found = [Credential.decode(row) async for page in self._rows.range("0", "~") for row in page]
        return [credential for credential in found if credential.provider == name]

    async def get(self, key_id: str) -> Credential | None:
        """The credential of that key id, from the store."""
        row = await self._rows.get(key_id)
        return Credential.decode(row) if row else None

    def cached(self, key_id: str) -> Credential | None:
        """The credential of that key id as it was a short while ago, if it was right then."""
        held = self._cached.get(key_id)
        return held[1] if held is not None and held[0] > time.monotonic() else None

    def remember(self, credential: Credential, asked_at: float) -> None:
        """Believe for a while that a credential is as it was at a monotonic time, unless one was forgotten since."""
        if asked_at <= self._forgot_at:
            return
        if len(self._cached) >= _MAX_CACHED:
            self._cached.clear()
        self._cached[credential.key_id] = asked_at + self._cache_seconds, credential

    def forget(self, key_id: str) -> None:
        """Look into the store when the credential is next asked for."""
        self._cached.pop(key_id, None)
        self._forgot_at = time.monotonic()

    def note_use(self, credential: Credential, address: str) -> None:
        """Write down that a credential is being used, while its client is answered.

        Once a minute at most, whichever processes it is used in.
        """
        now = self._clock()
        if now - self._noted.get(credential.key_id, 0) < _NOTED_EVERY:
            return
        if len(self._noted) >= _MAX_CACHED:
            self._noted.clear()
        self._noted[credential.key_id] = now
        task = asyncio.create_task(self._note(credential.key_id, now, address))
        self._notes.add(task)
        task.add_done_callback(self._notes.discard)

    async def close(self) -> None:
        """Wait for the notes that are being written."""
        await asyncio.gather(*self._notes, return_exceptions=True)

    async def _note(self, key_id: str, now: float, address: str) -> None:
        with suppress(ScimError, Refused, Unsettled):  # another process may have noted it, and nothing depends on it
            row = await self._rows.get(key_id)
            if row is not None and str(row.properties.get("used", "")) <= at(now - _NOTED_EVERY):
                await self._rows.transact([Merge(key_id, row.etag, {"used": at(now), "used_from": address[:45]})])

    async def _own(self, name: str, key_id: str) -> tuple[Row, Credential]:
        row = await self._rows.get(key_id) if key_id.isascii() and "/" not in key_id else None
        credential = Credential.decode(row) if row else None
        if row is None or credential is None or credential.provider != name:
            raise CredentialError(f"provider {name!r} has no credential with the key id {key_id!r}")
        return row, credential

    async def _change(self, row: Row, after: Credential) -> Credential:
        await self._transact(Merge(row.key, row.etag, after.encode()))
        self.forget(row.key)
        return after

    async def _transact(self, *writes: Write) -> None:
        try:
            await self._rows.transact(writes)
        except Refused:
            raise CredentialError("somebody else changed the credential at the same time; try again") from None

    def _in_days(self, days: float) -> str:
        return at(self._clock() + days * DAY) if days else ""
