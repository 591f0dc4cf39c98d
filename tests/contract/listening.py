"""A table service that answers what it is told to, and keeps what it was asked."""

import asyncio
import json
import ssl
from asyncio import IncompleteReadError, StreamReader, StreamWriter
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Self

KEY = "cm9sbGNhbGwtdGVzdHMta2V5LW9mLW5vLXVzZS1hdC1hbGw="
HUNG_UP = b""
SILENCE = None
"""In place of an answer: the connection stays open, and nothing comes."""


def answer(
    status: str,
    body: str = "",
    kind: str = "application/json",
    length: int | None = None,
    headers: Mapping[str, str] | None = None,
) -> bytes:
    size = len(body) if length is None else length
    more = "".join(f"{name}: {value}\r\n" for name, value in (headers or {}).items())
    return f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {size}\r\n{more}\r\n{body}".encode()


def error(code: str, index: int = 0) -> str:
    return f'{{"odata.error":{{"code":"{code}","message":{{"lang":"en-US","value":"{index}:{code}"}}}}}}'


def parts(*statuses: str, body: str = "") -> bytes:
    """The answer to an entity group transaction."""
    inner = "".join(
        f"--c\r\nContent-Type: application/http\r\nContent-Transfer-Encoding: binary\r\n\r\n"
        f'HTTP/1.1 {status}\r\nETag: W/"{number}"\r\nContent-Type: application/json\r\n\r\n{body}\r\n'
        for number, status in enumerate(statuses, 1)
    )
    outer = f"--b\r\nContent-Type: multipart/mixed; boundary=c\r\n\r\n{inner}--c--\r\n--b--\r\n"
    return answer("202 Accepted", outer, "multipart/mixed; boundary=b")


def told(key: str, **properties: object) -> dict[str, object]:
    """A row as the service tells it."""
    return {"PartitionKey": "p", "RowKey": key, "odata.etag": f'W/"{key}"', "Timestamp": "2026-01-01", **properties}


def found(key: str, **properties: object) -> bytes:
    """The answer to a point read."""
    return answer("200 OK", json.dumps(told(key, **properties)))


def page(*keys: str, token: tuple[str, str] | None = None) -> bytes:
    """The answer to a query; with a token, it is not the last one."""
    names = ("x-ms-continuation-NextPartitionKey", "x-ms-continuation-NextRowKey")
    headers = {name: each for name, each in zip(names, token or (), strict=False) if each}
    return answer("200 OK", json.dumps({"value": [told(key) for key in keys]}), headers=headers)


@dataclass(frozen=True, slots=True)
class Asked:
    """A request as it came.

    Attributes:
        headers: by their names in small letters.
    """

    line: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(slots=True)
class Listener:
    """A server that gives its answers in turn, the last one again and again.

    Attributes:
        keeps: whether it keeps a connection for the next request, and does not hang up after an answer.
        connections: how many it was asked over.
    """

    answers: list[bytes | None]
    keeps: bool = False
    asked: list[Asked] = field(default_factory=list)
    connections: int = 0
    port: int = 0
    _server: asyncio.Server | None = None

    @property
    def storage(self) -> str:
        """Its connection string, with a key."""
        return f"{self.endpoint};AccountName=a;AccountKey={KEY}"

    @property
    def endpoint(self) -> str:
        """The part of the connection string that says where it is."""
        return f"TableEndpoint=http://127.0.0.1:{self.port}/a"

    async def start(self, tls: ssl.SSLContext | None = None) -> Self:
        """Take connections."""
        self._server = await asyncio.start_server(self._respond, "127.0.0.1", 0, ssl=tls)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def stop(self) -> None:
        """Take none any more, and break those that are open."""
        if self._server is not None:
            self._server.close()
            self._server.abort_clients()
            await self._server.wait_closed()

    async def _respond(self, reader: StreamReader, writer: StreamWriter) -> None:
        self.connections += 1
        with suppress(IncompleteReadError):
            await self._exchange(reader, writer)
            while self.keeps:
                await self._exchange(reader, writer)
        writer.close()

    async def _exchange(self, reader: StreamReader, writer: StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        line, *lines = head.rstrip().split("\r\n")
        headers = {name.lower(): value for name, _, value in (each.partition(": ") for each in lines)}
        body = await reader.readexactly(int(headers.get("content-length", 0)))
        self.asked.append(Asked(line, headers, body))
        given = self.answers[0] if len(self.answers) == 1 else self.answers.pop(0)
        if given is SILENCE:
            await reader.read()
        else:
            writer.write(given)
            await writer.drain()
