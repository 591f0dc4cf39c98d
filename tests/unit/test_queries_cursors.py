"""Paging by cursor (RFC 9865), as a client sees it."""

import string
from dataclasses import replace
from typing import Any

import pytest

from tests.client import LIST_RESPONSE, PROFILE_NAMES, SEARCH_REQUEST, Answer, Client, new_app, new_client

SEARCH = {"schemas": [SEARCH_REQUEST]}
UNRESERVED = set(string.ascii_letters + string.digits + "-._~")


@pytest.fixture(params=PROFILE_NAMES)
async def client(request: pytest.FixtureRequest) -> Client:
    return await new_client(request.param)


async def people(client: Client, count: int) -> list[str]:
    return [(await client.user(f"u{number:02}", title=f"t{number % 3}"))["id"] for number in range(count)]


async def walk(client: Client, path: str) -> list[Answer]:
    """Every page of a walk; the path ends in the parameters of the query."""
    pages = [await client.get(f"{path}&cursor=")]
    while cursor := pages[-1].json.get("nextCursor"):
        assert set(cursor) <= UNRESERVED
        pages.append(await client.get(f"{path}&cursor={cursor}"))
    return pages


def seen(pages: list[Answer]) -> list[list[str]]:
    return [page.ids for page in pages]


def flat(pages: list[Answer]) -> list[str]:
    return [one for page in pages for one in page.ids]


async def test_pages_follow_each_other(client: Client) -> None:
    ids = await people(client, 7)
    pages = await walk(client, "/Users?count=3")
    assert seen(pages) == [ids[:3], ids[3:6], ids[6:]]
    for page in pages:
        assert page.json["totalResults"] == 7
        assert page.json["itemsPerPage"] == len(page.ids)
        assert page.json["schemas"] == [LIST_RESPONSE]
        assert "startIndex" not in page.json
    assert "nextCursor" not in pages[-1].json
    assert "previousCursor" not in pages[1].json


async def test_a_last_page_that_is_full_names_no_next(client: Client) -> None:
    ids = await people(client, 6)
    for query in ("count=3", "count=3&filter=userName+sw+%22u%22", "count=3&sortBy=userName"):
        assert seen(await walk(client, f"/Users?{query}")) == [ids[:3], ids[3:]]


async def test_a_cursor_without_a_value_begins_a_walk_too(client: Client) -> None:
    ids = await people(client, 3)
    page = await client.get("/Users?filter=userName%20sw%20%22u%22&cursor&count=2")
    assert page.ids == ids[:2]
    assert page.json["nextCursor"]


async def test_a_page_has_the_default_size_if_no_count_is_asked_for() -> None:
    client = await new_client(page_default=2, page_max=3)
    ids = await people(client, 5)
    assert seen(await walk(client, "/Users?x=")) == [ids[:2], ids[2:4], ids[4:]]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("filter=title+eq+%22t1%22", [1, 4, 7]),
        ("filter=userName+sw+%22u0%22+and+title+ne+%22t1%22", [0, 2, 3, 5, 6, 8, 9]),
        ("filter=userName+eq+%22u03%22+or+userName+eq+%22u01%22+or+userName+eq+%22nobody%22", [1, 3]),
        ("filter=userName+eq+%22nobody%22", []),
        ("filter=userName+pr", [*range(11)]),
        ("sortBy=userName&sortOrder=descending", [*range(10, -1, -1)]),
        ("sortBy=title", [0, 3, 6, 9, 1, 4, 7, 10, 2, 5, 8]),
        ("sortBy=title&sortOrder=descending&filter=title+gt+%22t0%22", [2, 5, 8, 1, 4, 7, 10]),
        ("sortBy=id&sortOrder=descending", [*range(10, -1, -1)]),
        ("sortBy=meta.created&sortOrder=descending&filter=title+eq+%22t0%22", [9, 6, 3, 0]),
        ("sortBy=id&sortOrder=descending&filter=userName+sw+%22u0%22", [*range(9, -1, -1)]),
    ],
)
async def test_filters_and_orders_hold_on_a_walk(client: Client, query: str, expected: list[int]) -> None:
    ids = await people(client, 11)
    if "title+eq+%22t1%22" in query:
        expected = [number for number in range(11) if number % 3 == 1]
    for count in (1, 2, 4, 50):
        pages = await walk(client, f"/Users?count={count}&{query}")
        assert [ids.index(one) for one in flat(pages)] == expected
        assert {page.json["totalResults"] for page in pages} == {len(expected)}
        assert all(len(page) <= count for page in seen(pages))


