"""JSON on the wire: what is read, and what is refused because two readers could read it differently."""

import json

import pytest

from scim import media
from scim.errors import InvalidSyntax, UnsupportedMediaType

DEPTH = 8


@pytest.mark.parametrize(
    "content_type",
    [
        None,
        "",
        "application/scim+json",
        "application/json",
        "Application/SCIM+JSON; charset=utf-8",
        "application/json;charset=utf-8",
        "application/vnd.example+json",
        " application/json ; q=1",
    ],
)
def test_json_of_any_kind_is_accepted(content_type: str | None) -> None:
    media.check_type(content_type)


@pytest.mark.parametrize(
    "content_type",
    [
        "text/plain",
        "text/json",
        "application/xml",
        "application/x-www-form-urlencoded",
        "multipart/form-data",
        "application/jsonp",
        "json",
        "image/x+json",
        ";",
        "*/*",
    ],
)
def test_other_types_are_refused_with_the_right_one(content_type: str) -> None:
    with pytest.raises(UnsupportedMediaType, match=r"application/scim\+json or application/json"):
        media.check_type(content_type)


@pytest.mark.parametrize(
    ("body", "value"),
    [
        (b"{}", {}),
        (b' {"a" : [1, -2.5, 1e3, true, null]}\r\n', {"a": [1, -2.5, 1000.0, True, None]}),
        (b'\xef\xbb\xbf{"bom": 1}', {"bom": 1}),
        ('{"é": "😀"}'.encode(), {"é": "😀"}),
        (rb'{"pair": "\ud83d\ude00"}', {"pair": "😀"}),
        (rb'{"tab": "a\tb\u0001"}', {"tab": "a\tb\x01"}),
        (b'{"a": {"b": 1}, "c": {"b": 1}}', {"a": {"b": 1}, "c": {"b": 1}}),
        (b'{"A": 1, "a": 2}', {"A": 1, "a": 2}),
        (b"9" * 4300, int("9" * 4300)),
        (b"-0", 0),
        (b"1e-400", 0.0),
        (b"5", 5),
    ],
)
def test_json_is_read_as_it_stands(body: bytes, value: object) -> None:
    assert media.read(body, DEPTH) == value


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        (b"", "empty"),
        (b"\xef\xbb\xbf", "line 1, column 1"),
        (b" ", "line 1"),
        (b"{", "not JSON: line 1, column 2"),
        (b'{"a": 1,}', "not JSON"),
        (b"{'a': 1}", "not JSON"),
        (b'{"a": 1} {"b": 2}', "not JSON"),
        (b'{"a": "\x01"}', "not JSON"),
        (b'{"a": "\x00"}', "not JSON"),
        (rb'{"a": "\x41"}', "not JSON"),
        (b'{"a": 1, "b": 2, "a": 3}', "'a' stands twice"),
        (b'[{"x": {"y": 1, "y": 1}}]', "'y' stands twice"),
        (rb'{"a": 1, "\u0061": 2}', "'a' stands twice"),
        (rb'{"\ud800": 1, "\ud800": 2}', r"ud800' stands twice"),
        (b'{"a": NaN}', "NaN is not JSON"),
        (b'{"a": -Infinity}', "-Infinity is not JSON"),
        (b'{"a": 1e400}', "too large"),
        (b'{"a": -1.5e99999}', "too large"),
        (b'{"a": %s}' % (b"9" * 5000), "too many digits"),
        (b'{"a": "\xff"}', "not UTF-8"),
        (b'{"a": "\xed\xa0\x80"}', "not UTF-8"),
        (b"\xff\xfe{\x00}\x00", "not UTF-8"),
        (rb'{"a": "\u0000"}', "NUL"),
        (rb'{"a\u0000": 1}', "NUL"),
        (rb'{"a": ["\ud800"]}', "surrogate"),
        (rb'{"a": "\udc00\ud800"}', "surrogate"),
        (rb'{"\udfff": 1}', "surrogate"),
    ],
)
def test_what_could_be_read_in_two_ways_or_cannot_be_kept_is_refused(body: bytes, sentence: str) -> None:
    with pytest.raises(InvalidSyntax) as refusal:
        media.read(body, DEPTH)
    assert sentence in refusal.value.detail


@pytest.mark.parametrize("opening", [b"[", b'{"a":'])
def test_nesting_is_bounded(opening: bytes) -> None:
    closing = b"]" if opening == b"[" else b"}"
    media.read(opening * DEPTH + b"1" + closing * DEPTH, DEPTH)
    for deeper in (DEPTH + 1, 100_000):
        with pytest.raises(InvalidSyntax, match=f"deeper than {DEPTH} levels"):
            media.read(opening * deeper + b"1" + closing * deeper, DEPTH)


def test_json_is_written_compact_and_in_utf_8() -> None:
    assert media.write({"a": ["é", 1, None, True]}) == '{"a":["é",1,null,true]}'.encode()


def test_a_value_that_is_no_json_is_never_written() -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        media.write({"a": json.loads("NaN")})


@pytest.mark.parametrize(
    ("content_type", "encoding"),
    [
        ("application/json; charset=utf-16", None),
        ('application/scim+json;charset="ISO-8859-1"', None),
        ("application/json", "gzip"),
        (None, "br"),
    ],
)
def test_what_is_not_plain_utf_8_is_refused(content_type: str | None, encoding: str | None) -> None:
    with pytest.raises(UnsupportedMediaType):
        media.check_type(content_type, encoding)


def test_what_says_that_it_is_plain_utf_8_is_accepted() -> None:
    media.check_type('application/json; Charset="UTF-8"', "identity")
