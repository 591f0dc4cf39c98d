"""Names: every one used is declared, once, and what is declared is used."""

from collections.abc import Iterator, Sequence
from itertools import chain

from tests.infra.expressions import Expression, Lambda, Loop, Name, Nested, parts
from tests.infra.model import (
    Declaration,
    Deployed,
    File,
    Finding,
    Module,
    Other,
    Output,
    Parameter,
    Resource,
    Typed,
    Variable,
)

_NAMESPACES = {"az", "sys"}
_TYPES = {"any", "array", "bool", "int", "object", "secureObject", "secureString", "string"}
_EVERYWHERE = {"description", "export"}
_DECORATORS: dict[type[Declaration], dict[str, int]] = {
    Parameter: {
        "allowed": 1, "discriminator": 1, "maxLength": 1, "maxValue": 1, "metadata": 1,
        "minLength": 1, "minValue": 1, "sealed": 0, "secure": 0,
    },
    Variable: {},
    Resource: {"batchSize": 1, "onlyIfNotExists": 0},
    Module: {"batchSize": 1},
    Output: {
        "discriminator": 1, "maxLength": 1, "maxValue": 1, "metadata": 1,
        "minLength": 1, "minValue": 1, "sealed": 0, "secure": 0,
    },
}  # fmt: skip
"""The decorators each kind of declaration takes beside description and export, and their numbers of arguments."""


def declarations(file: File) -> Iterator[Declaration]:
    """All that a file declares."""
    yield from chain(file.parameters, file.variables, file.resources, file.modules, file.outputs, file.others)


def own_expressions(declaration: Declaration) -> Iterator[Expression]:
    """The expressions in a declaration, its decorators' arguments first."""
    for decorator in declaration.decorators:
        yield from decorator.arguments
    match declaration:
        case Parameter(default=Expression() as value) | Variable(value=value) | Output(value=value):
            yield value
        case Deployed(value=value):
            yield value


def expressions(file: File) -> Iterator[Expression]:
    """All expressions of a file."""
    for declaration in declarations(file):
        yield from own_expressions(declaration)


def free(expression: Expression, bound: frozenset[str] = frozenset()) -> Iterator[Name]:
    """The names in an expression that its own loops and lambdas do not explain."""
    if isinstance(expression, Name):
        if expression.name not in bound:
            yield expression
    elif isinstance(expression, Loop):
        yield from free(expression.over, bound)
        yield from free(expression.body, bound | set(expression.names))
    elif isinstance(expression, Lambda):
        yield from free(expression.body, bound | set(expression.names))
    else:
        for part in parts(expression):
            yield from free(part, bound)


def bound_around(resource: Resource) -> frozenset[str]:
    """The names that the loops around a resource inside another one explain."""
    outer = resource.outer
    if outer is None:
        return frozenset()
    return bound_around(outer) | set(outer.loop.names if outer.loop else ())


def check(file: File) -> Iterator[Finding]:
    """All rules about names in one file."""
    yield from _declared_twice(file)
    yield from _undeclared(file)
    yield from _unused(file)
    yield from _defaults(file)
    yield from _decorators(file)


def _declared_twice(file: File) -> Iterator[Finding]:
    within: list[Sequence[Declaration]] = [
        file.outputs,
        [each for each in declarations(file) if not isinstance(each, Output)],
    ]
    for group in within:
        seen = dict[tuple[str, int], int]()
        for each in group:
            place = id(each.outer) if isinstance(each, Resource) and each.outer else 0
            first = seen.setdefault((each.name, place), each.line)
            if first != each.line:
                message = f"{each.name} is declared on line {first} already"
                yield Finding(file.path, each.line, "declared-twice", message)


def _visible(file: File, declaration: Declaration) -> set[str]:
    """The names that a declaration may use: the file's, and those of the resources inside the same outermost one."""
    visible = {each.name for each in declarations(file) if not isinstance(each, Output)} | _NAMESPACES
    around = {id(each) for each in _lineage(declaration)} if isinstance(declaration, Resource) else set[int]()
    hidden = {each.name for each in file.resources if each.outer and id(each.outer) not in around}
    top = {each.name for each in declarations(file) if not isinstance(each, Resource) or not each.outer}
    reached = {each.name for each in file.resources if each.outer and id(each.outer) in around}
    return (visible - hidden) | (visible & top) | reached


