"""Building: a set of members is laid down before anybody sees it, under an intent that says so.

The rows move no head and bear a name that no other attempt uses, so whoever is late harms nobody. A group's row that
comes to bear the name makes them its members; an intent that is given up makes them rubbish.
"""

import asyncio
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import batched

from scim.errors import Unavailable
from scim.storage.drafts import Draft, View
from scim.storage.intents import intend, opened, permit, record
from scim.storage.linking import Unbuilt
from scim.storage.rows import MAX_TRANSACTION_BYTES, MAX_TRANSACTION_ROWS, Create, Refused, Rows, Unsettled, wire_size

_ATTEMPTS = 8
"""Times that one transaction of such rows is sent, if nobody knows whether it applied."""
_AT_ONCE = 4
"""Transactions of such rows that are under way at the same time."""


@dataclass(frozen=True, slots=True)
class Begin:
    """Say in an intent that a set of members is being built."""

    wanted: Unbuilt

    async def __call__(self, view: View, draft: Draft) -> None:
        """Lay the intent into the draft.

        Raises:
            Held: somebody else is building one for this group.
        """
        built, kind = self.wanted.built, self.wanted.kind.name
        await permit(view, draft, built.intent)
        begun = await intend(view, draft, built.intent, kind, lambda i: replace(i, building=built.roster.name))
        record(draft, "begin", begun, built.intent)


@dataclass(frozen=True, slots=True)
class GiveUp:
    """Say in an intent that what was being built is not going to be used."""

    identifier: str
    name: str

    async def __call__(self, view: View, draft: Draft) -> None:
        """Lay it into the draft, if it still is so."""
        there = await opened(view, draft, self.identifier)
        if there is not None and there.building == self.name:
            await intend(view, draft, self.identifier, there.type, lambda intent: intent.given_up(self.identifier))
            record(draft, "follow", there, self.identifier)


async def lay_down(rows: Rows, wanted: Sequence[Create]) -> None:
    """Insert rows that only we can want to insert.

    Raises:
        Unavailable: the store does not answer.
    """
    for some in batched(_transactions(wanted), _AT_ONCE, strict=False):
        outcomes = await asyncio.gather(*(_insert(rows, each) for each in some), return_exceptions=True)
        for outcome in outcomes:
            if isinstance(outcome, BaseException):
                raise outcome


async def _insert(rows: Rows, transaction: Sequence[Create]) -> None:
    for attempt in range(_ATTEMPTS):
        await asyncio.sleep(0.05 * attempt)
        try:
            await rows.transact(transaction)
        except Unsettled:
            continue
        except Refused as refused:
            if not attempt or refused.cause != "exists":
                raise
        return
    raise Unavailable("The store does not answer; send the request again.", retry_after=5)


def _transactions(wanted: Iterable[Create]) -> Iterator[list[Create]]:
    """The rows, as many together as fit into one transaction."""
    together: list[Create] = []
    taken = 0
    for row in wanted:
        more = wire_size(row)
        if together and (len(together) == MAX_TRANSACTION_ROWS or taken + more > MAX_TRANSACTION_BYTES):
            yield together
            together, taken = [], 0
        together.append(row)
        taken += more
    if together:
        yield together
