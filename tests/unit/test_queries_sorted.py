"""sortBy and sortOrder, as a client sees them."""

from typing import Any

import pytest

from tests.client import ENTERPRISE, PROFILE_NAMES, SEARCH_REQUEST, Client, new_client

PEOPLE: dict[str, dict[str, Any]] = {
    "bob": {"title": "boss", "emails": [{"value": "z@x"}, {"value": "a@x", "primary": True}], "active": False},
    "Ann": {"title": "Clerk", "emails": [{"value": "c@x"}], ENTERPRISE: {"department": "IT"}},
    "eve": {"emails": [{"value": "b@x"}], "active": True, "name": {"familyName": "Adams"}},
    "dan": {"title": "BOSS", "active": True, "name": {"familyName": "baker"}},
}


@pytest.fixture(params=PROFILE_NAMES)
async def client(request: pytest.FixtureRequest) -> Client:
    made = await new_client(request.param)
    for name, attributes in PEOPLE.items():
        await made.user(name, **attributes)
    return made


async def names(client: Client, query: str) -> str:
    answer = await client.get(f"/Users?{query}")
    assert answer.status == 200, answer.content
    assert answer.json["totalResults"] >= len(answer.json["Resources"])
    return "".join(resource["userName"][0].lower() for resource in answer.json["Resources"])


@pytest.mark.parametrize(
    ("query", "order"),
    [
        ("sortBy=userName", "abde"),
        ("sortBy=USERNAME&sortOrder=Descending", "edba"),
        ("sortBy=title", "bdae"),
        ("sortBy=title&sortOrder=descending", "eabd"),
        ("sortBy=emails", "bead"),
        ("sortBy=emails.value&sortOrder=descending", "daeb"),
        ("sortBy=active", "beda"),
        ("sortBy=name.familyName", "edba"),
        (f"sortBy={ENTERPRISE}:department", "abed"),
        ("sortBy=id&sortOrder=descending", "deab"),
        ("sortBy=meta.created", "baed"),
        ("sortBy=meta.lastModified&sortOrder=ascending", "baed"),
        ("sortOrder=descending", "baed"),
        ("sortBy=userName&startIndex=2&count=2", "bd"),
        ("sortBy=userName&startIndex=5", ""),
        ("sortBy=id&sortOrder=descending&startIndex=2&count=2", "ea"),
        ("sortBy=id&sortOrder=descending&startIndex=4&count=2", "b"),
        ("sortBy=id&sortOrder=descending&startIndex=9", ""),
        ("sortBy=userName&filter=active+eq+true", "de"),
        ("sortBy=id&sortOrder=descending&filter=active+eq+true", "de"),
        ("sortBy=id&sortOrder=descending&filter=userName+eq+%22ann%22+or+userName+eq+%22eve%22", "ea"),
        ("sortBy=title&filter=userName+eq+%22ann%22+or+userName+eq+%22bob%22&count=1", "b"),
    ],
)
async def test_resources_come_in_the_order_asked_for(client: Client, query: str, order: str) -> None:
    assert await names(client, query) == order


async def test_a_search_sorts_too(client: Client) -> None:
    body = {"schemas": [SEARCH_REQUEST], "sortBy": "title", "sortOrder": "descending", "attributes": ["title"]}
    answer = await client.post("/Users/.search", body)
    assert [resource.get("title") for resource in answer.json["Resources"]] == [None, "Clerk", "boss", "BOSS"]


@pytest.mark.parametrize("path", ["nosuch", "", "name", "password", "groups.nosuch", "userName.x", "urn:x:y"])
async def test_an_order_that_is_none_is_400(client: Client, path: str) -> None:
    for endpoint in ("/Users", ""):
        answer = await client.get(f"{endpoint}?sortBy={path}")
        assert answer.error == (400, "invalidPath")
        assert answer.json["detail"].startswith("sortBy: ")
    assert (await client.get(f"/Users?sortBy={path}&count=0")).error == (400, "invalidPath")


async def test_types_are_sorted_together_at_the_root(client: Client) -> None:
    for name in ("Curlers", "alpinists"):
        await client.group(name)
    await client.user("x", displayName="Bowlers")
    answer = await client.get("?sortBy=displayName&count=3")
    assert [resource["displayName"] for resource in answer.json["Resources"]] == ["alpinists", "Bowlers", "Curlers"]
    assert answer.json["totalResults"] == 7
    newest = await client.get("?sortBy=meta.created&sortOrder=descending&count=2")
    assert [resource.get("displayName") for resource in newest.json["Resources"]] == ["Bowlers", "alpinists"]
    groups = await client.get("?sortBy=id&sortOrder=descending&filter=meta.resourceType+eq+%22Group%22")
    assert [resource["displayName"] for resource in groups.json["Resources"]] == ["alpinists", "Curlers"]


async def test_an_attribute_of_an_extension_may_be_sorted_by_under_the_name_that_a_filter_may_have() -> None:
    for profile, expected in (("entra", 200), ("rfc", 400)):
        client = await new_client(profile)
        assert (await client.get("/Users?sortBy=department")).status == expected


async def test_more_than_can_be_held_is_not_sorted_but_in_the_order_of_creation() -> None:
    client = await new_client(scan_max=3)
    ids = [(await client.user(f"u{9 - number}"))["id"] for number in range(4)]
    answer = await client.get("/Users?sortBy=userName")
    assert answer.error == (400, "tooMany")
    for word in ("sortBy", "4 resources", "3 are the limit", "userName", "filter", "meta.created"):
        assert word in answer.json["detail"]
    assert (await client.get("/Users?sortBy=id&sortOrder=descending&count=3")).ids == ids[:0:-1]
    assert (await client.get("/Users?sortBy=userName&filter=userName+eq+%22u9%22")).ids == ids[:1]
    assert (await client.get("/Users?sortBy=userName&count=0")).json["totalResults"] == 4
