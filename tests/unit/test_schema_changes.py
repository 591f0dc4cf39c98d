"""What changes from one file of custom schemas to another, and which stored resources stand against it."""

import pytest

from scim.custom import Custom
from scim.extending import extended
from scim.schema import Json, JsonObject, Schemas
from scim.schema_changes import Comparison, compare
from tests.client import USER
from tests.custom import BADGE, EXTRA, THING, attribute, extension, resource_type, schema, things, user_badge

STANDARD = Schemas.load()
NUMBER = f"{BADGE}:number"
ANN: JsonObject = {"schemas": [USER], "userName": "ann"}
WITH: JsonObject = {**ANN, "schemas": [USER, BADGE], BADGE: {"number": "7", "site": {"code": "A"}, "marks": ["x"]}}
OTHER: JsonObject = {**ANN, "schemas": [USER, BADGE], BADGE: {"colour": "red"}}
CODE = attribute("code")


def compared(before: JsonObject, after: JsonObject) -> Comparison:
    old, new = (extended(STANDARD, Custom.model_validate(file)) for file in (before, after))
    return compare(old, new)


def badge(kind: str = "string", **more: Json) -> JsonObject:
    return user_badge(attribute("number", kind, **more))


def indexed(*names: str, **more: Json) -> JsonObject:
    return user_badge(attribute("number", **more), indexes=names)


def site(*subs: JsonObject, **more: Json) -> JsonObject:
    return user_badge(attribute("site", "complex", subAttributes=list(subs), **more))


demanded = user_badge(attribute("number"), required=True)


def retyped(**more: Json) -> JsonObject:
    """A file with one type, whose entry has other values than usual."""
    return {"schemas": [schema(THING, name="Thing")], "resourceTypes": [resource_type(**more)]}


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ({}, badge(), [f"User: a new extension, {BADGE}."]),
        ({}, things(), ["Thing: a new resource type, at /Things."]),
        (badge(), badge(description="x"), [f"User: {NUMBER}: description changes."]),
        (badge(), badge(canonicalValues=["1"]), [f"User: {NUMBER}: canonical_values changes."]),
        (badge(), badge(returned="request"), [f"User: {NUMBER}: returned changes."]),
        (badge(returned="request"), badge(returned="always"), [f"User: {NUMBER}: returned changes."]),
        (badge(returned="never"), badge(), [f"User: {NUMBER}: returned changes."]),
        (badge(), badge(mutability="immutable"), [f"User: {NUMBER}: mutability changes."]),
        (badge(), badge(mutability="readOnly"), [f"User: {NUMBER}: mutability changes."]),
        (badge(required=True), badge(), [f"User: {NUMBER}: required changes."]),
        (badge(), badge(caseExact=True), [f"User: {NUMBER}: case_exact changes."]),
        (badge(), badge(mutability="readOnly", required=True), [f"User: {NUMBER}: required, mutability changes."]),
        (badge(uniqueness="server"), badge(uniqueness="global"), [f"User: {NUMBER}: uniqueness changes."]),
        (badge(), user_badge(attribute("number"), attribute("colour")), [f"User: a new attribute, {BADGE}:colour."]),
        (site(CODE), site(CODE, attribute("floor")), [f"User: a new attribute, {BADGE}:site.floor."]),
        (
            user_badge(),
            badge(uniqueness="server"),
            [f"User: a new attribute, {NUMBER}.", f"User: {NUMBER} is unique."],
        ),
        (user_badge(), indexed("number"), [f"User: a new attribute, {NUMBER}.", f"User: {NUMBER} is indexed."]),
        (
            indexed("number"),
            indexed(),
            [f"User: {NUMBER} is no longer indexed, so filters that compare it read all resources."],
        ),
        (
            user_badge(attribute("number"), required=True),
            badge(),
            [f"User: the extension {BADGE} becomes optional."],
        ),
        (
            {"schemas": [schema(BADGE)], "extensions": [extension(BADGE)]},
            {"schemas": [schema(BADGE, name="Other")], "extensions": [extension(BADGE)]},
            [f"User: {BADGE}: its name or description changes."],
        ),
        (retyped(), retyped(endpoint="/Dinge"), ["Thing: its resources move from /Things to /Dinge."]),
        (retyped(), retyped(description="x"), ["Thing: its description changes."]),
        (badge(), badge(), []),
        (things(attribute("size")), things(attribute("size")), []),
    ],
)
def test_most_changes_lose_nothing(before: JsonObject, after: JsonObject, told: list[str]) -> None:
    comparison = compared(before, after)
    assert (comparison.told, comparison.hurdles) == (told, [])


