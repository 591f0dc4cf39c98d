"""Bulk requests, as a client sees what comes of them."""

import pytest

from scim import bulk
from scim.schema import Json, JsonObject
from tests.bulk import (
    BASE_URL,
    BULK_REQUEST,
    NOBODY,
    adding,
    delete,
    group,
    identifier,
    manager,
    members,
    names,
    patch,
    read,
    send,
    statuses,
    user,
)
from tests.client import (
    PROFILE_NAMES,
    USER,
    Client,
    lines_of_the_service,
    new_client,
)


@pytest.fixture(params=PROFILE_NAMES)
async def client(request: pytest.FixtureRequest) -> Client:
    return await new_client(request.param)


# Results


async def test_every_verb_has_its_result_in_the_order_of_the_request(client: Client) -> None:
    ann, bob, eve = [await client.user(name) for name in ("ann", "bob", "eve")]
    results = await send(
        client,
        user("new"),
        {"method": "put", "path": f"/Users/{ann['id']}", "data": {"schemas": [USER], "userName": "anna"}},
        patch(f"/Users/{bob['id']}", {"op": "add", "path": "title", "value": "Boss"}, bulkId="b"),
        delete(f"/Users/{eve['id']}"),
    )
    created, replaced, patched, deleted = results
    assert statuses(results) == ["201", "200", "200", "204"]
    assert [result["method"] for result in results] == ["POST", "PUT", "PATCH", "DELETE"]
    assert [result.get("bulkId") for result in results] == ["new", None, "b", None]
    assert [result.keys() - {"method", "bulkId", "status"} for result in results] == [
        *[{"location", "version"}] * 3,
        {"location"},
    ]
    assert [(await read(client, result))["meta"]["version"] for result in results[:3]] == [
        result["version"] for result in results[:3]
    ]
    assert (await read(client, created))["userName"] == "new"
    assert ((await read(client, replaced))["userName"], (await read(client, patched))["title"]) == ("anna", "Boss")
    assert deleted["location"] == f"{BASE_URL}/Users/{eve['id']}"
    assert (await client.get(f"/Users/{eve['id']}")).status == 404


async def test_each_operation_fails_as_its_request_would(client: Client) -> None:
    ann = await client.user("ann")
    url = f"{BASE_URL}/Users/{NOBODY}"
    sent: list[tuple[JsonObject, str, str | None, str | None]] = [
        (user("ANN"), "409", "uniqueness", None),
        (user("x", active={}), "400", "invalidValue", None),
        (user("y") | {"data": 7}, "400", "invalidSyntax", None),
        (user("z") | {"data": None}, "400", "invalidSyntax", None),
        (group("g", NOBODY), "400", "invalidValue", None),
        ({"method": "PUT", "path": f"/Users/{NOBODY}", "data": user("x")["data"]}, "404", None, url),
        (patch(f"/Users/{NOBODY}", {"op": "remove", "path": "title"}), "404", None, url),
        (patch(f"/Users/{ann['id']}", {"op": "remove", "path": "x["}), "400", None, ann["meta"]["location"]),
        (delete(f"/Users/{NOBODY}"), "404", None, url),
        (delete("/Users/a%20b%2F%C3%A4"), "404", None, f"{BASE_URL}/Users/a%20b%2F%C3%A4"),
        (delete("/Users"), "405", None, None),
        ({"method": "GET", "path": f"/Users/{ann['id']}"}, "405", None, ann["meta"]["location"]),
        (delete("/Nothing/1"), "404", None, None),
        (delete(f"/Users/{ann['id']}?x=y"), "400", "invalidPath", None),
    ]
    results = await send(client, *(operation for operation, *_ in sent))
    for result, (operation, status, scim_type, location) in zip(results, sent, strict=True):
        assert (result["status"], result["response"]["status"]) == (status, status), operation
        assert result["response"]["schemas"] == ["urn:ietf:params:scim:api:messages:2.0:Error"]
        assert result["response"]["detail"]
        assert scim_type is None or result["response"]["scimType"] == scim_type, operation
        assert result.get("location") == location, operation
        assert "version" not in result
    assert await names(client) == {"ann"}


async def test_an_error_changes_nothing_for_the_others(client: Client) -> None:
    results = await send(client, user("ann"), user("ANN") | {"bulkId": "x"}, group("g", "bulkId:ann"), user("bob"))
    assert statuses(results) == ["201", "409", "201", "201"]
    assert await names(client) == {"ann", "bob", "g"}