async def test_a_search_pages_by_cursor_and_shares_its_cursors_with_the_url(client: Client) -> None:
    ids = await people(client, 5)
    first = await client.post("/Users/.search", SEARCH | {"cursor": "", "count": 2, "attributes": ["userName"]})
    assert (first.ids, first.json["totalResults"]) == (ids[:2], 5)
    body = SEARCH | {"CURSOR": first.json["nextCursor"], "count": 2}
    second = await client.post("/Users/.search", body)
    assert second.ids == ids[2:4]
    assert (await client.get(f"/Users?count=2&cursor={first.json['nextCursor']}")).ids == ids[2:4]
    assert (await client.post("/Users/.search", SEARCH | {"cursor": None, "count": 2})).json["startIndex"] == 1


async def test_all_types_are_walked_through_one_after_another(client: Client) -> None:
    users = await people(client, 4)
    groups = [(await client.group(f"g{number}"))["id"] for number in range(3)]
    for path in ("?count={}", "/?count={}"):
        for count in (1, 2, 3, 4, 50):
            pages = await walk(client, path.format(count))
            assert flat(pages) == users + groups
            assert {page.json["totalResults"] for page in pages} == {7}
    only = await walk(client, "?count=2&filter=meta.resourceType+eq+%22Group%22")
    assert seen(only) == [groups[:2], groups[2:]]
    named = await walk(client, "?count=2&sortBy=meta.created&sortOrder=descending")
    assert flat(named) == (users + groups)[::-1]


async def test_a_count_of_0_tells_the_number_of_all_and_needs_no_cursor(client: Client) -> None:
    await people(client, 3)
    for query in ("count=0", "count=-1", "count=0&filter=title+pr", "count=0&sortBy=title"):
        page = await client.get(f"/Users?{query}&cursor=")
        assert (page.json["totalResults"], page.json["itemsPerPage"], page.ids) == (3, 0, [])
        assert page.json.keys() == {"schemas", "totalResults", "itemsPerPage", "Resources"}


@pytest.mark.parametrize(
    ("query", "error"),
    [
        ("cursor=&count=501", "invalidCount"),
        ("cursor=&count=ten", "invalidCount"),
        ("cursor=&count=", "invalidCount"),
        ("cursor=&count=1.5", "invalidCount"),
        ("cursor=&startIndex=1", "invalidValue"),
        ("cursor=&startIndex=x", "invalidValue"),
        ("cursor=&cursor=", "invalidValue"),
        ("cursor=VZUTiyhEQJ94IR", "invalidCursor"),
        ("cursor=%00", "invalidCursor"),
        ("cursor=%C3%A9", "invalidCursor"),
        ("cursor=VZUTiyhEQJ94IR&count=0", "invalidCursor"),
        ("cursor={}&count=3", "invalidCount"),
        ("cursor={}&count=0", "invalidCount"),
        ("cursor={}&count=-5", "invalidCount"),
        ("cursor={}&count=501", "invalidCount"),
        ("cursor={}&count=2&filter=userName+pr", "invalidCursor"),
        ("cursor={}&count=2&sortBy=id", "invalidCursor"),
        ("cursor={}&count=2&sortOrder=descending", "invalidCursor"),
        ("cursor={}&count=2&startIndex=3", "invalidValue"),
        ("cursor={}x&count=2", "invalidCursor"),
    ],
)
async def test_a_walk_that_cannot_be_gone_on_with_is_400(client: Client, query: str, error: str) -> None:
    await people(client, 5)
    first = await client.get("/Users?cursor=&count=2")
    answer = await client.get(f"/Users?{query.format(first.json['nextCursor'])}")
    assert answer.error == (400, error)


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ({"cursor": 5}, "invalidCursor"),
        ({"cursor": ["x"]}, "invalidCursor"),
        ({"cursor": "", "count": "2"}, "invalidCount"),
        ({"cursor": "", "COUNT": True}, "invalidCount"),
        ({"cursor": "", "startINDEX": 1}, "invalidValue"),
    ],
)
async def test_a_search_is_held_to_the_same(client: Client, body: dict[str, Any], error: str) -> None:
    assert (await client.post("/Users/.search", SEARCH | body)).error == (400, error)


