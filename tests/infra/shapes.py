"""Values against the shapes of the type data: unknown, read-only and missing properties, kinds, enums and limits."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from tests.infra.expressions import Array, Choice, Expression, Literal, Loop, Name, Object, Operation, Property
from tests.infra.kinds import Bound, kind, literal_kind
from tests.infra.model import File, Finding, Parameter, Variable
from tests.infra.resource_types import READ_ONLY, REQUIRED, UNTOLD, Shape

_KINDS = {
    "StringType": "string",
    "StringLiteralType": "string",
    "IntegerType": "int",
    "BooleanType": "bool",
    "ArrayType": "array",
    "ObjectType": "object",
    "DiscriminatedObjectType": "object",
}


@dataclass(frozen=True, slots=True)
class Place:
    """Where a value stands: in which file, in which property, in which loops, and whether it must be given."""

    file: File
    property: str
    bound: Bound = frozenset()
    required: bool = False

    def finding(self, at: Expression, rule: str, message: str) -> Finding:
        """A finding about a value here."""
        return Finding(self.file.path, at.line, rule, message)


def fits(value: Expression, shape: Shape, place: Place) -> Iterator[Finding]:
    """What is wrong with a value for a shape; what is known at deployment only is taken to be right."""
    match value:
        case Choice(first=first, second=second):
            yield from fits(first, shape, place)
            yield from fits(second, shape, place)
        case Operation(operator="??", operands=(first, second)):
            yield from fits(first, shape, replace(place, required=False))
            yield from fits(second, shape, place)
        case Literal(value=None) if not place.required:
            return
        case Name(name=name) if name not in place.bound:
            yield from _named(value, shape, place)
        case _ if shape.kind == "UnionType":
            yield from _union(value, shape, place)
        case Loop(names=names, body=body) if shape.kind == "ArrayType":
            inside = replace(place, bound=place.bound | set(names), required=True)
            yield from fits(body, shape.follow(shape.said["itemType"]), inside)
        case Array(items=items) if shape.kind == "ArrayType":
            yield from _array(value, items, shape, place)
        case Object() if shape.kind == "ObjectType":
            yield from given(value, shape, place)
        case Object() if shape.kind == "DiscriminatedObjectType":
            yield from _discriminated(value, shape, place)
        case _:
            yield from _plain(value, shape, place)


def _named(value: Name, shape: Shape, place: Place) -> Iterator[Finding]:
    declared = place.file.find(value.name)
    if isinstance(declared, Variable):
        yield from fits(declared.value, shape, replace(place, bound=frozenset()))
    elif isinstance(declared, Parameter):
        found = declared.type.kind
        if found and not _takes(shape, found):
            message = f"{place.property} takes no {found}, which the parameter {value.name} is"
            yield place.finding(value, "wrong-kind", message)
            return
        for possible in _possible(declared):
            yield from fits(possible, shape, replace(place, bound=frozenset()))


def _possible(parameter: Parameter) -> Iterator[Expression]:
    allowed = parameter.decorator("allowed")
    if allowed and allowed.arguments and isinstance(allowed.arguments[0], Array):
        yield from allowed.arguments[0].items
    elif parameter.type.literals:
        yield from (Literal(parameter.line, text) for text in parameter.type.literals)
    elif (
        isinstance(parameter.default, Literal) and isinstance(parameter.default.value, str) and parameter.default.value
    ):
        yield parameter.default  # not a blank one, nor 0: those often mean that what takes them is left out


def _takes(shape: Shape, found: str) -> bool:
    if shape.kind == "UnionType":
        return any(_takes(element, found) for element in shape.elements)
    return _KINDS.get(shape.kind, found) == found


def _union(value: Expression, shape: Shape, place: Place) -> Iterator[Finding]:
    found = literal_kind(value.value) if isinstance(value, Literal) else kind(value, place.file, place.bound)
    alike = [element for element in shape.elements if found is None or _takes(element, found)]
    if found and not alike:
        yield place.finding(value, "wrong-kind", f"{place.property} takes no {found}")
    elif alike and all(element.kind == "StringLiteralType" for element in alike):
        choices = [element.said["value"] for element in alike]
        if isinstance(value, Literal) and value.value not in choices:
            message = f"{place.property} is one of {', '.join(choices)}, not {value.value}"
            yield place.finding(value, "enum", message)
    elif len(alike) == 1:
        yield from fits(value, alike[0], place)


def _array(value: Expression, items: tuple[Expression, ...], shape: Shape, place: Place) -> Iterator[Finding]:
    most = shape.said.get("maxLength")
    if most is not None and len(items) > most:
        yield place.finding(value, "length", f"{place.property} has at most {most} items")
    for item in items:
        yield from fits(item, shape.follow(shape.said["itemType"]), replace(place, required=True))


def given(value: Object, shape: Shape, place: Place, extra: frozenset[str] = frozenset()) -> Iterator[Finding]:
    """What is wrong with an object's properties; ``extra`` are names that are none of the shape's, and still right."""
    seen = set[str]()
    for each in value.properties:
        if each.name is None or each.name in extra:
            continue
        if each.name in seen:
            yield place.finding(each, "declared-twice", f"{each.name} is given twice")
        seen.add(each.name)
        yield from _property(each, each.name, shape, place)
    written_down = all(each.name is not None for each in value.properties)
    for name, said in shape.properties.items():
        if said["flags"] & (REQUIRED | READ_ONLY) == REQUIRED and name not in seen and written_down:
            yield place.finding(value, "missing-property", f"{name} must be given in {place.property}")


def _property(each: Property, name: str, shape: Shape, place: Place) -> Iterator[Finding]:
    said = shape.properties.get(name)
    if said is None and name in UNTOLD:
        return
    inside = replace(place, property=name, required=False)
    if said is None and shape.others is None:
        near = next((known for known in shape.properties if known.casefold() == name.casefold()), None)
        hint = f"; is it {near}?" if near else ""
        yield place.finding(each, "unknown-property", f"{place.property} has no property {name}{hint}")
    elif said is None:
        yield from fits(each.value, shape.others or shape, inside)
    elif said["flags"] & READ_ONLY:
        yield place.finding(each, "read-only", f"{name} of {place.property} is Azure's to set")
    else:
        required = bool(said["flags"] & REQUIRED)
        yield from fits(each.value, shape.follow(said["type"]), replace(inside, required=required))


def variant(value: Object, shape: Shape) -> str | None:
    """The value of an object's discriminator, if it is written down."""
    said = value.get(shape.said["discriminator"])
    return said.value if isinstance(said, Literal) and isinstance(said.value, str) else None


