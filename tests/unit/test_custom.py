"""A provider's own schemas as a file: what may stand in it, and what is said of what may not."""

import json

import pytest

from scim.custom import Custom, CustomError
from scim.schema import Json, JsonObject
from tests.custom import BADGE, DEVICE_FILE, THING, attribute, resource_type, things, user_badge

FILE = user_badge(attribute("number", "integer", uniqueness="server"), indexes=("number",))


def read(file: Json) -> Custom:
    return Custom.read(json.dumps(file))


def reasons(text: str) -> list[str]:
    with pytest.raises(CustomError) as refused:
        Custom.read(text)
    return [*refused.value.reasons]


def test_a_file_is_read_with_the_defaults_of_the_standard() -> None:
    custom = read(FILE)
    (number,) = custom.schemas[0].attributes
    assert (number.name, number.type, number.uniqueness) == ("number", "integer", "server")
    assert (number.mutability, number.returned, number.required, number.multi_valued) == (
        "readWrite",
        "default",
        False,
        False,
    )
    assert (custom.extensions[0].resource_type, custom.extensions[0].schema_) == ("User", BADGE)


def test_what_was_read_can_be_written_and_read_again() -> None:
    custom = Custom.read(DEVICE_FILE.read_bytes())
    assert Custom.read(custom.text) == custom
    assert Custom.read(custom.text).text == custom.text


@pytest.mark.parametrize("file", [{}, {"schemas": []}, {"schemas": [], "resourceTypes": [], "extensions": []}])
def test_nothing_can_be_said_in_several_ways(file: JsonObject) -> None:
    assert (read(file).text, read(file).digest) == ("", "")
    assert read(file) == Custom()


def test_the_digest_is_of_the_content_and_not_of_its_form() -> None:
    spaced = json.dumps(FILE, indent=8)
    spelled_out = user_badge(
        attribute("number", "integer", uniqueness="server", required=False, subAttributes=[]), indexes=("number",)
    )
    other = user_badge(attribute("number", "integer", uniqueness="server", description="x"), indexes=("number",))
    assert Custom.read(spaced).digest == read(FILE).digest == read(spelled_out).digest
    assert read(other).digest != read(FILE).digest
    assert len(read(FILE).digest) == 16


def test_entries_may_be_pasted_from_the_answer_of_a_service() -> None:
    pasted = things(attribute("size"))
    pasted["schemas"][0] |= {
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:Schema"],
        "meta": {"resourceType": "Schema", "location": f"https://x/v2/Schemas/{THING}"},
        "description": "Things",
    }
    pasted["resourceTypes"][0] |= {
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:ResourceType"],
        "id": "Thing",
        "meta": {"resourceType": "ResourceType", "location": "https://x/v2/ResourceTypes/Thing"},
    }
    custom = read(pasted)
    assert "https" not in custom.text
    assert custom.schemas[0].description == "Things"


@pytest.mark.parametrize(
    ("file", "sentence"),
    [
        ({"scheams": []}, "scheams is not known here; see that it is spelled as in RFC 7643, or leave it out."),
        (
            user_badge(attribute("number", multi_valued=True)),
            "schemas[0] (Badge).attributes[0] (number).multi_valued is not known here",
        ),
        (user_badge(attribute("number", pattern="[0-9]")), "attributes[0] (number).pattern is not known here"),
        (user_badge({"type": "string"}), "schemas[0] (Badge).attributes[0].name is missing."),
        (
            user_badge(attribute("number", mutability="read")),
            "schemas[0] (Badge).attributes[0] (number).mutability must be readOnly, readWrite, immutable or writeOnly.",
        ),
        (user_badge(attribute("number", "number")), "(number).type must be string, complex, boolean, decimal"),
        (user_badge(attribute("number", required="yes")), "(number).required must be true or false."),
        (user_badge(attribute("number", canonicalValues="a")), "(number).canonicalValues must be an array."),
        (user_badge(attribute("number", canonicalValues=[1])), "(number).canonicalValues[0] must be a string."),
        (user_badge(attribute("number", uniqueness="Manufacturer")), "uniqueness must be none, server or global."),
        (
            user_badge(attribute("site", "complex", subAttributes=[attribute("code", colour="red")])),
            "attributes[0] (site).subAttributes[0] (code).colour is not known here",
        ),
        ({"schemas": [7]}, "schemas[0] must be an object."),
        ({"schemas": {}}, "schemas must be an array."),
        ([], "The file must be an object."),
        ({"resourceTypes": [resource_type(alias="user")]}, "resourceTypes[0] (Thing).alias is not known here"),
        ({"resourceTypes": [resource_type(members="members")]}, "resourceTypes[0] (Thing).members is not known here"),
        ({"resourceTypes": [{"name": "Thing", "schema": THING}]}, "resourceTypes[0] (Thing).endpoint is missing."),
        ({"extensions": [{"schema": BADGE}]}, f"extensions[0] ({BADGE}).resourceType is missing."),
        ({"extensions": [{"resourceType": "User", "schema": BADGE, "id": "x"}]}, ".id is not known here"),
    ],
)
def test_what_is_not_of_the_form_is_named_with_its_place(file: Json, sentence: str) -> None:
    assert any(sentence in reason for reason in reasons(json.dumps(file))), reasons(json.dumps(file))


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "The file is empty; write {} into it"),
        ("{", "The file is not JSON"),
        ('{"schemas": [], "schemas": []}', "'schemas' stands twice in one object."),
        ('{"schemas": ' + "[" * 40 + "]" * 40 + "}", "The file is nested deeper than 16 levels."),
        ('{"schemas": ["\\ud800"]}', "The file holds half of a surrogate pair, which is no character."),
    ],
)
def test_what_is_not_json_is_refused_as_a_file(text: str, sentence: str) -> None:
    assert any(sentence in reason for reason in reasons(text)), reasons(text)


def test_everything_wrong_is_told_at_once_but_not_without_end() -> None:
    file = user_badge(*[attribute("a", colour="red") for _ in range(30)])
    with pytest.raises(CustomError) as refused:
        read(file)
    assert len(refused.value.reasons) == 30
    assert str(refused.value).count("\n") == 20
    assert str(refused.value).endswith("and 10 more")


def test_a_refusal_never_shows_a_value() -> None:
    assert "secret" not in str(reasons(json.dumps(user_badge(attribute("number", required="secret")))))
