"""The description in OpenAPI: that it is one, that the service serves it, and that it says what the service does."""

import json
import tomllib
from collections.abc import Iterator
from pathlib import Path

import jsonschema_rs
import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from scim import errors, openapi
from scim.handlers import Request
from scim.profiles import PROFILES
from scim.schema import Attribute, JsonObject, ResourceType, Schema, Schemas
from tests.client import ENTERPRISE, ORIGIN, PROFILE_NAMES, Answer, Client, new_client

SCHEMAS = Schemas.load()
BASE = f"{ORIGIN}/scim/contoso/v2"
OPTIONS = ("bulk", "sort", "etag")
NOTHING: JsonObject = {name: {"supported": False} for name in OPTIONS}
ALL: JsonObject = {name: {"supported": True} for name in OPTIONS} | {"pagination": {"cursor": True, "index": True}}
ISSUING: JsonObject = ALL | {"authenticationSchemes": [{"type": "oauthbearertoken"}, {"type": "oauth2"}]}
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
LIMITS = Schema(id="urn:x:Limits", name="User", attributes=(Attribute(name="disk", type="integer", required=True),))
SHELF = ResourceType(
    name="Shelf",
    description="",
    endpoint="/Shelves",
    schema=Schema(
        id="urn:x:Shelf",
        name="A shelf",
        attributes=(
            Attribute(name="code", required=True, mutability="immutable"),
            Attribute(name="sizes", type="decimal", multi_valued=True, required=True),
            Attribute(name="built", type="dateTime"),
        ),
    ),
    extensions={LIMITS.id: LIMITS},
    required_extensions=frozenset({LIMITS.id}),
    common=SCHEMAS.types["User"].common,
    alias="shelf",
)
OWN = Schemas(
    {**SCHEMAS.schemas, SHELF.schema.id: SHELF.schema, LIMITS.id: LIMITS}, {**SCHEMAS.types, SHELF.name: SHELF}
)


def described(config: JsonObject = ALL, profile: str = "rfc", schemas: Schemas = SCHEMAS) -> JsonObject:
    return openapi.of_provider(schemas, PROFILES[profile], config, BASE)


def operations(document: JsonObject) -> Iterator[tuple[str, str, JsonObject]]:
    for path, item in document["paths"].items():
        yield from ((path, method, item[method]) for method in item if method != "parameters")


def named(document: JsonObject, path: str, method: str) -> set[str]:
    """The parameters of an operation."""
    return {each["$ref"].rpartition("/")[2] for each in document["paths"][path][method].get("parameters", ())}


def fits(document: JsonObject, component: str, value: object) -> bool:
    """Whether a value has the shape of a component."""
    shape = {"$ref": f"#/components/schemas/{component}", "components": document["components"]}
    return jsonschema_rs.is_valid(shape, value)


async def anybody(client: Client, method: str, path: str) -> Answer:
    response = await client.app.handle(Request(method, f"{ORIGIN}{path}", {}))
    return Answer(response.status.value, response.headers, response.body)


@pytest.mark.parametrize(
    "document",
    [
        described(ALL, "rfc", OWN),
        described(NOTHING, "entra", SCHEMAS),
        openapi.of_service(SCHEMAS, ALL, ORIGIN),
        openapi.of_service(SCHEMAS, ISSUING, ORIGIN),
    ],
    ids=["own types", "bent", "of the service", "with clients"],
)
def test_it_is_openapi(document: JsonObject) -> None:
    OpenAPIV31SpecValidator(document).validate()


def test_it_says_where_clients_get_their_tokens_where_they_get_any() -> None:
    assert described()["security"] == [{"token": []}]
    for document, url in (
        (described(ISSUING), f"{ORIGIN}/scim/contoso/oauth/token"),
        (openapi.of_service(SCHEMAS, ISSUING, ORIGIN), f"{ORIGIN}/oauth/token"),
    ):
        assert document["security"] == [{"token": []}, {"client": []}]
        flow = document["components"]["securitySchemes"]["client"]["flows"]["clientCredentials"]
        assert (flow["tokenUrl"], list(flow["scopes"])) == (url, ["write", "read"])


