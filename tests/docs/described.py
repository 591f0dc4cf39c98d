"""What the code says of itself where no running program can be asked: docstrings below attributes, and calls."""

import ast
import inspect
import itertools
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]


def markdown(text: str) -> str:
    """A docstring's words as Markdown that may stand in a cell of a table."""
    return " ".join(text.split()).replace("``", "`").replace("|", "\\|")


def sentence(text: str | None) -> str:
    """A docstring's first paragraph."""
    return markdown((text or "").strip().partition("\n\n")[0])


def table(head: tuple[str, ...], rows: Iterator[tuple[object, ...]]) -> str:
    """A table in Markdown."""
    lines = [head, ("---",) * len(head), *rows]
    return "".join(f"| {' | '.join(map(str, cells))} |\n" for cells in lines)


def attributes(kind: type) -> dict[str, str]:
    """The docstrings that stand below a class's attributes, which Python itself does not keep."""
    whole = ast.parse(Path(inspect.getfile(kind)).read_text())
    (body,) = (node.body for node in whole.body if isinstance(node, ast.ClassDef) and node.name == kind.__name__)
    told: dict[str, str] = {}
    for each, after in itertools.pairwise(body):
        if isinstance(each, ast.AnnAssign) and isinstance(each.target, ast.Name) and (text := _text(after)):
            told[each.target.id] = markdown(text)
    return told


def listed(kind: type) -> dict[str, str]:
    """What the section ``Attributes:`` of a class's docstring says of each."""
    section = inspect.cleandoc(kind.__doc__ or "").partition("Attributes:\n")[2].partition("\n\n")[0]
    found = re.findall(r"^    (\w+): (.*(?:\n     +.*)*)", section, re.MULTILINE)
    return {name: markdown(text) for name, text in found}


@dataclass(frozen=True, slots=True)
class Function:
    """A function of function_app.py.

    Attributes:
        trigger: ``route`` or ``timer_trigger``.
        at: the route, or the schedule.
        told: its docstring.
    """

    name: str
    trigger: str
    at: str
    told: str


def functions() -> Iterator[Function]:
    """The functions of function_app.py, read and not imported, since an import wants settings."""
    for node in ast.parse((ROOT / "function_app.py").read_text()).body:
        if not isinstance(node, ast.AsyncFunctionDef):
            continue
        for call in node.decorator_list:
            if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute):
                at = next(_constant(word.value) for word in call.keywords if word.arg in {"route", "schedule"})
                yield Function(node.name, call.func.attr, at, sentence(ast.get_docstring(node)))


def calls(module: Path, name: re.Pattern[str]) -> Iterator[ast.Call]:
    """Calls in a module of functions or methods of such names."""
    for node in ast.walk(ast.parse(module.read_text())):
        if isinstance(node, ast.Call):
            called = node.func
            word = (
                called.attr if isinstance(called, ast.Attribute) else called.id if isinstance(called, ast.Name) else ""
            )
            if name.fullmatch(word):
                yield node


def noted(module: Path) -> Iterator[str]:
    """The names of the notes that a module makes of what it let pass."""
    for call in calls(module, re.compile("Note")):
        said = call.args[0] if call.args else None
        each = [said.body, said.orelse] if isinstance(said, ast.IfExp) else [said] if said else []
        yield from filter(None, map(_constant, each))


def events(module: Path) -> Iterator[tuple[str, str, list[str]]]:
    """What a module logs beside requests: each message, when (the docstring), and the names of its other fields."""
    whole = ast.parse(module.read_text())
    for function in ast.walk(whole):
        if not isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        for node in ast.walk(function):
            if isinstance(node, ast.Dict):
                keys = [_constant(key) for key in node.keys if key is not None]
                texts = [_constant(value) for value in node.values]
                if keys[:1] == ["message"] and texts[0]:
                    yield texts[0], sentence(ast.get_docstring(function) or ast.get_docstring(whole)), keys[1:]


def _constant(node: ast.expr) -> str:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""


def _text(node: ast.stmt) -> str:
    return _constant(node.value) if isinstance(node, ast.Expr) else ""
