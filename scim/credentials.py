"""Credentials: what lets a client in, as it is shown once and as it is kept.

Of secrets only what recognises them is kept. They are random and long, so that a plain digest keeps them; only the
password of HTTP Basic, which people may put in places that tokens do not get into, is kept by a slow function.
"""

import hashlib
import hmac
import json
import os
import re
import secrets
import string
import zlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Literal, Self

from cryptography.exceptions import InvalidKey
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from scim.storage.rows import Property, Row

Scope = Literal["write", "read"]
Kind = Literal["token", "basic", "client", "federated", "entra"]
"""``token``: a bearer token; ``basic``: a user name and password; ``client``: an OAuth client with secrets;
``federated``: an OAuth client that Entra vouches for; ``entra``: Entra itself, with tokens of its own."""

MAX_SECRETS = 2
"""Secrets of one OAuth client at a time: the one in use, and the one to come."""
_TOKEN = re.compile(r"rollcall_([0-9a-z]{12})_([A-Za-z0-9_-]{43})_([0-9A-Za-z]{6})")
_KEY_ID = re.compile(r"[0-9a-z]{12}")
_BASE62 = string.digits + string.ascii_uppercase + string.ascii_lowercase
_WARNINGS = (5, 20, 60)
"""Days before a credential ends from which on its operator is warned, and warned again."""
_COST = {"length": 32, "n": 2**14, "r": 8, "p": 1}
"""Of scrypt: 16 MB and some 50 ms."""


@dataclass(frozen=True, slots=True)
class Secret:
    """One secret of a credential, as it is kept.

    Attributes:
        id: what tells it from the credential's other secrets.
        digest: the SHA-256 of it in hex, or salt and scrypt of a password.
        created: when it was made.
        expires: when it stops to be good; blank if never.
    """

    id: str
    digest: str = field(repr=False)
    created: str
    expires: str = ""

    @property
    def mark(self) -> str:
        """What an access token says of the secret that it was issued for: unlike its id, no later secret has it."""
        return self.digest[:16]

    def good(self, now: str) -> bool:
        """Whether it has not expired."""
        return not self.expires or now < self.expires


@dataclass(frozen=True, slots=True)
class Trust:
    """Tokens of Entra's that are taken for a client's own.

    Attributes:
        tenant: the id of the only tenant whose tokens count (``tid``).
        audience: whom they must be for (``aud``).
        application: the application that they must have been issued to (``appid`` or ``azp``).
        subject: the id of the service principal (``sub``); blank: any of the application.
    """

    tenant: str
    audience: str
    application: str
    subject: str = ""


@dataclass(frozen=True, slots=True)
class Credential:
    """What lets a client in, as it is kept.

    Attributes:
        key_id: what it is called by; of ``basic`` the user name, of ``client`` and ``federated`` the client id.
        provider: the name of the provider that it opens.
        table: that provider's table, so that it opens no later provider of the same name.
        user: the id of the user it was issued for; blank if for none.
        expires: when it stops to be good; blank if never.
        used: when it was last used, to the minute.
        used_from: the address that it was last used from.
    """

    key_id: str
    kind: Kind
    provider: str
    table: str
    scope: Scope
    created: str
    secrets: tuple[Secret, ...] = ()
    trust: Trust | None = None
    user: str = ""
    expires: str = ""
    used: str = ""
    used_from: str = ""

    @classmethod
    def decode(cls, row: Row) -> Self:
        """A credential from its row."""
        held = {name: str(value) for name, value in row.properties.items()}
        scope: Scope = "read" if held["scope"] == "read" else "write"
        return cls(
            key_id=row.key,
            kind=held["kind"],  # type: ignore[arg-type] # written by encode
            provider=held["provider"],
            table=held["table"],
            scope=scope,
            created=held["created"],
            secrets=tuple(Secret(*each) for each in json.loads(held["secrets"])),
            trust=Trust(**json.loads(held["trust"])) if held.get("trust") else None,
            user=held.get("user", ""),
            expires=held.get("expires", ""),
            used=held.get("used", ""),
            used_from=held.get("used_from", ""),
        )

    def encode(self) -> dict[str, Property]:
        """The credential as a row's properties."""
        return {
            "kind": self.kind,
            "provider": self.provider,
            "table": self.table,
            "scope": self.scope,
            "created": self.created,
            "secrets": json.dumps([[each.id, each.digest, each.created, each.expires] for each in self.secrets]),
            "trust": json.dumps(asdict(self.trust)) if self.trust else "",
            "user": self.user,
            "expires": self.expires,
            "used": self.used,
            "used_from": self.used_from,
        }

    def good(self, now: str) -> bool:
        """Whether it has not expired."""
        return not self.expires or now < self.expires

    def opened_by(self, digest: str, now: str) -> Secret | None:
        """The secret of that digest, if it is good; all are compared, in the same time whatever they are."""
        found = [each for each in self.secrets if hmac.compare_digest(each.digest, digest)]
        return found[0] if found and found[0].good(now) and self.good(now) else None

    @property
    def unused(self) -> Self:
        """All of it but how it was used last."""
        return replace(self, used="", used_from="")

    @property
    def ends(self) -> str:
        """When the client stops to be let in, if nobody does anything; blank: never."""
        last = max((each.expires or "~" for each in self.secrets), default="~")
        end = min(self.expires or "~", last)
        return "" if end == "~" else end