async def test_an_operation_is_done_only_on_the_version_it_names(client: Client) -> None:
    ann = await client.user("ann")
    title = {"op": "add", "path": "title", "value": "Boss"}
    path, old = f"/Users/{ann['id']}", ann["meta"]["version"]
    (first,) = await send(client, patch(path, title, version=old))
    assert first["status"] == "200"
    stale = await send(
        client,
        patch(path, {"op": "remove", "path": "title"}, version=old),
        {"method": "PUT", "path": path, "data": user("anna")["data"], "version": old},
        delete(path, version=old),
    )
    assert statuses(stale) == ["412"] * 3
    assert (await read(client, first))["title"] == "Boss"
    assert statuses(await send(client, delete(path, version=""))) == ["400"], "none is not any"
    assert statuses(await send(client, delete(path, version=first["version"]))) == ["204"]


# The order of operations, and failures


async def test_the_data_of_a_delete_mean_nothing(client: Client) -> None:
    results = await send(
        client,
        group("g"),
        delete("/Groups/bulkId:g", data=group("h", "bulkId:nobody")["data"]),
        delete(f"/Groups/{NOBODY}", data={"members": [{"value": "bulkId:g"}]}),
    )
    assert statuses(results) == ["201", "204", "404"]


async def test_names_become_free_in_the_order_of_the_request(client: Client) -> None:
    ann = await client.user("ann")
    results = await send(
        client,
        group("g", "bulkId:a2"),
        delete(f"/Users/{ann['id']}"),
        user("ann") | {"bulkId": "a2"},
        patch("/Users/bulkId:a2", {"op": "replace", "path": "userName", "value": "bea"}),
        user("ann") | {"bulkId": "a3"},
        user("ANN") | {"bulkId": "a4"},
    )
    assert statuses(results) == ["201", "204", "201", "200", "201", "409"]
    assert await names(client) == {"g", "bea", "ann"}


@pytest.mark.parametrize(("limit", "done"), [(1, 2), (2, 4), (3, 5), (4, 6), (None, 6), (0, 6)])
async def test_so_many_errors_end_the_request_and_what_was_done_stays(
    client: Client, limit: int | None, done: int
) -> None:
    await client.user("ann")
    sent = [user("bob"), user("ann"), user("eve"), delete(f"/Users/{NOBODY}"), delete("/Users"), user("zoe")]
    results = await send(client, *sent, failOnErrors=limit)
    assert statuses(results) == ["201", "409", "201", "404", "405", "201"][:done]
    assert await names(client) == {"ann", "bob", *(["eve"] if done > 2 else []), *(["zoe"] if done > 5 else [])}


async def test_what_waits_beyond_the_last_error_is_not_in_the_answer(client: Client) -> None:
    results = await send(client, group("g", "bulkId:ann"), delete("/Users"), user("ann"), failOnErrors=1)
    assert [(result["method"], result["status"]) for result in results] == [("DELETE", "405")]
    assert await names(client) == set()


async def test_operations_after_too_long_a_time_are_for_another_request(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bulk, "PATIENCE", -1.0)
    results = await send(client, user("ann"), user("bob", "bulkId:ann"))
    assert statuses(results) == ["503", "503"]
    assert await names(client) == set()


# Dry runs


async def test_a_dry_run_is_answered_as_the_real_one_and_writes_nothing(client: Client) -> None:
    ann = await client.user("ann")
    sent = [
        group("g", "bulkId:bob", "bulkId:h"),
        user("bob", ann["id"]),
        group("h", "bulkId:g"),
        user("ANN") | {"bulkId": "x"},
        group("i", "bulkId:x"),
        patch("/Groups/bulkId:h", adding("bulkId:bob")),
        delete(f"/Users/{ann['id']}"),
        user("ann") | {"bulkId": "y"},
        *(user(name, f"bulkId:{other}") for name, other in (("p", "q"), ("q", "r"), ("r", "p"))),
    ]
    sent[-1]["data"]["userName"] = "bob"
    body = {"schemas": [BULK_REQUEST], "Operations": sent}
    dry = await client.send("POST", "/Bulk", body, prefer="dry-run")
    assert (dry.status, dry.headers["Preference-Applied"]) == (200, "dry-run")
    assert await names(client) == {"ann"}
    real = await send(client, *sent)
    expected = ["201", "201", "201", "409", "409", "204", "204", "201", "409", "409", "409"]
    assert statuses(dry.json["Operations"]) == statuses(real) == expected
    assert [result.keys() for result in dry.json["Operations"]] == [result.keys() for result in real]
    assert await names(client) == {"g", "bob", "h", "ann"}


