"""Requests exactly as Entra puts them on the wire, with its retries and, on demand, with faked trouble."""

import asyncio
import json
import random
from collections import Counter
from dataclasses import dataclass, field
from time import perf_counter
from urllib.parse import quote_plus, urlsplit

import httpx

from tests.entra.failures import Failed, Quarantined, Unreachable, code_of
from tests.entra.options import FLAG, Options
from tests.entra.paths import Json, JsonObject
from tests.entra.tally import Tally
from tests.entra.tokens import Client, Secret

MEDIA_TYPE = "application/scim+json"
BODY_HEADERS = {"Content-Type": f"{MEDIA_TYPE}; charset=utf-8"}
TRIES_OF_A_GET = 3
TRIES_WHEN_BUSY = 6
OK, CREATED, NO_CONTENT = 200, 201, 204
NOT_FOUND, UNAUTHORIZED, BUSY, UNAVAILABLE, SERVER_ERRORS = 404, 401, 429, 503, 500


def encoded(text: str) -> str:
    """Encode a query value the way .NET encodes a form: a blank is `+`, and `"`, `@`, `[`, `]` are escaped."""
    return quote_plus(text, safe="!*()")


@dataclass(frozen=True, slots=True)
class Answer:
    """A response that arrived."""

    status: int
    body: Json = None
    headers: httpx.Headers = field(default_factory=httpx.Headers)

    @property
    def resource(self) -> JsonObject:
        """The body, which has to be a JSON object."""
        if not isinstance(self.body, dict):
            raise Failed("SystemForCrossDomainIdentityManagementServiceIncompatible", "the body is not a JSON object")
        return self.body

    @property
    def resources(self) -> list[JsonObject]:
        """The resources of a ListResponse."""
        found = self.resource.get("Resources", [])
        if not isinstance(self.resource.get("totalResults"), int) or not isinstance(found, list):
            raise Failed("SystemForCrossDomainIdentityManagementServiceIncompatible", "the body is not a ListResponse")
        return [each for each in found if isinstance(each, dict)]


