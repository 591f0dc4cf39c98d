"""What an expression comes to, as far as can be told from the text: its kind, and the resource it names."""

from tests.infra.expressions import (
    Access,
    Array,
    Call,
    Choice,
    Expression,
    Index,
    Literal,
    Loop,
    Name,
    Nested,
    Object,
    Operation,
    Text,
)
from tests.infra.functions import FUNCTIONS
from tests.infra.model import File, Module, Parameter, Resource, Variable

_OPERATORS = {
    **dict.fromkeys(("==", "!=", "=~", "!~", "<", "<=", ">", ">=", "&&", "||", "!"), "bool"),
    **dict.fromkeys(("+", "-", "*", "/", "%"), "int"),
}
EARLY = {"id", "name", "type", "apiVersion"}
"""What is known of a resource before anything is deployed; all of them strings."""
Bound = frozenset[str]
"""Names that loops and lambdas explain, and that therefore mean no declaration."""


def literal_kind(value: str | int | bool | None) -> str:
    """The kind of a value that is written down."""
    if value is None:
        return "null"
    return {str: "string", bool: "bool", int: "int"}[type(value)]


def kind(expression: Expression, file: File, bound: Bound = frozenset()) -> str | None:  # noqa: C901, PLR0911 - one case for each kind
    """One of string, int, bool, array, object and null, or nothing if that is known at deployment only."""
    match expression:
        case Literal(value=value):
            return literal_kind(value)
        case Text():
            return "string"
        case Array() | Loop():
            return "array"
        case Object():
            return "object"
        case Call(function=function, target=None):
            return FUNCTIONS.get(function, (0, 0, None))[2]
        case Operation(operator=operator):
            return _OPERATORS.get(operator)
        case Choice(first=first, second=second):
            found = kind(first, file, bound)
            return found if found == kind(second, file, bound) else None
        case Name(name=name) if name not in bound:
            declared = file.find(name)
            if isinstance(declared, Parameter):
                return declared.type.kind
            return kind(declared.value, file) if isinstance(declared, Variable) else None
        case Access(of=of, name=name) if name in EARLY and resource(of, file, bound):
            return "string"
    return None


def resource(expression: Expression, file: File, bound: Bound = frozenset()) -> Resource | None:
    """The resource, one of it, that an expression names; nothing for a whole loop of them."""
    found = deployed(expression, file, bound)
    return found if isinstance(found, Resource) else None


def deployed(expression: Expression, file: File, bound: Bound = frozenset()) -> Resource | Module | None:
    """The resource or module, one of it, that an expression names."""
    if isinstance(expression, Index):
        found = _collection(expression.of, file, bound)
        return found if found and found.loop else None
    found = _collection(expression, file, bound)
    return found if found and not found.loop else None


def _collection(expression: Expression, file: File, bound: Bound) -> Resource | Module | None:
    if isinstance(expression, Name) and expression.name not in bound:
        found = file.find(expression.name)
        return found if isinstance(found, Resource | Module) else None
    if isinstance(expression, Nested):
        outer = deployed(expression.of, file, bound)
        inside = outer.children if isinstance(outer, Resource) else []
        return next((child for child in inside if child.name == expression.name), None)
    return None
