"""The characteristics of attributes (RFC 7643 §2.2, §2.3), each on an attribute of a provider's own, over requests."""

from urllib.parse import quote

import pytest

from scim.schema import Json, JsonObject
from tests.client import USER, Answer, Client
from tests.custom import BADGE, EXTRA, THING, assert_in_order, attribute, client_with, resource_type, schema, things


async def thing(client: Client, **attributes: Json) -> Answer:
    return await client.post("/Things", {"schemas": [THING], **attributes})


async def made(client: Client, **attributes: Json) -> JsonObject:
    answer = await thing(client, **attributes)
    assert answer.status == 201, answer.content
    return answer.json


async def found(client: Client, filter_: str, endpoint: str = "/Things") -> list[str]:
    return (await client.get(f"{endpoint}?filter={quote(filter_)}")).ids


def op(name: str, path: str | None, value: Json = None) -> JsonObject:
    operation: JsonObject = {"op": name, "path": path, "value": value}
    return {key: held for key, held in operation.items() if held is not None}


# Types

TYPES: list[tuple[str, list[Json], list[Json]]] = [
    ("string", ["a", "", " A ", "é\U0001f600"], [1, True, {}, ["a"]]),
    ("boolean", [True, False], ["true", 1, 0, {}]),
    ("decimal", [1, 1.5, -0.25, 1e300], ["1", True, [1]]),
    ("integer", [0, -7, 2**70, 5.0], [1.5, "1", True]),
    ("dateTime", ["2026-01-31T08:30:00Z", "2026-01-31T08:30:00.123456789+02:00"], ["2026-01-31", "now", 1]),
    ("binary", ["", "aGk=", "aGk", "a-_b"], ["a", "é", 1]),
    ("reference", ["https://x.example/", "../a", ""], [1, {}, False]),
    ("complex", [{"part": "x"}], ["x", 1, ["x"], {"part": 1}]),
]


def typed(name: str, kind: str, **more: Json) -> JsonObject:
    subs = {"subAttributes": [attribute("part")]} if kind == "complex" else {}
    return attribute(name, kind, **subs, **more)


@pytest.fixture
async def typed_client() -> Client:
    declared = [typed(f"{kind}One", kind) for kind, _, _ in TYPES]
    declared += [typed(f"{kind}Many", kind, multiValued=True) for kind, _, _ in TYPES]
    extra = schema(EXTRA, *declared, name="Extra")
    core = schema(THING, *declared, name="Thing")
    return await client_with({"schemas": [core, extra], "resourceTypes": [resource_type(THING, "Thing", EXTRA)]})


@pytest.mark.parametrize(("kind", "right", "wrong"), TYPES, ids=[kind for kind, _, _ in TYPES])
async def test_a_value_is_kept_as_it_is_if_it_is_of_its_type_and_refused_if_not(
    typed_client: Client, kind: str, right: list[Json], wrong: list[Json]
) -> None:
    one, many = f"{kind}One", f"{kind}Many"
    for value in right:
        created = await made(typed_client, **{one: value, many: [value], EXTRA: {one: value}})
        assert (created[one], created[many], created[EXTRA][one]) == (value, [value], value)
        path = f"/Things/{created['id']}"
        assert (await typed_client.get(path)).json == created
        patched = await typed_client.patch(path, op("add", f"{EXTRA}:{many}", [value]))
        assert patched.json[EXTRA] == {one: value, many: [value]}
        put = await typed_client.put(path, {"schemas": [THING], one: value})
        assert put.json.keys() == {"schemas", "id", "meta", one}
    for value in wrong:
        for body in ({one: value}, {many: [value]}, {EXTRA: {one: value}}):
            assert (await thing(typed_client, **body)).error == (400, "invalidValue"), (body, value)
        assert (await typed_client.patch(path, op("replace", one, value))).error == (400, "invalidValue"), value
        assert (await typed_client.patch(path, op("add", f"{EXTRA}:{one}", value))).error == (400, "invalidValue")
    assert (await thing(typed_client, **{many: right[0]})).error == (400, "invalidValue")
    await assert_in_order(typed_client)