# The request as a whole


@pytest.mark.parametrize(
    ("body", "status", "detail"),
    [
        ([], 400, "The body must be a JSON object: a BulkRequest."),
        ({"schemas": [BULK_REQUEST], "Operations": {}}, 400, "Operations must be an array of operations."),
        ({"schemas": [BULK_REQUEST], "Operations": [{}]}, 400, "Operations[0].method is missing"),
        ({"schemas": [BULK_REQUEST], "Operations": [user("a"), user("a")]}, 400, "Operations[1].bulkId"),
        ({"schemas": [BULK_REQUEST], "Operations": [user("a") | {"bulkId": None}]}, 400, "Operations[0].bulkId"),
        ({"schemas": [BULK_REQUEST], "Operations": [{}] * 1_001}, 413, "maxOperations is 1,000"),
    ],
)
async def test_a_request_that_is_no_bulk_request_is_refused_whole(
    client: Client, body: Json, status: int, detail: str
) -> None:
    answer = await client.post("/Bulk", body)
    assert answer.error == (status, "invalidSyntax" if status == 400 else None)
    assert detail in answer.json["detail"]
    assert await names(client) == set()


async def test_the_limits_are_announced_and_named(client: Client) -> None:
    small = await new_client("rfc", operations_max=1, group_body_max=10_000)
    assert (await small.get("/ServiceProviderConfig")).json["bulk"] == {
        "supported": True,
        "maxOperations": 1,
        "maxPayloadSize": 10_000,
    }
    many = await small.post("/Bulk", {"schemas": [BULK_REQUEST], "Operations": [user("a"), user("b")]})
    assert (many.status, many.json["detail"]) == (413, "Operations has 2 entries; maxOperations is 1.")
    large = await small.send("POST", "/Bulk", content=b" " * 10_001)
    assert (large.status, large.json["detail"]) == (413, "The body has 10001 bytes; maxPayloadSize is 10000.")
    config = (await client.get("/ServiceProviderConfig")).json["bulk"]
    assert config == {"supported": True, "maxOperations": 1_000, "maxPayloadSize": 24_000_000}


async def test_a_profile_may_let_a_request_be_empty_or_without_schemas() -> None:
    strict, entra = await new_client("rfc"), await new_client("entra")
    bodies: list[JsonObject] = [
        {"Operations": []},
        {"schemas": [BULK_REQUEST], "Operations": []},
        {"Operations": [user("ann")]},
    ]
    for body in bodies:
        assert (await strict.post("/Bulk", body)).error == (400, "invalidSyntax")
        with lines_of_the_service() as lines:
            assert (await entra.post("/Bulk", body)).status == 200
        assert lines[-1]["quirks"]


async def test_a_request_is_one_line_in_the_log_with_the_quirks_of_all_operations(client: Client) -> None:
    with lines_of_the_service() as lines:
        await send(
            client,
            user("ann", nosuch=1),
            user("bob", password="secret-1"),
            patch("/Users/bulkId:ann", {"op": "add", "value": {"x": 1}}),
        )
    (line,) = lines
    assert (line["endpoint"], line["status"], line["method"]) == ("/Bulk", 200, "POST")
    assert line["quirks"] == ["password_dropped", "unknown_attribute"]


async def test_a_token_that_may_only_read_may_not_send_bulk(client: Client) -> None:
    reader = await client.with_scope("read")
    answer = await reader.post("/Bulk", {"schemas": [BULK_REQUEST], "Operations": [user("ann")]})
    assert answer.error == (403, None)


async def test_each_operation_has_its_own_change_record(client: Client) -> None:
    await send(client, user("ann"), group("g", "bulkId:ann"), delete(f"/Users/{NOBODY}"), delete("/Users/bulkId:ann"))
    directory = client.app.providers.directory(client.provider)
    changes = [(change.kind, change.type) async for change in directory.changes()]
    assert changes[-3:] == [("create", "User"), ("create", "Group"), ("delete", "User")]


async def test_a_thousand_operations_fit_into_one_request(client: Client) -> None:
    users = [user(f"user{n}", f"bulkId:user{n + 1}" if n % 99 < 98 else None) for n in range(990)]
    groups = [group(f"g{n}", *(f"bulkId:user{m}" for m in range(n, 990, 99))) for n in range(10)]
    results = await send(client, *groups, *users)
    assert statuses(results) == ["201"] * 1_000
    assert await manager(client, results[10]) == identifier(results[11])
    assert await members(client, results[9]) == {identifier(results[10 + n]) for n in range(9, 990, 99)}
