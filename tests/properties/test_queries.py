"""However a query is planned, ordered and paged, its answer is what looking at every resource would give."""

import asyncio
import functools
import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from scim.errors import InvalidFilter, TooMany
from scim.filters import And, Comparison, Filter, Not, Or, Present, ValuePath, render
from scim.schema import JsonObject, Schemas
from scim.storage.directory import Directory
from scim.storage.memory import MemoryTables
from tests.asking import Asker
from tests.contract.writing import Writer

SCHEMAS = Schemas.load()
LONG = "long" * 40
NAMES = ("ann", "Ann Lee", "anna", " ann", "ann ", "bob", "b:b", "é", LONG, LONG + "2", "x~1", "ann=20")


async def _people() -> tuple[Directory, list[str], list[str]]:
    """Users and groups whose values are easily mistaken for each other; two groups have their members in buckets."""
    tables = MemoryTables()
    await tables.create("p")
    now = 1_700_000_000_000
    directory = Directory(tables.rows("p", "p"), SCHEMAS, lambda: now)
    await directory.found()
    writer = Writer(directory, SCHEMAS)
    users = []
    for number in range(40):
        now += 1_000
        name = NAMES[number % len(NAMES)]
        mails = [
            {"value": f"{NAMES[(number + n) % len(NAMES)]}@x", "type": kind} for n, kind in enumerate(("work", "home"))
        ]
        more: dict[str, Any] = {"title": name, "emails": mails[: number % 3], "active": number % 2 == 0}
        users.append(await writer.user(f"{name}{number}", externalId=f"{name}{number % 5}", **more))
    crowd = await writer.users(220, "crowd")
    groups: list[str] = []
    for number in range(12):
        now += 1_000
        members = [users[(number * at) % 40] for at in range(number)] + groups[: number % 3]
        groups.append(
            await writer.group(f"{NAMES[number]}g{number}", *dict.fromkeys(members), externalId=f"e{number % 3}")
        )
    groups += [await writer.crowd("large", crowd), await writer.crowd("larger", [*crowd, *users[:3]])]
    now += 1_000
    for changed in users[::7]:
        await writer.change("User", changed, nickName="changed")
    for gone in (users[5], users[11], groups[4]):
        await writer.delete("User" if gone in users else "Group", gone)
    return directory, users, groups


SEEN: dict[str, list[JsonObject]] = {}


def asker(scan_max: int = 10_000) -> Asker:
    asking = Asker.of(people()[0], SCHEMAS, scan_max=scan_max)
    asking.seen = SEEN
    return asking


@functools.cache
def people() -> tuple[Directory, list[str], list[str]]:
    return asyncio.run(_people())


def ids() -> list[str]:
    _, users, groups = people()
    return [*users[:12], *groups, "nobody", "00000000-0000-7000-8000-000000000000"]


strings = st.sampled_from([*NAMES, "", "a", "AN", " an", "ann1", "ann @x", "e1", "ann@x", LONG[:100], LONG + "@X"])
named = st.deferred(lambda: st.sampled_from(ids()))
moments = st.sampled_from(
    ["2023-11-14T22:13:20Z", "2023-11-14T22:13:41.000Z", "2023-11-15T00:13:55+02:00", "2023-11-14T22:14:12.5Z"]
)


def compared(paths: list[str], operators: list[str], values: st.SearchStrategy[Any]) -> st.SearchStrategy[Filter]:
    return st.builds(Comparison, st.sampled_from(paths), st.sampled_from(operators), values)


texts = compared(
    ["userName", "externalId", "displayName", "title", "emails.value", "emails"], ["eq", "sw", "ne", "co"], strings
)
links = compared(["id", "members", "members.value", "groups", "groups.value"], ["eq", "eq", "eq", "ne"], named)
times = compared(["meta.created", "meta.lastModified"], ["gt", "ge", "lt", "le", "eq"], moments)
types = compared(["meta.resourceType"], ["eq", "ne", "sw"], st.sampled_from(["User", "Group", "user", ""]))
flags = compared(["active"], ["eq"], st.booleans())
presence = st.builds(
    Present, st.sampled_from(["id", "meta.created", "userName", "displayName", "title", "members", "groups", "emails"])
)
nulls = compared(["id", "members", "meta", "userName", "externalId"], ["eq", "ne"], st.none())
of_mails = st.builds(
    lambda kind, value, join: ValuePath("emails", join((kind, value))),
    compared(["type"], ["eq"], st.sampled_from(["work", "home"])),
    compared(["value"], ["eq", "sw"], strings),
    st.sampled_from([And, Or]),
)
of_members = st.builds(
    lambda kind, value, join: ValuePath("members", join((kind, value))),
    compared(["type"], ["eq"], st.sampled_from(["User", "Group"])),
    compared(["value"], ["eq"], named),
    st.sampled_from([And, Or]),
)
terms: st.SearchStrategy[Filter] = st.one_of(
    texts, texts, links, links, times, types, flags, presence, nulls, of_mails, of_members
)


