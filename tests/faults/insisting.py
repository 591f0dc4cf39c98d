"""A client that insists: what is asked is asked again until there is an answer, as an identity provider does."""

import asyncio
import json
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from statistics import quantiles
from time import monotonic

import httpx

from scim.schema import Json
from tests.client import Answer

_LONGEST_WAIT = 0.2
"""Seconds of a Retry-After that are really waited, at most: a test has no time."""
_PATIENCE = 300.0
"""Seconds after which what is never answered is told, so that a run ends."""


@dataclass(frozen=True, slots=True)
class Heard:
    """An answer: when it came, on the monotonic clock, and after how many seconds; 0 is a connection that broke."""

    at: float
    method: str
    status: int
    seconds: float


@dataclass(slots=True)
class Account:
    """What all clients met together.

    Attributes:
        wrong: what no service may do, in sentences.
    """

    heard: list[Heard] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)

    def figures(self) -> dict[str, object]:
        """How many answers there were by status, and how long they took by method."""
        taken: dict[str, list[float]] = {}
        for each in self.heard:
            taken.setdefault(each.method, []).append(each.seconds)
        statuses = Counter(each.status for each in self.heard)
        return {
            "statuses": {str(status): statuses[status] for status in sorted(statuses)},
            "seconds": {
                method: {"p50": round(at[9], 3), "p95": round(at[18], 3), "max": round(max(each), 3)}
                for method, each in taken.items()
                if (at := quantiles([*each, max(each)], n=20))
            },
        }


@dataclass(frozen=True, slots=True)
class Client:
    """A client of one provider.

    Attributes:
        url: tells where to send the next request: the service may be elsewhere by then.
    """

    http: httpx.AsyncClient
    provider: str
    token: str
    url: Callable[[], str]
    account: Account

    async def insist(self, method: str, path: str, body: Json = None, mark: str = "") -> tuple[Answer, bool]:
        """The answer, and whether an earlier try got none and may have been heard all the same."""
        unheard, until, met = False, monotonic() + _PATIENCE, Counter[str]()
        while monotonic() < until:
            answer = await self.once(method, path, body, mark)
            if answer is not None and answer.status not in {429, 503}:
                return answer, unheard
            unheard = True
            met[answer.json["detail"] if answer else "no answer"] += 1
            after = answer.headers.get("Retry-After", "1") if answer else "0.05"
            await asyncio.sleep(min(float(after), _LONGEST_WAIT))
        raise AssertionError(f"{method} {path} is never answered: {dict(met)}")

    async def once(self, method: str, path: str, body: Json = None, mark: str = "") -> Answer | None:
        """The answer to one request; None if the connection broke. ``mark`` is the request's id, which changes name."""
        headers = {"authorization": f"Bearer {self.token}", "content-type": "application/scim+json"}
        if mark:
            headers["x-request-id"] = mark
        url = f"{self.url()}/scim/{self.provider}/v2{path}"
        began, status = monotonic(), 0
        try:
            response = await self.http.request(
                method, url, content=None if body is None else json.dumps(body).encode(), headers=headers
            )
            status = response.status_code
        except httpx.TransportError:
            return None
        finally:
            at = monotonic()
            self.account.heard.append(Heard(at, method, status, at - began))
        answer = Answer(response.status_code, response.headers, response.content)
        self._judge(f"{method} {path}", answer)
        return answer

    def _judge(self, what: str, answer: Answer) -> None:
        if answer.status in {429, 503} and not answer.headers.get("Retry-After", "").isdecimal():
            self.account.wrong.append(f"{what}: {answer.status} does not say when to come back")
        if answer.status >= 500 and answer.status != 503:
            self.account.wrong.append(f"{what}: {answer.status} {answer.content[:300]!r}")
