"""The law of PATCH: a plan, applied, is what the RFC's steps come to when they are done one by one.

The steps are done here by an interpreter of its own, as plainly as they can be: on copies, with members as a plain
list, and with nothing of the product but the schema's words.
"""

import copy
import json
from dataclasses import dataclass
from typing import Literal

from hypothesis import event, given, settings
from hypothesis import strategies as st

from scim.errors import InvalidValue, NoTarget
from scim.messages import Operation
from scim.patch import plan
from scim.profiles import PROFILES, Profile
from scim.resources import Links
from scim.schema import Json, JsonObject, Schemas

SCHEMAS = Schemas.load()
USER = SCHEMAS.types["User"]
GROUP = SCHEMAS.types["Group"]
CORE = USER.schema.id
ENT = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"

type Op = Literal["add", "remove", "replace"]


@dataclass(frozen=True)
class Do:
    """An operation on users: ``where`` are the attribute's names from the outside in, ``only`` the element meant."""

    op: Op
    where: tuple[str, ...]
    only: tuple[str, Json] | None = None
    sub: str | None = None
    value: Json = None

    def written(self) -> Operation:
        path = f"{self.where[0]}:{self.where[1]}" if self.where[0] == ENT and len(self.where) > 1 else self.where[0]
        if self.only:
            path += f"[{self.only[0]} eq {json.dumps(self.only[1])}]"
        if self.sub:
            path += f".{self.sub}"
        return (
            Operation(op=self.op, path=path)
            if self.op == "remove"
            else Operation(op=self.op, path=path, value=self.value)
        )


def done(resource: JsonObject, do: Do, profile: Profile) -> JsonObject:
    """One operation done, as RFC 7644 §3.5.2 describes it."""
    resource = copy.deepcopy(resource)
    leaves = ENT in resource or do.where == (ENT,)
    holder = resource.setdefault(ENT, {}) if do.where[0] == ENT else resource
    name = do.where[-1]
    if do.where == (ENT,):
        holder.clear()
        if do.op != "remove":
            raise AssertionError("extensions are only removed here")
    elif name == "emails":
        elements = emails_done(holder.pop(name, []), do, profile)
        if elements:
            holder[name] = elements
    else:
        single_done(holder, name, do)
    return tidy(resource, listed=ENT in resource["schemas"] and not leaves)


def single_done(holder: JsonObject, name: str, do: Do) -> None:
    """Attributes with one value; a filter selects it or does not."""
    value = None if do.op == "remove" else do.value
    if do.only and holder.get(name, {}).get(do.only[0]) != do.only[1]:
        return
    if do.sub:
        holder.setdefault(name, {})[do.sub] = value
    elif isinstance(value, dict):
        holder[name] = {**holder.get(name, {}), **value}
    else:
        holder[name] = value


def emails_done(elements: list[JsonObject], do: Do, profile: Profile) -> list[JsonObject]:
    if do.only is None and do.sub is None:
        return whole_done(elements, do)
    chosen = [e for e in elements if do.only is None or e.get(do.only[0]) == do.only[1]]
    wish = None if do.op == "remove" else do.value
    described = dict([do.only]) if do.only else {}
    if not chosen:
        return unmatched_done(elements, do, described, profile)
    result, touched = [], []
    for element in elements:
        if not any(element is one for one in chosen):
            result.append(element)
            continue
        if do.sub:
            changed = {**element, do.sub: wish}
        elif do.op == "add":
            changed = {**element, **(wish or {})}
        elif wish is None:
            continue
        else:
            changed = {**(described if profile.create_unmatched else {}), **wish}
        changed = {name: value for name, value in changed.items() if value is not None}
        result.append(changed)
        touched.append(changed)
    return primaries(result, touched, profile)


def unmatched_done(elements: list[JsonObject], do: Do, described: JsonObject, profile: Profile) -> list[JsonObject]:
    if do.op == "remove":
        return elements
    if not profile.create_unmatched:
        raise NoTarget("")
    if do.value is None:
        return elements
    new = {**described, **({do.sub: do.value} if do.sub else do.value)}
    return primaries([*elements, new], [new], profile)


def whole_done(elements: list[JsonObject], do: Do) -> list[JsonObject]:
    if do.op == "remove":
        return []
    if do.op == "replace":
        return once(do.value or [])
    held = [unmarked(element) for element in elements]
    new = [element for element in once(do.value or []) if unmarked(element) not in held]
    return primaries([*elements, *new], new, PROFILES["rfc"])