@dataclass(slots=True)
class Wire:
    """One connection pool; `tally` is changed at the start of each cycle."""

    options: Options
    client: httpx.AsyncClient
    rng: random.Random
    tally: Tally = field(default_factory=Tally)
    warnings: Counter[str] = field(default_factory=Counter)
    reached: bool = False

    async def probe(self, path: str, query: str) -> None:
        """Ask for something that does not exist; anything but an empty list quarantines the job."""
        where = f"GET {path}?{query}"
        try:
            answer = await self._retried("GET", path, query, None, injects=False)
        except Failed as failure:
            raise Quarantined(f"EncounteredQuarantineException: {where}: {failure.sentence}") from failure
        if answer.status != OK:
            raise Quarantined(
                f"EncounteredQuarantineException: {where} was answered {answer.status}, not 200{_detail(answer)}"
            )
        try:
            empty = not answer.resources and answer.resource["totalResults"] == 0
        except Failed as failure:
            raise Quarantined(f"EncounteredQuarantineException: {where}: {failure.sentence}") from failure
        if not empty:
            raise Quarantined(f"EncounteredQuarantineException: {where} found something that cannot exist")

    async def send(  # noqa: PLR0913 - a request has these parts
        self,
        method: str,
        path: str,
        *,
        query: str = "",
        body: JsonObject | None = None,
        accept: tuple[int, ...] = (OK,),
        injects: bool = True,
    ) -> Answer:
        """Send one request; raises Failed for any status not in `accept`."""
        answer = await self._retried(method, path, query, body, injects=injects)
        if answer.status in accept:
            return answer
        if answer.status == UNAUTHORIZED:
            raise Quarantined(f"EncounteredQuarantineException: {method} {path} was answered 401{_detail(answer)}")
        wanted = " or ".join(map(str, accept))
        raise Failed(
            code_of(answer.status), f"{method} {path} was answered {answer.status}, not {wanted}{_detail(answer)}"
        )

    async def _retried(self, method: str, path: str, query: str, body: JsonObject | None, *, injects: bool) -> Answer:
        """Retry what the target was too busy for, and a GET after any failure of the target's."""
        for tried in range(1, TRIES_WHEN_BUSY + 1):
            again = method == "GET" and tried < TRIES_OF_A_GET
            try:
                answer = await self._sent(method, path, query, body, injects=injects)
            except Failed:
                if not again:
                    raise
                wait = 0.0
            else:
                busy = answer.status in {BUSY, UNAVAILABLE}
                if not (busy and tried < TRIES_WHEN_BUSY) and not (answer.status >= SERVER_ERRORS and again):
                    return answer
                wait = self._wait(answer, tried)
            self.tally.retries += 1
            await asyncio.sleep(wait)
        raise AssertionError("the last try returns or raises")

    async def _sent(self, method: str, path: str, query: str, body: JsonObject | None, *, injects: bool) -> Answer:
        fake = self._fake() if injects else None
        if fake and (fake == "429" or self.rng.random() < 0.5):
            self.tally.injected += 1
            return _faked(fake, method, path)
        answer = await self._exchanged(method, path, query, body)
        if fake:
            self.tally.injected += 1
            return _faked(fake, method, path)
        return answer

    async def _exchanged(self, method: str, path: str, query: str, body: JsonObject | None) -> Answer:
        content = None if body is None else json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
        started = perf_counter()
        try:
            response = await self.client.request(
                method, self._url(path, query), content=content, headers=BODY_HEADERS if content else None
            )
        except httpx.TimeoutException as error:
            self.tally.answered(method, "timeout", perf_counter() - started)
            raise Failed("Timeout", f"{method} {path} was not answered within {self.options.timeout:g} s") from error
        except httpx.TransportError as error:
            if not self.reached:
                raise Unreachable(f"cannot reach {self.options.base_url}: {error}") from error
            self.tally.answered(method, "broken", perf_counter() - started)
            raise Failed("WebExceptionProtocolError", f"{method} {path}: {type(error).__name__} {error}") from error
        self.reached = True
        self.tally.answered(method, response.status_code, perf_counter() - started)
        return self._read(method, response)

    def _read(self, method: str, response: httpx.Response) -> Answer:
        kind = response.headers.get("Content-Type", "").partition(";")[0].strip()
        if response.content and kind != MEDIA_TYPE:
            self.warnings[f"{method} {response.status_code} came as {kind or 'no media type'}, not {MEDIA_TYPE}"] += 1
        if response.status_code == CREATED and "Location" not in response.headers:
            self.warnings["a 201 came without Location"] += 1
        try:
            body = json.loads(response.content) if response.content else None
        except ValueError:
            body = None
        return Answer(response.status_code, body, response.headers)

    def _url(self, path: str, query: str) -> str:
        base = urlsplit(self.options.base_url)
        flag = FLAG if self.options.flag_in_url else base.query
        whole = "&".join(part for part in (query, flag) if part)
        return f"{base.scheme}://{base.netloc}{base.path.rstrip('/')}{path}" + (f"?{whole}" if whole else "")

    def _fake(self) -> str | None:
        if self.options.inject and self.rng.random() < self.options.inject_rate:
            return self.rng.choice(self.options.inject)
        return None

    def _wait(self, answer: Answer, tried: int) -> float:
        asked = answer.headers.get("Retry-After", "")
        return min(float(asked) if asked.isdigit() else 0.1 * 2**tried, self.options.longest_wait)


def connect(options: Options, transport: httpx.AsyncBaseTransport | None = None) -> httpx.AsyncClient:
    """Open the connection pool with the headers Entra sends; a GET carries no Content-Type."""
    widest = max(options.concurrency, options.parallel)
    return httpx.AsyncClient(
        transport=transport,
        auth=Client(options) if options.token_endpoint else Secret(options.token),
        headers={"ADSCIMVersion": "5.0", "User-Agent": "entra-simulator"},
        timeout=options.timeout,
        limits=httpx.Limits(max_connections=widest, max_keepalive_connections=widest),
        trust_env=False,
    )


def _faked(kind: str, method: str, path: str) -> Answer:
    if kind == "timeout":
        raise Failed("Timeout", f"{method} {path} was made to time out")
    return Answer(int(kind), headers=httpx.Headers({"Retry-After": "0"}))


def _detail(answer: Answer) -> str:
    detail = answer.body.get("detail") if isinstance(answer.body, dict) else None
    return f": {detail}" if detail else ""
