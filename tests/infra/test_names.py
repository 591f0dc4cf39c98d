"""Names, functions and what is known when."""

import pytest

from tests.infra.conftest import Check

HEAD = "@description('A.')\nparam a string\n"
RESOURCE = "resource r 'A.B/c@2030-01-01' = {\n  name: a\n}\n"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("output b string = a\n", []),
        ("output a string = a\n", []),
        ("output b string = c\n", [("unused", 2), ("undeclared", 3)]),
        ("var a = 1\noutput b string = a\n", [("declared-twice", 3)]),
        ("output b string = a\noutput b string = a\n", [("declared-twice", 4)]),
        ("var b = a\n", [("unused", 3)]),
        ("output b array = [for x in [a]: x]\n", []),
        ("output b array = [for x in [x]: x]\n", [("unused", 2), ("undeclared", 3)]),
        ("output b array = map([a], x => '${x}${a}')\n", []),
        ("output b array = concat(map([a], x => x), [x])\n", [("undeclared", 3)]),
        ("output b array = map([a], x => '${x}${c}')\n", [("undeclared", 3)]),
        ("output b thing = a\n", [("undeclared", 3)]),
        ("@description('C.')\nparam c thing = a\noutput b string = c\n", [("undeclared", 4)]),
        ("@allowed([c])\n@description('C.')\nparam d string\noutput b string = '${a}${d}'\n", [("undeclared", 3)]),
        ("type thing = string\noutput b thing = a\n", []),
        ("type thing = string\noutput b string = a\n", [("unused", 3)]),
        ("type other = string\ntype thing = { x: other }\noutput b thing = { x: a }\n", []),
        ("func twice(x string) string => '${x}${x}'\noutput b string = twice(a)\n", []),
        (f"{RESOURCE}resource s 'A.B/c@2030-01-01' existing = {{\n  name: 's'\n}}\n", [("unused", 6)]),
    ],
)
def test_names(check: Check, text: str, expected: list[tuple[str, int]]) -> None:
    assert check(HEAD + text) == expected


def test_a_resource_inside_another_is_known_inside_and_by_way_of_it(check: Check) -> None:
    inside = (
        "resource r 'A.B/c@2030-01-01' = {\n  name: a\n  resource d 'd' = {\n    name: 'd'\n  }\n"
        "  resource e 'e' = {\n    name: d.name\n  }\n}\n"
    )
    assert check(f"{HEAD}{inside}output b string = r::d.name\n") == []
    assert check(f"{HEAD}{inside}output b string = d.name\n") == [("undeclared", 12)]
    assert check(f"{HEAD}{inside}output b string = r::f.name\n") == [("undeclared", 12)]


def test_what_exists_inside_another_is_used_by_way_of_it(check: Check) -> None:
    text = (
        "resource r 'A.B/c@2030-01-01' existing = {\n  name: a\n  resource d 'd' existing = {\n    name: 'd'\n  }\n}\n"
    )
    assert check(f"{HEAD}{text}output b string = r::d.name\n") == []
    assert check(f"{HEAD}{text}output b string = r.name\n") == [("unused", 5)]


@pytest.mark.parametrize(
    ("decorator", "found"),
    [
        ("@minLength(1)", False),
        ("@sys.minLength(1)", False),
        ("@secure()", False),
        ("@minLength()", True),
        ("@batchSize(1)", True),
        ("@maximumLength(1)", True),
        ("@description('twice')", True),
    ],
)
def test_decorators(check: Check, decorator: str, found: bool) -> None:
    text = f"@description('A.')\n{decorator}\nparam a string\nvar b = a\n{RESOURCE.replace('name: a', 'name: b')}"
    assert check(text) == ([("decorator", 2)] if found else [])


@pytest.mark.parametrize(
    ("call", "rules"),
    [
        ("toLower(a)", []),
        ("az.resourceGroup().id", []),
        ("sys.guid(a, a, a)", []),
        ("lower(a)", ["function"]),
        ("toLower(a, a)", ["arguments"]),
        ("replace(a, 'b')", ["arguments"]),
        ("guid()", ["arguments"]),
        ("utcNow()", ["function"]),
        ("r.tell()", ["function"]),
    ],
)
def test_functions(check: Check, call: str, rules: list[str]) -> None:
    assert check(f"{HEAD}{RESOURCE}output b string = {call}\n") == [(rule, 6) for rule in rules]


