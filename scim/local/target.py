"""The target of a request, path and query, as it reaches a function behind Kestrel."""

import re
from urllib.parse import quote, unquote_plus

_ESCAPES = re.compile(rb"(?:%(?!2[fF])[0-9a-fA-F]{2})+")
_ESCAPE = re.compile(r"(%[0-9a-fA-F]{2})")
_UNESCAPED = "/:@!$&'()*+,;=-._~"


def decode_path(raw: bytes) -> str:
    """Decode a path once, but for `%2F`, and remove `.` and `..` from it.

    Raises:
        ValueError: The path does not begin with a slash or holds a NUL; the host answers 400.
    """
    decoded = _ESCAPES.sub(_decode_run, raw).decode("utf-8", errors="replace")
    if not decoded.startswith("/") or "\0" in decoded:
        raise ValueError("not a path")
    return _without_dot_segments(decoded)


def encode_path(path: str) -> str:
    """Encode a decoded path for a URL, keeping the escapes that decoding left."""
    pieces = _ESCAPE.split(path)
    return "".join(piece if index % 2 else quote(piece, safe=_UNESCAPED) for index, piece in enumerate(pieces))


def query_parameters(query: str) -> dict[str, str]:
    """The query as `req.params` shows it: names compared without regard to case, repeats joined, empty values gone."""
    names: dict[str, str] = {}
    values: dict[str, list[str]] = {}
    for pair in query.split("&"):
        name, _, value = (unquote_plus(side) for side in pair.partition("="))
        if value:
            values.setdefault(names.setdefault(name.upper(), name), []).append(value)
    return {name: ",".join(repeats) for name, repeats in values.items()}


def _decode_run(match: re.Match[bytes]) -> bytes:
    run = bytes.fromhex(match.group().replace(b"%", b"").decode())
    try:
        run.decode("utf-8")
    except UnicodeDecodeError:
        return match.group()
    return run


def _without_dot_segments(path: str) -> str:
    if "/." not in path:
        return path
    kept: list[str] = []
    parts = path.split("/")[1:]
    for part in parts:
        if part == "..":
            del kept[-1:]
        elif part != ".":
            kept.append(part)
    if parts[-1] in {".", ".."}:
        kept.append("")
    return "/" + "/".join(kept)
