"""Readiness: whether this process can serve, as probes and load balancers ask it.

However many ask, and however many providers there are, a look costs a few calls, takes a few seconds at most, and is
shared by all who ask meanwhile and shortly after.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Literal

from scim import telemetry
from scim.errors import Unavailable
from scim.places import Place, PlaceError
from scim.provider import Provider
from scim.providers import Providers
from scim.schema import JsonObject
from scim.signing import Signing
from scim.storage import keys
from scim.storage.records import Head
from scim.storage.rows import OtherLayout, TableNotFound, Tables, Unreachable

PATIENCE = 5.0
"""Seconds that a check may take."""
KEPT = 5.0
"""Seconds for which what was found is told to others who ask."""
HEADS = 16
"""Providers whose rows one look asks about: all of them, where there are no more."""
_LISTED = 300.0
"""Seconds after which the list of providers is read anew."""
_MIGRATE = "'python -m scim migrate'"

_logger = logging.getLogger("scim")
type _State = Literal["right", "form", "layout"]


@dataclass(frozen=True, slots=True)
class Check:
    """What one check has found.

    Attributes:
        ok: whether all is as it must be.
        needed: whether requests fail where it is not.
        sentence: what was found, for whoever asks: it names or counts no provider, and holds no address and no secret.
    """

    name: str
    ok: bool
    needed: bool
    sentence: str


@dataclass(frozen=True, slots=True)
class Report:
    """What all checks have found."""

    checks: tuple[Check, ...]

    @property
    def ready(self) -> bool:
        """Whether requests can be served."""
        return all(check.ok for check in self.checks if check.needed)

    def body(self) -> JsonObject:
        """It, as JSON."""
        told = [{name: getattr(check, name) for name in Check.__slots__} for check in self.checks]
        return {"ready": self.ready, "checks": told}


class _Wrong(Exception):
    """A check has found something wrong; the text is its sentence."""


class Readiness:
    """Looks whether this process can serve.

    Args:
        signing: what signs access tokens, where they are issued.
        place: where backups go, if anywhere.
        unknown: how many settings there are that this version does not know.
    """

    def __init__(
        self, tables: Tables, providers: Providers, signing: Signing | None, place: Place | None, unknown: int = 0
    ) -> None:
        self._tables = tables
        self._providers = providers
        self._signing = signing
        self._place = place
        self._unknown = unknown
        self._looking: asyncio.Task[Report] | None = None
        self._looked_at = float("-inf")
        self._listed: list[Provider] | None = None
        self._listed_at = float("-inf")
        self._states: dict[str, _State] = {}

    async def look(self) -> Report:
        """What a look finds, or has found just now."""
        if self._looking is None or (self._looking.done() and time.monotonic() - self._looked_at > KEPT):
            self._looking = asyncio.create_task(self._look())
        return await asyncio.shield(self._looking)

    async def _look(self) -> Report:
        checks = [
            self._check("providers", self._list, needed=True),
            self._check("credentials", self._credentials, needed=True),
            self._check("layouts", self._layouts, needed=True),
        ]
        if self._signing is not None:
            checks.append(self._check("signing keys", self._keys, needed=True))
        if self._place is not None:
            checks.append(self._check("backups", self._backups, needed=False))
        if self._unknown:
            checks.append(self._check("settings", self._settings, needed=False))
        report = Report(tuple(await asyncio.gather(*checks)))
        telemetry.readiness([check.name for check in report.checks if not check.ok], ready=report.ready)
        self._looked_at = time.monotonic()
        return report

    async def _check(self, name: str, check: Callable[[], Awaitable[str]], *, needed: bool) -> Check:
        try:
            async with asyncio.timeout(PATIENCE):
                return Check(name, ok=True, needed=needed, sentence=await check())
        except (_Wrong, PlaceError) as wrong:
            sentence = str(wrong)
        except TimeoutError:
            sentence = f"there was no answer within {PATIENCE:g} seconds"
        except Unreachable as error:
            sentence = error.sentence
        except Exception as error:
            _logger.error("a check of readiness failed", exc_info=error)  # noqa: TRY400 (its text is not logged)
            sentence = "the check failed; the log says where"
        return Check(name, ok=False, needed=needed, sentence=sentence)

    async def _list(self) -> str:
        """See that the table of providers can be read; now and then all of it."""
        try:
            if self._listed is None or time.monotonic() - self._listed_at > _LISTED:
                self._listed = await self._providers.all()
                self._listed_at = time.monotonic()
            else:
                await self._providers.refreshed(keys.HEAD)
        except TableNotFound:
            self._listed = []
        return "the table can be read"

    async def _credentials(self) -> str:
        try:
            await self._providers.keyring.get(keys.HEAD)
        except TableNotFound:
            return "there is no credential yet"
        return "the table can be read"

    async def _layouts(self) -> str:
        """Ask some providers' heads which layout and form their rows are in; first those that were wrong, or new."""
        if self._listed is None:
            await self._list()
        listed = self._listed or []
        known = {each.table: self._states[each.table] for each in listed if each.table in self._states}
        order = {table: place for place, table in enumerate(known)}
        due = sorted(listed, key=lambda each: (known.get(each.table) == "right", order.get(each.table, -1)))[:HEADS]
        states = await asyncio.gather(*(self._state(each) for each in due))
        for provider, state in zip(due, states, strict=True):
            known.pop(provider.table, None)  # so that it is the last to be asked again
            known[provider.table] = state
        self._states = known
        if "layout" in known.values():
            raise _Wrong(f"some providers are in another layout: run {_MIGRATE}")
        told = "all providers that were asked are in this version's layout"
        return told + (f"; some wait for {_MIGRATE} since an update of Python" if "form" in known.values() else "")

    async def _state(self, provider: Provider) -> _State:
        try:
            row = await self._tables.rows(provider.table, provider.table).get(keys.HEAD)
            return "right" if row is None or Head.decode(row).form.sure else "form"
        except OtherLayout:
            return "layout"
        except TableNotFound:  # it has just been deleted
            return "right"

    async def _keys(self) -> str:
        if self._signing is None:
            return ""
        try:
            found = await self._signing.jwks()
        except Unavailable:
            raise _Wrong(
                "the signing keys cannot be read, or are none: see that ROLLCALL_SIGNING_KEYS names what 'keys roll' "
                "has written, and that the identity may read it"
            ) from None
        stale = ", but cannot be read anew at present" if self._signing.unread else ""
        return f"there are {'some' if found['keys'] else 'none'}{stale}"

    async def _backups(self) -> str:
        if self._place is not None:
            await self._place.ready()
        return "the place for backups is there"

    async def _settings(self) -> str:
        raise _Wrong(f"{self._unknown} of them are unknown to this version: the log names them")
