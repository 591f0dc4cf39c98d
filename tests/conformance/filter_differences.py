"""Where our filter parser and that of scim2-models differ, with the reasons."""

import json
import re
from collections.abc import Callable

from scim2_models.exceptions import InvalidFilterException
from scim2_models.path import expressions as peer
from scim2_models.path import grammar

from scim.errors import InvalidFilter
from scim.filters import MAX_LENGTH, MAX_TERMS, And, Comparison, Filter, Not, Or, Present, ValuePath, parse, render
from tests.conformance.differences import Difference, code, explanation, table

type Reading = str | None
"""What a filter was read as, written so that 1, 1.0 and true are three things; None where it was refused."""


def ours(text: str) -> Reading:
    """What Rollcall reads."""
    try:
        return repr(parse(text))
    except InvalidFilter:
        return None


def theirs(text: str) -> Reading:
    """What scim2-models reads, as one of our trees."""
    try:
        return repr(translated(grammar._build_filter(text)))  # noqa: SLF001 - its public reader binds to a model
    except InvalidFilterException:
        return None


def translated(node: peer.FilterNode) -> Filter:
    """A tree of scim2-models as one of ours."""
    match node:
        case peer.Comparison(attr_path=path, op=operator, value=value):
            return Comparison(str(path), operator.value, value)
        case peer.Present(attr_path=path):
            return Present(str(path))
        case peer.Not(expr=inner):
            return Not(translated(inner))
        case peer.ValuePath(attr_path=path, val_filter=inner):
            return ValuePath(str(path), translated(inner))
        case peer.LogicalExpr(op=operator, terms=terms):
            kind = And if operator == peer.LogicalOperator.and_ else Or
            return kind(tuple(translated(term) for term in terms))
    raise AssertionError(node)


_STRING = r'"(?:[^"\\]|\\.)*"?'
_NAME = r"\$?[a-z][a-z0-9$_-]*"
_OPERATOR = r"(?:eq|ne|co|sw|ew|gt|ge|lt|le|pr)(?![a-z0-9$_-])"
_UNSTORABLE = re.compile(r"\\u0000|\\ud[89a-f][0-9a-f]{2}|[\x00\ud800-\udfff]", re.IGNORECASE)

type Repair = Callable[[str], str]
type Explains = Callable[[str, Reading, Reading], bool]


def outside_strings(pattern: str, by: str) -> Repair:
    """A repair that puts something else in the place of a pattern, but not in strings."""
    either = re.compile(rf"(?P<string>{_STRING})|{pattern}", re.IGNORECASE | re.ASCII)

    def repair(text: str) -> str:
        return either.sub(lambda found: found[0] if found["string"] else found.expand(by), text)

    return repair


def but_for(repair: Repair) -> Explains:
    """An explanation that is right if both agree on the text without what it is about."""

    def explains(text: str, _: Reading, __: Reading) -> bool:
        repaired = repair(text)
        if repaired == text:
            return False
        answer, other = ours(repaired), theirs(repaired)
        return answer == other or explain(repaired, answer, other) is not None

    return explains


def storable(text: str) -> str:
    """The text with another character in place of what no attribute can hold."""
    return re.sub(_STRING, lambda found: _UNSTORABLE.sub("x", found[0]), text)


def deep(text: str, answer: Reading, other: Reading) -> bool:
    return answer is not None and other is None and text.lower().count("not") > PEER_DEPTH


def large(text: str, answer: Reading, other: Reading) -> bool:
    return answer is None and other is not None and (len(text) > MAX_LENGTH or text.lower().count(" pr") > MAX_TERMS)


PEER_DEPTH = 32
"""Expressions within each other that scim2-models reads."""

