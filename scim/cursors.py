"""Cursors (RFC 9865): the place in a query's answer at which the next page begins, sealed.

A cursor is encrypted and signed under its provider's key. It holds no more than a place and can be read by nobody
else; it is good for the query it was made for and for as long as its seal is fresh, on any instance of the service.
"""

import base64
import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass

from cryptography.fernet import Fernet, InvalidToken

from scim.errors import ExpiredCursor, InvalidCount, InvalidCursor
from scim.schema import Json

_LENGTH = 8_000
"""Characters in a cursor, at most: far more than any of ours has."""


@dataclass(frozen=True, slots=True)
class Place:
    """How far the pages of an answer have come.

    Attributes:
        kind: alias of the type of the last resource that was looked at.
        id: its id; blank where none of that type was yet.
        key: what it is sorted by, where the order is not that of creation.
        total: how many resources there were in all when the first page was made, where that is known.
        scanned: whether resources are read one after another, because index rows were found not to help.
    """

    kind: str
    id: str
    key: tuple[Json, ...] = ()
    total: int | None = None
    scanned: bool = False


class Cursors:
    """Seals and opens the cursors of one query."""

    def __init__(self, key: bytes, seconds: int, query: Sequence[Json]) -> None:
        """Bind cursors to a query.

        Args:
            key: the provider's own 32 bytes.
            seconds: how long a cursor is good for.
            query: what they are bound to: the directory and what is asked of it, but not the size of pages.
        """
        self._seal = Fernet(base64.urlsafe_b64encode(key))
        self._seconds = seconds
        self._query = hashlib.sha256(json.dumps(query).encode()).hexdigest()[:32]

    def seal(self, place: Place, count: int, now: float) -> str:
        """The cursor of a place: unreserved characters only (RFC 3986 §2.3)."""
        held = [self._query, count, place.kind, place.id, place.key, place.total, place.scanned]
        text = json.dumps(held, ensure_ascii=False, separators=(",", ":"))
        return self._seal.encrypt_at_time(text.encode(), int(now)).decode().rstrip("=")

    def open(self, cursor: str, count: int | None, now: float) -> tuple[Place, int]:
        """The place of a cursor, and how many resources a page has, which a client need not say again.

        Raises:
            InvalidCursor: it is none of ours, or was made for another query.
            ExpiredCursor: it is too old.
            InvalidCount: it was made for pages of another size.
        """
        token = cursor + "=" * (-len(cursor) % 4)
        try:
            made = self._seal.extract_timestamp(token) if len(cursor) <= _LENGTH and cursor.isascii() else None
        except InvalidToken:
            made = None
        if made is None or "=" in cursor:
            raise InvalidCursor(
                "cursor: it is none of this query's; begin with an empty one, and go on with nextCursor."
            )
        if int(now) - made > self._seconds:
            raise ExpiredCursor(f"cursor: it was good for {self._seconds} seconds; begin anew with an empty one.")
        query, sealed_count, kind, identifier, key, *more = json.loads(self._seal.decrypt(token))
        if query != self._query:
            raise InvalidCursor(
                "cursor: it was made for another query; send it with the same endpoint, filter and order."
            )
        if count is not None and count != sealed_count:
            raise InvalidCount(f"count: this cursor was made for pages of {sealed_count}; send the same count with it.")
        return Place(kind, identifier, tuple(key), *more), sealed_count
