"""The message shapes of RFC 7644: PATCH, search and bulk requests, list, bulk and error responses.

Names are matched in any case (RFC 7643 §2.1). What cannot be read is refused with the name of the attribute and
what would be right, never with the value.
"""

import re
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    field_validator,
    model_validator,
)
from pydantic.alias_generators import to_camel
from pydantic_core import ErrorDetails

from scim.errors import (
    BadRequest,
    InvalidCount,
    InvalidCursor,
    InvalidSyntax,
    InvalidValue,
    PayloadTooLarge,
    ScimError,
)
from scim.schema import Json, JsonObject

PATCH_OP = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
SEARCH_REQUEST = "urn:ietf:params:scim:api:messages:2.0:SearchRequest"
BULK_REQUEST = "urn:ietf:params:scim:api:messages:2.0:BulkRequest"
BULK_RESPONSE = "urn:ietf:params:scim:api:messages:2.0:BulkResponse"
LIST_RESPONSE = "urn:ietf:params:scim:api:messages:2.0:ListResponse"
ERROR = "urn:ietf:params:scim:api:messages:2.0:Error"

MAX_OPERATIONS = 1_000
"""Operations in one PATCH or one bulk request, unless the caller says otherwise."""

_INTEGER = re.compile(r"[+-]?[0-9]{1,1000}", re.ASCII)


def _lower(word: Json) -> Json:
    return word.lower() if isinstance(word, str) else word


class _Message(BaseModel):
    """The descriptions of the fields are what a refusal says they must be."""

    model_config = ConfigDict(
        alias_generator=to_camel,
        validate_by_name=True,
        extra="ignore",
        frozen=True,
        strict=True,
        hide_input_in_errors=True,
    )

    @model_validator(mode="before")
    @classmethod
    def _any_case(cls, body: Json) -> Json:
        """The same object, with its keys as the schema spells them."""
        if not isinstance(body, dict):
            return body
        spelled = _spelling(cls)
        named = {spelled.get(key.lower(), key): value for key, value in body.items()}
        if len(named) < len(body):
            raise InvalidSyntax(
                f"An attribute stands twice in one object; its attributes are {', '.join(_names(cls))}."
            )
        return named


@cache
def _spelling(model: type[_Message]) -> dict[str, str]:
    """The attributes of a message by their names in lower case."""
    return {name.lower(): name for name in _names(model)}


def _names(model: type[_Message]) -> list[str]:
    return [field.alias or name for name, field in model.model_fields.items()]


class Operation(_Message):
    """One operation of a PATCH (RFC 7644 §3.5.2)."""

    op: Annotated[Literal["add", "remove", "replace"], BeforeValidator(_lower)] = Field(
        description="add, remove or replace"
    )
    path: str | None = Field(default=None, description="a string")
    value: Any = Field(default=None, description="any JSON value")

    @property
    def has_value(self) -> bool:
        """Whether there is a ``value`` at all, be it null."""
        return "value" in self.model_fields_set


class PatchOp(_Message):
    """The body of a PATCH."""

    schemas: Annotated[tuple[str, ...], Field(strict=False)] = Field(description="an array of URNs")
    operations: Annotated[tuple[Operation, ...], Field(strict=False)] = Field(
        alias="Operations", description="an array of operations"
    )


class BulkOperation(_Message):
    """One operation of a bulk request (RFC 7644 §3.7)."""

    method: Annotated[str, AfterValidator(str.upper)] = Field(description="POST, PUT, PATCH or DELETE")
    bulk_id: str | None = Field(default=None, description="a string")
    version: str | None = Field(default=None, description="a string")
    path: str = Field(description="a string such as /Users or /Users/{id}")
    data: Any = Field(default=None, description="any JSON value")


class BulkRequest(_Message):
    """The body of a POST to ``/Bulk``.

    Attributes:
        fail_on_errors: the number of errors after which no more operations are done; none or 0 sets no limit.
    """

    schemas: Annotated[tuple[str, ...], Field(strict=False)] = Field(description="an array of URNs")
    fail_on_errors: Annotated[int | None, AfterValidator(lambda limit: max(limit or 0, 0) or None)] = Field(
        default=None, description="an integer"
    )
    operations: Annotated[tuple[BulkOperation, ...], Field(strict=False)] = Field(
        alias="Operations", description="an array of operations"
    )