@pytest.mark.parametrize(
    ("filter_", "matches"),
    [
        ('stringOne eq "BLUE"', True),
        ('stringOne sw "bl"', True),
        ("booleanOne eq true", True),
        ("booleanOne ne true", False),
        ("decimalOne gt 1.4", True),
        ("decimalOne eq 1.50", True),
        ("integerOne ge 5", True),
        ("integerOne eq 5.0", True),
        ("integerOne lt 5", False),
        ('dateTimeOne gt "2026-01-31T08:29:59Z"', True),
        ('dateTimeOne eq "2026-01-31T09:30:00+01:00"', True),
        ('binaryOne eq "aGk="', True),
        ('binaryOne eq "AGK="', False),
        ('referenceOne ew "example/"', True),
        ('referenceOne eq "https://x.example/"', True),
        ('referenceOne eq "https://X.example/"', False),
        ('complexOne.part eq "x"', True),
        ('complexMany[part eq "x"]', True),
        ("integerMany eq 2", True),
        ('stringMany[value eq "b"]', True),
        ("integerMany pr and not (integerMany eq 3)", True),
        (f'{EXTRA}:stringOne eq "red"', True),
        (f"{EXTRA}:integerMany eq 7", True),
        (f"{EXTRA} pr", True),
        (f"{EXTRA}:booleanOne pr", False),
    ],
)
async def test_filters_ask_for_attributes_of_every_type(typed_client: Client, filter_: str, matches: bool) -> None:
    blue = await made(
        typed_client,
        stringOne="Blue",
        booleanOne=True,
        decimalOne=1.5,
        integerOne=5,
        dateTimeOne="2026-01-31T08:30:00Z",
        binaryOne="aGk=",
        referenceOne="https://x.example/",
        complexOne={"part": "x"},
        complexMany=[{"part": "x"}],
        integerMany=[1, 2],
        stringMany=["a", "b"],
        **{EXTRA: {"stringOne": "red", "integerMany": [7]}},
    )
    assert await found(typed_client, filter_) == ([blue["id"]] if matches else [])
    search = {"schemas": ["urn:ietf:params:scim:api:messages:2.0:SearchRequest"], "filter": filter_}
    for endpoint in ("/Things/.search", "/.search"):
        assert (await typed_client.post(endpoint, search)).ids == ([blue["id"]] if matches else [])


@pytest.mark.parametrize(
    "filter_",
    ['integerOne eq "5"', "booleanOne gt true", 'binaryOne sw "a"', "stringOne eq 5", 'complexOne eq "x"', "nope pr"],
)
async def test_filters_that_make_no_sense_of_a_type_are_refused(typed_client: Client, filter_: str) -> None:
    assert (await typed_client.get(f"/Things?filter={quote(filter_)}")).error == (400, "invalidFilter")


# Mutability


async def test_what_is_read_only_is_ignored_in_bodies_and_refused_in_paths() -> None:
    part = attribute("serial", mutability="readOnly")
    client = await client_with(
        things(
            attribute("size", "integer"),
            attribute("state", mutability="readOnly", required=True),
            attribute("maker", "complex", subAttributes=[attribute("name"), part]),
        )
    )
    created = await made(client, size=1, state="new", maker={"name": "Ada", "serial": "1"})
    assert created["maker"] == {"name": "Ada"}
    assert "state" not in created
    path = f"/Things/{created['id']}"
    put = {"schemas": [THING], "state": "x", "size": 2, "maker": {"serial": "2", "name": "Bo"}}
    assert (await client.put(path, put)).json["maker"] == {"name": "Bo"}
    quiet = await client.patch(path, op("replace", None, {"state": "x", "size": 3}))
    assert (quiet.status, quiet.json["size"], "state" in quiet.json) == (200, 3, False)
    for operation in (op("add", "state", "x"), op("replace", "maker.serial", "3"), op("replace", "state", "y")):
        assert (await client.patch(path, operation)).error == (400, "mutability")


