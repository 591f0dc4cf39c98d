"""Bulk jobs: what their operations are about, what they refer to, and when they have their turn."""

import pytest

from scim import jobs
from scim.errors import InvalidPath, InvalidSyntax, InvalidValue, MethodNotAllowed, NotFound, ScimError, UriTooLong
from scim.messages import BulkOperation
from scim.profiles import PROFILES
from scim.schema import Json, JsonObject, Schemas
from tests.client import ENTERPRISE

SCHEMAS = Schemas.load()
RFC = PROFILES["rfc"]
BASE_URL = "https://scim.example/scim/contoso/v2"


def job(*operations: JsonObject) -> jobs.Job:
    return jobs.read([BulkOperation(**given) for given in operations], SCHEMAS, BASE_URL, RFC)


def one(**given: Json) -> jobs.Operation:
    return job({"method": "PUT", "data": {}, **given}).operations[0]


def user(name: str, *managers: str) -> JsonObject:
    manager = {ENTERPRISE: {"manager": {"value": f"bulkId:{managers[0]}"}}} if managers else {}
    return {"method": "POST", "path": "/Users", "bulk_id": name, "data": {"userName": name, **manager}}


def group(name: str, *members: str) -> JsonObject:
    linked = [{"value": f"bulkId:{member}"} for member in members]
    return {"method": "POST", "path": "/Groups", "bulk_id": name, "data": {"displayName": name, "members": linked}}


def patch(path: str, *members: str, **given: Json) -> JsonObject:
    linked = [{"value": f"bulkId:{member}"} for member in members]
    return {"method": "PATCH", "path": path, "data": [{"op": "add", "path": "members", "value": linked}], **given}


def parts(*operations: JsonObject) -> list[tuple[int, str]]:
    return [(step.place, step.part) for step in job(*operations).steps(RFC)]


@pytest.mark.parametrize(
    "path",
    ["/Users/1", "Users/1", "/users/1/", "//Users//1", "/Users/%31", f"{BASE_URL}/Users/1", "/scim/contoso/v2/Users/1"],
)
def test_a_path_leads_to_a_resource_however_it_is_written(path: str) -> None:
    operation = one(path=path)
    assert (operation.resource_type.name, operation.named, operation.problem) == ("User", "1", None)


@pytest.mark.parametrize(
    ("given", "refusal"),
    [
        ({"path": "/Nothing/1"}, NotFound),
        ({"path": "/Users/1/2"}, NotFound),
        ({"path": ""}, NotFound),
        ({"path": "/Bulk"}, NotFound),
        ({"path": "/.search"}, NotFound),
        ({"path": "https://other.example/scim/contoso/v2/Users/1"}, NotFound),
        ({"path": f"{BASE_URL}0/Users/1"}, NotFound),
        ({"path": "/Users/1?attributes=userName"}, InvalidPath),
        ({"path": "/Users/1#x"}, InvalidPath),
        ({"path": "/Users/" + "1" * 4_096}, UriTooLong),
        ({"path": "/Users"}, MethodNotAllowed),
        ({"path": "/Users/1", "method": "GET"}, MethodNotAllowed),
        ({"path": "/Users", "method": "DELETE"}, MethodNotAllowed),
        ({"path": "/Users/1", "method": "POST", "bulk_id": "a"}, MethodNotAllowed),
        ({"path": "/Users/1", "data": None}, InvalidSyntax),
        ({"path": "/Users", "method": "POST", "bulk_id": "a", "data": None}, InvalidSyntax),
    ],
)
def test_what_an_operation_can_never_be_is_told_at_once(given: JsonObject, refusal: type[ScimError]) -> None:
    assert type(one(**given).problem) is refusal


def test_a_deletion_needs_no_data_and_refers_to_nothing_in_it() -> None:
    operation = one(path="/Users/1", method="DELETE", data={"members": "bulkId:u1"})
    assert (operation.problem, operation.mentioned) == (None, frozenset())


def test_a_bulk_id_leads_to_what_is_created_or_to_what_is_changed() -> None:
    found = job(user("u1"), patch("/Groups/7", bulk_id="g7"), patch("/Users/bulkId:u1", bulk_id="p"))
    assert (found.source("u1"), found.source("g7"), found.source("p")) == (0, "7", 0)


@pytest.mark.parametrize("name", ["nobody", "a", "b", "nowhere", ""])
def test_a_bulk_id_that_leads_nowhere_is_refused(name: str) -> None:
    found = job(
        patch("/Groups/bulkId:b", bulk_id="a"),
        patch("/Groups/bulkId:a", bulk_id="b"),
        patch("/Groups", bulk_id="nowhere"),
    )
    with pytest.raises(InvalidValue, match=f"bulkId:{name} stands for nothing"):
        found.source(name)


def test_operations_keep_their_order_but_for_what_must_be_there_first() -> None:
    sent = [group("g", "u2"), patch("/Groups/bulkId:g2", "u1"), user("u1"), group("g2"), user("u2", "u1")]
    assert parts(*sent) == [(2, "whole"), (3, "whole"), (1, "whole"), (4, "whole"), (0, "whole")]


def test_operations_on_one_resource_keep_their_order() -> None:
    delete = {"method": "DELETE", "path": "/groups/7"}
    assert [place for place, _ in parts(patch("/Groups/7", "u1"), delete, patch("/Groups/8"), user("u1"))] == [
        2,
        3,
        0,
        1,
    ]
    named = patch("/Groups/bulkId:g", "u1"), {"method": "DELETE", "path": "/Groups/bulkId:g"}, group("g"), user("u1")
    assert [place for place, _ in parts(*named)] == [2, 3, 0, 1]


def test_a_circle_is_created_completed_and_settled_in_one_turn() -> None:
    sent = [group("a", "b", "u"), user("u"), group("b", "c"), patch("/Groups/bulkId:a"), group("c", "a")]
    assert parts(*sent) == [
        (1, "whole"),
        *[(0, "first"), (2, "first"), (4, "first")],
        *[(0, "later"), (2, "later")],
        *[(0, "settle"), (2, "settle"), (4, "settle")],
        (3, "whole"),
    ]


def test_only_what_does_not_exist_yet_comes_later() -> None:
    steps = {(step.place, step.part): step for step in job(group("a", "b", "u"), user("u"), group("b", "a")).steps(RFC)}
    assert steps[0, "first"].names == {"u"}
    assert steps[0, "later"].names == {"b", "u"}
    assert steps[2, "first"].names == {"a"}
    assert (2, "later") not in steps


def test_a_resource_that_refers_to_itself_is_a_circle() -> None:
    assert parts(user("boss", "boss")) == [(0, "first"), (0, "later"), (0, "settle")]


def test_a_reference_to_nothing_makes_nothing_wait() -> None:
    assert parts(group("g", "nobody"), user("u", "u9")) == [(0, "whole"), (1, "whole")]
