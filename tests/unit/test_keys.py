"""Row keys: readable, ASCII, short enough, and in the order that ranges need."""

import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scim.normal_forms import normal
from scim.schema import Attribute, Index, Schemas, Target
from scim.storage import keys

SCHEMAS = Schemas.load()
INDEXES = {index.alias: index for kind in SCHEMAS.types.values() for index in kind.indexes}
ID = "0190f3e0-0000-7000-8000-00000000000a"

values = st.text(st.characters(exclude_categories=["Cs"]), max_size=80) | st.text("aA.~:=/ é", max_size=300)


@pytest.mark.parametrize(
    ("alias", "value", "key"),
    [
        ("user.userName", "Ann.Lee+1@Example.org", "user.userName:ann.lee+1@example.org"),
        ("user.userName", " Zoë Ω ", "user.userName:zo=c3=ab=20=cf=89"),
        ("user.externalId", "A/b#c?d\\e'f%", f"user.externalId:A=2fb=23c=3fd=5ce=27f=25:{ID}"),
        ("user.externalId", "", f"user.externalId::{ID}"),
        ("user.emails.value", "A:b=c@X", f"user.emails.value:a=3ab=3dc@x:{ID}"),
        ("group.displayName", "x~y_z-1", "group.displayName:x=7ey_z-1"),
    ],
)
def test_the_key_of_an_index_row_can_be_read(alias: str, value: str, key: str) -> None:
    assert keys.index(INDEXES[alias], value, ID) == key


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        (keys.resource("user", ID), f"user:{ID}"),
        (keys.runs("user"), "head:runs:user"),
        (keys.members(ID, 1, 300), f"members:{ID}:0001:00012c"),
        (keys.change(0x0123), "change:0000000000000123"),
        (keys.tombstone(ID), f"tombstone:{ID}"),
        (keys.intent(ID), f"intent:{ID}"),
    ],
)
def test_every_other_key_can_be_read_too(key: str, expected: str) -> None:
    assert key == expected


def test_what_a_span_holds_is_what_continues_its_stem() -> None:
    low, high = keys.span("user.externalId:a")
    assert low <= f"user.externalId:a:{ID}" < high
    for other in ("user.externalId:a", f"user.externalId:a=2f:{ID}", f"user.externalId:ab:{ID}", "user.externalId:"):
        assert not low <= other < high


@given(value=values, alias=st.sampled_from(sorted(INDEXES)))
def test_a_key_is_ascii_short_and_without_what_a_key_may_not_hold(value: str, alias: str) -> None:
    key = keys.index(INDEXES[alias], value, ID)
    assert key.isascii()
    assert len(key) <= 200
    assert not set(key) & set("/\\#?'\"%\t\n")


@given(one=values, two=values, alias=st.sampled_from(["user.externalId", "user.userName"]))
def test_two_values_have_one_key_just_when_they_compare_equal(one: str, two: str, alias: str) -> None:
    index: Index = INDEXES[alias]
    same = normal(index.target.leaf, one) == normal(index.target.leaf, two)
    assert (keys.index(index, one, ID) == keys.index(index, two, ID)) is same


@pytest.mark.parametrize("stem", ["x" * 110, "é" * 30])
def test_long_values_keep_their_beginning_and_differ_in_their_digest(stem: str) -> None:
    index = INDEXES["user.externalId"]
    one, two = keys.index_stem(index, stem + "1"), keys.index_stem(index, stem + "2")
    assert one != two
    assert one[:80] == two[:80]
    assert "~" in one


def test_new_ids_are_version_7_and_hold_the_time() -> None:
    identifier = uuid.UUID(keys.new_id(0x0123456789AB, ""))
    assert (identifier.version, identifier.variant) == (7, uuid.RFC_4122)
    assert identifier.int >> 80 == 0x0123456789AB


@pytest.mark.parametrize("step", [0, 1, -5])
def test_new_ids_ascend_whatever_the_clock_does(step: int) -> None:
    last, milliseconds = "", 1_000_000
    for _ in range(10_000):
        identifier = keys.new_id(milliseconds, last)
        assert identifier > last
        assert uuid.UUID(identifier).version == 7
        last, milliseconds = identifier, milliseconds + step


def test_a_full_counter_goes_on_with_the_next_millisecond() -> None:
    last = "0123-4567-89ab-7fff-8000000000000000".replace("-", "")
    identifier = keys.new_id(0x0123456789AB, str(uuid.UUID(last)))
    assert uuid.UUID(identifier).int >> 64 == 0x0123456789AC7000


@pytest.mark.parametrize(
    ("text", "expected"),
    [(ID, True), (ID.upper(), False), (ID[:-1], False), (ID + "\n", False), ("", False), ("head", False)],
)
def test_only_what_we_could_have_given_is_an_id(text: str, expected: bool) -> None:
    assert keys.is_id(text) is expected


@pytest.mark.parametrize(
    ("values", "text"),
    [
        ((5, 5.0), "5"),
        ((-7, -7.0), "-7"),
        ((0, 0.0, -0.0), "0"),
        ((0.1, 1e-1), "0.1"),
        ((10**22, 1e22), "10000000000000000000000"),
        ((2**80,), str(2**80)),
        ((1e-7,), "1e-07"),
    ],
)
def test_numbers_that_are_equal_have_one_key(values: tuple[float, ...], text: str) -> None:
    number = Index("thing.number", Target(None, Attribute(name="number", type="decimal")))
    assert {keys.index_stem(number, value) for value in values} == {f"thing.number:{text}"}


@given(st.floats(allow_nan=False, allow_infinity=False) | st.integers(), st.integers() | st.floats(allow_nan=False))
def test_two_numbers_share_a_key_just_where_they_are_equal(left: float, right: float) -> None:
    number = Index("thing.number", Target(None, Attribute(name="number", type="decimal")))
    assert (keys.index_stem(number, left) == keys.index_stem(number, right)) is (left == right)
