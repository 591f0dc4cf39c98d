"""Playing a scenario: its requests are sent one after the other, and each answer is held against what is expected."""

import asyncio
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote_plus

from scim.schema import Json, JsonObject
from tests.client import Answer, Client
from tests.conformance.cases import Scenario, holds, named

_SCIM_JSON = "application/scim+json"
_BODILESS = frozenset({204, 304})


async def play(client: Client, scenario: Scenario) -> None:
    """Make what is given and take every step, each of which must be answered as expected."""
    player = _Player(client, scenario.name, {"base": client.app.base_url(client.provider.name)})
    for name, resource in scenario.given.items():
        created = await client.post(resource["endpoint"], named(resource["body"], player.names))
        assert created.status == 201, (scenario.name, name, created.content)
        player.names[name] = created.json["id"]
    for place, step in enumerate(scenario.steps, 1):
        await player.take(step, f"{scenario.name}, step {place}")


@dataclass(frozen=True, slots=True)
class _Player:
    """One play.

    Attributes:
        names: what the names in braces stand for.
        saved: whole answers by their names.
    """

    client: Client
    scenario: str
    names: dict[str, str]
    saved: dict[str, JsonObject] = field(default_factory=dict)

    async def take(self, step: JsonObject, where: str) -> None:
        if "together" in step:
            answers = await asyncio.gather(*(self._request(each, where) for each in step["together"]))
            if "statuses" in step:
                assert sorted(answer.status for answer in answers) == sorted(step["statuses"]), where
        else:
            await self._request(step, where)

    async def _request(self, step: JsonObject, where: str) -> Answer:
        await asyncio.sleep(step.get("wait", 0))
        saves = step.get("save", {})
        request = named({name: held for name, held in step.items() if name != "save"}, self.names)
        answer = await self._send(request)
        said = f"{where}: {request['method']} {request['path'][:200]}: {answer.status} {answer.content[:2_000]!r}"
        _check_form(answer, said)
        await self._check(answer, request, said)
        for name, place in saves.items():
            self._save(name, place, answer)
        return answer

    async def _send(self, request: JsonObject) -> Answer:
        query = "&".join(f"{name}={quote_plus(text)}" for name, text in request.get("query", {}).items())
        headers = {name.lower().replace("-", "_"): text for name, text in request.get("headers", {}).items()}
        content = _content(request)
        if content is not None:
            headers = {"content_type": _SCIM_JSON} | headers
        path = request["path"] + (query and f"?{query}")
        return await self.client.send(request["method"], path, request.get("body"), content, **headers)

    async def _check(self, answer: Answer, request: JsonObject, said: str) -> None:
        expect = request["expect"]
        assert answer.status in _choices(expect["status"]), said
        if answer.status >= 400:
            assert answer.error[1] in _choices(expect.get("scimType")), said
        if "headers" in expect:
            shown = {name.lower(): text for name, text in answer.headers.items()}
            assert holds(shown, {name.lower(): text for name, text in expect["headers"].items()}), (said, shown)
        if "body" in expect:
            assert holds(answer.json, expect["body"]), said
        if "found" in expect:
            names = {identifier: name for name, identifier in self.names.items()}
            assert [names.get(each, each) for each in answer.ids] == expect["found"], said
        if "resource" in expect:
            await self._check_resource(answer, request, expect["resource"], said)
        if "same" in expect:
            assert answer.json == self.saved[expect["same"]], said
        for place, text in expect.get("differs", {}).items():
            assert _at(answer.json, place) not in {None, text}, said

    async def _check_resource(self, answer: Answer, request: JsonObject, expected: JsonObject, said: str) -> None:
        """The answer of a write shows the resource as it is read again, unless it shows nothing or a part of it."""
        endpoint, *rest = request["path"].partition("?")[0].strip("/").split("/")
        identifier = rest[0] if rest else answer.json["id"]
        read = await self.client.get(f"/{endpoint}/{identifier}")
        assert read.status == 200, said
        assert holds(read.json, expected), (said, read.content)
        if answer.content and "?" not in request["path"]:
            assert answer.json == read.json, (said, read.content)

    def _save(self, name: str, place: str | list[str], answer: Answer) -> None:
        if place == "":
            self.saved[name] = answer.json
            return
        where, pattern = place if isinstance(place, list) else (place, "(.*)")
        if where.startswith("header "):
            text = {each.lower(): text for each, text in answer.headers.items()}[where[7:].lower()]
        else:
            text = _at(answer.json, where)
        found = re.fullmatch(pattern, text)
        assert found, (name, text)
        self.names[name] = found[1]


def _content(request: JsonObject) -> bytes | None:
    if "bytes" in request:
        return bytes.fromhex(request["bytes"])
    return "".join(request["text"]).encode() if "text" in request else None


def _choices(expected: Json) -> list[Json]:
    return expected if isinstance(expected, list) else [expected]


def _at(body: Json, place: str) -> Any:  # noqa: ANN401 (whatever is there)
    for part in place.split("."):
        body = body[int(part)] if isinstance(body, list) else body.get(part) if isinstance(body, Mapping) else None
    return body


def _check_form(answer: Answer, said: str) -> None:
    """What holds for every answer: SCIM's media type where there is a body, and no body where there can be none."""
    if answer.status in _BODILESS:
        assert answer.content == b"", said
    else:
        types = [text for name, text in answer.headers.items() if name.lower() == "content-type"]
        assert len(types) == 1, said
        assert types[0].startswith(_SCIM_JSON), said
        json.loads(answer.content)
