"""When values are known: names, conditions and loops must be, before anything is deployed."""

from collections.abc import Iterator

from tests.infra.expressions import Access, Call, Expression, Lambda, Loop, Name, parts
from tests.infra.kinds import EARLY, Bound, deployed
from tests.infra.model import Deployed, File, Finding, Module, Resource, Variable
from tests.infra.names import bound_around, expressions


def check(file: File) -> Iterator[Finding]:
    """What is read too early in one file."""
    for each in (*file.resources, *file.modules):
        bound = bound_around(each) if isinstance(each, Resource) else frozenset()
        for what, value in _early(each):
            for late in _late(value, file, bound | set(each.loop.names if each.loop else ())):
                message = f"the {what} of {each.name} must be known before deployment, and {late.name} is not"
                yield Finding(file.path, value.line, "too-late", message)
    for whole in expressions(file):
        yield from _absent(whole, file)
        for loop in _loops(whole):
            for late in _late(loop.over, file, frozenset(loop.names)):
                message = f"a loop must be known before deployment, and {late.name} is not"
                yield Finding(file.path, loop.line, "too-late", message)


def _absent(expression: Expression, file: File) -> Iterator[Finding]:
    """Reads from what may not be deployed at all, as if it were: the compiler warns of them, ternary or not."""
    if isinstance(expression, Access) and not expression.checked and expression.name not in EARLY:
        found = deployed(expression.of, file)
        if found and _conditional(found):
            message = f"{found.name} may not be there: read {expression.name} by way of ! or .?"
            yield Finding(file.path, expression.line, "may-be-absent", message)
    for part in parts(expression):
        yield from _absent(part, file)


def _conditional(each: Resource | Module) -> bool:
    outer = each.outer if isinstance(each, Resource) else None
    return each.condition is not None or (outer is not None and _conditional(outer))


def _early(each: Deployed) -> Iterator[tuple[str, Expression]]:
    if each.condition:
        yield "condition", each.condition
    for name in ("name", "scope"):
        if value := each.body.get(name):
            yield name, value


def _loops(expression: Expression) -> Iterator[Loop]:
    if isinstance(expression, Loop):
        yield expression
    for part in parts(expression):
        yield from _loops(part)


def _late(expression: Expression, file: File, bound: Bound) -> Iterator[Name]:
    """What in an expression is known only when something was deployed."""
    if isinstance(expression, Access) and expression.name not in EARLY:
        found = deployed(expression.of, file, bound)
        if isinstance(found, Resource) or (isinstance(found, Module) and expression.name == "outputs"):
            yield Name(expression.line, f"{found.name}.{expression.name}")
            return
    if isinstance(expression, Call) and (expression.function == "reference" or expression.function.startswith("list")):
        yield Name(expression.line, expression.function)
    if isinstance(expression, Name) and expression.name not in bound:
        declared = file.find(expression.name)
        if isinstance(declared, Variable):
            yield from _late(declared.value, file, frozenset())
    inside = bound | set(expression.names) if isinstance(expression, Loop | Lambda) else bound
    for part in parts(expression):
        yield from _late(part, file, inside)
