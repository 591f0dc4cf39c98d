"""Our requests to the Table service and the SDK's: one reads what the other writes, and both are refused alike."""

import random
import string
import uuid
from collections.abc import AsyncIterator

import pytest

from scim.errors import PayloadTooLarge
from scim.storage.rows import Create, Delete, Merge, Property, Refused, Row, Rows, TableNotFound, Unsettled, Write
from scim.storage.tables import AzureTables
from tests.sdk import SdkTables

TURNS = 60
SDK_S_OWN = pytest.mark.filterwarnings("ignore:Sending a large body:ResourceWarning")
_KEYS = string.ascii_letters + string.digits + "._@+-:~=!"
"""What the keys of rows are made of; of others Azurite, which looks for them by pattern, loses some."""
_TEXTS = "".join(map(chr, (*range(1, 0x180), 0x2028, 0x4E00, 0xFFFD, 0x1F600))) + "--changeset_\r\n\r\nHTTP/1.1 409"


@pytest.fixture
async def both(azurite: str) -> AsyncIterator[tuple[Rows, Rows]]:
    """One partition of a fresh table, in our words and in the SDK's."""
    name, ours, sdk = f"t{uuid.uuid4().hex}", AzureTables(azurite), SdkTables(azurite)
    await ours.create(name)
    yield ours.rows(name, "p'&+"), sdk.rows(name, "p'&+")
    await ours.drop(name)
    await ours.close()
    await sdk.close()


def text(dice: random.Random, letters: str, most: int) -> str:
    return "".join(dice.choices(letters, k=dice.randrange(most)))


def properties(dice: random.Random) -> dict[str, Property]:
    kinds = (
        lambda: text(dice, _TEXTS, dice.choice((1, 20, 2_000))),
        lambda: "é" * 32_767,
        lambda: dice.randbytes(dice.choice((0, 1, 100, 65_536))),
        lambda: dice.choice((0, 1, -1, 2**31 - 1, -(2**31))),
        lambda: dice.choice((True, False)),
        lambda: dice.choice(('\\"', "{}}{", "--batch_", "\x7f\u2028", "GET http://x", "it''s %27 %2B")),
    )
    return {f"p{number}": dice.choice(kinds)() for number in range(dice.randrange(7))}


async def came_of(rows: Rows, writes: list[Write]) -> tuple[object, ...]:
    """What a transaction comes to, but for etags' values."""
    try:
        return tuple(bool(etag) for etag in await rows.transact(writes))
    except Refused as refused:
        return "refused", refused.index, refused.cause
    except (PayloadTooLarge, TableNotFound, Unsettled) as error:
        return (type(error),)


async def all_of(rows: Rows) -> list[Row]:
    return [row async for page in rows.range("", "\U0010ffff") for row in page]


def typed(rows: list[Row]) -> list[object]:
    return [(row, [type(value) for value in row.properties.values()]) for row in rows]


@SDK_S_OWN
async def test_what_one_writes_the_other_reads(both: tuple[Rows, Rows]) -> None:
    seed = random.SystemRandom().randrange(2**32)
    print(f"seed {seed}")  # noqa: T201 (to play a failure again)
    dice = random.Random(seed)  # noqa: S311 (no secret)
    expected: dict[str, dict[str, Property]] = {}
    etags: dict[str, str] = {}
    for turn in range(TURNS):
        writer, reader = both if turn % 2 else both[::-1]
        writes: list[Write] = []
        new = [text(dice, _KEYS, 30) for _ in range(dice.choice((1, 2, 8)))]
        for key in dict.fromkeys([*new, *dice.sample(list(etags), k=min(2, len(etags)))]):
            if key not in etags:
                writes.append(Create(key, properties(dice)))
            elif dice.random() < 0.7:
                writes.append(Merge(key, etags[key], properties(dice)))
            else:
                writes.append(Delete(key, dice.choice((None, etags[key]))))
        given = await writer.transact(writes)
        for write, etag in zip(writes, given, strict=True):
            if isinstance(write, Delete):
                del expected[write.key], etags[write.key]
                assert (etag, await reader.get(write.key)) == ("", None)
            else:
                expected[write.key] = {**expected.get(write.key, {}), **write.properties}
                etags[write.key] = etag
                row = Row(write.key, etag, expected[write.key])
                found = [await rows.get(write.key) for rows in both]
                assert found == [row, row]
    ours, theirs = [await all_of(rows) for rows in both]
    assert typed(ours) == typed(theirs)
    assert {row.key: row.properties for row in ours} == expected


@SDK_S_OWN
async def test_both_are_refused_alike(both: tuple[Rows, Rows]) -> None:
    (old,) = await both[0].transact([Create("a", {"x": 1})])
    (new,) = await both[1].transact([Merge("a", old, {"x": 2})])
    fill: list[Write] = [Create(f"n{number}", {}) for number in range(99)]
    big = {f"p{number}": "é" * 30_000 for number in range(3)}
    cases: list[tuple[list[Write], tuple[object, ...]]] = [
        ([*fill, Create("a", {})], ("refused", 99, "exists")),
        ([*fill, Merge("a", old, {})], ("refused", 99, "stale")),
        ([Merge("a", new, {}), Delete("b'c", old)], ("refused", 1, "missing")),
        ([Create("b", {}), Delete("a", old)], ("refused", 1, "stale")),
        ([Delete("b")], ("refused", 0, "missing")),
        ([Create(f"big{number}", big) for number in range(12)], (PayloadTooLarge,)),
    ]
    for writes, outcome in cases:
        assert [await came_of(rows, writes) for rows in both] == [outcome, outcome]
    assert [row.key for row in await all_of(both[0])] == ["a"]


async def test_a_transaction_of_some_megabytes_is_sent_in_pieces(both: tuple[Rows, Rows]) -> None:
    large: dict[str, Property] = {f"p{number}": "é" * 30_000 for number in range(2)}
    await both[0].transact([Create(f"n{number}", large) for number in range(6)])
    assert [row.properties for row in await all_of(both[0])] == [large] * 6


async def test_more_than_a_hundred_writes_apply_not_one(both: tuple[Rows, Rows]) -> None:
    with pytest.raises(Exception):  # noqa: B017, PT011 (which one, the service decides)
        await both[0].transact([Create(f"n{number}", {}) for number in range(101)])
    assert await all_of(both[0]) == []
