"""A bad network in front of the store: an HTTP proxy that harms what passes through it, by chance."""

import asyncio
import random
import re
from asyncio import IncompleteReadError, StreamReader, StreamWriter
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, fields
from typing import Literal, Self

from scim.local.ports import LOOPBACK

_HEAD_MAX = 64 * 1024
_GONE = (ConnectionError, IncompleteReadError, TimeoutError)
_TROUBLE = {429: b"Too Many Requests", 500: b"Internal Server Error", 503: b"Service Unavailable"}


@dataclass(frozen=True, slots=True)
class Faults:
    """How often what goes wrong with a request, each from 0 to 1, all of them together 1 at most.

    Attributes:
        lost_request: the connection closes, and nothing was forwarded.
        lost_answer: it was forwarded, and the connection closes instead of an answer.
        late: the connection closes, and it is forwarded some time after that.
        doubled: it is forwarded twice, and the second answer comes back.
        delayed: it takes its time.
        refused: the answer is 500, 503 or 429, and nothing was forwarded.
        disowned: the answer is 500, 503 or 429, and it was forwarded all the same.
        belated: the answer is 500, 503 or 429, and it is forwarded some time after that.
        cut_request: only the beginning of it is forwarded.
        cut_answer: only the beginning of its answer comes back.
        hung: there is no answer, and the connection stays open.
    """

    lost_request: float = 0.0
    lost_answer: float = 0.0
    late: float = 0.0
    doubled: float = 0.0
    delayed: float = 0.0
    refused: float = 0.0
    disowned: float = 0.0
    belated: float = 0.0
    cut_request: float = 0.0
    cut_answer: float = 0.0
    hung: float = 0.0

    def roll(self, chance: random.Random) -> str:
        """What goes wrong this time; ``none`` if nothing does."""
        dice = chance.random()
        for field in fields(self):
            dice -= getattr(self, field.name)
            if dice < 0:
                return field.name
        return "none"


NO_FAULTS = Faults()
BAD_WEATHER = Faults(
    lost_request=0.15,
    lost_answer=0.15,
    late=0.02,
    doubled=0.02,
    delayed=0.05,
    refused=0.02,
    disowned=0.02,
    belated=0.02,
    cut_request=0.01,
    cut_answer=0.02,
)
"""15 % loss each way, and a little of nearly everything else."""

type Moment = Literal["before", "during", "after"]


@dataclass(slots=True)
class Ambush:
    """Strike when a transaction passes.

    Attributes:
        countdown: at which transaction from now on; 1 is the next.
        moment: before it is forwarded, as soon as it is, or when the store has answered.
        strike: what to do.
        mark: what a transaction must hold for the countdown to begin with it; blank for any.
    """

    countdown: int
    moment: Moment
    strike: Callable[[], Awaitable[None]]
    mark: bytes = b""

    def due(self, request: bytes) -> bool:
        """Whether it is this request's turn."""
        if b"$batch" not in request.partition(b"\r\n")[0] or self.mark not in request:
            return False
        self.mark = b""
        self.countdown -= 1
        return self.countdown == 0


