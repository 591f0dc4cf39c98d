"""The calls to the store that an operation makes: recorded once, then made again without the service.

Twice again: by azure-data-tables, as its documentation shows, and by plain REST on aiohttp, the least that such a
call can cost in Python.
"""

import base64
import hashlib
import hmac
import json
import uuid
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from email.utils import formatdate
from typing import Any, Protocol, Self
from urllib.parse import urlsplit

import aiohttp
from azure.core import MatchConditions
from azure.core.exceptions import ResourceNotFoundError
from azure.data.tables import UpdateMode
from azure.data.tables.aio import TableServiceClient

from scim.schema import JsonObject
from scim.storage.rows import Create, Delete, Merge, Properties, Row, Rows, Tables, Write
from tests.through import ThroughTables


@dataclass(frozen=True, slots=True)
class Read:
    """A point read, and what was found."""

    key: str
    found: Properties | None


type Call = Read | tuple[Write, ...]
"""A read, or the writes of one transaction."""


@dataclass(slots=True)
class Calls:
    """The calls made since the last reset; ranges are counted, for nothing that is replayed reads one."""

    made: list[Call] = field(default_factory=list)
    ranges: int = 0

    def reset(self) -> None:
        """Note from the beginning."""
        self.made, self.ranges = [], 0


class RecordingTables(ThroughTables):
    """A storage account that notes the calls made to it, over another one."""

    def __init__(self, tables: Tables) -> None:
        self.calls = Calls()
        super().__init__(tables, lambda rows: _RecordingRows(rows, self.calls))


class _RecordingRows:
    def __init__(self, rows: Rows, calls: Calls) -> None:
        self._rows = rows
        self._calls = calls

    async def get(self, key: str) -> Row | None:
        row = await self._rows.get(key)
        self._calls.made.append(Read(key, None if row is None else row.properties))
        return row

    def range(self, *bounds: Any, **options: Any) -> AsyncIterator[list[Row]]:  # noqa: ANN401 - whatever the port takes
        self._calls.ranges += 1
        return self._rows.range(*bounds, **options)

    async def transact(self, writes: Sequence[Write]) -> list[str]:
        self._calls.made.append(tuple(writes))
        return await self._rows.transact(writes)


class Store(Protocol):
    """The two kinds of call, as bare as can be; ``transact`` gives the etags."""

    async def get(self, key: str) -> None:
        """A point read."""
        ...

    async def transact(self, writes: Sequence[Write]) -> list[str]:
        """An entity group transaction."""
        ...

    async def close(self) -> None:
        """Let go of connections."""
        ...


@dataclass(slots=True)
class Replayer:
    """Makes one operation's calls again and again, with rows of the same sizes, on rows of its own.

    Reads and merges go to rows that were made for it; creations and deletions to new rows each time. So many of them
    at once share nothing but the partition: the service's writers meet in the provider's head row, these do not.
    """

    calls: Sequence[Call]
    store: Store
    name: str = field(default_factory=lambda: uuid.uuid4().hex[:12])
    etags: dict[str, str] = field(default_factory=dict)
    turns: int = 0

    async def prepare(self) -> Self:
        """Make the rows that are read and merged."""
        rows: dict[str, Properties] = {}
        for call in self.calls:
            if isinstance(call, Read):
                if call.found is not None:
                    rows[call.key] = call.found
            else:
                rows |= {write.key: write.properties for write in call if isinstance(write, Merge)}
        for key, properties in rows.items():
            self.etags[key] = (await self.store.transact([Create(f"{self.name}:{key}", properties)]))[0]
        return self

    async def turn(self) -> None:
        """All calls, once, one after another."""
        self.turns += 1
        for call in self.calls:
            if isinstance(call, Read):
                await self.store.get(f"{self.name}:{call.key}")
            else:
                writes = [self._again(write) for write in call]
                for write, etag in zip(call, await self.store.transact(writes), strict=True):
                    if isinstance(write, Merge):
                        self.etags[write.key] = etag

    def _again(self, write: Write) -> Write:
        if isinstance(write, Merge):
            return Merge(f"{self.name}:{write.key}", self.etags[write.key], write.properties)
        properties = write.properties if isinstance(write, Create) else {"p": "x"}
        return Create(f"{self.name}:{self.turns}:{write.key}", properties)


