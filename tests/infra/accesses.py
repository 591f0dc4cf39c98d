"""Properties that are read from resources: each must exist in the resource's type."""

from collections.abc import Iterator

from tests.infra.expressions import Access, Expression, Index, Lambda, Loop, parts
from tests.infra.kinds import Bound, resource
from tests.infra.model import File, Finding
from tests.infra.names import expressions
from tests.infra.resource_types import UNTOLD, WRITE_ONLY, Shape, Types
from tests.infra.shapes import variant, whole


def check(file: File, types: Types) -> Iterator[Finding]:
    """Reads of what a resource does not have, or does not tell."""
    for expression in expressions(file):
        yield from _reads(expression, file, types, frozenset())


def _reads(expression: Expression, file: File, types: Types, bound: Bound) -> Iterator[Finding]:
    if isinstance(expression, Access):
        shape = _shape(expression.of, file, types, bound)
        if shape and shape.kind in {"ObjectType", "DiscriminatedObjectType"}:
            yield from _read(expression, shape, file)
    inside = bound | set(expression.names) if isinstance(expression, Loop | Lambda) else bound
    for part in parts(expression):
        outside = isinstance(expression, Loop) and part is expression.over
        yield from _reads(part, file, types, bound if outside else inside)


def _read(expression: Access, shape: Shape, file: File) -> Iterator[Finding]:
    found = _property(shape, expression.name)
    if found is None and shape.others is None and expression.name not in UNTOLD:
        message = f"{shape.said['name']} has no property {expression.name} to read"
        yield Finding(file.path, expression.line, "unknown-access", message)
    elif found and found[1] & WRITE_ONLY:
        yield Finding(file.path, expression.line, "unknown-access", f"{expression.name} can be written only")


def _property(shape: Shape, name: str) -> tuple[Shape, int] | None:
    """A property's type and flags; in a discriminated object, those of the first variant that has it."""
    among = [shape]
    if shape.kind == "DiscriminatedObjectType":
        among += shape.variants.values()
    for each in among:
        if name in each.properties:
            said = each.properties[name]
            return each.follow(said["type"]), said["flags"]
    return None


def _shape(expression: Expression, file: File, types: Types, bound: Bound) -> Shape | None:
    """The type of what an expression reads, if it starts at a resource and leads through known types only."""
    if found := resource(expression, file, bound):
        known = types.get(found.type, found.version)
        if known and known.body.kind == "DiscriminatedObjectType":
            chosen = known.body.variants.get(variant(found.body, known.body) or "")
            return whole(known.body, chosen) if chosen else known.body
        return known.body if known else None
    match expression:
        case Access(of=of, name=name):
            outer = _shape(of, file, types, bound)
            if outer is None or outer.kind not in {"ObjectType", "DiscriminatedObjectType"}:
                return None
            read = _property(outer, name)
            return _only(read[0]) if read else outer.others
        case Index(of=of):
            outer = _shape(of, file, types, bound)
            return _only(outer.follow(outer.said["itemType"])) if outer and outer.kind == "ArrayType" else None
    return None


def _only(shape: Shape) -> Shape | None:
    """A type itself; of a union the only object or list in it."""
    if shape.kind != "UnionType":
        return shape
    large = [element for element in shape.elements if element.kind in {"ObjectType", "ArrayType"}]
    return large[0] if len(large) == 1 and len(shape.elements) == 1 else None
