"""The inventory of a storage account: who its providers are and what opens them, as lines of JSON to be kept.

With the directories' exports it is all that another account needs to take the first one's place, under the same Base
URLs and with the same tokens. Of secrets it has what the account has: digests. Keys of page cursors are made anew.
"""

import json
import secrets
import zlib
from base64 import b64encode
from collections.abc import AsyncIterator, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Self

from scim.keyring import CREDENTIALS
from scim.provider import Provider
from scim.providers import PROVIDERS, ProviderError, Providers
from scim.storage.rows import Create, Property, Refused, Row, Rows, Tables

_ABOUT = "rollcall"
_CURSORS = "cursor_key"
_KINDS = {"provider": (PROVIDERS, "provider"), "credential": (CREDENTIALS, "credential")}
"""The tables, and their partitions, by what a row of them is."""


class InventoryError(Exception):
    """A file is no inventory, or not a whole one."""


async def lines(tables: Tables) -> AsyncIterator[bytes]:
    """The inventory of an account: each row of its two tables, and last how many they are."""
    counts = dict.fromkeys(_KINDS, 0)
    for kind, (table, partition) in _KINDS.items():
        async for page in tables.rows(table, partition).range("0", "~"):
            for row in page:
                counts[kind] += 1
                held = {name: value for name, value in row.properties.items() if name != _CURSORS}
                yield _line({kind: row.key, "properties": held})
    yield _line({_ABOUT: {"end": counts}})


def _line(content: Mapping[str, object]) -> bytes:
    return json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


@dataclass(slots=True)
class Inventory:
    """An inventory that was read.

    Attributes:
        providers: the providers as they were.
        credentials: the rows of what opens them.
    """

    providers: list[Provider] = field(default_factory=list)
    credentials: list[tuple[str, Mapping[str, Property]]] = field(default_factory=list)

    @classmethod
    def read(cls, given: Iterable[bytes]) -> Self:
        """What lines say.

        Raises:
            InventoryError: they are no inventory, or its end is missing.
        """
        found, ended = cls(), False
        try:
            for line in given:
                held = json.loads(line)
                if _ABOUT in held:
                    counts = {"provider": len(found.providers), "credential": len(found.credentials)}
                    ended = held[_ABOUT]["end"] == counts
                elif "provider" in held:
                    properties = {**held["properties"], _CURSORS: b64encode(secrets.token_bytes(32)).decode()}
                    found.providers.append(Provider.decode(Row(held["provider"], "", properties)))
                else:
                    found.credentials.append((held["credential"], held["properties"]))
        except (ValueError, LookupError, TypeError, AttributeError):
            raise InventoryError("the file is no inventory of providers") from None
        except (EOFError, OSError, zlib.error):  # of what is compressed
            raise InventoryError("the inventory is damaged; delete the file, so that it is fetched anew") from None
        if not ended:
            raise InventoryError("the inventory is not whole")
        return found

    async def found(self, tables: Tables, providers: Providers, provider: Provider) -> bool:
        """Make a provider's directory, empty, and what opens it; false, and nothing made, where there is one already.

        It is disabled until somebody enables it. What broke off is made whole by doing it once more.

        Raises:
            ProviderError: there is another provider of that name.
        """
        rows = tables.rows(*_KINDS["provider"])
        there = await rows.get(provider.name)
        if there is not None and Provider.decode(there).table != provider.table:
            raise ProviderError(f"there is another provider {provider.name!r}; delete it, or restore somewhere else")
        await tables.create(provider.table)
        await providers.directory(provider).found()
        for key_id, properties in self.credentials:
            if properties.get("table") == provider.table:
                await _create(tables.rows(*_KINDS["credential"]), key_id, properties)
        return await _create(rows, provider.name, replace(provider, enabled=False).encode())


async def _create(rows: Rows, key: str, properties: Mapping[str, Property]) -> bool:
    try:
        await rows.transact([Create(key, properties)])
    except Refused:  # it is there
        return False
    return True
