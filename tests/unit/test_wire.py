"""Rows as they are on the wire: byte by byte what the REST API's reference shows, which Azurite does not insist on."""

import json
import re

import pytest

from scim.storage import wire
from scim.storage.rows import Create, Delete, Merge, Property, Row, Write
from scim.storage.wire import Fault

TABLE = "https://acme.table.core.windows.net/t"
JSON = "application/json;odata=minimalmetadata"


def sent(*writes: Write, tunnel: bool = False) -> str:
    """A transaction, with its two boundaries called B and C."""
    kind, content = wire.transaction(TABLE, "p", writes, tunnel=tunnel)
    batch, changes = kind.removeprefix("multipart/mixed; boundary="), re.findall(rb"boundary=(\S+)", content)
    assert len(changes) == 1
    assert batch != changes[0].decode()
    return content.decode().replace(batch, "B").replace(changes[0].decode(), "C")


def request(line: str, body: str = "", *headers: str) -> str:
    """One part of a transaction, as it must be."""
    about = [f"Accept: {JSON}", "DataServiceVersion: 3.0"]
    about += ["Content-Type: application/json", f"Content-Length: {len(body)}"] if body else []
    head = ["Content-Type: application/http", "Content-Transfer-Encoding: binary", "", line, *about, *headers]
    return "\r\n".join(["--C", *head, "", body])


def whole(*requests: str) -> str:
    return "\r\n".join(["--B", "Content-Type: multipart/mixed; boundary=C", "", *requests, "--C--", "--B--", ""])


def test_a_transaction_is_one_message_within_another() -> None:
    assert sent(Create("a", {"x": 1}), Merge("b", 'W/"1"', {}), Delete("c", 'W/"2"'), Delete("d")) == whole(
        request(f"POST {TABLE} HTTP/1.1", '{"PartitionKey":"p","RowKey":"a","x":1}', "Prefer: return-no-content"),
        request(
            f"PATCH {TABLE}(PartitionKey='p',RowKey='b') HTTP/1.1",
            '{"PartitionKey":"p","RowKey":"b"}',
            'If-Match: W/"1"',
        ),
        request(f"DELETE {TABLE}(PartitionKey='p',RowKey='c') HTTP/1.1", "", 'If-Match: W/"2"'),
        request(f"DELETE {TABLE}(PartitionKey='p',RowKey='d') HTTP/1.1", "", "If-Match: *"),
    )


def test_cosmos_db_is_asked_for_a_merge_by_a_header() -> None:
    line, body = f"POST {TABLE}(PartitionKey='p',RowKey='b') HTTP/1.1", '{"PartitionKey":"p","RowKey":"b"}'
    merge = request(line, body, "X-HTTP-Method: MERGE", 'If-Match: W/"1"')
    assert sent(Merge("b", 'W/"1"', {}), tunnel=True) == whole(merge)
    for other in (Create("a", {"x": 1}), Delete("c")):
        assert sent(other, tunnel=True) == sent(other)


def test_no_two_transactions_have_the_same_boundaries() -> None:
    contents = [wire.transaction(TABLE, "p", [Delete("a")], tunnel=False)[1] for _ in range(2)]
    boundaries = [set(re.findall(rb"--(\w+_[-\w]{36})", content)) for content in contents]
    assert [len(each) for each in boundaries] == [2, 2]
    assert not boundaries[0] & boundaries[1]


@pytest.mark.parametrize(
    ("value", "told"),
    [
        ("Zoë 😀", {"x": "Zoë 😀"}),
        (b"\x00\xff", {"x": "AP8=", "x@odata.type": "Edm.Binary"}),
        (b"", {"x": "", "x@odata.type": "Edm.Binary"}),
        (2**31 - 1, {"x": 2**31 - 1}),
        (-(2**31), {"x": -(2**31)}),
        (2**31, {"x": "2147483648", "x@odata.type": "Edm.Int64"}),
        (-(2**31) - 1, {"x": "-2147483649", "x@odata.type": "Edm.Int64"}),
        (2**63 - 1, {"x": "9223372036854775807", "x@odata.type": "Edm.Int64"}),
        (True, {"x": True}),
        (False, {"x": False}),
    ],
)
def test_a_value_is_told_with_its_type_where_json_has_none(value: Property, told: dict[str, object]) -> None:
    body = sent(Create("a", {"x": value})).split("\r\n\r\n")[3].partition("\r\n")[0]
    assert json.loads(body) == {"PartitionKey": "p", "RowKey": "a", **told}
    assert body.isascii(), "its length in bytes is its length"
    row = wire.row(json.dumps({"PartitionKey": "p", "RowKey": "a", "odata.etag": "e", **told}).encode())
    assert row == Row("a", "e", {"x": value})
    assert type(row.properties["x"]) is type(value)