def test_the_time_is_for_defaults_only(check: Check) -> None:
    assert check("@description('A.')\nparam a string = utcNow('u')\noutput b string = a\n") == []


@pytest.mark.parametrize(
    ("default", "rules"),
    [
        ("string = 'b'", []),
        ("string = a", []),
        ("int = 'b'", ["default"]),
        ("string = b", ["default"]),
        ("string = empty(a)", ["default"]),
        ("array = 'b'", ["default"]),
    ],
)
def test_defaults(check: Check, default: str, rules: list[str]) -> None:
    text = f"{HEAD}var b = a\n@description('C.')\nparam c {default}\noutput d object = {{ b: b, c: c }}\n"
    assert check(text) == [(rule, 5) for rule in rules]


@pytest.mark.parametrize(
    ("decorator", "default", "found"),
    [
        ("@allowed(['x', 'y'])", "'x'", False),
        ("@allowed(['x', 'y'])", "'z'", True),
        ("@minLength(2)", "'x'", True),
        ("@maxLength(2)", "'xyz'", True),
        ("@maxLength(2)", "'xy'", False),
    ],
)
def test_a_default_keeps_to_what_its_parameter_allows(check: Check, decorator: str, default: str, found: bool) -> None:
    text = f"@description('A.')\n{decorator}\nparam a string = {default}\noutput b string = a\n"
    assert check(text) == ([("default", 3)] if found else [])


def test_what_needs_itself_is_found_and_ends_no_other_rule(check: Check) -> None:
    assert check("var a = b\nvar b = c\nvar c = a\nvar d = d\n") == [
        ("circle", 1), ("circle", 2), ("circle", 3), ("circle", 4),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "rules"),
    [
        ("guid(r.id)", []),
        ("guid(r.name, a)", []),
        ("guid(r.properties.x)", ["too-late"]),
        ("guid(late)", ["too-late"]),
        ("guid(r.location)", ["too-late"]),
        ("reference(r.id).x", ["too-late"]),
    ],
)
def test_a_name_must_be_known_before_deployment(check: Check, name: str, rules: list[str]) -> None:
    late = "var late = r.properties.y\noutput l string = late\n"
    text = f"{HEAD}{RESOURCE}{late}resource s 'A.B/c@2030-01-01' = {{\n  name: {name}\n}}\n"
    assert check(text, rules=["too-late"]) == [(rule, 9) for rule in rules]


@pytest.mark.parametrize(
    ("text", "rules"),
    [
        ("output b array = [for x in r.properties.all: x]\n", ["too-late"]),
        ("output b object = { c: [for x in r.properties.all: x] }\n", ["too-late"]),
        ("resource s 'A.B/c@2030-01-01' = if (r.properties.on) {\n  name: a\n}\n", ["too-late"]),
        ("resource s 'A.B/c@2030-01-01' = if (r.id == a) {\n  name: a\n}\n", []),
        ("resource s 'A.B/c@2030-01-01' = [for x in [a]: {\n  name: x\n}]\n", []),
    ],
)
def test_so_must_loops_and_conditions(check: Check, text: str, rules: list[str]) -> None:
    assert check(f"{HEAD}{RESOURCE}{text}", rules=["too-late"]) == [(rule, 6) for rule in rules]


@pytest.mark.parametrize(
    ("read", "found"),
    [("r.id", False), ("r.properties.x", True), ("r!.properties.x", False), ("r.?properties.x", False)],
)
def test_what_may_be_absent_is_not_read_as_if_it_were_there(check: Check, read: str, found: bool) -> None:
    text = f"{HEAD}{RESOURCE.replace('= {', '= if (!empty(a)) {')}output b string = {read}\n"
    assert check(text, rules=["may-be-absent"]) == ([("may-be-absent", 6)] if found else [])


def test_parameters_of_the_whole_are_described_and_those_of_modules_need_not_be(check: Check) -> None:
    text = "param a string\nmodule m 'm.bicep' = {\n  name: 'm'\n  params: { a: a }\n}\n"
    assert check(text, m="param a string\noutput b string = a\n") == [("description", 1)]


@pytest.mark.parametrize(
    ("address", "found"),
    [
        ("https://a.blob.core.windows.net", True),
        ("https://schema.management.azure.com/x", False),
        ("https://a.example.net", False),
    ],
)
def test_no_address_is_one_clouds_only(check: Check, address: str, found: bool) -> None:
    assert check(f"output a string = '{address}'\n") == ([("one-cloud", 1)] if found else [])
