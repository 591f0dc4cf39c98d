"""All rules, in order, over a folder."""

from collections.abc import Iterator
from pathlib import Path

from tests.infra import (
    accesses,
    circles,
    functions,
    hardening,
    json_modules,
    linter_settings,
    linting,
    manners,
    modules,
    names,
    parameters_files,
    placing,
    reading,
    roles,
    second_opinion,
    secrecy,
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
    for file in template.json.values():
        yield from file.findings
        yield from json_modules.check(file)
    for file in template.files.values():
        yield from file.findings
        yield from second_opinion.check(file)
    readable = [file for file in template.files.values() if not file.findings]
    for file in readable:
        yield from names.check(file)
        yield from functions.check(file)
        yield from manners.check(file)
    yield from parameters_files.check(template)
    yield from linter_settings.check(template)
    circular = [(file, list(circles.check(file))) for file in readable]
    for _, found in circular:
        yield from found
    straight = [file for file, found in circular if not found]
    for file in straight:
        yield from _meaning(template, file, types)
    if len(straight) == len(template.files):
        for file in straight:
            yield from ours(template, file)


def ours(template: Template, file: File) -> Iterator[Finding]:
    """What this project asks of a file beyond what Azure does; all files must be readable, and free of circles."""
    yield from hardening.check(template, file)
    yield from roles.check(template, file)
    yield from secrecy.check(template, file)


def _meaning(template: Template, file: File, types: Types | None) -> Iterator[Finding]:
    yield from modules.check(template, file)
    yield from values.check(file)
    yield from timing.check(file)
    yield from linting.check(file)
    if types:
        yield from placing.check(file, types)
        yield from accesses.check(file, types)
