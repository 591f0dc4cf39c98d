"""An exception as it may be written down: where it came from, and never a word of its text."""

import traceback
from typing import Any

MAX_ERRORS = 8
"""Exceptions of one chain that are described, the outermost first."""
MAX_FRAMES = 40
"""Stack frames of one exception that are described, the innermost last."""


def describe(error: BaseException) -> list[dict[str, Any]]:
    """An exception and those behind it: names of types and ``module:function:line``, never a word of their texts."""
    described: list[dict[str, Any]] = []
    seen: set[int] = set()
    waiting = [error]
    while waiting and len(described) < MAX_ERRORS:
        each = waiting.pop(0)
        if id(each) not in seen:
            seen.add(id(each))
            described.append({"type": type_name(each), "frames": _frames(each)})
            waiting.extend(_behind(each))
    return described


def type_name(error: BaseException) -> str:
    """The name of an exception's type, with its module unless it is the language's own."""
    kind = type(error)
    return kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"


def _frames(error: BaseException) -> list[str]:
    places = [
        f"{frame.f_globals.get('__name__')}:{frame.f_code.co_qualname}:{line}"
        for frame, line in traceback.walk_tb(error.__traceback__)
    ]
    return places[-MAX_FRAMES:]


def _behind(error: BaseException) -> list[BaseException]:
    grouped = list(error.exceptions) if isinstance(error, BaseExceptionGroup) else []
    cause = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    return grouped if cause is None else [cause, *grouped]
