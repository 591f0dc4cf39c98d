"""RFC 7644's own examples of bulk requests, with what they are answered there.

One file of the folder ``bulk`` is one request::

    description  what it does
    source       the section it stands in
    given        resources that exist already, by name
    request      the body
    results      what has to be in the result of each operation (null: must not be there)
    resources    what has to be in resources afterwards, by path (null: there must be none)

``{name}`` stands for the id of a given resource, or of the one that the operation of that bulkId creates,
``{name version}`` for its version, and ``{base}`` for the Base URL.
"""

import json
from pathlib import Path

import pytest

from scim.schema import JsonObject
from tests.client import PROFILE_NAMES, new_client
from tests.conformance.cases import holds, named
from tests.conformance.examiners import Record, examined

FILES = sorted(Path(__file__).with_name("bulk").glob("*.json"))
EXAMPLES = {file.stem: json.loads(file.read_text(encoding="utf-8")) for file in FILES}


@pytest.mark.parametrize("profile", PROFILE_NAMES)
@pytest.mark.parametrize("name", EXAMPLES)
async def test_an_example_of_the_standard_is_answered_as_it_says(
    name: str, profile: str, record_property: Record
) -> None:
    examined(record_property, "bulk", profile, 1)
    case = EXAMPLES[name]
    client = await new_client(profile)
    names: dict[str, str] = {"base": client.app.base_url(client.provider.name)}
    for given, resource in case["given"].items():
        created = (await client.post(resource["endpoint"], resource["body"])).json
        names |= {given: created["id"], f"{given} version": created["meta"]["version"]}
    answer = await client.post("/Bulk", named(case["request"], names))
    assert answer.status == 200, answer.content
    assert answer.json["schemas"] == ["urn:ietf:params:scim:api:messages:2.0:BulkResponse"]
    results: list[JsonObject] = answer.json["Operations"]
    for result in results:
        if result["status"] == "201":
            names[result["bulkId"]] = result["location"].rpartition("/")[2]
            names[f"{result['bulkId']} version"] = result["version"]
    assert len(results) == len(case["results"])
    for result, expected in zip(results, case["results"], strict=True):
        assert holds(result, named(expected, names)), result
    for path, expected in case["resources"].items():
        shown = await client.get(named(path, names))
        assert shown.status == (404 if expected is None else 200)
        assert expected is None or holds(shown.json, named(expected, names)), shown.json


def test_every_example_is_here() -> None:
    assert len(FILES) == 6
