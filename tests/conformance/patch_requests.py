"""Random resources, and random PATCH requests on them: most of them sound, some not."""

from hypothesis import strategies as st

from scim.schema import Json, JsonObject
from tests.conformance.patch_peers import GROUP, USER, Patch

CORE = USER.schema.id
ENT = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"

texts = st.sampled_from(["a", "b", "A", "Ω", "", " x "])
words = st.sampled_from(["a", "b", "c"])
mails = st.sampled_from(["a@x.example", "b@x.example", "A@x.example"])
kinds = st.sampled_from(["work", "home", "other"])
links = st.sampled_from(["https://a.example/1", "https://a.example/2"])
base64 = st.sampled_from(["aGVsbG8=", "d29ybGQ="])
ids = st.sampled_from(["u1", "u2", "u3", "u4", "u5"])


def some(**values: st.SearchStrategy[Json]) -> st.SearchStrategy[JsonObject]:
    """An object with some of these attributes, and at least one."""
    return st.fixed_dictionaries({}, optional=values).filter(bool)


def elements(value: st.SearchStrategy[Json]) -> st.SearchStrategy[JsonObject]:
    """An element of a multi-valued attribute of the usual form."""
    return some(value=value, type=kinds, primary=st.booleans())


COMPLEX: dict[str, st.SearchStrategy[JsonObject]] = {
    "emails": elements(mails),
    "phoneNumbers": elements(words),
    "roles": elements(words),
    "addresses": some(locality=words, country=words, type=kinds, primary=st.booleans()),
    "x509Certificates": elements(base64),
    "photos": elements(links),
}
"""Multi-valued attributes of users, and what their elements look like."""
_VALUES = {"emails": mails, "phoneNumbers": words, "roles": words, "x509Certificates": base64, "photos": links}
SUBS = {
    name: [
        ("value", _VALUES[name]) if name in _VALUES else ("locality", words),
        ("type", kinds),
        ("primary", st.booleans()),
    ]
    for name in COMPLEX
}
"""Sub-attributes of theirs, and what may stand there."""
names = some(givenName=texts, familyName=words, formatted=words)
managers = some(**{"value": ids, "$ref": links})
SIMPLE: dict[str, st.SearchStrategy[Json]] = {
    "userName": words,
    "title": texts,
    "displayName": words,
    "nickName": texts,
    "externalId": words,
    "profileUrl": links,
    "active": st.booleans(),
    "name": names,
    "name.givenName": words,
    "name.familyName": texts,
    f"{ENT}:department": words,
    f"{ENT}:costCenter": texts,
    f"{ENT}:manager": managers,
    f"{ENT}:manager.value": ids,
    ENT: some(department=words, division=words, manager=managers),
    f"{CORE}:title": words,
    f"{CORE}:name.givenName": words,
}
"""Paths to what a user has once, and what may stand there."""
SINGLE = tuple(name for name in SIMPLE if ":" not in name and "." not in name and name != "userName")
"""The attributes among them that a user may be without."""
ODD_PATHS = (
    "id",
    "meta",
    "meta.created",
    "groups",
    "groups.value",
    'groups[value eq "g1"]',
    "schemas",
    "password",
    "nope",
    "name.nope",
    "title.nope",
    "emails.nope",
    "emails[nope eq 1]",
    'emails[type eq "work"].nope',
    "emails[type eq work]",
    'title[value eq "a"]',
    'name[givenName eq "a"]',
    f'{ENT}:manager[value eq "u1"]',
    f"{ENT}:manager.displayName",
    f"{ENT}:nope",
    "urn:example:nope:title",
    "emails[",
    "a b",
    "",
    CORE,
    'emails.type eq "work"',
    "userName pr",
)
odd_values: st.SearchStrategy[Json] = st.one_of(
    st.none(),
    st.sampled_from(["", "x", "true", 0, 5, 1.5, True, [], {}, [[]], [None], ["x"], [1], {"value": "x"}]),
    st.sampled_from([{"nope": 1}, [{"value": "x"}, {"value": "x"}], {"value": None}, {"value": {"value": "x"}}]),
)
ops = st.sampled_from(["add", "replace", "remove"])


def arrays(element: st.SearchStrategy[JsonObject]) -> st.SearchStrategy[list[JsonObject]]:
    """Elements of which one at most is primary, so that a resource may have them; none twice."""
    listed = st.lists(element, max_size=3, unique_by=lambda each: repr(sorted(each.items())))
    return listed.filter(lambda each: sum(one.get("primary") is True for one in each) < 2)


ARRAYS = {name: arrays(element) for name, element in COMPLEX.items()}
LISTS = {name: st.lists(element, max_size=3) for name, element in COMPLEX.items()}
few_singles = st.lists(st.sampled_from(SINGLE), max_size=3, unique=True)
few_names = {name: st.lists(st.sampled_from([*SIMPLE, name]), min_size=1, max_size=3, unique=True) for name in COMPLEX}


@st.composite
def users(draw: st.DrawFn, focus: tuple[str, ...]) -> JsonObject:
    """A user as it is stored and shown, with values of the multi-valued attributes in ``focus``."""
    held = {name: draw(ARRAYS[name]) for name in focus}
    held |= {name: draw(SIMPLE[name]) for name in draw(few_singles)}
    extension = draw(SIMPLE[ENT]) if draw(st.booleans()) else None
    listed = {"schemas": [CORE, ENT], ENT: extension} if extension else {"schemas": [CORE]}
    return {
        **listed,
        "id": "7",
        "userName": draw(words),
        **{name: value for name, value in held.items() if value != []},
    }


