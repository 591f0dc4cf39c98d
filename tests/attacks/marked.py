"""Values that are found again wherever they turn up: one of its own for each attribute of a schema."""

import base64
import itertools
from collections.abc import Iterable

from scim.schema import Attribute, Json, JsonObject, ResourceType


class Marks:
    """Makes marked values, and knows them all."""

    def __init__(self) -> None:
        self.made: list[str] = []
        self._numbers = itertools.count(10_001)

    def text(self) -> str:
        """A text that stands nowhere else."""
        self.made.append(f"Mk{next(self._numbers)}qz")
        return self.made[-1]

    def resource(self, kind: ResourceType) -> JsonObject:
        """A resource with a value in every attribute there is, those included that a client may not write."""
        body = self._filled(kind.attributes) | {"schemas": [kind.schema.id, *kind.extensions]}
        for urn, extension in kind.extensions.items():
            body[urn] = self._filled(extension.attributes)
        return body

    def value(self, attribute: Attribute) -> Json:
        """One value of an attribute."""
        if attribute.type == "complex":
            return self._filled(attribute.sub_attributes)
        if attribute.type == "boolean":
            return True
        if attribute.type in {"integer", "decimal"}:
            self.made.append(str(731_000_000 + next(self._numbers)))
            return int(self.made[-1])
        return self._written(attribute.type, next(self._numbers))

    def _written(self, kind: str, number: int) -> str:
        """A value that is written as text."""
        written = {
            "dateTime": f"2031-02-03T04:05:06.{number:06d}Z",
            "reference": f"https://marked.example/{number}",
            "binary": base64.b64encode(f"{number}marked".encode()).decode(),
        }
        if kind not in written:
            return self.text()
        self.made.append(written[kind])
        return written[kind]

    def _filled(self, attributes: Iterable[Attribute]) -> JsonObject:
        return {
            each.name: [self.value(each)] if each.multi_valued else self.value(each)
            for each in attributes
            if each.name not in {"schemas", "members", "groups", "manager"}
        }