def primaries(elements: list[JsonObject], touched: list[JsonObject], profile: Profile) -> list[JsonObject]:
    """Whoever became primary is the only one."""
    marked = once([element for element in touched if element.get("primary") is True])
    if len(marked) > 1 and not profile.last_primary_wins:
        raise InvalidValue("")
    elements = once([element for element in elements if element])
    if not marked:
        return elements
    winner = [element for element in elements if element in marked][-1]
    return once([e if e == winner or e.get("primary") is not True else {**e, "primary": False} for e in elements])


def unmarked(element: JsonObject) -> JsonObject:
    """Without ``primary`` where it is false, which it is anyway (RFC 7643 §2.4)."""
    return {name: value for name, value in element.items() if name != "primary" or value}


def once(elements: list[JsonObject]) -> list[JsonObject]:
    kept: list[JsonObject] = []
    for element in elements:
        if element not in kept:
            kept.append(element)
    return kept


def tidy(resource: JsonObject, *, listed: bool) -> JsonObject:
    """No nulls, nothing empty; an extension that has attributes is listed in ``schemas``."""

    def clean(value: Json) -> Json:
        if isinstance(value, dict):
            return {k: c for k, v in value.items() if (c := clean(v)) not in (None, {}, [])}
        return [clean(v) for v in value] if isinstance(value, list) else value

    cleaned: JsonObject = clean(resource)
    cleaned["schemas"] = [CORE, ENT] if listed or ENT in cleaned else [CORE]
    return cleaned


words = st.sampled_from(["a", "b", "c"])
kinds = st.sampled_from(["work", "home"])
maybe_words = st.one_of(words, st.none())
element = st.fixed_dictionaries({}, optional={"value": words, "type": kinds, "primary": st.booleans()}).filter(bool)


def one_primary_at_most(elements: list[JsonObject]) -> bool:
    return sum(e.get("primary") is True for e in elements) <= 1


arrays = st.lists(element, max_size=4).map(once).filter(one_primary_at_most)
name_value = st.fixed_dictionaries({}, optional={"givenName": maybe_words, "familyName": maybe_words})
only = st.one_of(
    st.tuples(st.just("type"), kinds), st.tuples(st.just("value"), words), st.tuples(st.just("primary"), st.booleans())
)
ops: st.SearchStrategy[Op] = st.sampled_from(["add", "remove", "replace"])

on_users = st.one_of(
    st.builds(Do, ops, st.just(("title",)), value=maybe_words),
    st.builds(Do, ops, st.just(("name",)), sub=st.sampled_from(["givenName", "familyName"]), value=maybe_words),
    st.builds(Do, ops, st.just(("name",)), value=name_value.filter(bool)),
    st.builds(Do, ops, st.just((ENT, "department")), value=maybe_words),
    st.builds(Do, ops, st.just((ENT, "manager")), sub=st.just("value"), value=maybe_words),
    st.builds(Do, st.just("remove"), st.just((ENT, "manager")), st.tuples(st.just("value"), words)),
    st.just(Do("remove", (ENT,))),
    st.builds(Do, ops, st.just(("emails",)), value=arrays),
    st.builds(Do, ops, st.just(("emails",)), only, value=element),
    *(
        st.builds(Do, ops, st.just(("emails",)), st.one_of(only, st.none()), st.just(sub), value)
        for sub, value in [
            ("value", maybe_words),
            ("type", st.one_of(kinds, st.none())),
            ("primary", st.one_of(st.booleans(), st.none())),
        ]
    ),
)


@st.composite
def users(draw: st.DrawFn) -> JsonObject:
    extension = draw(
        st.fixed_dictionaries({}, optional={"department": words, "manager": st.fixed_dictionaries({"value": words})})
    )
    optional = {"title": words, "name": name_value, "emails": arrays}
    raw: JsonObject = {"schemas": [CORE], **draw(st.fixed_dictionaries({"userName": words}, optional=optional))}
    return tidy(raw | {ENT: extension}, listed=draw(st.booleans()))