async def test_anybody_may_read_what_all_providers_have() -> None:
    client = await new_client("entra")
    answer = await anybody(client, "GET", "/openapi.json")
    assert (answer.status, answer.headers["Content-Type"]) == (200, "application/json")
    assert answer.json["servers"][0]["url"] == f"{ORIGIN}/scim/{{provider}}/v2"
    assert answer.json["servers"][0]["variables"].keys() == {"provider"}
    assert "departs" not in answer.json["info"]["description"]
    assert (await anybody(client, "HEAD", "/openapi.json")).content == b""
    for method in METHODS[1:]:
        refused = await anybody(client, method, "/openapi.json")
        assert (refused.error, refused.headers["Allow"]) == ((405, None), "GET")
    assert (await anybody(client, "GET", "/openapi.json/x")).error == (404, None)


async def test_a_provider_s_own_description_takes_its_token() -> None:
    client = await new_client("entra")
    answer = await client.get("/openapi.json")
    assert (answer.status, answer.headers["Content-Type"]) == (200, "application/json")
    assert answer.json["servers"] == [{"url": BASE}]
    assert "replace_members add" in answer.json["info"]["description"]
    assert (await anybody(client, "GET", "/scim/contoso/v2/openapi.json")).error == (401, None)
    assert (await client.get("/openapi.json/x")).error == (404, None)
    assert (await client.post("/openapi.json", {})).error == (405, None)
    assert (await (await client.with_scope("read")).get("/openapi.json")).status == 200


async def test_it_describes_the_methods_that_the_service_knows_and_no_others() -> None:
    client = await new_client()
    for path, item in (await client.get("/openapi.json")).json["paths"].items():
        known = {
            method
            for method in METHODS
            if (await client.send(method, path.format(id="nobody", name="nobody"))).status != 405
        }
        if path != "/":  # which answers 404 to what it does not know
            assert known == {method.upper() for method in item if method != "parameters"}, path


async def test_the_examples_of_requests_are_accepted() -> None:
    client = await new_client("rfc")
    ids = {"/Users": (await client.user("x"))["id"], "/Groups": (await client.group("x"))["id"]}
    for path, method, operation in operations((await client.get("/openapi.json")).json):
        for content in operation.get("requestBody", {}).get("content", {}).values():
            example = content["examples"]["typical"]["value"]
            target = path.format(id=ids.get(path.removesuffix("/{id}"), ""))
            answer = await client.send(method.upper(), target, example)
            assert answer.status < 300 or answer.status in {409, 501}, (path, answer.content)


def test_examples_have_the_shape_that_is_described() -> None:
    for profile in PROFILE_NAMES:
        document = described(ALL, profile, OWN)
        for path, _, operation in operations(document):
            for content in operation.get("requestBody", {}).get("content", {}).values():
                component = content["schema"]["$ref"].rpartition("/")[2]
                assert fits(document, component, content["examples"]["typical"]["value"]), path


def test_what_is_not_announced_is_not_described() -> None:
    some, everything = described(NOTHING), described(ALL)
    capable = {"sortBy", "sortOrder", "cursor"}
    assert named(everything, "/Users", "get") - named(some, "/Users", "get") == capable
    assert everything["components"]["schemas"]["SearchRequest"]["properties"].keys() >= capable
    assert not some["components"]["schemas"]["SearchRequest"]["properties"].keys() & capable
    assert named(everything, "/Users/{id}", "put") - named(some, "/Users/{id}", "put") == {"If-Match", "If-None-Match"}
    for document, statuses in ((some, set[str]()), (everything, {"304", "412"})):
        found = {status for _, _, each in operations(document) for status in each["responses"]}
        assert found & {"304", "412"} == statuses
        assert ("ETag" in document["paths"]["/Users/{id}"]["get"]["responses"]["200"]["headers"]) == bool(statuses)
    assert {"200", "501"} & some["paths"]["/Bulk"]["post"]["responses"].keys() == {"501"}
    assert {"200", "501"} & everything["paths"]["/Bulk"]["post"]["responses"].keys() == {"200"}
    assert "501" in some["paths"]["/Users"]["get"]["responses"]
    assert "501" not in everything["paths"]["/Users"]["get"]["responses"]