NOBODY = Credential("0" * 12, "token", "", "", "read", "", (Secret("", hashlib.sha256(b"").hexdigest(), ""),))
"""What is compared where there is no credential, in the time that one takes."""


@dataclass(frozen=True, slots=True)
class Token:
    """A token as it is shown once: ``rollcall_<key id>_<secret>_<checksum>``."""

    key_id: str
    text: str = field(repr=False)

    @classmethod
    def new(cls) -> Self:
        """A token of 256 random bits."""
        return cls.of(new_key_id())

    @classmethod
    def of(cls, key_id: str) -> Self:
        """A new secret of the credential with that key id, in the same form."""
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


def new_key_id() -> str:
    """A key id that no credential has yet."""
    return "".join(secrets.choice(string.digits + string.ascii_lowercase) for _ in range(12))


def is_key_id(text: str) -> bool:
    """Whether a text can be a key id at all."""
    return _KEY_ID.fullmatch(text) is not None


def federated_id(provider: str, trust: Trust) -> str:
    """The key id of an OAuth client that Entra vouches for, which an assertion tells where the request does not."""
    seen = json.dumps([provider, trust.tenant, trust.subject]).encode()
    number = int.from_bytes(hashlib.sha256(seen).digest()[:16])
    digits = string.digits + string.ascii_lowercase
    return "".join(digits[number // 36**place % 36] for place in range(12))


def entra_id(provider: str) -> str:
    """The key id of the tokens of Entra's own that a provider takes: these name no credential of ours."""
    return f"entra-{provider}"


def slow_digest(password: str) -> str:
    """What is kept of a password: salt and scrypt, in hex."""
    salt = os.urandom(16)
    return f"{salt.hex()}:{Scrypt(salt=salt, **_COST).derive(password.encode()).hex()}"


def is_password(password: str, kept: str) -> bool:
    """Whether a password is the one of which something was kept; takes as long as ``slow_digest``."""
    salt, _, derived = kept.partition(":")
    try:
        Scrypt(salt=bytes.fromhex(salt), **_COST).verify(password.encode(), bytes.fromhex(derived))
    except InvalidKey:
        return False
    return True


def at(seconds: float) -> str:
    """A Unix time as it is kept, and compared."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds").removesuffix("+00:00") + "Z"


def lifetime(credential: Credential) -> float:
    """Seconds for which the newest secret of a credential was made to be good; 0: for ever."""
    newest = max(credential.secrets, key=lambda each: int(each.id), default=None)
    if newest is None or not newest.expires:
        return 0
    return (datetime.fromisoformat(newest.expires) - datetime.fromisoformat(newest.created)).total_seconds()


def warned_days(ends: str, now: str) -> int:
    """Within how many days a credential ends, of those at which its operator is warned; 0: not so soon, or never."""
    if not ends:
        return 0
    left = datetime.fromisoformat(ends) - datetime.fromisoformat(now)
    return next((days for days in _WARNINGS if left <= timedelta(days)), 0)


def live(held: Sequence[Secret], now: str) -> tuple[Secret, ...]:
    """Those of the secrets that have not expired."""
    return tuple(each for each in held if each.good(now))


def ending(credential: Credential, when: str) -> Credential:
    """The same credential, no longer good after a time; nothing is made to last longer."""
    return replace(credential, expires=min(when, credential.expires) if credential.expires else when)


def _checksum(stem: str) -> str:
    """CRC-32 in six digits of base 62, so that a typo, or a scanner's find, is told from a token."""
    number = zlib.crc32(stem.encode())
    return "".join(_BASE62[number // 62**place % 62] for place in reversed(range(6)))
