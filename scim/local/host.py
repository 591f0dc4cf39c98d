"""An ASGI application that serves a function app as the Functions host does.

What only Azure has is not imitated: keys (every authorisation level is open, as with `func start`), scaling, EasyAuth
and triggers other than HTTP and time. The documented limits stand: a URL of 4,096 bytes (beyond it IIS answers 404,
and Kestrel alone 414 beyond 8,192; here it is 414) and a body of 100 MB (413, as Kestrel's limit says; not observed
in Azure).
"""

import asyncio
import logging
import multiprocessing
import os
import signal
import sys
from collections.abc import Awaitable, Callable, MutableMapping
from pathlib import Path
from typing import Any

from scim.local import logs, settings, target, timers, wire, worker
from scim.local.failure import Failure
from scim.local.routing import Routes, route

type Message = MutableMapping[str, Any]
type Receive = Callable[[], Awaitable[Message]]
type Send = Callable[[Message], Awaitable[None]]

_LONGEST_TARGET = 4_096
_BODILESS = frozenset({204, 304})
_NOTHING = wire.Response(204, {}, b"")

_logger = logging.getLogger(__name__)


class _Refused(Exception):
    """The host answers itself, without asking a function."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.response = wire.Response(status, {}, b"")


class _ClientGone(Exception):
    """There is nobody left to answer."""


def create() -> "Host":
    """Make the application for uvicorn, in whichever process it serves."""
    logs.configure()
    return Host(Path(os.environ[settings.SCRIPT_ROOT]))


class Host:
    """The host of one function app."""

    def __init__(self, app_root: Path) -> None:
        self._app_root = app_root
        self._options = settings.HttpOptions()
        self._functions: dict[str, worker.HttpFunction] = {}
        self._routes = Routes(())
        self._timers = timers.Timers(())
        self._largest_body = 0

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Serve one connection of uvicorn's."""
        if scope["type"] == "lifespan":
            await self._live(receive, send)
            return
        try:
            response = await self._respond(scope, receive)
        except _Refused as refusal:
            response = refusal.response
        except _ClientGone:
            return
        await self._send(response, send)

    async def _live(self, receive: Receive, send: Send) -> None:
        await receive()
        try:
            await self._start()
        except Failure as failure:
            print(failure, file=sys.stderr, flush=True)
            await send({"type": "lifespan.startup.failed"})
            return
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await self._timers.stop()
        worker.stop()
        logs.ignore_what_is_left_open()
        await send({"type": "lifespan.shutdown.complete"})

    async def _start(self) -> None:
        _end_with_parent()
        self._options = settings.http_options(self._app_root)
        self._largest_body = settings.body_limit(os.environ)
        functions = await worker.start(self._app_root)
        self._functions = {each.name: each for each in functions if isinstance(each, worker.HttpFunction)}
        self._routes = Routes(
            route(function.name, function.route, function.methods, self._options.route_prefix)
            for function in self._functions.values()
        )
        if os.environ.get(settings.TRACES):
            from scim.local import traces  # noqa: PLC0415 (heavy, and seldom asked for)

            traces.show()
        self._timers = timers.Timers(each for each in functions if isinstance(each, worker.TimerFunction))
        self._timers.start()

    async def _respond(self, scope: Message, receive: Receive) -> wire.Response:
        raw_path, query = scope["raw_path"], scope["query_string"]
        if len(raw_path) + len(query) + bool(query) > _LONGEST_TARGET:
            raise _Refused(414)
        try:
            path = target.decode_path(raw_path)
        except ValueError:
            raise _Refused(400) from None
        found = self._routes.find(scope["method"], path)
        if found is None:
            return _NOTHING if path == "/" else wire.Response(404, {}, b"")
        route_found, parameters = found
        headers = _forwarded(_headers(scope), scope["client"])
        request = wire.Request(
            method=scope["method"],
            url=_url(scope["scheme"], headers, path, query.decode("latin-1")),
            headers=headers,
            query=target.query_parameters(query.decode("latin-1")),
            parameters=parameters,
            body=await self._body(headers, receive),
        )
        try:
            return await worker.invoke(self._functions[route_found.function], request)
        except wire.FunctionError as error:
            _logger.error("The function %s failed: %s", route_found.function, error)  # noqa: TRY400 - the worker's own trace
            return wire.Response(500, {}, b"")

    async def _body(self, headers: dict[str, str], receive: Receive) -> bytes:
        length = int(headers.get("content-length", "0"))
        if length > self._largest_body:
            raise _Refused(413)
        content = bytearray()
        more = True
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                raise _ClientGone
            content += message.get("body", b"")
            if len(content) > self._largest_body:
                raise _Refused(413)
            more = message.get("more_body", False)
        if content and not length:
            _logger.warning("A body without Content-Length (chunked) reaches no function: the Functions host drops it.")
            return b""
        return bytes(content)

    async def _send(self, response: wire.Response, send: Send) -> None:
        body = response.body
        if response.status in _BODILESS and body:
            _logger.warning("A body with status %d is dropped: HTTP allows none.", response.status)
            body = b""
        headers = {name.lower(): value for name, value in response.headers.items()}
        for name, value in self._options.custom_headers.items():
            headers.setdefault(name.lower(), value)
        if not body and response.status not in _BODILESS:
            headers.setdefault("content-length", "0")  # with a body the host sends chunks, unless the function says
        pairs = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]
        await send({"type": "http.response.start", "status": response.status, "headers": pairs})
        await send({"type": "http.response.body", "body": body})


def _headers(scope: Message) -> dict[str, str]:
    headers: dict[str, str] = {}
    for raw_name, raw_value in scope["headers"]:
        name, value = raw_name.decode("latin-1").lower(), raw_value.decode("utf-8", errors="replace")
        headers[name] = f"{headers[name]},{value}" if headers.get(name) and value else headers.get(name) or value
    return headers


def _forwarded(headers: dict[str, str], client: tuple[str, int] | None) -> dict[str, str]:
    """The headers as the front end passes them on: with the client's address behind what it says of its own."""
    entries = [headers.get("x-forwarded-for", ""), f"{client[0]}:{client[1]}" if client else ""]
    return headers | {"x-forwarded-for": ", ".join(entry for entry in entries if entry)}


def _url(scheme: str, headers: dict[str, str], path: str, query: str) -> str:
    """The URL that the function sees: scheme and host are what the front end says they were."""
    scheme = headers.get("x-forwarded-proto", scheme).partition(",")[0].strip()
    host = headers.get("disguised-host") or headers.get("host", "")
    return f"{scheme}://{host}{target.encode_path(path)}{'?' if query else ''}{query}"


def _end_with_parent() -> None:
    """Make one of several workers stop when the process that supervises them is gone, however it went."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        asyncio.get_running_loop().add_reader(parent.sentinel, signal.raise_signal, signal.SIGTERM)