async def test_what_is_immutable_is_set_once_wherever_it_is() -> None:
    parts = [attribute("name"), attribute("code", mutability="immutable")]
    client = await client_with(
        things(
            attribute("size", "integer"),
            attribute("kind", mutability="immutable"),
            attribute("marks", multiValued=True, mutability="immutable"),
            attribute("maker", "complex", subAttributes=parts),
            attribute("ports", "complex", multiValued=True, subAttributes=parts),
        )
    )
    created = await made(client, maker={"name": "Ada", "code": "A"}, ports=[{"name": "p", "code": "1"}])
    path = f"/Things/{created['id']}"
    once = await client.patch(path, op("add", "kind", "box"), op("add", "marks", ["x"]))
    assert (once.json["kind"], once.json["marks"]) == ("box", ["x"])
    assert (await client.patch(path, op("replace", "kind", "box"))).status == 200
    for operation in (
        op("replace", "kind", "bag"),
        op("remove", "kind"),
        op("add", "marks", ["y"]),
        op("remove", 'marks[value eq "x"]'),
        op("replace", "maker.code", "B"),
        op("remove", "maker.code"),
        op("remove", "maker"),
        op("replace", "maker", {"code": "B"}),
        op("replace", 'ports[name eq "p"].code', "2"),
        op("remove", 'ports[name eq "p"].code'),
    ):
        assert (await client.patch(path, operation)).error == (400, "mutability"), operation
    assert (await client.patch(path, op("replace", "maker", {"name": "Bo"}))).json["maker"] == {
        "name": "Bo",
        "code": "A",
    }
    assert (await client.patch(path, op("replace", 'ports[name eq "p"].name', "q"))).status == 200
    kept = (await client.put(path, {"schemas": [THING], "size": 1, "maker": {"name": "Cy"}})).json
    assert (kept["kind"], kept["marks"], kept["maker"]) == ("box", ["x"], {"name": "Cy", "code": "A"})
    assert (await client.put(path, {"schemas": [THING]})).json["maker"] == {"code": "A"}
    assert (await client.put(path, {"schemas": [THING], "kind": "bag"})).error == (400, "mutability")
    await assert_in_order(client)


async def test_what_is_write_only_is_dropped_noted_and_never_seen() -> None:
    parts = [attribute("name"), attribute("pin", "integer", mutability="writeOnly", returned="never")]
    client = await client_with(
        things(
            attribute("size", "integer"),
            attribute("key", "binary", mutability="writeOnly", returned="never", required=True),
            attribute("vault", "complex", returned="never", subAttributes=[attribute("word")]),
            attribute("maker", "complex", subAttributes=parts),
        )
    )
    assert (await thing(client, size=1)).error == (400, "invalidValue")
    assert (await thing(client, size=1, key="?")).error == (400, "invalidValue")
    created = await made(client, key="c2VjcmV0", vault={"word": "c2VjcmV0"}, maker={"name": "Ada", "pin": 1234})
    assert created["maker"] == {"name": "Ada"}
    path = f"/Things/{created['id']}"
    assert (await client.put(path, {"schemas": [THING], "size": 2})).error == (400, "invalidValue")
    assert (await client.put(path, {"schemas": [THING], "size": 2, "key": "c2VjcmV0"})).status == 200
    patched = await client.patch(
        path, op("add", "size", 3), op("replace", "key", "c2VjcmV0"), op("add", "vault.word", "c2VjcmV0")
    )
    assert (patched.json["size"], patched.json.keys() & {"key", "vault"}) == (3, set())
    assert (await client.patch(path, op("replace", "key", 7))).error == (400, "invalidValue")
    assert (await client.patch(path, op("remove", "key"))).error == (400, "mutability")
    asked = await client.get(f"{path}?attributes=key,vault,maker.pin")
    assert asked.json.keys() == {"schemas", "id"}
    for filter_ in ("key pr", 'vault.word eq "x"', "maker.pin eq 1234"):
        assert (await client.get(f"/Things?filter={quote(filter_)}")).error == (400, "invalidFilter")
    directory = client.app.providers.directory(client.provider)
    changes = [change async for change in directory.changes()]
    assert {note.quirk for change in changes for note in change.notes} == {"never_returned_dropped"}
    assert {note.attribute for change in changes for note in change.notes} == {
        "key",
        "vault",
        "vault.word",
        "maker.pin",
    }
    assert "c2VjcmV0" not in str(changes)
    rows = client.app.tables.rows(client.provider.table, client.provider.table)
    assert "c2VjcmV0" not in str([row async for page in rows.range("", "~") for row in page])