@st.composite
def filters(draw: st.DrawFn, attribute: str) -> str:
    """A filter that selects among the elements of a multi-valued attribute."""
    name, values = draw(st.sampled_from(SUBS[attribute]))
    literal = draw(values)
    text = str(literal).lower() if isinstance(literal, bool) else f'"{literal}"'
    term = f"{name} {draw(st.sampled_from(['eq', 'eq', 'eq', 'ne']))} {text}"
    form = draw(st.sampled_from(["{}", "{}", "{}", "not ({})", "{} and type pr", '{} or type eq "work"']))
    return form.format(term)


@st.composite
def on_elements(draw: st.DrawFn, name: str) -> JsonObject:
    """An operation on a multi-valued attribute, some of its elements, or a sub-attribute of them."""
    op = draw(ops)
    selection = f"[{draw(FILTERS[name])}]" if draw(st.booleans()) else ""
    sub, value = draw(st.sampled_from([("", COMPLEX[name] if selection else LISTS[name]), *SUBS[name]]))
    path = name + selection + (f".{sub}" if sub else "")
    return {"op": op, "path": path} | ({} if op == "remove" else {"value": draw(value)})


FILTERS = {name: filters(name) for name in COMPLEX}
ON_ELEMENTS = {name: on_elements(name) for name in COMPLEX}


@st.composite
def on_simple(draw: st.DrawFn) -> JsonObject:
    """An operation on what a user has once."""
    path = draw(st.sampled_from([*SIMPLE]))
    op = draw(ops)
    spelled = draw(st.sampled_from([path, path, path, path.upper()]))
    return {"op": op, "path": spelled} | ({} if op == "remove" else {"value": draw(SIMPLE[path])})


@st.composite
def without_path(draw: st.DrawFn, name: str) -> JsonObject:
    """An operation whose value names the attributes, ``name`` among them maybe, in one or another spelling."""
    value = {key: draw(SIMPLE[key] if key in SIMPLE else LISTS[key]) for key in draw(few_names[name])}
    if draw(st.integers(0, 5)) == 0:
        value[draw(st.sampled_from(["id", "nope", "name.nope", "groups", "meta", "password"]))] = draw(odd_values)
    return {"op": draw(st.sampled_from(["add", "replace"])), "value": value}


@st.composite
def odd(draw: st.DrawFn) -> JsonObject:
    """An operation that may be wrong in its path, its value or its form."""
    paths = [*SIMPLE, *COMPLEX, *ODD_PATHS, "emails.value", 'emails[type eq "work"]', 'emails[type eq "work"].value']
    operation = {"op": draw(ops), "path": draw(st.sampled_from(paths)), "value": draw(odd_values)}
    for name in draw(st.sets(st.sampled_from(["path", "value"]), max_size=1)):
        del operation[name]
    return operation


members = st.lists(some(value=ids, type=st.sampled_from(["User", "Group"])).filter(lambda m: "value" in m), max_size=3)
groups = st.fixed_dictionaries(
    {"schemas": st.just([GROUP.schema.id]), "id": st.just("9"), "displayName": words},
    optional={
        "externalId": words,
        "members": st.lists(ids, min_size=1, unique=True).map(lambda of: [{"value": i} for i in of]),
    },
)
GROUP_PATHS = (
    "members",
    "MEMBERS",
    "displayName",
    "externalId",
    "members.value",
    "members.type",
    "nope",
    f"{GROUP.schema.id}:members",
    f"{GROUP.schema.id}:displayName",
)


@st.composite
def on_groups(draw: st.DrawFn) -> JsonObject:
    """An operation on a group: its members, mostly."""
    op = draw(ops)
    shape = draw(st.sampled_from(["members", "members", "filter", "filter", "odd", "name", "object"]))
    if shape == "members":
        return {"op": op, "path": "members"} | ({} if op == "remove" else {"value": draw(members)})
    if shape == "filter":
        among = draw(st.lists(ids, min_size=1, max_size=3))
        text = " or ".join(f'value eq "{each}"' for each in among)
        text = draw(st.sampled_from([text, text, text, f"not ({text})", 'value ne "u1"', 'value sw "u"', "value pr"]))
        sub = draw(st.sampled_from(["", "", "", ".value", ".type", ".display"]))
        return {"op": op, "path": f"members[{text}]{sub}"} | ({} if op == "remove" else {"value": draw(odd_values)})
    if shape == "name":
        return {"op": op, "path": "displayName"} | ({} if op == "remove" else {"value": draw(texts)})
    if shape == "object":
        value = {"displayName": words, "externalId": texts, "members": members, "id": st.just("9")}
        return {"op": draw(st.sampled_from(["add", "replace"])), "value": draw(some(**value))}
    operation = {"op": op, "path": draw(st.sampled_from(GROUP_PATHS)), "value": draw(odd_values)}
    for name in draw(st.sets(st.sampled_from(["path", "value"]), max_size=1)):
        del operation[name]
    return operation


OPERATIONS = {
    name: st.one_of(ON_ELEMENTS[name], ON_ELEMENTS[name], ON_ELEMENTS[name], on_simple(), without_path(name), odd())
    for name in COMPLEX
}
FEW_OPERATIONS = {name: st.lists(operation, min_size=1, max_size=4) for name, operation in OPERATIONS.items()}
two_names = st.lists(st.sampled_from([*COMPLEX]), min_size=1, max_size=2, unique=True).map(tuple)


@st.composite
def patches_of_users(draw: st.DrawFn) -> Patch:
    """A user and a few operations, which are often about the same attribute."""
    focus = draw(two_names)
    return Patch("User", draw(users(focus)), draw(FEW_OPERATIONS[focus[0]]))


patches_of_groups = st.builds(Patch, st.just("Group"), groups, st.lists(on_groups(), min_size=1, max_size=4))
patches = st.one_of(patches_of_users(), patches_of_users(), patches_of_groups)
"""Resources with requests to change them."""
