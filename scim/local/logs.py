"""What a developer sees on the terminal: the app's own lines, and of the machinery only what went wrong."""

import logging
import sys


class _Lines(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        """The app's lines say time and level themselves."""
        return record.getMessage() if record.name == "scim" else super().format(record)


def configure() -> None:
    """Set up logging for one process; each of several workers is a fresh one."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Lines("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    logging.basicConfig(handlers=[handler], level=logging.INFO, force=True)
    # The storage SDK tells of every request, with names of users in its addresses.
    logging.getLogger("azure").setLevel(logging.WARNING)
    # The worker library tells of every call, and of failures that it also gives back to us to tell.
    logging.getLogger("azure.functions").setLevel(logging.CRITICAL)
    # The host says in its own words why it cannot start; the server would only repeat it.
    logging.getLogger("uvicorn.error").setLevel(logging.CRITICAL)


def ignore_what_is_left_open() -> None:
    """A function app is never told that it ends, so its open connections at the end are no fault to tell of."""
    logging.getLogger("asyncio").setLevel(logging.CRITICAL)
