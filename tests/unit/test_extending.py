"""The standard's schemas with a provider's own: what they become, and what may not be declared."""

from pathlib import Path

import pytest

from scim.custom import Custom, CustomError
from scim.extending import extended
from scim.schema import JsonObject, Schemas
from tests.client import ENTERPRISE, GROUP, USER
from tests.custom import (
    BADGE,
    COST,
    DEVICE_FILE,
    EXTRA,
    THING,
    attribute,
    extension,
    resource_type,
    schema,
    things,
    user_badge,
)

STANDARD = Schemas.load()


def with_(file: JsonObject, standard: Schemas = STANDARD) -> Schemas:
    return extended(standard, Custom.model_validate(file))


def wrong(file: JsonObject) -> list[str]:
    with pytest.raises(CustomError) as refused:
        with_(file)
    return [*refused.value.reasons]


def test_without_anything_custom_the_standard_is_all_there_is() -> None:
    assert extended(STANDARD, Custom()) is STANDARD
    assert STANDARD.fingerprint == "user.userName group.displayName"


def test_an_extension_of_user_is_served_beside_the_standards_own() -> None:
    schemas = with_(user_badge(attribute("number"), required=True))
    user = schemas.types["User"]
    assert [*user.extensions] == [ENTERPRISE, BADGE]
    assert user.required_extensions == {BADGE}
    assert str(user.resolve(f"{BADGE.upper()}:NUMBER")) == f"{BADGE}:number"
    assert BADGE in schemas.schemas
    assert schemas.types["Group"] is STANDARD.types["Group"]
    assert STANDARD.types["User"].extension(BADGE) is None


def test_a_type_has_the_common_attributes_an_alias_and_no_members() -> None:
    schemas = with_(things(attribute("size", "integer"), indexes=("size", "externalId")))
    thing = schemas.types["Thing"]
    assert [*schemas.types] == ["User", "Group", "Thing"]
    assert (thing.alias, thing.endpoint, thing.members, thing.memberships) == ("thing", "/Things", None, None)
    assert all(thing.attribute(name) for name in ("id", "externalId", "meta", "schemas", "size"))
    assert schemas.at("/THINGS") is thing


def test_what_is_unique_is_indexed_by_itself_and_named_shortly() -> None:
    badge = schema(
        BADGE,
        attribute("number", "integer", uniqueness="server"),
        attribute("site", "complex", subAttributes=[attribute("code", uniqueness="global"), attribute("floor")]),
        attribute("colour"),
        name="The Badge 2",
    )
    file = {"schemas": [badge], "extensions": [extension(BADGE, indexes=["Colour", "number", "site.floor"])]}
    user = with_(file).types["User"]
    assert [(index.alias, index.unique) for index in user.indexes] == [
        ("user.userName", True),
        ("user.externalId", False),
        ("user.emails.value", False),
        ("user.thebadge2.colour", False),
        ("user.thebadge2.number", True),
        ("user.thebadge2.site.floor", False),
        ("user.thebadge2.site.code", True),
    ]
    assert user.indexed[3] == f"{BADGE}:colour"


def test_an_attribute_of_the_standard_can_be_indexed_too() -> None:
    file = user_badge(attribute("number")) | {"extensions": [extension(BADGE, indexes=[f"{USER}:title"])]}
    assert with_(file).types["User"].indexes[-1].alias == "user.title"


def test_one_schema_may_extend_several_types() -> None:
    file = {
        "schemas": [schema(COST, attribute("centre")), schema(THING, name="Thing")],
        "resourceTypes": [resource_type(THING, "Thing", COST, indexes=[f"{COST}:centre"])],
        "extensions": [extension(COST, "Group", indexes=["centre"]), extension(COST, "User", required=True)],
    }
    types = with_(file).types
    assert all(COST in types[name].extensions for name in ("User", "Group", "Thing"))
    assert types["Group"].indexes[-1].alias == "group.cost.centre"
    assert types["Thing"].indexes[-1].alias == "thing.cost.centre"
    assert types["User"].required_extensions == {COST}


