"""Client profiles: how far a provider bends the standard, one named switch at a time.

``rfc`` is the standard to the letter. ``entra`` is what Microsoft Entra ID sends and needs back. ``okta`` is ``rfc``
with the one tolerance that Okta's requests need: they carry attributes under namespaces of Okta's own. A provider has
one profile and may override single switches of it.
"""

from dataclasses import dataclass, fields, replace
from typing import Any, Literal, Self, get_args

ReplaceMembers = Literal["set", "add"]


@dataclass(frozen=True, slots=True)
class Profile:
    """What a client may get wrong, and what is then made of it; the defaults are RFC 7644's own answers."""

    create_unmatched: bool = False
    """A value path that matches nothing creates the element its ``eq`` terms describe, instead of 400 noTarget."""
    boolean_strings: bool = False
    """``"True"`` and ``"False"`` count as booleans, in path filters too, instead of 400 invalidValue."""
    remove_values: bool = False
    """``remove`` with a value on a multi-valued attribute removes just those values, instead of 400."""
    replace_members: ReplaceMembers = "set"
    """PATCH ``replace`` of ``members`` by a non-empty list: ``set`` makes it the whole list, ``add`` adds it."""
    loose_values: bool = False
    """A bare string for a complex value, an array for a single one, and JSON text in ``roles`` are read as meant."""
    empty_unassigns: bool = False
    """``""`` unassigns an attribute, instead of being a value."""
    unquoted_literals: bool = False
    """An unquoted literal after an operator is a string up to the next blank or ``)``, instead of 400."""
    ignore_unknown_schemas: bool = False
    """Unknown URNs in ``schemas`` or as extension objects are ignored, instead of 400 invalidValue."""
    bare_extension_names: bool = False
    """``manager`` finds the extension's attribute where the core schema has none of that name."""
    allow_empty_operations: bool = False
    """A PATCH without operations does nothing, instead of 400."""
    allow_missing_schemas: bool = False
    """A body need not list its ``schemas``, instead of 400 invalidSyntax."""
    skip_unknown_paths: bool = False
    """An operation on an unknown path is skipped where another one applies, instead of 400 invalidPath."""
    skip_unknown_members: bool = False
    """Unknown ids as members are skipped where another member is known, instead of 400 invalidValue."""
    last_primary_wins: bool = False
    """Of two elements sent with ``primary: true`` the last keeps it, instead of 400 invalidValue."""
    plain_schemas: bool = False
    """``/Schemas`` lists ``externalId``, shows references as strings and leaves write-only attributes out."""
    refuse_personal_urls: bool = False
    """A query whose URL compares what may be personal is 403 sensitive; ``/.search`` takes it."""
    unique_group_names: bool = True
    """No two groups may share a ``displayName``; may be turned off only while the directory is empty."""
    group_memberships: bool = False
    """Experimental: each membership is a resource at ``/GroupMemberships`` too, which may change with its draft."""

    def departures(self) -> dict[str, bool | str]:
        """The switches that are not as the standard has them, each with what it is."""
        standard = type(self)()
        values = {name: getattr(self, name) for name in SWITCHES}
        return {name: value for name, value in values.items() if value != getattr(standard, name)}

    def override(self, settings: dict[str, str]) -> Self:
        """This profile with single switches set from text, as an operator types them.

        Raises:
            ValueError: naming the switch and the words it takes.
        """
        read: dict[str, Any] = {name: _read_switch(name, text) for name, text in settings.items()}
        return replace(self, **read)


def _read_switch(name: str, text: str) -> bool | str:
    if name not in SWITCHES:
        raise ValueError(f"there is no switch {name!r}; the switches are {', '.join(SWITCHES)}")
    words = get_args(ReplaceMembers) if name == "replace_members" else ("on", "off")
    if text not in words:
        raise ValueError(f"switch {name} takes {' or '.join(words)}, not {text!r}")
    return text if name == "replace_members" else text == "on"


SWITCHES = tuple(field.name for field in fields(Profile))

PROFILES = {
    "rfc": Profile(),
    "entra": Profile(
        create_unmatched=True,
        boolean_strings=True,
        remove_values=True,
        replace_members="add",
        loose_values=True,
        empty_unassigns=True,
        unquoted_literals=True,
        ignore_unknown_schemas=True,
        bare_extension_names=True,
        allow_empty_operations=True,
        allow_missing_schemas=True,
        skip_unknown_paths=True,
        skip_unknown_members=True,
        last_primary_wins=True,
        plain_schemas=True,
    ),
    "okta": Profile(ignore_unknown_schemas=True),
}
