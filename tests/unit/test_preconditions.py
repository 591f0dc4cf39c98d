"""Conditions: entity tags as clients write them, against a version."""

import pytest

from scim.errors import BadRequest, PreconditionFailed
from scim.preconditions import UNCONDITIONAL, Condition

VERSION = 'W/"0a"'


@pytest.mark.parametrize(
    "tags",
    [
        "*",
        'W/"0a"',
        '"0a"',
        'W/"0b", W/"0a"',
        '"x,y" ,W/"0a"',
        "0a",
        'w/"0a"',
        ' W/"0a" ',
        '"0a",',
        ', "0b",, "0a" ,',
    ],
)
def test_a_version_is_matched_by_any_way_of_writing_it(tags: str) -> None:
    Condition.read({"if-match": tags}).check(VERSION)
    assert Condition.read({"if-none-match": tags}).unchanged(VERSION)
    with pytest.raises(PreconditionFailed, match="If-None-Match"):
        Condition.read({"if-none-match": tags}).check(VERSION)


@pytest.mark.parametrize("tags", ['W/"0b"', '"0A"', '"*"', 'W/"*"', 'W/"0b", "0c"', "0b", '""'])
def test_another_version_is_not(tags: str) -> None:
    with pytest.raises(PreconditionFailed, match='version W/"0a"'):
        Condition.read({"if-match": tags}).check(VERSION)
    Condition.read({"if-none-match": tags}).check(VERSION)
    assert not Condition.read({"if-none-match": tags}).unchanged(VERSION)


@pytest.mark.parametrize("tags", ["", " ", '"', 'W/"0a', '"0a" "0b"', ",", ", ,", '"a b"', '"a\x00"'])
@pytest.mark.parametrize("name", ["If-Match", "If-None-Match"])
def test_what_is_no_list_of_tags_is_refused_by_name(name: str, tags: str) -> None:
    with pytest.raises(BadRequest, match=name):
        Condition.read({name.lower(): tags})


def test_without_headers_anything_is_right() -> None:
    assert Condition.read({}) == UNCONDITIONAL
    UNCONDITIONAL.check(VERSION)
    assert not UNCONDITIONAL.unchanged(VERSION)


def test_a_bulk_operation_names_one_version() -> None:
    Condition.version(VERSION).check(VERSION)
    with pytest.raises(PreconditionFailed):
        Condition.version('W/"0b"').check(VERSION)


def test_many_tags_are_read_in_linear_time() -> None:
    tags = ",".join(f'W/"{number}"' for number in range(2_000))
    Condition.read({"if-match": f'{tags},W/"0a"'}).check(VERSION)
    with pytest.raises(BadRequest):
        Condition.read({"if-match": tags + ' "'})
    with pytest.raises(BadRequest):
        Condition.read({"if-match": "a," + ", " * 20_000 + '"'})
