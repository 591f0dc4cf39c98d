"""What a client needs to connect, and the file that tells it to scripts."""

import os
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Connection:
    """A provider's Base URL and a token for it; an app that is not Rollcall's has no token.

    Attributes:
        environment: what the command line needs to reach the same storage.
    """

    base_url: str
    token: str = ""
    environment: Mapping[str, str] = field(default_factory=dict)


def file_of(app_root: Path) -> Path:
    """Where the connection of the running service is written: lines a shell can read."""
    return app_root / ".local" / "connection.env"


def write(connection: Connection, file: Path) -> None:
    """Write the file whole or not at all, readable by its owner only."""
    file.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=file.parent, prefix=file.name)
    try:
        with os.fdopen(handle, "w") as growing:
            growing.write(f"BASE_URL={connection.base_url}\nTOKEN={connection.token}\n")
            growing.writelines(f"{name}='{value}'\n" for name, value in connection.environment.items())
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
