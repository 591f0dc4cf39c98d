"""Resources as a whole, where they are put and what is read of them, on types of our own making."""

import json

import pytest

from tests.infra import resource_types
from tests.infra.conftest import Check
from tests.infra.resource_types import Types


def made(name: str, kind: str, *properties: str, existing: bool = False) -> str:
    """A resource of one line for each property."""
    lines = "".join(f"  {each}\n" for each in properties)
    return f"resource {name} 'Sample.Things/{kind}' {'existing ' if existing else ''}= {{\n{lines}}}\n"


THING, NOTE, PART = "things@2030-01-01", "notes@2030-01-01", "things/parts@2030-01-01"
CONTINENT, SETTINGS = "continents@2030-01-01", "things/settings@2030-01-01"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (made("t", "thing@2030-01-01", "name: 't'"), [("resource-type", 1)]),
        (made("t", "things@2030-01-02", "name: 't'"), [("api-version", 1)]),
        (made("t", "THINGS@2030-01-01", "name: 't'"), []),
        (made("t", THING, "properties: {}"), [("missing-property", 1), ("missing-property", 2)]),
        (made("t", THING, "name: 't'", "id: 't'"), [("read-only", 3)]),
        (made("t", THING, "name: 't'", existing=True) + "output i string = t.id\n", []),
        (made("t", THING, existing=True) + "output i string = t.id\n", [("missing-property", 1)]),
        (
            made("t", THING, "name: 't'", "properties: {}", existing=True) + "output i string = t.id\n",
            [("existing", 3)],
        ),
        (made("n", NOTE, "name: 'n'", "scope: t") + made("t", THING, "name: 't'"), []),
        (made("t", THING, "name: 't'", "scope: n") + made("n", NOTE, "name: 'n'"), [("scope", 3)]),
        (made("c", CONTINENT, "name: 'c'"), [("scope", 1)]),
        ("targetScope = 'subscription'\n" + made("c", CONTINENT, "name: 'c'"), []),
        (made("t", PART, "name: 't/p'"), []),
        (made("t", PART, "name: 'p'"), [("parent", 2)]),
        (made("t", PART, "name: '${resourceGroup().name}/p'"), []),
        (made("s", SETTINGS, "name: 't/map'", "properties: { a: 1 }"), []),
        (made("s", SETTINGS, "name: 't/text'", "properties: { a: 1 }"), [("wrong-kind", 3)]),
        (made("s", SETTINGS, "name: 't/list'", "properties: { a: 1 }"), [("enum", 2)]),
        (made("s", SETTINGS, "name: 't/map'"), [("missing-property", 1)]),
        (made("s", SETTINGS, "name: 't/map'", "properties: { a: 1 }", "id: 'x'"), [("read-only", 4)]),
        (made("s", SETTINGS, "name: 't/${resourceGroup().name}'", "properties: 1"), []),
        (made("t", PART, "name: '${resourceGroup().name}p'"), [("parent", 2)]),
    ],
)
def test_resources(check: Check, own: Types, text: str, expected: list[tuple[str, int]]) -> None:
    assert check(text, own) == expected


@pytest.mark.parametrize(
    ("parent", "name", "rules"),
    [("t", "p", []), ("t", "t/p", ["parent"]), ("n", "p", ["parent"]), ("many[0]", "p", []), ("many", "p", ["parent"])],
)
def test_parents(check: Check, own: Types, parent: str, name: str, rules: list[str]) -> None:
    text = (
        f"resource c 'Sample.Things/things/parts@2030-01-01' = {{\n  name: '{name}'\n  parent: {parent}\n}}\n"
        "resource t 'Sample.Things/things@2030-01-01' = {\n  name: 't'\n}\n"
        "resource many 'Sample.Things/things@2030-01-01' = [for x in ['a']: {\n  name: x\n}]\n"
        "resource n 'Sample.Things/notes@2030-01-01' = {\n  name: 'n'\n}\n"
    )
    assert [rule for rule, _ in check(text, own)] == rules


@pytest.mark.parametrize(
    ("read", "found"),
    [
        ("t.id", False), ("t.properties.text", False), ("t.properties.made", False), ("t.properties.txt", True),
        ("t.propertys.text", True), ("t.properties.items[0].key", False), ("t.properties.items[0].kye", True),
        ("t.properties.map.whatever", False), ("t.properties.any.x.y", False), ("t.properties.figure.side", False),
        ("t.properties.figure.depth", True), ("t.properties.secret", True), ("many[0].properties.txt", True),
    ],
)  # fmt: skip
def test_reads(check: Check, own: Types, read: str, found: bool) -> None:
    text = (
        f"output o string = 'o${{{read}}}'\nresource t 'Sample.Things/things@2030-01-01' = {{\n  name: 't'\n}}\n"
        "resource many 'Sample.Things/things@2030-01-01' = [for x in ['a']: {\n  name: x\n}]\n"
    )
    assert check(text, own) == ([("unknown-access", 1)] if found else [])


def test_the_public_data_has_what_the_rules_know_of(types: Types) -> None:
    """No kind of type, flag or limit is there that the rules would pass over."""
    known = {
        "AnyType", "ArrayType", "BooleanType", "DiscriminatedObjectType", "IntegerType", "ObjectType", "ResourceType",
        "StringLiteralType", "StringType", "UnionType",
    }  # fmt: skip
    place = resource_types.folder()
    assert place
    said = [each for path in sorted(place.glob("*.json")) for each in json.loads(path.read_text())]
    assert {each["$type"] for each in said} == known
    flags = {each["flags"] for one in said for each in one.get("properties", one.get("baseProperties", {})).values()}
    assert flags <= {0, 1, 2, 3, 4, 8, 9, 10}
    assert types.get("Microsoft.Storage/storageAccounts", "2025-06-01")
    assert types.versions("microsoft.storage/STORAGEACCOUNTS") == ["2025-06-01"]
