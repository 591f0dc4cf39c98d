"""Row keys: spelled out for people, ASCII, at most 200 characters, in an order that ranges can use."""

import hashlib
import re
import secrets
import uuid

from scim.normal_forms import normal
from scim.schema import Attribute, Index, Json

HEAD = "head"

_VALUE_WIDTH = 110
"""Characters of a value in a key: with the longest alias and an id, a key stays within 200."""
WHOLE = _VALUE_WIDTH - 33
"""Characters of a value, escaped, that stand in its key however long it is."""
_PLAIN = re.compile(r"[^A-Za-z0-9._@+-]")
_BYTES = re.compile(r"(?:=[0-9a-f]{2})+")


def resource(alias: str, identifier: str) -> str:
    """The key of a resource's row, such as ``user:0199…``."""
    return f"{alias}:{identifier}"


def runs(alias: str) -> str:
    """The key of the closed runs of a resource type: beside the head, so that one range reads both."""
    return f"{HEAD}:runs:{alias}"


def index(entry: Index, value: Json, identifier: str) -> str:
    """The key of an index row; the resource's id is part of it where several may share a value."""
    stem = index_stem(entry, value)
    return stem if entry.unique else f"{stem}:{identifier}"


def index_stem(entry: Index, value: Json) -> str:
    """What the keys of all index rows for a value have in common."""
    return f"{entry.alias}:{_escape(_text(entry.target.leaf, value))}"


def kind(key: str) -> str:
    """The kind of row that a key is of, such as ``user`` or ``user.userName``; nothing of a value or an id."""
    stem, colon, _ = key.partition(":")
    return stem if colon or key == HEAD else "rows"


def value(key: str) -> str | None:
    """The value in the key of an index row, in the form it is compared in; None where not all of it stands there."""
    escaped = key.split(":")[1]
    if "~" in escaped:
        return None
    return _BYTES.sub(lambda match: bytes.fromhex(match.group().replace("=", "")).decode(errors="replace"), escaped)


def begun(entry: Index, prefix: str) -> tuple[str, str]:
    """The bounds of the keys of all index rows whose value, in the form it is compared in, begins with a prefix."""
    low = f"{entry.alias}:{_plain(prefix)[:WHOLE]}"
    return low, low[:-1] + chr(ord(low[-1]) + 1)


def after(alias: str, identifier: str) -> str:
    """What is greater than the key of a resource, and less than those of the resources created after it."""
    return f"{resource(alias, identifier)}!" if identifier else f"{alias}:"


def created_since(alias: str, milliseconds: int) -> str:
    """What is less than the keys of all resources created at or after a Unix millisecond."""
    return resource(alias, f"{milliseconds >> 16:08x}-{milliseconds & 0xFFFF:04x}-")


def member_set(name: str, generation: int = 0) -> str:
    """What the keys of the buckets of one set of members have in common."""
    return f"members:{name}:{generation:04x}"


def members(name: str, generation: int, bucket: int) -> str:
    """The key of one bucket of a set of members."""
    return f"{member_set(name, generation)}:{bucket:06x}"


def change(number: int, place: int = 0) -> str:
    """The key of a change record; ``place`` tells those of one transaction apart."""
    return f"change:{number:016x}" + (f".{place:02x}" if place else "")


def tombstone(identifier: str) -> str:
    """The key of what is left of a deleted resource."""
    return f"tombstone:{identifier}"


def intent(identifier: str) -> str:
    """The key of work begun on a resource and not yet finished."""
    return f"intent:{identifier}"


def queue(identifier: str, name: str, at: int | None = None) -> str:
    """The key of a row in a queue of an intent; without its place what the keys of all of them have in common."""
    stem = f"{intent(identifier)}:{name}"
    return stem if at is None else f"{stem}:{at:06x}"


def span(stem: str) -> tuple[str, str]:
    """The bounds of all keys that continue ``stem`` with a colon, ``stem`` itself excluded."""
    return f"{stem}:", f"{stem};"


def _text(attribute: Attribute, value: Json) -> str:
    """A value as text, the same for all values that compare as equal, such as 5 and 5.0."""
    if isinstance(value, str):
        return normal(attribute, value)
    return repr(value) if isinstance(value, float) and not value.is_integer() else str(int(value))


def _escape(value: str) -> str:
    """A value in the characters of a key; one too long ends in ``~`` and a 128-bit digest of the whole."""
    escaped = _plain(value)
    if len(escaped) <= _VALUE_WIDTH:
        return escaped
    digest = hashlib.sha256(value.encode()).hexdigest()[:32]
    return f"{escaped[:WHOLE]}~{digest}"


def _plain(value: str) -> str:
    """A value with every character that is not plain as ``=`` and the code of each of its bytes."""
    return _PLAIN.sub(lambda match: "".join(f"={byte:02x}" for byte in match.group().encode()), value)


def new_id(milliseconds: int, last: str) -> str:
    """A UUIDv7 (RFC 9562 §5.7) greater than ``last`` (blank: none yet), so that ids are in order of commits."""
    counter = secrets.randbits(11)
    if last:
        previous = int(last.replace("-", ""), 16)
        before, used = previous >> 80, previous >> 64 & 0xFFF
        if before >= milliseconds:
            milliseconds, counter = (before, used + 1) if used < 0xFFF else (before + 1, 0)  # noqa: PLR2004 (12 bits)
    bits = milliseconds << 80 | 0x7 << 76 | counter << 64 | 0b10 << 62 | secrets.randbits(62)
    return str(uuid.UUID(int=bits))


def is_id(text: str) -> bool:
    """Whether a text can be an id of ours at all; anything else is unknown without asking the store."""
    return _ID.fullmatch(text) is not None


_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