# Returned


async def test_what_is_returned_when() -> None:
    parts = [attribute("name"), attribute("code", returned="always"), attribute("note", returned="request")]
    extra = schema(EXTRA, attribute("mark", returned="always"), attribute("note", returned="request"), name="Extra")
    core = schema(
        THING,
        attribute("size", "integer"),
        attribute("kind", returned="always"),
        attribute("note", returned="request"),
        attribute("maker", "complex", subAttributes=parts),
        name="Thing",
    )
    client = await client_with({"schemas": [core, extra], "resourceTypes": [resource_type(THING, "Thing", EXTRA)]})
    maker = {"name": "Ada", "code": "A", "note": "n"}
    body = {"size": 1, "kind": "box", "note": "n", "maker": maker, EXTRA: {"mark": "m", "note": "n"}}
    created = await made(client, **body)
    always = {"schemas", "id", "kind", EXTRA}
    assert created.keys() == always | {"meta", "size", "maker"}
    assert (created["maker"], created[EXTRA]) == ({"name": "Ada", "code": "A"}, {"mark": "m"})
    path = f"/Things/{created['id']}"

    async def shown(query: str) -> JsonObject:
        return (await client.get(f"{path}?{query}")).json

    assert (await shown("attributes=note")).keys() == always | {"note"}
    assert (await shown("attributes=maker.note"))["maker"] == {"code": "A", "note": "n"}
    assert (await shown(f"attributes={EXTRA}:note"))[EXTRA] == {"mark": "m", "note": "n"}
    assert (await shown(f"excludedAttributes=kind,size,{EXTRA}:mark")).keys() == always | {"meta", "maker"}
    assert (await shown("excludedAttributes=maker.code,maker.name"))["maker"] == {"code": "A"}
    posted = await client.post("/Things?attributes=note", {"schemas": [THING], **body})
    assert posted.json.keys() == always | {"note"}
    assert await found(client, 'note eq "n"') == [created["id"], posted.json["id"]]
    assert await found(client, f'{EXTRA}:note eq "n" and maker.note eq "n"') == [created["id"], posted.json["id"]]


# Uniqueness, caseExact, required, canonicalValues


async def test_a_value_that_must_be_unique_is_refused_with_the_attributes_name() -> None:
    parts = [attribute("value", uniqueness="global"), attribute("type")]
    extra = schema(EXTRA, attribute("number", "integer", uniqueness="server"), name="Extra")
    core = schema(
        THING,
        attribute("label", uniqueness="server"),
        attribute("code", uniqueness="server", caseExact=True),
        attribute("weight", "decimal", uniqueness="server"),
        attribute("home", "reference", uniqueness="server", caseExact=True),
        attribute("tags", "complex", multiValued=True, subAttributes=parts),
        name="Thing",
    )
    client = await client_with({"schemas": [core, extra], "resourceTypes": [resource_type(THING, "Thing", EXTRA)]})
    tags = [{"value": "a", "type": "x"}, {"value": "A", "type": "y"}]
    first = await made(client, label="Café", code="A", weight=1.5, home="urn:x", tags=tags, **{EXTRA: {"number": 5.0}})
    second = await made(client, label="other", code="a", weight=2, home="urn:X", tags=[{"value": "b"}])
    for name, value in (
        ("label", "CAFÉ "),
        ("code", "A"),
        ("weight", 1.50),
        ("home", "urn:x"),
        ("tags", [{"value": "A"}]),
        (EXTRA, {"number": 5}),
    ):
        answers = [
            await thing(client, **{name: value}),
            await client.patch(f"/Things/{second['id']}", op("replace", name, value)),
            await client.put(f"/Things/{second['id']}", {"schemas": [THING], name: value}),
        ]
        path = {"tags": "tags.value", EXTRA: f"{EXTRA}:number"}.get(name, name)
        for answer in answers:
            assert answer.error == (409, "uniqueness")
            assert answer.json["detail"].startswith(f"{path}: another Thing has this value, which must be unique")
            assert ("upper and lower case" in answer.json["detail"]) is (name in {"label", "tags"})
    assert (await client.patch(f"/Things/{first['id']}", op("replace", "label", "cafÉ"))).status == 200
    assert (await client.delete(f"/Things/{first['id']}")).status == 204
    assert (await client.patch(f"/Things/{second['id']}", op("replace", "label", "CAFÉ"))).status == 200
    await assert_in_order(client)


