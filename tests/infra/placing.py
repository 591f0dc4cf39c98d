"""Resources as a whole: their type and API version, where they are put, and what their body gives."""

from collections.abc import Iterator

from tests.infra.expressions import Literal, Name, Object, Property, Text
from tests.infra.kinds import Bound, resource
from tests.infra.model import File, Finding, Resource
from tests.infra.names import bound_around
from tests.infra.resource_types import ResourceType, Types
from tests.infra.shapes import Place, given, variant, whole

_OURS = frozenset({"parent", "scope", "dependsOn"})
"""What Bicep itself adds to every body."""


def check(file: File, types: Types) -> Iterator[Finding]:
    """All rules about the resources of one file that need the type data."""
    for each in file.resources:
        known = types.get(each.type, each.version)
        if known is None:
            versions = types.versions(each.type)
            rule = "api-version" if versions else "resource-type"
            message = f"{each.type} has no API version {each.version}; known: {', '.join(versions)}"
            yield Finding(file.path, each.line, rule, message if versions else f"the data has no type {each.type}")
        else:
            yield from _placed(file, each, known)
            yield from _given(file, each, known)


def _around(each: Resource) -> Bound:
    return bound_around(each) | set(each.loop.names if each.loop else ())


def _given(file: File, each: Resource, known: ResourceType) -> Iterator[Finding]:
    body, shape = _with_last_name(each), known.body
    if each.existing:
        for extra in body.properties:
            if extra.name not in {"name", *_OURS}:
                message = f"{extra.name} cannot be given to {each.name}, which exists already"
                yield Finding(file.path, extra.line, "existing", message)
        if body.get("name") is None:
            yield Finding(file.path, body.line, "missing-property", f"name must be given in {each.name}")
        return
    if shape.kind == "DiscriminatedObjectType":
        chosen = variant(body, shape)
        if chosen is None:
            return
        if chosen not in shape.variants:
            message = f"the name of {each.name} is one of {', '.join(shape.variants)}, not {chosen}"
            yield Finding(file.path, (body.property("name") or body).line, "enum", message)
            return
        shape = whole(shape, shape.variants[chosen])
    yield from given(body, shape, Place(file, each.name, _around(each)), _OURS)


def _with_last_name(each: Resource) -> Object:
    """The body, with the last part of a name such as ``account/default``: the data's names are those of the parts."""
    body = each.body
    name = body.property("name")
    if not name or not isinstance(name.value, Literal) or not isinstance(name.value.value, str):
        return body
    last = Property(name.line, name.key, Literal(name.value.line, name.value.value.rpartition("/")[2]))
    return Object(body.line, tuple(last if each is name else each for each in body.properties))


def _placed(file: File, each: Resource, known: ResourceType) -> Iterator[Finding]:
    body = each.body
    parent, scope = body.property("parent"), body.property("scope")
    depth = each.type.count("/")
    if parent:
        found = resource(parent.value, file, _around(each))
        wanted = each.type.rpartition("/")[0]
        if found and not found.is_a(wanted):
            yield Finding(file.path, parent.line, "parent", f"{each.name} belongs into a {wanted}, not a {found.type}")
        elif not found and isinstance(parent.value, Name):
            yield Finding(file.path, parent.line, "parent", f"{parent.value.name} is not one resource")
    slashes = _slashes(each)
    expected = 0 if parent or each.outer else depth - 1
    if slashes is not None and slashes != expected:
        line = (body.property("name") or body).line
        message = "give a parent" if expected else "the parent says where it is"
        yield Finding(file.path, line, "parent", f"the name of {each.name} has the wrong number of parts: {message}")
    if each.existing:
        return
    if scope and not known.extends:
        yield Finding(file.path, scope.line, "scope", f"{each.type} cannot be put onto another resource")
    elif not scope and not parent and not each.outer and not known.deployable(file.scope):
        yield Finding(file.path, each.line, "scope", f"{each.type} cannot stand in a {file.scope}")


def _slashes(each: Resource) -> int | None:
    """How many slashes the name has, as far as it is written down; one that is not may hold any."""
    match each.body.get("name"):
        case Literal(value=str() as written):
            return written.count("/")
        case Text(parts=parts):
            texts = [part.value for part in parts if isinstance(part, Literal)]
            return sum(text.count("/") for text in texts if isinstance(text, str))
    return None
