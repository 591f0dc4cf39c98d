"""The page on the template's parameters and outputs, from infra/main.bicep."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from tests.docs.described import ROOT, markdown

_DECLARED = re.compile(
    r"^(?P<decorators>(?:@.*\n)*)(?P<what>param|output) (?P<name>\w+) (?P<type>\w+)(?: = (?P<value>.*))?$", re.MULTILINE
)
_DESCRIPTION = re.compile(r"^@description\('(?P<text>(?:[^'\\]|\\.)*)'\)$", re.MULTILINE)
_BOUND = re.compile(r"^@(?P<what>allowed|minValue|maxValue|minLength|maxLength)\((?P<value>.*)\)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Declared:
    """A parameter or an output.

    Attributes:
        value: the default, or where the output comes from, as Bicep has it.
        bounds: what restricts it, in words.
    """

    what: str
    name: str
    type: str
    value: str
    told: str
    bounds: str


def declared() -> Iterator[Declared]:
    """All of them, in their order."""
    for found in _DECLARED.finditer((ROOT / "infra" / "main.bicep").read_text()):
        said = _DESCRIPTION.search(found["decorators"])
        told = re.sub(r"\\(.)", r"\1", said["text"]) if said else ""
        bounds = "; ".join(f"{each['what']} {each['value']}" for each in _BOUND.finditer(found["decorators"]))
        yield Declared(found["what"], found["name"], found["type"], found["value"] or "", told, bounds)


def page() -> str:
    """The whole page."""
    parameters, outputs = _HEAD, _OUTPUTS
    for each in declared():
        told = markdown(each.told) + (f" ({markdown(_words(each.bounds))})" if each.bounds else "")
        if each.what == "param":
            parameters += f"| `{each.name}` | {each.type} | `{each.value}` | {told} |\n"
        else:
            outputs += f"| `{each.name}` | {told} |\n"
    return parameters + outputs


def _words(bounds: str) -> str:
    for name, words in {"allowed ": "one of ", "minValue": "at least", "maxValue": "at most"}.items():
        bounds = bounds.replace(name, words)
    return re.sub(r"m(in|ax)Length (\d+)", lambda found: f"{_LENGTH[found[1]]} {found[2]} characters", bounds)


_LENGTH = {"in": "at least", "ax": "at most"}
_HEAD = """\
# Template

`infra/main.bicep` makes [everything in Azure](../deploy.md). Its parameters are in `infra/main.parameters.json` for
production and `infra/main.dev.parameters.json` for a try; what is not named there has the default.

| Parameter | Type | Default | What it is |
|---|---|---|---|
"""
_OUTPUTS = """
## Outputs

| Output | What it is |
|---|---|
"""
