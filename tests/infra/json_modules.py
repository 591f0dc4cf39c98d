"""Modules written in JSON, for what Bicep's stable types cannot say: what they take, and whether they give too much."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

from tests.infra.expressions import Literal
from tests.infra.model import File, Finding, Output, Parameter, Typed

COSMOS_CONTRIBUTOR = "00000000-0000-0000-0000-000000000002"
"""Cosmos DB's own role for data; it has a reader beside it, and no lesser one that writes."""
_ID = re.compile(r"\b[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}\b", re.IGNORECASE)
_TYPES = {"securestring": "string", "secureobject": "object"}


def file(path: Path) -> File:
    """The parameters and outputs of a module, as if it were Bicep."""
    text = path.read_text(encoding="utf-8")
    read = File(path, text)
    try:
        said = json.loads(text)
        for name, each in said.get("parameters", {}).items():
            default = Literal(1, None) if "defaultValue" in each else None
            read.parameters.append(Parameter(name, 1, (), _typed(each), default))
        for name, each in said.get("outputs", {}).items():
            read.outputs.append(Output(name, 1, (), _typed(each), Literal(1, None)))
        if not isinstance(said.get("resources"), list):
            read.findings.append(Finding(path, 1, "syntax", "this is no template: it has no list of resources"))
    except (ValueError, AttributeError, TypeError) as error:
        read.findings.append(Finding(path, getattr(error, "lineno", 1), "syntax", f"this is no template: {error}"))
    return read


def _typed(each: dict[str, str]) -> Typed:
    kind = str(each.get("type", "")).casefold()
    return Typed(_TYPES.get(kind, kind))


def check(module: File) -> Iterator[Finding]:
    """Roles and keys: the rest of what is in such a module, nothing here can judge."""
    for number, line in enumerate(module.text.splitlines(), 1):
        if re.search(r"\blist(Keys|Secrets|\w*Sas)\(", line, re.IGNORECASE):
            yield Finding(module.path, number, "told-secret", "this tells keys, and there are to be none")
        for identifier in _ID.findall(line):
            if identifier != COSMOS_CONTRIBUTOR:
                message = f"of roles, only Cosmos DB's data contributor is given in JSON, not {identifier}"
                yield Finding(module.path, number, "role", message)
