"""The memory of a process; of the standard library alone, for it is asked in processes that are measured."""

import re
import subprocess
from pathlib import Path


def resident(pid: int) -> float:
    """Megabytes that a process holds now."""
    status = Path(f"/proc/{pid}/status")
    if status.exists():
        found = re.search(r"VmRSS:\s+(\d+) kB", status.read_text())
        kilobytes = found[1] if found else "0"
    else:
        kilobytes = subprocess.check_output(["ps", "-o", "rss=", "-p", str(pid)], text=True)  # noqa: S603, S607 - where ps is differs
    return round(int(kilobytes) / 1024, 1)
