"""Every case through the whole service, on tables in memory."""

import pytest

from scim.resources import Note
from scim.schema import Schemas
from tests.client import Client, connected, lines_of_the_service, new_app
from tests.conformance.cases import Case, Scenario, load, named, scenarios
from tests.conformance.examiners import Record, examined, suite
from tests.conformance.playing import play
from tests.faults.invariants import assert_clean

NOTED = [case for case in load() if "notes" in case.expect]
PLAYED = [(scenario, profile) for scenario in scenarios() for profile in scenario.profiles]


@pytest.mark.parametrize(
    ("scenario", "profile"), PLAYED, ids=[f"{scenario.name}-{profile}" for scenario, profile in PLAYED]
)
async def test_every_request_is_answered_as_expected(
    scenario: Scenario, profile: str, schemas: Schemas, record_property: Record
) -> None:
    app = new_app(None, **scenario.settings)
    client = await connected(Client, app, profile=profile, **scenario.switches)
    await play(client, scenario)
    await assert_clean(app.tables.rows(client.provider.table, client.provider.table), schemas)
    examined(record_property, suite(scenario), profile, 1)


@pytest.mark.parametrize("case", NOTED, ids=lambda case: case.name)
async def test_what_was_bent_for_a_recorded_request_is_told_and_recorded(case: Case) -> None:
    client = await connected(Client, new_app(), profile=case.profile)
    ids: dict[str, str] = {}
    for name, resource in case.given.items():
        ids[name] = (await client.post(resource["endpoint"], named(resource["body"], ids))).json["id"]
    directory = client.app.providers.directory(client.provider)
    before = [change async for change in directory.changes()]
    request = named(case.request, ids)
    with lines_of_the_service() as lines:
        await client.send(request["method"], request["path"], request.get("body"))
    assert lines[-1]["quirks"] == sorted(case.expect["notes"])
    written = [change async for change in directory.changes()][len(before) :]
    for change in written:
        assert {note.quirk for note in change.notes} == set(case.expect["notes"])
    if not written:
        assert not any(Note(quirk, "").skipped for quirk in case.expect["notes"])
