"""What a value can come to: through variables, choices, loops, and parameters back to the modules that give them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from tests.infra.expressions import (
    Access,
    Array,
    Choice,
    Expression,
    Index,
    Literal,
    Loop,
    Name,
    Object,
    Operation,
)
from tests.infra.kinds import deployed
from tests.infra.model import Deployed, File, Module, Parameter, Resource, Template, Variable

_DEEPEST = 40
"""Steps followed at most; templates whose modules call each other in a circle would have no end."""


@dataclass(frozen=True, slots=True)
class Traced:
    """An expression where it stands: in a file, and in loops, whose names are there with what they run over."""

    expression: Expression
    template: Template
    file: File
    loops: Mapping[str, Expression] = field(default_factory=dict)
    steps: int = 0

    def to(self, expression: Expression) -> "Traced":
        """Another expression in the same place."""
        return Traced(expression, self.template, self.file, self.loops, self.steps + 1)

    def outside(self, expression: Expression, file: File | None = None) -> "Traced":
        """An expression outside of all loops, perhaps in another file."""
        return Traced(expression, self.template, file or self.file, {}, self.steps + 1)

    def inside(self, loop: Loop) -> "Traced":
        """The body of a loop that stands here."""
        loops = {**self.loops, loop.names[0]: loop.over}
        return Traced(loop.body, self.template, self.file, loops, self.steps + 1)

    def possible(self) -> "Iterator[Traced]":
        """All that this can come to; what is known at deployment only comes back as it was written."""
        if self.steps > _DEEPEST:
            yield self
            return
        match self.expression:
            case Name(name=name) if name in self.loops:
                yield from self._item(self.loops[name])
            case Name(name=name):
                yield from self._declared(name)
            case Choice(first=first, second=second) | Operation(operator="??", operands=(first, second)):
                yield from self.to(first).possible()
                yield from self.to(second).possible()
            case Access(of=of, name=name):
                yield from self._read(of, name)
            case Index(of=of, index=Literal(value=int() | str() as key)):
                yield from self._indexed(of, key)
            case _:
                yield self

    def _item(self, over: Expression) -> "Iterator[Traced]":
        for each in self.outside(over).possible():
            if isinstance(each.expression, Array):
                for item in each.expression.items:
                    yield from each.to(item).possible()
            else:
                yield self

    def _declared(self, name: str) -> "Iterator[Traced]":
        found = self.file.find(name)
        if isinstance(found, Variable):
            yield from self.outside(found.value).possible()
        elif isinstance(found, Parameter):
            yield from self._given(found)
        else:
            yield self

    def _given(self, parameter: Parameter) -> "Iterator[Traced]":
        callers = list(self.template.callers(self.file))
        missing = not callers
        for file, module in callers:
            given = next((each.value for each in module.arguments if each.name == parameter.name), None)
            if given is None:
                missing = True
            else:
                loops = {module.loop.names[0]: module.loop.over} if module.loop else {}
                yield from Traced(given, self.template, file, loops, self.steps + 1).possible()
        if missing and parameter.default:
            yield from self.outside(parameter.default).possible()
        if not callers:
            yield self

    def _read(self, of: Expression, name: str) -> "Iterator[Traced]":
        if isinstance(of, Access) and of.name == "outputs":
            module = deployed(of.of, self.file)
            called = self.template.called(self.file, module) if isinstance(module, Module) else None
            value = next((each.value for each in called.outputs if each.name == name), None) if called else None
            yield from self.outside(value, called).possible() if value else [self]
            return
        for each in self.to(of).possible():
            value = each.expression.get(name) if isinstance(each.expression, Object) else None
            yield from each.to(value).possible() if value else [self]

    def _indexed(self, of: Expression, key: int | str) -> "Iterator[Traced]":
        for each in self.to(of).possible():
            found = each.expression
            if isinstance(found, Array) and isinstance(key, int) and 0 <= key < len(found.items):
                yield from each.to(found.items[key]).possible()
            elif isinstance(found, Object) and isinstance(key, str) and (value := found.get(key)):
                yield from each.to(value).possible()
            else:
                yield self

    def at(self, *path: str) -> "Iterator[Traced | None]":
        """All that can stand at a path of properties below this, and nothing once for each way that ends before."""
        for each in self.possible():
            if not path:
                yield each
                continue
            value = each.expression.get(path[0]) if isinstance(each.expression, Object) else None
            yield from each.to(value).at(*path[1:]) if value else [None]


def body(template: Template, file: File, declared: Deployed) -> Traced:
    """The body of a resource or module, in the loops around it."""
    loops = dict[str, Expression]()
    around: Deployed | None = declared
    while around:
        if around.loop:
            loops.setdefault(around.loop.names[0], around.loop.over)
        around = around.outer if isinstance(around, Resource) else None
    return Traced(declared.body, template, file, loops)
