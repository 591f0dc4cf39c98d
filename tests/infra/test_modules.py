"""Modules, the files that templates read, parameters files and the linter's settings."""

import json
from pathlib import Path

import pytest

from tests.infra import checking
from tests.infra.conftest import Check

MODULE = (
    "@allowed(['x', 'y'])\nparam a string\nparam b int = 1\nparam c string?\noutput d object = { a: a, b: b, c: c }\n"
)


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ("a: 'x'", []),
        ("a: 'x', b: 2, c: null", []),
        ("a: 'x', b: null", []),
        ("a: toLower('x'), b: length('x')", []),
        ("b: 2", [("module-parameter", 1)]),
        ("a: 'z'", [("module-parameter", 3)]),
        ("a: 'x', e: 1", [("module-parameter", 3)]),
        ("a: 'x', b: '2'", [("module-parameter", 3)]),
        ("a: 'x', b: toLower('x')", [("module-parameter", 3)]),
        ("a: ['x']", [("module-parameter", 3)]),
    ],
)
def test_what_a_module_is_given(check: Check, arguments: str, expected: list[tuple[str, int]]) -> None:
    text = f"module m 'm.bicep' = {{\n  name: 'm'\n  params: {{ {arguments} }}\n}}\n"
    assert check(text, m=MODULE) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("module m 'n.bicep' = {\n  name: 'm'\n}\n", [("module-file", 1)]),
        ("module m 'm.bicep' = {\n  name: 'm'\n  parms: {}\n}\n", [("unknown-property", 3)]),
        ("module m 'm.bicep' = {\n  name: 'm'\n}\noutput x string = m.outputs.b\n", []),
        ("module m 'm.bicep' = {\n  name: 'm'\n}\noutput x string = m.outputs.c\n", [("output", 4)]),
        ("module m 'm.bicep' = {\n  name: 'm'\n}\noutput x string = m.b\n", [("output", 4)]),
        (
            "module m 'm.bicep' = [for i in range(0, 2): {\n  name: 'm'\n}]\noutput x string = m[0].outputs.c\n",
            [("output", 4)],
        ),
        ("output x int = 'b'\n", [("output", 1)]),
        ("output x array = [for i in range(0, 2): i]\n", []),
    ],
)
def test_what_is_read_of_a_module(check: Check, text: str, expected: list[tuple[str, int]]) -> None:
    assert check(text, m="output b string = 'b'\n") == expected


def test_files_that_are_read_exist(check: Check, tmp_path: Path) -> None:
    (tmp_path / "there.txt").write_text("x")
    assert check("output a string = loadTextContent('there.txt')\n") == []
    assert check("output a string = loadTextContent('elsewhere.txt')\n") == [("loaded-file", 1)]
    assert check("output a object = {\n  b: loadJsonContent('elsewhere.json')\n}\n") == [("loaded-file", 2)]
    assert check("output a string = loadTextContent(b)\nvar b = 'there.txt'\n") == [("loaded-file", 1)]


def test_a_module_may_be_json(check: Check) -> None:
    module = {"parameters": {"a": {"type": "String"}, "b": {"type": "array", "defaultValue": []}}, "resources": []}
    text = "module m 'm.json' = {\n  name: 'm'\n  params: { a: 'x' }\n}\n"
    assert check(text, m__json=json.dumps(module)) == []
    assert check(text.replace("a: 'x'", "a: 1"), m__json=json.dumps(module)) == [("module-parameter", 3)]
    assert check(text.replace("a: 'x'", "b: []"), m__json=json.dumps(module)) == [("module-parameter", 1)]
    assert check(text, m__json="{") == [("syntax", 1)]
    assert check(text, m__json="{}") == [("syntax", 1)]
    owner = {**module, "variables": {"owner": "8e3af657-a8ff-443c-a75c-2fe8c4bcb635"}}
    assert check(text, m__json=json.dumps(owner)) == [("role", 1)]
    telling = {**module, "outputs": {"key": {"type": "string", "value": "[listKeys(parameters('a'), '2030-01-01')]"}}}
    assert check(text, m__json=json.dumps(telling)) == [("told-secret", 1)]


MAIN = """\
@description('A.')
@allowed([1, 2])
param a int
@description('B.')
@secure()
param b string = ''
@description('C.')
param c array = []
output d object = { a: a, c: c, e: empty(b) }
"""


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"a": {"value": 1}}, []),
        ({"a": {"value": 1}, "c": {"value": ["x"]}, "b": {"value": ""}}, []),
        ({"a": {"value": "${NUMBER}"}, "b": {"reference": {"keyVault": {"id": "x"}, "secretName": "y"}}}, []),
        ({}, [("parameters-file", 1)]),
        ({"a": {"value": 3}}, [("parameters-file", 1)]),
        ({"a": {"value": "1"}}, [("parameters-file", 1)]),
        ({"a": {"values": 1}}, [("parameters-file", 1)]),
        ({"a": {"value": 1}, "f": {"value": 1}}, [("parameters-file", 1)]),
        ({"a": {"value": 1}, "c": {"value": {}}}, [("parameters-file", 1)]),
        ({"a": {"value": 1}, "b": {"value": "hush"}}, [("plain-secret", 1)]),
        ([], [("parameters-file", 1)]),
    ],
)
def test_parameters_files(check: Check, given: object, expected: list[tuple[str, int]], tmp_path: Path) -> None:
    rules = ["parameters-file", "plain-secret"]
    (tmp_path / "main.dev.parameters.json").write_text(json.dumps({"parameters": given}))
    assert check(MAIN, rules=rules) == expected


def test_parameters_files_without_a_template_are_a_finding(tmp_path: Path) -> None:
    (tmp_path / "main.parameters.json").write_text('{"parameters": {}}')
    (tmp_path / "other.bicep").write_text("output a int = 1\n")
    assert [each.rule for each in checking.findings(tmp_path, None)] == ["parameters-file"]


def test_parameters_files_have_lines(check: Check, tmp_path: Path) -> None:
    (tmp_path / "main.parameters.json").write_text(
        '{\n  "parameters": {\n    "a": {"value": 1},\n    "f": {"value": 1}\n  }\n}'
    )
    assert check(MAIN, rules=["parameters-file"]) == [("parameters-file", 4)]
    (tmp_path / "main.parameters.json").write_text('{\n  "parameters": {\n}')
    assert check(MAIN, rules=["parameters-file"]) == [("parameters-file", 3)]


@pytest.mark.parametrize(
    ("rules", "lines"),
    [
        ({"no-unused-params": {"level": "error"}, "use-safe-access": {"level": "off"}}, []),
        ({"no-used-params": {"level": "error"}}, [1]),
        ({"no-unused-params": {"level": "fatal"}}, [1]),
        ([], [1]),
    ],
)
def test_settings_of_the_linter(check: Check, rules: object, lines: list[int], tmp_path: Path) -> None:
    text = json.dumps({"analyzers": {"core": {"rules": rules}}})
    (tmp_path / "bicepconfig.json").write_text(text)
    assert check("output a int = 1\n") == [("linter-settings", line) for line in lines]