def _lineage(resource: Resource) -> Iterator[Resource]:
    yield resource
    if resource.outer:
        yield from _lineage(resource.outer)


def _undeclared(file: File) -> Iterator[Finding]:
    for declaration in declarations(file):
        visible = _visible(file, declaration)
        bound = bound_around(declaration) if isinstance(declaration, Resource) else frozenset()
        for expression in own_expressions(declaration):
            for name in free(expression, bound):
                if name.name not in visible:
                    yield Finding(file.path, name.line, "undeclared", f"nothing is declared as {name.name}")
            yield from _nested(file, expression)
    known = {other.name for other in file.others} | _TYPES
    for line, type_ in _types(file):
        written = type_.text.removesuffix("?").removesuffix("[]")
        if written.isidentifier() and written not in known:
            yield Finding(file.path, line, "undeclared", f"there is no type {written}")


def _nested(file: File, expression: Expression) -> Iterator[Finding]:
    if isinstance(expression, Nested) and not any(
        each.outer and each.name == expression.name for each in file.resources
    ):
        yield Finding(
            file.path, expression.line, "undeclared", f"no resource holds one that is named {expression.name}"
        )
    for part in parts(expression):
        yield from _nested(file, part)


def _unused(file: File) -> Iterator[Finding]:
    used = {name.name for whole in expressions(file) for name in free(whole)}
    used |= {name for other in file.others for name in other.used}
    used |= {name for _, written in _types(file) for name in _words(written.text)}
    used |= _called(file)
    existing = [each for each in file.resources if each.existing and not each.children]
    inside = {each.name for whole in expressions(file) for each in _all_nested(whole)}
    for declaration in (*file.parameters, *file.variables, *existing, *file.others):
        exported = declaration.decorator("export")
        if declaration.name not in used | inside and not exported:
            yield Finding(file.path, declaration.line, "unused", f"nothing uses {declaration.name}")


def _types(file: File) -> Iterator[tuple[int, Typed]]:
    yield from ((each.line, each.type) for each in file.parameters)
    yield from ((each.line, each.type) for each in file.outputs)


def _all_nested(expression: Expression) -> Iterator[Nested]:
    if isinstance(expression, Nested):
        yield expression
    for part in parts(expression):
        yield from _all_nested(part)


def _words(text: str) -> set[str]:
    return set("".join(letter if letter.isalnum() or letter == "_" else " " for letter in text).split())


def _called(file: File) -> set[str]:
    found = set[str]()
    waiting = list(expressions(file))
    while waiting:
        expression = waiting.pop()
        found.add(getattr(expression, "function", ""))
        waiting += parts(expression)
    return found


def _defaults(file: File) -> Iterator[Finding]:
    """A parameter's default may name other parameters only: nothing else is known so early."""
    known = {each.name for each in file.parameters} | _NAMESPACES
    known |= {each.name for each in file.others}
    declared = {each.name for each in declarations(file)}
    for parameter in file.parameters:
        for name in free(parameter.default) if parameter.default else ():
            if name.name in declared - known:
                message = f"the default of {parameter.name} may not use {name.name}, which is no parameter"
                yield Finding(file.path, name.line, "default", message)


def _decorators(file: File) -> Iterator[Finding]:
    for declaration in declarations(file):
        if isinstance(declaration, Other):
            continue
        known = _DECORATORS[type(declaration)]
        seen = set[str]()
        for decorator in declaration.decorators:
            count = len(decorator.arguments)
            wanted = known.get(decorator.name, 1 if decorator.name == "description" else 0)
            if decorator.name not in known and decorator.name not in _EVERYWHERE:
                message = f"@{decorator.name} is no decorator for {declaration.name}"
            elif count != wanted:
                message = f"@{decorator.name} takes {wanted} argument(s), not {count}"
            elif decorator.name in seen:
                message = f"@{decorator.name} stands twice on {declaration.name}"
            else:
                seen.add(decorator.name)
                continue
            yield Finding(file.path, decorator.line, "decorator", message)
