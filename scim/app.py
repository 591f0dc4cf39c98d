"""The parts put together: the only place that names a store."""

from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Self

from scim import telemetry, vault
from scim.auth import Authenticator
from scim.backup import Backup
from scim.beside import Beside
from scim.blobs import Container
from scim.endpoints import Endpoints
from scim.entra import Entra
from scim.experimental import DRAFTS
from scim.handlers import Request, Response
from scim.housekeeping import Housekeeping
from scim.oauth import TokenEndpoint
from scim.places import Folder, Place
from scim.providers import Providers
from scim.readiness import Readiness
from scim.retention import Keeping
from scim.schema import Schemas
from scim.settings import Settings
from scim.signing import Signing
from scim.storage.rows import Tables
from scim.storage.tables import AzureTables


@dataclass(frozen=True, slots=True)
class App:
    """The service, ready to answer."""

    settings: Settings
    tables: Tables
    providers: Providers
    authenticator: Authenticator
    endpoints: Endpoints
    housekeeping: Housekeeping
    retention: Keeping
    backup: Backup

    @classmethod
    def build(cls, settings: Settings, tables: Tables | None = None) -> Self:
        """The service as its settings describe it; no call is made to the store.

        Args:
            settings: the environment's.
            tables: another store than the one the settings name.
        """
        telemetry.configure()
        for sentence in settings.unknown:
            telemetry.setting_unknown(sentence)
        account = AzureTables(settings.storage, settings.identity) if tables is None else tables
        standard = Schemas.load()
        providers = Providers(account, standard, settings.cache_seconds, Schemas.load(DRAFTS))
        entra = Entra(settings.entra_authority)
        keys = vault.source(settings.signing_keys, settings.identity)
        signing = Signing(keys, settings.public_url) if settings.signing_keys else None
        authenticator = Authenticator(providers, entra, signing)
        tokens = TokenEndpoint(providers, signing, entra, settings.token_minutes) if signing else None
        place = _place(settings)
        readiness = Readiness(account, providers, signing, place, len(settings.unknown))
        beside = Beside(settings, tokens, standard, readiness)
        endpoints = Endpoints(settings, providers, authenticator, beside)
        backup = Backup(account, providers, place, partial(_base_url, settings.public_url))
        housekeeping, retention = Housekeeping(providers), Keeping(providers)
        return cls(settings, account, providers, authenticator, endpoints, housekeeping, retention, backup)

    async def handle(self, request: Request) -> Response:
        """Answer a request."""
        return await self.endpoints.handle(request)

    def base_url(self, provider: str) -> str:
        """The Base URL to paste into the identity provider."""
        return _base_url(self.settings.public_url, provider)

    async def close(self) -> None:
        """Let go of what goes on behind requests, and of connections."""
        await self.providers.close()
        await self.tables.close()
        if self.backup.place is not None:
            await self.backup.place.close()


def _base_url(public_url: str, provider: str) -> str:
    return f"{public_url}/scim/{provider}/v2"


def _place(settings: Settings) -> Place | None:
    """Where backups go, if they go anywhere."""
    where = settings.backups
    if not where:
        return None
    return Container(where, settings.identity) if "://" in where else Folder(Path(where))
