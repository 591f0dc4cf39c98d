"""What an announcement comes to, and examples of requests."""

import pytest

from scim import parameters
from scim.parameters import Capabilities
from scim.profiles import PROFILES
from scim.resources import read
from scim.schema import JsonObject, ResourceType, Schemas

SCHEMAS = Schemas.load()


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        ({}, Capabilities(bulk=False, sort=False, etag=False, cursor=False)),
        ({"bulk": {"supported": True}}, Capabilities(bulk=True, sort=False, etag=False, cursor=False)),
        ({"sort": {"supported": True}, "etag": {"supported": False}}, Capabilities(False, True, False, False)),
        ({"pagination": {"cursor": True}, "etag": {"supported": True}}, Capabilities(False, False, True, True)),
    ],
)
def test_capabilities_are_what_is_announced(config: JsonObject, expected: Capabilities) -> None:
    assert Capabilities.announced(config) == expected


def test_each_parameter_is_described_once_by_its_own_name() -> None:
    everything = parameters.components(Capabilities(True, True, True, True))
    assert all(shape["name"] == name and shape["description"] for name, shape in everything.items())
    assert {shape["in"] for shape in everything.values()} == {"path", "query", "header"}
    nothing = parameters.components(Capabilities(False, False, False, False))
    assert everything.keys() - nothing.keys() == {"sortBy", "sortOrder", "cursor", "If-Match", "If-None-Match"}


def test_lists_of_attributes_are_separated_by_commas() -> None:
    for name in ("attributes", "excludedAttributes"):
        shape = parameters.components(Capabilities(False, False, False, False))[name]
        assert (shape["style"], shape["explode"]) == ("form", False)


@pytest.mark.parametrize("kind", SCHEMAS.types.values(), ids=lambda kind: kind.name)
def test_an_example_of_a_resource_is_one(kind: ResourceType) -> None:
    reading = read(kind, parameters.example(kind))
    assert not reading.notes
    assert reading.resource["schemas"] == [kind.schema.id]


def test_departures_are_the_switches_that_are_not_as_the_standard_has_them() -> None:
    assert PROFILES["rfc"].departures() == {}
    assert PROFILES["okta"].departures() == {"ignore_unknown_schemas": True}
    assert PROFILES["rfc"].override({"unique_group_names": "off"}).departures() == {"unique_group_names": False}
    assert PROFILES["entra"].departures()["replace_members"] == "add"
