"""Many writers at once, in one process of the service and in two."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace

import pytest

from scim.settings import Settings
from tests.client import USER, Answer
from tests.hosting import Host
from tests.integration.conftest import Connect, Remote

WORKERS = 16


@pytest.fixture(params=["one process", "two processes"])
async def clients(request: pytest.FixtureRequest, connect: Connect) -> list[Remote]:
    """A client of one provider for each process of the service."""
    client = await connect()
    if request.param == "one process":
        return [client]
    second: Host = request.getfixturevalue("second_service")
    settings = Settings.model_validate({"storage": second.storage, "public_url": second.url})
    return [client, replace(client, app=replace(client.app, settings=settings))]


type Work = Callable[[Remote, str], Awaitable[Answer]]


async def until_settled(send: Callable[[], Awaitable[Answer]]) -> Answer:
    """Send until the service no longer asks to come back; as it may, under contention, with 503."""
    for _ in range(20):
        answer = await send()
        if answer.status != 503:
            return answer
        await asyncio.sleep(0.05)
    raise AssertionError("it is never settled")


async def by_workers(clients: Sequence[Remote], items: Sequence[str], work: Work) -> list[Answer]:
    """Work on every item, by so many workers at once, which share the processes evenly."""
    waiting = list(enumerate(items))[::-1]
    answers: list[Answer] = []

    async def worker() -> None:
        while waiting:
            number, item = waiting.pop()
            answers.append(await until_settled(lambda: work(clients[number % len(clients)], item)))  # noqa: B023 (awaited at once)

    await asyncio.gather(*(worker() for _ in range(WORKERS)))
    return answers


async def test_one_of_sixteen_wins_a_name(clients: list[Remote]) -> None:
    for number in range(20):
        letters = f"user-{number}@example.com"
        names = [letters[:at].upper() + letters[at:] for at in range(WORKERS)]

        async def create(client: Remote, name: str) -> Answer:
            return await client.post("/Users", {"schemas": [USER], "userName": name})

        answers = await by_workers(clients, names, create)
        assert Counter(answer.status for answer in answers) == {201: 1, 409: WORKERS - 1}
        assert {answer.json.get("scimType") for answer in answers if answer.status == 409} == {"uniqueness"}
        (winner,) = [answer.json["id"] for answer in answers if answer.status == 201]
        assert (await clients[-1].get(f"/Users?filter=userName+eq+%22user-{number}@example.com%22")).ids == [winner]
    assert (await clients[0].get("/Users?count=0")).json["totalResults"] == 20


async def test_a_hundred_members_added_one_by_one_at_once_are_all_there(clients: list[Remote]) -> None:
    async def create(client: Remote, name: str) -> Answer:
        return await client.post("/Users", {"schemas": [USER], "userName": name})

    created = await by_workers(clients[:1], [f"user{number}" for number in range(100)], create)
    users = [answer.json["id"] for answer in created]
    group = (await clients[0].group("Staff"))["id"]

    async def add(client: Remote, user: str) -> Answer:
        operation = {"op": "Add", "path": "members", "value": [{"$ref": None, "value": user}]}
        return await client.patch(f"/Groups/{group}", operation)

    assert {answer.status for answer in await by_workers(clients, users, add)} == {204}
    for client in clients:
        shown = (await client.get(f"/Groups/{group}")).json["members"]
        assert sorted(member["value"] for member in shown) == sorted(users)
    listed = (await clients[0].get("/Users?count=200")).json["Resources"]
    assert [[each["value"] for each in user["groups"]] for user in listed] == [[group]] * 100

    async def remove(client: Remote, user: str) -> Answer:
        return await client.patch(f"/Groups/{group}", {"op": "remove", "path": f'members[value eq "{user}"]'})

    assert {answer.status for answer in await by_workers(clients, users[:50], remove)} == {204}
    shown = (await clients[-1].get(f"/Groups/{group}")).json["members"]
    assert sorted(member["value"] for member in shown) == sorted(users[50:])


async def test_a_page_through_users_is_steady_while_others_are_created(clients: list[Remote]) -> None:
    before = [(await clients[0].user(f"old{number}"))["id"] for number in range(30)]

    async def create(client: Remote, name: str) -> Answer:
        return await client.post("/Users", {"schemas": [USER], "userName": name})

    writing = asyncio.create_task(by_workers(clients, [f"new{number}" for number in range(60)], create))
    seen: list[str] = []
    while len(seen) < 30:
        page = (await clients[-1].get(f"/Users?startIndex={len(seen) + 1}&count=7")).json
        assert page["totalResults"] >= 30
        seen += [user["id"] for user in page["Resources"]]
    await writing
    assert seen[:30] == before


async def test_two_providers_provisioned_at_once_do_not_cross(connect: Connect) -> None:
    first, second = await connect("entra"), await connect("rfc")
    names = [f"user{number}" for number in range(40)]

    async def create(client: Remote, name: str) -> Answer:
        return await client.post("/Users", {"schemas": [USER], "userName": name, "externalId": client.provider.name})

    both = await asyncio.gather(by_workers([first], names, create), by_workers([second], names, create))
    for client, answers in zip((first, second), both, strict=True):
        assert {answer.status for answer in answers} == {201}
        shown = (await client.get("/Users")).json["Resources"]
        assert {user["externalId"] for user in shown} == {client.provider.name}
        assert sorted(user["id"] for user in shown) == sorted(answer.json["id"] for answer in answers)
