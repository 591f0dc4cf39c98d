"""Where backups go: a folder, or a container of blobs; a file is there as a whole or not at all."""

import asyncio
import os
import time
import uuid
from collections.abc import AsyncIterator, Iterable
from contextlib import suppress
from pathlib import Path
from typing import Protocol

_UNFINISHED = ".part"
_FORGOTTEN = 86_400.0
"""Seconds after which nobody writes any more what is unfinished."""
_PIECE = 2**20


class PlaceError(Exception):
    """Backups cannot be written or read; the text says what to do, and holds no secret."""


class Place(Protocol):
    """Where backups go."""

    async def ready(self) -> None:
        """See that it is there.

        Raises:
            PlaceError: it is not, or lets nobody in.
        """
        ...

    async def has(self, name: str) -> bool:
        """Whether there is a file of that name; raises as ``ready`` does."""
        ...

    async def put(self, name: str, pieces: AsyncIterator[bytes]) -> bool:
        """Write a file, which is seen once it is whole; false where there is one by then, which stays as it is.

        Raises:
            PlaceError: it cannot be written.
        """
        ...

    def get(self, name: str) -> AsyncIterator[bytes]:
        """The pieces of a file.

        Raises:
            PlaceError: it is not there, or cannot be read.
        """
        ...

    async def close(self) -> None:
        """Let go of connections."""
        ...


class Folder:
    """A folder of this machine, or one that is mounted."""

    def __init__(self, path: Path) -> None:
        self._path = path

    async def ready(self) -> None:
        """See that it is there and can be written to: one that is not there may be a disk that is not mounted."""
        if not await asyncio.to_thread(self._path.is_dir):
            raise PlaceError("the folder of ROLLCALL_BACKUPS is not there: make it")
        if not os.access(self._path, os.W_OK | os.X_OK):
            raise PlaceError("the folder of ROLLCALL_BACKUPS cannot be written to")

    async def has(self, name: str) -> bool:
        """Whether there is a file of that name."""
        return await asyncio.to_thread((self._path / name).is_file)

    async def put(self, name: str, pieces: AsyncIterator[bytes]) -> bool:
        """Write a file beside its name, and give it the name."""
        path = self._path / name
        await self.ready()
        await asyncio.to_thread(self._make, path.parent)
        await asyncio.to_thread(_sweep, path.parent)
        fresh = path.with_name(f"{path.name}.{uuid.uuid4().hex}{_UNFINISHED}")
        try:
            with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
                async for piece in pieces:
                    await asyncio.to_thread(file.write, piece)
                file.flush()
                await asyncio.to_thread(os.fsync, file.fileno())
            if await self.has(name):
                return False
            fresh.replace(path)
        except OSError as error:
            raise PlaceError(f"a file cannot be written to the folder of ROLLCALL_BACKUPS: {error.strerror}") from None
        else:
            return True
        finally:
            fresh.unlink(missing_ok=True)

    async def get(self, name: str) -> AsyncIterator[bytes]:
        """The pieces of a file."""
        try:
            with (self._path / name).open("rb") as file:
                while piece := await asyncio.to_thread(file.read, _PIECE):
                    yield piece
        except OSError as error:
            raise PlaceError(f"{name} cannot be read from the folder of ROLLCALL_BACKUPS: {error.strerror}") from None

    async def close(self) -> None:
        """Nothing is held."""

    def _make(self, path: Path) -> None:
        try:
            path.mkdir(mode=0o700, exist_ok=True)
        except OSError as error:
            raise PlaceError(f"the folder of ROLLCALL_BACKUPS cannot be made: {error.strerror}") from None


def _sweep(folder: Path) -> None:
    """Delete what processes left unfinished that are gone."""
    left: Iterable[Path] = folder.glob(f"*{_UNFINISHED}")
    for path in left:
        with suppress(OSError):  # another process does the same
            if path.stat().st_mtime < time.time() - _FORGOTTEN:
                path.unlink()
