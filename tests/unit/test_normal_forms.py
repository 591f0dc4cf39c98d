"""The form in which values are compared: quick for any text, the same for equal texts, and final."""

import unicodedata
from collections.abc import Callable
from time import process_time

import pytest

from scim.normal_forms import folded, normal
from scim.schema import Attribute

LOOSE = Attribute(name="userName")

TEXTS: dict[str, Callable[[int], str]] = {
    "one mark": lambda count: "a" + "\u0301" * count,
    "mixed marks": lambda count: "a" + "".join(chr(0x0300 + number % 70) for number in range(count)),
    "marks out of order": lambda count: "a" + "\u0301\u0323" * (count // 2),
}


def seconds(text: str) -> float:
    """CPU time that the form of a text takes, at its quickest."""
    times = []
    for _ in range(5):
        started = process_time()
        normal(LOOSE, text)
        times.append(process_time() - started)
    return min(times)


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_combining_marks_take_time_in_proportion(text: Callable[[int], str]) -> None:
    assert seconds(text(20_000)) < 40 * seconds(text(2_000))  # ten times the marks: a hundred times, were it a square


@pytest.mark.parametrize("count", [1, 2, 29, 30, 31, 32, 61, 2_000])
@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_the_form_of_a_form_is_the_form(text: Callable[[int], str], count: int) -> None:
    once = normal(LOOSE, text(count))
    assert normal(LOOSE, once) == once


@pytest.mark.parametrize("count", [1, 2, 28])
@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_equal_texts_have_one_form(text: Callable[[int], str], count: int) -> None:
    for form in ("NFC", "NFD", "NFKC", "NFKD"):
        assert normal(LOOSE, unicodedata.normalize(form, text(count))) == normal(LOOSE, text(count))
    assert normal(LOOSE, text(count).upper()) == normal(LOOSE, text(count))


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_long_texts_that_differ_in_a_mark_have_two_forms(text: Callable[[int], str]) -> None:
    assert normal(LOOSE, text(2_000)) != normal(LOOSE, text(2_000) + "\u0302")


@pytest.mark.parametrize("value", [" Ann ", "\tÉva\u00a0", " "])
def test_a_part_of_a_value_keeps_the_blanks_around_it(value: str) -> None:
    assert folded(LOOSE, value).strip() == normal(LOOSE, value)
    assert len(folded(LOOSE, value)) == len(value)
    assert folded(LOOSE, value) != normal(LOOSE, value)
