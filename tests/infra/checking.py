"""All rules, in order, over a folder."""

from collections.abc import Iterator
from pathlib import Path

from tests.infra import (
    accesses,
    circles,
    functions,
    modules,
    names,
    placing,
    reading,
    second_opinion,
    timing,
    values,
)
from tests.infra.model import File, Finding, Template
from tests.infra.resource_types import Types


def findings(folder: Path, types: Types | None) -> list[Finding]:
    """What is wrong in a folder of templates; without types, as far as can be told without them."""
    template = reading.template(folder)
    if not template.files:
        return [Finding(folder, 1, "syntax", "there is no .bicep file here")]
    return sorted(set(_all(template, types)))


def _all(template: Template, types: Types | None) -> Iterator[Finding]:
    for file in template.files.values():
        yield from file.findings
        yield from second_opinion.check(file)
    readable = [file for file in template.files.values() if not file.findings]
    for file in readable:
        yield from names.check(file)
        yield from functions.check(file)
    circular = [(file, list(circles.check(file))) for file in readable]
    for _, found in circular:
        yield from found
    straight = [file for file, found in circular if not found]
    for file in straight:
        yield from _meaning(template, file, types)


def _meaning(template: Template, file: File, types: Types | None) -> Iterator[Finding]:
    yield from modules.check(template, file)
    yield from values.check(file)
    yield from timing.check(file)
    if types:
        yield from placing.check(file, types)
        yield from accesses.check(file, types)
