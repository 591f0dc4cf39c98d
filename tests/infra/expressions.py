"""Expressions of Bicep, as the rules see them: a small tree in which every part knows its line."""

from collections.abc import Iterator
from dataclasses import dataclass, fields


@dataclass(frozen=True, slots=True)
class Expression:
    """Any of them; ``line`` counts from 1."""

    line: int


@dataclass(frozen=True, slots=True)
class Literal(Expression):
    """A string without interpolation, a whole number, a truth value, or null."""

    value: str | int | bool | None


@dataclass(frozen=True, slots=True)
class Text(Expression):
    """A string with interpolations in it; the literal parts between are literals."""

    parts: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class Name(Expression):
    """A reference to what is declared under a name."""

    name: str


@dataclass(frozen=True, slots=True)
class Array(Expression):
    """A list in brackets."""

    items: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class Property(Expression):
    """One property of an object; its key is a literal, or a text that is known at deployment only."""

    key: Expression
    value: Expression

    @property
    def name(self) -> str | None:
        """The key, if it is written down."""
        return self.key.value if isinstance(self.key, Literal) and isinstance(self.key.value, str) else None


@dataclass(frozen=True, slots=True)
class Object(Expression):
    """Properties in braces."""

    properties: tuple[Property, ...]

    def property(self, name: str) -> Property | None:
        """The property of a name, if it is given."""
        return next((each for each in self.properties if each.name == name), None)

    def get(self, name: str) -> Expression | None:
        """A property's value, if it is given."""
        found = self.property(name)
        return found.value if found else None

    def at(self, *path: str) -> Expression | None:
        """The value at the end of a path of names, if all objects on the way are written down here."""
        value: Expression | None = self
        for name in path:
            if not isinstance(value, Object):
                return None
            value = value.get(name)
        return value


@dataclass(frozen=True, slots=True)
class Call(Expression):
    """A function's call: of a namespace's (``az.``), of a resource's or module's (``target``), or of a plain one."""

    function: str
    arguments: tuple[Expression, ...]
    target: Expression | None = None


@dataclass(frozen=True, slots=True)
class Access(Expression):
    """``of.name``; ``checked`` if it is ``of.?name`` or ``of!.name``, which expect that there may be nothing."""

    of: Expression
    name: str
    checked: bool = False


@dataclass(frozen=True, slots=True)
class Index(Expression):
    """``of[index]``."""

    of: Expression
    index: Expression


@dataclass(frozen=True, slots=True)
class Nested(Expression):
    """``of::name``: a resource inside another one's body."""

    of: Expression
    name: str


@dataclass(frozen=True, slots=True)
class Operation(Expression):
    """An operator and its one or two operands."""

    operator: str
    operands: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class Choice(Expression):
    """``condition ? first : second``."""

    condition: Expression
    first: Expression
    second: Expression


@dataclass(frozen=True, slots=True)
class When(Expression):
    """``if (condition) body``."""

    condition: Expression
    body: Expression


@dataclass(frozen=True, slots=True)
class Loop(Expression):
    """``[for item in over: body]``; ``names`` are those of the item and, if wanted, of its index."""

    names: tuple[str, ...]
    over: Expression
    body: Expression


@dataclass(frozen=True, slots=True)
class Lambda(Expression):
    """``(names) => body``."""

    names: tuple[str, ...]
    body: Expression


def parts(expression: Expression) -> Iterator[Expression]:
    """The expressions that one directly consists of, in the order of the text."""
    for field in fields(expression):
        value = getattr(expression, field.name)
        if isinstance(value, Expression):
            yield value
        elif isinstance(value, tuple):
            yield from (each for each in value if isinstance(each, Expression))


def walk(expression: Expression) -> Iterator[Expression]:
    """An expression and all that it consists of, from the outside in."""
    yield expression
    for part in parts(expression):
        yield from walk(part)