def _discriminated(value: Object, shape: Shape, place: Place) -> Iterator[Finding]:
    discriminator, variants = shape.said["discriminator"], shape.variants
    if value.get(discriminator) is None:
        yield place.finding(value, "missing-property", f"{discriminator} must be given in {place.property}")
    elif (chosen := variant(value, shape)) is None:
        return
    elif chosen not in variants:
        at = value.get(discriminator) or value
        yield place.finding(at, "enum", f"{discriminator} is one of {', '.join(variants)}, not {chosen}")
    else:
        yield from given(value, whole(shape, variants[chosen]), place)


def whole(shape: Shape, chosen: Shape) -> Shape:
    """A variant of a discriminated object, with the properties that all variants share."""
    return Shape({**chosen.said, "properties": {**shape.properties, **chosen.properties}}, shape.among)


def _plain(value: Expression, shape: Shape, place: Place) -> Iterator[Finding]:
    found = kind(value, place.file, place.bound)
    if found is not None and not _takes(shape, found):
        yield place.finding(value, "wrong-kind", f"{place.property} must be of kind {_KINDS[shape.kind]}, not {found}")
    elif isinstance(value, Literal):
        yield from _limits(value, shape, place)


def _limits(value: Literal, shape: Shape, place: Place) -> Iterator[Finding]:
    said, written = shape.said, value.value
    if shape.kind == "StringLiteralType" and written != said["value"]:
        yield place.finding(value, "enum", f"{place.property} is {said['value']}, not {written}")
    elif isinstance(written, str) and shape.kind == "StringType":
        least, most = said.get("minLength", 0), said.get("maxLength")
        if len(written) < least or (most is not None and len(written) > most):
            yield place.finding(
                value, "length", f"{place.property} has {least} to {most or 'any number of'} characters"
            )
        elif "pattern" in said and not re.search(said["pattern"], written):
            yield place.finding(value, "pattern", f"{place.property} must look like {said['pattern']}")
    elif isinstance(written, int) and shape.kind == "IntegerType":
        least, most = said.get("minValue", written), said.get("maxValue", written)
        if not least <= written <= most:
            yield place.finding(value, "range", f"{place.property} must not be {written}: it is {least} to {most}")
