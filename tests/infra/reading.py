"""Reads Bicep: text to the model, with a finding where the text is no Bicep."""

from collections.abc import Iterator
from pathlib import Path

from tree_sitter import Language, Node, Parser
from tree_sitter_bicep import language

from tests.infra import json_modules, spelling
from tests.infra.expressions import Call, Literal
from tests.infra.model import (
    Decorator,
    File,
    Finding,
    Module,
    Other,
    Output,
    Parameter,
    Resource,
    Template,
    Typed,
    Variable,
)

_PARSER = Parser(Language(language()))
_NAMES = {"identifier", "primitive_type", "compatible_identifier"}


def template(folder: Path) -> Template:
    """All ``.bicep`` files in a folder and the folders in it."""
    folder = folder.resolve()
    paths = sorted(folder.rglob("*.bicep"))
    files = {path: file(path, path.read_text(encoding="utf-8")) for path in paths}
    modules = {(each.path.parent / module.path).resolve() for each in files.values() for module in each.modules}
    json = sorted(path for path in modules if path.suffix == ".json" and path.is_file())
    return Template(folder, files, {path: json_modules.file(path) for path in json})


def file(path: Path, text: str) -> File:
    """One file's declarations; what stands in a part that cannot be read is left out."""
    read = File(path, text)
    root = _PARSER.parse(text.encode()).root_node
    read.findings += (Finding(path, line, "syntax", message) for line, message in _broken(root))
    decorators: tuple[Decorator, ...] = ()
    for node in root.named_children:
        if node.type == "decorators":
            decorators = tuple(_decorator(each) for each in spelling.children(node))
        elif "comment" not in node.type:
            _declare(read, node, decorators)
            decorators = ()
    return read


def _broken(node: Node) -> Iterator[tuple[int, str]]:
    if not node.has_error:
        return
    if node.is_missing:
        yield node.start_point.row + 1, f"{node.type} is missing"
    elif node.is_error and not any(child.has_error for child in node.children):
        written = spelling.text(node)
        blank = written[: len(written) - len(written.lstrip())]
        first = written.strip().partition("\n")[0]
        yield node.start_point.row + 1 + blank.count("\n"), f"this cannot be read: {first}"
    elif node.is_error:
        yield node.start_point.row + 1, "this cannot be read from here on"
    for child in node.children:
        yield from _broken(child)


def _decorator(node: Node) -> Decorator:
    call = spelling.expression(spelling.children(node)[0])
    line = node.start_point.row + 1
    return Decorator(call.function, line, call.arguments) if isinstance(call, Call) else Decorator("", line, ())


def _declare(read: File, node: Node, decorators: tuple[Decorator, ...]) -> None:
    parts = spelling.children(node)
    line = node.start_point.row + 1
    name = next((spelling.text(part) for part in parts if part.type == "identifier"), "")
    match node.type:
        case "parameter_declaration":
            default = parts[2] if len(parts) > 2 else None
            found = spelling.expression(default) if default else None
            read.parameters.append(Parameter(name, line, decorators, _type(parts), found))
        case "variable_declaration":
            read.variables.append(Variable(name, line, decorators, spelling.expression(parts[-1])))
        case "output_declaration":
            read.outputs.append(Output(name, line, decorators, _type(parts), spelling.expression(parts[-1])))
        case "resource_declaration":
            read.outermost.append(resource(node, decorators, None))
        case "module_declaration":
            path = spelling.plain(parts[1])
            read.modules.append(Module(name, line, decorators, spelling.expression(parts[-1]), path))
        case "target_scope_assignment":
            value = spelling.expression(parts[-1])
            read.scope = value.value if isinstance(value, Literal) and isinstance(value.value, str) else read.scope
        case "type_declaration" | "user_defined_function" | "import_functionality":
            used = {spelling.text(each) for each in spelling.all_nodes(node) if each.type in _NAMES}
            names = [name] if node.type != "import_functionality" else sorted(used)
            kind = node.type.partition("_")[0]
            read.others += (Other(each, line, decorators, kind, frozenset(used - {each})) for each in names)
        case "metadata_declaration" | "assert_statement":
            pass
        case _ if not node.has_error:
            read.findings.append(Finding(read.path, line, "syntax", f"{node.type} is nothing this checker reads"))


def _type(parts: list[Node]) -> Typed:
    return Typed(next((spelling.text(part).strip() for part in parts if part.type == "type"), ""))


def resource(node: Node, decorators: tuple[Decorator, ...], outer: Resource | None) -> Resource:
    """A resource's declaration, with those that stand in its body."""
    parts = spelling.children(node)
    existing = any(child.type == "existing" for child in node.children)
    name, line = spelling.text(parts[0]), node.start_point.row + 1
    value = spelling.expression(parts[-1])
    read = Resource(name, line, decorators, value, spelling.plain(parts[1]), existing, outer)
    read.children.extend(resource(inner, above, read) for inner, above in _inner(parts[-1]))
    return read


def _inner(node: Node) -> Iterator[tuple[Node, tuple[Decorator, ...]]]:
    """The declarations in a resource's body, each with its decorators."""
    while node.type in {"if_statement", "for_statement"}:
        node = spelling.children(node)[-1]
    above: tuple[Decorator, ...] = ()
    for entry in spelling.children(node):
        inside = spelling.children(entry)
        for child in [entry, *inside]:
            if child.type == "decorators":
                above = tuple(_decorator(each) for each in spelling.children(child))
            elif child.type == "resource_declaration":
                yield child, above
                above = ()
