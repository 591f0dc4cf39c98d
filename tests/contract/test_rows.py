"""What every ``Rows`` does, whatever is behind it."""

from collections.abc import AsyncIterator, Callable, Sequence

import pytest

from scim.errors import Unavailable
from scim.storage.memory import MemoryTables
from scim.storage.rows import Create, Delete, Merge, Property, Refused, Row, Rows, Tables, Write, pack, unpack
from scim.storage.tables import AzureTables
from tests.sdk import SdkTables

LONG_TEXT = "".join(chr(0x1F600 + number % 50) + "aé\u4e00" for number in range(20_000))
LONG_BYTES = bytes(number % 251 for number in range(150_000))


@pytest.fixture(params=["memory", "azurite", "sdk"])
async def tables(request: pytest.FixtureRequest) -> AsyncIterator[Tables]:
    """A storage account; the SDK's own calls are there to show that ours do the same."""
    kinds: dict[str, Callable[[str], Tables]] = {"azurite": AzureTables, "sdk": SdkTables}
    kind = kinds.get(request.param)
    account = kind(request.getfixturevalue("azurite")) if kind else MemoryTables()
    yield account
    await account.close()


async def read(rows: Rows, key: str) -> Row:
    row = await rows.get(key)
    assert row is not None
    return row


async def keys(rows: Rows, low: str = "", high: str = "~", limit: int | None = None) -> list[str]:
    return [row.key async for page in rows.range(low, high, limit) for row in page]


async def refusal(rows: Rows, writes: Sequence[Write]) -> tuple[int | None, str]:
    with pytest.raises(Refused) as refused:
        await rows.transact(writes)
    return refused.value.index, refused.value.cause


async def test_a_row_comes_back_as_it_was_written(rows: Rows) -> None:
    written: dict[str, Property] = {
        "text": 'Zoë 😀 "quoted" it\'s\n',
        "blank": "",
        "packed": bytes(range(256)),
        "nothing": b"",
        "number": 2_000_000_000,
        "minus": -5,
        "yes": True,
        "no": False,
    }
    await rows.transact([Create("a", written)])
    row = await read(rows, "a")
    assert row.key == "a"
    assert dict(row.properties) == written
    assert {name: type(value) for name, value in row.properties.items()} == {n: type(v) for n, v in written.items()}


@pytest.mark.parametrize("key", ["user.userName:a=20b.c@d+e_f-~9", "head", "head:runs:user", "a:" + "x" * 198])
async def test_keys_of_our_kind_can_be_read_and_ranged_over(rows: Rows, key: str) -> None:
    await rows.transact([Create(key, {})])
    assert (await read(rows, key)).key == key
    assert await keys(rows, key, key + "!") == [key]


@pytest.mark.parametrize("key", ["missing", "", "head:runs:user"])
async def test_a_missing_row_is_none(rows: Rows, key: str) -> None:
    assert await rows.get(key) is None


async def test_a_range_may_come_without_what_its_rows_hold(rows: Rows) -> None:
    etags = await rows.transact([Create(key, {"x": 1, "y": b"2"}) for key in "abc"])
    found = [row async for page in rows.range("a", "c", keys_only=True) for row in page]
    assert found == [Row("a", etags[0], {}), Row("b", etags[1], {})]


async def test_a_range_is_ordered_by_code_point_and_half_open(rows: Rows) -> None:
    await rows.transact([Create(key, {}) for key in ("b", "a:2", "A", "a:10", "a", "a;", "c", "_")])
    assert await keys(rows) == ["A", "_", "a", "a:10", "a:2", "a;", "b", "c"]
    assert await keys(rows, "a", "b") == ["a", "a:10", "a:2", "a;"]
    assert await keys(rows, "a:", "a;") == ["a:10", "a:2"]
    assert await keys(rows, "b", "b") == []


async def test_a_range_reaches_over_many_pages_and_stops_at_its_limit(rows: Rows) -> None:
    names = [f"row:{number:05}" for number in range(2_050)]
    for start in range(0, len(names), 100):
        await rows.transact([Create(name, {"at": name}) for name in names[start : start + 100]])
    pages = [page async for page in rows.range("row:", "row;")]
    assert max(map(len, pages)) == 1_000
    assert [row.key for page in pages for row in page] == names
    assert all(row.properties["at"] == row.key for page in pages for row in page)
    for limit in (1, 999, 1_000, 1_001, 2_050, 5_000):
        assert await keys(rows, "row:", "row;", limit) == names[:limit]
    assert await keys(rows, "row:01000", "row:02000", 3) == names[1_000:1_003]


async def test_a_merge_keeps_what_it_does_not_name(rows: Rows) -> None:
    [etag] = await rows.transact([Create("a", {"one": "1", "two": "2", "three": b"3"})])
    [merged] = await rows.transact([Merge("a", etag, {"two": "", "four": 4})])
    row = await read(rows, "a")
    assert row.properties == {"one": "1", "two": "", "three": b"3", "four": 4}
    assert row.etag == merged != etag


async def test_an_etag_from_a_transaction_a_read_or_a_range_is_the_same(rows: Rows) -> None:
    [etag, _] = await rows.transact([Create("a", {}), Create("b", {})])
    ranged = [row async for page in rows.range("a", "b") for row in page]
    assert etag == (await read(rows, "a")).etag == ranged[0].etag
    await rows.transact([Delete("a", etag)])
    assert await keys(rows) == ["b"]


