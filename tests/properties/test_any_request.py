"""Whatever a client sends to a resource type that has every type of attribute, it is done as a whole or refused."""

import copy
from random import Random

from hypothesis import event, given, settings
from hypothesis import strategies as st

from scim import characteristics, dialects, resources
from scim.errors import InvalidFilter, ScimError
from scim.filters import parse
from scim.matching import predicate
from scim.messages import patch_op
from scim.patch import plan
from scim.profiles import PROFILES
from scim.schema import Attribute, AttributeType, Json, JsonObject, ResourceType, Schema, Schemas
from tests.client import PATCH_OP

SAMPLES: dict[AttributeType, tuple[Json, ...]] = {
    "string": ("", " ", "x", "X", "ü", "true", "1", '{"value": "x"}'),
    "boolean": (True, False),
    "decimal": (1.5, 0, -0.0, 1e300, 2**63),
    "integer": (1, 1.0, 0, -7, 2**70),
    "dateTime": (
        "2020-01-01T00:00:00",
        "2020-01-01t00:00:00.123456789z",
        "2020-01-01T00:00:00.5-23:59",
        "2020-01-01T01:00:00+01:00",
    ),
    "reference": ("https://a.example", "../Users/1", ""),
    "binary": ("QUI=", "_-8", "", "QUI"),
}
ODD: tuple[Json, ...] = (
    *(None, "", [], {}, [[]], [None], {"value": None}, 5, 1.5, True, "True", "x", {"nope": 1}, [{"value": "x"}]),
    *("2020-01-01", "2020-02-30T00:00:00Z", "9999-12-31T23:59:59-23:59", "QQ+_", "Q", 10**400, ["x", "x"]),
)
SUBS = tuple(Attribute(name=kind, type=kind) for kind in SAMPLES)
ENTRY = (Attribute(name="value"), Attribute(name="number", type="integer"), Attribute(name="primary", type="boolean"))
ATTRIBUTES = (
    Attribute(name="name", required=True),
    *SUBS,
    *(Attribute(name=f"{kind}s", type=kind, multi_valued=True) for kind in SAMPLES),
    Attribute(name="part", type="complex", sub_attributes=(*SUBS, Attribute(name="tags", multi_valued=True))),
    Attribute(name="entries", type="complex", multi_valued=True, sub_attributes=ENTRY),
    Attribute(name="fixed", mutability="immutable"),
    Attribute(name="derived", mutability="readOnly"),
    Attribute(name="exact", case_exact=True),
)
LISTED = tuple(attribute for attribute in ATTRIBUTES if attribute.name in {"entries", "part"}) * 4
"""What there is most to do to."""
MORE = "urn:x:More"
THING = ResourceType(
    name="Thing",
    description="",
    endpoint="/Things",
    schema=Schema(id="urn:x:Thing", name="Thing", attributes=ATTRIBUTES),
    extensions={MORE: Schema(id=MORE, name="More", attributes=SUBS)},
    required_extensions=frozenset(),
    common=Schemas.load().types["User"].common,
    alias="thing",
)
BARE: JsonObject = {"schemas": ["urn:x:Thing"], "name": "n"}
ODD_PATHS = ("id", "meta", "meta.version", "schemas", "externalId", "urn:x:Thing", "nope", "part.nope", "", "a b", MORE)
OPERATORS = ("eq", "eq", "ne", "co", "sw", "ew", "gt", "ge", "lt", "le")


