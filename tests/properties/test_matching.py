"""Laws of matching: it answers as a plain interpreter does, and a plan never misses a match."""

from datetime import UTC, datetime, timedelta, timezone

from hypothesis import event, given, settings
from hypothesis import strategies as st

from scim.filters import And, Comparison, Filter, Literal, Not, Or, Present, ValuePath
from scim.matching import predicate
from scim.normal_forms import normal
from scim.planning import ById, ByIndex, ByPrefix, Lookup, Union, plan
from scim.schema import Json, JsonObject, Schemas
from scim.storage import keys

SCHEMAS = Schemas.load()
USER = SCHEMAS.types["User"]
ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"

words = st.sampled_from(["", "a", "A", "ab", "B", "ba ", "work", "Work", "a@b", "x@B"])
zones = st.sampled_from([UTC, timezone(timedelta(hours=2)), timezone(timedelta(hours=-9, minutes=-30))])
instants = st.datetimes(datetime(2024, 1, 1), datetime(2024, 1, 2), timezones=zones).map(datetime.isoformat)  # noqa: DTZ001 - hypothesis adds the zone
few_instants = st.sampled_from(["2024-01-01T00:00:00Z", "2024-01-01T02:00:00.0000000+02:00"]) | instants

KINDS = {
    "id": "exact",
    "userName": "text",
    "externalId": "exact",
    "title": "text",
    "active": "boolean",
    "name.givenName": "text",
    "meta.lastModified": "dateTime",
    "emails": "text",
    "emails.value": "text",
    "emails.type": "text",
    "emails.primary": "boolean",
    f"{ENTERPRISE}:department": "text",
    f"{ENTERPRISE}:manager": "exact",
    f"{ENTERPRISE}:manager.value": "exact",
}
"""The attributes asked for, and how each compares; ``exact`` and ``text`` are strings."""
SUB_KINDS = {"value": "text", "type": "text", "primary": "boolean"}
LITERALS: dict[str, st.SearchStrategy[Literal]] = {
    "exact": words,
    "text": words,
    "boolean": st.booleans(),
    "dateTime": few_instants,
}
FITTING = {
    "exact": ["eq", "ne", "co", "sw", "ew", "gt", "ge", "lt", "le"],
    "text": ["eq", "ne", "co", "sw", "ew", "gt", "ge", "lt", "le"],
    "boolean": ["eq", "ne"],
    "dateTime": ["eq", "ne", "gt", "ge", "lt", "le"],
}


def some(**values: st.SearchStrategy[Json]) -> st.SearchStrategy[JsonObject]:
    """An object with some of these attributes; those that come out empty are absent, as in canonical form."""
    kept = st.fixed_dictionaries({}, optional=values)
    return kept.map(lambda made: {name: value for name, value in made.items() if value not in ([], {})})


emails = st.lists(
    some(value=words, type=words, primary=st.booleans()).map(lambda made: made or {"value": "a"}), max_size=3
)
resources = some(
    id=words,
    userName=words,
    externalId=words,
    title=words,
    active=st.booleans(),
    name=some(givenName=words, familyName=words),
    meta=some(lastModified=few_instants),
    emails=emails,
    **{ENTERPRISE: some(department=words, manager=some(value=words))},
)


@st.composite
def questions(draw: st.DrawFn, kinds: dict[str, str]) -> Filter:
    path = draw(st.sampled_from(sorted(kinds)))
    shape = draw(st.sampled_from(["comparison", "comparison", "comparison", "presence", "null"]))
    if shape == "presence":
        return Present(path)
    if shape == "null":
        return Comparison(path, draw(st.sampled_from(["eq", "ne"])), None)
    kind = kinds[path]
    return Comparison(path, draw(st.sampled_from(FITTING[kind])), draw(LITERALS[kind]))


def joined(terms: st.SearchStrategy[Filter]) -> st.SearchStrategy[Filter]:
    def join(inner: st.SearchStrategy[Filter]) -> st.SearchStrategy[Filter]:
        several = st.lists(inner, min_size=2, max_size=3).map(tuple)
        return st.one_of(st.builds(Not, inner), st.builds(And, several), st.builds(Or, several))

    return st.recursive(terms, join, max_leaves=5)


filters = joined(questions(KINDS) | st.builds(ValuePath, st.just("emails"), joined(questions(SUB_KINDS))))


def found(path: str, resource: JsonObject) -> list[Json]:
    """Every value a path leads to; None for each element that has none, and where there is no element."""
    holder: Json = resource
    if path.startswith(ENTERPRISE):
        holder, path = resource.get(ENTERPRISE, {}), path.removeprefix(f"{ENTERPRISE}:")
    name, _, sub = path.partition(".")
    value = holder.get(name)
    values = value if isinstance(value, list) else [value]
    return [v.get(sub) if sub and v is not None else v for v in values] or [None]


