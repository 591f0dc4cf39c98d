"""Filter and PATCH-path text as frozen trees (RFC 7644 §3.4.2.2 and §3.5.2 with their errata).

One grammar, read without a schema: what the names mean is for ``matching`` and ``patch`` to say. It departs from
the standard once: ``emails[type eq "work"].value eq "x"``, which Microsoft Entra ID sends, reads as
``emails[type eq "work" and value eq "x"]``.

A tree is at most `MAX_DEPTH` expressions deep, so a function that walks one may recurse, if it spends no more than
one call on each.
"""

import json
import math
import re
from dataclasses import dataclass, field

from scim.errors import InvalidFilter, InvalidPath

type Literal = str | bool | int | float | None
"""What an attribute may be compared with."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """``userName eq "bjensen"``; the operator is in lower case."""

    path: str
    operator: str
    value: Literal


@dataclass(frozen=True, slots=True)
class Present:
    """``title pr``."""

    path: str


@dataclass(frozen=True, slots=True)
class Not:
    """``not (…)``."""

    term: "Filter"


@dataclass(frozen=True, slots=True)
class And:
    """Two or more terms joined by ``and``."""

    terms: tuple["Filter", ...]


@dataclass(frozen=True, slots=True)
class Or:
    """Two or more terms joined by ``or``."""

    terms: tuple["Filter", ...]


@dataclass(frozen=True, slots=True)
class ValuePath:
    """``emails[type eq "work"]``: one element satisfies the whole term, whose paths are sub-attributes."""

    path: str
    term: "Filter"


type Filter = Comparison | Present | Not | And | Or | ValuePath
"""A filter, as written: parentheses that change nothing leave no trace."""


@dataclass(frozen=True, slots=True)
class PatchPath:
    """What a PATCH operation is about.

    Attributes:
        path: the attribute path before the bracket, such as ``emails`` or ``name.givenName``.
        filter: which elements are meant, where the path says so.
        sub: the sub-attribute after the bracket, as in ``emails[type eq "work"].value``.
    """

    path: str
    filter: Filter | None = None
    sub: str | None = None


MAX_LENGTH = 32 * 1024
"""Characters in a filter."""
MAX_TERMS = 1000
"""Comparisons and presence tests in a filter."""
MAX_DEPTH = 500
"""Parentheses, brackets and expressions that may stand within each other."""

_FLAGS = re.ASCII | re.IGNORECASE
_BLANK = r"[ \t\r\n]*+"
_NAME = r"\$?[a-z][a-z0-9$_-]*+"
_URN = r"urn(?::[a-z0-9$][a-z0-9._$-]*+)++"
_ATTRIBUTE = re.compile(rf"{_BLANK}(?P<path>{_URN}|{_NAME}(?:\.{_NAME})?+)", _FLAGS)
_GROUP = re.compile(rf"{_BLANK}(?P<negated>not{_BLANK})?+\(", _FLAGS)
_BRACKET = re.compile(rf"{_BLANK}\[")
_TEST = re.compile(rf"{_BLANK}(?P<operator>eq|ne|co|sw|ew|gt|ge|lt|le|pr)(?![a-z0-9$_.:-])", _FLAGS)
_STRING = re.compile(rf'{_BLANK}(?P<json>"(?:[^"\\\x00-\x1f]++|\\(?:["\\/bfnrt]|u[0-9a-f]{{4}}))*+")', _FLAGS)
_BARE = re.compile(rf'{_BLANK}(?P<word>[^\x00-\x20"()\[\]][^\x00-\x20)\]]*+)')
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*+)(?:\.[0-9]++)?(?:e[+-]?[0-9]++)?", _FLAGS)
_CLOSE = re.compile(rf"{_BLANK}(?P<closer>[)\]])")
_AFTER_BRACKET = re.compile(rf"\.(?P<path>{_NAME})", _FLAGS)
_CONNECTIVE = re.compile(rf"{_BLANK}(?P<word>and|or)(?![a-z0-9$_.:-])", _FLAGS)
_END = re.compile(rf"{_BLANK}\Z")
_LAST_SUB = re.compile(rf"(?<=\])\.(?P<sub>{_NAME}){_BLANK}\Z", _FLAGS)
_KEYWORDS = {"true": True, "false": False, "null": None}
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


def parse(text: str, *, unquoted: bool = False) -> Filter:
    """Read a filter.

    Args:
        text: the filter.
        unquoted: a word after an operator that is no JSON literal is a string up to the next blank, ``)`` or ``]``.

    Raises:
        InvalidFilter: naming the place and what was expected there, or the limit that was passed.
    """
    return _Reader(text, unquoted=unquoted).read()


def parse_path(text: str, *, unquoted: bool = False) -> PatchPath:
    """Read the ``path`` of a PATCH operation; ``unquoted`` as for `parse`.

    Raises:
        InvalidPath: it is neither an attribute path nor one with a filter in brackets.
        InvalidFilter: the filter in brackets is wrong.
    """
    named = _ATTRIBUTE.match(text)
    if named is None:
        raise InvalidPath(f"A path begins with an attribute's name, such as name.givenName, not {text!a:.80}.")
    if _END.match(text, named.end()):
        return PatchPath(named["path"])
    if not _BRACKET.match(text, named.end()):
        raise InvalidPath(f"After {named['path']} a path ends or has a filter in brackets: {text!a:.80} has neither.")
    last = _LAST_SUB.search(text)
    selection = text[: last.start()] if last else text
    tree = parse(selection, unquoted=unquoted)
    if not isinstance(tree, ValuePath) or not selection.rstrip().endswith("]"):
        raise InvalidPath(f"A path ends after its one filter in brackets and one sub-attribute: {text!a:.80} goes on.")
    return PatchPath(tree.path, tree.term, last["sub"] if last else None)


def terms(filter_: Filter) -> int:
    """How many comparisons a filter makes."""
    count, left = 0, [filter_]
    while left:
        match left.pop():
            case And(inner) | Or(inner):
                left += inner
            case Not(term) | ValuePath(_, term):
                left.append(term)
            case _:
                count += 1
    return count


def render(filter_: Filter) -> str:
    """The text that `parse` reads as this tree."""
    match filter_:
        case Comparison(path, operator, value):
            return f"{path} {operator} {json.dumps(value, ensure_ascii=False)}"
        case Present(path):
            return f"{path} pr"
        case Not(term):
            return f"not ({render(term)})"
        case ValuePath(path, term):
            return f"{path}[{render(term)}]"
        case And(terms):
            return " and ".join([f"({render(t)})" if isinstance(t, And | Or) else render(t) for t in terms])
        case Or(terms):
            return " or ".join([f"({render(t)})" if isinstance(t, Or) else render(t) for t in terms])


@dataclass(slots=True)
class _Group:
    """A pair of parentheses or brackets, or the filter as a whole, as far as it has been read."""

    closer: str
    negated: bool = False
    path: str = ""
    alternatives: list[Filter] = field(default_factory=list)
    terms: list[Filter] = field(default_factory=list)

    def end_alternative(self) -> None:
        self.alternatives.append(And(tuple(self.terms)) if len(self.terms) > 1 else self.terms[0])
        self.terms = []

    def content(self) -> Filter:
        self.end_alternative()
        return Or(tuple(self.alternatives)) if len(self.alternatives) > 1 else self.alternatives[0]


class _Reader:
    """Reads from left to right, keeping open groups on a stack of its own instead of Python's."""

    def __init__(self, text: str, *, unquoted: bool) -> None:
        if len(text) > MAX_LENGTH:
            raise InvalidFilter(f"The filter is {len(text):,} characters long; the limit is {MAX_LENGTH:,}.")
        self._text = text
        self._unquoted = unquoted
        self._position = 0
        self._terms = 0
        self._groups = [_Group("")]

    def read(self) -> Filter:
        while True:
            self._operand()
            while closed := self._take(_CLOSE):
                self._close(closed)
            joined = self._take(_CONNECTIVE)
            if joined is None:
                break
            if joined["word"].lower() == "or":
                self._groups[-1].end_alternative()
        if not _END.match(self._text, self._position):
            raise self._unexpected("`and`, `or` or the end")
        if len(self._groups) > 1:
            raise self._unexpected(f"`{self._groups[-1].closer}`")
        tree = self._groups[0].content()
        _check_depth(tree)
        return tree

    def _operand(self) -> None:
        """Read on to the end of the next comparison or presence test, opening groups on the way."""
        while True:
            if group := self._take(_GROUP):
                self._open(_Group(")", negated=group["negated"] is not None))
                continue
            named = self._take(_ATTRIBUTE)
            if named is None:
                raise self._unexpected("an attribute path, `not (` or `(`")
            if not self._take(_BRACKET):
                self._groups[-1].terms.append(self._test(named["path"]))
                return
            if any(group.closer == "]" for group in self._groups):
                raise self._refused(f"{named['path']}[ stands inside brackets, where no others may stand")
            self._open(_Group("]", path=named["path"]))

    def _open(self, group: _Group) -> None:
        if len(self._groups) > MAX_DEPTH:
            raise InvalidFilter(f"The filter has more than {MAX_DEPTH} parentheses within each other.")
        self._groups.append(group)

    def _close(self, closed: re.Match[str]) -> None:
        group = self._groups[-1]
        if closed["closer"] != group.closer:
            self._position = closed.start("closer")
            raise self._unexpected(f"`and`, `or` or {f'`{group.closer}`' if group.closer else 'the end'}")
        self._groups.pop()
        content = group.content()
        if group.path:
            content = ValuePath(group.path, self._with_sub_attribute(content))
        self._groups[-1].terms.append(Not(content) if group.negated else content)

    def _with_sub_attribute(self, term: Filter) -> Filter:
        """What the brackets hold, joined with the test that may follow them."""
        sub = self._take(_AFTER_BRACKET)
        if sub is None:
            return term
        return And((*(term.terms if isinstance(term, And) else (term,)), self._test(sub["path"])))

    def _test(self, path: str) -> Filter:
        self._terms += 1
        if self._terms > MAX_TERMS:
            raise InvalidFilter(f"The filter has more than {MAX_TERMS:,} terms.")
        test = self._take(_TEST)
        if test is None:
            raise self._unexpected(f"an operator (eq, ne, co, sw, ew, gt, ge, lt, le or pr) after {path[:80]}")
        operator = test["operator"].lower()
        return Present(path) if operator == "pr" else Comparison(path, operator, self._literal())

    def _literal(self) -> Literal:
        if quoted := self._take(_STRING):
            text: str = json.loads(quoted["json"])
            return self._storable(text)
        bare = _BARE.match(self._text, self._position)
        if bare is None:
            raise self._unexpected('a value: a string in double quotes ("), a number, true, false or null')
        word = bare["word"]
        if word.lower() not in _KEYWORDS and not _NUMBER.fullmatch(word) and not self._unquoted:
            raise self._unexpected('a value: a string goes in double quotes (")')
        self._position = bare.end()
        if word.lower() in _KEYWORDS:
            return _KEYWORDS[word.lower()]
        return self._number(word) if _NUMBER.fullmatch(word) else self._storable(word)

    def _storable(self, text: str) -> str:
        if _UNSTORABLE.search(text):
            raise self._refused("a string holds a NUL or half of a surrogate pair, which no attribute can")
        return text

    def _number(self, word: str) -> int | float:
        try:
            number: int | float = json.loads(word)
        except ValueError:
            number = math.inf
        if not math.isfinite(number):
            raise self._refused(f"the number {word[:20]}… is out of range")
        return number

    def _take(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        found = pattern.match(self._text, self._position)
        if found:
            self._position = found.end()
        return found

    def _unexpected(self, expected: str) -> InvalidFilter:
        rest = self._text[self._position :].lstrip(" \t\r\n")
        where = len(self._text) - len(rest) + 1
        found = f"but found {rest[:20]!a}" if rest else "but the filter ends there"
        return InvalidFilter(f"At character {where} of the filter: expected {expected}, {found}.")

    def _refused(self, reason: str) -> InvalidFilter:
        return InvalidFilter(f"Before character {self._position + 1} of the filter: {reason}.")


def _check_depth(tree: Filter) -> None:
    level: list[Filter] = [tree]
    for _ in range(MAX_DEPTH + 1):
        inner: list[Filter] = []
        for node in level:
            if isinstance(node, And | Or):
                inner.extend(node.terms)
            elif isinstance(node, Not | ValuePath):
                inner.append(node.term)
        if not inner:
            return
        level = inner
    raise InvalidFilter(f"The filter has more than {MAX_DEPTH} expressions within each other.")
