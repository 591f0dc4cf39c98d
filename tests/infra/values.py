"""Values against parameters: kinds, allowed values, and limits; in templates and in parameters files alike."""

from collections.abc import Iterator
from typing import Any

from tests.infra.expressions import Array, Literal
from tests.infra.kinds import kind
from tests.infra.model import File, Finding, Parameter

_KINDS: dict[type, str] = {str: "string", bool: "bool", int: "int", list: "array", dict: "object", type(None): "null"}
_SIZES = {"string", "array"}


def allowed(parameter: Parameter) -> list[object] | None:
    """The values a parameter may have, if there are only some."""
    decorator = parameter.decorator("allowed")
    if decorator and decorator.arguments and isinstance(decorator.arguments[0], Array):
        return [item.value for item in decorator.arguments[0].items if isinstance(item, Literal)]
    return list(parameter.type.literals) if parameter.type.literals else None


def _limit(parameter: Parameter, name: str) -> int | None:
    decorator = parameter.decorator(name)
    value = decorator.arguments[0] if decorator and decorator.arguments else None
    return value.value if isinstance(value, Literal) and isinstance(value.value, int) else None


def unfit(value: Any, parameter: Parameter) -> str | None:  # noqa: ANN401 - whatever JSON or Bicep can say
    """What is wrong with a value for a parameter, or nothing."""
    found, wanted, choices = _KINDS.get(type(value), "number"), parameter.type.kind, allowed(parameter)
    if found == "null":
        return f"{parameter.name} must not be null" if parameter.required else None
    if wanted and found != wanted:
        return f"{parameter.name} is a {wanted}, not a {found}"
    if choices is not None:
        wrong = [each for each in (value if isinstance(value, list) else [value]) if each not in choices]
        if wrong:
            return f"{parameter.name} is one of {', '.join(map(str, choices))}, not {wrong[0]}"
    size, unit = (len(value), "Length") if found in _SIZES else (value if found == "int" else None, "Value")
    least, most = _limit(parameter, f"min{unit}"), _limit(parameter, f"max{unit}")
    if size is not None and ((least is not None and size < least) or (most is not None and size > most)):
        return f"{parameter.name} must have {unit.lower()} {least} to {most}, not {size}"
    return None


def check(file: File) -> Iterator[Finding]:
    """Defaults that do not fit their own parameters, and outputs that do not fit their types."""
    for parameter in file.parameters:
        default = parameter.default
        if isinstance(default, Literal):
            if message := unfit(default.value, parameter):
                yield Finding(file.path, default.line, "default", message)
        elif default and (found := kind(default, file)) and parameter.type.kind not in {None, found}:
            message = f"{parameter.name} is a {parameter.type.kind}, not a {found}"
            yield Finding(file.path, default.line, "default", message)
    for output in file.outputs:
        found, wanted = kind(output.value, file), output.type.kind
        if found and wanted and found != wanted and not (found == "null" and output.type.nullable):
            yield Finding(file.path, output.line, "output", f"{output.name} is a {wanted}, not a {found}")
