"""Processes that run on other Pythons, which know other versions of Unicode, within one process of ours."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field

import pytest

from scim import normal_forms
from scim.schema import Attribute

CAPITAL, SMALL = "\ua7dc", "\u019b"
"""A letter that Unicode 16 brought, and the one that it folds to, which is as old as Unicode."""
GARAY, GARAY_SMALL = "\U00010d50", "\U00010d70"
"""Two letters that Unicode 16 brought, and the one folds to the other."""
EMOJI = "\U0001fae9"
"""A character that Unicode 16 brought, and that folds to itself."""


@dataclass(frozen=True, slots=True)
class Python:
    """What a Python, and the version of our rules on it, make of strings.

    Attributes:
        form: the name of their normal form.
        folds: what they fold that others do not.
    """

    form: str
    folds: Mapping[str, str] = field(default_factory=dict)


OLD = Python("1/15.1.0")
NEW = Python("1/16.0.0", {CAPITAL: SMALL, GARAY: GARAY_SMALL})
RULED = Python("2/15.1.0", {"-": ""})

_running = ContextVar("_running", default=OLD)
_folded = normal_forms.folded


@contextmanager
def running(python: Python) -> Iterator[None]:
    """Be a process on another Python while the block runs."""
    token = _running.set(python)
    try:
        yield
    finally:
        _running.reset(token)


@pytest.fixture
def pythons(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let processes be of other Pythons."""

    def folded(attribute: Attribute, value: str) -> str:
        found = _folded(attribute, value)
        folds = {ord(letter): to for letter, to in _running.get().folds.items()}
        return found if attribute.case_exact else found.translate(folds)

    monkeypatch.setattr(normal_forms, "form", lambda: _running.get().form)
    for module in ("normal_forms", "planning", "matching"):
        monkeypatch.setattr(f"scim.{module}.folded", folded)
