"""What is read of a template, and what is said where it is none."""

from pathlib import Path

from tests.infra import reading
from tests.infra.conftest import Check
from tests.infra.expressions import Access, Call, Choice, Lambda, Literal, Loop, Name, Object, Operation, Text, When
from tests.infra.model import File


def read(text: str) -> File:
    file = reading.file(Path("main.bicep"), text)
    assert file.findings == []
    return file


def value(text: str) -> object:
    return read(f"var it = {text}\n").variables[0].value


def test_literals_and_texts() -> None:
    assert value("'it\\'s'") == Literal(1, "it's")
    assert value("-2") == Literal(1, -2)
    assert value("true") == Literal(1, True)
    assert value("null") == Literal(1, None)
    assert value("'''\na\n'''") == Literal(1, "\na\n")
    assert value("'a${b}'") == Text(1, (Literal(1, "a"), Name(1, "b")))
    assert value("'${b}'") == Text(1, (Name(1, "b"),))


def test_a_lambda_reaches_over_all_that_follows_its_arrow() -> None:
    found = value("filter(these, one => one.a == 'b')")
    assert isinstance(found, Call)
    body = Operation(1, "==", (Access(1, Name(1, "one"), "a"), Literal(1, "b")))
    assert found.arguments[1] == Lambda(1, ("one",), body)


def test_choices_calls_and_reads_that_expect_nothing() -> None:
    assert value("a ? 1 : 2") == Choice(1, Name(1, "a"), Literal(1, 1), Literal(1, 2))
    assert value("az.resourceGroup()") == Call(1, "resourceGroup", ())
    assert value("a.getSecret('b')") == Call(1, "getSecret", (Literal(1, "b"),), Name(1, "a"))
    assert value("a.?b") == Access(1, Name(1, "a"), "b", checked=True)
    assert value("a!.b") == Access(1, Name(1, "a"), "b", checked=True)


def test_every_part_knows_its_line_and_comments_are_nothing() -> None:
    found = value("{\n  // a comment\n  a: {\n    'b-c': 1 // another\n  }\n}")
    assert isinstance(found, Object)
    assert found.at("a", "b-c") == Literal(4, 1)
    assert found.at("a", "d") is None
    assert found.at("a", "b-c", "d") is None


def test_parameters_with_types_defaults_and_decorators() -> None:
    plain, union, listed, shape = read(
        "@description('A.')\n@secure()\nparam a string\n"
        "param b 'x' | 'y' = 'x'\nparam c string[]?\nparam d { e: int }\n"
    ).parameters
    assert plain.secure
    assert plain.required
    assert [each.name for each in plain.decorators] == ["description", "secure"]
    assert (union.type.kind, union.type.literals, union.required) == ("string", ("x", "y"), False)
    assert (listed.type.kind, listed.type.nullable, listed.required) == ("array", True, False)
    assert shape.type.kind == "object"


def test_resources_in_loops_under_conditions_and_inside_others() -> None:
    file = read(
        "resource a 'A.B/c@2030-01-01' = [for (x, i) in xs: if (x) {\n"
        "  name: 'n${i}'\n"
        "  resource d 'e' = {\n"
        "    name: 'm'\n"
        "    @description('inner')\n"
        "    resource f 'g@2031-01-01' = { name: 'k' }\n"
        "  }\n"
        "}]\n"
        "resource h 'A.B/c@2030-01-01' existing = { name: 'h' }\n"
    )
    a, d, f, h = file.resources
    assert (a.name, a.type, a.version, a.existing) == ("a", "A.B/c", "2030-01-01", False)
    assert isinstance(a.value, Loop)
    assert isinstance(a.value.body, When)
    assert (a.condition, a.loop and a.loop.names) == (Name(1, "x"), ("x", "i"))
    assert (d.type, d.version, d.outer) == ("A.B/c/e", "2030-01-01", a)
    assert (f.type, f.version, f.outer, f.line) == ("A.B/c/e/g", "2031-01-01", d, 6)
    assert f.decorator("description")
    assert h.existing


def test_a_file_that_is_no_template_has_a_finding_with_its_line(check: Check) -> None:
    assert ("syntax", 3) in check("var a = {\n  b: 1\n  c: \n}\noutput d object = a\n")
    # The first parser takes the next line's word for the value that it looked for; the second knows better.
    text = "var a = 1\nfoo\noutput b int = a\n"
    assert check(text, rules=["syntax", "pycep"]) == [("syntax", 1), ("pycep", 2)]


def test_no_other_rule_speaks_of_a_file_that_cannot_be_read(check: Check) -> None:
    assert {rule for rule, _ in check("var a = {\n  b: \n}\n")} == {"syntax"}


def test_what_only_the_second_parser_refuses_is_its_own_finding(check: Check) -> None:
    text = "var a = true\n  ? 1\n  : 2\noutput b int = a\n"
    assert check(text) == []
    assert check(text, rules=["pycep"]) == [("pycep", 2)]


def test_a_folder_without_templates_is_a_finding(check: Check, tmp_path: Path) -> None:
    check("var a = 1\n")
    (tmp_path / "main.bicep").unlink()
    assert reading.template(tmp_path).files == {}
