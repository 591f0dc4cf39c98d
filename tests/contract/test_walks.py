"""Walks by cursor while others write, on every kind of tables: what stays as it is comes by once, and in order."""

import random
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from scim.schema import Json, JsonObject, Schemas
from scim.storage.directory import Directory
from scim.storage.memory import MemoryTables
from scim.storage.rows import Rows
from tests.asking import Asker
from tests.contract.writing import Writer
from tests.faults.moving import move

COUNT = 60
CROWD = 20_000

WALKS: list[dict[str, Json]] = [
    {},
    {"filter": 'userName sw "u"'},
    {"filter": 'title eq "stays" or title eq "new"'},
    {"filter": 'userName sw "u" and title pr'},
    {"sortBy": "id", "sortOrder": "descending"},
    {"sortBy": "meta.created", "sortOrder": "descending", "filter": "title pr"},
    {"sortBy": "title"},
    {"sortBy": "userName", "sortOrder": "descending"},
    {"sortBy": "nickName", "filter": "title pr"},
]


async def peopled(rows: Rows, schemas: Schemas, count: int) -> tuple[Writer, list[str]]:
    """A directory of so many users."""
    tables = MemoryTables()
    await tables.create("p")
    source = tables.rows("p", "p")
    directory = Directory(source, schemas)
    await directory.found()
    writer = Writer(directory, schemas)
    users = [await writer.user(f"u{(n * 7) % count:05}", title="stays") for n in range(count)]
    await move(source, rows)
    return Writer(Directory(rows, schemas), schemas), users


async def walked(asker: Asker, between: Callable[[], Awaitable[None]], **search: Any) -> list[str]:  # noqa: ANN401 (any query)
    """The ids of a walk between whose pages something happens."""
    seen: list[str] = []
    async for page in asker.pages("User", **search):
        seen += [resource["id"] for resource in page["Resources"]]
        await between()
    return seen


@pytest.mark.parametrize("search", WALKS, ids=str)
async def test_nobody_is_skipped_or_met_twice_while_others_come_go_and_change(
    rows: Rows, schemas: Schemas, search: JsonObject
) -> None:
    seed = 20_261_126
    print(f"seed {seed}")  # noqa: T201 (shown when the test fails)
    chance = random.Random(seed)  # noqa: S311 (a test's dice)
    writer, users = await peopled(rows, schemas, COUNT)
    touched: set[str] = set()
    fresh = 0

    async def write() -> None:
        nonlocal fresh
        for _ in range(3):
            fresh += 1
            left = [user for user in users if user not in touched]
            match chance.choice(["create", "delete", "change"]) if len(left) > COUNT // 2 else "create":
                case "create":
                    await writer.user(f"{chance.choice('auz')}{fresh:05}new", title="new", nickName=f"n{fresh % 4}")
                case "delete":
                    touched.add(gone := chance.choice(left))
                    await writer.delete("User", gone)
                case _:
                    touched.add(changed := chance.choice(left))
                    await writer.change("User", changed, title=chance.choice(["other", "stays"]), nickName=None)
                    await writer.change("User", changed, userName=f"v{fresh:05}")

    quiet = await Asker.of(writer.directory, schemas).walk("User", count=7, **search)
    seen = await walked(Asker.of(writer.directory, schemas), write, count=7, **search)
    stayed = [user for user in quiet if user not in touched]
    assert [user for user in seen if user in stayed] == stayed
    assert len(stayed) > COUNT // 3
    if "sortBy" not in search or search["sortBy"] in {"id", "meta.created"}:
        assert len(seen) == len(set(seen)), "an id never moves, so nobody is met twice"


@pytest.mark.parametrize("order", ["ascending", "descending"])
async def test_a_walk_with_any_filter_gets_through_in_short_pages_while_others_write(
    rows: Rows, schemas: Schemas, order: str
) -> None:
    writer, users = await peopled(rows, schemas, COUNT)
    for user in users[::9]:
        await writer.change("User", user, nickName="rare")
    rare, gone = users[::9], iter(users[1::5])

    async def write() -> None:
        await writer.user(f"late{await writer.directory.total(schemas.types['User'])}.{next(numbers)}")
        if (user := next(gone, None)) and user not in rare:
            await writer.delete("User", user)

    numbers = iter(range(1_000))
    asker = Asker.of(writer.directory, schemas, scan_max=10)
    search = {"filter": 'nickName eq "rare"', "sortBy": "id", "sortOrder": order}
    seen: list[list[str]] = []
    async for page in asker.pages("User", count=3, **search):
        seen.append([resource["id"] for resource in page["Resources"]])
        if len(seen) < 20:
            await write()
    assert [user for page in seen for user in page] == (rare if order == "ascending" else rare[::-1])
    assert any(len(page) < 3 for page in seen[:-1]), "no page may read more than 10 resources"


async def test_a_crowd_larger_than_what_may_be_scanned_is_walked_through(schemas: Schemas) -> None:
    tables = MemoryTables()
    await tables.create("p")
    directory = Directory(tables.rows("p", "p"), schemas)
    await directory.found()
    writer = Writer(directory, schemas)
    users = [await writer.user(f"u{n:05}", title=f"t{n % 100}") for n in range(CROWD)]
    asker = Asker.of(directory, schemas)
    for order, turn in (("ascending", 1), ("descending", -1)):
        search = {"count": 500, "attributes": ["id"], "sortBy": "id", "sortOrder": order}
        assert await asker.walk("User", **search) == users[::turn]
        pages = [page async for page in asker.pages("User", filter='title eq "t7"', **search)]
        assert [resource["id"] for page in pages for resource in page["Resources"]] == users[7::100][::turn]
        assert len(pages) == 2, "10,000 resources may be read for each"
        narrowed = await asker.walk("User", filter='userName sw "u0" and title eq "t7"', **search)
        assert narrowed == users[7:10_000:100][::turn]
