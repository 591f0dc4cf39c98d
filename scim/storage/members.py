"""Members of a group: packed in its row while few, then in buckets that grow one at a time (linear hashing).

A member is 16 bytes in the list of its type. However large a group is, adding or removing a member touches
one bucket of about 3 KB; one bucket in 192 additions is split in two.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from scim.storage.rows import Properties, Property

CAPACITY = 192
"""Members inline at most, and in a bucket on average."""
PLACES = 1 << 32
"""How many places there are in the order of a group's members."""

type Links = Mapping[str, str]
"""Ids of resources, each with the alias of its type."""

_PREFIX = "members_"


@dataclass(frozen=True, slots=True)
class Roster:
    """What a group's row says of its members: how many, in how many buckets (0: inline), and where these are.

    Attributes:
        name: the name of the set; blank for the first one, which has the group's id.
    """

    generation: int = 0
    buckets: int = 0
    count: int = 0
    name: str = ""

    def bucket(self, identifier: str) -> int:
        """The bucket a member is in."""
        level = 1 << (self.buckets.bit_length() - 1)
        at = int(identifier[-8:], 16) % (2 * level)
        return at if at < self.buckets else at - level

    def stretch(self, at: int) -> tuple[int, int]:
        """The bucket that holds the members at a place, and the first place behind the stretch that it holds."""
        bits = self.buckets.bit_length() - 1
        level = 1 << bits
        bucket = _mirrored(at) % level
        if bucket + level < self.buckets:  # it has been split
            bits += 1
            bucket = _mirrored(at) % (2 * level)
        return bucket, ((at >> (32 - bits)) + 1) << (32 - bits)

    def touched(self, ids: Iterable[str], added: int) -> set[int]:
        """The buckets to read before ``ids`` are linked or unlinked, at most ``added`` of them new."""
        if not self.buckets:
            return set()
        buckets = {self.bucket(identifier) for identifier in ids}
        grown = replace(self, count=self.count + added).grown()
        splits = range(self.buckets, grown.buckets)
        return buckets | {_split_of(new) for new in splits if _split_of(new) < self.buckets}

    def edit(
        self, held: Mapping[int, Links], add: Links, remove: Iterable[str]
    ) -> tuple["Roster", dict[int, dict[str, str]]]:
        """The roster and the contents of all buckets that change (inline: bucket 0) after an edit.

        Args:
            held: the buckets that ``touched`` named, as read; inline, the whole list as bucket 0.
            add: members to add, none of which is one.
            remove: ids to remove, each of which is a member.
        """
        contents = {at: dict(links) for at, links in held.items()}
        for identifier in remove:
            del contents[self._at(identifier)][identifier]
        for identifier, alias in add.items():
            contents[self._at(identifier)][identifier] = alias
        count = self.count + sum(map(len, contents.values())) - sum(map(len, held.values()))
        after = replace(self, count=count).grown()
        if after.buckets > self.buckets:
            contents = _spread(after, contents, range(self.buckets, after.buckets))
        written = range(self.buckets, after.buckets) if after.buckets else (0,)
        return after, {at: links for at, links in contents.items() if at in written or links != held[at]}

    def _at(self, identifier: str) -> int:
        return self.bucket(identifier) if self.buckets else 0

    def grown(self) -> "Roster":
        """The roster with as many buckets as its members need."""
        if not self.buckets and self.count <= CAPACITY:
            return self
        return replace(self, buckets=max(self.buckets, 2, -(-self.count // CAPACITY)))


EMPTY = Roster()
"""No members."""


def lay_out(name: str, members: Links) -> tuple[Roster, dict[int, dict[str, str]]]:
    """A new set of members, and the contents of its buckets (inline: bucket 0)."""
    return Roster(name=name).edit({0: {}}, members, ())


def place(identifier: str) -> int:
    """Where a member stands among the members of any group.

    It is the number that chooses its bucket, read from the last bit to the first. To split a bucket is to cut a
    stretch of places in two, so a bucket always holds neighbours, and the order is the same in however many buckets
    the members lie.
    """
    return _mirrored(int(identifier[-8:], 16))


def _mirrored(number: int) -> int:
    """A number of 32 bits, read from the last one to the first."""
    return int.from_bytes(number.to_bytes(4, "little").translate(_MIRRORED_BYTES))


_MIRRORED_BYTES = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))


def _split_of(bucket: int) -> int:
    """The bucket that a new one takes its members from."""
    return bucket - (1 << (bucket.bit_length() - 1))


def _spread(roster: Roster, contents: Mapping[int, Links], fresh: range) -> dict[int, dict[str, str]]:
    """The contents of buckets, some of them ``fresh``, once each member has gone to its own."""
    spread: dict[int, dict[str, str]] = {at: {} for at in (*contents, *fresh)}
    for links in contents.values():
        for identifier, alias in links.items():
            spread[roster.bucket(identifier)][identifier] = alias
    return spread


def pack_ids(ids: Iterable[str]) -> bytes:
    """Ids as bytes, sorted, 16 each."""
    return bytes.fromhex("".join(sorted(ids)).replace("-", ""))


def unpack_ids(packed: bytes) -> list[str]:
    """The ids that ``pack_ids`` wrote."""
    return list(map("-".join, _groups_of_digits(packed.hex())))


_groups_of_digits = re.compile("(.{8})(.{4})(.{4})(.{4})(.{12})").findall


def pack_links(links: Links, previous: Properties | None = None) -> dict[str, Property]:
    """Links as one property per type; types that ``previous`` had and are gone are emptied."""
    aliases = set(links.values()) | {name.removeprefix(_PREFIX) for name in previous or () if name.startswith(_PREFIX)}
    return {
        _PREFIX + alias: pack_ids(identifier for identifier, kind in links.items() if kind == alias)
        for alias in sorted(aliases)
    }


def in_order(links: Links) -> dict[str, str]:
    """Links in the order in which ``unpack_links`` gives them, so that a write shows what a read will."""
    return dict(sorted(links.items(), key=lambda link: (link[1], link[0])))


def unpack_links(properties: Properties) -> dict[str, str]:
    """The links that ``pack_links`` laid into properties."""
    return {
        identifier: name.removeprefix(_PREFIX)
        for name, packed in sorted(properties.items())
        if name.startswith(_PREFIX) and isinstance(packed, bytes)
        for identifier in unpack_ids(packed)
    }
