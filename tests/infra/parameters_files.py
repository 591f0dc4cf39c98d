"""Parameters files, ``main*.parameters.json``: what they give must be what ``main.bicep`` takes."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.infra.model import File, Finding, Parameter, Template
from tests.infra.secrecy import PLAIN, SECRET
from tests.infra.values import unfit


def check(template: Template) -> Iterator[Finding]:
    """All rules about the parameters files beside ``main.bicep``."""
    main = template.files.get(template.folder / "main.bicep")
    for path in sorted(template.folder.glob("main*.parameters.json")):
        if main is None:
            yield Finding(path, 1, "parameters-file", "there is no main.bicep")
        elif not main.findings:
            yield from _file(path, main)


def _file(path: Path, main: File) -> Iterator[Finding]:
    text = path.read_text(encoding="utf-8")
    try:
        given = json.loads(text)["parameters"]
        values = {str(name): dict(said) for name, said in given.items()}
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        yield Finding(path, getattr(error, "lineno", 1), "parameters-file", f"this is no parameters file: {error}")
        return
    known = {parameter.name: parameter for parameter in main.parameters}
    for name, said in values.items():
        line = _line(text, name)
        if name not in known:
            yield Finding(path, line, "parameters-file", f"main.bicep has no parameter {name}")
        elif "reference" not in said:
            message = _wrong(known[name], said)
            yield from [Finding(path, line, "parameters-file", message)] if message else []
            yield from _secret(path, line, known[name], said.get("value"))
    for name, parameter in known.items():
        if parameter.required and name not in values:
            yield Finding(path, 1, "parameters-file", f"main.bicep needs {name}, which is not given")


def _line(text: str, name: str) -> int:
    found = re.search(rf'"{re.escape(name)}"\s*:', text)
    return text.count("\n", 0, found.start()) + 1 if found else 1


def _wrong(parameter: Parameter, said: dict[str, Any]) -> str | None:
    if set(said) != {"value"}:
        return f"{parameter.name} must have a value or a reference"
    if isinstance(said["value"], str) and said["value"].startswith("${"):
        return None  # what azd puts in from its environment
    return unfit(said["value"], parameter)


def _secret(path: Path, line: int, parameter: Parameter, value: object) -> Iterator[Finding]:
    written = isinstance(value, str) and value != "" and not value.startswith("${")
    if written and (parameter.secure or SECRET.search(parameter.name) or PLAIN.search(str(value))):
        yield Finding(path, line, "plain-secret", f"{parameter.name} is secret, and is written down here")
