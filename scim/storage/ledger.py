"""A ledger: which of millions of facts were told by one side only, in memory that does not grow with them.

Each fact is added where one kind of row tells it and taken away where another does. What is left in an account shows
that one of the facts booked there stands alone; a second reading of the rows finds out which.
"""

from array import array
from collections.abc import Hashable

_ACCOUNTS = 1 << 20
_WHOLE = (1 << 64) - 1


class Ledger:
    """Sums of hashes, 8 bytes for each of a million accounts; two facts hide each other once in 2^64 times."""

    def __init__(self) -> None:
        self._sums = array("Q", bytes(8 * _ACCOUNTS))

    def add(self, fact: Hashable) -> None:
        """One side tells the fact."""
        self._book(hash(fact), 1)

    def take(self, fact: Hashable) -> None:
        """The other side tells it."""
        self._book(hash(fact), -1)

    def uneven(self, fact: Hashable) -> bool:
        """Whether the fact may stand alone."""
        return self._sums[hash(fact) % _ACCOUNTS] != 0

    @property
    def even(self) -> bool:
        """Whether both sides told the same."""
        return not any(self._sums)

    def _book(self, number: int, sign: int) -> None:
        at = number % _ACCOUNTS
        self._sums[at] = (self._sums[at] + sign * number) & _WHOLE
