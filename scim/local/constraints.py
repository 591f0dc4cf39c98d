"""Inline constraints of route templates, such as `{id:int}` or `{name:length(3,8)}`."""

import re
import uuid
from collections.abc import Callable

from scim.local.failure import Failure

type Check = Callable[[str], bool]

_INT32 = 2**31
_INT64 = 2**63


def constraint(name: str, argument: str | None) -> Check:
    """The check that a constraint stands for."""
    try:
        return _NAMED[name.lower()](argument)
    except KeyError:
        raise Failure(
            f"The route constraint {name!r} is not known here; known are {', '.join(sorted(_NAMED))}."
        ) from None
    except (TypeError, ValueError, re.error):
        raise Failure(f"The route constraint {name!r} cannot take the argument {argument!r}.") from None


def _integer(lowest: int, highest: int) -> Check:
    def check(text: str) -> bool:
        return re.fullmatch(r"\s*[+-]?[0-9]+\s*", text) is not None and lowest <= int(text) <= highest

    return check


def _guid(text: str) -> bool:
    try:
        uuid.UUID(text.strip())
    except ValueError:
        return False
    return True


def _bare(check: Check) -> Callable[[str | None], Check]:
    def build(argument: str | None) -> Check:
        if argument is not None:
            raise ValueError
        return check

    return build


def _bounds(argument: str | None) -> tuple[int, int]:
    lowest, highest = (argument or "").split(",")
    return int(lowest), int(highest)


def _number(argument: str | None) -> int:
    return int(argument or "")


def _length(argument: str | None) -> Check:
    lowest, highest = _bounds(argument) if "," in (argument or "") else (_number(argument),) * 2
    return lambda text: lowest <= len(text) <= highest


def _min_length(argument: str | None) -> Check:
    lowest = _number(argument)
    return lambda text: len(text) >= lowest


def _max_length(argument: str | None) -> Check:
    highest = _number(argument)
    return lambda text: len(text) <= highest


def _regex(argument: str | None) -> Check:
    pattern = re.compile(argument or "", re.IGNORECASE)
    return lambda text: pattern.search(text) is not None


_NAMED: dict[str, Callable[[str | None], Check]] = {
    "alpha": _bare(lambda text: re.fullmatch("[a-zA-Z]*", text) is not None),
    "bool": _bare(lambda text: text.strip().lower() in {"true", "false"}),
    "guid": _bare(_guid),
    "int": _bare(_integer(-_INT32, _INT32 - 1)),
    "length": _length,
    "long": _bare(_integer(-_INT64, _INT64 - 1)),
    "max": lambda argument: _integer(-_INT64, _number(argument)),
    "maxlength": _max_length,
    "min": lambda argument: _integer(_number(argument), _INT64 - 1),
    "minlength": _min_length,
    "range": lambda argument: _integer(*_bounds(argument)),
    "regex": _regex,
    "required": _bare(bool),
}
