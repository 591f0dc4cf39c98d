"""Filter and PATCH-path text: what is read, and what is refused with which sentence."""

import pytest

from scim.errors import InvalidFilter, InvalidPath
from scim.filters import (
    MAX_DEPTH,
    MAX_LENGTH,
    MAX_TERMS,
    And,
    Comparison,
    Filter,
    Not,
    Or,
    PatchPath,
    Present,
    ValuePath,
    parse,
    parse_path,
    render,
)

ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"


def eq(path: str, value: str | float | None) -> Comparison:
    return Comparison(path, "eq", value)


A, B, C = Present("a"), Present("b"), Present("c")
WORK = eq("type", "work")

RFC_EXAMPLES: list[tuple[str, Filter]] = [
    ('userName eq "bjensen"', eq("userName", "bjensen")),
    ('name.familyName co "O\'Malley"', Comparison("name.familyName", "co", "O'Malley")),
    (
        'urn:ietf:params:scim:schemas:core:2.0:User:userName sw "J"',
        Comparison("urn:ietf:params:scim:schemas:core:2.0:User:userName", "sw", "J"),
    ),
    ("title pr", Present("title")),
    ('meta.lastModified ge "2011-05-13T04:42:34Z"', Comparison("meta.lastModified", "ge", "2011-05-13T04:42:34Z")),
    ('title pr and userType eq "Employee"', And((Present("title"), eq("userType", "Employee")))),
    ('title pr or userType eq "Intern"', Or((Present("title"), eq("userType", "Intern")))),
    (f'schemas eq "{ENTERPRISE}"', eq("schemas", ENTERPRISE)),
    (
        'userType eq "Employee" and (emails co "example.com" or emails.value co "example.org")',
        And(
            (
                eq("userType", "Employee"),
                Or((Comparison("emails", "co", "example.com"), Comparison("emails.value", "co", "example.org"))),
            )
        ),
    ),
    (
        'userType ne "Employee" and not (emails co "example.com")',
        And((Comparison("userType", "ne", "Employee"), Not(Comparison("emails", "co", "example.com")))),
    ),
    (
        'userType eq "Employee" and emails[type eq "work" and value co "@example.com"]',
        And(
            (
                eq("userType", "Employee"),
                ValuePath("emails", And((WORK, Comparison("value", "co", "@example.com")))),
            )
        ),
    ),
    (
        'emails[type eq "work" and value co "@example.com"] or ims[type eq "xmpp" and value co "@foo.com"]',
        Or(
            (
                ValuePath("emails", And((WORK, Comparison("value", "co", "@example.com")))),
                ValuePath("ims", And((eq("type", "xmpp"), Comparison("value", "co", "@foo.com")))),
            )
        ),
    ),
]