async def test_a_cursor_is_good_at_its_own_endpoint_and_provider_only(client: Client) -> None:
    await people(client, 3)
    cursor = (await client.get("/Users?cursor=&count=2")).json["nextCursor"]
    for path in ("/Groups", "", "/"):
        assert (await client.get(f"{path}?cursor={cursor}&count=2")).error == (400, "invalidCursor")
    other = await client.as_other("other", client.provider.profile_name)
    await people(other, 3)
    assert (await other.get(f"/Users?cursor={cursor}&count=2")).error == (400, "invalidCursor")


async def test_a_cursor_expires(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    await people(client, 5)
    first = await client.get("/Users?cursor=&count=2")
    cursor = first.json["nextCursor"]
    assert (await client.get(f"/Users?cursor={cursor}&count=2")).status == 200
    monkeypatch.setattr("scim.cursors.Fernet.extract_timestamp", lambda *_: 0)
    answer = await client.get(f"/Users?cursor={cursor}&count=2")
    assert answer.error == (400, "expiredCursor")
    assert "3600" in answer.json["detail"]


async def test_a_cursor_is_good_on_another_instance_of_the_service() -> None:
    client = await new_client()
    ids = await people(client, 3)
    cursor = (await client.get("/Users?cursor=&count=2")).json["nextCursor"]
    other = replace(client, app=new_app(client.app.tables))
    assert (await other.get(f"/Users?cursor={cursor}&count=2")).ids == ids[2:]


async def test_without_a_cursor_pages_are_by_index(client: Client) -> None:
    await people(client, 3)
    page = await client.get("/Users?count=2")
    assert page.json["startIndex"] == 1
    assert "nextCursor" not in page.json


async def test_a_walk_goes_through_any_number_with_any_filter_in_pages_that_may_be_short() -> None:
    client = await new_client(scan_max=4)
    ids = await people(client, 15)
    assert (await client.get("/Users?filter=title+eq+%22t2%22")).error == (400, "tooMany")
    for query, found in (("", ids[2::3]), ("&sortBy=id&sortOrder=descending", ids[2::3][::-1])):
        pages = await walk(client, f"/Users?filter=title+eq+%22t2%22&count=3{query}")
        assert flat(pages) == found
        assert min(len(page) for page in seen(pages)) < 3
        assert all("totalResults" not in page.json for page in pages), "nobody has counted them"
        nothing = await walk(client, f"/Users?filter=title+eq+%22nobody%22&count=3{query}")
        assert flat(nothing) == []
        assert len(nothing) > 1
    over_all = await walk(client, "?filter=title+eq+%22t2%22+or+displayName+pr&count=3")
    assert flat(over_all) == ids[2::3]
    assert (await client.get("/Users?filter=title+pr&cursor=&count=0")).error == (400, "tooMany")


async def test_a_page_of_groups_that_ends_early_goes_on_where_it_ended(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("scim.queries.MAX_PAGE_MEMBERS", 4)
    ids = [(await client.user(f"u{number}"))["id"] for number in range(5)]
    groups = [(await client.group(f"g{n}", *ids[:count]))["id"] for n, count in enumerate((5, 2, 2, 1))]
    for query in ("", "&sortBy=displayName", "&filter=displayName+sw+%22g%22", "&filter=displayName+ne+%22x%22"):
        pages = await walk(client, f"/Groups?count=3{query}")
        assert seen(pages) == [groups[:1], groups[1:3], groups[3:]], query
        assert {page.json["totalResults"] for page in pages} == {4}
    assert seen(await walk(client, "/Groups?count=3&excludedAttributes=members")) == [groups[:3], groups[3:]]


async def test_what_is_walked_is_announced(client: Client) -> None:
    config = (await client.get("/ServiceProviderConfig")).json
    assert config["sort"] == {"supported": True}
    assert config["pagination"] == {
        "cursor": True,
        "index": True,
        "defaultPaginationMethod": "index",
        "defaultPageSize": 100,
        "maxPageSize": 500,
        "cursorTimeout": 3_600,
    }


async def test_the_size_of_pages_need_not_be_said_again() -> None:
    client = await new_client("rfc")
    users = [(await client.user(f"user{number}"))["id"] for number in range(5)]
    first = (await client.get("/Users?cursor=&count=2")).json
    second = await client.get(f"/Users?cursor={first['nextCursor']}")
    assert second.ids == users[2:4]
