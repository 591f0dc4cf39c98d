"""JSON on the wire: bytes to values and back, with everything refused that two readers could read differently."""

import json
import math
import re
from typing import NoReturn

from scim.errors import InvalidSyntax, UnsupportedMediaType
from scim.schema import Json, JsonObject

SCIM_JSON = "application/scim+json"

_CHARSET = re.compile(r"charset\s*=\s*\"?([^\s\";]+)")
_ENCODER = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":"))


def check_type(content_type: str | None, encoding: str | None = None) -> None:
    """Accept JSON of any kind, in UTF-8 and not compressed, and a body that does not say what it is.

    Raises:
        UnsupportedMediaType: it says that it is something else.
    """
    if (encoding or "identity").strip().lower() != "identity":
        raise UnsupportedMediaType("Send the body as it is, without Content-Encoding.")
    media_type, _, parameters = (content_type or SCIM_JSON).lower().partition(";")
    media_type, charset = media_type.strip(), _CHARSET.search(parameters)
    if charset is not None and charset[1] not in {"utf-8", "utf8", "us-ascii"}:
        raise UnsupportedMediaType("Send the body in UTF-8 (RFC 8259, section 8.1).")
    if media_type != "application/json" and not (
        media_type.startswith("application/") and media_type.endswith("+json")
    ):
        raise UnsupportedMediaType(f"Send the body as {SCIM_JSON} or application/json.")


def read(body: bytes, max_depth: int) -> Json:
    """The value that a JSON text stands for (RFC 8259).

    Raises:
        InvalidSyntax: it is no JSON in UTF-8, says one thing twice, nests deeper than ``max_depth``, or holds what
            cannot be stored: NaN, NUL, half of a surrogate pair.
    """
    if not body:
        raise InvalidSyntax("The body is empty; send a JSON object, and its Content-Length.")
    try:
        text = body.decode("utf-8-sig")
        value = json.loads(text, object_pairs_hook=_object, parse_constant=_constant, parse_float=_float)
    except UnicodeDecodeError:
        raise InvalidSyntax("The body is not UTF-8.") from None
    except RecursionError:
        raise _too_deep(max_depth) from None
    except json.JSONDecodeError as error:
        raise InvalidSyntax(f"The body is not JSON: line {error.lineno}, column {error.colno}.") from None
    except ValueError:
        raise InvalidSyntax("The body holds a number with too many digits.") from None
    _check(value, max_depth, "\\u" in text or "\0" in text)
    return value


def write(value: Json) -> bytes:
    """A value as JSON text."""
    return _ENCODER.encode(value).encode()


def _object(pairs: list[tuple[str, Json]]) -> JsonObject:
    read_pairs = dict(pairs)
    if len(read_pairs) < len(pairs):
        seen: set[str] = set()
        twice = next(name for name, _ in pairs if name in seen or seen.add(name))  # type: ignore[func-returns-value] # add gives None, which is the trick
        raise InvalidSyntax(f"{twice[:100]!r} stands twice in one object.")
    return read_pairs


def _constant(name: str) -> NoReturn:
    raise InvalidSyntax(f"{name} is not JSON.")


def _float(digits: str) -> float:
    number = float(digits)
    if not math.isfinite(number):
        raise InvalidSyntax("The body holds a number that is too large.")
    return number


def _check(value: Json, max_depth: int, escapes: bool) -> None:  # noqa: FBT001 (one caller)
    """Walk a value without recursion: its depth and, where the text had escapes, its strings."""
    level: list[Json] = [value]
    depth = 0
    while level:
        if depth > max_depth:
            raise _too_deep(max_depth)
        inner: list[Json] = []
        for held in level:
            if isinstance(held, dict):
                inner.extend(held.values())
                if escapes:
                    inner.extend(held)
            elif isinstance(held, list):
                inner.extend(held)
            elif escapes and isinstance(held, str):
                _check_string(held)
        level = inner
        depth += 1


def _check_string(text: str) -> None:
    if "\0" in text:
        raise InvalidSyntax("The body holds the character NUL, which cannot be stored.")
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError:
            raise InvalidSyntax("The body holds half of a surrogate pair, which is no character.") from None


def _too_deep(max_depth: int) -> InvalidSyntax:
    return InvalidSyntax(f"The body is nested deeper than {max_depth} levels.")
