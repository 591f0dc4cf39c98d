"""Queries and projections on a directory, as a client sees them."""

import asyncio
from typing import Any

import pytest

from scim.queries import MAX_PAGE_MEMBERS
from scim.storage.memory import MemoryTables
from tests.budgets.counting import CountingTables
from tests.client import (
    ENTERPRISE,
    GROUP,
    PROFILE_NAMES,
    SEARCH_REQUEST,
    USER,
    Client,
    lines_of_the_service,
    new_client,
)

BULK_REQUEST = "urn:ietf:params:scim:api:messages:2.0:BulkRequest"


@pytest.fixture(params=PROFILE_NAMES)
async def client(request: pytest.FixtureRequest) -> Client:
    return await new_client(request.param)


async def test_pages_go_through_all_in_the_order_of_creation(client: Client) -> None:
    users = [(await client.user(f"u{number:02}"))["id"] for number in range(7)]
    await client.delete(f"/Users/{users.pop(2)}")
    seen: list[str] = []
    for start in range(1, 9, 3):
        page = (await client.get(f"/Users?startIndex={start}&count=3")).json
        assert (page["totalResults"], page["startIndex"]) == (6, start)
        assert page["itemsPerPage"] == len(page["Resources"])
        seen += [resource["id"] for resource in page["Resources"]]
    assert seen == users


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ("startIndex=0", 5),
        ("startIndex=-5&count=2", 2),
        ("count=0", 0),
        ("count=-1", 0),
        ("startIndex=5", 1),
        ("startIndex=6", 0),
        ("startIndex=99999999999999", 0),
        ("count=999999999", 5),
        ("filter=userName+pr&count=2&startIndex=4", 2),
        ("filter=userName+pr&count=0", 0),
        ("filter=userName+pr&startIndex=6", 0),
    ],
)
async def test_bounds_of_pages(client: Client, query: str, shown: int) -> None:
    for number in range(5):
        await client.user(f"u{number}")
    page = (await client.get(f"/Users?{query}")).json
    assert (page["totalResults"], page["itemsPerPage"], len(page["Resources"])) == (5, shown, shown)
    assert page["startIndex"] >= 1


async def test_a_page_is_as_long_as_the_settings_say() -> None:
    client = await new_client(page_default=2, page_max=3)
    for number in range(5):
        await client.user(f"u{number}")
    lengths = [len((await client.get(f"/Users{query}")).ids) for query in ("", "?count=10", "?filter=userName+pr")]
    assert lengths == [2, 3, 2]
    assert (await client.get("/ServiceProviderConfig")).json["filter"]["maxResults"] == 3


