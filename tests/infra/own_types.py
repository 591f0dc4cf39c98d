"""Resource types of our own making, for tests of the rules: they hold where the public data is not there, too."""

import json
from pathlib import Path
from typing import Any

from tests.infra import resource_types
from tests.infra.resource_types import Types

_TYPES: list[dict[str, Any]] = []


def _add(**said: object) -> dict[str, str]:
    _TYPES.append({("$type" if name == "kind" else name): value for name, value in said.items()})
    return {"$ref": f"#/{len(_TYPES) - 1}"}


def _object(flags: dict[str, tuple[dict[str, str], int]], **more: object) -> dict[str, str]:
    properties = {name: {"type": reference, "flags": flag} for name, (reference, flag) in flags.items()}
    return _add(kind="ObjectType", name="Object", properties=properties, **more)


def _literal(value: str) -> dict[str, str]:
    return _add(kind="StringLiteralType", value=value)


def _resource(name: str, scopes: int, body: dict[str, str]) -> None:
    _add(kind="ResourceType", name=name, body=body, readableScopes=scopes, writableScopes=scopes)


STRING, WHOLE, TRUTH, ANYTHING = (_add(kind=f"{kind}Type") for kind in ("String", "Integer", "Boolean", "Any"))
SHORT = _add(kind="StringType", minLength=2, maxLength=4, pattern="^[a-z]+$")
FEW = _add(kind="IntegerType", minValue=1, maxValue=9)
ON, OFF = (_literal(value) for value in ("On", "Off"))
CLOSED = _add(kind="UnionType", elements=[ON, OFF])
OPEN = _add(kind="UnionType", elements=[ON, OFF, STRING])
MIXED = _add(kind="UnionType", elements=[ON, WHOLE])
ITEM = _object({"key": (STRING, 1), "size": (WHOLE, 0)})
ITEMS = _add(kind="ArrayType", itemType=ITEM, maxLength=2)
EITHER = _add(kind="UnionType", elements=[ITEM, STRING])
MAP = _object({}, additionalProperties=WHOLE)
CIRCLE = _object({"shape": (_literal("circle"), 1), "radius": (WHOLE, 1)})
SQUARE = _object({"shape": (_literal("square"), 1), "side": (WHOLE, 1)})
FIGURE = _add(
    kind="DiscriminatedObjectType",
    name="Figure",
    discriminator="shape",
    baseProperties={"colour": {"type": STRING, "flags": 0}},
    elements={"circle": CIRCLE, "square": SQUARE},
)
PROPERTIES = _object(
    {
        "text": (STRING, 0), "whole": (WHOLE, 0), "truth": (TRUTH, 0), "any": (ANYTHING, 0), "short": (SHORT, 0),
        "few": (FEW, 0), "closed": (CLOSED, 0), "open": (OPEN, 0), "mixed": (MIXED, 0), "items": (ITEMS, 0),
        "map": (MAP, 0),
        "either": (EITHER, 0),
        "fixed": (ON, 0), "figure": (FIGURE, 0), "made": (STRING, 2), "secret": (STRING, 4), "needed": (TRUTH, 1),
    }
)  # fmt: skip
THING = _object({"id": (STRING, 10), "name": (STRING, 9), "type": (STRING, 10), "properties": (PROPERTIES, 0)})
NAMED = _object({"name": (STRING, 9)})
_resource("Sample.Things/things@2030-01-01", 8, THING)
_resource("Sample.Things/things/parts@2030-01-01", 8, NAMED)
_resource(
    "Sample.Things/things/settings@2030-01-01",
    8,
    _add(
        kind="DiscriminatedObjectType",
        name="Settings",
        discriminator="name",
        baseProperties={"id": {"type": STRING, "flags": 10}},
        elements={
            "map": _object({"name": (_literal("map"), 9), "properties": (MAP, 1)}),
            "text": _object({"name": (_literal("text"), 9), "properties": (STRING, 1)}),
        },
    ),
)
_resource("Sample.Things/notes@2030-01-01", 31, NAMED)
_resource("Sample.Things/continents@2030-01-01", 4, NAMED)


def load(folder: Path) -> Types:
    """The types above, read from a file as the public ones are."""
    (folder / "sample.json").write_text(json.dumps(_TYPES), encoding="utf-8")
    return resource_types.load(folder)
