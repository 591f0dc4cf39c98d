"""``python -m scim.local``: deaf to no signal while all the rest is still being imported."""

import os
import signal
import sys
from types import FrameType

if sys.version_info < (3, 13):  # noqa: UP036 - whoever starts it with an older Python must be told in words
    sys.exit(f"Rollcall needs Python 3.13 or newer; this is {sys.version.split()[0]}.")


def _leave(_signal: int, _frame: FrameType | None) -> None:
    os._exit(0)  # nothing has been started yet, so there is nothing to stop


if __name__ == "__main__":
    for stop in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(stop, _leave)

    from scim.local.run import main

    sys.exit(main())
