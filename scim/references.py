"""References of a bulk request's operations to resources that other operations of it create (RFC 7644 §3.7.2).

``bulkId:qwerty`` stands for the id that the resource gets. It is read where a path or the schema says that a value
refers to a resource, and nowhere else: a displayName may hold the same text and mean it.
"""

import re
from collections.abc import Callable, Container, Sequence
from dataclasses import dataclass, field
from urllib.parse import unquote

from scim.errors import BadRequest
from scim.filters import And, Comparison, Filter, Not, Or, PatchPath, parse_path, render
from scim.messages import PATCH_OP
from scim.profiles import Profile
from scim.quirks import bare_extension_name
from scim.schema import Attribute, Json, JsonObject, ResourceType, Target

type Resolve = Callable[[str], str | None]
"""Gives the id that a bulkId stands for; None leaves out what refers to it."""

_REFERENCE = re.compile(r"(?P<before>(?:.*/)?)bulkid:(?P<name>.*)", re.IGNORECASE | re.DOTALL)
_ID = re.compile(r"(?P<before>(?:.*/)?)(?P<name>[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})", re.DOTALL)
_ELSEWHERE = frozenset({"external", "uri"})
"""Types of references that lead to no resource (RFC 7643 §7)."""
_LEFT_OUT = object()


@dataclass(frozen=True, slots=True)
class Cut:
    """A resource's body in two parts, for references in a circle.

    Attributes:
        body: the body without what refers to resources that do not exist yet.
        later: the operations of a PATCH that bring the rest, their references still as the client wrote them.
        whole: whether the body can do without: nothing that is required was left out of it.
    """

    body: Json
    later: tuple[JsonObject, ...]
    whole: bool


def of_path(segment: str) -> str | None:
    """The bulkId that stands for an id in a path, if one does."""
    found = _REFERENCE.fullmatch(segment)
    return found["name"] if found and not found["before"] else None


def in_body(kind: ResourceType, body: Json, profile: Profile, resolve: Resolve) -> Json:
    """The body of a POST or PUT with ids in place of references.

    Raises:
        ScimError: what ``resolve`` raises.
    """
    return _Walk(kind, profile, resolve).assignments(body, "") if isinstance(body, dict) else body


def in_patch(kind: ResourceType, body: Json, profile: Profile, resolve: Resolve) -> Json:
    """The body of a PATCH with ids in place of references; an array of operations becomes the PatchOp it stands for.

    Raises:
        ScimError: what ``resolve`` raises.
    """
    if isinstance(body, list):
        body = {"schemas": [PATCH_OP], "Operations": body}
    if not isinstance(body, dict):
        return body
    walk = _Walk(kind, profile, resolve)
    return {
        name: [walk.operation(each) for each in held]
        if name.lower() == "operations" and isinstance(held, list)
        else held
        for name, held in body.items()
    }


def cut(kind: ResourceType, body: Json, profile: Profile, missing: Container[str]) -> Cut:
    """A POST's body without its references to some bulkIds."""
    if not isinstance(body, dict):
        return Cut(body, (), whole=True)
    return _Walk(kind, profile, lambda name: None if name in missing else name, rewrite=False).cut(body)


def of_stored(kind: ResourceType, attributes: JsonObject, profile: Profile, resolve: Resolve) -> Cut:
    """What is stored of a resource, with what ``resolve`` gives in place of each id that it refers to."""
    return _Walk(kind, profile, resolve, form=_ID).cut(attributes)


def of_later(kind: ResourceType, later: Sequence[JsonObject], profile: Profile, resolve: Resolve) -> list[Json]:
    """What was left out of a stored resource, with what ``resolve`` gives in place of each id that it refers to."""
    walk = _Walk(kind, profile, resolve, form=_ID)
    return [walk.operation(each) for each in later]


def _is_links(kind: ResourceType, target: Target) -> bool:
    return target.extension is None and target.attribute is not None and target.attribute.name == kind.members


def _refers(attribute: Attribute) -> bool:
    """Whether the values of an attribute are references by themselves."""
    return attribute.type == "reference" and bool(set(attribute.reference_types) - _ELSEWHERE)


def _links(attribute: Attribute, sub: Attribute) -> bool:
    """Whether a sub-attribute refers to a resource: by itself, or as the ``value`` beside a ``$ref``."""
    return _refers(sub) or (sub.name in {"value", "$ref"} and attribute.sub("$ref") is not None)


