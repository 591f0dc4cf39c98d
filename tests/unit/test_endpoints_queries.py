"""Queries over HTTP: the query of a URL, ``.search`` and discovery."""

from http import HTTPStatus
from typing import Any

import pytest

from scim.endpoints import MAX_URL
from scim.handlers import Request
from tests.client import GROUP, LIST_RESPONSE, ORIGIN, SEARCH_REQUEST, USER, Client, new_client

SEARCH = {"schemas": [SEARCH_REQUEST]}


@pytest.fixture
async def client() -> Client:
    return await new_client()


# The query of a URL


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("ann b", "ann+b"),
        ("ann b", "ann%20b"),
        ("ann+b@example.com", "ann%2Bb%40example.com"),
        ("ann@example.com", "ann@example.com"),
        ("zoë/&=?#", "zo%C3%AB%2F%26%3D%3F%23"),
        ("100%", "100%25"),
        ("o'neil;x", "o'neil;x"),
        ("日本", "%E6%97%A5%E6%9C%AC"),
        ('a\\"b', "a%5C%5C%5C%22b"),
    ],
)
async def test_the_query_is_decoded_once(client: Client, name: str, written: str) -> None:
    user = await client.user(name)
    await client.user("other")
    assert (await client.get(f"/Users?filter=userName+eq+%22{written}%22")).ids == [user["id"]]


async def test_unknown_parameters_are_ignored_even_repeated_blank_or_nameless(client: Client) -> None:
    user = await client.user("ann")
    query = "aadOptscim062020&aadOptscim062020&x=1&x=2&&=&startIndex=1&%22"
    assert (await client.get(f"/Users?{query}")).ids == [user["id"]]


@pytest.mark.parametrize(
    "query",
    [
        "count=1&count=2",
        "filter=userName+pr&FILTER=userName+pr",
        "count=",
        "count=ten",
        "count=1.0",
        "count=%D9%A3",
        "startIndex=x",
        "startIndex=",
        "sortBy=userName&sortOrder=upwards",
        "attributes=userName&excludedAttributes=emails",
        "filter=userName+eq+%22%FF%22",
        "%FF=1",
    ],
)
async def test_a_query_that_cannot_be_meant_is_400(client: Client, query: str) -> None:
    assert (await client.get(f"/Users?{query}")).error == (400, "invalidValue")


@pytest.mark.parametrize("filter_", ["", "userName", "userName+eq", "nosuch+eq+%22x%22", "userName+eq+%22%00%22", "("])
async def test_a_filter_that_is_none_is_400(client: Client, filter_: str) -> None:
    assert (await client.get(f"/Users?filter={filter_}")).error == (400, "invalidFilter")


async def test_names_of_parameters_are_known_in_any_case_and_lists_may_be_repeated(client: Client) -> None:
    await client.user("ann", title="Boss", nickName="A")
    answer = await client.get("/Users?ATTRIBUTES=title&attributes=nickName,&STARTINDEX=1&Count=5")
    (shown,) = answer.json["Resources"]
    assert shown.keys() == {"schemas", "id", "title", "nickName"}


async def test_a_url_beyond_the_hosts_limit_is_414_and_names_the_way_out(client: Client) -> None:
    url = f"{ORIGIN}/scim/contoso/v2/Users?x="
    assert (await client.get("/Users?x=" + "y" * (MAX_URL - len(url)))).status == 200
    answer = await client.get("/Users?x=" + "y" * (MAX_URL - len(url) + 1))
    assert answer.error == (414, None)
    assert ".search" in answer.json["detail"]


@pytest.mark.parametrize("url", ["http://[/scim/contoso/v2/Users", "//", "", "?", "http://a:b:c/scim/contoso/v2/Users"])
async def test_a_url_that_is_none_is_refused_and_no_fault_of_the_service(client: Client, url: str) -> None:
    response = await client.app.handle(Request("GET", url, {"authorization": f"Bearer {client.token}"}))
    assert response.status < HTTPStatus.INTERNAL_SERVER_ERROR


# .search


@pytest.mark.parametrize("path", ["/Users/.search", "/Groups/.search", "/.search"])
async def test_a_search_answers_what_a_query_in_the_url_does(client: Client, path: str) -> None:
    ann, bob = await client.user("ann"), await client.user("bob")
    staff = await client.group("Staff", ann["id"])
    every = [resource["id"] for resource in {"U": (ann, bob), "G": (staff,), ".": (staff, ann, bob)}[path[1]]]
    answer = await client.post(path, SEARCH)
    assert sorted(answer.ids) == sorted(every)
    assert answer.json["totalResults"] == len(every)
    paged: list[str] = []
    for start in range(1, len(every) + 2):
        page = (await client.post(path, SEARCH | {"startIndex": start, "count": 1})).json
        assert (page["totalResults"], page["startIndex"]) == (len(every), start)
        paged += [resource["id"] for resource in page["Resources"]]
    assert paged == answer.ids
    assert (await client.post(path, SEARCH | {"count": 0})).ids == []


