"""A provisioning provider, as its row has it.

It is one identity provider's connection, with its own Base URL, credentials, settings and directory.
"""

import base64
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Self

from scim.addresses import within
from scim.profiles import PROFILES, Profile
from scim.storage.rows import Properties, Property, Row, pack, unpack

_RETENTION_DAYS = 90
_NAME = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")


def is_name(text: str) -> bool:
    """Whether a provider can be called so."""
    return _NAME.fullmatch(text) is not None


@lru_cache(maxsize=256)
def _profile(name: str, switches: tuple[tuple[str, str], ...]) -> Profile:
    """A profile with switches overridden: asked for several times in each request."""
    return PROFILES[name].override(dict(switches))


@dataclass(frozen=True, slots=True)
class Provider:
    """A provisioning provider.

    Attributes:
        name: its name in URLs, such as ``contoso``.
        table: the table that holds its directory, never used again once the provider is deleted.
        profile_name: the profile it was created with.
        switches: single switches of the profile that it overrides.
        enabled: whether its clients are served.
        cursor_key: the key under which page cursors are sealed.
        retention_days: how long change records keep personal values.
        custom: the schemas of its own, as ``Custom.text`` has them; blank where it has none.
        coming: those that it is to have once their new indexes are built; blank where there are none to build.
        allowed: the networks that its requests may come from; none: any.
    """

    name: str
    table: str
    profile_name: str
    switches: Mapping[str, str] = field(default_factory=dict)
    enabled: bool = True
    cursor_key: bytes = field(default=b"", repr=False)
    retention_days: int = _RETENTION_DAYS
    created: str = ""
    custom: str = field(default="", repr=False)
    coming: str = field(default="", repr=False)
    allowed: tuple[str, ...] = ()

    @property
    def profile(self) -> Profile:
        """How tolerant the provider is of its client."""
        return _profile(self.profile_name, tuple(self.switches.items()))

    def lets_in(self, address: str) -> bool:
        """Whether its requests may come from an address, which is blank where nobody knows it."""
        return not self.allowed or within(address, self.allowed)

    @classmethod
    def decode(cls, row: Row) -> Self:
        """A provider from its row."""
        held = row.properties
        return cls(
            name=row.key,
            table=str(held["table"]),
            profile_name=str(held["profile"]),
            switches=json.loads(str(held["switches"])),
            enabled=bool(held["enabled"]),
            cursor_key=base64.b64decode(str(held["cursor_key"])),
            retention_days=int(held["retention_days"]),
            created=str(held["created"]),
            custom=unpack(held, "schemas", ""),
            coming=unpack(held, "coming", ""),
            allowed=tuple(str(held.get("allowed", "")).split()),
        )

    def encode(self, previous: Properties | None = None) -> dict[str, Property]:
        """The provider as a row's properties; see ``pack`` for ``previous``."""
        return {
            "table": self.table,
            "profile": self.profile_name,
            "switches": json.dumps(dict(self.switches)),
            "enabled": self.enabled,
            "cursor_key": base64.b64encode(self.cursor_key).decode(),
            "retention_days": self.retention_days,
            "created": self.created,
            "allowed": " ".join(self.allowed),
            **pack("schemas", self.custom, previous),
            **pack("coming", self.coming, previous),
        }
