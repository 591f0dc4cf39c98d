"""Everything that can go wrong, as SCIM says it (RFC 7644 §3.12, table 9).

::

    ScimError
    + BadRequest 400
    | - InvalidFilter · TooMany · InvalidSyntax · InvalidPath · NoTarget · InvalidValue · InvalidVersion · Mutability
    | - InvalidCursor · ExpiredCursor · InvalidCount (RFC 9865 §2.1)
    + Unauthorized 401      + Forbidden 403 - Sensitive    + NotFound 404        + MethodNotAllowed 405
    + Conflict 409 - Uniqueness                            + PreconditionFailed 412
    + PayloadTooLarge 413   + UriTooLong 414               + UnsupportedMediaType 415
    + TooManyRequests 429   + InternalError 500            + NotImplementedYet 501       + Unavailable 503

Raised where the fact is known, with a sentence that names the attribute and what would be right.
``endpoints.handle`` renders them; nothing else does.
"""

from http import HTTPStatus
from typing import ClassVar


class ScimError(Exception):
    """An answer to the client that is not the one hoped for.

    Attributes:
        status: the HTTP status.
        scim_type: RFC 7644's keyword for the cause, where it has one.
        detail: a sentence for the person who reads it.
        headers: response headers that belong to the status, such as ``Retry-After``.
    """

    status: ClassVar[HTTPStatus] = HTTPStatus.INTERNAL_SERVER_ERROR
    scim_type: ClassVar[str | None] = None

    def __init__(self, detail: str, **headers: str) -> None:
        super().__init__(detail)
        self.detail = detail
        self.headers = {name.replace("_", "-"): value for name, value in headers.items()}


class BadRequest(ScimError):
    """The request cannot be understood."""

    status = HTTPStatus.BAD_REQUEST


class InvalidFilter(BadRequest):
    """The filter is not of RFC 7644's grammar, or asks what its attribute cannot answer."""

    scim_type = "invalidFilter"


class TooMany(BadRequest):
    """The query would have to look at more resources than the service is willing to read."""

    scim_type = "tooMany"


class InvalidSyntax(BadRequest):
    """The body is not of the shape the standard gives it."""

    scim_type = "invalidSyntax"


class InvalidPath(BadRequest):
    """A PATCH path (or ``sortBy``) names nothing the schema knows."""

    scim_type = "invalidPath"


class NoTarget(BadRequest):
    """A PATCH path is right, but matches no value of this resource."""

    scim_type = "noTarget"


class InvalidValue(BadRequest):
    """A value is missing, or is not of its attribute's type."""

    scim_type = "invalidValue"


class InvalidVersion(BadRequest):
    """Another version of SCIM was asked for."""

    scim_type = "invalidVers"


class Mutability(BadRequest):
    """An attribute may not be changed that way."""

    scim_type = "mutability"


class InvalidCursor(BadRequest):
    """The cursor is none of ours, or was made for another query."""

    scim_type = "invalidCursor"


class ExpiredCursor(BadRequest):
    """The cursor was good once; too much time has passed."""

    scim_type = "expiredCursor"


class InvalidCount(BadRequest):
    """With a cursor: the size of a page is no number, too large, or not that of the page before."""

    scim_type = "invalidCount"


class Unauthorized(ScimError):
    """No credential, or none that opens this door; the answer never says which."""

    status = HTTPStatus.UNAUTHORIZED


class Forbidden(ScimError):
    """The credential is right, and may not do this."""

    status = HTTPStatus.FORBIDDEN


class Sensitive(Forbidden):
    """The query would carry personal data in its URI (RFC 7644 §7.5.2)."""

    scim_type = "sensitive"


class NotFound(ScimError):
    """There is no such resource or endpoint."""

    status = HTTPStatus.NOT_FOUND


class MethodNotAllowed(ScimError):
    """The endpoint exists, and does not know this verb."""

    status = HTTPStatus.METHOD_NOT_ALLOWED

    def __init__(self, method: str, allowed: tuple[str, ...]) -> None:
        listed = ", ".join(allowed)
        super().__init__(f"This endpoint does not answer {method}, only {listed}.", Allow=listed)


class Conflict(ScimError):
    """The request is right, and stands against what is stored."""

    status = HTTPStatus.CONFLICT


class Uniqueness(Conflict):
    """Another resource has that value already."""

    scim_type = "uniqueness"


class PreconditionFailed(ScimError):
    """The resource is not in the version that If-Match names."""

    status = HTTPStatus.PRECONDITION_FAILED


class PayloadTooLarge(ScimError):
    """The request, or what it would store, is larger than a limit, which the detail names."""

    status = HTTPStatus.REQUEST_ENTITY_TOO_LARGE


class UriTooLong(ScimError):
    """The URL is longer than the service reads."""

    status = HTTPStatus.REQUEST_URI_TOO_LONG


class UnsupportedMediaType(ScimError):
    """The body is of a type that is not JSON."""

    status = HTTPStatus.UNSUPPORTED_MEDIA_TYPE


class TooManyRequests(ScimError):
    """The client should slow down, and come back after ``retry_after`` seconds."""

    status = HTTPStatus.TOO_MANY_REQUESTS

    def __init__(self, detail: str, retry_after: int) -> None:
        super().__init__(detail, Retry_After=str(retry_after))


class InternalError(ScimError):
    """Something unforeseen; the detail holds a correlation id and nothing else."""


class NotImplementedYet(ScimError):
    """The standard knows this, and this service does not do it."""

    status = HTTPStatus.NOT_IMPLEMENTED


class Unavailable(ScimError):
    """The store cannot answer now; the client should come back after ``retry_after`` seconds."""

    status = HTTPStatus.SERVICE_UNAVAILABLE

    def __init__(self, detail: str, retry_after: int) -> None:
        super().__init__(detail, Retry_After=str(retry_after))