FORMS: list[tuple[str, Filter]] = [
    ("a pr or b pr and c pr", Or((A, And((B, C))))),
    ("a pr and b pr or c pr", Or((And((A, B)), C))),
    ("(a pr or b pr) and c pr", And((Or((A, B)), C))),
    ("a pr and b pr and c pr", And((A, B, C))),
    ("a pr and (b pr and c pr)", And((A, And((B, C))))),
    ("(a pr or b pr) or c pr", Or((Or((A, B)), C))),
    ("((a pr))", A),
    ("not (a pr)", Not(A)),
    ("not(a pr)", Not(A)),
    ("NOT (not (a pr))", Not(Not(A))),
    ("not (a pr or b pr) and c pr", And((Not(Or((A, B))), C))),
    ("a PR AND b Pr Or c pR", Or((And((A, B)), C))),
    (" \t( a pr\r\n)and(b pr) ", And((A, B))),
    ('a eq"x"', eq("a", "x")),
    ('a EQ "x"', eq("a", "x")),
    ("a eq true", Comparison("a", "eq", True)),
    ("a eq False", Comparison("a", "eq", False)),
    ("a ne NULL", Comparison("a", "ne", None)),
    ("a gt 5", Comparison("a", "gt", 5)),
    ("a le -1.5e-3", Comparison("a", "le", -0.0015)),
    (r'a eq "\"\\\/\b\f\n\r\t\u00e9\ud83d\ude00"', eq("a", '"\\/\b\f\n\r\té😀')),
    ('a eq ""', eq("a", "")),
    ('a eq "é) or (b pr"', eq("a", "é) or (b pr")),
    ("not pr and and pr or or pr", Or((And((Present("not"), Present("and"))), Present("or")))),
    ('pr eq "eq" and eq pr', And((eq("pr", "eq"), Present("eq")))),
    ("$ref pr", Present("$ref")),
    (f'{ENTERPRISE}:manager.$ref eq "x"', eq(f"{ENTERPRISE}:manager.$ref", "x")),
    ("x_y-2 pr", Present("x_y-2")),
    ("a[not (b pr)]", ValuePath("a", Not(B))),
    ("a[(b pr or c pr) and b pr]", ValuePath("a", And((Or((B, C)), B)))),
    ('emails[type eq "work"].value eq "x"', ValuePath("emails", And((WORK, eq("value", "x"))))),
    ('emails[type eq "work"].value pr', ValuePath("emails", And((WORK, Present("value"))))),
    (
        'emails[type eq "work" and primary eq true].value eq "x"',
        ValuePath("emails", And((WORK, Comparison("primary", "eq", True), eq("value", "x")))),
    ),
    (
        'emails[type eq "work" or type eq "home"].value eq "x"',
        ValuePath("emails", And((Or((WORK, eq("type", "home"))), eq("value", "x")))),
    ),
    ('a pr and emails[type eq "work"].value eq "x"', And((A, ValuePath("emails", And((WORK, eq("value", "x"))))))),
]


@pytest.mark.parametrize(("text", "tree"), RFC_EXAMPLES + FORMS)
def test_a_filter_reads_as_its_tree(text: str, tree: Filter) -> None:
    assert repr(parse(text)) == repr(tree)


@pytest.mark.parametrize(("text", "tree"), RFC_EXAMPLES + FORMS)
def test_a_rendered_tree_reads_as_the_same_tree(text: str, tree: Filter) -> None:
    assert repr(parse(render(parse(text)))) == repr(tree)


@pytest.mark.parametrize(("text", "_"), RFC_EXAMPLES)
def test_the_standards_own_examples_render_as_written(text: str, _: Filter) -> None:
    assert render(parse(text)) == text


def test_letters_beyond_ascii_render_as_they_are() -> None:
    assert render(eq("a", "é😀")) == 'a eq "é😀"'


