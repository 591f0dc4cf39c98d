"""Values against shapes, on types of our own making."""

import pytest

from tests.infra.conftest import Check
from tests.infra.resource_types import Types

HEAD = (
    "@description('P.')\nparam p string = 'On'\n@description('Q.')\nparam q int = 1\noutput o object = { p: p, q: q }\n"
)


@pytest.mark.parametrize(
    ("given", "rules"),
    [
        ("text: 'a', whole: 1, truth: true, any: { x: [1] }", []),
        ("text: p, whole: q, short: 'abc', few: 9", []),
        ("txt: 'a'", ["unknown-property"]),
        ("Text: 'a'", ["unknown-property"]),
        ("description: 'a'", []),
        ("made: 'a'", ["read-only"]),
        ("secret: 'a'", []),
        ("text: 1", ["wrong-kind"]),
        ("text: null", []),
        ("needed: null", ["wrong-kind"]),
        ("text: q", ["wrong-kind"]),
        ("text: length(p)", ["wrong-kind"]),
        ("text: toLower(p)", []),
        ("text: any(1)", []),
        ("text: union({}, {})", []),
        ("whole: '1'", ["wrong-kind"]),
        ("whole: q + 1", []),
        ("truth: 'true'", ["wrong-kind"]),
        ("truth: empty(p)", []),
        ("truth: q == 1 ? 'yes' : true", ["wrong-kind"]),
        ("few: 10", ["range"]),
        ("few: 0", ["range"]),
        ("short: 'a'", ["length"]),
        ("short: 'abcde'", ["length"]),
        ("short: 'a1'", ["pattern"]),
        ("short: 'a${p}'", []),
        ("closed: 'Off'", []),
        ("closed: p", []),
        ("closed: 'off'", ["enum"]),
        ("closed: 'Of${p}'", []),
        ("closed: q == 1 ? 'On' : 'Up'", ["enum"]),
        ("closed: 1", ["wrong-kind"]),
        ("closed: null", []),
        ("closed: {}.?x ?? 'On'", []),
        ("closed: {}.?x ?? 'Up'", ["enum"]),
        ("closed: (q == 1 ? 'Up' : null) ?? 'On'", ["enum"]),
        ("needed: (q == 1 ? true : null) ?? false", []),
        ("fixed: 'On'", []),
        ("fixed: 'Off'", ["enum"]),
        ("either: 'x'", []),
        ("either: { key: 'x' }", []),
        ("either: { kye: 'x' }", ["missing-property", "unknown-property"]),
        ("either: 1", ["wrong-kind"]),
        ("open: 'Up'", []),
        ("open: 1", ["wrong-kind"]),
        ("mixed: 5", []),
        ("mixed: 'Off'", ["enum"]),
        ("mixed: true", ["wrong-kind"]),
        ("items: [{ key: 'a' }, { key: p, size: 1 }]", []),
        ("items: [{ key: 'a' }, { size: 1 }]", ["missing-property"]),
        ("items: [{ key: 'a' }, { key: 'b' }, { key: 'c' }]", ["length"]),
        ("items: [for x in ['a']: { key: x }]", []),
        ("items: [for x in ['a']: { kye: x }]", ["missing-property", "unknown-property"]),
        ("items: concat([{ kye: 1 }], [])", []),
        ("items: { key: 'a' }", ["wrong-kind"]),
        ("items: empty(p) ? [] : [{ key: 1 }]", ["wrong-kind"]),
        ("map: { anything: 1, '${p}': 2 }", []),
        ("map: { anything: 'x' }", ["wrong-kind"]),
        ("figure: { shape: 'circle', radius: 1, colour: 'red' }", []),
        ("figure: { shape: 'circle', side: 1 }", ["missing-property", "unknown-property"]),
        ("figure: { shape: 'line' }", ["enum"]),
        ("figure: { radius: 1 }", ["missing-property"]),
        ("figure: { shape: p, radius: 1 }", []),
        ("text: 'a', text: 'b'", ["declared-twice"]),
    ],
)
def test_values(check: Check, own: Types, given: str, rules: list[str]) -> None:
    needed = "" if given.startswith("needed") else "needed: true, "
    thing = f"resource t 'Sample.Things/things@2030-01-01' = {{\n  name: 't'\n  properties: {{ {needed}{given} }}\n}}\n"
    text = HEAD + thing
    assert check(text, own) == [(rule, 8) for rule in rules]


def test_values_are_followed_through_variables_to_where_they_are_written(check: Check, own: Types) -> None:
    text = (
        f"{HEAD}var several = {{\n  needed: true\n  whole: 'one'\n}}\n"
        "resource t 'Sample.Things/things@2030-01-01' = {\n  name: 't'\n  properties: several\n}\n"
    )
    assert check(text, own) == [("wrong-kind", 8)]


@pytest.mark.parametrize(
    ("parameter", "found"),
    [
        ("@allowed(['On', 'Off'])\nparam r string = 'On'", False),
        ("@allowed(['On', 'Up'])\nparam r string = 'On'", True),
        ("param r 'On' | 'Up' = 'On'", True),
        ("param r string = 'Up'", True),
        ("param r string", False),
        ("param r string = ''", False),
    ],
)
def test_what_a_parameter_allows_must_fit_its_use(check: Check, own: Types, parameter: str, found: bool) -> None:
    text = (
        f"@description('R.')\n{parameter}\nresource t 'Sample.Things/things@2030-01-01' = {{\n  name: 't'\n"
        "  properties: { needed: true, closed: r }\n}\n"
    )
    assert [rule for rule, _ in check(text, own)] == (["enum"] if found else [])