async def test_a_transaction_gives_an_etag_for_each_write_and_a_blank_for_a_delete(rows: Rows) -> None:
    [first, second] = await rows.transact([Create("a", {}), Create("b", {})])
    etags = await rows.transact([Merge("a", first, {"x": 1}), Delete("b", second), Create("c", {})])
    assert etags == [(await read(rows, "a")).etag, "", (await read(rows, "c")).etag]


async def test_a_delete_without_an_etag_takes_the_row_as_it_is(rows: Rows) -> None:
    [etag] = await rows.transact([Create("a", {})])
    await rows.transact([Merge("a", etag, {"x": 1})])
    await rows.transact([Delete("a")])
    assert await rows.get("a") is None


async def test_a_row_made_anew_does_not_answer_to_its_old_etag(rows: Rows) -> None:
    [etag] = await rows.transact([Create("a", {})])
    await rows.transact([Delete("a", etag)])
    await rows.transact([Create("a", {})])
    assert await refusal(rows, [Merge("a", etag, {"x": 1})]) == (0, "stale")


async def test_what_stands_against_a_transaction_is_named_and_nothing_applies(rows: Rows) -> None:
    [old] = await rows.transact([Create("a", {"x": 1})])
    [new] = await rows.transact([Merge("a", old, {"x": 2})])
    before = [row async for page in rows.range("", "~") for row in page]
    good: list[Write] = [Create("b", {}), Merge("a", new, {"x": 3})]
    refusals: list[tuple[list[Write], tuple[int, str]]] = [
        ([good[0], Create("a", {})], (1, "exists")),
        ([good[0], Merge("a", old, {"x": 4})], (1, "stale")),
        ([good[0], Delete("a", old)], (1, "stale")),
        ([*good, Merge("c", old, {"x": 4})], (2, "missing")),
        ([*good, Create("d", {}), Delete("c", old)], (3, "missing")),
        ([*good, Create("d", {}), Create("e", {}), Delete("c")], (4, "missing")),
        ([Merge("a", old, {}), Create("a2", {}), Delete("c")], (0, "stale")),
    ]
    for writes, expected in refusals:
        assert await refusal(rows, writes) == expected
        assert [row async for page in rows.range("", "~") for row in page] == before


async def test_a_hundred_writes_go_into_one_transaction(rows: Rows) -> None:
    await rows.transact([Create(f"row:{number:03}", {}) for number in range(100)])
    assert len(await keys(rows)) == 100
    late: list[Write] = [Create(f"other:{number:03}", {}) for number in range(99)]
    assert await refusal(rows, [*late, Create("row:099", {})]) == (99, "exists")
    assert len(await keys(rows)) == 100


@pytest.mark.parametrize("value", ["", "short", "é" * 40_000, LONG_TEXT, "x" * 200_000])
async def test_a_long_text_is_packed_and_a_shorter_one_leaves_nothing_of_it(rows: Rows, value: str) -> None:
    [etag] = await rows.transact([Create("a", {**pack("text", value), "text_end": "kept"})])
    row = await read(rows, "a")
    assert unpack(row.properties, "text", "") == value
    for shorter in (value[: len(value) // 2], "one", ""):
        [etag] = await rows.transact([Merge("a", etag, pack("text", shorter, row.properties))])
        row = await read(rows, "a")
        assert unpack(row.properties, "text", "") == shorter
    assert row.properties["text_end"] == "kept"


@pytest.mark.parametrize("value", [b"", b"\x00", LONG_BYTES])
async def test_long_bytes_are_packed_and_shorter_ones_leave_nothing_of_them(rows: Rows, value: bytes) -> None:
    [etag] = await rows.transact([Create("a", pack("ids", value))])
    row = await read(rows, "a")
    assert unpack(row.properties, "ids", b"") == value
    await rows.transact([Merge("a", etag, pack("ids", b"12", row.properties))])
    assert unpack((await read(rows, "a")).properties, "ids", b"") == b"12"


async def test_partitions_of_one_table_do_not_see_each_other(tables: Tables, rows: Rows) -> None:
    await tables.create("shared")
    one, two = tables.rows("shared", "one"), tables.rows("shared", "two")
    await one.transact([Create("a", {"of": "one"})])
    await two.transact([Create("a", {"of": "two"}), Create("b", {})])
    assert (await read(one, "a")).properties == {"of": "one"}
    assert (await keys(one), await keys(two), await keys(rows)) == (["a"], ["a", "b"], [])
    await tables.drop("shared")


async def test_a_table_can_be_created_twice_and_dropped_twice(tables: Tables) -> None:
    await tables.create("twice")
    kept = tables.rows("twice", "p")
    await kept.transact([Create("a", {})])
    await tables.create("twice")
    assert await keys(kept) == ["a"]
    await tables.drop("twice")
    await tables.drop("twice")


async def test_without_its_table_every_call_is_unavailable(tables: Tables) -> None:
    nowhere = tables.rows("nowhere", "p")
    with pytest.raises(Unavailable):
        await nowhere.get("a")
    with pytest.raises(Unavailable):
        await keys(nowhere)
    with pytest.raises(Unavailable):
        await nowhere.transact([Create("a", {})])