def test_a_write_may_be_tried_without_being_carried_out() -> None:
    document = described()
    writing = {(path, method) for path, method, _ in operations(document) if "Prefer" in named(document, path, method)}
    assert writing == {
        (path, method) for path, method, _ in operations(document) if method != "get" and not path.endswith(".search")
    }


def test_me_tells_where_its_user_is_and_others_tell_so_of_what_is_new() -> None:
    document = described()
    telling = {
        (path, status)
        for path, _, operation in operations(document)
        for status, answer in operation["responses"].items()
        if "Location" in answer.get("headers", {})
    }
    assert telling == {("/Me", "200"), ("/Me", "201"), ("/Me", "204"), ("/Users", "201"), ("/Groups", "201")}


def test_the_service_s_own_types_are_described_from_their_files_alone() -> None:
    document = described(schemas=OWN)
    assert document["paths"]["/Shelves"].keys() == {"get", "post"}
    assert document["paths"]["/Shelves/{id}"].keys() == {"parameters", "get", "put", "patch", "delete"}
    shelf = {"schemas": ["urn:x:Shelf", "urn:x:Limits"], "code": "a", "sizes": [1.5], "urn:x:Limits": {"disk": 1}}
    assert fits(document, "ShelfRequest", shelf)
    wrong: list[JsonObject] = [{"code": None}, {"sizes": ["a"]}, {"urn:x:Limits": {}}, {"urn:x:Limits": {"disk": 1.5}}]
    assert not any(fits(document, "ShelfRequest", shelf | each) for each in wrong)
    assert fits(document, "Shelf", {"schemas": ["urn:x:Shelf"], "id": "1", "urn:x:Limits": {"disk": 1}})


def test_an_extension_named_as_a_type_is_described_beside_it() -> None:
    shapes = described(schemas=OWN)["components"]["schemas"]
    assert shapes["User"]["properties"][ENTERPRISE] == {"$ref": "#/components/schemas/EnterpriseUser"}
    assert shapes["Shelf"]["properties"][LIMITS.id] == {"$ref": "#/components/schemas/UserExtension"}
    assert shapes["UserExtension"]["properties"].keys() == {"disk"}


def test_every_operation_has_a_name_of_its_own_and_says_what_may_go_wrong() -> None:
    document = described(ALL, schemas=OWN)
    every = [operation for _, _, operation in operations(document)]
    assert len({operation["operationId"] for operation in every}) == len(every)
    for operation in every:
        assert {"401", "403", "404", "500", "503"} <= operation["responses"].keys()
    used = {
        answer["$ref"].rpartition("/")[2] for each in every for answer in each["responses"].values() if "$ref" in answer
    }
    assert used <= set(document["components"]["responses"]) <= set(vars(errors)), "errors that clients may meet"


def test_errors_are_described_as_they_are_answered() -> None:
    document = described()
    refusal = document["components"]["responses"]["Unavailable"]
    assert refusal["headers"].keys() == {"X-Request-Id", "Retry-After"}
    assert document["components"]["responses"]["Unauthorized"]["headers"].keys() >= {"WWW-Authenticate"}
    kinds = document["components"]["schemas"]["Error"]["properties"]["scimType"]["enum"]
    assert {"invalidFilter", "tooMany", "uniqueness", "mutability", "noTarget"} <= set(kinds)


def test_it_is_of_the_version_that_the_project_has() -> None:
    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text())["project"]
    assert described()["info"]["version"] == project["version"]


def test_it_is_json() -> None:
    assert json.loads(json.dumps(described(ALL, "entra", OWN))) == described(ALL, "entra", OWN)
