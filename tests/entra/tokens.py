"""How a job authenticates: by the Secret Token, or as an OAuth client that fetches access tokens (RFC 6749 §4.4)."""

import asyncio
from collections.abc import AsyncGenerator, Generator
from time import monotonic

import httpx

from tests.entra.failures import Quarantined
from tests.entra.options import Options

SHORTEST, LONGEST = 60, 360
"""Minutes that an access token lives, as Microsoft's test of a token endpoint has it."""
_EARLY = 300.0
"""Seconds before its end at which a token is renewed."""


class Secret(httpx.Auth):
    """The token that was pasted into the portal."""

    def __init__(self, token: str) -> None:
        self._token = token

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response]:
        """Put it into the request."""
        request.headers["Authorization"] = f"Bearer {self._token}"
        yield request


class Client(httpx.Auth):
    """An OAuth client: its secret goes into the body, and one token serves many requests."""

    def __init__(self, options: Options) -> None:
        self._options = options
        self._token = ""
        self._renew_at = float("-inf")
        self._renewing = asyncio.Lock()

    async def async_auth_flow(self, request: httpx.Request) -> AsyncGenerator[httpx.Request, httpx.Response]:
        """Fetch a token where there is none that will be good for a while, then put it into the request."""
        async with self._renewing:
            if monotonic() >= self._renew_at:
                response = yield self._asking()
                await response.aread()
                self._keep(response)
        request.headers["Authorization"] = f"Bearer {self._token}"
        yield request

    def _asking(self) -> httpx.Request:
        form = {
            "grant_type": "client_credentials",
            "client_id": self._options.client_id,
            "client_secret": self._options.client_secret,
        }
        return httpx.Request("POST", self._options.token_endpoint, data=form)

    def _keep(self, response: httpx.Response) -> None:
        told = response.json() if response.headers.get("Content-Type", "").startswith("application/json") else {}
        if response.status_code != httpx.codes.OK or not told.get("access_token"):
            raise Quarantined(
                f"EncounteredQuarantineException: {self._options.token_endpoint} was answered {response.status_code} "
                f"{told.get('error', 'without a token')}"
            )
        seconds = told.get("expires_in", 0)
        if not SHORTEST * 60 <= seconds <= LONGEST * 60:
            raise Quarantined(
                f"EncounteredQuarantineException: a token lives {seconds} s, not {SHORTEST} to {LONGEST} min"
            )
        self._token = told["access_token"]
        held = seconds - _EARLY if self._options.token_seconds is None else self._options.token_seconds
        self._renew_at = monotonic() + held