def is_anywhere(path: str, resource: JsonObject) -> bool:
    return any(is_present(value) for value in found(path, resource))


def is_present(value: Json) -> bool:
    if isinstance(value, dict):
        return any(is_present(inner) for inner in value.values())
    return value not in (None, "")


def comparable(kind: str, operator: str, value: Json) -> Json:
    """What a value is compared by: outer blanks do not count for equality, nor those before a beginning."""
    if kind == "dateTime":
        return datetime.fromisoformat(value)
    if kind != "text":
        return value
    text: str = value.lower()
    return text.strip() if operator in {"eq", "ne"} else text.lstrip() if operator == "sw" else text


def holds(operator: str, left: Json, right: Json) -> bool:
    if operator == "co":
        return bool(right in left)
    if operator in {"sw", "ew"}:
        return bool(left[: len(right)] == right if operator == "sw" else left[len(left) - len(right) :] == right)
    order = (left > right) - (left < right)
    return order in {"eq": [0], "ne": [-1, 1], "gt": [1], "ge": [0, 1], "lt": [-1], "le": [-1, 0]}[operator]


def compared(filter_: Comparison, kinds: dict[str, str], value: Json) -> bool:
    if isinstance(value, dict):
        value = value.get("value")
    if value is None:
        return filter_.operator == "ne"
    kind, operator = kinds[filter_.path], filter_.operator
    return holds(operator, comparable(kind, operator, value), comparable(kind, operator, filter_.value))


def answer(filter_: Filter, resource: JsonObject, kinds: dict[str, str]) -> bool:
    """RFC 7644 §3.4.2.2, word by word."""
    match filter_:
        case And(terms) | Or(terms):
            answers = [answer(term, resource, kinds) for term in terms]
            return all(answers) if isinstance(filter_, And) else any(answers)
        case Not(term):
            return not answer(term, resource, kinds)
        case ValuePath(path, term):
            return any(answer(term, element, SUB_KINDS) for element in resource.get(path, []))
        case Present(path):
            return is_anywhere(path, resource)
        case Comparison(path, operator, None):
            return is_anywhere(path, resource) is (operator == "ne")
        case Comparison(path):
            return any(compared(filter_, kinds, value) for value in found(path, resource))


@settings(max_examples=1000, deadline=None)
@given(filters, resources)
def test_a_filter_matches_as_the_standard_says_word_by_word(filter_: Filter, resource: JsonObject) -> None:
    expected = answer(filter_, resource, KINDS)
    event(f"matches: {expected}")
    assert predicate(filter_, USER)(resource) is expected


@given(filters, resources)
def test_matching_leaves_the_resource_as_it_is(filter_: Filter, resource: JsonObject) -> None:
    before = repr(resource)
    predicate(filter_, USER)(resource)
    assert repr(resource) == before


INDEXED = ("id", "userName", "externalId", "emails", "emails.value")


@st.composite
def true_filters(draw: st.DrawFn, resource: JsonObject) -> Filter:
    """A filter that the resource matches, with terms that an index answers where the resource has such values."""
    known = [(path, value) for path in INDEXED for value in found(path, resource)]
    known = [(path, value["value"] if isinstance(value, dict) and "value" in value else value) for path, value in known]
    terms: list[Filter] = [Comparison(path, "eq", value) for path, value in known if isinstance(value, str)]
    terms += [ValuePath("emails", Comparison("value", "eq", value)) for path, value in known if path == "emails.value"]
    chosen = draw(st.lists(st.sampled_from(terms) | filters if terms else filters, min_size=1, max_size=3))
    true = [term if answer(term, resource, KINDS) else Not(term) for term in chosen]
    return And(tuple(true)) if len(true) > 1 else true[0]


@settings(max_examples=1000, deadline=None)
@given(resources.flatmap(lambda resource: st.tuples(st.just(resource), true_filters(resource))))
def test_a_plan_never_misses_a_resource_that_matches(example: tuple[JsonObject, Filter]) -> None:
    resource, filter_ = example
    assert predicate(filter_, USER)(resource)
    planned = plan(filter_, USER, SCHEMAS)
    event(type(planned.lookup).__name__)
    assert found_in(planned.lookup, resource)
    assert planned.residual is None or predicate(planned.residual, USER)(resource)


def found_in(lookup: Lookup, resource: JsonObject) -> bool:
    """Whether the place that a lookup names holds a resource."""
    match lookup:
        case ById(ids):
            return resource["id"] in ids
        case ByIndex(index, value):
            leaf = index.target.leaf
            return normal(leaf, value) in [normal(leaf, stored) for stored in index.target.values(resource)]
        case ByPrefix(index, prefix):
            low, high = keys.begun(index, prefix)
            return any(low <= keys.index(index, value, "") < high for value in index.target.values(resource))
        case Union(lookups):
            return any(found_in(inner, resource) for inner in lookups)
        case _:
            return True
