"""What an answer shows of a resource."""

import copy
from typing import Any

import pytest

from scim.errors import InvalidValue
from scim.projection import Projection
from scim.schema import Attribute, JsonObject, ResourceType, Schema, Schemas

SCHEMAS = Schemas.load()
USER = SCHEMAS.types["User"]
GROUP = SCHEMAS.types["Group"]
CORE = USER.schema.id
ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"

ANN: JsonObject = {
    "schemas": [CORE, ENTERPRISE],
    "id": "7",
    "externalId": "e-7",
    "userName": "ann",
    "name": {"givenName": "Ann", "familyName": "Lee"},
    "active": False,
    "emails": [{"value": "ann@example.com", "type": "work"}, {"value": "lee@example.com"}],
    "groups": [{"value": "g1", "type": "direct"}],
    "meta": {"resourceType": "User", "version": 'W/"1"'},
    ENTERPRISE: {"department": "Tools", "manager": {"value": "8", "displayName": "Bo"}},
}
MINIMUM: JsonObject = {"schemas": ANN["schemas"], "id": "7"}


def shown(attributes: list[str] | None = None, excluded: list[str] | None = None) -> JsonObject:
    return Projection.read(USER, attributes, excluded).apply(ANN)


@pytest.mark.parametrize(
    ("attributes", "more"),
    [
        (["userName"], {"userName": "ann"}),
        (["USERNAME", "Active"], {"userName": "ann", "active": False}),
        ([f"{CORE}:userName"], {"userName": "ann"}),
        ([f"{CORE.upper()}:name.givenname"], {"name": {"givenName": "Ann"}}),
        (["name.givenName", "name.familyName"], {"name": ANN["name"]}),
        (["name", "name.givenName"], {"name": ANN["name"]}),
        (["name.givenName", "name"], {"name": ANN["name"]}),
        (["name.middleName"], {}),
        (["emails.type"], {"emails": [{"type": "work"}]}),
        (["emails.display"], {}),
        (['emails[type eq "work"]'], {"emails": ANN["emails"]}),
        (['emails[type eq "work"].type'], {"emails": [{"type": "work"}]}),
        ([ENTERPRISE], {ENTERPRISE: ANN[ENTERPRISE]}),
        ([ENTERPRISE.lower()], {ENTERPRISE: ANN[ENTERPRISE]}),
        ([f"{ENTERPRISE}:department"], {ENTERPRISE: {"department": "Tools"}}),
        ([f"{ENTERPRISE}:manager.value"], {ENTERPRISE: {"manager": {"value": "8"}}}),
        ([f"{ENTERPRISE}:manager.value", ENTERPRISE], {ENTERPRISE: ANN[ENTERPRISE]}),
        ([f"{ENTERPRISE}:costCenter"], {}),
        (["meta.version"], {"meta": {"version": 'W/"1"'}}),
        (["id"], {}),
        (["nothing", "name.nothing", "urn:example:nothing", "a.b.c", "userName.x"], {}),
        ([" userName", "", "nothing"], {"userName": "ann"}),
    ],
)
def test_attributes_show_what_is_named_beside_what_is_always_there(attributes: list[str], more: JsonObject) -> None:
    assert shown(attributes) == MINIMUM | more


@pytest.mark.parametrize(
    ("excluded", "changed", "gone"),
    [
        (["emails"], {}, ["emails"]),
        (["EMAILS", f"{CORE}:name"], {}, ["emails", "name"]),
        (["name.givenName"], {"name": {"familyName": "Lee"}}, []),
        (["name.givenName", "name.familyName"], {}, ["name"]),
        (["emails.value"], {"emails": [{"type": "work"}]}, []),
        (["emails.value", "emails.type"], {}, ["emails"]),
        (["emails.value", "emails"], {}, ["emails"]),
        ([ENTERPRISE], {}, [ENTERPRISE]),
        ([f"{ENTERPRISE}:manager"], {ENTERPRISE: {"department": "Tools"}}, []),
        ([f"{ENTERPRISE}:manager.value"], {ENTERPRISE: {"department": "Tools", "manager": {"displayName": "Bo"}}}, []),
        (["meta"], {}, ["meta"]),
        (["id", "schemas"], {}, []),
        (["nothing"], {}, []),
    ],
)
def test_excluded_attributes_hide_what_is_named_but_not_what_is_always_there(
    excluded: list[str], changed: JsonObject, gone: list[str]
) -> None:
    expected = {name: value for name, value in ANN.items() if name not in gone}
    assert shown(excluded=excluded) == expected | changed


@pytest.mark.parametrize("nothing", [None, [], [""], ["  "]])
def test_without_either_list_everything_is_shown(nothing: list[str] | None) -> None:
    assert shown(nothing, nothing) == ANN


def test_both_lists_together_are_refused_by_name() -> None:
    with pytest.raises(InvalidValue, match="attributes and excludedAttributes"):
        Projection.read(USER, ["userName"], ["emails"])


