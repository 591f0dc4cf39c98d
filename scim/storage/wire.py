"""Rows as the Table service's REST API carries them; nothing here is sent.

Entities are JSON with ``odata=minimalmetadata``, the least that still brings etags and tells bytes from text; a
transaction is a multipart message within another one. See
https://learn.microsoft.com/rest/api/storageservices/performing-entity-group-transactions.
"""

import json
import re
from base64 import b64decode, b64encode
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote
from uuid import uuid4

from scim.storage.rows import Create, Delete, Properties, Property, Row, Write

JSON = "application/json;odata=minimalmetadata"
_INT32 = range(-(2**31), 2**31)
_TYPE = "@odata.type"
_OF_THE_SERVICE = {"PartitionKey", "RowKey", "Timestamp"}
_READS: Mapping[str, Callable[[Any], Property]] = {"Edm.Binary": b64decode, "Edm.Int64": int}
_IN_PATH, _IN_QUERY = "!$&'()*,:;=@", "!$'()*,:@"
_GOOD, _BAD = 200, 300
_encode = json.JSONEncoder(separators=(",", ":"), check_circular=False).encode

_BOUNDARY = re.compile(rb'boundary="?([^"\s;]+)')
_ETAG = re.compile(rb"\r\netag:[ \t]*([^\r]*)", re.IGNORECASE)
_INDEX = re.compile(r"(\d+):")


@dataclass(frozen=True, slots=True)
class Fault:
    """What an answer says is wrong.

    Attributes:
        code: the service's own word for it, e.g. ``TableNotFound``; blank where it gives none.
        index: which write of a transaction was the cause, where it says so.
    """

    status: int
    code: str
    index: int | None


def address(partition: str, key: str) -> str:
    """A row's part of its path, behind the table's; no URL library has reason to write it in another way."""
    return f"(PartitionKey={_literal(partition, _IN_PATH)},RowKey={_literal(key, _IN_PATH)})"


def query(partition: str, low: str, high: str, top: int, *, keys_only: bool) -> str:
    """The query for the rows of a range."""
    of, least, below = (_literal(text, _IN_QUERY) for text in (partition, low, high))
    chosen = "&$select=RowKey" if keys_only else ""
    bounds = f"PartitionKey%20eq%20{of}%20and%20RowKey%20ge%20{least}%20and%20RowKey%20lt%20{below}"
    return f"$filter={bounds}&$top={top}{chosen}"


def following(headers: Mapping[str, str]) -> str:
    """What to add to a query for the page after the one with these headers; blank after the last."""
    names = ("NextPartitionKey", "NextRowKey")
    tokens = ((name, headers.get(f"x-ms-continuation-{name}")) for name in names)
    return "".join(f"&{name}={quote(token, safe='')}" for name, token in tokens if token)


def _literal(text: str, safe: str) -> str:
    return f"'{quote(text.replace("'", "''"), safe)}'"


def row(content: bytes) -> Row:
    """The row that is told of."""
    return _row(json.loads(content))


def rows(content: bytes) -> list[Row]:
    """The rows of a page."""
    return [_row(told) for told in json.loads(content)["value"]]


def _row(told: Mapping[str, Any]) -> Row:
    properties: dict[str, Property] = {}
    typed: list[tuple[str, str]] = []
    for name, value in told.items():
        if name.endswith(_TYPE):
            typed.append((name.removesuffix(_TYPE), value))
        elif name not in _OF_THE_SERVICE and not name.startswith("odata."):
            properties[name] = value
    for name, edm in typed:
        if edm in _READS and name in properties:
            properties[name] = _READS[edm](properties[name])
    return Row(told["RowKey"], told["odata.etag"], properties)


def _body(partition: str, key: str, properties: Properties) -> str:
    told: dict[str, str | int] = {"PartitionKey": partition, "RowKey": key}
    for name, value in properties.items():
        if isinstance(value, bytes):
            told[name], told[name + _TYPE] = b64encode(value).decode(), "Edm.Binary"
        elif isinstance(value, int) and value not in _INT32:
            told[name], told[name + _TYPE] = str(value), "Edm.Int64"
        else:
            told[name] = value
    return _encode(told)


def transaction(table: str, partition: str, writes: Sequence[Write], *, tunnel: bool) -> tuple[str, bytes]:
    """Content type and body of an entity group transaction on the table of that URL.

    With ``tunnel``, merges are asked for by a header, as Cosmos DB wants them. The boundaries are random, so that no
    value can hold them: Azurite looks for them everywhere.
    """
    batch, changes = f"batch_{uuid4()}", f"changeset_{uuid4()}"
    before = f"--{changes}\r\nContent-Type: application/http\r\nContent-Transfer-Encoding: binary\r\n\r\n"
    parts = "\r\n".join(f"{before}{_request(table, partition, write, tunnel=tunnel)}" for write in writes)
    opening = f"--{batch}\r\nContent-Type: multipart/mixed; boundary={changes}\r\n\r\n"
    whole = f"{opening}{parts}\r\n--{changes}--\r\n--{batch}--\r\n"
    return f"multipart/mixed; boundary={batch}", whole.encode()


def _request(table: str, partition: str, write: Write, *, tunnel: bool) -> str:
    headers, body = f"Accept: {JSON}\r\nDataServiceVersion: 3.0\r\n", ""
    if not isinstance(write, Delete):
        body = _body(partition, write.key, write.properties)
        headers += f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n"
    if isinstance(write, Create):
        return f"POST {table} HTTP/1.1\r\n{headers}Prefer: return-no-content\r\n\r\n{body}"
    method = "DELETE" if isinstance(write, Delete) else "PATCH"
    if tunnel and method == "PATCH":
        method, headers = "POST", f"{headers}X-HTTP-Method: MERGE\r\n"
    line = f"{method} {table}{address(partition, write.key)} HTTP/1.1"
    return f"{line}\r\n{headers}If-Match: {write.etag or '*'}\r\n\r\n{body}"


def etags(content: bytes) -> list[str] | Fault:
    """What came of a transaction: each write's etag, blank where the service gives none, or what stood against it.

    An answer that is not whole says nothing: the list is empty.
    """
    boundary = _BOUNDARY.search(content)
    if boundary is None:
        return []
    _, *parts, end = content.split(b"--" + boundary[1])
    if not end.startswith(b"--"):
        return []
    found: list[str] = []
    for part in parts:
        head, _, body = part.partition(b"HTTP/1.1 ")[2].partition(b"\r\n\r\n")
        status = int(head[:3]) if head[:3].isdigit() else 0
        if not _GOOD <= status < _BAD:
            return fault(status, body) if status else []
        etag = _ETAG.search(head)
        found.append(etag[1].decode() if etag else "")
    return found


def fault(status: int, content: bytes) -> Fault:
    """What an answer of that status complains about."""
    try:
        told = json.loads(content)["odata.error"]
        at = _INDEX.match(told["message"]["value"])
        return Fault(status, told["code"], int(at[1]) if at else None)
    except (ValueError, LookupError, TypeError):
        return Fault(status, "", None)