class SearchRequest(_Message):
    """A query (RFC 7644 §3.4.2), from a body of ``/.search`` or from a URL.

    Attributes:
        count: the page asked for; None leaves it to the service.
        cursor: where the page begins (RFC 9865); blank at the first one, and None to page by index.
    """

    schemas: Annotated[tuple[str, ...], Field(strict=False)] = Field(default=(), description="an array of URNs")
    attributes: Annotated[tuple[str, ...] | None, Field(strict=False)] = Field(
        default=None, description="an array of attribute names"
    )
    excluded_attributes: Annotated[tuple[str, ...] | None, Field(strict=False)] = Field(
        default=None, description="an array of attribute names"
    )
    filter: str | None = Field(default=None, description="a string")
    start_index: Annotated[int, AfterValidator(lambda index: max(index, 1))] = Field(
        default=1, description="an integer"
    )
    count: Annotated[int | None, AfterValidator(lambda count: None if count is None else max(count, 0))] = Field(
        default=None, description="an integer"
    )
    cursor: str | None = Field(default=None, description="a string")
    sort_by: str | None = Field(default=None, description="a string")
    sort_order: Annotated[Literal["ascending", "descending"], BeforeValidator(_lower)] = Field(
        default="ascending", description="ascending or descending"
    )

    @field_validator("start_index", "count", mode="before")
    @classmethod
    def _whole(cls, number: Json) -> Json:
        """The integer that a JSON number with nothing behind its point stands for."""
        return int(number) if isinstance(number, float) and number.is_integer() else number


def patch_op(body: Json, max_operations: int = MAX_OPERATIONS) -> PatchOp:
    """Read the body of a PATCH.

    Raises:
        InvalidSyntax: it is not of the shape of a PatchOp.
        PayloadTooLarge: it has more than ``max_operations`` operations.
    """
    if (count := _number_of_operations(body)) > max_operations:
        raise PayloadTooLarge(f"Operations has {count:,} entries; the limit is {max_operations:,}.")
    message = _read(PatchOp, body, InvalidSyntax)
    _check_schemas(message.schemas, PATCH_OP)
    return message


def bulk_request(body: Json, max_operations: int = MAX_OPERATIONS) -> BulkRequest:
    """Read the body of a POST to ``/Bulk`` (RFC 7644 §3.7).

    Raises:
        InvalidSyntax: it is not of the shape of a BulkRequest, a POST has no bulkId, or two operations have the same.
        PayloadTooLarge: it has more than ``max_operations`` operations.
    """
    if (count := _number_of_operations(body)) > max_operations:
        raise PayloadTooLarge(f"Operations has {count:,} entries; maxOperations is {max_operations:,}.")
    message = _read(BulkRequest, body, InvalidSyntax)
    _check_schemas(message.schemas, BULK_REQUEST)
    places: dict[str, int] = {}
    for place, operation in enumerate(message.operations):
        if operation.method == "POST" and not operation.bulk_id:
            raise InvalidSyntax(f"Operations[{place}].bulkId is missing; a POST needs one.")
        if operation.bulk_id and (first := places.setdefault(operation.bulk_id, place)) != place:
            raise InvalidSyntax(f"Operations[{place}].bulkId is that of Operations[{first}] too; each needs its own.")
    return message


def _number_of_operations(body: Json) -> int:
    given = next((v for k, v in body.items() if k.lower() == "operations"), None) if isinstance(body, dict) else None
    return len(given) if isinstance(given, list) else 0


def search_request(body: Json) -> SearchRequest:
    """Read the body of a POST to ``/.search`` (RFC 7644 §3.4.3).

    Raises:
        InvalidSyntax: it is no object, or does not say that it is a SearchRequest.
        InvalidValue: an attribute has a value that it cannot have.
        InvalidCursor, InvalidCount: as for `query`.
    """
    if not isinstance(body, dict):
        raise InvalidSyntax("The body must be a JSON object: a SearchRequest.")
    given = {name: value for name, value in body.items() if value is not None}
    _check_paging(given)
    message = _read(SearchRequest, given, InvalidValue)
    _check_schemas(message.schemas, SEARCH_REQUEST)
    return message


