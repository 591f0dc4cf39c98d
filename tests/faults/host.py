"""The service in a process of its own, as ``tests.integration.host`` has it, in which rare things are common.

A set of members is built beforehand once it has three buckets, and not some 85 of them, and a queue has several rows
from 101 members on: with as many members as that takes, nobody could kill a process hundreds of times. And the clock
moves once in a second, so that processes which write at the same time give their changes the same number, and must
tell them apart by more than that.
"""

import sys
import time
from types import SimpleNamespace

from scim.storage import commit, intents, linking
from scim.storage.rows import MAX_TRANSACTION_ROWS
from tests.integration.host import main

_SECOND = 10**9

linking._OTHER_ROWS = MAX_TRANSACTION_ROWS - 2  # noqa: SLF001 (buckets, or rows of a queue, are what is left)
intents.QUEUED = 100
vars(commit)["time"] = SimpleNamespace(time_ns=lambda: time.time_ns() // _SECOND * _SECOND, monotonic=time.monotonic)

if __name__ == "__main__":
    sys.exit(main())