@pytest.mark.parametrize("path", ["", "/", "//"])
async def test_the_base_url_itself_asks_all_types(client: Client, path: str) -> None:
    ann, bob = await client.user("ann", displayName="Staff"), await client.user("bob")
    staff = await client.group("Staff", ann["id"])
    answer = await client.get(path)
    assert answer.ids == [ann["id"], bob["id"], staff["id"]]
    assert answer.json["totalResults"] == 3
    assert [resource["meta"]["resourceType"] for resource in answer.json["Resources"]] == ["User", "User", "Group"]
    named = await client.get(f"{path}?filter=displayName+eq+%22staff%22&attributes=displayName,userName")
    assert [one.keys() for one in named.json["Resources"]] == [
        {"schemas", "id", "displayName", "userName"},
        {"schemas", "id", "displayName"},
    ]
    users = await client.get(f"{path}?filter=meta.resourceType+eq+%22User%22&startIndex=2&count=1")
    assert (users.ids, users.json["totalResults"]) == ([bob["id"]], 2)
    either = 'filter=(meta.resourceType+eq+"User"+and+userName+eq+"bob")+or+(meta.resourceType+eq+"Group")'
    assert (await client.get(f"{path}?{either}".replace('"', "%22"))).ids == [bob["id"], staff["id"]]
    for filter_ in ("nosuch+pr", "userName+pr+and+nosuch+pr", "password+pr", "active+gt+true", "emails[nosuch+pr]"):
        assert (await client.get(f"{path}?filter={filter_}")).error == (400, "invalidFilter")
    assert (await client.post(path, {"schemas": [USER], "userName": "eve"})).error == (405, None)


@pytest.mark.parametrize(
    ("filter_", "found"),
    [
        ('userName ne "ann"', "bs"),
        ('not (userName eq "ann")', "bs"),
        ("userName eq null", "s"),
        ("userName ne null", "ab"),
        ("members pr", "s"),
        ('emails[type eq "work"]', "a"),
        ('not (emails[type eq "work"])', "bs"),
        ('userName sw "a" or members pr', "as"),
        ("userName pr and members pr", ""),
        (f'{USER}:userName eq "ann"', "a"),
        (f"{USER}:displayName pr or {GROUP}:displayName pr", "as"),
    ],
)
async def test_what_a_type_does_not_have_is_absent_where_another_has_it(
    client: Client, filter_: str, found: str
) -> None:
    ann = await client.user("ann", displayName="A", emails=[{"type": "work", "value": "a@x"}])
    ids = {"a": ann["id"], "b": (await client.user("bob"))["id"], "s": (await client.group("Staff", ann["id"]))["id"]}
    answer = await client.post("/.search", SEARCH | {"filter": filter_})
    assert answer.ids == [ids[letter] for letter in found]


async def test_a_search_over_all_types_asks_those_that_have_the_attribute(client: Client) -> None:
    ann, staff = await client.user("ann", displayName="Staff"), await client.group("Staff")
    both = await client.post("/.search", SEARCH | {"filter": 'displayName eq "staff"'})
    assert sorted(both.ids) == sorted([ann["id"], staff["id"]])
    assert (await client.post("/.search", SEARCH | {"filter": 'userName eq "ann"'})).ids == [ann["id"]]
    unknown = await client.post("/.search", SEARCH | {"filter": 'nosuch eq "ann"'})
    assert unknown.error == (400, "invalidFilter")


@pytest.mark.parametrize(
    ("body", "scim_type"),
    [
        ([], "invalidSyntax"),
        (SEARCH | {"count": "10"}, "invalidValue"),
        (SEARCH | {"attributes": "userName"}, "invalidValue"),
        (SEARCH | {"filter": 5}, "invalidValue"),
        (SEARCH | {"filter": "nosuch pr"}, "invalidFilter"),
        (SEARCH | {"attributes": ["id"], "excludedAttributes": ["title"]}, "invalidValue"),
    ],
)
async def test_a_search_that_cannot_be_read_is_400(client: Client, body: dict[str, Any], scim_type: str) -> None:
    await client.user("ann")
    assert (await client.post("/Users/.search", body)).error == (400, scim_type)


async def test_a_search_may_leave_its_schemas_out_where_the_profile_says_so() -> None:
    for body in ({}, {"schemas": [USER]}):
        assert (await (await new_client("entra")).post("/Users/.search", body)).status == 200
        assert (await (await new_client("rfc")).post("/Users/.search", body)).error == (400, "invalidSyntax")


async def test_a_search_takes_a_filter_too_long_for_a_url(client: Client) -> None:
    user = await client.user("ann")
    filter_ = " or ".join(['userName eq "ann"', *(f'userName eq "{number:040}"' for number in range(200))])
    assert (await client.post("/Users/.search", SEARCH | {"filter": filter_})).ids == [user["id"]]


# Discovery


async def test_discovery_lists_what_is_served(client: Client) -> None:
    schemas = (await client.get("/Schemas")).json
    assert schemas["schemas"] == [LIST_RESPONSE]
    assert {USER, GROUP} < {schema["id"] for schema in schemas["Resources"]}
    assert (await client.get(f"/Schemas/{USER.upper()}")).json["id"] == USER
    kinds = (await client.get("/ResourceTypes")).json
    assert [kind["endpoint"] for kind in kinds["Resources"]] == ["/Users", "/Groups"]
    assert (await client.get("/ResourceTypes/Group")).json == kinds["Resources"][1]
    config = (await client.get("/ServiceProviderConfig")).json
    assert config["filter"] == {"supported": True, "maxResults": 500}
    assert config["meta"]["location"] == f"{ORIGIN}/scim/contoso/v2/ServiceProviderConfig"


@pytest.mark.parametrize("path", ["/Schemas", "/ResourceTypes", "/ServiceProviderConfig"])
async def test_discovery_cannot_be_filtered(client: Client, path: str) -> None:
    assert (await client.get(f"{path}?filter=name+eq+%22User%22")).error == (403, None)
