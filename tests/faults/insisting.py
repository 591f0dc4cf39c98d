"""A client that insists: what is asked is asked again until there is an answer, as an identity provider does."""

import asyncio
import json
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from time import perf_counter

import httpx

from scim.schema import Json
from tests.client import Answer

_LONGEST_WAIT = 0.2
"""Seconds of a Retry-After that are really waited, at most: a test has no time."""
_TRIES = 300


@dataclass(slots=True)
class Account:
    """What all clients met together.

    Attributes:
        statuses: answers by their status; 0 is a connection that broke.
        latencies: seconds that each answer took, by method.
        wrong: what no service may do, in sentences.
    """

    statuses: Counter[int] = field(default_factory=Counter)
    latencies: dict[str, list[float]] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)


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
        unheard = False
        for _ in range(_TRIES):
            answer = await self.once(method, path, body, mark)
            if answer is not None and answer.status not in {429, 503}:
                return answer, unheard
            unheard = True
            after = answer.headers.get("Retry-After", "1") if answer else "0.05"
            await asyncio.sleep(min(float(after), _LONGEST_WAIT))
        raise AssertionError(f"{method} {path} is never answered")

    async def once(self, method: str, path: str, body: Json = None, mark: str = "") -> Answer | None:
        """The answer to one request; None if the connection broke.

        Args:
            mark: the id of the request, by which its change is found again.
        """
        headers = {"authorization": f"Bearer {self.token}", "content-type": "application/scim+json"}
        if mark:
            headers["x-request-id"] = mark
        url = f"{self.url()}/scim/{self.provider}/v2{path}"
        began = perf_counter()
        try:
            response = await self.http.request(
                method, url, content=None if body is None else json.dumps(body).encode(), headers=headers
            )
        except httpx.TransportError:
            self.account.statuses[0] += 1
            return None
        self.account.statuses[response.status_code] += 1
        self.account.latencies.setdefault(method, []).append(perf_counter() - began)
        answer = Answer(response.status_code, response.headers, response.content)
        self._judge(f"{method} {path}", answer)
        return answer

    def _judge(self, what: str, answer: Answer) -> None:
        if answer.status in {429, 503} and not answer.headers.get("Retry-After", "").isdecimal():
            self.account.wrong.append(f"{what}: {answer.status} does not say when to come back")
        if answer.status >= 500 and answer.status != 503:
            self.account.wrong.append(f"{what}: {answer.status} {answer.content[:300]!r}")