DIFFERENCES: tuple[Difference[str, Reading], ...] = (
    Difference(
        "An attribute called `not`",
        "The grammar keeps no word for itself; what follows tells a name from a negation.",
        "RFC 7644 §3.4.2.2, figure 1",
        "not pr",
        but_for(outside_strings(rf"\bnot(?=\.{_NAME}|\s*\[|\s+{_OPERATOR})", "nought")),
    ),
    Difference(
        "A sub-attribute before brackets",
        "`attrPath` may have one. That nothing is below it is known from the schema, and refused as such.",
        "RFC 7644 §3.4.2.2, figure 1",
        "a.b[c pr]",
        but_for(outside_strings(rf"\.{_NAME}\[", "[")),
    ),
    Difference(
        "A URN with more dots, or with `$`, than its attribute has",
        "Where a URN ends is known from the schemas, whose URNs have dots as well; what none of them has is refused.",
        "RFC 7644 §3.10",
        "urn:example:2.0:Shoe.Box.size pr",
        but_for(outside_strings(r"(?<![a-z0-9$_.-])urn:[a-z0-9$_.:-]*[a-z0-9$_-]\.?", "urn:a:b")),
    ),
    Difference(
        "Depth",
        "Rollcall reads 500 expressions within each other, scim2-models 32.",
        "RFC 7644 §3.4.2.2 sets no limit",
        "not (" * 33 + "a pr" + ")" * 33,
        deep,
    ),
    Difference(
        "Size",
        "A filter has at most 1,000 terms and 32,768 characters, so that nobody keeps the service busy with one.",
        "RFC 7644 §3.12, table 9",
        " or ".join(["a pr"] * 1_001),
        large,
    ),
    Difference(
        "A form feed between words",
        "The grammar has the space; JSON's blanks are let pass as well, and the form feed is none of them.",
        "RFC 7644 §3.4.2.2, figure 1; RFC 8259 §2",
        "a\fpr",
        but_for(outside_strings(r"\f", " ")),
    ),
    Difference(
        "A blank between a bracket and the sub-attribute after it",
        "Entra's form of a value path has none there.",
        "RFC 7644 §3.4.2.2, figure 1",
        "a[b pr] .c pr",
        but_for(outside_strings(r"\]\s+\.", "].")),
    ),
    Difference(
        "A word right after a number",
        "The grammar has a space between a value and what joins it with the next.",
        "RFC 7644 §3.4.2.2, figure 1",
        "a eq 5and b pr",
        but_for(outside_strings(r"(?<![\w$.-])(?P<number>-?\d[\d.e+-]*)(?=(?:and|or)(?![\w$-]))", r"\g<number> ")),
    ),
    Difference(
        "NUL, or half of a surrogate pair, in a string",
        "No attribute can hold one, so no such comparison is meant.",
        "RFC 8259 §8.2, RFC 7643 §2.3.1",
        'a eq "\\u0000"',
        but_for(storable),
    ),
)


def explain(text: str, answer: Reading, other: Reading) -> Difference[str, Reading] | None:
    """The difference that explains two readings."""
    return explanation(DIFFERENCES, text, answer, other)


def parse_table() -> str:
    """The differences as a table, each with what both make of its example."""
    return table(
        [
            (d.title, _shown(d.example), _answer(d.example), _peers(d.example), f"{d.because} ({d.source})")
            for d in DIFFERENCES
        ]
    )


def _shown(text: str) -> str:
    written = json.dumps(text)[1:-1].replace('\\"', '"') if text.isprintable() is False else text
    return code(written if len(written) < LONGEST else f"{written[:16]} … {written[-8:]}")


LONGEST = 60
"""Characters of an example that the page shows whole."""


def _answer(text: str) -> str:
    try:
        return f"read as {_shown(render(parse(text)))}"
    except InvalidFilter as error:
        return f"{error.status} {error.scim_type}"


def _peers(text: str) -> str:
    try:
        return f"read as {_shown(render(translated(grammar._build_filter(text))))}"  # noqa: SLF001 - as above
    except InvalidFilterException as error:
        return f"{error.status} {error.scim_type}"