@dataclass(slots=True)
class _Walk:
    """Puts ids in place of references, or takes out what refers to nothing yet.

    Attributes:
        rewrite: whether references that stay are to be replaced.
        form: what a reference looks like.
        cuts: attributes that something was left out of, each with the value it had.
        whole: whether nothing was left out that is required.
    """

    kind: ResourceType
    profile: Profile
    resolve: Resolve
    rewrite: bool = True
    form: re.Pattern[str] = _REFERENCE
    cuts: list[tuple[Target, Json]] = field(default_factory=list)
    whole: bool = True
    leaving_out: bool = False

    def cut(self, body: JsonObject) -> Cut:
        """A body, and a PATCH's operations for what was left out of it."""
        first = self.assignments(body, "")
        later = tuple(
            {"op": "add" if _is_links(self.kind, target) else "replace", "path": str(target), "value": held}
            for target, held in self.cuts
        )
        return Cut(first, later, self.whole)

    def assignments(self, given: JsonObject, prefix: str) -> JsonObject:
        """What an object says of attributes, by their names or paths."""
        assigned: JsonObject = {}
        for name, held in given.items():
            written, target = self.place(prefix + name)
            left = self.named(target, held)
            if left is not _LEFT_OUT:
                assigned[written.removeprefix(prefix) if prefix else written] = left
        return assigned

    def named(self, target: Target | None, held: Json) -> Json:
        """A value at the target that its name has."""
        if target is None:
            return held
        if target.attribute is None:
            return self.assignments(held, f"{target.extension}:") if isinstance(held, dict) else held
        self.leaving_out = False
        left = self.at(target.attribute, target.sub, held)
        if not self.leaving_out:
            return left
        self.cuts.append((target, held))
        if target.attribute.mutability == "immutable":
            left = _LEFT_OUT
        self.whole = self.whole and not (target.attribute.required and left in (_LEFT_OUT, []))
        return left

    def operation(self, given: Json) -> Json:
        """One operation of a PATCH."""
        if not isinstance(given, dict):
            return given
        names = {name.lower(): name for name in given}
        path, value = names.get("path", "path"), names.get("value", "value")
        read = dict(given)
        if isinstance(given.get(path), str):
            read[path], target = self.place(given[path])
            if value in given:
                read[value] = self.named(target, given[value])
        elif isinstance(given.get(value), dict):
            read[value] = self.assignments(given[value], "")
        return read

    def place(self, path: str) -> tuple[str, Target | None]:
        """A path with ids in place of the references in its filter, and what it names."""
        if "[" not in path:
            return path, self.find(path)
        try:
            parsed = parse_path(path, unquoted=self.profile.unquoted_literals)
        except BadRequest:  # whoever does the operation will say so
            return path, None
        target = self.find(parsed.path)
        if target is None or target.attribute is None or parsed.filter is None:
            return path, target
        selection = self.filter(parsed.filter, target.attribute)
        if selection != parsed.filter:
            path = _text(PatchPath(parsed.path, selection, parsed.sub))
        sub = target.attribute.sub(parsed.sub) if parsed.sub else None
        return path, Target(target.extension, target.attribute, sub)

    def find(self, path: str) -> Target | None:
        """What a path without a filter names."""
        meant = bare_extension_name(self.kind, path) if self.profile.bare_extension_names else path
        return self.kind.resolve(meant)

    def filter(self, given: Filter, attribute: Attribute) -> Filter:
        """A filter of an attribute's elements."""
        match given:
            case And(terms):
                return And(tuple([self.filter(term, attribute) for term in terms]))
            case Or(terms):
                return Or(tuple([self.filter(term, attribute) for term in terms]))
            case Not(term):
                return Not(self.filter(term, attribute))
            case Comparison(path, operator, str(literal)):
                sub = attribute.sub(path)
                linking = _links(attribute, sub) if sub else _refers(attribute)
                return Comparison(path, operator, self.text(literal)) if linking else given
            case _:
                return given

    def at(self, attribute: Attribute, sub: Attribute | None, held: Json) -> Json:
        """A value of an attribute, or of one of its sub-attributes."""
        if attribute.mutability == "readOnly":
            return held
        if sub is not None:
            return self.text(held) if _links(attribute, sub) else held
        if isinstance(held, list):
            elements = [self.element(attribute, item) for item in held]
            return [element for element in elements if element is not _LEFT_OUT]
        return self.element(attribute, held)

    def element(self, attribute: Attribute, held: Json) -> Json:
        """A single value, or one element of many; a bare string may stand for the ``value`` of an object."""
        if attribute.type != "complex" or isinstance(held, str):
            value = attribute.sub("value")
            linking = _links(attribute, value) if value else _refers(attribute)
            return self.text(held) if linking else held
        if not isinstance(held, dict):
            return held
        read: JsonObject = {}
        for name, inner in held.items():
            sub = attribute.sub(name)
            text = self.text(inner) if sub is not None and _links(attribute, sub) else inner
            if text is not _LEFT_OUT:
                read[name] = text
            elif sub is not None and (attribute.sub("$ref") or sub.required):
                return _LEFT_OUT
        return read

    def text(self, held: Json) -> Json:
        """A value that may be a reference: ``bulkId:qwerty``, or a URL that ends so; in whatever it is wrapped."""
        if isinstance(held, list):
            return [read for item in held if (read := self.text(item)) is not _LEFT_OUT]
        if isinstance(held, dict):
            return {name: read for name, inner in held.items() if (read := self.text(inner)) is not _LEFT_OUT}
        found = self.form.fullmatch(held) if isinstance(held, str) else None
        if found is None:
            return held
        before = found["before"]
        identifier = self.resolve(unquote(found["name"]) if before else found["name"])
        if identifier is None:
            self.leaving_out = True
            return _LEFT_OUT
        return before + identifier if self.rewrite else held


def _text(path: PatchPath) -> str:
    selection = f"[{render(path.filter)}]" if path.filter else ""
    return path.path + selection + (f".{path.sub}" if path.sub else "")