def test_what_the_service_adds_to_a_row_is_no_property() -> None:
    added = {"odata.metadata": "https://…", "odata.type": "acme.t", "odata.id": "…", "odata.editLink": "t(…)"}
    stamp = {"Timestamp@odata.type": "Edm.DateTime", "Timestamp": "2026-11-26T00:00:00Z"}
    told = {**added, **stamp, "odata.etag": "e", "PartitionKey": "p", "RowKey": "a"}
    assert wire.row(json.dumps(told).encode()) == Row("a", "e", {})


@pytest.mark.parametrize("edm", ["Edm.DateTime", "Edm.Guid", "Edm.Double", "Edm.String"])
def test_a_type_that_we_do_not_write_is_read_as_it_is_told(edm: str) -> None:
    told = {"x@odata.type": edm, "x": "2026", "RowKey": "a", "odata.etag": "e"}
    assert wire.row(json.dumps(told).encode()).properties == {"x": "2026"}


def answered(*parts: str, end: str = "--B--\r\n") -> bytes:
    """The answer to a transaction, of parts that begin with their status."""
    head = "\r\nContent-Type: application/http\r\nContent-Transfer-Encoding: binary\r\n\r\nHTTP/1.1 "
    inner = "".join(f"--C{head}{part}\r\n" for part in parts)
    return f"--B\r\nContent-Type: multipart/mixed; boundary=C\r\n\r\n{inner}--C--\r\n{end}".encode()


def told(code: str, sentence: str) -> str:
    error = {"odata.error": {"code": code, "message": {"lang": "en-US", "value": sentence}}}
    return f"\r\nContent-Type: {JSON}\r\n\r\n{json.dumps(error)}\r\n"


MADE = '204 No Content\r\nDataServiceVersion: 1.0;\r\nETag: W/"1"\r\n\r\n\r\n'
GONE = "204 No Content\r\nContent-Length: 0\r\n\r\n\r\n"


@pytest.mark.parametrize(
    ("content", "came"),
    [
        (answered(MADE, GONE, MADE.replace("1", "2").replace("ETag", "etag")), ['W/"1"', "", 'W/"2"']),
        (answered(MADE.replace("204 No Content", "201 Created")), ['W/"1"']),
        (answered(MADE).replace(b"boundary=C", b'boundary="C"'), ['W/"1"']),
        (answered(MADE)[:-20], []),
        (answered(MADE).rpartition(b"--C--")[0], []),
        (answered(MADE).rpartition(b"--\r\n--B--")[0], []),
        (answered("soon"), []),
        (answered(""), []),
        (b"", []),
        (b"--B\r\nContent-Type: text/html\r\n\r\n<html>", []),
    ],
)
def test_what_came_of_a_transaction_is_a_list_of_etags_if_it_is_whole(content: bytes, came: list[str]) -> None:
    assert wire.etags(content) == came


@pytest.mark.parametrize(
    ("part", "fault"),
    [
        ("409 Conflict" + told("EntityAlreadyExists", "0:It is there."), Fault(409, "EntityAlreadyExists", 0)),
        ("412 No" + told("UpdateConditionNotSatisfied", "57:No.\n99:x"), Fault(412, "UpdateConditionNotSatisfied", 57)),
        (
            "404 Not Found" + told("ResourceNotFound", "The resource at 5: is not there."),
            Fault(404, "ResourceNotFound", None),
        ),
        ("404 Not Found" + told("ResourceNotFound", "RequestId:5:7"), Fault(404, "ResourceNotFound", None)),
        ("503 Busy\r\n\r\n<html>", Fault(503, "", None)),
        ("400 Bad Request\r\n\r\n[]", Fault(400, "", None)),
        ('400 Bad Request\r\n\r\n{"odata.error":null}', Fault(400, "", None)),
        ("199 Odd\r\n\r\n", Fault(199, "", None)),
        ("300 Odd\r\n\r\n", Fault(300, "", None)),
    ],
)
def test_what_stood_against_a_transaction_is_told_with_its_place(part: str, fault: Fault) -> None:
    assert wire.etags(answered(part)) == fault
    assert wire.etags(answered(MADE, part)) == fault, "whatever applied to those before it"
