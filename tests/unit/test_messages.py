"""The message shapes of RFC 7644, read and written."""

import pytest

from scim.errors import InvalidFilter, InvalidSyntax, InvalidValue, NotFound, PayloadTooLarge, TooManyRequests
from scim.messages import (
    BULK_REQUEST,
    BULK_RESPONSE,
    ERROR,
    LIST_RESPONSE,
    PATCH_OP,
    SEARCH_REQUEST,
    Operation,
    bulk_request,
    bulk_response,
    error,
    list_response,
    patch_op,
    query,
    search_request,
)
from scim.schema import Json, JsonObject


def patch_of(*operations: Json) -> JsonObject:
    return {"schemas": [PATCH_OP], "Operations": [*operations]}


@pytest.mark.parametrize("op", ["add", "Add", "ADD"])
def test_op_is_read_in_any_case(op: str) -> None:
    (operation,) = patch_op(patch_of({"op": op, "path": "title", "value": "x"})).operations
    assert (operation.op, operation.path, operation.value) == ("add", "title", "x")


def test_names_are_read_in_any_case() -> None:
    message = patch_op({"SCHEMAS": [PATCH_OP.upper()], "operations": [{"OP": "remove", "Path": "title"}]})
    assert message.operations == (Operation(op="remove", path="title"),)


def test_an_absent_value_differs_from_null() -> None:
    absent, null = patch_op(patch_of({"op": "add"}, {"op": "add", "value": None})).operations
    assert (absent.has_value, null.has_value) == (False, True)
    assert absent.value is null.value is None


def test_attributes_nobody_knows_are_ignored() -> None:
    assert patch_op(patch_of({"op": "remove", "path": "title", "id": 7}) | {"id": "x", "name": 5}).operations


REFUSED_PATCHES: list[tuple[Json, str]] = [
    (None, "The body must be a JSON object: a PatchOp."),
    ([], "The body must be a JSON object: a PatchOp."),
    ({"Operations": []}, "schemas is missing; it must be an array of URNs."),
    ({"schemas": PATCH_OP, "Operations": []}, "schemas must be an array of URNs."),
    ({"schemas": [5], "Operations": []}, "schemas[0] must be a string."),
    ({"schemas": ["urn:x"], "Operations": []}, f"schemas must hold {PATCH_OP}."),
    ({"schemas": [PATCH_OP]}, "Operations is missing; it must be an array of operations."),
    ({"schemas": [PATCH_OP], "Operations": {}}, "Operations must be an array of operations."),
    (patch_of({"op": "remove"}, 3), "Operations[1] must be an operation."),
    (patch_of({"path": "title"}), "Operations[0].op is missing; it must be add, remove or replace."),
    (patch_of({"op": "move"}), "Operations[0].op must be add, remove or replace."),
    (patch_of({"op": 5}), "Operations[0].op must be add, remove or replace."),
    (patch_of({"op": "add", "path": 5}), "Operations[0].path must be a string."),
    (
        patch_of({"op": "add", "OP": "add"}),
        "An attribute stands twice in one object; its attributes are op, path, value.",
    ),
]


@pytest.mark.parametrize(("body", "detail"), REFUSED_PATCHES)
def test_a_patch_of_another_shape_is_refused_by_name(body: Json, detail: str) -> None:
    with pytest.raises(InvalidSyntax) as refusal:
        patch_op(body)
    assert refusal.value.detail == detail


def test_a_refusal_never_holds_the_value() -> None:
    with pytest.raises(InvalidSyntax) as refusal:
        patch_op(patch_of({"op": "secret", "path": ["secret"]}))
    assert "secret" not in repr(refusal.value)
    assert refusal.value.__cause__ is None
    assert refusal.value.__suppress_context__


def test_a_patch_may_have_a_thousand_operations_and_no_more() -> None:
    operation = {"op": "remove", "path": "title"}
    assert len(patch_op(patch_of(*[operation] * 1000)).operations) == 1000
    with pytest.raises(PayloadTooLarge, match=r"Operations has 1,001 entries; the limit is 1,000\."):
        patch_op(patch_of(*[operation] * 1001))
    with pytest.raises(PayloadTooLarge, match="the limit is 2"):
        patch_op({"schemas": [PATCH_OP], "OPERATIONS": [operation] * 3}, max_operations=2)


