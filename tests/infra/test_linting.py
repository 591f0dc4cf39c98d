"""The rules of Bicep's linter that are imitated here."""

import pytest

from tests.infra.conftest import Check
from tests.infra.linter_settings import RULES

HEAD = "@description('A.')\nparam a string\n"
R = "resource r 'A.B/c@2030-01-01' = {\n  name: a\n}\n"
S = "resource s 'A.B/c@2030-01-01' = {\n  name: 's'\n  GIVEN\n  dependsOn: [r]\n}\n"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("output b string = concat(a, 'b')\n", [("prefer-interpolation", 3)]),
        ("output b array = concat([a], ['b'])\n", []),
        ("output b string = '${a}'\n", [("simplify-interpolation", 3)]),
        ("output b string = '${a}b'\n", []),
        ("output b object = { '${a}': 1 }\n", []),
        ("output b string = '${length(a)}'\n", []),
        ("output b object? = json('null')\n", [("simplify-json-null", 3)]),
        ("output b string = '${a}${resourceGroup().location}'\n", [("no-loc-expr-outside-params", 3)]),
        ("@description('L.')\nparam l string = resourceGroup().location\noutput b string = '${a}${l}'\n", []),
        (R.replace("}\n", "  location: 'westeurope'\n}\n"), [("no-hardcoded-location", 5)]),
        (R.replace("}\n", "  location: 'global'\n}\n"), []),
        (R.replace("}\n", "  location: l\n}\n") + "var l = 'westeurope'\n", [("no-hardcoded-location", 5)]),
        (R.replace("}\n", "  location: a\n}\n"), []),
        (R + S.replace("GIVEN", "tags: {}"), []),
        (R + S.replace("GIVEN", "tags: { r: r.id }"), [("no-unnecessary-dependson", 9)]),
        (R + S.replace("GIVEN", "tags: { r: id }") + "var id = r.id\n", [("no-unnecessary-dependson", 9)]),
        (R + S.replace("GIVEN", "tags: map([a], r => r)"), []),
        (
            "@description('P.')\nparam password string\noutput b string = '${a}${password}'\n",
            [("secure-secrets-in-params", 4)],
        ),
        ("@description('P.')\nparam secretUrl string\noutput b string = '${a}${secretUrl}'\n", []),
        ("@description('P.')\n@secure()\nparam password string\noutput b bool = a == password\n", []),
    ],
)  # fmt: skip
def test_linting(check: Check, text: str, expected: list[tuple[str, int]]) -> None:
    rules = {rule for rule in RULES if not rule.startswith("use-")}
    assert check(HEAD + text, rules=rules) == expected


def test_a_module_is_not_told_where_to_be_either(check: Check) -> None:
    text = "module m 'm.bicep' = {\n  name: 'm'\n  params: {\n    location: 'westeurope'\n  }\n}\n"
    assert check(text, m="param location string\noutput o string = location\n") == [("no-hardcoded-location", 4)]
