"""Random filters as clients may write them, and texts that are nearly filters: quick to make, the same for one seed."""

import json
import re
from collections.abc import Callable, Sequence
from random import Random

from scim.filters import And, Comparison, Filter, Literal, Not, Or, Present, ValuePath

OPERATORS = ("eq", "ne", "co", "sw", "ew", "gt", "ge", "lt", "le")
NAMES = ("a", "userName", "x_y-2", "$ref", "A9", "and", "or", "eq", "pr", "true", "null", "never", "notes", "order")
URNS = ("urn:ietf:params:scim:schemas:core:2.0:User", "URN:example:a-b_c.d:X", "urn:a")
TEXTS = (
    "",
    "x",
    "a b",
    "é😀",
    'say "hi"',
    "back\\slash",
    "tab\t",
    ") or (b pr",
    "[a]",
    "\u2028",
    "2011-05-13T04:42:34Z",
)
NUMBERS = (0, 5, -1, 1.0, -0.5, 1e300, 1e-7, 123456789012345678901234567890)
TOKEN = re.compile(r'"[^"]*"?|[A-Za-z$][\w$.:-]*|\s+|.', re.DOTALL)
ODD = (
    *("and", "or", "not", "pr", "eq", "EQ", "xx", "true", "null", "(", ")", "[", "]", '"', "\\", ".", ":", "-", ","),
    *(" ", "  ", "\t", "\n", "\f", "\xa0", "0", "01", "5", "-1", "1.", "1e5", "1E-2", "NaN", "1e999", "'x'", '"x"'),
    *('"\\u0000"', '"\\ud800"', '"\\u00e9"', "\0", "\ud800", "urn:", "urn:a:b", "a", "$ref", "a.b", "a.b.c"),
    *("a[b pr]", '].value eq "x"', "é", "_", "not (", " and a pr", '"\\x"', '"\n"', "+1", ".5", "True"),
)
"""Pieces that a filter may be broken by."""


class Writer:
    """Writes random filters.

    Attributes:
        random: where its choices come from.
    """

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)  # noqa: S311 - the same texts for one seed
        self._chosen = self.random.choice

    def tree(self, depth: int = 4) -> Filter:
        """A filter, at most so many expressions deep."""
        return self._joined(depth, lambda: self._value_path() if self._often(5) else self._question())

    def text(self, tree: Filter) -> str:
        """One of the texts that mean the tree: blanks, letter case and parentheses as a client may have them."""
        return self._around(self._spelled(tree))

    def broken(self) -> str:
        """A text in which some pieces of a filter are lost, doubled, exchanged or odd."""
        pieces = TOKEN.findall(self.text(self.tree(self.random.randint(0, 2))))
        for _ in range(self.random.randint(1, 3)):
            self._break(pieces)
        return "".join(pieces)

    def _often(self, times: int) -> bool:
        return self.random.randrange(times) == 0

    def _joined(self, depth: int, leaf: Callable[[], Filter]) -> Filter:
        shape = self._chosen(("leaf", "leaf", "not", "and", "or")) if depth else "leaf"
        if shape == "leaf":
            return leaf()
        if shape == "not":
            return Not(self._joined(depth - 1, leaf))
        terms = tuple(self._joined(depth - 1, leaf) for _ in range(self.random.randint(2, 3)))
        return And(terms) if shape == "and" else Or(terms)

    def _question(self) -> Filter:
        path = self._path()
        return Present(path) if self._often(4) else Comparison(path, self._chosen(OPERATORS), self._literal())

    def _value_path(self) -> Filter:
        urn = f"{self._chosen(URNS)}:" if self._often(4) else ""
        return ValuePath(urn + self._chosen(NAMES), self._joined(2, self._question))

    def _path(self) -> str:
        name = self._chosen(NAMES)
        if self._often(3):
            name += f".{self._chosen(NAMES)}"
        return f"{self._chosen(URNS)}:{name}" if self._often(4) else name

    def _literal(self) -> Literal:
        literals: Sequence[Literal] = self._chosen((TEXTS, TEXTS, NUMBERS, (True, False, None)))
        return self._chosen(literals)

    def _blank(self) -> str:
        return self._chosen((" ", " ", " ", "  ", "\t", " \r\n"))

    def _maybe_blank(self) -> str:
        return self._chosen(("", "", " ", "\t "))

    def _word(self, text: str) -> str:
        return self._chosen((text, text, text.upper(), text.capitalize()))

    def _around(self, text: str) -> str:
        return f"{self._maybe_blank()}{text}{self._maybe_blank()}"

    def _within(self, text: str) -> str:
        return f"({self._around(text)})"

    def _written(self, literal: Literal) -> str:
        """A literal with the blank before it, which a string may do without."""
        text = json.dumps(literal, ensure_ascii=self._often(2))
        if isinstance(literal, str):
            return self._maybe_blank() + text
        return self._blank() + (self._word(text) if literal is None or isinstance(literal, bool) else text)

    def _spelled(self, node: Filter) -> str:
        match node:
            case Comparison(path, operator, value):
                return f"{path}{self._blank()}{self._word(operator)}{self._written(value)}"
            case Present(path):
                return f"{path}{self._blank()}{self._word('pr')}"
            case Not(term):
                return f"{self._word('not')}{self._maybe_blank()}{self._within(self._spelled(term))}"
            case ValuePath(path, term):
                return f"{path}[{self._around(self._spelled(term))}]"
            case And(terms):
                return self._series("and", terms, (And, Or))
            case Or(terms):
                return self._series("or", terms, (Or,))

    def _series(self, word: str, terms: tuple[Filter, ...], apart: tuple[type, ...]) -> str:
        """Terms with a word between them; parentheses where they are needed, and here and there where not."""
        text = ""
        for place, term in enumerate(terms):
            spelled = self._spelled(term)
            joined = f"{self._blank()}{self._word(word)}{self._blank()}" if place else ""
            text += joined + (self._within(spelled) if isinstance(term, apart) or self._often(6) else spelled)
        return text

    def _break(self, pieces: list[str]) -> None:
        place, other = (self.random.randrange(len(pieces) + 1) for _ in range(2))
        match self._chosen(("lose", "double", "exchange", "insert", "insert", "overwrite")):
            case "lose":
                del pieces[place : place + 1]
            case "double":
                pieces[place:place] = pieces[place : place + 1]
            case "exchange" if max(place, other) < len(pieces):
                pieces[place], pieces[other] = pieces[other], pieces[place]
            case "overwrite":
                pieces[place : place + 1] = [self._chosen(ODD)]
            case _:
                pieces.insert(place, self._chosen(ODD))