def test_the_fingerprint_tells_one_content_from_another_and_keeps_the_standards() -> None:
    one = with_(user_badge(attribute("number")))
    two = with_(user_badge(attribute("number", description="x")))
    assert one.fingerprint == f"user.userName group.displayName custom={one.digest}"
    assert one.fingerprint != two.fingerprint
    unique = with_(user_badge(attribute("number", uniqueness="server")))
    assert unique.fingerprint.startswith("user.userName user.badge.number group.displayName custom=")


def test_a_switch_of_the_provider_holds_with_and_without_custom_schemas() -> None:
    relaxed = STANDARD.without_uniqueness("Group", "displayName")
    schemas = with_(user_badge(attribute("number")), relaxed)
    assert [index.unique for index in schemas.types["Group"].indexes] == [False, False]
    assert schemas.digest


@pytest.mark.parametrize("path", [DEVICE_FILE, *DEVICE_FILE.parent.glob("*.json")], ids=lambda path: path.name)
def test_the_files_in_the_documentation_are_right(path: Path) -> None:
    schemas = extended(STANDARD, Custom.read(path.read_bytes()))
    assert all(len(index.alias) <= 45 for kind in schemas.types.values() for index in kind.indexes)


TWO = [schema(THING, name="Thing"), schema(EXTRA)]
"""Schemas of a type and of its extension."""


