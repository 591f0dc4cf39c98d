"""Conditional requests: a resource's version against ``If-Match`` and ``If-None-Match`` (RFC 7644 §3.14).

Versions are weak entity tags, and SCIM compares them so even where HTTP would not (RFC 9110 §8.8.3.2): two are the
same if what they quote is.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

from scim.errors import BadRequest, PreconditionFailed

_ANY = "*"
_LISTED = r'(?:W/)?"([^"\x00-\x20]*)"|([^",\s]+)'
_TAG = re.compile(_LISTED, re.IGNORECASE)
_LIST = re.compile(rf"[\s,]*(?:{_LISTED})(?:\s*,[\s,]*(?:{_LISTED}))*[\s,]*", re.IGNORECASE)
"""A list; between commas there may be nothing (RFC 9110 §5.6.1.2)."""


@dataclass(frozen=True, slots=True)
class Condition:
    """What a request says of the version that a resource must be in.

    Attributes:
        match: the versions of which it must be in one, in quotes, or ``*`` for any; None: whatever it is in.
        none_match: the versions of which it may be in none.
    """

    match: frozenset[str] | None = None
    none_match: frozenset[str] | None = None

    @classmethod
    def read(cls, headers: Mapping[str, str]) -> Self:
        """The condition in a request's headers, whose names are in lower case.

        Raises:
            BadRequest: a header is no list of entity tags.
        """
        return cls(_tags("If-Match", headers), _tags("If-None-Match", headers))

    @classmethod
    def version(cls, version: str) -> Self:
        """The condition that a resource is in one version, as an operation of a bulk request says it (§3.7)."""
        return cls(_tags("version", {"version": version}))

    def check(self, version: str) -> None:
        """Let a write pass, or not.

        Raises:
            PreconditionFailed: the resource is not in a version that the request is for.
        """
        if self.match is not None and not _holds(self.match, version):
            raise PreconditionFailed(f"The resource is in version {version}, not in the one given; read it again.")
        if self.unchanged(version):
            raise PreconditionFailed(f"If-None-Match: the resource is there, in version {version}.")

    def unchanged(self, version: str) -> bool:
        """Whether the client has this version already, by ``If-None-Match``."""
        return self.none_match is not None and _holds(self.none_match, version)


UNCONDITIONAL = Condition()


def _tags(name: str, headers: Mapping[str, str]) -> frozenset[str] | None:
    text = headers.get(name.lower())
    if text is None:
        return None
    if not _LIST.fullmatch(text):
        raise BadRequest(f'{name} must be * or entity tags, such as W/"0123", separated by commas.')
    return frozenset(_ANY if bare == _ANY else f'"{quoted or bare}"' for quoted, bare in _TAG.findall(text))


def _holds(tags: frozenset[str], version: str) -> bool:
    return _ANY in tags or next(iter(_tags("version", {"version": version}) or ())) in tags
