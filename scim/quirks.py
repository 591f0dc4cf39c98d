"""The ways in which clients write SCIM that are not the RFC's, each as one named function.

Most are about a value: they give back what it means, or the very same value where there is nothing to bend. The
switch of the profile that allows one stands above it. ``dialects`` knows where to look for which.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from scim import media
from scim.errors import InvalidSyntax
from scim.filters import And, Comparison, Filter, Or
from scim.resources import value
from scim.schema import Attribute, Json, JsonObject, ResourceType

_ROLE_DEPTH = 8
"""Levels of nesting in a role that is written as JSON text."""

type Bend = Callable[[Attribute, Json], Json]


@dataclass(frozen=True, slots=True)
class Quirk:
    """A way of writing a value.

    Attributes:
        name: what the notes call it.
        switch: the switch of the profile that allows it.
        bend: from what is written to what is meant.
    """

    name: str
    switch: str
    bend: Bend


def allowed_by(switch: str) -> Callable[[Bend], Quirk]:
    """Name the switch of the profile that allows a quirk."""
    return lambda bend: Quirk(bend.__name__, switch, bend)


@allowed_by("loose_values")
def array_for_single(_: Attribute, given: Json) -> Json:
    """``"manager": [{"value": "1"}]``: the one element is the value."""
    return given[0] if isinstance(given, list) and len(given) == 1 else given


@allowed_by("loose_values")
def single_for_array(_: Attribute, given: Json) -> Json:
    """``"members": {"value": "1"}``: the value is the one element."""
    return given if isinstance(given, list) else [given]


@allowed_by("loose_values")
def bare_value(attribute: Attribute, given: Json) -> Json:
    """``"manager": "1"``: the string is the ``value`` of the complex attribute."""
    return {"value": given} if isinstance(given, str) and attribute.sub("value") else given


@allowed_by("loose_values")
def object_for_simple(_: Attribute, given: Json) -> Json:
    """``"title": [{"$ref": null, "value": "x"}]``: the value is what the object's ``value`` holds."""
    if not isinstance(given, dict):
        return given
    return next((held for name, held in given.items() if name.lower() == "value"), given)


@allowed_by("loose_values")
def json_text(attribute: Attribute, given: Json) -> Json:
    """``"roles": [{"value": "<an object as JSON text>"}]``: the object is the role."""
    text = given.get("value") if isinstance(given, dict) and attribute.name == "roles" else None
    if not isinstance(text, str) or not text.lstrip().startswith("{"):
        return given
    try:
        inner = media.read(text.encode(), _ROLE_DEPTH)
    except InvalidSyntax:
        return given
    role = {"value": inner.get("value"), "display": inner.get("displayName")}
    return {**given, **{name: held for name, held in role.items() if isinstance(held, str)}}


@allowed_by("boolean_strings")
def string_boolean(attribute: Attribute, given: Json) -> Json:
    """``"active": "False"``: the boolean."""
    words = {"true": True, "false": False}
    return words.get(given.lower(), given) if attribute.type == "boolean" and isinstance(given, str) else given


@allowed_by("empty_unassigns")
def empty_string(_: Attribute, given: Json) -> Json:
    """``"title": ""``: no title."""
    return None if given == "" else given


@allowed_by("empty_unassigns")
def empty_value(attribute: Attribute, given: Json) -> Json:
    """``"manager": {"value": ""}``: no manager, whatever else the object says."""
    if attribute.multi_valued:
        return given
    emptied = isinstance(given, dict) and any(n.lower() == "value" and held is None for n, held in given.items())
    return None if emptied else given


@allowed_by("last_primary_wins")
def two_primaries(_: Attribute, given: Json) -> Json:
    """Of several elements with ``primary: true`` the last keeps it."""
    keys = [next((n for n in item if n.lower() == "primary"), "") if isinstance(item, dict) else "" for item in given]
    marked = [place for place, key in enumerate(keys) if key and given[place][key] is True]
    if len(marked) < 2:  # noqa: PLR2004 # one may have it
        return given
    losers = set(marked[:-1])
    return [{**item, keys[at]: False} if at in losers else item for at, item in enumerate(given)]


def plain(attribute: Attribute, given: Json) -> bool:
    """Whether a value is one that no quirk above bends, as almost all are: a simple one for a simple attribute."""
    if attribute.multi_valued or attribute.type == "complex":
        return False
    return (isinstance(given, str) and given != "" and attribute.type != "boolean") or isinstance(given, int | float)


