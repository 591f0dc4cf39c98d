"""Where the signing keys are kept: a secret in Azure Key Vault, or a file that only its owner can read."""

import asyncio
import json
import os
from collections.abc import Awaitable, Callable
from pathlib import Path
from urllib.parse import urlsplit

import aiohttp
from azure.core.exceptions import AzureError

from scim.identity import Identity, vault_scope
from scim.signing import Source

_VERSION = "7.4"
_SECONDS = 10.0
"""To wait for the identity and the vault together."""


def source(where: str, client_id: str = "") -> Source:
    """What reads the keys at a place, a key vault as the identity of a client id."""
    if where.startswith("https://"):
        return lambda: _vault("GET", where, client_id)
    return lambda: asyncio.to_thread(Path(where).read_text, "ascii", "replace")


def sink(where: str, client_id: str = "") -> Callable[[str], Awaitable[None]]:
    """What writes the keys to a place, likewise."""

    async def write(text: str) -> None:
        if where.startswith("https://"):
            await _vault("PUT", where, client_id, {"value": text, "contentType": "application/x-pem-file"})
        else:
            await asyncio.to_thread(_write_file, Path(where), text)

    return write


def _write_file(path: Path, text: str) -> None:
    """Replace a file as a whole; nobody else can read it at any time."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_suffix(".new")
    fresh.unlink(missing_ok=True)  # whatever broke off before may be readable for others
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
    fresh.replace(path)


async def _vault(method: str, url: str, client_id: str, body: dict[str, str] | None = None) -> str:
    """The value of a secret, after what was asked of it.

    Raises:
        OSError: it cannot be had.
        FileNotFoundError: there is no such secret yet.
    """
    host = urlsplit(url).netloc
    try:
        async with (
            asyncio.timeout(_SECONDS),
            Identity(client_id) as identity,
            aiohttp.ClientSession(trust_env=True) as session,
        ):
            token = await identity.get_token(vault_scope(host))
            headers = {"Authorization": f"Bearer {token.token}"}
            parameters = {"api-version": _VERSION}
            async with session.request(method, url, params=parameters, headers=headers, json=body) as answer:
                if answer.status == 404:  # noqa: PLR2004 (HTTP's)
                    raise FileNotFoundError(f"the key vault {host} has no such secret")
                answer.raise_for_status()
                return str(json.loads(await answer.read())["value"])
    except (AzureError, aiohttp.ClientError, TimeoutError, LookupError, ValueError) as error:
        raise OSError(f"the key vault {host} does not give the signing keys: {type(error).__name__}") from None