async def test_a_page_of_groups_ends_before_it_holds_too_many_members(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert MAX_PAGE_MEMBERS == 100_000
    monkeypatch.setattr("scim.queries.MAX_PAGE_MEMBERS", 4)
    ids = [(await client.user(f"u{number}"))["id"] for number in range(5)]
    groups = [(await client.group(f"g{n}", *ids[:count]))["id"] for n, count in enumerate((5, 2, 2, 1))]
    pages = [(await client.get(f"/Groups?startIndex={start}")).json for start in (1, 2, 4)]
    assert [[group["id"] for group in page["Resources"]] for page in pages] == [groups[:1], groups[1:3], groups[3:]]
    assert {page["totalResults"] for page in pages} == {4}
    assert (await client.get("/Groups?excludedAttributes=members")).ids == groups


PEOPLE: tuple[dict[str, Any], ...] = (
    {
        "userName": "Ann@x.example",
        "externalId": "E1",
        "active": True,
        "title": "Boss",
        "emails": [{"value": "ann@x.example", "type": "work", "primary": True}],
        ENTERPRISE: {"department": "IT", "manager": {"value": "m1"}},
    },
    {"userName": "bob", "externalId": "e1", "active": False, "emails": [{"value": "b@x.example", "type": "home"}]},
    {"userName": "eve", "externalId": "E1", "title": "boss", "name": {"familyName": "Smith"}},
)


@pytest.mark.parametrize(
    ("filter_", "found"),
    [
        ('userName eq "ANN@X.EXAMPLE"', "a"),
        ('USERNAME EQ "bob"', "b"),
        ('externalId eq "E1"', "ae"),
        ('externalId eq "e1"', "b"),
        ('emails.value eq "ANN@x.example"', "a"),
        ('emails eq "b@x.example"', "b"),
        ('emails[type eq "work"].value eq "ann@x.example"', "a"),
        ('emails[type eq "home" and value sw "b"]', "b"),
        ('emails[type eq "home"].value eq "ann@x.example"', ""),
        ('userName eq "bob" and active eq true', ""),
        ('userName eq "bob" or userName eq "eve"', "be"),
        ("active eq false", "b"),
        ('not (active eq false) and userName sw "a"', "a"),
        ('title eq "BOSS"', "ae"),
        ("title pr", "ae"),
        ('name.familyName co "mit"', "e"),
        (f'{ENTERPRISE}:department eq "it"', "a"),
        (f'{ENTERPRISE}:manager.value eq "m1"', "a"),
        ('meta.created gt "2001-01-01T00:00:00Z"', "abe"),
        ('userName eq "nobody"', ""),
        ('id eq "nothing"', ""),
    ],
)
async def test_a_filter_finds_the_same_by_index_and_by_scan(client: Client, filter_: str, found: str) -> None:
    ids: dict[str, str] = {}
    for person in PEOPLE:
        answer = await client.post("/Users", {"schemas": [USER], **person})
        ids[person["userName"][0].lower()] = answer.json["id"]
    scanned = f"({filter_}) and (title pr or not (title pr))"
    for text in (filter_, scanned):
        answer = await client.post("/Users/.search", {"schemas": [SEARCH_REQUEST], "filter": text})
        assert answer.ids == [ids[letter] for letter in found], text
        assert answer.json["totalResults"] == len(found)


async def test_membership_is_asked_from_either_side(client: Client) -> None:
    ann, bob = await client.user("ann"), await client.user("bob")
    group = await client.group("Staff", ann["id"])
    await client.group("Crew", bob["id"])
    for filter_ in (f"members.value+eq+%22{ann['id']}%22", f"members+eq+%22{ann['id']}%22"):
        assert (await client.get(f"/Groups?filter={filter_}")).ids == [group["id"]]
        both = f"id+eq+%22{group['id']}%22+and+{filter_}"
        assert (await client.get(f"/Groups?filter={both}&attributes=id")).ids == [group["id"]]
    assert (await client.get(f"/Users?filter=groups.value+eq+%22{group['id']}%22")).ids == [ann["id"]]


async def test_a_filter_that_needs_too_long_a_scan_is_refused_with_the_indexed_attributes() -> None:
    client = await new_client(scan_max=3)
    for number in range(3):
        await client.user(f"u{number}")
    assert len((await client.get("/Users?filter=title+pr+or+not+(title+pr)")).ids) == 3
    await client.user("u3")
    answer = await client.get("/Users?filter=title+pr")
    assert answer.error == (400, "tooMany")
    for name in ("id", "userName", "externalId", "emails.value", "3"):
        assert name in answer.json["detail"]
    assert (await client.get("/Users?filter=userName+eq+%22u1%22+and+title+pr")).ids == []
    assert len((await client.get("/Users")).ids) == 4


# attributes, excludedAttributes


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ("attributes=userName", {"userName"}),
        ("attributes=USERNAME,name.givenName", {"userName", "name"}),
        (f"attributes={ENTERPRISE}", {ENTERPRISE}),
        (f"attributes={ENTERPRISE}:department", {ENTERPRISE}),
        ("attributes=meta.version", {"meta"}),
        ("attributes=nosuch", set[str]()),
        ("attributes=password", set[str]()),
        ("excludedAttributes=userName,meta,name", {"title", ENTERPRISE}),
        ("excludedAttributes=id,schemas,title", {"userName", "name", "meta", ENTERPRISE}),
        ("attributes=", {"userName", "name", "title", "meta", ENTERPRISE}),
    ],
)
async def test_every_verb_shows_what_is_asked_for(client: Client, query: str, shown: set[str]) -> None:
    body = {"schemas": [USER], "userName": "ann", "title": "Boss", "name": {"givenName": "Ann", "familyName": "A"}}
    body |= {ENTERPRISE: {"department": "IT", "division": "D"}, "password": "secret"}
    created = await client.post(f"/Users?{query}", body)
    path = f"/Users/{created.json['id']}?{query}"
    assert created.headers["Location"].endswith(created.json["id"])
    answers = [
        created.json,
        (await client.get(path)).json,
        (await client.put(path, body | {"nickName": None})).json,
        (await client.patch(path, {"op": "replace", "path": "active", "value": None})).json,
        (await client.get(f"/Users?{query}")).json["Resources"][0],
        (await client.get(f"/Users?{query}&filter=userName+eq+%22ann%22")).json["Resources"][0],
    ]
    for answer in answers:
        assert answer.keys() == {"schemas", "id"} | shown
        if ENTERPRISE in shown:
            assert answer[ENTERPRISE].keys() == (
                {"department"} if ":department" in query else {"department", "division"}
            )