REFUSED = [
    ("", "At character 1 of the filter: expected an attribute path"),
    ("   ", "expected an attribute path, `not (` or `(`, but the filter ends there."),
    ("userName", "At character 9 of the filter: expected an operator"),
    ("userName is 5", "At character 10 of the filter: expected an operator"),
    ('usernameeq"x"', "expected an operator"),
    ("userName eq", "At character 12 of the filter: expected a value"),
    ("userName eq bjensen", "At character 13 of the filter: expected a value: a string goes in double quotes"),
    ("userName eq 'x'", "a string goes in double quotes"),
    ('userName eq "x', "expected a value"),
    (r'userName eq "\x"', "expected a value"),
    ('userName eq "a\nb"', "expected a value"),
    ("a eq 01", "expected a value"),
    ("a eq +1", "expected a value"),
    ("a eq .5", "expected a value"),
    ("a eq NaN", "expected a value"),
    ("a eq -Infinity", "expected a value"),
    ("a eq 1e999", "the number 1e999… is out of range"),
    ("a eq " + "9" * 5000, "is out of range"),
    (r'a eq "\u0000"', "NUL"),
    (r'a eq "\ud800"', "surrogate"),
    (r'a eq "\ude00\ud83d"', "surrogate"),
    ('a eq "\ud800"', "surrogate"),
    ("a pr b pr", "At character 6 of the filter: expected `and`, `or` or the end, but found 'b pr'."),
    ("a pr and", "At character 9 of the filter: expected an attribute path"),
    ("a pr or or b pr", "expected an operator"),
    ("and a pr", "expected an operator"),
    ("(a pr", "At character 6 of the filter: expected `)`, but the filter ends there."),
    ("a pr)", "At character 5 of the filter: expected `and`, `or` or the end, but found ')'."),
    ("()", "expected an attribute path"),
    ("not a pr", "expected an operator"),
    ("a[b pr", "expected `]`"),
    ("a[b pr)", "At character 7 of the filter: expected `and`, `or` or `]`"),
    ("(a pr]", "expected `and`, `or` or `)`"),
    ("a[]", "At character 3 of the filter: expected an attribute path"),
    ("a[b[c pr]]", "b[ stands inside brackets"),
    ("a[(b[c pr])]", "b[ stands inside brackets"),
    ("a[b pr].", "expected `and`, `or` or the end"),
    ("a[b pr].c", "expected an operator"),
    ("a[b pr].c.d pr", "expected an operator"),
    ("a.b.c pr", "expected an operator"),
    ("1a pr", "expected an attribute path"),
    ("a..b pr", "expected an operator"),
    ("\u017f pr", "expected an attribute path"),
    ('a eq "x" \x00', "expected `and`, `or` or the end"),
    ("a\u00a0pr", "expected an operator"),
]


@pytest.mark.parametrize(("text", "sentence"), REFUSED)
def test_a_filter_outside_the_grammar_is_refused_with_the_place_and_what_belongs_there(
    text: str, sentence: str
) -> None:
    with pytest.raises(InvalidFilter) as refused:
        parse(text)
    assert sentence in refused.value.detail


def test_an_error_shows_a_short_piece_of_the_filter_only() -> None:
    with pytest.raises(InvalidFilter) as refused:
        parse("a pr " + "x" * 10_000)
    assert len(refused.value.detail) < 200


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("externalId eq jyoung", "jyoung"),
        ("id eq 54D382A4-2050-4C03-94D1-E769F1D15682", "54D382A4-2050-4C03-94D1-E769F1D15682"),
        ("id eq 2819c223-7f76-453a-919d-413861904646", "2819c223-7f76-453a-919d-413861904646"),
        ('userName eq o"brien@example.com', 'o"brien@example.com'),
        ("a eq 5", 5),
        ("a eq True", True),
        ("a eq null", None),
        ('a eq "jyoung"', "jyoung"),
    ],
)
def test_an_unquoted_word_is_a_string_where_that_is_allowed(text: str, value: str | float | None) -> None:
    assert repr(parse(text, unquoted=True)) == repr(Comparison(text.partition(" ")[0], "eq", value))


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("(a eq x) and b eq y", And((eq("a", "x"), eq("b", "y")))),
        ("emails[type eq work].value eq x@y", ValuePath("emails", And((WORK, eq("value", "x@y"))))),
    ],
)
def test_an_unquoted_word_ends_before_a_blank_or_a_closing_mark(text: str, tree: Filter) -> None:
    assert parse(text, unquoted=True) == tree


@pytest.mark.parametrize("text", ['a eq "x', "a eq (x)", "a eq", "a eq \x01", "a eq x\ud800"])
def test_what_is_no_word_is_refused_even_where_words_are_allowed(text: str) -> None:
    with pytest.raises(InvalidFilter):
        parse(text, unquoted=True)


