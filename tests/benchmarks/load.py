"""A client that costs little, so that what it measures is the server: bare HTTP/1.1 on asyncio's protocols."""

import asyncio
import time
from array import array
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import override
from urllib.parse import urlsplit

from scim.schema import JsonObject
from tests.benchmarks.parts import ms
from tests.benchmarks.requests import Ask
from tests.entra.tally import percentile


@dataclass(frozen=True, slots=True)
class Target:
    """A service provider: its Base URL and a token for it."""

    url: str
    token: str

    def written(self, ask: Ask) -> bytes:
        """A request on the wire."""
        parts = urlsplit(self.url)
        body = ask.body or b""
        kind = "content-type: application/scim+json; charset=utf-8\r\n" if ask.body is not None else ""
        head = (
            f"{ask.method} {parts.path}{ask.path} HTTP/1.1\r\nhost: {parts.netloc}\r\n"
            f"authorization: Bearer {self.token}\r\nconnection: keep-alive\r\n{kind}content-length: {len(body)}\r\n\r\n"
        )
        return head.encode() + body


class Lost(Exception):
    """The server closed the connection before it had answered."""


class Connection(asyncio.Protocol):
    """One connection, with one request under way at most; a closed one is opened anew."""

    def __init__(self, target: Target) -> None:
        self._target = target
        self._transport: asyncio.Transport | None = None
        self._received = bytearray()
        self._waiting: asyncio.Future[tuple[int, bytes]] | None = None

    async def send(self, ask: Ask) -> tuple[int, bytes]:
        """Send a request, and give status and body of its answer."""
        loop = asyncio.get_running_loop()
        if self._transport is None or self._transport.is_closing():
            parts = urlsplit(self._target.url)
            await loop.create_connection(lambda: self, parts.hostname or "", parts.port or 80)
        assert self._transport is not None
        self._received.clear()
        self._waiting = loop.create_future()
        self._transport.write(self._target.written(ask))
        return await self._waiting

    def close(self) -> None:
        """Let go of the connection."""
        if self._transport is not None:
            self._transport.close()

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    @override
    def data_received(self, data: bytes) -> None:
        self._received += data
        answer = _answer(self._received)
        if answer is None or self._waiting is None or self._waiting.done():
            return
        if _closes(self._received) and self._transport is not None:
            self._transport.close()
            self._transport = None
        self._waiting.set_result(answer)

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_exception(Lost())


def _answer(received: bytearray) -> tuple[int, bytes] | None:
    """Status and body, once all of the answer is there."""
    end = received.find(b"\r\n\r\n")
    if end < 0:
        return None
    head, start = bytes(received[:end]).lower(), end + 4
    status = int(head[9:12])
    if (at := head.find(b"content-length:")) >= 0:
        length = int(head[at + 15 :].split(b"\r\n", 1)[0])
        return (status, bytes(received[start : start + length])) if len(received) >= start + length else None
    if b"transfer-encoding: chunked" in head:
        body = _unchunked(received, start)
        return None if body is None else (status, body)
    return status, b""


def _unchunked(received: bytearray, at: int) -> bytes | None:
    body = bytearray()
    while (end := received.find(b"\r\n", at)) >= 0:
        length = int(received[at:end], 16)
        if len(received) < end + 2 + length + 2:
            return None
        if not length:
            return bytes(body)
        body += received[end + 2 : end + 2 + length]
        at = end + 2 + length + 2
    return None


def _closes(received: bytearray) -> bool:
    head = bytes(received[: received.find(b"\r\n\r\n")]).lower()
    return b"connection: close" in head or (head.startswith(b"http/1.0") and b"keep-alive" not in head)


@dataclass(slots=True)
class Record:
    """How requests were answered, by kind of operation."""

    seconds: dict[str, array[float]] = field(default_factory=dict)
    failures: Counter[str] = field(default_factory=Counter)
    began: float = field(default_factory=time.perf_counter)
    cpu_began: float = field(default_factory=time.process_time)
    lasted: float = 0.0
    cpu: float = 0.0

    async def ask(self, connection: Connection, operation: str, ask: Ask, since: float | None = None) -> bytes:
        """Send a request and note the time from now, or from when it was due, to its answer."""
        started = time.perf_counter() if since is None else since
        try:
            status, body = await connection.send(ask)
        except (OSError, Lost):
            status, body = 0, b""
        self.seconds.setdefault(operation, array("d")).append(time.perf_counter() - started)
        if status // 100 != ask.expected // 100:  # whether a PATCH is answered 200 or 204 is the server's choice
            self.failures[f"{operation}: {status or 'no answer'}"] += 1
        return body

    def end(self) -> None:
        """Note that it is over."""
        self.lasted = time.perf_counter() - self.began
        self.cpu = time.process_time() - self.cpu_began

    @property
    def requests(self) -> int:
        """How many requests were answered, or failed."""
        return sum(len(each) for each in self.seconds.values())

    def figures(self) -> JsonObject:
        """Throughput, latencies in milliseconds, failures, and what each request cost this client in CPU."""
        every = [each for times in self.seconds.values() for each in times]
        return {
            "requests": self.requests,
            "per_second": round(self.requests / self.lasted, 1),
            **latencies(every),
            "operations": {name: latencies(times) for name, times in self.seconds.items()},
            "failures": dict(self.failures),
            "client_cpu_ms": ms(self.cpu / max(self.requests, 1)),
        }


def latencies(seconds: Sequence[float]) -> JsonObject:
    """Median and 99th percentile, in milliseconds."""
    return {"p50_ms": round(percentile(seconds, 0.5), 3), "p99_ms": round(percentile(seconds, 0.99), 3)}


async def closed(target: Target, connections: int, work: Callable[[Connection, Record], Awaitable[bool]]) -> Record:
    """Do work on so many connections at a time, each going on as long as ``work`` gives true."""
    record, made = Record(), [Connection(target) for _ in range(connections)]

    async def go_on(connection: Connection) -> None:
        while await work(connection, record):
            pass

    async with asyncio.TaskGroup() as workers:
        for connection in made:
            workers.create_task(go_on(connection))
    record.end()
    for connection in made:
        connection.close()
    return record


async def open_loop(target: Target, per_second: float, asks: Iterator[tuple[str, Ask]], seconds: float) -> Record:
    """Send requests at fixed times, however the earlier ones fare; a latency counts from when a request was due."""
    record, idle = Record(), list[Connection]()

    async def one(operation: str, ask: Ask, due: float) -> None:
        connection = idle.pop() if idle else Connection(target)
        await record.ask(connection, operation, ask, due)
        idle.append(connection)

    async with asyncio.TaskGroup() as sent:
        for number in range(int(per_second * seconds)):
            due = record.began + number / per_second
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            sent.create_task(one(*next(asks), due))
    record.end()
    for connection in idle:
        connection.close()
    return record
