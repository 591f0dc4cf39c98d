"""Paths and queries as they reach a function."""

import pytest

from scim.local.target import decode_path, encode_path, query_parameters


@pytest.mark.parametrize(
    ("raw", "decoded", "encoded"),
    [
        (b"/Users", "/Users", "/Users"),
        (b"/a%20b", "/a b", "/a%20b"),
        (b"/%C3%A9", "/é", "/%C3%A9"),
        (b"/a%2Fb%2fc", "/a%2Fb%2fc", "/a%2Fb%2fc"),
        (b"/a%252Fb", "/a%2Fb", "/a%2Fb"),
        (b"/%FF", "/%FF", "/%FF"),
        (b"/%C3%A9%2F%41", "/é%2FA", "/%C3%A9%2FA"),
        (b"/100%", "/100%", "/100%25"),
        (b"/a%3Fb%23c", "/a?b#c", "/a%3Fb%23c"),
        (b"/urn:ietf:params:scim@x+y", "/urn:ietf:params:scim@x+y", "/urn:ietf:params:scim@x+y"),
        (b"/a/./b", "/a/b", "/a/b"),
        (b"/a/../b", "/b", "/b"),
        (b"/a/%2e%2e/b", "/b", "/b"),
        (b"/../../a", "/a", "/a"),
        (b"/a//../b", "/a/b", "/a/b"),
        (b"/a/b/..", "/a/", "/a/"),
        (b"/a/.", "/a/", "/a/"),
        (b"/.search", "/.search", "/.search"),
        (b"/a/..b", "/a/..b", "/a/..b"),
        (b"/", "/", "/"),
    ],
)
def test_a_path_is_decoded_once_and_encoded_again_for_the_url(raw: bytes, decoded: str, encoded: str) -> None:
    assert decode_path(raw) == decoded
    assert encode_path(decoded) == encoded


@pytest.mark.parametrize("raw", [b"*", b"", b"/a%00b"])
def test_what_is_no_path_is_refused(raw: bytes) -> None:
    with pytest.raises(ValueError, match="not a path"):
        decode_path(raw)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", {}),
        ("filter=", {}),
        ("filter", {}),
        ("a=1&A=2&b=3", {"a": "1,2", "b": "3"}),
        ("a=&a=1", {"a": "1"}),
        ("filter=userName%20eq%20%22a%2Bb%22", {"filter": 'userName eq "a+b"'}),
        ("q=a+b;c", {"q": "a b;c"}),
        ("a=1=2&&", {"a": "1=2"}),
    ],
)
def test_the_query_is_merged_ignoring_case_and_without_empty_values(query: str, expected: dict[str, str]) -> None:
    assert query_parameters(query) == expected