PATHS = [
    ("members", PatchPath("members")),
    ("name.givenName", PatchPath("name.givenName")),
    ("emails.value", PatchPath("emails.value")),
    (ENTERPRISE, PatchPath(ENTERPRISE)),
    (f"{ENTERPRISE}:manager.value", PatchPath(f"{ENTERPRISE}:manager.value")),
    ('members[value eq "2819c223"]', PatchPath("members", eq("value", "2819c223"))),
    ('emails[type eq "work"].value', PatchPath("emails", WORK, "value")),
    ('emails[type eq "]"].value', PatchPath("emails", eq("type", "]"), "value")),
    ('emails[value eq "].value"]', PatchPath("emails", eq("value", "].value"))),
    (
        'addresses[type eq "work" and not (primary eq true)].locality',
        PatchPath("addresses", And((WORK, Not(Comparison("primary", "eq", True)))), "locality"),
    ),
    (f'{ENTERPRISE}:manager[value eq "x"].$ref', PatchPath(f"{ENTERPRISE}:manager", eq("value", "x"), "$ref")),
    (" members ", PatchPath("members")),
]


@pytest.mark.parametrize(("text", "path"), PATHS)
def test_a_path_reads_as_attribute_filter_and_sub_attribute(text: str, path: PatchPath) -> None:
    assert parse_path(text) == path


def test_a_path_may_hold_an_unquoted_word_where_that_is_allowed() -> None:
    assert parse_path("roles[primary eq yes].value", unquoted=True) == PatchPath("roles", eq("primary", "yes"), "value")


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "1a",
        "[a pr]",
        "a b",
        "a.b.c",
        "a]",
        "a pr",
        'a eq "x"',
        "(a[b pr])",
        "not (a[b pr])",
        "a[b pr] and c[d pr]",
        'emails[type eq "work"].value eq "x"',
        'emails[type eq "work"].value pr',
        "__class__",
    ],
)
def test_what_is_no_path_is_refused_as_a_path(text: str) -> None:
    with pytest.raises(InvalidPath):
        parse_path(text)


@pytest.mark.parametrize("text", ["a[", "a[]", "a[b]", "a[b eq x]", "a[b pr", "a[b pr].c.d", "a[b[c pr]]", "a[b pr]c"])
def test_a_wrong_filter_in_a_path_is_refused_as_a_filter(text: str) -> None:
    with pytest.raises(InvalidFilter):
        parse_path(text)


def nested(opening: str, depth: int) -> str:
    return opening * depth + "a pr" + ")" * depth


@pytest.mark.parametrize(
    "text",
    [
        " or ".join(["a pr"] * MAX_TERMS),
        " and ".join(["a pr or b pr"] * (MAX_TERMS // 2)),
        nested("(", MAX_DEPTH),
        nested("not (", MAX_DEPTH),
        nested("(b pr and ", MAX_DEPTH),
        nested("not (b pr and ", MAX_DEPTH // 2),
        nested("(b pr and not (", MAX_DEPTH // 4) + ")" * (MAX_DEPTH // 4),
        'a eq "' + "x" * (MAX_LENGTH - 7) + '"',
    ],
    ids=["terms", "terms of both kinds", "parentheses", "negations", "conjunctions", "expressions", "both", "length"],
)
def test_a_filter_at_a_limit_is_read_rendered_compared_and_hashed(text: str) -> None:
    tree = parse(text)
    assert parse(render(tree)) == tree
    assert hash(tree) == hash(parse(text))


@pytest.mark.parametrize(
    ("text", "limit"),
    [
        (" or ".join(["a pr"] * (MAX_TERMS + 1)), "more than 1,000 terms"),
        (nested("(", MAX_DEPTH + 1), "more than 500 parentheses"),
        (nested("not (", MAX_DEPTH + 1), "more than 500 parentheses"),
        (f"not ({nested('not (b pr and ', MAX_DEPTH // 2)})", "more than 500 expressions"),
        ('a eq "' + "x" * (MAX_LENGTH - 6) + '"', "32,769 characters long; the limit is 32,768"),
    ],
    ids=["terms", "parentheses", "negations", "expressions", "length"],
)
def test_a_filter_past_a_limit_is_refused_with_the_limit(text: str, limit: str) -> None:
    with pytest.raises(InvalidFilter) as refused:
        parse(text)
    assert limit in refused.value.detail