@pytest.mark.parametrize(
    ("file", "sentence"),
    [
        # schemas
        (user_badge() | {"schemas": [schema("badge:User:x:y")]}, "the id of a schema must be a URN of its own"),
        (
            {"schemas": [schema("urn:ietf:params:scim:api:messages:2.0:Mine")]},
            "the id of a schema must be a URN of its own",
        ),
        ({"schemas": [schema(USER)]}, f"{USER}: there is a schema of this id already"),
        ({"schemas": [schema(ENTERPRISE.upper())]}, "there is a schema of this id already"),
        ({"schemas": [schema(BADGE), schema(BADGE.lower())]}, "there is a schema of this id already"),
        ({"schemas": [schema(f"{USER}:badge")]}, f"it begins like {USER.lower()}, or that one like it"),
        ({"schemas": [schema(BADGE), schema(f"{BADGE}:x")]}, "so a path could mean two things"),
        ({"schemas": [schema(BADGE)]}, f"{BADGE} is the schema of no resource type and no extension"),
        ({"schemas": [schema(BADGE, name="-")]}, f"{BADGE}: its name must have letters or digits, such as Badge."),
        (things(attribute("externalID")), f"{THING}: externalID is an attribute of every resource"),
        # types
        ({"resourceTypes": [resource_type()]}, f"Thing: its schema {THING} is not among the schemas of this file."),
        ({"resourceTypes": [resource_type(USER)]}, f"Thing: its schema {USER} is not among the schemas of this file."),
        (
            {"schemas": TWO, "resourceTypes": [resource_type(THING, "A"), resource_type(THING, "B")]},
            f"A: {THING} is the schema of another resource type, too.",
        ),
        ({"schemas": TWO, "resourceTypes": [resource_type(THING, "A1")]}, "'A1': the name of a resource type must be"),
        (
            {"schemas": TWO, "resourceTypes": [resource_type(THING, "x" * 21)]},
            "must be 1 to 20 letters",
        ),
        (
            {"schemas": TWO, "resourceTypes": [resource_type(THING, "Ding-e")]},
            "must be 1 to 20 letters",
        ),
        *(
            ({"schemas": TWO, "resourceTypes": [resource_type(THING, name)]}, f"{name}: this name is taken")
            for name in ("User", "group", "Head", "Change", "Tombstone", "Intent", "Members", "Runs", "Schema", "URI")
        ),
        (
            {"schemas": TWO, "resourceTypes": [resource_type(THING, "Thing"), resource_type(EXTRA, "THING")]},
            "THING: this name is taken",
        ),
        *(
            ({"schemas": TWO, "resourceTypes": [resource_type(endpoint=path)]}, "must be a slash and a name, such as")
            for path in ("Things", "/", "/Things/", "/a/b", "/.search", "/openapi.json", "/Ding e", "/Dingé", "/1")
        ),
        *(
            ({"schemas": TWO, "resourceTypes": [resource_type(endpoint=path)]}, f"the endpoint {path} is taken")
            for path in ("/Users", "/groups", "/Me", "/BULK", "/Schemas", "/ResourceTypes", "/ServiceProviderConfig")
        ),
        ({"schemas": TWO, "resourceTypes": [resource_type(endpoint="/GroupMemberships")]}, "is taken"),
        (
            {"schemas": TWO, "resourceTypes": [resource_type(), resource_type(EXTRA, "Extra", endpoint="/THINGS")]},
            "Extra: the endpoint /THINGS is taken",
        ),
        # extensions
        ({"schemas": [schema(BADGE)], "extensions": [extension(BADGE, "Badge")]}, "there is no resource type Badge"),
        ({"extensions": [extension(BADGE)]}, f"User: {BADGE} is no schema that can extend it"),
        ({"extensions": [extension(GROUP)]}, f"User: {GROUP} is no schema that can extend it"),
        ({"extensions": [extension(ENTERPRISE)]}, f"User: it has the extension {ENTERPRISE} twice."),
        (
            {"schemas": [schema(BADGE)], "extensions": [extension(BADGE), extension(BADGE)]},
            f"User: it has the extension {BADGE} twice.",
        ),
        (
            {"schemas": TWO, "resourceTypes": [resource_type(THING, "Thing", EXTRA, EXTRA)]},
            f"Thing: it has the extension {EXTRA} twice.",
        ),
        (
            {"schemas": TWO, "resourceTypes": [resource_type(), resource_type(EXTRA, "Extra", THING)]},
            f"Extra: {THING} is no schema that can extend it",
        ),
        # indexes
        (user_badge(indexes=("nope",)), f"User: there is no attribute {BADGE}:nope to index"),
        (user_badge(indexes=("urn:x:y",)), "User: there is no attribute urn:x:y to index"),
        (things(indexes=("id",)), "Thing: id cannot be indexed: the service looks after it."),
        (things(indexes=("meta.created",)), "Thing: meta.created cannot be indexed: one moment can be written"),
        (things(attribute("on", "boolean"), indexes=("on",)), "Thing: on cannot be indexed: it has two values only"),
        (things(attribute("at", "dateTime"), indexes=("at",)), "Thing: at cannot be indexed: one moment can be"),
        (things(attribute("key", "binary"), indexes=("key",)), "Thing: key cannot be indexed: its values are too long"),
        (
            things(attribute("key", returned="never", mutability="writeOnly"), indexes=("key",)),
            "Thing: key cannot be indexed: what is never returned is not stored.",
        ),
        (
            things(attribute("at", "complex", subAttributes=[attribute("x")]), indexes=("at",)),
            "Thing: at cannot be indexed: only its sub-attributes can be.",
        ),
        (
            things(attribute("at", "complex", subAttributes=[attribute("x", multiValued=True)]), indexes=("at.x",)),
            "Thing: at.x cannot be indexed: a sub-attribute with several values is not.",
        ),
        (
            things(attribute("at", "complex", subAttributes=[attribute("$ref", "reference")]), indexes=("at.$ref",)),
            "Thing: at.$ref cannot be indexed: the service looks after it.",
        ),
        (things(attribute("x" * 40), indexes=("x" * 40,)), "which has more than 45 characters; give its schema or"),
        (
            {
                "schemas": [schema(BADGE, attribute("n")), schema(COST, attribute("n"), name="BADGE")],
                "extensions": [extension(BADGE, indexes=["n"]), extension(COST, indexes=["n"])],
            },
            f"the indexes of {COST}:n and {BADGE}:n are both called user.badge.n in storage",
        ),
    ],
)
def test_what_may_not_be_declared_is_named_with_what_would_be_right(file: JsonObject, sentence: str) -> None:
    assert any(sentence in reason for reason in wrong(file)), wrong(file)


def test_all_that_is_wrong_is_said_at_once() -> None:
    file = {"schemas": [schema(BADGE), schema(USER)], "resourceTypes": [resource_type()]}
    assert len(wrong(file)) >= 4