async def test_a_filter_and_a_409_never_disagree_about_numbers() -> None:
    client = await client_with(things(attribute("weight", "decimal", uniqueness="server"), attribute("n", "integer")))
    ids = [(await made(client, weight=weight))["id"] for weight in (5, 0.1, -0.0, 1e22, 2**80, 1.5)]
    for place, literals in enumerate((("5", "5.0"), ("0.1",), ("0", "-0.0"), ("1e22",), (str(2**80),), ("1.50",))):
        for literal in literals:
            assert await found(client, f"weight eq {literal}") == [ids[place]], literal
    assert (await thing(client, weight=0.0)).error == (409, "uniqueness")


async def test_case_counts_where_it_is_declared_to() -> None:
    client = await client_with(
        things(attribute("loose"), attribute("exact", caseExact=True), indexes=("loose", "exact"))
    )
    one = await made(client, loose="Ab", exact="Ab")
    assert await found(client, 'loose eq "aB"') == [one["id"]]
    assert await found(client, 'exact eq "aB"') == []
    assert await found(client, 'exact eq "Ab"') == [one["id"]]
    assert await found(client, 'exact co "b" and loose co "B"') == [one["id"]]


async def test_what_is_required_must_be_there_and_stay() -> None:
    parts = [attribute("name", required=True), attribute("code")]
    extra = schema(EXTRA, attribute("mark", required=True), attribute("size", "integer"), name="Extra")
    core = schema(
        THING,
        attribute("kind", required=True),
        attribute("on", "boolean", required=True),
        attribute("marks", multiValued=True, required=True),
        attribute("maker", "complex", subAttributes=parts),
        attribute("ports", "complex", multiValued=True, subAttributes=parts),
        name="Thing",
    )
    client = await client_with({"schemas": [core, extra], "resourceTypes": [resource_type(THING, "Thing", EXTRA)]})
    right: JsonObject = {"kind": "box", "on": False, "marks": ["x"]}
    created = await made(client, **right, **{EXTRA: {"mark": "m"}})
    path = f"/Things/{created['id']}"
    for name, value in (
        ("kind", None),
        ("kind", "  "),
        ("on", None),
        ("marks", []),
        ("maker", {"code": "A"}),
        ("ports", [{"name": "p"}, {"code": "A"}]),
        (EXTRA, {"size": 1}),
    ):
        body = {"schemas": [THING], **right, name: value}
        for answer in (await client.post("/Things", body), await client.put(path, body)):
            assert answer.status == 400, body
            assert "required" in answer.json["detail"]
    for operation in (op("remove", "kind"), op("replace", "marks", []), op("remove", f"{EXTRA}:mark")):
        assert (await client.patch(path, operation)).error == (400, "mutability"), operation
    without = await client.patch(path, op("remove", EXTRA))
    assert (without.status, without.json["schemas"]) == (200, [THING])
    assert (await client.patch(path, op("add", f"{EXTRA}:size", 1))).error == (400, "invalidValue")
    back = await client.patch(path, op("add", EXTRA, {"mark": "m", "size": 1}))
    assert back.json["schemas"] == [THING, EXTRA]
    assert EXTRA not in (await client.put(path, {"schemas": [THING], **right})).json


async def test_a_required_extension_must_be_there_and_stay() -> None:
    file = {
        "schemas": [schema(BADGE, attribute("number"))],
        "extensions": [{"resourceType": "User", "schema": BADGE, "required": True}],
    }
    client = await client_with(file)
    assert (await client.post("/Users", {"schemas": [USER], "userName": "ann"})).error == (400, "invalidValue")
    ann = await client.user("ann", **{BADGE: {"number": "1"}})
    assert (await client.patch(f"/Users/{ann['id']}", op("remove", BADGE))).error == (400, "invalidValue")
    assert (await client.get("/ResourceTypes/User")).json["schemaExtensions"][-1] == {"schema": BADGE, "required": True}