def query(parameters: Mapping[str, str]) -> SearchRequest:
    """Read the query of a URL, whose parameters are those of a SearchRequest as text; others are ignored.

    Raises:
        InvalidValue: a parameter has a value that it cannot have, or stands beside one that it excludes.
        InvalidCursor, InvalidCount: one of those that RFC 9865 has its own words for.
    """
    read: JsonObject = {}
    for name, text in parameters.items():
        match name.lower():
            case "attributes" | "excludedattributes":
                read[name] = [part.strip() for part in text.split(",") if part.strip()]
            case "startindex" | "count":
                read[name] = int(text) if _INTEGER.fullmatch(text) else text
            case "filter" | "sortby" | "sortorder" | "cursor":
                read[name] = text
    _check_paging(read)
    return _read(SearchRequest, read, InvalidValue)


def cursor_page(resources: Sequence[JsonObject], total: int | None, next_cursor: str | None) -> JsonObject:
    """A page of an answer that is paged by cursor (RFC 9865 §2); the last one names no next."""
    page: JsonObject = {"schemas": [LIST_RESPONSE]}
    if total is not None:
        page["totalResults"] = total
    page["itemsPerPage"] = len(resources)
    if next_cursor is not None:
        page["nextCursor"] = next_cursor
    return {**page, "Resources": list(resources)}


def list_response(resources: Sequence[JsonObject], total: int, start_index: int = 1) -> JsonObject:
    """A page of a query's answer (RFC 7644 §3.4.2); ``Resources`` is there even when it is empty."""
    return {
        "schemas": [LIST_RESPONSE],
        "totalResults": total,
        "startIndex": start_index,
        "itemsPerPage": len(resources),
        "Resources": list(resources),
    }


def bulk_response(operations: Sequence[JsonObject]) -> JsonObject:
    """The results of a bulk request's operations (RFC 7644 §3.7.3)."""
    return {"schemas": [BULK_RESPONSE], "Operations": list(operations)}


def error(problem: ScimError) -> JsonObject:
    """The body of an error response (RFC 7644 §3.12)."""
    body: JsonObject = {"schemas": [ERROR], "status": str(problem.status.value), "detail": problem.detail}
    if problem.scim_type:
        body["scimType"] = problem.scim_type
    return body


def _check_paging(given: Mapping[str, Json]) -> None:
    """Refuse what goes wrong with a cursor by RFC 9865's own names (§2.1)."""
    named = {name.lower(): value for name, value in given.items()}
    if "cursor" not in named:
        return
    if not isinstance(named["cursor"], str):
        raise InvalidCursor("cursor must be a string: empty at first, then the nextCursor of the page before.")
    if "startindex" in named:
        raise InvalidValue(
            "cursor and startIndex cannot be used together; they are two ways to page. Send one of them."
        )
    if not isinstance(named.get("count", 0), int) or isinstance(named.get("count"), bool):
        raise InvalidCount("count must be an integer.")


def _read[M: _Message](model: type[M], body: Json, refusal: type[BadRequest]) -> M:
    try:
        return model.model_validate(body)
    except ValidationError as problem:
        first = problem.errors(include_url=False, include_context=False, include_input=False)[0]
        raise refusal(_sentence(model, first)) from None


def _sentence(model: type[_Message], problem: ErrorDetails) -> str:
    """What is wrong with a message, in its own words: ``Operations[2].op must be add, remove or replace.``."""
    place, names = "", [part for part in problem["loc"] if isinstance(part, str)]
    for part in problem["loc"]:
        place += f"[{part}]" if isinstance(part, int) else f".{part}" if place else part
    owner = _ELEMENTS.get(model, model) if len(names) > 1 else model
    described = {field.alias or name: field.description for name, field in owner.model_fields.items()}
    expected = described.get(names[-1]) if names else None
    if problem["loc"] and isinstance(problem["loc"][-1], int):
        expected = "an operation" if names == ["Operations"] else "a string"
    if problem["type"] == "missing":
        return f"{place} is missing; it must be {expected}."
    return f"{place or 'The body'} must be {expected or f'a JSON object: a {model.__name__}'}."


_ELEMENTS: Mapping[type[_Message], type[_Message]] = {PatchOp: Operation, BulkRequest: BulkOperation}
"""The messages that hold others, and what these are."""


def _check_schemas(given: Sequence[str], urn: str) -> None:
    if urn.lower() not in {name.lower() for name in given}:
        raise InvalidSyntax(f"schemas must hold {urn}.")
