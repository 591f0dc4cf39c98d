"""What a folder of Bicep templates says: files, and the declarations in them."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from tests.infra.expressions import Expression, Lambda, Loop, Object, Property, When


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """Something wrong: where (the line counts from 1), by which rule, and what."""

    path: Path
    line: int
    rule: str
    message: str


@dataclass(frozen=True, slots=True)
class Decorator:
    """``@name(arguments)``."""

    name: str
    line: int
    arguments: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class Declaration:
    """What all kinds have in common."""

    name: str
    line: int
    decorators: tuple[Decorator, ...]

    def decorator(self, name: str) -> Decorator | None:
        """The decorator of a name, if there is one."""
        return next((each for each in self.decorators if each.name == name), None)


@dataclass(frozen=True, slots=True)
class Typed:
    """A type as it was written down, as far as the rules read it."""

    text: str

    @property
    def nullable(self) -> bool:
        """Whether it may be left out."""
        return self.text.endswith("?")

    @property
    def literals(self) -> tuple[str, ...] | None:
        """The strings it allows, if it is a union of such."""
        choices = [choice.strip() for choice in self.text.removesuffix("?").strip("()").split("|")]
        if all(len(choice) > 1 and choice[0] == choice[-1] == "'" for choice in choices):
            return tuple(choice[1:-1] for choice in choices)
        return None

    @property
    def kind(self) -> str | None:
        """One of string, int, bool, array and object, if it is as plain as that."""
        text = self.text.removesuffix("?").strip()
        if text.endswith("[]"):
            return "array"
        if text.startswith("{"):
            return "object"
        if self.literals is not None:
            return "string"
        return text if text in {"string", "int", "bool", "array", "object"} else None


@dataclass(frozen=True, slots=True)
class Parameter(Declaration):
    """``param``, with its default if it has one."""

    type: Typed
    default: Expression | None

    @property
    def required(self) -> bool:
        """Whether a value must be given."""
        return self.default is None and not self.type.nullable

    @property
    def secure(self) -> bool:
        """Whether its values are kept out of logs."""
        return self.decorator("secure") is not None


@dataclass(frozen=True, slots=True)
class Variable(Declaration):
    """``var``."""

    value: Expression


@dataclass(frozen=True, slots=True)
class Output(Declaration):
    """``output``."""

    type: Typed
    value: Expression


@dataclass(frozen=True, slots=True)
class Other(Declaration):
    """``type``, ``func``, ``import`` and so on: a name, and the expressions and type names in it."""

    kind: str
    used: frozenset[str]


@dataclass(frozen=True, slots=True)
class Deployed(Declaration):
    """A resource or a module: one, one under a condition, or one for each item of a loop."""

    value: Expression

    @property
    def loop(self) -> Loop | None:
        """The loop that makes many of it."""
        return self.value if isinstance(self.value, Loop) else None

    @property
    def condition(self) -> Expression | None:
        """The condition under which it is deployed."""
        value = self.value.body if isinstance(self.value, Loop) else self.value
        return value.condition if isinstance(value, When) else None

    @property
    def body(self) -> Object:
        """What stands in braces; empty if it cannot be read, which is a finding of its own."""
        value = self.value
        while isinstance(value, Loop | When | Lambda):
            value = value.body
        return value if isinstance(value, Object) else Object(self.line, ())


@dataclass(frozen=True, slots=True)
class Resource(Deployed):
    """``resource``; ``written`` is the string behind its name, ``outer`` the resource in whose body it stands."""

    written: str
    existing: bool
    outer: "Resource | None" = None
    children: "list[Resource]" = field(default_factory=list, compare=False)

    @property
    def type(self) -> str:
        """Its full type without the version, such as ``Microsoft.Storage/storageAccounts``."""
        own = self.written.partition("@")[0]
        return f"{self.outer.type}/{own}" if self.outer else own

    @property
    def version(self) -> str:
        """Its API version; that of the outer resource if it has none of its own."""
        own = self.written.partition("@")[2]
        return own or (self.outer.version if self.outer else "")

    def is_a(self, kind: str) -> bool:
        """Whether it is of a type, in whichever letters, as Azure compares."""
        return self.type.casefold() == kind.casefold()


@dataclass(frozen=True, slots=True)
class Module(Deployed):
    """``module``; ``path`` is the string behind its name."""

    path: str

    @property
    def arguments(self) -> tuple[Property, ...]:
        """The values given for the module's parameters."""
        given = self.body.get("params")
        return given.properties if isinstance(given, Object) else ()


@dataclass(slots=True)
class File:
    """One ``.bicep`` file."""

    path: Path
    text: str
    scope: str = "resourceGroup"
    parameters: list[Parameter] = field(default_factory=list)
    variables: list[Variable] = field(default_factory=list)
    outermost: list[Resource] = field(default_factory=list)
    modules: list[Module] = field(default_factory=list)
    outputs: list[Output] = field(default_factory=list)
    others: list[Other] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)

    @property
    def resources(self) -> Iterator[Resource]:
        """All resources, those inside others too."""
        waiting = list(self.outermost)
        while waiting:
            resource = waiting.pop(0)
            yield resource
            waiting = [*resource.children, *waiting]

    def find(self, name: str) -> Declaration | None:
        """What is declared under a name, outputs apart: nothing refers to those from inside."""
        everything = (*self.parameters, *self.variables, *self.resources, *self.modules, *self.others)
        return next((each for each in everything if each.name == name), None)


@dataclass(frozen=True, slots=True)
class Template:
    """A folder: all its files, by their paths."""

    folder: Path
    files: dict[Path, File]
    json: dict[Path, File] = field(default_factory=dict)
    """Modules that are written in JSON, as Bicep's output is: their parameters and outputs only."""

    def called(self, file: File, module: Module) -> File | None:
        """The file that a module's path leads to."""
        path = (file.path.parent / module.path).resolve()
        return self.files.get(path) or self.json.get(path)

    def callers(self, file: File) -> Iterator[tuple[File, Module]]:
        """The modules that are made of a file, each with the file it stands in."""
        for other in self.files.values():
            yield from ((other, module) for module in other.modules if self.called(other, module) is file)
