"""Attributes that a provider declares: which may be, and why others may not."""

import pytest

from scim.declared import attributes_wrong
from scim.schema import JsonObject, Schema
from tests.custom import THING, attribute, schema

TYPES = {"User", "Thing"}


def wrong(*attributes: JsonObject) -> list[str]:
    return [*attributes_wrong(Schema.model_validate(schema(THING, *attributes)), TYPES)]


def site(*subs: JsonObject, **more: object) -> JsonObject:
    return attribute("site", "complex", subAttributes=list(subs), **more)


@pytest.mark.parametrize(
    "declared",
    [
        attribute("a"),
        attribute("A-b_9"),
        attribute("key", "binary", mutability="writeOnly", returned="never"),
        attribute("number", "integer", uniqueness="server"),
        attribute("weight", "decimal", uniqueness="global"),
        attribute("home", "reference", referenceTypes=["external"], uniqueness="server"),
        attribute("owner", "reference", referenceTypes=["User", "Thing", "uri"]),
        site(attribute("value"), attribute("$ref", "reference"), attribute("primary", "boolean"), multiValued=True),
        site(attribute("primary")),
        attribute("seen", "dateTime", mutability="readOnly", required=True),
    ],
)
def test_what_the_standard_allows_may_be_declared(declared: JsonObject) -> None:
    assert wrong(declared) == []


@pytest.mark.parametrize(
    ("declared", "sentence"),
    [
        (attribute(""), "the name of an attribute must be a letter, then letters, digits, - and _."),
        (attribute("1a"), "the name of an attribute must be a letter"),
        (attribute("a.b"), "the name of an attribute must be a letter"),
        (attribute("urn:a"), "the name of an attribute must be a letter"),
        (attribute("größe"), "the name of an attribute must be a letter"),
        (attribute("Not"), "the name of an attribute must be a letter"),
        (attribute("$ref", "reference"), "the name of an attribute must be a letter"),
        (attribute("x" * 61), "the name of an attribute must be a letter"),
        (site(), f"{THING}:site: it is complex and has no subAttributes; declare them, or give it another type."),
        (attribute("a", subAttributes=[attribute("b")]), "it has subAttributes and is of type string"),
        (site(site(attribute("x"))), f"{THING}:site.site: a sub-attribute cannot be complex itself (RFC 7643, section"),
        (site(attribute("$ref")), f"{THING}:site.$ref: $ref must be of type reference"),
        (site(attribute("$type")), f"{THING}:site.$type: the name of a sub-attribute must be a letter"),
        (site(attribute("primary"), multiValued=True), f"{THING}:site.primary: primary must be of type boolean"),
        (site(attribute("a"), attribute("A")), f"{THING}:site: A stands there twice"),
        (site(attribute("a", multiValued=True, uniqueness="server")), "a sub-attribute with several values; set it to"),
        (attribute("a", mutability="writeOnly"), "it is writeOnly and would be returned; set returned to never"),
        (attribute("a", "boolean", uniqueness="server"), "uniqueness cannot be kept for the type boolean: it has two"),
        (attribute("a", "dateTime", uniqueness="server"), "uniqueness cannot be kept for the type dateTime"),
        (attribute("a", "binary", uniqueness="server"), "uniqueness cannot be kept for the type binary"),
        (site(attribute("a"), uniqueness="server"), "uniqueness cannot be kept for the type complex"),
        (attribute("a", returned="never", uniqueness="server"), "what is never returned is not stored, so uniqueness"),
        (site(attribute("a", uniqueness="server"), returned="never"), f"{THING}:site.a: what is never returned is not"),
        (attribute("a", referenceTypes=["external"]), "it has referenceTypes and is of type string"),
        (
            attribute("a", "reference", referenceTypes=["Ding"]),
            "there is no resource type Ding; referenceTypes can be external, uri, Thing, User.",
        ),
    ],
)
def test_what_may_not_be_is_named_with_what_would_be_right(declared: JsonObject, sentence: str) -> None:
    assert any(sentence in reason for reason in wrong(declared)), wrong(declared)


def test_names_that_differ_only_in_case_are_the_same() -> None:
    assert wrong(attribute("size"), attribute("Size")) == [
        f"{THING}: Size stands there twice; names that differ only in case are the same."
    ]
