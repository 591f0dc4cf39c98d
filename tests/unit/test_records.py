"""Rows of a directory: what is written comes back, and a merge leaves nothing behind."""

from dataclasses import replace

import pytest

from scim.changes import Change, Origin
from scim.errors import PayloadTooLarge
from scim.schema import Json, Schemas
from scim.storage import records
from scim.storage.members import Roster
from scim.storage.records import Head, Stored
from scim.storage.rows import Properties, Row
from scim.storage.runs import ClosedRuns, OpenRun

ID = "0190f3e0-0000-7000-8000-00000000000a"
OTHER = "0190f3e0-0000-7000-8000-00000000000b"
TIME = "2025-11-13T02:13:20.123Z"


@pytest.fixture
def user(schemas: Schemas) -> Stored:
    return Stored(schemas.types["User"], ID, {"userName": "Zoë"}, TIME, TIME, 7)


@pytest.fixture
def group(schemas: Schemas) -> Stored:
    links = {ID: "user", OTHER: "group"}
    return Stored(schemas.types["Group"], ID, {"displayName": "g"}, TIME, TIME, 7, Roster(count=2), links)


def row(stored: Stored, properties: Properties) -> Row:
    return Row(f"{stored.kind.alias}:{stored.id}", "etag", properties)


def read(stored: Stored) -> Stored:
    return records.decode(stored.kind, row(stored, records.encode(stored)))


@pytest.mark.parametrize("value", ["", "x" * 100_000, "😀" * 50_000])
def test_a_resource_comes_back_as_it_was_written(user: Stored, group: Stored, value: str) -> None:
    for stored in (user, group):
        longer = replace(stored, attributes={**stored.attributes, "text": value})
        assert read(longer) == longer


def test_a_version_is_the_number_of_the_change_that_made_it(user: Stored) -> None:
    assert user.version == 'W/"0000000000000007"'


def test_members_leave_the_row_when_they_move_into_buckets(group: Stored) -> None:
    before = records.encode(group)
    large = replace(group, roster=Roster(0, 2, 193), members=None)
    merged = {**before, **records.encode(large, before)}
    assert records.decode(group.kind, row(group, merged)) == large
    assert (merged["members_user"], merged["members_group"]) == (b"", b"")


def test_memberships_are_apart_from_the_rest_and_move_only_the_number(user: Stored) -> None:
    before = records.encode(user)
    merged = {**before, **records.encode_memberships({OTHER, ID}, 9, before)}
    assert records.decode(user.kind, row(user, merged)) == replace(user, number=9, memberships=(ID, OTHER))
    rewritten = {**merged, **records.encode(replace(user, number=10), merged)}
    assert records.memberships(row(user, rewritten)) == (ID, OTHER)
    emptied = {**merged, **records.encode_memberships(set(), 11, merged)}
    assert records.memberships(row(user, emptied)) == ()


def test_a_user_in_very_many_groups_still_has_all_of_them(user: Stored) -> None:
    groups = {f"00000000-0000-7000-8000-{number:012x}" for number in range(9_000)}
    properties = records.encode_memberships(groups, 1, {})
    assert set(records.memberships(row(user, properties))) == groups
    assert len(properties) == 4, "three pieces, and the number"


@pytest.mark.parametrize("text", ["x" * 230_000, "é" * 115_000])
def test_a_resource_that_its_change_record_could_not_hold_twice_is_refused(user: Stored, text: str) -> None:
    with pytest.raises(PayloadTooLarge, match=r"User.*230000"):
        records.encode(replace(user, attributes={"title": text}))
    shorter = replace(user, attributes={"title": text[:-20]})
    values: dict[str, Json] = {"title": {"before": text[:-20], "after": text[:-20]}}
    change = Change(1, 0, "replace", "User", ID, Origin("k" * 100, "r" * 100), (("user", ID),) * 95, values)
    properties = records.encode_change(change, "mark")
    assert read(shorter) == shorter
    assert sum(len(str(held).encode()) for held in properties.values()) < 479_000


def test_a_head_comes_back_as_it_was_written() -> None:
    head = Head(0x0123, ID, {"user": OpenRun(ID, 2, 502)}, {OTHER: 0x0122})
    encoded = Row("head", "etag", head.encode())
    assert Head.decode(encoded) == head
    assert Head.decode(Row("head", "etag", Head().encode())) == Head()
    assert head.run("user").total == 502
    assert head.run("group") == OpenRun()
    assert head.with_run("group", OpenRun(ID, 1, 1)).run("group").count == 1


def test_closed_runs_come_back_and_shrink() -> None:
    runs = ClosedRuns(tuple((ID, count % 500 + 1) for count in range(5_000)))
    written = Row("head:runs:user", "etag", records.encode_runs(runs))
    assert records.decode_runs(written) == runs
    less = {**written.properties, **records.encode_runs(ClosedRuns(runs.entries[:3]), written)}
    assert records.decode_runs(Row(written.key, "etag", less)).entries == runs.entries[:3]
    assert records.decode_runs(None) == ClosedRuns()


def test_a_change_comes_back_through_its_row() -> None:
    values: dict[str, Json] = {"title": {"before": "x" * 40_000, "after": "1"}}
    change = Change(0x0123, 0x0122, "modify", "User", ID, Origin("key1", "req2"), (("user", ID),), values)
    properties = records.encode_change(change, "mark")
    assert properties["transaction"] == "mark"
    assert records.decode_change(Row(f"change:{0x0123:016x}", "etag", properties)) == change