def joined(inner: st.SearchStrategy[Filter]) -> st.SearchStrategy[Filter]:
    several = st.lists(inner, min_size=2, max_size=3).map(tuple)
    return st.one_of(st.builds(Not, inner), st.builds(And, several), st.builds(And, several), st.builds(Or, several))


filters = st.recursive(terms, joined, max_leaves=5)
endpoints = st.sampled_from([("User",), ("Group",), ()])
scans = st.sampled_from([10_000, 10_000, 90, 7])


@settings(max_examples=200, deadline=None)
@given(filters, endpoints, scans, st.integers(1, 9), st.sampled_from([0, 1, 3, 500]))
def test_a_filter_finds_what_asking_each_resource_finds(
    tree: Filter, names: tuple[str, ...], scan_max: int, start: int, count: int
) -> None:
    async def asked() -> None:
        asking = asker(scan_max=scan_max)
        text = render(tree)
        expected = await asking.expected(*names, filter_=text)
        try:
            answer = await asking.ask(*names, filter=text, startIndex=start, count=count)
        except InvalidFilter:
            assert expected is None
            return
        except TooMany:
            assert scan_max < 10_000
            return
        assert expected is not None
        found = [resource["id"] for resource in answer["Resources"]]
        assert (answer["totalResults"], found) == (len(expected), expected[start - 1 :][:count])

    asyncio.run(asked())


@settings(max_examples=150, deadline=None)
@given(
    filters | st.none(), endpoints, scans, st.sampled_from([3, 25, 500]), st.sampled_from(["ascending", "descending"])
)
def test_a_walk_comes_by_every_match_once(
    tree: Filter | None, names: tuple[str, ...], scan_max: int, count: int, order: str
) -> None:
    async def asked() -> None:
        asking = asker(scan_max=scan_max)
        search = {} if tree is None else {"filter": render(tree)}
        expected = await asking.expected(*names, filter_=search.get("filter", "id pr"))
        if expected is None:
            return
        if len(names) == 1 and order == "descending":
            search |= {"sortBy": "meta.created", "sortOrder": order}
            expected.reverse()
        seen: list[str] = []
        totals: set[int | None] = set()
        async for page in asking.pages(*names, count=count, **search):
            assert page["itemsPerPage"] == len(page["Resources"]) <= count
            assert "startIndex" not in page
            seen += [resource["id"] for resource in page["Resources"]]
            totals.add(page.get("totalResults"))
        assert seen == expected
        assert totals in ({len(expected)}, {None})

    asyncio.run(asked())


KEYS = ["userName", "title", "externalId", "emails", "emails.value", "active", "meta.lastModified", "displayName", "id"]


@settings(max_examples=200, deadline=None)
@given(
    filters | st.none(),
    endpoints,
    st.sampled_from(KEYS),
    st.sampled_from(["ascending", "descending"]),
    st.sampled_from([60, 100]),
)
def test_a_sorted_answer_is_the_same_by_index_and_by_cursor_and_in_order(
    tree: Filter | None, names: tuple[str, ...], key: str, order: str, count: int
) -> None:
    async def asked() -> None:
        asking = asker()
        search = {"sortBy": key, "sortOrder": order} | ({} if tree is None else {"filter": render(tree)})
        expected = await asking.expected(*names, filter_=search.get("filter", "id pr"))
        if expected is None or (
            names == ("Group",) and key in {"userName", "title", "active", "emails", "emails.value"}
        ):
            return
        walked = await asking.walk(*names, count=count, **search)
        assert sorted(walked) == sorted(expected)
        paged: list[str] = []
        for start in range(1, len(expected) + 1, count):
            paged += await asking.ids(*names, startIndex=start, count=count, **search)
        assert paged == walked, json.dumps(search)

    asyncio.run(asked())
