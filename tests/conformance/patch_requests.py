"""Random resources, and random PATCH requests on them: most of them sound, some not; the same for one seed."""

import json
from random import Random

from scim.schema import Json, JsonObject
from tests.conformance.patch_peers import GROUP, USER, Patch

CORE = USER.schema.id
ENT = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
TEXTS = ("a", "b", "A", "Ω", "", " x ")
WORDS = ("a", "b", "c")
LINKS = ("https://a.example/1", "https://a.example/2")
IDS = ("u1", "u2", "u3", "u4", "u5")
BOOLEANS = (True, False)

type Samples = tuple[Json, ...]
type Subs = dict[str, Samples]


def usual(value: Samples) -> Subs:
    """The sub-attributes that most multi-valued attributes have."""
    return {"value": value, "type": ("work", "home", "other"), "primary": BOOLEANS}


MULTI: dict[str, Subs] = {
    "emails": usual(("a@x.example", "b@x.example", "A@x.example")),
    "phoneNumbers": usual(WORDS),
    "roles": usual(WORDS),
    "addresses": {"locality": WORDS, "country": WORDS, "type": ("work", "home"), "primary": BOOLEANS},
    "x509Certificates": usual(("aGVsbG8=", "d29ybGQ=")),
    "photos": usual(LINKS),
}
"""Multi-valued attributes of users, and what their elements have."""
SINGLE: dict[str, Samples] = {
    "userName": WORDS,
    "title": TEXTS,
    "displayName": WORDS,
    "nickName": TEXTS,
    "externalId": WORDS,
    "profileUrl": LINKS,
    "active": BOOLEANS,
    "name.givenName": WORDS,
    "name.familyName": TEXTS,
    f"{ENT}:department": WORDS,
    f"{ENT}:costCenter": TEXTS,
    f"{ENT}:manager.value": IDS,
    f"{CORE}:title": WORDS,
    f"{CORE}:name.givenName": WORDS,
}
COMPLEX: dict[str, Subs] = {
    "name": {"givenName": TEXTS, "familyName": WORDS, "formatted": WORDS},
    f"{ENT}:manager": {"value": IDS, "$ref": LINKS},
}
"""Paths to what a user has once, and what may stand there."""
ODD_PATHS = (
    *("id", "meta", "meta.created", "groups", "groups.value", 'groups[value eq "g1"]', "schemas", "password"),
    *("nope", "name.nope", "title.nope", "emails.nope", "emails[nope eq 1]", 'emails[type eq "work"].nope'),
    *("emails[type eq work]", "emails[", 'title[value eq "a"]', 'name[givenName eq "a"]', "a b", "", CORE),
    *(f'{ENT}:manager[value eq "u1"]', f"{ENT}:manager.displayName", f"{ENT}:nope", "urn:example:nope:title"),
    *('emails.type eq "work"', "userName pr", "emails.value", 'emails[type eq "work"]', "members", ENT),
)
ODD_VALUES: Samples = (
    *(None, "", "x", "true", 0, 5, 1.5, True, [], {}, [[]], [None], ["x"], [1], {"value": "x"}, {"nope": 1}),
    *([{"value": "x"}, {"value": "x"}], {"value": None}, {"value": {"value": "x"}}),
)


