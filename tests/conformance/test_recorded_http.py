"""Recorded requests through the whole service, on tables in memory."""

from dataclasses import replace
from urllib.parse import quote_plus

import pytest

from scim.profiles import PROFILES, SWITCHES
from scim.resources import Note
from tests.client import Answer, Client, lines_of_the_service, new_client
from tests.conformance.cases import Case, holds, load, named


async def given(case: Case) -> tuple[Client, dict[str, str]]:
    """A client of the case's profile, and the ids of what exists already by name."""
    client = await new_client("rfc", cache_seconds=0)
    ids: dict[str, str] = {}
    for name, resource in case.given.items():
        created = await client.post(resource["endpoint"], named(resource["body"], ids))
        assert created.status == 201, created.content
        ids[name] = created.json["id"]
    switches = {name: getattr(PROFILES[case.profile], name) for name in SWITCHES}
    words = {name: value if isinstance(value, str) else "on" if value else "off" for name, value in switches.items()}
    return replace(client, provider=await client.app.providers.set(client.provider.name, words)), ids


async def send(client: Client, case: Case, ids: dict[str, str]) -> Answer:
    """The recorded request."""
    request = named(case.request, ids)
    query = "&".join(f"{name}={quote_plus(text)}" for name, text in request.get("query", {}).items())
    return await client.send(request["method"], request["path"] + (query and f"?{query}"), request.get("body"))


@pytest.mark.parametrize("case", load(), ids=lambda case: case.name)
async def test_a_recorded_request_is_answered_as_expected(case: Case) -> None:
    client, ids = await given(case)
    expect = named(case.expect, ids)
    answer = await send(client, case, ids)
    assert answer.status == expect["status"], answer.content
    if answer.status >= 400:
        assert answer.error == (expect["status"], expect.get("scimType"))
    if "found" in expect:
        assert answer.ids == [ids[name] for name in expect["found"]]
    if "resource" in expect:
        shown = answer if answer.content else await client.get(named(case.request["path"], ids))
        assert holds(shown.json, expect["resource"]), shown.json
        assert (await client.get(f"{endpoint(case)}/{shown.json['id']}")).json == shown.json


@pytest.mark.parametrize("case", [case for case in load() if "notes" in case.expect], ids=lambda case: case.name)
async def test_what_was_bent_for_a_recorded_request_is_told_and_recorded(case: Case) -> None:
    client, ids = await given(case)
    directory = client.app.providers.directory(client.provider)
    before = [change async for change in directory.changes()]
    with lines_of_the_service() as lines:
        await send(client, case, ids)
    assert lines[-1]["quirks"] == sorted(case.expect["notes"])
    written = [change async for change in directory.changes()][len(before) :]
    for change in written:
        assert {note.quirk for note in change.notes} == set(case.expect["notes"])
    if not written:
        assert not any(Note(quirk, "").skipped for quirk in case.expect["notes"])


def endpoint(case: Case) -> str:
    return "/" + str(case.request["path"]).split("/")[1]
