"""Credentials: tokens as they are shown once, and what is kept to recognise them."""

import hashlib
import re
import secrets
import string
import zlib
from dataclasses import dataclass, field
from typing import Literal, Self

from scim.storage.rows import Property, Row

Scope = Literal["write", "read"]

_TOKEN = re.compile(r"rollcall_([0-9a-z]{12})_([A-Za-z0-9_-]{43})_([0-9A-Za-z]{6})")
_BASE62 = string.digits + string.ascii_uppercase + string.ascii_lowercase


@dataclass(frozen=True, slots=True)
class Credential:
    """A token as it is kept: not the token, but what recognises it.

    Attributes:
        user: the id of the user it was issued for; blank if for none.
    """

    key_id: str
    provider: str
    table: str
    digest: str = field(repr=False)
    scope: Scope
    created: str
    user: str = ""

    @classmethod
    def decode(cls, row: Row) -> Self:
        """A credential from its row."""
        held = {name: str(value) for name, value in row.properties.items()}
        scope: Scope = "read" if held["scope"] == "read" else "write"
        return cls(
            row.key, held["provider"], held["table"], held["digest"], scope, held["created"], held.get("user", "")
        )

    def encode(self) -> dict[str, Property]:
        """The credential as a row's properties."""
        return {
            "provider": self.provider,
            "table": self.table,
            "digest": self.digest,
            "scope": self.scope,
            "created": self.created,
            "user": self.user,
        }


@dataclass(frozen=True, slots=True)
class Token:
    """A token as it is shown once: ``rollcall_<key id>_<secret>_<checksum>``."""

    key_id: str
    text: str = field(repr=False)

    @classmethod
    def new(cls) -> Self:
        """A token of 256 random bits."""
        key_id = "".join(secrets.choice(string.digits + string.ascii_lowercase) for _ in range(12))
        stem = f"rollcall_{key_id}_{secrets.token_urlsafe(32)}"
        return cls(key_id, f"{stem}_{_checksum(stem)}")

    @classmethod
    def parse(cls, text: str) -> Self | None:
        """The token in a text; None if it is none, or was mistyped."""
        match = _TOKEN.fullmatch(text)
        return cls(match[1], text) if match and _checksum(text[:-7]) == match[3] else None

    @property
    def digest(self) -> str:
        """What is kept of the token."""
        return hashlib.sha256(self.text.encode()).hexdigest()


def _checksum(stem: str) -> str:
    """CRC-32 in six digits of base 62, so that a typo, or a scanner's find, is told from a token."""
    number = zlib.crc32(stem.encode())
    return "".join(_BASE62[number // 62**place % 62] for place in reversed(range(6)))