async def test_members_are_left_out_where_asked(client: Client) -> None:
    ann = await client.user("ann")
    body = {"schemas": [GROUP], "displayName": "Staff", "members": [{"value": ann["id"]}]}
    created = await client.post("/Groups?excludedAttributes=members", body)
    path = f"/Groups/{created.json['id']}?excludedAttributes=members"
    for answer in (created, await client.get(path), await client.put(path, body)):
        assert "members" not in answer.json
    for query in ("excludedAttributes=members", "excludedAttributes=members&filter=displayName+eq+%22staff%22"):
        assert "members" not in (await client.get(f"/Groups?{query}")).json["Resources"][0]
    patched = await client.patch(f"{path}&attributes=", {"op": "add", "value": {"displayName": "S"}})
    assert patched.status == 200
    assert "members" not in patched.json


async def test_what_one_bulk_request_changed_lately_is_all_found(client: Client) -> None:
    before = await client.user("before")
    made = [
        {"method": "POST", "path": "/Users", "bulkId": f"b{n}", "data": {"schemas": [USER], "userName": f"u{n}"}}
        for n in range(3)
    ]
    done = await client.post("/Bulk", {"schemas": [BULK_REQUEST], "Operations": made})
    ids = [operation["location"].rpartition("/")[2] for operation in done.json["Operations"]]
    since = (await client.get(f"/Users/{ids[0]}")).json["meta"]["lastModified"]
    found = (await client.get(f'/Users?filter=meta.lastModified+ge+"{since}"'.replace('"', "%22"))).ids
    assert [one for one in found if one != before["id"]] == ids


async def test_others_have_their_turns_while_many_resources_are_read() -> None:
    client = await new_client("rfc")
    operations = [
        {"method": "POST", "path": "/Users", "bulkId": f"{n}", "data": {"schemas": [USER], "userName": f"u{n}"}}
        for n in range(200)
    ]
    await client.post("/Bulk", {"schemas": [BULK_REQUEST], "Operations": operations})
    query = asyncio.create_task(client.get("/Users?filter=title%20pr"))
    turns = 0
    while not query.done():
        turns += 1
        await asyncio.sleep(0)
    assert query.result().json["totalResults"] == 0
    assert turns > 200 // 20


async def test_what_is_bent_to_answer_a_query_is_told() -> None:
    client = await new_client("entra")
    for query, quirk in (
        ("externalId+eq+42a", "unquoted_literal"),
        ("externalId+eq+42", "unquoted_number"),
        ("active+eq+%22True%22", "string_boolean"),
        ("department+eq+%22x%22", "bare_extension_name"),
    ):
        with lines_of_the_service() as lines:
            assert (await client.get(f"/Users?filter={query}")).status == 200
        assert lines[-1]["quirks"] == [quirk]


async def test_a_long_filter_may_read_fewer_resources(monkeypatch: pytest.MonkeyPatch) -> None:
    client = await new_client("rfc")
    users = [(await client.user(f"user{number}", title="x"))["id"] for number in range(6)]
    terms = "+or+".join(f"title+co+%22{word}%22" for word in ("a", "b", "c", "x"))
    assert (await client.get(f"/Users?filter={terms}")).ids == users
    monkeypatch.setattr("scim.queries.MAX_COMPARISONS", 12)
    assert (await client.get(f"/Users?filter={terms}")).error == (400, "tooMany")
    page = await client.get(f"/Users?filter={terms}&cursor=")
    assert page.ids == users[:3]
    assert (await client.get(f"/Users?filter={terms}&cursor={page.json['nextCursor']}")).ids == users[3:]


async def test_many_names_among_few_users_are_looked_for_among_the_users() -> None:
    tables = CountingTables(MemoryTables())
    client = await new_client("rfc", tables)
    users = [(await client.user(f"user{number}"))["id"] for number in range(20)]
    names = " or ".join(f'userName eq "user{number}"' for number in range(0, 400, 2))
    tables.calls.reset()
    found = await client.post("/Users/.search", {"schemas": [SEARCH_REQUEST], "filter": names, "count": 50})
    assert found.ids == users[::2]
    assert tables.calls.reads <= 4