class Requester:
    """Makes up a resource, and asks for changes of it."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)  # noqa: S311 - the same requests for one seed
        self._chosen = self.random.choice
        self._focus = self.random.sample([*MULTI], 2)

    def patch(self) -> Patch:
        """A user or a group, and one to four operations."""
        count = self.random.randint(1, 4)
        if self._often(4):
            return Patch("Group", self._group(), [self._on_group() for _ in range(count)])
        return Patch("User", self._user(), [self._on_user() for _ in range(count)])

    def _often(self, times: int) -> bool:
        return self.random.randrange(times) == 0

    def _object(self, subs: Subs) -> JsonObject:
        names = self.random.sample([*subs], self.random.randint(1, len(subs)))
        return {name: self._chosen(subs[name]) for name in names}

    def _elements(self, name: str, *, sound: bool) -> list[JsonObject]:
        """Elements; where they have to be sound, no two are equal, or primary."""
        elements: list[JsonObject] = []
        for _ in range(self.random.randint(0, 3)):
            element = self._object(MULTI[name])
            if sound and any(each == element or each.get("primary") is True for each in elements):
                element = {key: value for key, value in element.items() if key != "primary"}
            if element and not (sound and element in elements):
                elements.append(element)
        return elements

    def _extension(self) -> JsonObject:
        extension: JsonObject = {"department": self._chosen(WORDS)}
        return extension | {"manager": self._object(COMPLEX[f"{ENT}:manager"])} if self._often(2) else extension

    def _user(self) -> JsonObject:
        extended = self._often(2)
        user: JsonObject = {"schemas": [CORE, ENT] if extended else [CORE], "id": "7", "userName": self._chosen(WORDS)}
        if extended:
            user[ENT] = self._extension()
        for name in self._focus:
            if elements := self._elements(name, sound=True):
                user[name] = elements
        for name in ("title", "externalId", "profileUrl", "active"):
            if self._often(3):
                user[name] = self._chosen(SINGLE[name])
        if self._often(2):
            user["name"] = self._object(COMPLEX["name"])
        return user

    def _group(self) -> JsonObject:
        members = [{"value": each} for each in self.random.sample(IDS, self.random.randint(0, 4))]
        group: JsonObject = {"schemas": [GROUP.schema.id], "id": "9", "displayName": self._chosen(WORDS)}
        return group | ({"members": members} if members else {})

    def _operation(self, path: str, value: Json) -> JsonObject:
        op = self._chosen(("add", "replace", "remove"))
        return {"op": op, "path": path} | ({} if op == "remove" else {"value": value})

    def _on_user(self) -> JsonObject:
        shape = self._chosen(("elements",) * 5 + ("single",) * 2 + ("object", "object", "odd"))
        if shape == "elements":
            return self._on_elements(self._chosen(self._focus))
        if shape == "single":
            path = self._chosen([*SINGLE, *COMPLEX, ENT])
            return self._operation(path.upper() if self._often(5) else path, self._whole(path))
        return self._without_path() if shape == "object" else self._odd()

    def _whole(self, path: str) -> Json:
        """A value for what a path without brackets names."""
        if path == ENT:
            return self._extension()
        if path in MULTI:
            return self._elements(path, sound=False)
        return self._object(COMPLEX[path]) if path in COMPLEX else self._chosen(SINGLE[path])

    def _selection(self, name: str) -> str:
        sub = self._chosen([*MULTI[name]])
        term = f"{sub} {self._chosen(('eq', 'eq', 'eq', 'ne'))} {json.dumps(self._chosen(MULTI[name][sub]))}"
        form = self._chosen(("{}", "{}", "{}", "{}", "not ({})", "{} and type pr", '{} or type eq "work"'))
        return f"[{form.format(term)}]"

    def _on_elements(self, name: str) -> JsonObject:
        selection = self._selection(name) if self._often(2) else ""
        if self._often(2):
            sub = self._chosen([*MULTI[name]])
            return self._operation(f"{name}{selection}.{sub}", self._chosen(MULTI[name][sub]))
        value = self._object(MULTI[name]) if selection else self._elements(name, sound=self._often(2))
        return self._operation(name + selection, value)

    def _without_path(self) -> JsonObject:
        paths = self.random.sample([*SINGLE, *COMPLEX, ENT, *self._focus], self.random.randint(1, 3))
        value = {path: self._whole(path) for path in paths}
        if self._often(6):
            value[self._chosen(("id", "nope", "name.nope", "groups", "meta", "password"))] = self._chosen(ODD_VALUES)
        return {"op": self._chosen(("add", "replace")), "value": value}

    def _odd(self) -> JsonObject:
        path = self._chosen((*ODD_PATHS, *SINGLE, *COMPLEX, *MULTI))
        operation: JsonObject = {"op": self._chosen(("add", "replace", "remove")), "path": path}
        operation["value"] = self._chosen(ODD_VALUES)
        if self._often(2):
            del operation[self._chosen(("path", "value"))]
        return operation

    def _on_group(self) -> JsonObject:
        shape = self._chosen(("members",) * 4 + ("filter",) * 4 + ("name", "object", "odd"))
        if shape == "members":
            return self._operation(self._chosen(("members", "MEMBERS", f"{GROUP.schema.id}:members")), self._members())
        if shape == "filter":
            return self._on_members()
        if shape == "name":
            return self._operation("displayName", self._chosen(TEXTS))
        if shape == "object":
            value: JsonObject = {"members": self._members(), "externalId": self._chosen(WORDS), "displayName": "d"}
            return {"op": self._chosen(("add", "replace")), "value": value | ({"id": "9"} if self._often(2) else {})}
        path = self._chosen(("members.value", "members.type", "nope", "members", "displayName", "externalId"))
        return self._operation(path, self._chosen(ODD_VALUES))

    def _members(self) -> list[JsonObject]:
        members: list[JsonObject] = [{"value": self._chosen(IDS)} for _ in range(self.random.randint(0, 3))]
        return [member | ({"type": "User"} if self._often(3) else {}) for member in members]

    def _on_members(self) -> JsonObject:
        named = " or ".join(f'value eq "{each}"' for each in self.random.sample(IDS, self.random.randint(1, 3)))
        text = self._chosen((named, named, named, f"not ({named})", 'value ne "u1"', 'value sw "u"', "value pr"))
        if self._often(2):
            return {"op": "remove", "path": f"members[{text}]"}
        sub = self._chosen(("", "", ".value", ".type", ".display"))
        return self._operation(f"members[{text}]{sub}", self._chosen(ODD_VALUES))
