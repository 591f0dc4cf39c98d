"""Insisting: what an operator writes while clients write as much as they like."""

from collections.abc import Awaitable, Callable

from scim.errors import Unavailable
from scim.storage.rows import OtherLayout, SettingsChanged, Unreachable

_TRIES = 10
"""Times that clients who write may be in the way, each of them a write's own patience."""


async def insist[T](write: Callable[[], Awaitable[T]]) -> T:
    """Write, however much others write until then.

    Raises:
        Unavailable: too much; or what waiting does not change.
    """
    for _ in range(_TRIES - 1):
        try:
            return await write()
        except (Unreachable, SettingsChanged, OtherLayout):
            raise
        except Unavailable:
            continue
    return await write()
