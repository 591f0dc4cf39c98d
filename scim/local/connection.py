"""What a client needs to connect, and the file that tells it to scripts."""

import os
import socket
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from scim.local import ports


@dataclass(frozen=True, slots=True)
class Connection:
    """A provider's Base URL and a token for it; an app that is not Rollcall's has no token.

    Attributes:
        environment: what the command line needs to reach the same storage.
        profile: the provider's profile.
    """

    base_url: str
    token: str = ""
    environment: Mapping[str, str] = field(default_factory=dict)
    profile: str = ""

    @property
    def lines(self) -> str:
        """The connection as a shell reads it."""
        environment = "".join(f"{name}='{value}'\n" for name, value in self.environment.items())
        return f"BASE_URL={self.base_url}\nTOKEN={self.token}\n{environment}"


def file_of(app_root: Path) -> Path:
    """Where the connection of the running service is written: lines a shell can read."""
    return app_root / ".local" / "connection.env"


def kept_in(data: Path) -> Path:
    """Where the connection stays with kept data, for the next run on them."""
    return data / "connection.env"


def write(connection: Connection, file: Path) -> None:
    """Write the file whole or not at all, readable by its owner only."""
    file.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=file.parent, prefix=file.name)
    try:
        with os.fdopen(handle, "w") as growing:
            growing.write(connection.lines)
        Path(name).replace(file)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def read(file: Path) -> Connection | None:
    """The connection that an earlier run left, if it left one."""
    try:
        lines = file.read_text().splitlines()
    except FileNotFoundError:
        return None
    values = dict(line.split("=", 1) for line in lines if "=" in line)
    return Connection(values.get("BASE_URL", ""), values.get("TOKEN", ""))


def withdraw(connection: Connection, file: Path) -> None:
    """Remove the file, unless it tells of another service by now."""
    try:
        ours = file.read_text() == connection.lines
    except FileNotFoundError:
        return
    if ours:
        file.unlink(missing_ok=True)


def alive_elsewhere(file: Path, ours: Connection, port: int) -> str | None:
    """The Base URL of which the file tells, where that is another running service's.

    Args:
        file: What an earlier service wrote, if one did.
        ours: The connection of this one.
        port: The port on which this one listens, whatever its Base URL says.
    """
    earlier = read(file)
    if earlier is None:
        return None
    try:
        there = urlsplit(earlier.base_url)
        address = there.hostname or "", there.port or (443 if there.scheme == "https" else 80)
    except ValueError:
        return None
    if not address[0] or address == (ports.LOOPBACK, port) or there.netloc == urlsplit(ours.base_url).netloc:
        return None
    try:
        socket.create_connection(address, timeout=1).close()
    except OSError:
        return None
    return earlier.base_url