def unquoted_number(attribute: Attribute, literal: Json) -> Json:
    """``externalId eq 4711`` in a filter: the text, as the attribute holds strings."""
    compared = attribute.sub("value") or attribute
    number = isinstance(literal, int) and not isinstance(literal, bool)
    return str(literal) if number and compared.type in {"string", "reference"} else literal


def missing_schemas(urn: str, given: JsonObject) -> JsonObject:
    """A body whose ``schemas`` does not hold the URN of what it is."""
    name = next((name for name in given if name.lower() == "schemas"), "schemas")
    listed = given.get(name) or []
    if not isinstance(listed, list) or urn.lower() in [known.lower() for known in listed if isinstance(known, str)]:
        return given
    return {**given, name: [*listed, urn]}


def unknown_schemas(resource_type: ResourceType, given: JsonObject) -> tuple[JsonObject, list[str]]:
    """URNs in ``schemas``, and extension objects, that are not of this resource type; what is left, and those URNs."""
    kept: JsonObject = {}
    dropped: list[str] = []
    for name, held in given.items():
        if name.lower() == "schemas" and isinstance(held, list):
            strange = {urn: None for urn in held if isinstance(urn, str) and urn.lower() not in resource_type.urns}
            kept[name] = [urn for urn in held if not isinstance(urn, str) or urn not in strange]
            dropped += strange
        elif name.lower().startswith("urn:") and not resource_type.resolve(name):
            dropped.append(name)
        else:
            kept[name] = held
    return kept, dropped


def bare_extension_name(resource_type: ResourceType, path: str) -> str:
    """``manager``, or ``urn:…:User.manager``, for ``urn:…:User:manager``."""
    if resource_type.resolve(path) is not None:
        return path
    for urn in resource_type.extensions:
        tail = path[len(urn) + 1 :] if path.lower().startswith(f"{urn}.".lower()) else path
        if resource_type.resolve(f"{urn}:{tail}") is not None:
            return f"{urn}:{tail}"
    return path


def top_level_extension(resource_type: ResourceType, given: JsonObject) -> JsonObject:
    """``"manager": …`` beside ``"userName"`` in a body, for the same in the extension's object."""
    kept: JsonObject = {}
    moved: dict[str, JsonObject] = {}
    for name, held in given.items():
        own = resource_type.attribute(name) is not None
        target = None if own else resource_type.resolve(bare_extension_name(resource_type, name))
        if target is None or target.extension is None or target.attribute is None or target.sub is not None:
            kept[name] = held
        else:
            moved.setdefault(target.extension, {})[target.attribute.name] = held
    for urn, attributes in moved.items():
        name = next((name for name in kept if name.lower() == urn.lower()), urn)
        if isinstance(kept.setdefault(name, {}), dict):
            said = {known.lower() for known in kept[name]}
            kept[name] = {**kept[name], **{key: held for key, held in attributes.items() if key.lower() not in said}}
    return kept if moved else given


def remove_values(attribute: Attribute, given: Json, telling: Sequence[str]) -> Filter | None:
    """``remove`` of ``members`` with a list of members: a filter that means just those; None if it means none.

    Elements are told by those of the sub-attributes ``telling`` that the list gives, or by all it gives.
    """
    terms: list[Filter] = []
    for item in value(attribute, given, attribute.name, []) or ():
        like = item if isinstance(item, dict) else {"value": item}
        names = [name for name in telling if name in like] if "value" in like else [*like]
        equal = [Comparison(name, "eq", like[name]) for name in names]
        terms.append(And(tuple(equal)) if len(equal) > 1 else equal[0])
    return Or(tuple(terms)) if len(terms) > 1 else terms[0] if terms else None


def replaces_members(op: str, given: Json) -> bool:
    """``replace`` of ``members`` with some: it means to add them, and no other goes."""
    return op == "replace" and isinstance(given, list) and bool(given)


def described(filter_: Filter, attribute: Attribute) -> Json:
    """The element that the ``eq`` terms of a value path describe, for a path that is to create what it names."""
    terms = filter_.terms if isinstance(filter_, And) else (filter_,)
    equal = [t for t in terms if isinstance(t, Comparison) and t.operator == "eq" and t.value is not None]
    if attribute.type != "complex":
        return equal[0].value if equal else None
    subs = [(attribute.sub(term.path), term.value) for term in equal]
    return {sub.name: literal for sub, literal in subs if sub is not None} or None


VALUE_SWITCHES = frozenset(quirk.switch for quirk in list(globals().values()) if isinstance(quirk, Quirk))
"""The switches that let a value be bent."""
