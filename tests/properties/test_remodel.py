"""Whatever is declared, stored and declared otherwise: what was accepted contradicts nothing that is stored."""

import asyncio

from hypothesis import event, given, settings
from hypothesis import strategies as st

from scim.characteristics import check
from scim.remodel import SchemasRefused
from scim.resources import value
from scim.schema import Attribute, Json, JsonObject, Schemas
from tests.client import Client
from tests.custom import BADGE, THING, assert_in_order, attribute, client_with, extension, give, schema

NAMES = ("a", "b", "c")
SAMPLES: dict[str, Json] = {"string": "Ab", "integer": 5, "decimal": 1.5, "boolean": True}


@st.composite
def attributes(draw: st.DrawFn, *, sub: bool = False) -> list[JsonObject]:
    declared = []
    for name in NAMES[: 2 if sub else 3]:
        if draw(st.integers(0, 3)) == 0:
            continue
        kind = draw(st.sampled_from([*SAMPLES] if sub else [*SAMPLES, "complex"]))
        more: JsonObject = {
            "multiValued": draw(st.booleans()),
            "required": draw(st.integers(0, 3)) == 0,
            "caseExact": draw(st.booleans()),
            "returned": draw(st.sampled_from(["default", "default", "request", "never"])),
        }
        if kind == "complex":
            subs = draw(attributes(sub=True)) or [attribute("a")]
            unique = {} if more["returned"] != "never" else {"uniqueness": "none"}
            more["subAttributes"] = [each | unique for each in subs]
        elif kind != "boolean" and more["returned"] != "never" and not (sub and more["multiValued"]):
            more["uniqueness"] = draw(st.sampled_from(["none", "none", "server"]))
        declared.append(attribute(name, kind, **more))
    return declared


@st.composite
def files(draw: st.DrawFn) -> JsonObject:
    file: JsonObject = {"schemas": [], "resourceTypes": [], "extensions": []}
    if draw(st.integers(0, 4)):
        badge = draw(attributes())
        file["schemas"].append(schema(BADGE, *badge))
        indexed = [each["name"] for each in badge if _indexable(each) and draw(st.booleans())]
        required = draw(st.integers(0, 3)) == 0
        file["extensions"].append(extension(BADGE, required=required, indexes=indexed))
    if draw(st.integers(0, 2)):
        file["schemas"].append(schema(THING, *draw(attributes()), name="Thing"))
        file["resourceTypes"].append({"name": "Thing", "endpoint": "/Things", "schema": THING})
    return file


def _indexable(declared: JsonObject) -> bool:
    return declared["type"] in {"string", "integer", "decimal"} and declared["returned"] != "never"


def _body(chance: st.DataObject, declared: list[JsonObject]) -> JsonObject:
    body: JsonObject = {}
    for each in declared:
        if each.get("required") or chance.draw(st.booleans()):
            one = _body(chance, each["subAttributes"]) if each["type"] == "complex" else SAMPLES[each["type"]]
            body[each["name"]] = [one] if each.get("multiValued") else one
    return body


async def _fill(client: Client, file: JsonObject, chance: st.DataObject) -> None:
    """Create resources that the file allows; whether one is refused for a value that must be unique does not matter."""
    declared = {each["id"]: each["attributes"] for each in file["schemas"]}
    for number in range(chance.draw(st.integers(0, 3))):
        body: JsonObject = {"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": f"user{number}"}
        if BADGE in declared and (file["extensions"][0]["required"] or chance.draw(st.booleans())):
            body[BADGE] = _body(chance, declared[BADGE])
        assert (await client.post("/Users", body)).status in {201, 400, 409}
        if THING in declared and chance.draw(st.booleans()):
            thing = {"schemas": [THING], **_body(chance, declared[THING])}
            assert (await client.post("/Things", thing)).status in {201, 400, 409}


async def _assert_agreeing(client: Client) -> None:
    """Fail if a stored resource is not what the schemas in force would have let in."""
    providers = client.app.providers
    provider = await providers.get("contoso")
    schemas: Schemas = providers.schemas(provider)
    for kind in schemas.types.values():
        async for stored in providers.directory(provider).scan(kind):
            check(kind, None, stored.attributes)
            for name, held in stored.attributes.items():
                found = kind.extension(name)
                if found is not None:
                    _assert_declared(found.attributes, held)
                elif name != "schemas":
                    _assert_declared(kind.attributes, {name: held})
            assert {urn.lower() for urn in stored.attributes["schemas"]} <= kind.urns


def _assert_declared(declared: tuple[Attribute, ...], held: JsonObject) -> None:
    known = {each.name: each for each in declared}
    for name, given_value in held.items():
        assert known[name].returned != "never"
        assert value(known[name], given_value, name, []) == given_value
        for one in given_value if isinstance(given_value, list) else [given_value]:
            if isinstance(one, dict):
                _assert_declared(known[name].sub_attributes, one)


@settings(max_examples=100, deadline=None)
@given(st.lists(files(), min_size=2, max_size=4), st.data())
def test_what_was_accepted_contradicts_nothing_that_is_stored(history: list[JsonObject], chance: st.DataObject) -> None:
    async def live() -> None:
        client = await client_with(history[0])
        in_force = history[0]
        await _fill(client, in_force, chance)
        for file in history[1:]:
            try:
                await give(client, file)
            except SchemasRefused:
                event("refused")
            else:
                event("accepted")
                in_force = file
            await _assert_agreeing(client)
            await assert_in_order(client)
            await _fill(client, in_force, chance)
        await assert_in_order(client)

    asyncio.run(live())