async def test_canonical_values_are_served_and_never_enforced() -> None:
    client = await client_with(things(attribute("colour", canonicalValues=["red", "blue"])))
    assert (await made(client, colour="green"))["colour"] == "green"
    (served,) = (await client.get(f"/Schemas/{THING}")).json["attributes"]
    assert served["canonicalValues"] == ["red", "blue"]


# Several values


async def test_several_values_are_added_changed_and_removed_one_by_one() -> None:
    parts = [attribute("value"), attribute("type"), attribute("primary", "boolean")]
    client = await client_with(
        things(
            attribute("marks", multiValued=True),
            attribute("lines", "complex", multiValued=True, subAttributes=parts),
            indexes=("marks", "lines.value"),
        )
    )
    created = await made(
        client,
        marks=["a", "b", "a"],
        lines=[{"value": "1", "type": "x", "primary": True}, {"value": "2", "type": "y"}],
    )
    assert created["marks"] == ["a", "b"]
    path = f"/Things/{created['id']}"
    both = {"schemas": [THING], "lines": [{"value": "1", "primary": True}, {"value": "2", "primary": True}]}
    assert (await client.put(path, both)).error == (400, "invalidValue")
    other = await client.patch(path, op("add", "lines", [{"value": "3", "primary": True}]))
    assert [line.get("primary") for line in other.json["lines"]] == [False, None, True]
    changed = await client.patch(
        path,
        op("replace", 'lines[type eq "y"].value', "22"),
        op("remove", 'lines[value eq "1"]'),
        op("add", "marks", ["c", "a"]),
        op("remove", 'marks[value eq "b"]'),
    )
    assert [line["value"] for line in changed.json["lines"]] == ["22", "3"]
    assert changed.json["marks"] == ["a", "c"]
    for filter_, hit in (('marks eq "C"', True), ('marks eq "b"', False), ('lines.value eq "22"', True)):
        assert await found(client, filter_) == ([created["id"]] if hit else [])
    assert await found(client, 'lines[value eq "3" and primary eq true]') == [created["id"]]
    await assert_in_order(client)


async def test_too_many_indexed_values_are_refused_before_the_store_has_to() -> None:
    client = await client_with(
        things(attribute("marks", multiValued=True), attribute("tags", multiValued=True), indexes=("marks", "tags"))
    )
    names = [str(n) for n in range(51)]
    assert (await thing(client, marks=names)).json["detail"] == "marks has 51 values; the limit is 50."
    answer = await thing(client, marks=names[:50], tags=names[:31])
    assert answer.error == (400, "invalidValue")
    assert answer.json["detail"] == "marks, tags have 81 values together; the limit is 80."
    full = await made(client, marks=names[:50], tags=names[:30])
    assert (await client.delete(f"/Things/{full['id']}")).status == 204
    await assert_in_order(client)


# Under the tolerant profile


async def test_the_entra_profile_bends_custom_attributes_like_the_standards() -> None:
    file = {
        "schemas": [schema(BADGE, attribute("number"), attribute("valid", "boolean"), attribute("seen", "dateTime"))],
        "extensions": [{"resourceType": "User", "schema": BADGE, "indexes": ["number"]}],
    }
    client = await client_with(file, profile="entra")
    ann = await client.user("ann", number="7", **{BADGE: {"valid": "True"}})
    assert ann[BADGE] == {"valid": True, "number": "7"}
    path = f"/Users/{ann['id']}"
    patched = await client.patch(
        path, op("Replace", f"{BADGE}:valid", "False"), op("Add", f"{BADGE}:number", "8"), op("Replace", "seen", "")
    )
    assert patched.json[BADGE] == {"valid": False, "number": "8"}
    assert await found(client, f'{BADGE}:number eq "8"', "/Users") == [ann["id"]]
    assert await found(client, "number eq 8", "/Users") == [ann["id"]]
    listed = (await client.get(f"/Schemas/{BADGE}")).json["attributes"]
    assert [each["name"] for each in listed] == ["number", "valid", "seen"]
