"""Rules of Bicep's own linter, under its names, as far as they can be told from the text."""

import re
from collections.abc import Iterator

from tests.infra.expressions import Access, Array, Call, Expression, Literal, Name, Property, Text, walk
from tests.infra.kinds import kind
from tests.infra.model import Deployed, File, Finding, Module, Parameter, Resource, Variable
from tests.infra.names import bound_around, declarations, expressions, free, own_expressions

_SECRET = re.compile(r"password|pwd|secret(?!name|sname|permissions|s?url|s?uri)|accountkey|acctkey", re.IGNORECASE)
_PLACES = {"deployment", "resourceGroup"}


def check(file: File) -> Iterator[Finding]:
    """The rules of this kind for one file."""
    for parameter in file.parameters:
        if _SECRET.search(parameter.name) and parameter.type.kind in {"string", "object"} and not parameter.secure:
            message = f"{parameter.name} looks like a secret, and is not @secure()"
            yield Finding(file.path, parameter.line, "secure-secrets-in-params", message)
    for each in (*file.resources, *file.modules):
        yield from _location(file, each)
        yield from _depends_on(file, each)
    for declaration in declarations(file):
        for whole in own_expressions(declaration):
            if not isinstance(declaration, Parameter):
                yield from _place_outside(file, whole)
    for whole in expressions(file):
        keys = {id(given.key) for given in walk(whole) if isinstance(given, Property)}
        for part in walk(whole):
            if id(part) not in keys:  # a key that is put together has to be a text
                yield from _simpler(file, part)


def _location(file: File, each: Deployed) -> Iterator[Finding]:
    given = each.body.at("params", "location") if isinstance(each, Module) else each.body.get("location")
    followed = file.find(given.name) if isinstance(given, Name) else None
    value = followed.value if isinstance(followed, Variable) else given
    if given and isinstance(value, Literal) and str(value.value).casefold() != "global":
        message = f"the location of {each.name} is written down: let it be a parameter"
        yield Finding(file.path, given.line, "no-hardcoded-location", message)


def _place_outside(file: File, whole: Expression) -> Iterator[Finding]:
    for each in walk(whole):
        of = each.of if isinstance(each, Access) and each.name == "location" else None
        if isinstance(of, Call) and of.function in _PLACES:
            message = f"{of.function}().location belongs into a parameter's default"
            yield Finding(file.path, each.line, "no-loc-expr-outside-params", message)


def _depends_on(file: File, each: Deployed) -> Iterator[Finding]:
    named = each.body.get("dependsOn")
    if not isinstance(named, Array):
        return
    bound = bound_around(each) if isinstance(each, Resource) else frozenset[str]()
    bound |= set(each.loop.names if each.loop else ())
    values = [given.value for given in each.body.properties if given.value is not named]
    needed = _needed(
        file, [*values, *(extra for extra in (each.condition, each.loop and each.loop.over) if extra)], bound
    )
    for item in named.items:
        if isinstance(item, Name) and item.name in needed:
            message = f"{each.name} depends on {item.name} already, since it names it"
            yield Finding(file.path, item.line, "no-unnecessary-dependson", message)


def _needed(file: File, values: list[Expression], bound: frozenset[str]) -> set[str]:
    """The names in expressions, and those in the variables that they name."""
    found = {name.name for value in values for name in free(value, bound)}
    for name in list(found):
        declared = file.find(name)
        if isinstance(declared, Variable):
            found |= _needed(file, [declared.value], frozenset())
    return found


def _simpler(file: File, each: Expression) -> Iterator[Finding]:
    match each:
        case Call(function="concat", arguments=(first, *_)) if kind(first, file) == "string":
            yield Finding(file.path, each.line, "prefer-interpolation", "write '${...}' in place of concat")
        case Call(function="json", arguments=(Literal(value="null"),)):
            yield Finding(file.path, each.line, "simplify-json-null", "write null")
        case Text(parts=(only,)) if kind(only, file) == "string":
            yield Finding(file.path, each.line, "simplify-interpolation", "this is a string without being put into one")