def test_a_search_is_read_from_a_body() -> None:
    search = search_request(
        {
            "Schemas": [SEARCH_REQUEST],
            "attributes": ["userName"],
            "filter": "title pr",
            "startIndex": 3,
            "count": 4,
            "sortBy": "title",
            "sortOrder": "Descending",
        }
    )
    assert (search.attributes, search.filter) == (("userName",), "title pr")
    assert (search.start_index, search.count) == (3, 4)
    assert (search.sort_by, search.sort_order) == ("title", "descending")


def test_a_search_that_says_nothing_has_the_standards_defaults() -> None:
    search = search_request({"schemas": [SEARCH_REQUEST], "filter": None, "startIndex": None})
    assert (search.attributes, search.excluded_attributes, search.filter, search.sort_by) == (None, None, None, None)
    assert (search.start_index, search.count, search.sort_order) == (1, None, "ascending")


def test_a_whole_number_may_be_written_with_a_point() -> None:
    search = search_request({"schemas": [SEARCH_REQUEST], "startIndex": 7.0, "count": 9.0})
    assert (search.start_index, search.count) == (7, 9)


@pytest.mark.parametrize(("start", "count", "read"), [(0, 0, (1, 0)), (-5, -1, (1, 0)), (7, 9, (7, 9))])
def test_places_before_the_first_are_the_first_and_negative_counts_are_none(
    start: int, count: int, read: tuple[int, int]
) -> None:
    search = search_request({"schemas": [SEARCH_REQUEST], "startIndex": start, "count": count})
    assert (search.start_index, search.count) == read


REFUSED_SEARCHES: list[tuple[JsonObject, str]] = [
    ({"count": "5"}, "count must be an integer."),
    ({"count": True}, "count must be an integer."),
    ({"startIndex": 1.5}, "startIndex must be an integer."),
    ({"filter": 4}, "filter must be a string."),
    ({"attributes": "userName"}, "attributes must be an array of attribute names."),
    ({"excludedAttributes": [1]}, "excludedAttributes[0] must be a string."),
    ({"sortOrder": "up"}, "sortOrder must be ascending or descending."),
]


@pytest.mark.parametrize(("body", "detail"), REFUSED_SEARCHES)
def test_a_search_with_a_wrong_value_is_refused_by_name(body: JsonObject, detail: str) -> None:
    with pytest.raises(InvalidValue) as refusal:
        search_request({"schemas": [SEARCH_REQUEST], **body})
    assert refusal.value.detail == detail


@pytest.mark.parametrize("body", [None, [], {}, {"schemas": [PATCH_OP]}])
def test_a_search_says_that_it_is_one(body: Json) -> None:
    with pytest.raises(InvalidSyntax):
        search_request(body)


def test_a_search_is_read_from_a_url() -> None:
    search = query(
        {"ATTRIBUTES": "userName, emails ,", "filter": 'a eq "b,c"', "startindex": "2", "count": "+3", "x": ""}
    )
    assert (search.attributes, search.filter) == (("userName", "emails"), 'a eq "b,c"')
    assert (search.start_index, search.count) == (2, 3)


@pytest.mark.parametrize(
    "parameters",
    [{"count": "abc"}, {"count": ""}, {"count": "1.0"}, {"startIndex": "1e3"}, {"count": "٣"}, {"count": "9" * 5000}],
)
def test_a_url_with_another_number_is_refused(parameters: dict[str, str]) -> None:
    with pytest.raises(InvalidValue, match=r"(count|startIndex) must be an integer\."):
        query(parameters)


def test_an_empty_list_says_so_in_full() -> None:
    assert list_response([], 0) == {
        "schemas": [LIST_RESPONSE],
        "totalResults": 0,
        "startIndex": 1,
        "itemsPerPage": 0,
        "Resources": [],
    }


def test_a_page_counts_what_is_on_it() -> None:
    page = list_response([{"id": "4"}, {"id": "5"}], 9, 4)
    assert (page["totalResults"], page["startIndex"], page["itemsPerPage"]) == (9, 4, 2)


def test_an_error_has_its_status_as_text_and_a_keyword_if_there_is_one() -> None:
    assert error(InvalidFilter("No.")) == {
        "schemas": [ERROR],
        "status": "400",
        "scimType": "invalidFilter",
        "detail": "No.",
    }
    assert error(NotFound("No.")) == {"schemas": [ERROR], "status": "404", "detail": "No."}
    assert error(TooManyRequests("No.", 5))["status"] == "429"


