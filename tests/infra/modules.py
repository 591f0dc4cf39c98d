"""Modules: their files, the values they are given, and the outputs that are read from them."""

from collections.abc import Iterator

from tests.infra.expressions import Access, Call, Expression, Literal, parts
from tests.infra.kinds import Bound, deployed, kind
from tests.infra.model import File, Finding, Module, Parameter, Template
from tests.infra.names import expressions
from tests.infra.values import unfit

_BODY = {"name", "params", "scope", "dependsOn", "identity"}
_READ = {"outputs", "name"}
_LOADING = {"loadTextContent", "loadJsonContent", "loadYamlContent", "loadFileAsBase64"}


def check(template: Template, file: File) -> Iterator[Finding]:
    """All rules about the modules of one file, and about the files it reads."""
    for module in file.modules:
        for given in module.body.properties:
            if given.name not in _BODY:
                yield Finding(file.path, given.line, "unknown-property", f"a module has no property {given.name}")
        called = template.called(file, module)
        if called is None:
            yield Finding(file.path, module.line, "module-file", f"there is no file {module.path}")
        elif not called.findings:
            yield from _arguments(file, module, called)
    for whole in expressions(file):
        yield from _outputs(template, file, whole)
        yield from _loaded(file, whole)


def _arguments(file: File, module: Module, called: File) -> Iterator[Finding]:
    wanted = {parameter.name: parameter for parameter in called.parameters}
    bound: Bound = frozenset(module.loop.names if module.loop else ())
    for given in module.arguments:
        parameter = wanted.get(given.name or "")
        if parameter is None:
            message = f"{module.path} has no parameter {given.name}"
            yield Finding(file.path, given.line, "module-parameter", message)
        else:
            yield from _argument(file, given.value, parameter, bound)
    names = {given.name for given in module.arguments}
    for parameter in called.parameters:
        if parameter.required and parameter.name not in names:
            message = f"{module.path} needs {parameter.name}, which {module.name} does not give"
            yield Finding(file.path, module.line, "module-parameter", message)


def _argument(file: File, value: Expression, parameter: Parameter, bound: Bound) -> Iterator[Finding]:
    if isinstance(value, Literal):
        if message := unfit(value.value, parameter):
            yield Finding(file.path, value.line, "module-parameter", message)
        return
    found, wanted = kind(value, file, bound), parameter.type.kind
    if found and wanted and found != wanted:
        message = f"{parameter.name} is a {wanted}, not a {found}"
        yield Finding(file.path, value.line, "module-parameter", message)


def _outputs(template: Template, file: File, expression: Expression) -> Iterator[Finding]:
    if isinstance(expression, Access):
        of = expression.of
        module = deployed(of, file)
        if isinstance(module, Module) and expression.name not in _READ:
            yield Finding(file.path, expression.line, "output", f"a module has no {expression.name}")
        module = deployed(of.of, file) if isinstance(of, Access) and of.name == "outputs" else None
        called = template.called(file, module) if isinstance(module, Module) else None
        if called and not called.findings and expression.name not in {output.name for output in called.outputs}:
            message = f"{called.path.name} has no output {expression.name}"
            yield Finding(file.path, expression.line, "output", message)
    for part in parts(expression):
        yield from _outputs(template, file, part)


def _loaded(file: File, expression: Expression) -> Iterator[Finding]:
    if isinstance(expression, Call) and expression.function in _LOADING and expression.arguments:
        path = expression.arguments[0]
        if not isinstance(path, Literal) or not isinstance(path.value, str):
            yield Finding(file.path, path.line, "loaded-file", "the path must be written down")
        elif not (file.path.parent / path.value).is_file():
            yield Finding(file.path, path.line, "loaded-file", f"there is no file {path.value}")
    for part in parts(expression):
        yield from _loaded(file, part)