class Proxy:
    """Between one process and the store, on a port of its own that it keeps.

    Attributes:
        upstream: the store's port.
        faults: what may go wrong; takes effect at once.
        ambush: who lies in wait for a transaction.
        done: how many requests met which fate.
    """

    def __init__(self, upstream: int, chance: random.Random, faults: Faults = NO_FAULTS) -> None:
        self.upstream = upstream
        self.faults = faults
        self.ambush: Ambush | None = None
        self.done = Counter[str]()
        self.port = 0
        self._chance = chance
        self._server: asyncio.Server | None = None
        self._late = set[asyncio.Task[None]]()

    async def __aenter__(self) -> Self:
        await self.listen()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.vanish()
        await self.arrive()

    async def listen(self) -> None:
        """Take connections."""
        self._server = await asyncio.start_server(self._serve, LOOPBACK, self.port, limit=_HEAD_MAX)
        self.port = self._server.sockets[0].getsockname()[1]

    async def vanish(self) -> None:
        """Refuse connections and break those that are open."""
        if self._server is not None:
            self._server.close()
            self._server.abort_clients()
            await self._server.wait_closed()
            self._server = None

    async def arrive(self) -> None:
        """Wait for what is late."""
        await asyncio.gather(*self._late)

    async def _serve(self, reader: StreamReader, writer: StreamWriter) -> None:
        with suppress(*_GONE):
            while await self._exchange(await _message(reader), reader, writer):
                pass
        writer.close()

    async def _exchange(self, request: bytes, reader: StreamReader, writer: StreamWriter) -> bool:
        """One request and what becomes of it; whether the connection is still good."""
        if self.ambush and self.ambush.due(request):
            await self._strike(self.ambush, request)
            return False
        fate = self.faults.roll(self._chance)
        self.done[fate] += 1
        answer = await self._on_the_way(fate, request, reader)
        if fate == "lost_answer" or not answer:
            return False
        if fate == "disowned":
            answer = self._trouble()
        if fate == "cut_answer":
            answer = answer[: self._chance.randrange(1, len(answer))]
        writer.write(answer)
        await writer.drain()
        return fate != "cut_answer"

    async def _on_the_way(self, fate: str, request: bytes, reader: StreamReader) -> bytes:
        """The answer, if there is one, of the store or of something before it."""
        match fate:
            case "lost_request":
                return b""
            case "late" | "belated":
                task = asyncio.create_task(self._forward_late(request))
                self._late.add(task)
                task.add_done_callback(self._late.discard)
                return self._trouble() if fate == "belated" else b""
            case "refused":
                return self._trouble()
            case "cut_request":
                return await self._forward(request[: self._chance.randrange(1, len(request))], whole=False)
            case "hung":
                return await reader.read()  # which ends when the process gives up
            case "delayed":
                await self._wait()
            case "doubled":
                await self._forward(request)
        return await self._forward(request)

    async def _forward(self, request: bytes, *, whole: bool = True) -> bytes:
        reader, writer = await asyncio.open_connection(LOOPBACK, self.upstream, limit=_HEAD_MAX)
        try:
            writer.write(request)
            await writer.drain()
            return await _message(reader) if whole else b""
        finally:
            writer.close()

    async def _forward_late(self, request: bytes) -> None:
        await self._wait()
        with suppress(*_GONE):
            await self._forward(request)

    async def _wait(self) -> None:
        await asyncio.sleep(self._chance.uniform(0.01, 0.3))

    async def _strike(self, ambush: Ambush, request: bytes) -> None:
        self.ambush = None
        self.done[f"struck {ambush.moment}"] += 1
        if ambush.moment == "before":
            await ambush.strike()
        elif ambush.moment == "after":
            await self._forward(request)
            await ambush.strike()
        else:
            forwarded = asyncio.create_task(self._forward(request))
            await asyncio.sleep(0)
            await ambush.strike()
            await forwarded

    def _trouble(self) -> bytes:
        status = self._chance.choice(list(_TROUBLE))
        body = b'{"odata.error":{"code":"ServerBusy","message":{"lang":"en-US","value":"Not now."}}}'
        return (
            b"HTTP/1.1 %d %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
            % (status, _TROUBLE[status], len(body))
        ) + body


async def _message(reader: StreamReader) -> bytes:
    """One request or response as it is on the wire."""
    head = await reader.readuntil(b"\r\n\r\n")
    if re.search(rb"\r\ntransfer-encoding: *chunked", head, re.IGNORECASE):
        return head + await _chunks(reader)
    length = re.search(rb"\r\ncontent-length: *(\d+)", head, re.IGNORECASE)
    return head + await reader.readexactly(int(length[1]) if length else 0)


async def _chunks(reader: StreamReader) -> bytes:
    body = b""
    while True:
        line = await reader.readuntil(b"\r\n")
        size = int(line.partition(b";")[0], 16)
        body += line + await reader.readexactly(size + 2)
        if not size:
            return body
