"""Packing long values into properties, and the size of a write."""

import pytest

from scim.storage.rows import Create, Delete, Merge, Property, pack, size, unpack


@pytest.mark.parametrize(
    ("value", "lengths"),
    [
        ("", [0]),
        ("x" * 32_767, [32_767]),
        ("x" * 32_768, [32_767, 1]),
        ("é" * 16_383, [16_383]),
        ("é" * 16_384, [16_383, 1]),
        ("😀" * 40_000, [16_383, 16_383, 7_234]),
    ],
)
def test_a_text_is_cut_where_a_property_is_full(value: str, lengths: list[int]) -> None:
    packed = pack("text", value)
    assert list(packed) == ["text", "text1", "text2"][: len(lengths)]
    assert [len(str(piece)) for piece in packed.values()] == lengths
    assert all(len(str(piece).encode("utf-16-le")) <= 2 * 32_767 for piece in packed.values())
    assert unpack(packed, "text", "") == value


@pytest.mark.parametrize(("length", "pieces"), [(0, 1), (65_536, 1), (65_537, 2), (200_000, 4)])
def test_bytes_are_cut_where_a_property_is_full(length: int, pieces: int) -> None:
    packed = pack("ids", bytes(length))
    assert len(packed) == pieces
    assert unpack(packed, "ids", b"") == bytes(length)


def test_a_shorter_value_empties_the_pieces_it_no_longer_needs() -> None:
    before: dict[str, Property] = {**pack("text", "x" * 70_000), "text3": "", "texture": "kept"}
    assert pack("text", "y", before) == {"text": "y", "text1": "", "text2": ""}
    assert pack("text", "y" * 40_000, before).keys() == {"text", "text1", "text2"}
    assert pack("other", "y", before) == {"other": "y"}


def test_what_was_never_packed_is_what_stands_for_nothing() -> None:
    assert unpack({}, "text", "") == ""
    assert unpack({"text1": "left over"}, "other", b"none") == b"none"


def test_the_size_of_a_write_counts_keys_names_and_what_a_value_takes_on_the_wire() -> None:
    properties: dict[str, Property] = {"a": "xyz", "b": "é", "c": bytes(30), "d": 7, "e": True}
    expected = len("key") + 5 + 3 + 2 + 40 + 8 + 8
    assert size(Create("key", properties)) == size(Merge("key", "etag", properties)) == expected
    assert size(Delete("key")) == 3
