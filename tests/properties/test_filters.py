"""Laws of filter text: what is rendered reads back, and any text is read or refused in a sentence."""

import time
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scim.errors import InvalidFilter, InvalidPath
from scim.filters import (
    MAX_DEPTH,
    MAX_TERMS,
    And,
    Comparison,
    Filter,
    Literal,
    Not,
    Or,
    PatchPath,
    Present,
    ValuePath,
    parse,
    parse_path,
    render,
)

OPERATORS = ("eq", "ne", "co", "sw", "ew", "gt", "ge", "lt", "le")

names = st.from_regex(r"\A(\$ref|[A-Za-z][A-Za-z0-9_-]{0,5}|and|or|pr|eq|true|null)\Z")
paths = st.one_of(
    names,
    st.builds("{}.{}".format, names, names),
    st.builds("urn:ietf:params:scim:schemas:core:2.0:User:{}".format, names),
)
characters = st.characters(exclude_categories=["Cs"], exclude_characters="\0")
literals: st.SearchStrategy[Literal] = st.one_of(
    st.text(characters, max_size=8),
    st.booleans(),
    st.none(),
    st.integers(),
    st.floats(allow_nan=False, allow_infinity=False),
)


def questions_of(attribute_paths: st.SearchStrategy[str]) -> st.SearchStrategy[Filter]:
    comparisons = st.builds(Comparison, attribute_paths, st.sampled_from(OPERATORS), literals)
    return st.one_of(comparisons, st.builds(Present, attribute_paths))


def expressions(terms: st.SearchStrategy[Filter], leaves: int = 8) -> st.SearchStrategy[Filter]:
    """Terms joined and negated in every way."""

    def joined(inner: st.SearchStrategy[Filter]) -> st.SearchStrategy[Filter]:
        several = st.lists(inner, min_size=2, max_size=4).map(tuple)
        return st.one_of(st.builds(Not, inner), st.builds(And, several), st.builds(Or, several))

    return st.recursive(terms, joined, max_leaves=leaves)


value_paths = st.builds(ValuePath, names, expressions(questions_of(paths), 4))
filters = expressions(st.one_of(questions_of(paths), value_paths))


def same(left: Filter, right: Filter) -> bool:
    """Equal, where 1, 1.0 and true are three different things."""
    return repr(left) == repr(right)


@given(filters)
def test_what_is_rendered_reads_back_as_it_was(tree: Filter) -> None:
    assert same(parse(render(tree)), tree)


@given(names, st.none() | expressions(questions_of(paths), 4), st.none() | names)
def test_a_path_reads_back_as_it_was(path: str, selection: Filter | None, sub: str | None) -> None:
    if selection is None:
        assert parse_path(path) == PatchPath(path)
        return
    text = f"{path}[{render(selection)}]" + (f".{sub}" if sub else "")
    assert repr(parse_path(text)) == repr(PatchPath(path, selection, sub))


@st.composite
def spellings(draw: st.DrawFn, tree: Filter) -> str:
    """One of the texts that mean the tree: blanks, letter case and parentheses as a client may have them."""
    blank = draw(st.sampled_from([" ", "  "]))

    def word(text: str) -> str:
        return draw(st.sampled_from([text, text.upper(), text.capitalize()]))

    def spell(node: Filter) -> str:
        match node:
            case Comparison(path, operator, _):
                literal = render(node).removeprefix(f"{path} {operator} ")
                gap = draw(st.sampled_from(["", blank])) if literal.startswith('"') else blank
                return f"{path}{blank}{word(operator)}{gap}{literal}"
            case Present(path):
                return f"{path}{blank}{word('pr')}"
            case Not(term):
                return f"{word('not')}{draw(st.sampled_from(['', blank]))}({spell(term)})"
            case ValuePath(path, term):
                return f"{path}[{spell(term)}]"
            case And(terms):
                return f"{blank}{word('and')}{blank}".join(
                    [f"({spell(term)})" if isinstance(term, And | Or) else spell(term) for term in terms]
                )
            case Or(terms):
                always = draw(st.booleans())
                return f"{blank}{word('or')}{blank}".join(
                    [f"({spell(term)})" if always or isinstance(term, Or) else spell(term) for term in terms]
                )

    return spell(tree)


@settings(max_examples=200, deadline=None)
@given(filters.flatmap(lambda tree: st.tuples(st.just(tree), spellings(tree))))
def test_blanks_case_and_parentheses_change_nothing(example: tuple[Filter, str]) -> None:
    tree, text = example
    assert same(parse(text), tree)


CLAUSES = ("a pr", 'a eq "x"', "c.d CO 5", "$ref eq true", "a[b pr]", 'a[b pr].d eq "x"')
MARKS = ("and", "Or", "(", ")", "not (", "a[", "]", "].d", "pr", "eq", "a", "5", '"x"', "null")
oddities = ('"', "\\", r"\ud800", "urn:", ":", "-", ".", "1e999", "\0", "\ud800", 'emails[type eq "work"].value')
fragments = st.sampled_from(CLAUSES) | st.sampled_from(MARKS) | st.sampled_from(oddities)
soup = st.one_of(
    st.text(max_size=60), st.lists(fragments, max_size=20).map(" ".join), st.lists(fragments, max_size=20).map("".join)
)


def refusal(read: Callable[[], object]) -> str | None:
    """The sentence a text is refused with; None where it is read."""
    try:
        read()
    except (InvalidFilter, InvalidPath) as refused:
        return refused.detail
    return None


@given(soup, st.booleans())
def test_any_text_is_read_or_refused_in_a_sentence(text: str, unquoted: bool) -> None:
    sentence = refusal(lambda: parse(text, unquoted=unquoted))
    if sentence is None:
        tree = parse(text, unquoted=unquoted)
        assert same(parse(render(tree)), tree)
    else:
        assert sentence.endswith(".")
    assert (refusal(lambda: parse_path(text, unquoted=unquoted)) or ".").endswith(".")


type Write = Callable[[int], str]


def duration(text: str) -> float:
    def once() -> float:
        start = time.perf_counter()
        parse(text)
        return time.perf_counter() - start

    return min(once() for _ in range(7))


@pytest.mark.parametrize(
    ("write", "size"),
    [
        (lambda n: " and ".join(['a eq "x"'] * n), MAX_TERMS),
        (lambda n: " or ".join(["a[b pr]"] * n), MAX_TERMS),
        (lambda n: "(" * n + "a pr" + ")" * n, MAX_DEPTH),
        (lambda n: "not (b pr and " * n + "a pr" + ")" * n, MAX_DEPTH // 2),
        (lambda n: 'a eq "' + "\\\\" * n + '"', 16_000),
        (lambda n: "a pr" + " " * n, 32_000),
    ],
    ids=["terms", "value paths", "parentheses", "nested terms", "escapes", "blanks"],
)
def test_the_time_to_read_grows_with_the_length(write: Write, size: int) -> None:
    """Eight times the length takes about eight times as long; were it quadratic, sixty-four times."""
    assert duration(write(size)) < 32 * duration(write(size // 8))
