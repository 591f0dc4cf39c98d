"""Random users, and random filters that ask for them by attributes of every type."""

import json
from random import Random

from scim.filters import Literal
from scim.schema import Json, JsonObject
from tests.conformance.matching_differences import CORE, ENT, Question

TEXTS = ("a", "A", "ab", "b", "ba", "", " a", "Ω", "ω", "ß", "SS", "ﬁ", "fi")
MAILS = ("a@x.example", "A@x.example", "b@x.example")
IDS = ("u1", "U1", "u2")
TIMES = ("2024-01-01T00:00:00Z", "2024-01-01T01:00:00+01:00", "2024-01-01T00:00:00.5Z", "2025-06-30T12:00:00-05:00")
BINARY = ("aGVsbG8=", "d29ybGQ=")
URLS = ("https://a.example/1", "https://a.example/A")
VALUES: dict[str, tuple[Literal, ...]] = {
    "string": TEXTS,
    "mail": MAILS,
    "exact": IDS,
    "boolean": (True, False),
    "dateTime": TIMES,
    "binary": BINARY,
    "reference": URLS,
}
PATHS = {
    "userName": "string",
    "title": "string",
    "externalId": "exact",
    "id": "exact",
    "active": "boolean",
    "profileUrl": "reference",
    "name.givenName": "string",
    "name.familyName": "string",
    "meta.created": "dateTime",
    "emails": "mail",
    "emails.value": "mail",
    "emails.type": "string",
    "emails.primary": "boolean",
    "roles": "string",
    "roles.value": "string",
    "photos.value": "reference",
    "x509Certificates": "binary",
    "x509Certificates.value": "binary",
    "addresses.locality": "string",
    "schemas": "schemas",
    f"{CORE}:userName": "string",
    f"{CORE}:name.givenName": "string",
    f"{ENT}:department": "string",
    f"{ENT}:manager": "exact",
    f"{ENT}:manager.value": "exact",
    f"{ENT}:manager.$ref": "reference",
}
"""Paths, and what is found there."""
COMPLEX = ("name", "meta", "addresses", f"{ENT}:manager", ENT)
ELEMENTS = {
    "emails": ("value", "mail"),
    "roles": ("value", "string"),
    "addresses": ("locality", "string"),
    "photos": ("value", "reference"),
    "x509Certificates": ("value", "binary"),
}
OPERATORS = ("eq", "eq", "eq", "ne", "co", "sw", "ew", "gt", "ge", "lt", "le")


class Asker:
    """Asks random questions, the same for one seed."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)  # noqa: S311 - questions, not secrets
        self._chosen = self.random.choice

    def question(self) -> Question:
        """A filter and a user."""
        return Question(self._filter(3), self._user())

    def _often(self, times: int) -> bool:
        return self.random.randrange(times) == 0

    def _filter(self, depth: int) -> str:
        shape = self._chosen(("term", "term", "not", "and", "or", "and")) if depth else "term"
        if shape == "term":
            return self._value_path() if self._often(4) else self._term(self._chosen([*PATHS]))
        if shape == "not":
            return f"not ({self._filter(depth - 1)})"
        return f" {shape} ".join(f"({self._filter(depth - 1)})" for _ in range(2))

    def _term(self, path: str) -> str:
        if self._often(6):
            return f"{self._chosen((path, path, *COMPLEX))} pr"
        return self._comparison(path, PATHS[path])

    def _comparison(self, path: str, kind: str) -> str:
        if self._often(10):
            return f"{path} {self._chosen(('eq', 'ne'))} null"
        values = (CORE, ENT) if kind == "schemas" else VALUES[kind]
        operator = self._chosen(("eq", "ne")) if kind in {"boolean", "binary"} else self._chosen(OPERATORS)
        if kind == "dateTime" and operator in {"co", "sw", "ew"}:
            operator = "ge"
        if self._often(20):
            operator, values = self._chosen(OPERATORS), self._chosen([*VALUES.values()])
        return f"{path} {operator} {json.dumps(self._chosen(values))}"

    def _value_path(self) -> str:
        name = self._chosen([*ELEMENTS])
        subs = [ELEMENTS[name], ("type", "string"), ("primary", "boolean")]
        terms = [self._comparison(*self._chosen(subs)) for _ in range(self.random.randint(1, 2))]
        return f"{name}[{self._chosen((' and ', ' or ')).join(terms)}]"

    def _user(self) -> JsonObject:
        user: JsonObject = {"schemas": [CORE], "id": self._chosen(IDS), "userName": self._chosen(TEXTS)}
        for path in ("title", "externalId", "active", "profileUrl"):
            if self._often(2):
                user[path] = self._chosen(VALUES[PATHS[path]])
        if self._often(2):
            user["name"] = self._some(givenName=TEXTS, familyName=TEXTS)
        if self._often(2):
            user["meta"] = {"created": self._chosen(TIMES)}
        for name, (sub, kind) in ELEMENTS.items():
            if self._often(2):
                elements = [self._element(sub, kind) for _ in range(self.random.randint(1, 3))]
                user[name] = elements
        if self._often(2):
            manager = self._some(**{"value": IDS, "$ref": URLS})
            user[ENT] = {"department": self._chosen(TEXTS), "manager": manager}
            user["schemas"] = [CORE, ENT]
        return user

    def _element(self, sub: str, kind: str) -> JsonObject:
        return self._some(**{sub: VALUES[kind], "type": ("work", "home", "a"), "primary": (True, False)})

    def _some(self, **values: tuple[Json, ...]) -> JsonObject:
        names = self.random.sample([*values], self.random.randint(1, len(values)))
        return {name: self._chosen(values[name]) for name in names}
