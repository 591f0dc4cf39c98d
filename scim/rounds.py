"""A round of providers, some at a time: what goes wrong with one of them keeps no other from its turn."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable

from scim.provider import Provider
from scim.storage.rows import TableNotFound


async def visit(  # noqa: PLR0913, PLR0917 (what a round is)
    providers: Iterable[Provider],
    call: Callable[[Provider], Awaitable[None]],
    errors: list[Exception],
    until: float,
    at_once: int,
    clock: Callable[[], float] = time.monotonic,
) -> None:
    """Call on providers in turn; one that is deleted meanwhile is passed over.

    Args:
        providers: whom to call on, in this order.
        call: what is done with each.
        errors: takes what went wrong, one for each provider with which something did.
        until: the clock's reading after which no other turn begins.
        at_once: how many turns go on at the same time.
        clock: gives seconds.
    """
    turns = iter(providers)

    async def some() -> None:
        while clock() < until and (provider := next(turns, None)):
            try:
                await call(provider)
            except TableNotFound:
                continue
            except Exception as error:  # noqa: BLE001 (the others have their turns none the less)
                errors.append(error)

    async with asyncio.TaskGroup() as group:
        for _ in range(at_once):
            group.create_task(some())