@given(
    resource=users(), operations=st.lists(on_users, min_size=1, max_size=6), dialect=st.sampled_from(["rfc", "entra"])
)
@settings(max_examples=1000, deadline=None, print_blob=True)
def test_a_plan_applied_is_its_operations_done_one_by_one(
    resource: JsonObject, operations: list[Do], dialect: str
) -> None:
    profile = PROFILES[dialect]
    expected: JsonObject | type[Exception] = resource
    try:
        for do in operations:
            expected = done(expected, do, profile)  # type: ignore[arg-type]  # a resource until the loop is left
    except (NoTarget, InvalidValue) as error:
        expected = type(error)
    before = copy.deepcopy(resource)
    planned = plan(USER, [do.written() for do in operations], profile)
    try:
        found: JsonObject | type[Exception] = planned.apply(resource)
    except (NoTarget, InvalidValue) as error:
        found = type(error)
    event("refused" if isinstance(expected, type) else "changed" if expected != resource else "left")
    assert found == expected
    assert resource == before


@dataclass(frozen=True)
class Link:
    """An operation on members: of some ids, of all (None), or of those of a type."""

    op: Op
    ids: tuple[str, ...] | None = None
    kind: str | None = None
    by_value: bool = False

    def written(self) -> Operation:
        if self.kind is not None:
            return Operation(op="remove", path=f'members[type eq "{self.kind}"]')
        if self.op != "remove":
            return Operation(op=self.op, path="members", value=[{"value": i, "type": KINDS[i]} for i in self.ids or ()])
        if self.ids is None:
            return Operation(op="remove", path="members")
        if self.by_value:
            return Operation(op="remove", path="members", value=[{"value": i, "$ref": None} for i in self.ids])
        return Operation(op="remove", path=f"members[{' or '.join(f'value eq "{i}"' for i in self.ids)}]")


KINDS = {"1": "User", "2": "Group", "3": "User", "4": "Group", "5": "User"}


def linked(members: list[str], link: Link, profile: Profile) -> list[str]:
    """One operation on a plain list of members."""
    if link.kind is not None:
        return [i for i in members if KINDS[i] != link.kind]
    if link.op == "remove":
        return [i for i in members if link.ids is not None and i not in link.ids]
    additive = link.op == "add" or (profile.replace_members == "add" and link.ids)
    held = members if additive else []
    return [*held, *(i for i in dict.fromkeys(link.ids or ()) if i not in held)]


ids = st.lists(st.sampled_from([*KINDS]), min_size=1, max_size=3).map(tuple)
fast_links = st.one_of(
    st.builds(Link, st.sampled_from(["add", "replace"]), ids),
    st.builds(Link, st.just("replace"), st.just(())),
    st.builds(Link, st.just("remove"), st.one_of(ids, st.none())),
)
slow_links = st.one_of(fast_links, st.sampled_from([Link("remove", kind="User"), Link("remove", kind="Group")]))
listed_links = st.one_of(fast_links, ids.map(lambda listed: Link("remove", listed, by_value=True)))


def after(links: Links, members: list[str]) -> set[str]:
    return (set() if links.clear else {*members} - links.remove) | {*links.add}


@given(members=ids, steps=st.lists(listed_links, min_size=1, max_size=6))
@settings(max_examples=300, deadline=None, print_blob=True)
def test_links_planned_without_the_members_come_to_the_same_members(
    members: tuple[str, ...], steps: list[Link]
) -> None:
    profile = PROFILES["entra"]
    planned = plan(GROUP, [step.written() for step in steps], profile)
    expected = [*members]
    for step in steps:
        expected = linked(expected, step, profile)
    assert not planned.needs_members
    assert after(planned.links, [*members]) == {*expected}
    assert planned.links.add.keys().isdisjoint(planned.links.remove)
    assert all(identifier == member.id for identifier, member in planned.links.add.items())


@given(members=ids, steps=st.lists(slow_links, min_size=1, max_size=6), dialect=st.sampled_from(["rfc", "entra"]))
@settings(max_examples=300, deadline=None, print_blob=True)
def test_links_planned_with_the_members_come_to_the_same_members(
    members: tuple[str, ...], steps: list[Link], dialect: str
) -> None:
    profile = PROFILES[dialect]
    group = {"schemas": [GROUP.schema.id], "displayName": "g"}
    held = [{"value": i, "type": KINDS[i]} for i in dict.fromkeys(members)]
    written = [step.written() for step in steps]
    expected = [*dict.fromkeys(members)]
    for step in steps:
        expected = linked(expected, step, profile)
    planned = plan(GROUP, written, profile)
    event("with members" if planned.needs_members else "without")
    if planned.needs_members:
        result = planned.apply(group | {"members": held}).get("members", [])
        assert planned.links == Links()
        assert [member["value"] for member in result] == expected
    else:
        assert planned.apply(group) == group
        assert after(planned.links, [*members]) == {*expected}