@pytest.mark.parametrize(("attributes", "excluded"), [(None, None), (["password"], None), (None, ["title"])])
def test_a_password_is_never_shown(attributes: list[str] | None, excluded: list[str] | None) -> None:
    assert "password" not in Projection.read(USER, attributes, excluded).apply(ANN | {"password": "secret"})


@pytest.mark.parametrize(
    ("attributes", "excluded", "shows"),
    [
        (None, None, True),
        (None, ["members"], False),
        (None, ["MEMBERS"], False),
        (None, ["members.value"], True),
        (None, ["displayName"], True),
        (["members"], None, True),
        (["members.value"], None, True),
        (["displayName"], None, False),
        (["nothing"], None, False),
    ],
)
def test_a_projection_tells_whether_members_need_to_be_loaded(
    attributes: list[str] | None, excluded: list[str] | None, shows: bool
) -> None:
    projection = Projection.read(GROUP, attributes, excluded)
    assert projection.shows("members") is shows


@pytest.mark.parametrize(
    ("attributes", "excluded"), [(None, None), (["emails.type"], None), (None, [f"{ENTERPRISE}:manager.value"])]
)
def test_the_resource_itself_is_left_as_it_was(attributes: list[str] | None, excluded: list[str] | None) -> None:
    before = copy.deepcopy(ANN)
    result = Projection.read(USER, attributes, excluded).apply(ANN)
    assert before == ANN
    assert result is not ANN


def attribute(name: str, returned: str, *subs: Attribute) -> Attribute:
    given: dict[str, Any] = {"name": name, "type": "complex" if subs else "string", "returned": returned}
    return Attribute(**given, sub_attributes=subs)


EXTENSION = "urn:example:Badge"
DOOR = ResourceType(
    name="Door",
    description="A door",
    endpoint="/Doors",
    schema=Schema(
        id="urn:example:Door",
        name="Door",
        attributes=(
            attribute("floor", "default"),
            attribute("plan", "request"),
            attribute("lock", "default", attribute("maker", "always"), attribute("state", "default")),
            attribute("log", "default", attribute("last", "default"), attribute("all", "request")),
            attribute("seal", "always", attribute("mark", "default"), attribute("wax", "request")),
            attribute("safe", "default", attribute("code", "never"), attribute("place", "default")),
        ),
    ),
    extensions={
        EXTENSION: Schema(
            id=EXTENSION, name="Badge", attributes=(attribute("color", "always"), attribute("owner", "default"))
        )
    },
    required_extensions=frozenset(),
    common=USER.common,
    alias="door",
)
FRONT: JsonObject = {
    "schemas": ["urn:example:Door"],
    "id": "1",
    "floor": "0",
    "plan": "p",
    "lock": {"maker": "m", "state": "open"},
    "log": {"last": "l", "all": "a"},
    "seal": {"mark": "s", "wax": "w"},
    "safe": {"code": "1234", "place": "left"},
    EXTENSION: {"color": "red", "owner": "ann"},
}
ALWAYS: JsonObject = {"schemas": FRONT["schemas"], "id": "1", "seal": {"mark": "s"}, EXTENSION: {"color": "red"}}
LOG, SAFE = {"log": {"last": "l"}}, {"safe": {"place": "left"}}


@pytest.mark.parametrize(
    ("attributes", "excluded", "expected"),
    [
        (None, None, {"floor": "0", "lock": FRONT["lock"], **LOG, **SAFE, EXTENSION: FRONT[EXTENSION]}),
        (["plan"], None, {"plan": "p"}),
        (["log"], None, LOG),
        (["log.all"], None, {"log": {"all": "a"}}),
        (["safe"], None, SAFE),
        (["safe.code"], None, {}),
        (["lock.state"], None, {"lock": FRONT["lock"]}),
        (["floor"], None, {"floor": "0"}),
        ([EXTENSION], None, {EXTENSION: FRONT[EXTENSION]}),
        ([f"{EXTENSION}:owner"], None, {EXTENSION: FRONT[EXTENSION]}),
        (["seal"], None, {}),
        (None, ["lock", "floor", "seal", EXTENSION], {**LOG, **SAFE}),
        (None, ["lock.maker", "log", "safe"], {"floor": "0", "lock": FRONT["lock"], EXTENSION: FRONT[EXTENSION]}),
        (
            None,
            ["lock.state", "log", "safe", f"{EXTENSION}:color"],
            {
                "floor": "0",
                "lock": {"maker": "m"},
                EXTENSION: FRONT[EXTENSION],
            },
        ),
    ],
)
def test_every_kind_of_returned_is_kept_to_at_every_level(
    attributes: list[str] | None, excluded: list[str] | None, expected: JsonObject
) -> None:
    assert Projection.read(DOOR, attributes, excluded).apply(FRONT) == ALWAYS | expected
