"""The page on the commands, from what argparse knows of them."""

import argparse
import contextlib
import io
import os
import re
from collections.abc import Iterator
from unittest import mock

from scim import cli
from scim.local import options
from tests.docs.described import markdown

WIDTH = 88
"""Columns of the usage lines."""


def page() -> str:
    """All commands, each with its arguments."""
    parts = [_HEAD, _options(cli.parser()), *map(_command, leaves(cli.parser())), _LOCAL, _local()]
    return "\n".join(parts)


def leaves(parser: argparse.ArgumentParser, help_: str = "") -> Iterator[tuple[argparse.ArgumentParser, str]]:
    """The commands below a parser that have none below themselves, and what the one above says of each."""
    below = [action for action in _actions(parser) if isinstance(action, argparse._SubParsersAction)]  # noqa: SLF001
    if not below:
        yield parser, help_
    for action in below:
        helps = {choice.dest: choice.help or "" for choice in action._choices_actions}  # noqa: SLF001
        for name, child in action.choices.items():
            yield from leaves(child, helps.get(name, ""))


def _actions(parser: argparse.ArgumentParser) -> list[argparse.Action]:
    return parser._actions  # noqa: SLF001 (there is no other way to ask)


def _command(found: tuple[argparse.ArgumentParser, str]) -> str:
    parser, help_ = found
    name = parser.prog.removeprefix("python -m scim ")
    told = parser.description or f"{help_[:1].upper()}{help_[1:]}."
    paragraphs = "\n\n".join(_paragraph(each) for each in told.strip().split("\n\n"))
    return f"## {name}\n\n```text\n{_usage(parser)}\n```\n\n{paragraphs}\n\n{_options(parser)}"


def _paragraph(text: str) -> str:
    """A paragraph of a description; one that is set in columns stays so."""
    if text.startswith("  "):
        return f"```text\n{text}\n```"
    sentence = markdown(text)
    sentence = f"{sentence[:1].upper()}{sentence[1:]}"
    return sentence if sentence.endswith((".", ":")) else f"{sentence}."


def _usage(parser: argparse.ArgumentParser) -> str:
    with mock.patch.dict(os.environ, {"COLUMNS": str(WIDTH)}):
        return parser.format_usage().removeprefix("usage: ").strip()


def _options(parser: argparse.ArgumentParser) -> str:
    rows = [_row(action) for action in _actions(parser) if action.dest not in {"help", "command"} and _shown(action)]
    return "| Argument | Meaning |\n|---|---|\n" + "".join(rows) if rows else ""


def _shown(action: argparse.Action) -> bool:
    hidden = isinstance(action, argparse._SubParsersAction) or action.help == argparse.SUPPRESS  # noqa: SLF001
    return not hidden


def _row(action: argparse.Action) -> str:
    choices = "|".join(map(str, action.choices or ()))
    value = str(action.metavar or choices or action.dest.upper())
    takes_one = action.nargs != 0
    if action.option_strings:
        name = f"{action.option_strings[-1]} {value}" if takes_one else action.option_strings[-1]
    else:
        name = value
    needed = " (required)" if action.required and action.option_strings else ""
    told = markdown((action.help or "").replace("%(default)s", str(action.default)))
    return f"| `{name}`{needed} | {told} |\n"


def _local() -> str:
    said = io.StringIO()
    columns = mock.patch.dict(os.environ, {"COLUMNS": str(WIDTH)})
    with columns, contextlib.redirect_stdout(said), contextlib.suppress(SystemExit):
        options.parse(["--help"])
    return f"```text\n{re.sub(r'^usage: ', '', said.getvalue())}```\n"


_HEAD = """\
# Commands

`python -m scim` is the operator's. It talks to the storage account, so it needs no running service. The exit status is
0 if the command did what it was asked, 1 if it was refused or did not reach the account, 2 if it was not understood.
These come before the command, or from `ROLLCALL_STORAGE` and `ROLLCALL_PUBLIC_URL`:
"""
_LOCAL = """\
## python -m scim.local

What `make run` runs, on your machine; it is not deployed.
"""
