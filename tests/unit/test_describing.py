"""Exceptions are described by their types and places, and never by their texts."""

import json
from collections.abc import Callable

import pytest

from scim.describing import MAX_ERRORS, MAX_FRAMES, describe

SECRET = "ann@example.com"


def fail(text: str) -> None:
    raise ValueError(text)


def chained() -> None:
    try:
        fail(SECRET)
    except ValueError as error:
        raise KeyError(SECRET) from error


def in_passing() -> None:
    try:
        fail(SECRET)
    except ValueError:
        raise KeyError(SECRET)  # noqa: B904 - the exception in passing is what is tested


def hidden() -> None:
    try:
        fail(SECRET)
    except ValueError:
        raise KeyError(SECRET) from None


def grouped() -> None:
    raise ExceptionGroup(SECRET, [ValueError(SECRET), json.JSONDecodeError(SECRET, SECRET, 0)])


@pytest.mark.parametrize(
    ("cause", "types"),
    [
        (chained, ["KeyError", "ValueError"]),
        (in_passing, ["KeyError", "ValueError"]),
        (hidden, ["KeyError"]),
        (grouped, ["ExceptionGroup", "ValueError", "json.decoder.JSONDecodeError"]),
    ],
)
def test_a_described_exception_names_those_behind_it_and_never_their_texts(
    cause: Callable[[], None], types: list[str]
) -> None:
    with pytest.raises(Exception) as caught:  # noqa: PT011 - each case raises another type
        cause()
    described = describe(caught.value)
    assert [error["type"] for error in described] == types
    assert SECRET not in json.dumps(described)


def test_a_circle_of_exceptions_is_described_once() -> None:
    first, second = ValueError(), KeyError()
    first.__cause__, second.__cause__ = second, first
    assert [error["type"] for error in describe(first)] == ["ValueError", "KeyError"]


def test_endless_recursion_is_described_by_its_last_frames() -> None:
    def dig() -> None:
        dig()

    with pytest.raises(RecursionError) as caught:
        dig()
    (error,) = describe(caught.value)
    assert len(error["frames"]) == MAX_FRAMES


def test_a_long_chain_of_exceptions_is_cut() -> None:
    error: Exception = ValueError()
    for _ in range(100):
        error = ExceptionGroup("", [error])
    assert len(describe(error)) == MAX_ERRORS
