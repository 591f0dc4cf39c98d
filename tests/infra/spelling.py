"""How expressions are spelt: from the parser's nodes to ours."""

from collections.abc import Iterator

from tree_sitter import Node

from tests.infra.expressions import (
    Access,
    Array,
    Call,
    Choice,
    Expression,
    Index,
    Lambda,
    Literal,
    Loop,
    Name,
    Nested,
    Object,
    Operation,
    Property,
    Text,
    When,
)

_ESCAPES = {"\\n": "\n", "\\r": "\r", "\\t": "\t", "\\\\": "\\", "\\'": "'", "\\$": "$"}
_NAMESPACES = {"az", "sys"}


def text(node: Node) -> str:
    """What stands there."""
    return (node.text or b"").decode()


def children(node: Node) -> list[Node]:
    """The named parts, without comments and what could not be read."""
    return [child for child in node.named_children if "comment" not in child.type and not child.is_error]


def all_nodes(node: Node) -> Iterator[Node]:
    """A node and all below it."""
    yield node
    for child in node.children:
        yield from all_nodes(child)


def plain(node: Node) -> str:
    """A string without interpolation, or the empty string."""
    read = expression(node)
    return read.value if isinstance(read, Literal) and isinstance(read.value, str) else ""


def expression(node: Node) -> Expression:  # noqa: C901, PLR0911, PLR0912 - one case for each kind
    """The expression at a node; what is none of the known kinds becomes an operation on its parts."""
    line, parts = node.start_point.row + 1, children(node)
    match node.type:
        case "string":
            return _string(node)
        case "number" | "boolean" | "null":
            return Literal(line, _value(text(node)))
        case "identifier":
            return Name(line, text(node))
        case "array":
            return Array(line, tuple(expression(part) for part in parts))
        case "object":
            return Object(line, tuple(_properties(parts)))
        case "parenthesized_expression" if len(parts) == 1:
            return expression(parts[0])
        case "call_expression":
            return _call(node)
        case "member_expression":
            checked = any(child.type in {".?", "!"} for child in node.children)
            return Access(parts[-1].start_point.row + 1, expression(parts[0]), text(parts[-1]), checked)
        case "subscript_expression":
            return Index(line, expression(parts[0]), expression(parts[-1]))
        case "resource_expression":
            return Nested(line, expression(parts[0]), text(parts[-1]))
        case "ternary_expression" if len(parts) == 3:
            return Choice(line, expression(parts[0]), expression(parts[1]), expression(parts[2]))
        case "if_statement":
            return When(line, expression(parts[0]), expression(parts[-1]))
        case "for_statement":
            names = children(parts[0]) if parts[0].type == "for_loop_parameters" else parts[:1]
            return Loop(line, tuple(text(name) for name in names), expression(parts[1]), expression(parts[-1]))
        case "lambda_expression":
            return expression(parts[-1])  # its names were taken by _argument
        case _:
            operator = node.child_by_field_name("operator")
            return Operation(line, text(operator) if operator else node.type, tuple(expression(part) for part in parts))


def _value(written: str) -> int | bool | None:
    return {"true": True, "false": False, "null": None}[written] if written.isalpha() else int(written)


def _string(node: Node) -> Expression:
    line = node.start_point.row + 1
    found: list[Expression] = []
    for part in children(node):
        if part.type == "interpolation":
            inner = children(part)
            found.append(expression(inner[0]) if inner else Literal(line, ""))
        else:
            found.append(Literal(part.start_point.row + 1, _unescaped(part)))
    if all(isinstance(part, Literal) and isinstance(part.value, str) for part in found) and not any(
        part.type == "interpolation" for part in children(node)
    ):
        return Literal(line, "".join(str(part.value) for part in found if isinstance(part, Literal)))
    return Text(line, tuple(found))


def _unescaped(part: Node) -> str:
    written = text(part)
    if part.type != "escape_sequence":
        return written
    return chr(int(written[3:-1], 16)) if written.startswith("\\u") else _ESCAPES.get(written, written)


def _properties(parts: list[Node]) -> Iterator[Property]:
    for part in parts:
        inside = children(part)
        if part.type != "object_property" or len(inside) < 2:
            continue
        key = expression(inside[0])
        line = part.start_point.row + 1
        yield Property(line, Literal(line, key.name) if isinstance(key, Name) else key, expression(inside[-1]))


def _call(node: Node) -> Call:
    function, *rest = children(node)
    arguments = tuple(_argument(each) for part in rest if part.type == "arguments" for each in children(part))
    if function.type != "member_expression":
        return Call(node.start_point.row + 1, text(function), arguments)
    target, name = children(function)
    of = None if text(target) in _NAMESPACES else expression(target)
    return Call(name.start_point.row + 1, text(name), arguments, of)


def _argument(node: Node) -> Expression:
    """An argument; the grammar binds ``=>`` tighter than all else, Bicep looser: what surrounds it is its body."""
    spine: Node | None = node
    while spine and spine.type != "lambda_expression":
        spine = spine.named_child(0) if spine.type.endswith("_expression") else None
    if spine is None:
        return expression(node)
    before = children(spine)[:-1]
    names = [each for part in before for each in ([part] if part.type == "identifier" else children(part))]
    return Lambda(node.start_point.row + 1, tuple(text(name) for name in names), expression(node))
