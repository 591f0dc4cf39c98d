"""The service in a process of its own, as ``tests.integration.host`` has it, with less in one transaction.

A set of members is built beforehand once it has three buckets, and not some 85 of them: with as many members as that
takes, nobody could kill a process hundreds of times.
"""

import sys

from scim.storage import linking
from scim.storage.rows import MAX_TRANSACTION_ROWS
from tests.integration.host import main

linking._OTHER_ROWS = MAX_TRANSACTION_ROWS - 2  # noqa: SLF001 (buckets, or rows of a queue, are what is left)

if __name__ == "__main__":
    sys.exit(main())
