"""Each error as RFC 7644 §3.12 has it."""

from http import HTTPStatus

import pytest

from scim import errors
from scim.errors import Forbidden, MethodNotAllowed, ScimError, Unavailable

TABLE = {
    "ScimError": (500, None),
    "BadRequest": (400, None),
    "InvalidFilter": (400, "invalidFilter"),
    "TooMany": (400, "tooMany"),
    "InvalidSyntax": (400, "invalidSyntax"),
    "InvalidPath": (400, "invalidPath"),
    "NoTarget": (400, "noTarget"),
    "InvalidValue": (400, "invalidValue"),
    "InvalidVersion": (400, "invalidVers"),
    "Mutability": (400, "mutability"),
    "InvalidCursor": (400, "invalidCursor"),
    "ExpiredCursor": (400, "expiredCursor"),
    "InvalidCount": (400, "invalidCount"),
    "Unauthorized": (401, None),
    "Forbidden": (403, None),
    "Sensitive": (403, "sensitive"),
    "NotFound": (404, None),
    "MethodNotAllowed": (405, None),
    "Conflict": (409, None),
    "Uniqueness": (409, "uniqueness"),
    "PreconditionFailed": (412, None),
    "PayloadTooLarge": (413, None),
    "UriTooLong": (414, None),
    "UnsupportedMediaType": (415, None),
    "TooManyRequests": (429, None),
    "InternalError": (500, None),
    "NotImplementedYet": (501, None),
    "Unavailable": (503, None),
}
"""Name, status and scimType; the keywords are those of table 9, and of RFC 9865 §2.1."""


def test_each_error_has_the_status_and_keyword_of_the_standard() -> None:
    classes = [known for known in vars(errors).values() if isinstance(known, type) and issubclass(known, ScimError)]
    assert {known.__name__: (known.status, known.scim_type) for known in classes} == TABLE


def test_the_family_tree_in_the_modules_docstring_names_every_error() -> None:
    assert errors.__doc__ is not None
    assert [name for name in TABLE if name not in errors.__doc__] == []


@pytest.mark.parametrize("known", [errors.NotFound, errors.InvalidValue, errors.InternalError])
def test_an_error_is_its_sentence(known: type[ScimError]) -> None:
    error = known("There is no user 5.")
    assert error.detail == str(error) == "There is no user 5."
    assert error.headers == {}


def test_header_names_are_spelled_as_http_spells_them() -> None:
    assert Forbidden("Slow down.", Retry_After="5").headers == {"Retry-After": "5"}


def test_an_unavailable_store_says_when_to_come_back() -> None:
    error = Unavailable("The store is busy.", retry_after=3)
    assert (error.status, error.headers) == (HTTPStatus.SERVICE_UNAVAILABLE, {"Retry-After": "3"})


def test_a_wrong_verb_is_told_the_right_ones() -> None:
    error = MethodNotAllowed("PUT", ("GET", "POST"))
    assert error.headers == {"Allow": "GET, POST"}
    assert "PUT" in error.detail
    assert "GET, POST" in error.detail
