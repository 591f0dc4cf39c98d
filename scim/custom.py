"""A provider's own schemas as their operator writes them: one JSON file, of the forms of RFC 7643 §6 and §7.

::

    {"schemas": [Schema …],
     "resourceTypes": [ResourceType, with "indexes" …],
     "extensions": [{"resourceType": "User", "schema": "urn:…", "required": false, "indexes": ["badgeNumber"]} …]}

Here it is only read; what its parts must be to each other is for ``extending``.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_camel
from pydantic_core import ErrorDetails

from scim import media
from scim.errors import ScimError
from scim.schema import Json, Schema

MAX_DEPTH = 16
"""Levels of nesting in a file; a sub-attribute's list of words is at the eighth."""
_MAX_TOLD = 20


class CustomError(Exception):
    """A provider's own schemas cannot be as they are written.

    Attributes:
        reasons: a sentence for each thing that is wrong, which says where it is and what would be right.
    """

    def __init__(self, reasons: Sequence[str]) -> None:
        more = [f"and {len(reasons) - _MAX_TOLD} more"] if len(reasons) > _MAX_TOLD else []
        super().__init__("\n".join([*reasons[:_MAX_TOLD], *more]))
        self.reasons = tuple(reasons)


class _Part(BaseModel):
    model_config = ConfigDict(
        alias_generator=lambda name: to_camel(name.rstrip("_")),
        extra="forbid",
        frozen=True,
        hide_input_in_errors=True,
    )


class _Pasted(BaseModel):
    """What an entry has when it comes from a service's own answer, and here means nothing."""

    schemas: Any = Field(default=None, exclude=True)
    meta: Any = Field(default=None, exclude=True)


class CustomSchema(Schema, _Pasted):
    """A schema (RFC 7643 §7)."""


class TypeExtension(_Part):
    """An extension in a resource type's own list (RFC 7643 §6)."""

    schema_: str
    required: bool = False


class CustomType(_Part, _Pasted):
    """A resource type (RFC 7643 §6).

    Attributes:
        indexes: paths of attributes that resources can be looked up by, beside those that are unique.
    """

    id: Any = Field(default=None, exclude=True)
    name: str
    description: str = ""
    endpoint: str
    schema_: str
    schema_extensions: tuple[TypeExtension, ...] = ()
    indexes: tuple[str, ...] = ()


class CustomExtension(_Part):
    """An extension of a resource type that is declared elsewhere, such as User.

    Attributes:
        indexes: names of the extension's attributes that resources can be looked up by.
    """

    resource_type: str
    schema_: str
    required: bool = False
    indexes: tuple[str, ...] = ()


class Custom(_Part):
    """All that a provider's operator adds to the standard's schemas and resource types."""

    schemas: tuple[CustomSchema, ...] = ()
    resource_types: tuple[CustomType, ...] = ()
    extensions: tuple[CustomExtension, ...] = ()

    @classmethod
    def read(cls, text: str | bytes) -> Self:
        """The file of that content.

        Raises:
            CustomError: it is not JSON, or has not the form described above.
        """
        content = text.encode() if isinstance(text, str) else text
        if not content.strip():
            raise CustomError(["The file is empty; write {} into it for no schemas of its own."])
        try:
            given = media.read(content, MAX_DEPTH)
        except ScimError as error:
            raise CustomError([error.detail.replace("The body", "The file")]) from None
        try:
            return cls.model_validate_json(json.dumps(given), strict=True, by_alias=True, by_name=False)
        except ValidationError as error:
            found = error.errors(include_url=False, include_context=True, include_input=False)
            raise CustomError([_sentence(each, given) for each in found]) from None

    @cached_property
    def text(self) -> str:
        """The same content in its shortest form, whatever the file's; blank where there is none."""
        written = self.model_dump_json(by_alias=True, exclude_defaults=True)
        return "" if written == "{}" else written

    @property
    def digest(self) -> str:
        """What tells one content from another; blank where there is none."""
        return hashlib.sha256(self.text.encode()).hexdigest()[:16] if self.text else ""


def _sentence(error: ErrorDetails, given: Json) -> str:
    place = _place(error["loc"], given)
    kind, context = error["type"], error.get("ctx", {})
    if kind == "extra_forbidden":
        return f"{place} is not known here; see that it is spelled as in RFC 7643, or leave it out."
    if kind == "missing":
        return f"{place} is missing."
    if kind == "literal_error":
        return f"{place} must be {str(context.get('expected', '')).replace(chr(39), '')}."
    return f"{place} must be {_EXPECTED.get(kind, 'of another form')}."


_EXPECTED = {
    "string_type": "a string",
    "bool_type": "true or false",
    "tuple_type": "an array",
    "model_type": "an object",
    "model_attributes_type": "an object",
}


def _place(location: Sequence[int | str], given: Json) -> str:
    """A place in the file, told by positions and, where something there has a name, by that."""
    told = ""
    for step in location:
        if isinstance(step, int):
            given = given[step] if isinstance(given, list) and step < len(given) else None
            told += f"[{step}]" + _named(given)
        else:
            given = given.get(step) if isinstance(given, Mapping) else None
            told += f".{step}" if told else step
    return told or "The file"


def _named(given: Json) -> str:
    names = [given.get(key) for key in ("name", "id", "schema")] if isinstance(given, Mapping) else []
    name = next((name for name in names if isinstance(name, str)), None)
    return f" ({name[:100]})" if name else ""