class Sender:
    """A client that sends what fits, mostly."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)  # noqa: S311 - the same requests for one seed
        self._chosen = self.random.choice

    def body(self) -> JsonObject:
        """The body of a POST."""
        chosen = (*LISTED, *self.random.sample(ATTRIBUTES[1:], 5))
        body: JsonObject = BARE | {attribute.name: self._value(attribute) for attribute in chosen}
        return body | {MORE: self._part(SUBS)} if self._often(2) else body

    def operations(self) -> list[JsonObject]:
        """The operations of a PATCH."""
        return [self._operation() for _ in range(self.random.randint(1, 4))]

    def filter(self) -> str:
        """A filter on any attribute."""
        path, attribute = self._path()
        if path.endswith("]"):
            return path
        return self._term(path, attribute or ATTRIBUTES[0])

    def _often(self, times: int) -> bool:
        return self.random.randrange(times) == 0

    def _value(self, attribute: Attribute) -> Json:
        if self._often(8):
            return self._chosen(ODD)
        if attribute.multi_valued:
            return [self._one(attribute) for _ in range(self.random.randint(0, 3))]
        return self._one(attribute)

    def _one(self, attribute: Attribute) -> Json:
        if self._often(15):
            return self._chosen(ODD)
        if attribute.type == "complex":
            return self._part(attribute.sub_attributes)
        return self._chosen(SAMPLES[attribute.type])

    def _part(self, subs: tuple[Attribute, ...]) -> JsonObject:
        return {sub.name: self._value(sub) for sub in self.random.sample(subs, self.random.randint(1, 2))}

    def _operation(self) -> JsonObject:
        op = self._chosen(("add", "replace", "remove", "Add"))
        if self._often(5):
            chosen = self.random.sample(ATTRIBUTES, 2)
            return {"op": op, "value": {attribute.name: self._value(attribute) for attribute in chosen}}
        path, attribute = self._path()
        operation: JsonObject = {"op": op, "path": path}
        if op != "remove" or self._often(10):
            whole = attribute is not None and attribute.multi_valued and not path.endswith("]")
            fitting = self._value if whole else self._one
            operation["value"] = fitting(attribute) if attribute is not None else self._chosen(ODD)
        return operation

    def _path(self) -> tuple[str, Attribute | None]:
        """A path, and what it leads to."""
        if self._often(12):
            return self._chosen(ODD_PATHS), None
        attribute = self._chosen((*ATTRIBUTES, *LISTED))
        path = attribute.name.upper() if self._often(5) else attribute.name
        if attribute.name in SAMPLES and self._often(2):
            return f"{MORE}:{path}", attribute
        if (attribute.multi_valued or attribute.sub_attributes) and self._often(2):
            path += f"[{self._selection(attribute)}]"
        sub = self._chosen(attribute.sub_attributes) if attribute.sub_attributes and self._often(2) else None
        return (f"{path}.{sub.name}", sub) if sub else (path, attribute)

    def _selection(self, attribute: Attribute) -> str:
        names = {sub.name: sub for sub in attribute.sub_attributes} or {"value": attribute}
        name = self._chosen([*names])
        term = self._term(name, names[name])
        return self._chosen(("{}", "{}", "not ({})", "{} and {}", "{} or value pr")).format(term, term)

    def _term(self, path: str, attribute: Attribute) -> str:
        if self._often(6):
            return f"{path} pr"
        given = self._chosen(SAMPLES.get(attribute.type, ("x",)))
        given = self._chosen((None, "x", 1, True)) if self._often(8) else given
        text = f'"{given}"' if isinstance(given, str) and '"' not in given else "null" if given is None else str(given)
        return f"{path} {self._chosen(OPERATORS)} {text}"


seeds = st.integers(0, 2**32)


def stored_by(sender: Sender) -> JsonObject:
    """A resource as it is stored after a POST; a bare one where that is refused."""
    try:
        return resources.read(THING, sender.body()).resource
    except ScimError as refusal:
        assert_sentence(refusal)
        return BARE


def assert_sentence(refusal: ScimError) -> None:
    assert refusal.detail.endswith(".")


def assert_canonical(resource: JsonObject) -> None:
    """It reads as itself: nothing in it is empty, of another type, or under another name."""
    read = resources.read(THING, resource).resource
    assert read == resource
    assert repr(in_order(read)) == repr(in_order(resource)), "1 and 1.0, or 1 and true, are not the same"


def in_order(value: Json) -> Json:
    if isinstance(value, dict):
        return {name: in_order(value[name]) for name in sorted(value)}
    return [in_order(item) for item in value] if isinstance(value, list) else value


@settings(max_examples=1500, deadline=None)
@given(seeds, st.sampled_from(["rfc", "entra"]))
def test_what_comes_of_any_patch_is_a_resource_or_a_refusal(seed: int, name: str) -> None:
    sender, profile = Sender(seed), PROFILES[name]
    stored = stored_by(sender)
    before = copy.deepcopy(stored)
    try:
        message = patch_op({"schemas": [PATCH_OP], "Operations": sender.operations()})
        after = plan(THING, message.operations, profile).outcome(stored).resource
        characteristics.check(THING, stored, after)
    except ScimError as refusal:
        event(f"{name}: {refusal.scim_type}")
        assert_sentence(refusal)
        return
    assert stored == before
    event(f"{name}: {'changed' if after != stored else 'left'}")
    assert_canonical(after)


@settings(max_examples=1000, deadline=None)
@given(seeds, st.sampled_from(["rfc", "entra"]))
def test_what_comes_of_any_body_is_a_resource_or_a_refusal(seed: int, name: str) -> None:
    sender = Sender(seed)
    try:
        body, _ = dialects.body(THING, sender.body(), PROFILES[name])
        made = resources.read(THING, body).resource
    except ScimError as refusal:
        assert_sentence(refusal)
        return
    assert_canonical(made)


@settings(max_examples=1000, deadline=None)
@given(seeds)
def test_any_filter_is_answered_or_refused(seed: int) -> None:
    sender = Sender(seed)
    stored = stored_by(sender)
    try:
        answer = predicate(parse(sender.filter()), THING)(stored)
    except InvalidFilter as refusal:
        event("refused")
        assert_sentence(refusal)
        return
    event(str(answer))
    assert answer in {True, False}
