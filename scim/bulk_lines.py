"""A directory as JSON lines, each of them a bulk request (RFC 7644 §3.7).

Before them stands a line that says what they are of, behind them one that says that they are all.

A resource's bulkId is the id that it had. Lines refer to resources of lines before them, which the standard knows only
within a request: whoever sends them elsewhere puts the ids in their place that the answers before gave.
"""

import gzip
import hashlib
import json
import os
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, Self, cast

from scim.messages import BULK_REQUEST
from scim.schema import Json, JsonObject

OPERATIONS = 100
"""Operations in a line, at most: as few as any server takes."""
BYTES = 500_000
"""Bytes after which a line is ended."""
COMPRESSED = ".gz"
"""How the name of a compressed file ends."""
_MAGIC = b"\x1f\x8b"
_ABOUT = "rollcall"
_ENCODER = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))


class LinesError(Exception):
    """A file cannot be read or written as wanted; the text says why."""


@dataclass(frozen=True, slots=True)
class Header:
    """What the lines are of.

    Attributes:
        provider: the provider's name.
        table: the table of its directory.
        change: the number of the last change before the first resource was read.
        schemas: tells the provider's own schemas from others; blank where it has none.
    """

    provider: str
    table: str
    change: str
    schemas: str

    @classmethod
    def read(cls, line: bytes) -> Self | None:
        """The header in a line, if it holds one."""
        held = about(line)
        if held is None or "change" not in held:
            return None
        return cls(*(str(held.get(name, "")) for name in cls.__dataclass_fields__))

    def line(self) -> bytes:
        """The header as a line."""
        return _line({_ABOUT: {name: getattr(self, name) for name in self.__dataclass_fields__}})


def digest(custom: str) -> str:
    """What tells schemas of a provider's own from others."""
    return hashlib.sha256(custom.encode()).hexdigest()[:32] if custom else ""


def about(line: bytes) -> JsonObject | None:
    """What a line says of the others; None if it is a request."""
    content = _read(line) if line.startswith(b'{"' + _ABOUT.encode()) else None
    held = content.get(_ABOUT) if isinstance(content, dict) else None
    return held if isinstance(held, dict) else None


def end(resources: Mapping[str, int]) -> bytes:
    """The last line: the lines before it are all, and create so many resources of each type."""
    return _line({_ABOUT: {"end": dict(resources)}})


def is_end(line: bytes) -> bool:
    """Whether a line is the last one."""
    return "end" in (about(line) or {})


def operations(line: bytes) -> list[Json]:
    """The operations in a line: those of a bulk request, or the one that it is.

    Raises:
        LinesError: it is neither.
    """
    content = _read(line)
    if isinstance(content, dict):
        given = {name.lower(): held for name, held in content.items()}
        if isinstance(given.get("operations"), list):
            found: list[Json] = given["operations"]
            return found
        if "method" in given:
            return [content]
    raise LinesError("it is neither a bulk request nor one of its operations")


def request(given: list[Json]) -> JsonObject:
    """A bulk request of some operations."""
    return {"schemas": [BULK_REQUEST], "Operations": given}


@dataclass(slots=True)
class Packed:
    """Packs operations into lines.

    Attributes:
        file: where they go; a line at a time, so that a crash tears the last one at most.
    """

    file: BinaryIO
    _waiting: list[str] = field(default_factory=list)
    _bytes: int = 0

    def add(self, operation: JsonObject) -> None:
        """One more operation."""
        text = _ENCODER.encode(operation)
        self._waiting.append(text)
        self._bytes += len(text.encode())
        if len(self._waiting) >= OPERATIONS or self._bytes >= BYTES:
            self.flush()

    def flush(self) -> None:
        """End the line, if it is begun."""
        if self._waiting:
            head = _ENCODER.encode(request([])).removesuffix("]}")
            self.file.write(f"{head}{','.join(self._waiting)}]}}\n".encode())
            self.file.flush()
        self._waiting, self._bytes = [], 0


def create(path: Path) -> BinaryIO:
    """A new file that nobody else may read, for it holds personal data; one whose name ends so is compressed.

    Raises:
        LinesError: it is there already, or cannot be written.
    """
    try:
        file = os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb")
    except FileExistsError:
        raise LinesError(f"{path} is there already; --resume goes on where it ends") from None
    except OSError as error:
        raise LinesError(f"{path} cannot be written: {error.strerror}") from None
    return cast("BinaryIO", _Compressed(file)) if path.name.endswith(COMPRESSED) else file


class _Compressed(gzip.GzipFile):
    """A compressed file that is whole once it is closed."""

    def __init__(self, file: BinaryIO) -> None:
        super().__init__(filename="", mode="wb", fileobj=file)
        self._whole = file

    def close(self) -> None:
        """Write the end, and see that it is on the disk."""
        super().close()
        if not self._whole.closed:
            self._whole.flush()
            os.fsync(self._whole.fileno())
            self._whole.close()


def size(path: Path) -> int:
    """How many bytes the lines of a file have; of 4 GB and more, compressed, the rest beyond as many as can be."""
    with path.open("rb") as file:
        if file.read(2) != _MAGIC:
            return path.stat().st_size
        file.seek(-4, os.SEEK_END)
        return int.from_bytes(file.read(4), "little")


def whole_lines(path: Path, start: int = 0) -> Iterator[tuple[int, bytes]]:
    """The lines of a file from a byte on, each with the byte behind it; not one that a crash has torn.

    A compressed file is known by how it begins; the bytes are those of its lines.

    Raises:
        LinesError: it cannot be read.
    """
    try:
        with _opened(path) as file:
            file.seek(start)
            for line in file:
                if not line.endswith(b"\n"):
                    return
                start += len(line)
                yield start, line
    except EOFError:  # the end of what is compressed is missing
        return
    except (OSError, zlib.error) as error:
        why = getattr(error, "strerror", None) or "it is damaged"
        raise LinesError(f"{path} cannot be read: {why}") from None


def _opened(path: Path) -> BinaryIO:
    with path.open("rb") as file:
        compressed = file.read(2) == _MAGIC
    return cast("BinaryIO", gzip.open(path)) if compressed else path.open("rb")


def _line(content: JsonObject) -> bytes:
    return _ENCODER.encode(content).encode() + b"\n"


def _read(line: bytes) -> Json:
    try:
        return json.loads(line)
    except ValueError:
        raise LinesError("it is not JSON") from None
