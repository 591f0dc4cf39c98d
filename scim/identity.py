"""Who this process is to Azure: one identity for the tables, the key vault and the backups alike."""

import asyncio
from typing import Any, Self

from azure.core.credentials import AccessToken
from azure.core.exceptions import ClientAuthenticationError

_SECONDS = 8.0
"""To wait for a token: less than a call to the store may take, so that it is not the store that seems to be silent."""
_CLOUDS = {".usgovcloudapi.net": "us", ".azure.us": "us", ".chinacloudapi.cn": "cn", ".azure.cn": "cn"}
"""The ends of hosts in Azure's other clouds, and those of their audiences."""


class Identity:
    """Gives tokens for Azure; nobody is asked for one before it is needed.

    Args:
        client_id: the client id of a user-assigned managed identity; blank: whoever is signed in where this runs.
    """

    def __init__(self, client_id: str = "") -> None:
        self._client_id = client_id
        self._credential: Any = None

    async def get_token(self, *scopes: str, **options: Any) -> AccessToken:  # noqa: ANN401 (as the SDK's own)
        """A token, as the SDK's credentials give it.

        Raises:
            ClientAuthenticationError: nobody is signed in, or the identity's endpoint does not answer.
        """
        if self._credential is None:
            from azure.identity import aio  # noqa: PLC0415 (heavy, and for deployments only)

            named = self._client_id
            self._credential = aio.ManagedIdentityCredential(client_id=named) if named else aio.DefaultAzureCredential()
        try:
            async with asyncio.timeout(_SECONDS):
                token: AccessToken = await self._credential.get_token(*scopes, **options)
        except TimeoutError as error:
            raise ClientAuthenticationError("The identity's endpoint does not answer.") from error
        return token

    async def close(self) -> None:
        """Let go of connections."""
        if self._credential is not None:
            await self._credential.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()


def tables_scope(host: str) -> str:
    """What a token for tables is asked for, by where they are.

    Table Storage and Cosmos DB are two services, and each of Azure's clouds has audiences of its own for them: those
    that the SDKs of other languages call ``TableAudience``.
    """
    service = "cosmos" if ".table.cosmos." in host else "storage"
    cloud = next((cloud for end, cloud in _CLOUDS.items() if host.endswith(end)), "com")
    return f"https://{service}.azure.{cloud}/.default"


def vault_scope(host: str) -> str:
    """What a token for a key vault is asked for: each cloud has vaults, and an audience, of its own."""
    return f"https://vault.{host.rpartition('.vault.')[2]}/.default"
