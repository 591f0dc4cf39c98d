"""What runs in the peer's own environment: ``peer.py serve PORT`` or ``peer.py measure``; it knows nothing of ours.

``serve`` is the peer's ASGI application, on its store in memory, behind the server that also carries ours.
``measure`` reads commands in JSON, a line each, and answers each with a line: in process, through the peer's
WSGI application.
"""

import io
import json
import logging
import sys
import time

import uvicorn
from scim2_models import Group, GroupMember  # type: ignore[attr-defined,unused-ignore] # another version than ours
from scim2_server.applications.asgi import ASGIApplication  # type: ignore[import-not-found,unused-ignore] # not here
from scim2_server.applications.wsgi import WSGIApplication  # type: ignore[import-not-found,unused-ignore] # not here
from scim2_server.memory import (  # type: ignore[import-not-found,unused-ignore] # not here
    AsyncInMemoryStorage,
    InMemoryStorage,
)
from scim2_server.utils import load_default_provider  # type: ignore[import-not-found,unused-ignore] # not here

PATIENCE = 2.0
"""Seconds after which a lot of requests is cut short, for those that take long each."""


def serve(port: int) -> None:
    """Answer on the loopback address until stopped."""
    application = ASGIApplication(AsyncInMemoryStorage(), load_default_provider())
    uvicorn.run(application, host="127.0.0.1", port=port, log_level="warning", access_log=False, http="h11")


class Peer:
    """The peer in this process."""

    def __init__(self) -> None:
        self.storage = InMemoryStorage()
        self.provider = load_default_provider()
        self.application = WSGIApplication(self.storage, self.provider)

    def asked(self, asks: list[list[str]]) -> dict[str, object]:
        """Seconds for these requests, how many were done, and the ids that they were answered with."""
        environments = [_environ(*ask) for ask in asks]
        answers: list[bytes] = []
        started = time.perf_counter()
        for environ in environments:
            answers.append(self._one(environ))
            if time.perf_counter() - started > PATIENCE:
                break
        seconds = time.perf_counter() - started
        return {
            "seconds": seconds,
            "done": len(answers),
            "ids": [json.loads(each or b"{}").get("id") for each in answers],
        }

    def group(self, size: int) -> dict[str, object]:
        """A group of so many members, put straight into the store."""
        kind = next(each for each in self.provider.resource_types if each.name == "Group")
        members = [GroupMember(value=f"{number:032x}", type="User") for number in range(size)]
        made = self.storage.create(kind, Group(display_name=f"Group of {size}", members=members))
        return {"id": made.id}

    def _one(self, environ: dict[str, object]) -> bytes:
        given: list[str] = []
        body = b"".join(self.application(environ, lambda status, _headers: given.append(status)))
        if not given[0].startswith("2"):
            raise RuntimeError(f"{given[0]}: {body!r}")
        return body


def _environ(method: str, path: str, body: str) -> dict[str, object]:
    before, _, query = path.partition("?")
    content = body.encode()
    return {
        "REQUEST_METHOD": method,
        "SCRIPT_NAME": "",
        "PATH_INFO": f"/v2{before}",
        "QUERY_STRING": query,
        "CONTENT_TYPE": "application/scim+json" if body else "",
        "CONTENT_LENGTH": str(len(content)) if body else "",
        "SERVER_NAME": "scim.example",
        "SERVER_PORT": "443",
        "HTTP_AUTHORIZATION": "Bearer token",
        "wsgi.url_scheme": "https",
        "wsgi.input": io.BytesIO(content),
    }


def measure() -> None:
    """Do as told, line by line."""
    logging.disable(logging.CRITICAL)
    peer = Peer()
    for line in sys.stdin:
        command = json.loads(line)
        match command.pop("do"):
            case "reset":
                peer, answer = Peer(), {}
            case "group":
                answer = peer.group(**command)
            case _:
                answer = peer.asked(**command)
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    serve(int(sys.argv[2])) if sys.argv[1] == "serve" else measure()
