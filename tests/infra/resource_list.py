"""The list of a template's resources, as ``--resources`` prints it."""

from collections.abc import Iterator
from typing import NamedTuple

from tests.infra.model import Deployed, File, Resource, Template


class Row(NamedTuple):
    """One resource: its type and version, its name in the file, on what it depends, and the modules around it."""

    type: str
    version: str
    name: str
    condition: str
    module: str


def rows(template: Template) -> Iterator[Row]:
    """All resources that the main file deploys, itself and by way of its modules, in the order of the text."""
    main = template.files.get(template.folder / "main.bicep")
    if main:
        yield from _rows(template, main, "main", ())


def _rows(template: Template, file: File, path: str, around: tuple[str, ...]) -> Iterator[Row]:
    for each in file.resources:
        if not each.existing:
            yield Row(each.type, each.version, each.name, " and ".join((*around, *_conditions(file, each))), path)
    for module in file.modules:
        called = template.called(file, module)
        if called and called is not file:
            yield from _rows(template, called, f"{path}/{module.name}", (*around, *_conditions(file, module)))


def _conditions(file: File, each: Deployed) -> Iterator[str]:
    """The text behind ``for`` and ``if`` in the declaration's line."""
    if isinstance(each, Resource) and each.outer:
        yield from _conditions(file, each.outer)
    head = file.text.splitlines()[each.line - 1].partition("=")[2].strip()
    if each.loop:
        yield head.lstrip("[").partition(":")[0].strip()
    if each.condition:
        yield head.rpartition("if (")[2].removesuffix("{").strip().removesuffix(")")