@pytest.mark.parametrize(
    ("before", "after", "change", "standing", "free"),
    [
        (badge(), user_badge(), f"{NUMBER} is removed", [WITH], [ANN, OTHER]),
        (badge(), user_badge(attribute("Number")), f"{NUMBER} is removed", [WITH], [ANN, OTHER]),
        (badge(), {}, f"the extension {BADGE} is removed", [WITH, OTHER, {**ANN, "schemas": [BADGE]}], [ANN]),
        (things(), {}, "the resource type is removed", [ANN], []),
        (badge(), badge("integer"), f"{NUMBER} becomes of another form (integer, one value)", [WITH], [ANN, OTHER]),
        (badge(), badge(multiValued=True), f"{NUMBER} becomes of another form (string, several", [WITH], [ANN, OTHER]),
        (badge(), badge(returned="never"), f"{NUMBER} is never returned any more", [WITH], [ANN, OTHER]),
        (
            badge(),
            badge(returned="never", mutability="writeOnly"),
            f"{NUMBER} is never returned any more",
            [WITH],
            [ANN, OTHER],
        ),
        (badge(), badge(required=True), f"{NUMBER} becomes required", [OTHER], [ANN, WITH]),
        (
            badge(required=True, mutability="readOnly"),
            badge(required=True),
            f"{NUMBER} becomes required",
            [OTHER, {**ANN, BADGE: {"number": " "}}],
            [ANN, WITH],
        ),
        (user_badge(), badge(required=True), f"{NUMBER} is new and required", [OTHER], [ANN, WITH]),
        (
            badge(),
            user_badge(attribute("number"), required=True),
            f"the extension {BADGE} becomes",
            [ANN],
            [WITH, OTHER],
        ),
        ({}, user_badge(required=True), f"the extension {BADGE} is new and required", [ANN], [WITH, OTHER]),
        (indexed("number"), badge(uniqueness="server"), f"{NUMBER} becomes unique", [WITH], [ANN, OTHER]),
        (badge(uniqueness="server"), indexed("number"), f"{NUMBER} becomes indexed", [WITH], [ANN, OTHER]),
        (
            indexed("number"),
            indexed("number", caseExact=True),
            f"{NUMBER} is compared in another way (caseExact)",
            [WITH],
            [ANN, OTHER],
        ),
        (
            indexed("number"),
            {
                "schemas": [schema(BADGE, attribute("number"), name="Other")],
                "extensions": indexed("number")["extensions"],
            },
            f"{NUMBER} is indexed in another way",
            [WITH],
            [ANN, OTHER],
        ),
        (site(CODE, attribute("x")), site(CODE), f"{BADGE}:site.x is removed", [{BADGE: {"site": {"x": "1"}}}], [WITH]),
        (
            site(CODE),
            site(CODE, attribute("x", required=True)),
            f"{BADGE}:site.x is new and required",
            [WITH],
            [ANN, OTHER, {BADGE: {"site": {"x": "1"}}}],
        ),
        (
            site(CODE, multiValued=True),
            site(attribute("code", required=True), multiValued=True),
            f"{BADGE}:site.code becomes required",
            [{BADGE: {"site": [{"code": "A"}, {"x": "1"}]}}],
            [ANN, OTHER, {BADGE: {"site": [{"code": "A"}]}}],
        ),
        (
            site(CODE),
            site(CODE, multiValued=True),
            f"{BADGE}:site becomes of another form (complex, sev",
            [WITH],
            [ANN],
        ),
        (
            {
                "schemas": [schema(THING, name="Thing"), schema(EXTRA)],
                "resourceTypes": [resource_type(THING, "Thing", EXTRA)],
            },
            {"schemas": [schema(EXTRA)], "resourceTypes": [resource_type(EXTRA)]},
            f"its schema becomes {EXTRA}",
            [ANN],
            [],
        ),
    ],
)
def test_what_could_lose_or_contradict_something_asks_the_resources(
    before: JsonObject, after: JsonObject, change: str, standing: list[JsonObject], free: list[JsonObject]
) -> None:
    comparison = compared(before, after)
    (hurdle,) = [each for each in comparison.hurdles if each.change.startswith(change)]
    assert [hurdle.stands(resource) for resource in standing + free] == [True] * len(standing) + [False] * len(free)
    assert f"{hurdle.type}: {hurdle.change}." in comparison.told
    assert hurdle.remedy.endswith(".")


def test_what_clients_cannot_give_may_become_required_at_any_time() -> None:
    never = {"returned": "never", "mutability": "writeOnly"}
    assert compared(badge(**never), badge(required=True, **never)).hurdles == []
    assert compared(user_badge(), badge(required=True, mutability="readOnly")).hurdles == []


def test_parts_of_what_changes_its_form_are_not_told_one_by_one() -> None:
    comparison = compared(site(CODE), user_badge(attribute("site")))
    assert len(comparison.told) == 1


def test_a_schema_of_two_types_changes_both() -> None:
    both = [extension(BADGE, "User"), extension(BADGE, "Group")]
    before = {"schemas": [schema(BADGE, attribute("number"))], "extensions": both}
    comparison = compared(before, {"schemas": [schema(BADGE)], "extensions": both})
    assert [hurdle.type for hurdle in comparison.hurdles] == ["User", "Group"]