class Sdk:
    """azure-data-tables, asynchronous, one client, its defaults."""

    def __init__(self, storage: str, table: str) -> None:
        self._service = TableServiceClient.from_connection_string(storage)
        self._client = self._service.get_table_client(table)
        self._partition = table

    async def get(self, key: str) -> None:
        """A point read."""
        try:
            await self._client.get_entity(self._partition, key)
        except ResourceNotFoundError:
            return

    async def transact(self, writes: Sequence[Write]) -> list[str]:
        """An entity group transaction."""
        results = await self._client.submit_transaction([self._operation(write) for write in writes])
        return [str(result.get("etag")) for result in results]

    async def close(self) -> None:
        """Let go of connections."""
        await self._service.close()

    def _operation(self, write: Write) -> Any:  # noqa: ANN401 (one of the SDK's tuple shapes)
        assert not isinstance(write, Delete)
        entity = {"PartitionKey": self._partition, "RowKey": write.key, **write.properties}
        if isinstance(write, Create):
            return "create", entity
        condition = {"etag": write.etag, "match_condition": MatchConditions.IfNotModified}
        return "update", entity, {"mode": UpdateMode.MERGE, **condition}


class Rest:
    """The same requests by hand: aiohttp, JSON, a signature."""

    def __init__(self, storage: str, table: str) -> None:
        parts = dict(part.split("=", 1) for part in storage.split(";") if part)
        self._account, self._key = parts["AccountName"], base64.b64decode(parts["AccountKey"])
        self._url, self._table = parts["TableEndpoint"], table
        self._session = aiohttp.ClientSession(trust_env=False)

    async def get(self, key: str) -> None:
        """A point read."""
        url = f"{self._url}/{self._address(key)}"
        async with self._session.get(url, headers=self._headers(url) | {"accept": _NO_METADATA}) as answer:
            json.loads(await answer.read())
            assert answer.status in {200, 404}, answer.status

    async def transact(self, writes: Sequence[Write]) -> list[str]:
        """An entity group transaction."""
        url, batch = f"{self._url}/$batch", uuid.uuid4().hex
        parts = "".join(f"--changeset_{batch}\r\n{self._part(write)}\r\n" for write in writes)
        opening = f"--batch_{batch}\r\ncontent-type: multipart/mixed; boundary=changeset_{batch}\r\n\r\n"
        body = f"{opening}{parts}--changeset_{batch}--\r\n--batch_{batch}--\r\n"
        headers = self._headers(url) | {
            "content-type": f"multipart/mixed; boundary=batch_{batch}",
            "dataserviceversion": "3.0",
        }
        async with self._session.post(url, data=body.encode(), headers=headers) as answer:
            said = await answer.text()
            assert answer.status == 202, (answer.status, said)
        etags = [line[6:].strip() for line in said.splitlines() if line[:5].lower() == "etag:"]
        assert len(etags) == len(writes), said
        return etags

    async def close(self) -> None:
        """Let go of connections."""
        await self._session.close()

    def _address(self, key: str) -> str:
        return f"{self._table}(PartitionKey='{self._table}',RowKey='{key}')"

    def _part(self, write: Write) -> str:
        assert not isinstance(write, Delete)
        body: JsonObject = {"PartitionKey": self._table, "RowKey": write.key}
        for name, value in write.properties.items():
            if isinstance(value, bytes):
                body |= {name: base64.b64encode(value).decode(), f"{name}@odata.type": "Edm.Binary"}
            else:
                body[name] = value
        if isinstance(write, Create):
            line, etag = f"POST {self._url}/{self._table}", "prefer: return-no-content\r\n"
        else:
            line, etag = f"MERGE {self._url}/{self._address(write.key)}", f"if-match: {write.etag}\r\n"
        return (
            "content-type: application/http\r\ncontent-transfer-encoding: binary\r\n\r\n"
            f"{line} HTTP/1.1\r\ncontent-type: application/json\r\naccept: {_NO_METADATA}\r\n{etag}\r\n"
            f"{json.dumps(body)}"
        )

    def _headers(self, url: str) -> dict[str, str]:
        date = formatdate(usegmt=True)
        signed = f"{date}\n/{self._account}{urlsplit(url).path}"
        signature = base64.b64encode(hmac.digest(self._key, signed.encode(), hashlib.sha256)).decode()
        return {
            "x-ms-date": date,
            "x-ms-version": "2019-02-02",
            "authorization": f"SharedKeyLite {self._account}:{signature}",
        }


_NO_METADATA = "application/json;odata=nometadata"
