"""The shapes of Azure's resource types: the compiler's own data, read from a folder beside the project.

The data is public (its folder's README names the source) and stays outside of the project.
"""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
REQUIRED, READ_ONLY, WRITE_ONLY, CONSTANT = 1, 2, 4, 8
_SCOPES = {"tenant": 1, "managementGroup": 2, "subscription": 4, "resourceGroup": 8}
EXTENSION = 16
UNTOLD = {"description"}
"""Properties of these names went out of the data when it was pruned of descriptions: they are taken to exist."""


@dataclass(frozen=True, slots=True)
class Shape:
    """One type of a file of types; what it refers to is found among the file's others."""

    said: Mapping[str, Any]
    among: "tuple[Mapping[str, Any], ...]"

    @property
    def kind(self) -> str:
        """Such as ObjectType."""
        return str(self.said["$type"])

    def follow(self, reference: Mapping[str, str]) -> "Shape":
        """The type that a reference leads to."""
        return Shape(self.among[int(reference["$ref"].removeprefix("#/"))], self.among)

    @property
    def elements(self) -> "list[Shape]":
        """Of a union: the types it unites."""
        return [self.follow(element) for element in self.said["elements"]]

    @property
    def properties(self) -> Mapping[str, Mapping[str, Any]]:
        """Of an object: its properties' types and flags; of a discriminated one, those that all variants have."""
        found: Mapping[str, Mapping[str, Any]] = self.said.get("properties") or self.said.get("baseProperties") or {}
        return found

    @property
    def others(self) -> "Shape | None":
        """Of an object: the type of properties under any other name, if it takes such."""
        reference = self.said.get("additionalProperties")
        return self.follow(reference) if reference else None

    @property
    def variants(self) -> "dict[str, Shape]":
        """Of a discriminated object: its variants by the discriminator's value."""
        return {name: self.follow(reference) for name, reference in self.said["elements"].items()}


@dataclass(frozen=True, slots=True)
class ResourceType:
    """A resource type in one API version."""

    name: str
    body: Shape
    writable: int

    def deployable(self, scope: str) -> bool:
        """Whether a template of a scope can hold it without saying where."""
        return bool(self.writable & _SCOPES.get(scope, 0))

    @property
    def extends(self) -> bool:
        """Whether it can be put onto any other resource, by ``scope``."""
        return bool(self.writable & EXTENSION)


class Types:
    """All resource types that the data has."""

    def __init__(self, found: Mapping[tuple[str, str], ResourceType]) -> None:
        self._found = found

    def get(self, name: str, version: str) -> ResourceType | None:
        """A type in a version, in whichever letters."""
        return self._found.get((name.casefold(), version.casefold()))

    def versions(self, name: str) -> list[str]:
        """The versions of a type that the data has."""
        return sorted(version for known, version in self._found if known == name.casefold())


def folder() -> Path | None:
    """Where the data is: in the folder that ``BICEP_TYPES`` names, else in ``shared/bicep-types`` above the project."""
    if named := os.environ.get("BICEP_TYPES"):
        return Path(named) if Path(named).is_dir() else None
    return next((place for above in ROOT.parents if (place := above / "shared" / "bicep-types").is_dir()), None)


@lru_cache(maxsize=2)
def load(place: Path) -> Types:
    """Read all files of the data."""
    found = dict[tuple[str, str], ResourceType]()
    for path in sorted(place.glob("*.json")):
        among = tuple(json.loads(path.read_text(encoding="utf-8")))
        for said in among:
            if said["$type"] == "ResourceType":
                name, _, version = said["name"].partition("@")
                body = Shape(said, among).follow(said["body"])
                found[name.casefold(), version.casefold()] = ResourceType(name, body, said["writableScopes"])
    return Types(found)