def bulk_of(*operations: Json, **attributes: Json) -> JsonObject:
    return {"schemas": [BULK_REQUEST], "Operations": [*operations], **attributes}


POST = {"method": "POST", "path": "/Users", "bulkId": "a", "data": {}}


def test_a_bulk_request_is_read_with_names_in_any_case() -> None:
    message = bulk_request(
        {
            "SCHEMAS": [BULK_REQUEST.upper()],
            "FAILONERRORS": 2,
            "operations": [
                {"METHOD": "post", "Path": "/Users", "BULKID": "a", "Data": {"Data": 1}},
                {"method": "DELETE", "path": "/Users/1", "version": 'W/"1"', "bulkId": None, "data": None, "x": 1},
            ],
        }
    )
    post, delete = message.operations
    assert (message.fail_on_errors, post.method, post.path, post.bulk_id) == (2, "POST", "/Users", "a")
    assert (post.data, post.version) == ({"Data": 1}, None)
    assert (delete.method, delete.version, delete.bulk_id, delete.data) == ("DELETE", 'W/"1"', None, None)


@pytest.mark.parametrize("given", [{}, {"failOnErrors": None}, {"failOnErrors": 0}, {"failOnErrors": -1}])
def test_without_a_number_of_errors_none_ends_a_bulk_request(given: JsonObject) -> None:
    assert bulk_request(bulk_of(POST, **given)).fail_on_errors is None


REFUSED_BULKS: list[tuple[Json, str]] = [
    (None, "The body must be a JSON object: a BulkRequest."),
    ({"Operations": [POST]}, "schemas is missing; it must be an array of URNs."),
    ({"schemas": [PATCH_OP], "Operations": [POST]}, f"schemas must hold {BULK_REQUEST}."),
    ({"schemas": [BULK_REQUEST]}, "Operations is missing; it must be an array of operations."),
    (bulk_of() | {"Operations": POST}, "Operations must be an array of operations."),
    (bulk_of(POST, None), "Operations[1] must be an operation."),
    (bulk_of(POST, {"path": "/Users"}), "Operations[1].method is missing; it must be POST, PUT, PATCH or DELETE."),
    (bulk_of(POST | {"method": 1}), "Operations[0].method must be POST, PUT, PATCH or DELETE."),
    (
        bulk_of({"method": "DELETE"}),
        "Operations[0].path is missing; it must be a string such as /Users or /Users/{id}.",
    ),
    (bulk_of(POST | {"path": None}), "Operations[0].path must be a string such as /Users or /Users/{id}."),
    (bulk_of(POST | {"bulkId": 7}), "Operations[0].bulkId must be a string."),
    (bulk_of(POST | {"version": 7}), "Operations[0].version must be a string."),
    (bulk_of(POST, failOnErrors="1"), "failOnErrors must be an integer."),
    (bulk_of(POST, failOnErrors=True), "failOnErrors must be an integer."),
    (bulk_of(POST | {"bulkId": None}), "Operations[0].bulkId is missing; a POST needs one."),
    (bulk_of(POST | {"bulkId": ""}), "Operations[0].bulkId is missing; a POST needs one."),
    (bulk_of(POST, POST), "Operations[1].bulkId is that of Operations[0] too; each needs its own."),
]


@pytest.mark.parametrize(("body", "detail"), REFUSED_BULKS)
def test_a_bulk_request_of_another_shape_is_refused_by_name(body: Json, detail: str) -> None:
    with pytest.raises(InvalidSyntax) as refusal:
        bulk_request(body)
    assert refusal.value.detail == detail


def test_bulk_ids_that_differ_in_case_are_two() -> None:
    assert len(bulk_request(bulk_of(POST, POST | {"bulkId": "A"})).operations) == 2


def test_a_bulk_request_with_too_many_operations_names_the_limit() -> None:
    assert len(bulk_request(bulk_of(POST), 1).operations) == 1
    with pytest.raises(PayloadTooLarge, match="Operations has 2 entries; maxOperations is 1"):
        bulk_request(bulk_of(POST, None), 1)


def test_a_bulk_response_says_that_it_is_one() -> None:
    assert bulk_response([{"status": "204"}]) == {"schemas": [BULK_RESPONSE], "Operations": [{"status": "204"}]}
